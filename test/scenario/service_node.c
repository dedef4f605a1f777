// SPDX-License-Identifier: MIT
// service_node WORKLOAD SERVICE HABIT: a node that keeps its state only in a service.
//   g-counter   keeps the sum as the value of a key of a map
//     own-write   writes an own key before each read and cas, and repeats a cas until it succeeds
//     cas         the same, without writing an own key
//     races       n1 acknowledges an addition after one cas, whether it succeeded or not
//   echo        writes the text to a map, and replies with the value that it reads
//     trip        uses keys of every type of JSON
//     wrong       sends wrong requests before, and exits with status 1 if an answer is not
//                 Maelstrom's
//   unique-ids  timestamps
//     ts
//   echo
//     floods      n1 sends a great many reads of a long value and reads no answer
// It parses lines by search, relying on how gvsim formats them, and handles one request at a time.
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX = 1 << 20, NAME_LEN = 16, PENDING_MAX = 64, LONG = 100000, FLOOD = 20000 };

static const char *workload, *service, *habit;
static char me[NAME_LEN];
// Requests of clients received while the node waited for a service.
static char *pending[PENDING_MAX];
static unsigned pending_len;
static int64_t msg_id;
static uint64_t writes;
static char answer[LINE_MAX]; // the latest reply of a service

static bool is(const char *what) {
    return strcmp(habit, what) == 0;
}

static int64_t number(const char *line, const char *key) {
    const char *at = strstr(line, key);
    return at == NULL ? 0 : strtoll(at + strlen(key), NULL, 10);
}

static bool has_type(const char *line, const char *type) {
    char text[64];
    snprintf(text, sizeof text, "\"type\":\"%s\"", type);
    return strstr(line, text) != NULL;
}

// Reads a line. Exits at the end of the input.
static void read_line(char line[LINE_MAX]) {
    fflush(stdout);
    if (fgets(line, LINE_MAX, stdin) == NULL) exit(0);
}

static void send_to_service(const char *body) {
    printf("{\"src\":\"%s\",\"dest\":\"%s\",\"body\":{%s,\"msg_id\":%" PRId64 "}}\n", me, service,
           body, ++msg_id);
}

// Sends a request to a service and waits for the reply. Returns 0 or the code of an error.
static int64_t ask(const char *body) {
    send_to_service(body);
    for (;;) {
        read_line(answer);
        if (strstr(answer, "\"src\":\"c") == NULL) break;
        if (pending_len == PENDING_MAX) exit(1);
        pending[pending_len++] = strdup(answer);
    }
    if (number(answer, "\"in_reply_to\":") != msg_id) exit(1);
    return has_type(answer, "error") ? number(answer, "\"code\":") : 0;
}

static void reply(const char *request, const char *type, const char *more) {
    const char *src = strstr(request, "\"src\":\"") + 7;
    printf("{\"src\":\"%s\",\"dest\":\"%.*s\",\"body\":{\"type\":\"%s\",\"in_reply_to\":%" PRId64
           "%s}}\n",
           me, (int)strcspn(src, "\""), src, type, number(request, "\"msg_id\":"), more);
}

// ---- g-counter ----

// After a write, this node sees the newest state of seq-kv.
static void write_own(void) {
    char body[128];
    if (!is("own-write")) return;
    snprintf(body, sizeof body, "\"type\":\"write\",\"key\":[\"own\",\"%s\"],\"value\":%" PRIu64,
             me, ++writes);
    if (ask(body) != 0) exit(1);
}

static int64_t read_sum(void) {
    int64_t code = ask("\"type\":\"read\",\"key\":{\"sum\":true}");
    if (code != 0 && code != 20) exit(1);
    return code == 0 ? number(answer, "\"value\":") : 0;
}

static void add(const char *request) {
    int64_t code, delta = number(request, "\"delta\":");
    do {
        char body[160];
        write_own();
        int64_t sum = read_sum();
        snprintf(body, sizeof body,
                 "\"type\":\"cas\",\"key\":{\"sum\":true},\"from\":%" PRId64 ",\"to\":%" PRId64
                 ",\"create_if_not_exists\":true",
                 sum, sum + delta);
        code = ask(body);
        // lww-kv ignores create_if_not_exists.
        if (code == 20) {
            snprintf(body, sizeof body,
                     "\"type\":\"write\",\"key\":{\"sum\":true},\"value\":%" PRId64, sum + delta);
            code = ask(body);
        }
        if (code != 0 && code != 22) exit(1);
    } while (code != 0 && !(is("races") && strcmp(me, "n1") == 0));
    reply(request, "add_ok", "");
}

static void read_counter(const char *request) {
    char more[64];
    write_own();
    snprintf(more, sizeof more, ",\"value\":%" PRId64, read_sum());
    reply(request, "read_ok", more);
}

// ---- echo ----

// Exits unless the service replies with this code and a text that contains these words.
static void expect(const char *body, int64_t code, const char *words) {
    int64_t got = ask(body);
    if (got == code && strstr(answer, words) != NULL) return;
    fprintf(stderr, "{%s}: code %" PRId64 ", expected %" PRId64 " with '%s' in %s", body, got, code,
            words, answer);
    exit(1);
}

static void send_wrong(void) {
    expect("\"type\":\"frob\",\"key\":1", 10, "has no operation \\\"frob\\\"");
    expect("\"type\":\"ts\"", 10, "has no operation \\\"ts\\\"");
    expect("\"type\":\"read\"", 12, "read has no \\\"key\\\"");
    expect("\"type\":\"write\",\"key\":1", 12, "write has no \\\"value\\\"");
    expect("\"type\":\"cas\",\"key\":1,\"to\":2", 12, "cas has no \\\"from\\\"");
    expect("\"type\":[1],\"key\":1", 12, "no \\\"type\\\", or it is not a string");
    expect("\"key\":1", 12, "no \\\"type\\\", or it is not a string");
    expect("\"type\":\"read\",\"key\":\"never written\"", 20, "key does not exist");
    expect("\"type\":\"cas\",\"key\":\"never written\",\"from\":1,\"to\":2", 20, "not exist");
    char body[96];
    snprintf(body, sizeof body, "\"type\":\"write\",\"key\":\"%s\",\"value\":[1,{}]", me);
    expect(body, 0, "write_ok");
    snprintf(body, sizeof body, "\"type\":\"cas\",\"key\":\"%s\",\"from\":1,\"to\":2", me);
    expect(body, 22, "current value [1,{}] is not 1");
}

static void flood(void) {
    static char body[LONG + 64];
    int len = snprintf(body, sizeof body, "\"type\":\"write\",\"key\":0,\"value\":\"");
    memset(body + len, 'x', LONG);
    strcpy(body + len + LONG, "\"");
    if (ask(body) != 0) exit(1);
    for (int i = 0; i < FLOOD; i++) send_to_service("\"type\":\"read\",\"key\":0");
}

static void echo(const char *request) {
    static const char *const keys[] = {
        "null", "true", "-17", "\"text\"", "[1,2]", "[[]]", "{\"a\":{\"b\":0}}", "1e300"};
    static unsigned count;
    char key[96], body[512], more[256];
    const char *text = strstr(request, "\"echo\":") + 7;
    size_t len = strcspn(text + 1, "\"") + 2;
    if (is("wrong")) send_wrong();
    if (is("floods") && strcmp(me, "n1") == 0) flood();
    snprintf(key, sizeof key, "[\"%s\",%s]", me, keys[count++ % 8]);
    snprintf(body, sizeof body, "\"type\":\"write\",\"key\":%s,\"value\":{\"was\":%.*s}", key,
             (int)len, text);
    if (ask(body) != 0) exit(1);
    snprintf(body, sizeof body, "\"type\":\"read\",\"key\":%s", key);
    if (ask(body) != 0) exit(1);
    const char *value = strstr(answer, "\"was\":");
    if (value == NULL) exit(1);
    snprintf(more, sizeof more, ",\"echo\":%.*s", (int)strcspn(value + 6, "}"), value + 6);
    reply(request, "echo_ok", more);
}

static void generate(const char *request) {
    char more[64];
    if (ask("\"type\":\"ts\"") != 0) exit(1);
    snprintf(more, sizeof more, ",\"id\":%" PRId64, number(answer, "\"ts\":"));
    reply(request, "generate_ok", more);
}

// ---- Lines ----

static void on_request(const char *line) {
    if (has_type(line, "init")) {
        const char *id = strstr(line, "\"node_id\":\"") + 11;
        snprintf(me, sizeof me, "%.*s", (int)strcspn(id, "\""), id);
        reply(line, "init_ok", "");
    } else if (strcmp(workload, "echo") == 0) {
        echo(line);
    } else if (strcmp(workload, "unique-ids") == 0) {
        generate(line);
    } else if (has_type(line, "read")) {
        read_counter(line);
    } else {
        add(line);
    }
}

int main(int argc, char **argv) {
    static char line[LINE_MAX];
    if (argc != 4) {
        fprintf(stderr, "usage: service_node WORKLOAD SERVICE HABIT\n");
        return 2;
    }
    workload = argv[1];
    service = argv[2];
    habit = argv[3];
    for (;;) {
        if (pending_len > 0) {
            char *first = pending[0];
            memmove(pending, pending + 1, --pending_len * sizeof *pending);
            on_request(first);
            free(first);
        } else {
            read_line(line);
            on_request(line);
        }
    }
}
