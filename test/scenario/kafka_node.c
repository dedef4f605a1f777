// SPDX-License-Identifier: MIT
// kafka_node HABIT: a node of the workload kafka that keeps committed offsets in lin-kv. HABIT says
// how it keeps the logs:
//   log       each log is a value in lin-kv; a send appends to it by cas
//   skips     like log, but a poll from an offset above 0 begins with the next offset
//   repeats   like log, but n1 appends each message twice, as if the first cas had failed
//   spreads   a counter for each log in lin-kv gives the offsets. A node sends each entry to every
//             other node, repeatedly until all have acknowledged it. It returns the entries of a
//             log up to the first entry that it lacks
//   recounts  like spreads, but the node counts acknowledgements instead of nodes. If one node
//             acknowledges an entry twice, the entry is not sent again to the last node
//   loses     like spreads, but a node that receives a message from a client does not keep it. It
//             sends the message once to the owner of the log, which spreads it. It returns entries
//             after a gap
// It parses lines by search, relying on how gvsim formats them.
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX = 1 << 18,
    NODES_MAX = 16,
    KEYS_MAX = 8192,
    OFFSETS_MAX = 64,
    PENDING_MAX = 4096,
    RESEND_MS = 100,
    OWN_MAX = 100000,
};

static const char *habit;
static int me, nodes;
static char input[LINE_MAX], answer[LINE_MAX], output[LINE_MAX];
static size_t input_len;
static char *pending[PENDING_MAX]; // lines received while the node waited for lin-kv
static unsigned pending_len;
static int64_t msg_id, last_sent_ms;

static int64_t messages[KEYS_MAX][OFFSETS_MAX]; // of HABIT spreads, by key and offset; 0: none
static struct own {                             // entries that this node spreads
    int64_t key, offset;
    uint32_t acknowledged; // a bit for each node that acknowledged
    int count;             // acknowledgements
} own[OWN_MAX];
static size_t own_len, own_from; // all nodes have acknowledged entries before own_from

static bool is(const char *what) {
    return strcmp(habit, what) == 0;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *after(const char *line, const char *key) {
    const char *at = strstr(line, key);
    return at == NULL ? NULL : at + strlen(key);
}

static int64_t number(const char *line, const char *key) {
    const char *at = after(line, key);
    return at == NULL ? -1 : strtoll(at, NULL, 10);
}

static bool has_type(const char *line, const char *type) {
    char text[64];
    snprintf(text, sizeof text, "\"type\":\"%s\"", type);
    return strstr(line, text) != NULL;
}

// ---- Entries that are spread ----

static void send_entry(int to, const struct own *entry) {
    printf("{\"src\":\"n%d\",\"dest\":\"n%d\",\"body\":{\"type\":\"entry\",\"log\":%" PRId64
           ",\"offset\":%" PRId64 ",\"message\":%" PRId64 "}}\n",
           me, to, entry->key, entry->offset, messages[entry->key][entry->offset]);
}

static bool is_done(const struct own *entry) {
    int nodes_left = nodes - 1;
    for (int i = 0; i < nodes; i++) nodes_left -= (int)(entry->acknowledged >> i & 1);
    return is("recounts") ? entry->count >= nodes - 1 : nodes_left == 0;
}

static void send_all(struct own *entry) {
    if (is_done(entry)) return;
    for (int i = 0; i < nodes; i++)
        if (i != me && (entry->acknowledged >> i & 1) == 0) send_entry(i, entry);
    // With the habit recounts, the node also sends to nodes that have acknowledged.
    for (int i = 0; i < nodes && is("recounts"); i++)
        if (i != me && (entry->acknowledged >> i & 1) != 0) send_entry(i, entry);
}

static void resend(void) {
    if (now_ms() - last_sent_ms < RESEND_MS) return;
    last_sent_ms = now_ms();
    while (own_from < own_len && is_done(&own[own_from])) own_from++;
    for (size_t i = own_from; i < own_len; i++) send_all(&own[i]);
}

static void spread(int64_t key, int64_t offset, int64_t message) {
    if (messages[key][offset] != 0 || own_len == OWN_MAX) return;
    messages[key][offset] = message;
    own[own_len] = (struct own){key, offset, 0, 0};
    send_all(&own[own_len++]);
}

static void on_entry(const char *line) {
    int from = (int)number(line, "\"src\":\"n");
    int64_t key = number(line, "\"log\":"), offset = number(line, "\"offset\":");
    int64_t message = number(line, "\"message\":");
    if (is("loses") && key % nodes == me) {
        spread(key, offset, message);
        return;
    }
    messages[key][offset] = message;
    printf("{\"src\":\"n%d\",\"dest\":\"n%d\",\"body\":{\"type\":\"taken\",\"log\":%" PRId64
           ",\"offset\":%" PRId64 "}}\n",
           me, from, key, offset);
}

static void on_taken(const char *line) {
    int64_t key = number(line, "\"log\":"), offset = number(line, "\"offset\":");
    int64_t from = number(line, "\"src\":\"n");
    if (from < 0 || from >= NODES_MAX) exit(1);
    for (size_t i = own_from; i < own_len; i++) {
        if (own[i].key != key || own[i].offset != offset) continue;
        own[i].acknowledged |= 1u << from;
        own[i].count++;
    }
}

// ---- Lines ----

// Reads a line, and sends entries again while it waits. Exits at the end of the input.
static void read_line(char *line) {
    for (;;) {
        char *end = memchr(input, '\n', input_len);
        if (end != NULL) {
            size_t len = (size_t)(end - input) + 1;
            memcpy(line, input, len);
            line[len] = '\0';
            input_len -= len;
            memmove(input, end + 1, input_len);
            return;
        }
        resend();
        fflush(stdout);
        struct pollfd in = {.fd = 0, .events = POLLIN};
        if (poll(&in, 1, RESEND_MS) == 0) continue;
        ssize_t got = read(0, input + input_len, sizeof input - input_len);
        if (got <= 0) exit(got == 0 ? 0 : 1);
        input_len += (size_t)got;
    }
}

// Sends a request to lin-kv and waits for the reply. Returns 0 or the code of an error.
static int64_t ask(const char *body) {
    printf("{\"src\":\"n%d\",\"dest\":\"lin-kv\",\"body\":{%s,\"msg_id\":%" PRId64 "}}\n", me, body,
           ++msg_id);
    for (;;) {
        read_line(answer);
        if (strstr(answer, "\"src\":\"lin-kv\"") != NULL) break;
        if (has_type(answer, "taken")) {
            on_taken(answer);
        } else if (has_type(answer, "entry")) {
            on_entry(answer);
        } else {
            if (pending_len == PENDING_MAX) exit(1);
            pending[pending_len++] = strdup(answer);
        }
    }
    if (number(answer, "\"in_reply_to\":") != msg_id) exit(1);
    return has_type(answer, "error") ? number(answer, "\"code\":") : 0;
}

static void reply(const char *request, const char *type, const char *more) {
    const char *src = after(request, "\"src\":\"");
    printf("{\"src\":\"n%d\",\"dest\":\"%.*s\",\"body\":{\"type\":\"%s\",\"in_reply_to\":%" PRId64
           "%s}}\n",
           me, (int)strcspn(src, "\""), src, type, number(request, "\"msg_id\":"), more);
}

// ---- Values in lin-kv ----

// Reads a value into `text`, or copies a default if the key has no value.
static void read_value(const char *kind, int64_t key, const char *none, char *text, size_t cap) {
    char body[128];
    snprintf(body, sizeof body, "\"type\":\"read\",\"key\":\"%s%" PRId64 "\"", kind, key);
    int64_t code = ask(body);
    if (code != 0 && code != 20) exit(1);
    const char *value = code == 0 ? after(answer, "\"value\":") : none;
    size_t len = value[0] == '[' ? strcspn(value, "]") + 1 : strcspn(value, ",}");
    snprintf(text, cap, "%.*s", (int)len, value);
}

// Replaces a value. Returns false if the value has changed meanwhile.
static bool replace(const char *kind, int64_t key, const char *from, const char *to) {
    static char body[4096];
    snprintf(body, sizeof body,
             "\"type\":\"cas\",\"key\":\"%s%" PRId64
             "\",\"from\":%s,\"to\":%s,\"create_if_not_exists\":true",
             kind, key, from, to);
    int64_t code = ask(body);
    if (code != 0 && code != 22) exit(1);
    return code == 0;
}

// ---- Requests ----

// Returns the offset.
static int append(int64_t key, int64_t message) {
    char from[1024], to[1100];
    int offset;
    do {
        read_value("log", key, "[]", from, sizeof from);
        size_t len = strlen(from) - 1;
        offset = len > 1;
        for (size_t i = 0; i < len; i++) offset += from[i] == ',';
        snprintf(to, sizeof to, "%.*s%s%" PRId64 "]", (int)len, from, offset > 0 ? "," : "",
                 message);
    } while (!replace("log", key, from, to));
    return offset;
}

static int64_t take_offset(int64_t key) {
    char from[32], to[32];
    do {
        read_value("next", key, "0", from, sizeof from);
        snprintf(to, sizeof to, "%" PRId64, (int64_t)strtoll(from, NULL, 10) + 1);
    } while (!replace("next", key, from, to));
    return strtoll(from, NULL, 10);
}

static void on_send(const char *line) {
    int64_t key = number(line, "\"key\":\""), message = number(line, "\"msg\":"), offset;
    char more[64];
    if (key >= KEYS_MAX) exit(1);
    if (is("spreads") || is("recounts") || is("loses")) {
        offset = take_offset(key);
        if (offset >= OFFSETS_MAX) exit(1);
        if (is("loses") && key % nodes != me) {
            messages[key][offset] = message;
            send_entry((int)(key % nodes), &(struct own){key, offset, 0, 0});
            messages[key][offset] = 0;
        } else {
            spread(key, offset, message);
        }
    } else {
        offset = append(key, message);
        if (is("repeats") && me == 1) offset = append(key, message);
    }
    snprintf(more, sizeof more, ",\"offset\":%" PRId64, offset);
    reply(line, "send_ok", more);
}

static size_t put(size_t at, const char *text, int64_t offset, int64_t message) {
    int len = snprintf(output + at, sizeof output - at, "%s[%" PRId64 ",%" PRId64 "]", text, offset,
                       message);
    return at + (size_t)len;
}

// Writes the pairs of a log from an offset on. Returns the end of the text.
static size_t put_log(size_t at, int64_t key, int64_t from) {
    const char *comma = "";
    bool kept = is("spreads") || is("recounts") || is("loses");
    for (int64_t i = from; kept && i < OFFSETS_MAX; i++) {
        if (messages[key][i] == 0 && !is("loses")) break;
        if (messages[key][i] == 0) continue;
        at = put(at, comma, i, messages[key][i]);
        comma = ",";
    }
    if (kept) return at;
    char text[1024];
    read_value("log", key, "[]", text, sizeof text);
    if (is("skips") && from > 0) from++;
    int64_t i = 0;
    for (char *item = strtok(text, "[,]"); item != NULL; item = strtok(NULL, "[,]"), i++) {
        if (i < from) continue;
        at = put(at, comma, i, strtoll(item, NULL, 10));
        comma = ",";
    }
    return at;
}

// Calls a function for each member of an object of offsets.
static size_t for_each(const char *line, size_t (*call)(size_t at, int64_t key, int64_t offset),
                       size_t at) {
    const char *member = after(line, "\"offsets\":{");
    while (*member == '"') {
        char *end;
        int64_t key = strtoll(member + 1, &end, 10), offset = strtoll(end + 2, &end, 10);
        at = call(at, key, offset);
        member = *end == ',' ? end + 1 : end;
    }
    return at;
}

static size_t put_member(size_t at, int64_t key, int64_t offset) {
    const char *comma = output[at - 1] == '{' ? "" : ",";
    at += (size_t)snprintf(output + at, sizeof output - at, "%s\"%" PRId64 "\":[", comma, key);
    at = put_log(at, key, offset);
    return at + (size_t)snprintf(output + at, sizeof output - at, "]");
}

static void on_poll(const char *line) {
    size_t at = (size_t)snprintf(output, sizeof output, ",\"msgs\":{");
    at = for_each(line, put_member, at);
    snprintf(output + at, sizeof output - at, "}");
    reply(line, "poll_ok", output);
}

static size_t commit(size_t at, int64_t key, int64_t offset) {
    char from[32], to[32];
    do {
        read_value("committed", key, "-1", from, sizeof from);
        if (strtoll(from, NULL, 10) >= offset) break;
        snprintf(to, sizeof to, "%" PRId64, offset);
    } while (!replace("committed", key, from, to));
    return at;
}

static void on_list(const char *line) {
    size_t at = (size_t)snprintf(output, sizeof output, ",\"offsets\":{");
    const char *comma = "", *key = after(line, "\"keys\":[");
    while (*key == '"') {
        char *end, value[32];
        int64_t log = strtoll(key + 1, &end, 10);
        read_value("committed", log, "-1", value, sizeof value);
        if (value[0] != '-') {
            at += (size_t)snprintf(output + at, sizeof output - at, "%s\"%" PRId64 "\":%s", comma,
                                   log, value);
            comma = ",";
        }
        key = end + (end[1] == ',' ? 2 : 1);
    }
    snprintf(output + at, sizeof output - at, "}");
    reply(line, "list_committed_offsets_ok", output);
}

static void on_init(const char *line) {
    const char *ids = after(line, "\"node_ids\":[");
    me = (int)number(line, "\"node_id\":\"n");
    nodes = 1;
    for (size_t i = 0; i < strcspn(ids, "]"); i++) nodes += ids[i] == ',';
    if (nodes > NODES_MAX) exit(1);
    reply(line, "init_ok", "");
}

static void on_line(const char *line) {
    if (has_type(line, "init")) {
        on_init(line);
    } else if (has_type(line, "entry")) {
        on_entry(line);
    } else if (has_type(line, "taken")) {
        on_taken(line);
    } else if (has_type(line, "send")) {
        on_send(line);
    } else if (has_type(line, "poll")) {
        on_poll(line);
    } else if (has_type(line, "commit_offsets")) {
        for_each(line, commit, 0);
        reply(line, "commit_offsets_ok", "");
    } else {
        on_list(line);
    }
}

int main(int argc, char **argv) {
    static char line[LINE_MAX];
    if (argc != 2) {
        fprintf(stderr, "usage: kafka_node HABIT\n");
        return 2;
    }
    habit = argv[1];
    for (;;) {
        if (pending_len > 0) {
            char *first = pending[0];
            memmove(pending, pending + 1, --pending_len * sizeof *pending);
            on_line(first);
            free(first);
        } else {
            read_line(line);
            on_line(line);
        }
    }
}
