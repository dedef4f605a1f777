// SPDX-License-Identifier: MIT
#include "logs.h"

#include "foreign.h"
#include "memory.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXCERPT_MAX = 1 << 14 }; // bytes of a file looked at

static char *path_of(const struct gv_logs *logs, uint32_t node) {
    size_t cap = strlen(logs->dir) + 24;
    char *path = gv_memory_new(cap);
    snprintf(path, cap, "%s/n%" PRIu32 ".log", logs->dir, node);
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

int gv_logs_init(struct gv_logs *logs, const char *dir, uint32_t nodes) {
    GV_ASSERT(logs != NULL && nodes > 0);
    *logs = (struct gv_logs){.nodes = nodes, .temporary = dir == NULL};
    char *temporary = dir == NULL ? make_temporary() : NULL;
    if (dir == NULL && temporary == NULL) return -errno;
    if (dir == NULL) dir = temporary;
    if (temporary == NULL && mkdir(dir, 0777) != 0 && errno != EEXIST) return -errno;
    logs->dir = gv_path_absolute(dir);
    int error = logs->dir == NULL ? -errno : 0;
    free(temporary);
    return error;
}

void gv_logs_fini(struct gv_logs *logs, bool remove) {
    GV_ASSERT(logs != NULL);
    for (uint32_t node = 0; remove && logs->temporary && node < logs->nodes; node++) {
        char *path = path_of(logs, node);
        unlink(path);
        free(path);
    }
    // Stays if a node left something else there.
    if (remove && logs->temporary) rmdir(logs->dir);
    free(logs->dir);
    *logs = (struct gv_logs){0};
}

int gv_logs_create(struct gv_logs *logs, uint32_t node) {
    GV_ASSERT(logs->dir != NULL && node < logs->nodes);
    char *path = path_of(logs, node);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    int error = -errno;
    free(path);
    return fd >= 0 ? fd : error;
}

// The beginning or end of a file, zero-terminated, for the caller to free; NULL if there is none.
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
        if (text[i] == '\0') text[i] = '?'; // or the text would end here
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
    GV_ASSERT(logs->dir != NULL && node < logs->nodes);
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
    GV_ASSERT(logs->dir != NULL && node < logs->nodes);
    char *path = path_of(logs, node);
    char *text = read_part(path, last);
    bool some = text != NULL && *text != '\0';
    if (some) {
        const char *from = text;
        size_t count = 1;
        for (const char *at = text; *at != '\0'; at++) count += *at == '\n';
        for (; last && count > lines; count--) from = strchr(from, '\n') + 1;
        gv_foreign_print(out, "standard error of n%" PRIu32 " %s (%s):\n", node,
                         last ? "ends with" : "begins with", path);
        for (size_t i = 0; i < lines && from != NULL; i++) {
            size_t len = strcspn(from, "\n");
            gv_foreign_print(out, "    %.*s", (int)len, from);
            fputc('\n', out);
            from = from[len] == '\n' ? from + len + 1 : NULL;
        }
    }
    free(text);
    free(path);
    return some;
}
