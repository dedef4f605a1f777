// SPDX-License-Identifier: MIT
#include "logs.h"

#include "../../node/escape.h"
#include "../core/memory.h"
#include "../core/path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXCERPT_MAX = 1 << 14 }; // maximum number of bytes read from a file

static char *path_of(const struct gv_logs *logs, uint32_t node) {
    GV_ASSERT(logs->dir != NULL);
    size_t cap = strlen(logs->dir) + 24;
    char *path = gv_memory_new(cap);
    snprintf(path, cap, "%s/n%u.log", logs->dir, node);
    return path;
}

static char *make_temporary(void) {
    const char *tmp = getenv("TMPDIR");
    if (tmp == NULL || *tmp == '\0') tmp = "/tmp";
    size_t cap = strlen(tmp) + 24;
    char *dir = gv_memory_new(cap);
    snprintf(dir, cap, "%s/gvsim.XXXXXX", tmp);
    if (mkdtemp(dir) != NULL) return dir;
    free(dir);
    return NULL;
}

static int create(struct gv_logs *logs, uint32_t node);

int gv_logs_init(struct gv_logs *logs, const char *dir, uint32_t nodes, size_t max) {
    GV_ASSERT(nodes > 0 && max >= GV_LOGS_MIN);
    *logs = (struct gv_logs){.nodes = nodes, .temporary = dir == NULL, .max = max};
    logs->tail_max = max / 4 < GV_LOGS_TAIL_MAX ? max / 4 : GV_LOGS_TAIL_MAX;
    char *temporary = dir == NULL ? make_temporary() : NULL;
    if (dir == NULL && temporary == NULL) return -errno;
    if (dir == NULL) dir = temporary;
    if (temporary == NULL && mkdir(dir, 0777) != 0 && errno != EEXIST) return -errno;
    logs->dir = gv_path_absolute(dir);
    int error = logs->dir == NULL ? -errno : 0;
    free(temporary);
    GV_MEMORY_ARRAY(logs->files, nodes);
    for (uint32_t node = 0; node < nodes && error == 0; node++) error = create(logs, node);
    return error;
}

void gv_logs_fini(struct gv_logs *logs, bool remove) {
    for (uint32_t node = 0; remove && logs->temporary && node < logs->nodes; node++) {
        char *path = path_of(logs, node);
        unlink(path);
        free(path);
    }
    // If a node created other files in it, the directory stays.
    if (remove && logs->temporary) rmdir(logs->dir);
    for (uint32_t node = 0; logs->files != NULL && node < logs->nodes; node++)
        free(logs->files[node].tail);
    free(logs->files);
    free(logs->dir);
    *logs = (struct gv_logs){0};
}

// Files are not kept open, since their number may exceed the limit of open files.
static int open_file(const struct gv_logs *logs, uint32_t node, int flags) {
    char *path = path_of(logs, node);
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666), error = errno;
    free(path);
    errno = error;
    return fd;
}

static int create(struct gv_logs *logs, uint32_t node) {
    int fd = open_file(logs, node, O_CREAT | O_TRUNC);
    return fd < 0 || close(fd) != 0 ? -errno : 0;
}

static int append(struct gv_logs *logs, uint32_t node, const char *bytes, size_t len) {
    struct gv_logs_file *file = &logs->files[node];
    if (file->error != 0 || len == 0) return 0;
    int fd = open_file(logs, node, O_APPEND);
    ssize_t size = 0;
    while (fd >= 0 && len > 0 && (size = write(fd, bytes, len)) != 0) {
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) break;
        bytes += size;
        len -= (size_t)size;
    }
    if (fd < 0 || size < 0) file->error = errno;
    if (fd >= 0) close(fd);
    return -file->error;
}

// If there are many bytes, only the end is used.
static void follow_lines(struct gv_logs_file *file, const char *bytes, size_t len) {
    enum { LOOKED_AT = 8 * GV_LOGS_LINE_MAX };
    size_t from = len > LOOKED_AT ? len - LOOKED_AT : 0;
    if (from > 0) file->line_len = 0;
    for (size_t i = from; i < len; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte != '\n') {
            if (file->line_len == GV_LOGS_LINE_MAX) continue;
            file->line[file->line_len++] = (char)(byte < ' ' || byte == 0x7f ? '?' : byte);
            continue;
        }
        file->line[file->line_len] = '\0';
        if (file->line_len > 0) memcpy(file->last, file->line, file->line_len + 1);
        file->line_len = 0;
    }
    file->line[file->line_len] = '\0';
}

const char *gv_logs_last(const struct gv_logs *logs, uint32_t node) {
    GV_ASSERT(node < logs->nodes);
    const struct gv_logs_file *file = &logs->files[node];
    return file->line_len > 0 ? file->line : file->last;
}

int gv_logs_write(struct gv_logs *logs, uint32_t node, const char *bytes, size_t len) {
    GV_ASSERT(node < logs->nodes);
    struct gv_logs_file *file = &logs->files[node];
    follow_lines(file, bytes, len);
    uint64_t room = logs->max - logs->tail_max - file->written;
    size_t head = len < room ? len : (size_t)room;
    int error = append(logs, node, bytes, head);
    file->total += len;
    file->written += head;
    bytes += head;
    len -= head;
    if (len == 0) return error;
    if (file->tail == NULL) file->tail = gv_memory_new(logs->tail_max);
    if (len > logs->tail_max) {
        bytes += len - logs->tail_max;
        len = logs->tail_max;
    }
    // The ring is indexed by a byte's number among the bytes that are not in the file.
    uint64_t first = file->total - len - file->written;
    for (size_t i = 0; i < len; i++) file->tail[(first + i) % logs->tail_max] = bytes[i];
    return error;
}

void gv_logs_end(struct gv_logs *logs) {
    for (uint32_t node = 0; node < logs->nodes; node++) {
        struct gv_logs_file *file = &logs->files[node];
        if (file->tail == NULL) continue;
        uint64_t rest = file->total - file->written;
        size_t len = rest < logs->tail_max ? (size_t)rest : logs->tail_max;
        char cut[128];
        int size = snprintf(cut, sizeof cut,
                            "\n[gvsim left out %" PRIu64 " bytes here: --log-max is %zu]\n",
                            rest - len, logs->max);
        if (rest > len) append(logs, node, cut, (size_t)size);
        size_t from = (size_t)((rest - len) % logs->tail_max);
        size_t part = len < logs->tail_max - from ? len : logs->tail_max - from;
        append(logs, node, file->tail + from, part);
        append(logs, node, file->tail, len - part);
        free(file->tail);
        file->tail = NULL;
    }
}

// The beginning or end of a file, NUL-terminated; the caller frees it. NULL: there is no file.
static char *read_part(const char *path, bool last) {
    FILE *file = fopen(path, "r");
    if (file == NULL) return NULL;
    char *text = gv_memory_new(EXCERPT_MAX + 1);
    if (last && fseek(file, -(long)EXCERPT_MAX, SEEK_END) != 0) rewind(file);
    size_t len = fread(text, 1, EXCERPT_MAX, file);
    fclose(file);
    while (len > 0 && text[len - 1] == '\n') len--;
    text[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\0') text[i] = '?'; // the caller uses it as a C string
    }
    return text;
}

static bool read_stats(struct gv_json *json, const char *line, size_t len, struct gv_stats *out) {
    if (len == 0 || line[0] != '{' || gv_json_parse(json, line, len) < 0) return false;
    struct gv_stats stats;
    int token = gv_json_member(json, 0, "stats");
    if (token < 0 || !gv_stats_read(&stats, json, token)) return false;
    *out = stats;
    return true;
}

bool gv_logs_stats(const struct gv_logs *logs, uint32_t node, struct gv_stats *out) {
    GV_ASSERT(node < logs->nodes);
    char *path = path_of(logs, node), *text = read_part(path, true);
    free(path);
    if (text == NULL) return false;
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    bool found = false;
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        found = read_stats(&json, line, strcspn(line, "\n"), out) || found;
    }
    gv_json_fini(&json);
    free(text);
    return found;
}

bool gv_logs_print(const struct gv_logs *logs, uint32_t node, size_t lines, bool last, FILE *out) {
    GV_ASSERT(node < logs->nodes);
    char *path = path_of(logs, node);
    char *text = read_part(path, last);
    bool some = text != NULL && *text != '\0';
    if (some) {
        const char *from = text;
        size_t count = 1;
        for (const char *at = text; *at != '\0'; at++) count += *at == '\n';
        for (; last && count > lines; count--) from = strchr(from, '\n') + 1;
        gv_escape_print(out, "standard error of n%u %s (%s):\n", node,
                        last ? "ends with" : "begins with", path);
        for (size_t i = 0; i < lines && from != NULL; i++) {
            size_t len = strcspn(from, "\n");
            gv_escape_print(out, "    %.*s", (int)len, from);
            fputc('\n', out);
            from = from[len] == '\n' ? from + len + 1 : NULL;
        }
    }
    free(text);
    free(path);
    return some;
}
