// SPDX-License-Identifier: MIT
// odd_node WORKLOAD HABIT: a node of one of the six workloads of gvsim, with a habit. Some habits
// are wrong; of the nodes of a run only n1 has them, but all have `refuses`. The other habits are
// unusual but correct. The node sends each addition once to every other node, so it needs a network
// without loss. It parses requests by search, relying on how gvsim formats them.
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { VALUES_MAX = 4096, NAME_LEN = 16, BODY_MAX = 1 << 16, FLOOD = 20000, LATE_MS = 5300 };

static const char *workload, *habit;
static char me[NAME_LEN] = "";
static unsigned nodes, asked, generated;
static int64_t values[VALUES_MAX], sum;
static size_t count;
static char late[2 * BODY_MAX]; // a delayed reply
static int64_t late_at;         // when to send it; 0: no delayed reply

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is(const char *what) {
    return strcmp(habit, what) == 0;
}

// Returns true if this node misbehaves in this way.
static bool errs(const char *what) {
    return is(what) && strcmp(me, "n1") == 0;
}

static bool counts(void) {
    return strstr(workload, "counter") != NULL;
}

// ---- Lines out ----

static void send_body(const char *dest, const char *body) {
    const char *end = is("crlf") ? "\r\n" : "\n";
    if (is("member-order")) {
        printf("{\"body\":{%s},\"dest\":\"%s\",\"src\":\"%s\"}%s", body, dest, me, end);
    } else if (is("whitespace")) {
        printf(" {\t\"src\" : \"%s\" , \"dest\" : \"%s\",\"body\" : { %s } } %s", me, dest, body,
               end);
    } else if (is("escapes")) {
        printf("{\"s\\u0072c\":\"\\u006e%s\",\"dest\":\"\\u00%02x%s\",\"b\\u006fdy\":{%s}}%s",
               me + 1, (unsigned)dest[0], dest + 1, body, end);
    } else {
        printf("{%s\"src\":\"%s\",\"dest\":\"%s\",\"body\":{%s}}%s",
               is("top-id") ? "\"id\":7," : "", me, dest, body, end);
    }
}

static void send_to_others(int64_t value) {
    for (unsigned other = 0; other < nodes; other++) {
        char dest[NAME_LEN], body[64];
        snprintf(dest, sizeof dest, "n%u", other);
        if (strcmp(dest, me) == 0) continue;
        snprintf(body, sizeof body, "\"type\":\"news\",\"v\":%" PRId64, value);
        send_body(dest, body);
    }
}

// `more`: further members of the reply, as ,"name":value. `operation`: not a reply to init or
// topology.
static void reply(const char *dest, int64_t msg_id, const char *type, const char *more,
                  bool operation) {
    char body[BODY_MAX];
    if (operation && errs("wrong-ids") && asked % 3 == 0) msg_id += 1000;
    const char *extra = is("msg-id") ? ",\"msg_id\":9007199254740993" : "";
    if (is("member-order")) {
        snprintf(body, sizeof body, "\"in_reply_to\":%" PRId64 "%s%s,\"type\":\"%s\"", msg_id,
                 extra, more, type);
    } else if (is("escapes")) {
        snprintf(body, sizeof body,
                 "\"t\\u0079pe\":\"\\u00%02x%s\",\"in\\u005freply_to\":%" PRId64 "%s",
                 (unsigned)type[0], type + 1, msg_id, more);
    } else {
        snprintf(body, sizeof body, "\"type\":\"%s\",\"in_reply_to\":%" PRId64 "%s%s", type, msg_id,
                 extra, more);
    }
    if (operation && errs("late") && asked == 3) {
        snprintf(late, sizeof late, "{\"src\":\"%s\",\"dest\":\"%s\",\"body\":{%s}}\n", me, dest,
                 body);
        late_at = now_ms() + LATE_MS;
        return;
    }
    int times = 1;
    if (operation && errs("twice")) times = 2;
    if (operation && errs("floods") && asked == 3) times = FLOOD;
    while (times-- > 0) send_body(dest, body);
}

// ---- Operations ----

static void add(int64_t value, bool from_client) {
    if (counts()) {
        sum += value;
    } else if (count < VALUES_MAX) {
        values[count++] = value;
    }
    if (from_client) send_to_others(value);
}

static void read_all(const char *dest, int64_t msg_id) {
    static char more[BODY_MAX];
    const char *name = strcmp(workload, "broadcast") == 0 ? "messages" : "value";
    size_t len = (size_t)snprintf(more, sizeof more, ",\"%s\":", name);
    if (counts()) {
        snprintf(more + len, sizeof more - len, "%" PRId64, sum + (errs("invents") ? 1000 : 0));
    } else if (is("null-lists") && count == 0) {
        snprintf(more + len, sizeof more - len, "null");
    } else {
        const char *comma = "[";
        for (size_t i = 0; i < count; i++, comma = ",") {
            len += (size_t)snprintf(more + len, sizeof more - len, "%s%" PRId64, comma, values[i]);
        }
        if (errs("duplicates") && count > 0) {
            len += (size_t)snprintf(more + len, sizeof more - len, ",%" PRId64, values[0]);
        }
        if (errs("invents")) {
            len += (size_t)snprintf(more + len, sizeof more - len, "%s987654", comma);
            comma = ",";
        }
        snprintf(more + len, sizeof more - len, "%s]", *comma == '[' ? "[" : "");
    }
    reply(dest, msg_id, "read_ok", more, true);
    if (errs("forgets")) sum = (int64_t)(count = 0);
}

static int64_t number(const char *line, const char *key) {
    const char *at = strstr(line, key);
    return at == NULL ? 0 : strtoll(at + strlen(key), NULL, 10);
}

static void on_add(const char *dest, int64_t msg_id, const char *line) {
    bool broadcast = strcmp(workload, "broadcast") == 0;
    int64_t value = number(line, broadcast  ? "\"message\":"
                                 : counts() ? "\"delta\":"
                                            : "\"element\":");
    // Wrong counters misbehave for positive additions only, so that errors never cancel each other.
    bool matters = value > 0 || !counts();
    if (!errs("loses") || !matters) add(value, true);
    if (errs("duplicates") && counts() && matters) add(value, true);
    if (errs("lies") && matters) {
        reply(dest, msg_id, "error", ",\"code\":14,\"text\":\"aborted\"", true);
    } else {
        reply(dest, msg_id, broadcast ? "broadcast_ok" : "add_ok", "", true);
    }
}

static void on_echo(const char *dest, int64_t msg_id, const char *line) {
    char more[256];
    const char *text = strstr(line, "\"echo\":") + 7;
    size_t len = strcspn(text + 1, "\"") + 2;
    snprintf(more, sizeof more, ",\"echo\":%.*s", (int)len, text);
    if (errs("invents")) snprintf(more, sizeof more, ",\"echo\":\"Please echo that\"");
    if (errs("loses") && asked % 3 == 0) return;
    bool lies = errs("lies");
    reply(dest, msg_id, lies ? "error" : "echo_ok", lies ? ",\"code\":\"x\"" : more, true);
}

static void on_generate(const char *dest, int64_t msg_id) {
    char more[64];
    unsigned id = generated++;
    if (errs("duplicates")) id /= 2;
    if (errs("forgets") && generated == 3) generated = 0;
    snprintf(more, sizeof more, ",\"id\":\"%s-%u\"", errs("invents") ? "n0" : me, id);
    bool lies = errs("lies");
    reply(dest, msg_id, lies ? "error" : "generate_ok", lies ? ",\"text\":\"no code\"" : more,
          true);
}

// ---- Lines in ----

static void on_init(const char *dest, int64_t msg_id, const char *line) {
    const char *id = strstr(line, "\"node_id\":\"") + 11;
    snprintf(me, sizeof me, "%.*s", (int)strcspn(id, "\""), id);
    for (const char *at = strstr(line, "\"node_ids\":["); *at != ']'; at++) nodes += *at == ',';
    nodes++;
    if (is("slow-start")) nanosleep(&(struct timespec){.tv_nsec = 700000000}, NULL);
    if (is("init-extra")) fprintf(stderr, "%s begins\n", me);
    reply(dest, msg_id, "init_ok", is("init-extra") ? ",\"version\":[1,{}],\"text\":null" : "",
          false);
}

static void on_operation(const char *type, const char *dest, int64_t msg_id, const char *line) {
    asked++;
    if (is("refuses")) {
        reply(dest, msg_id, "error", ",\"code\":11,\"text\":\"not today\"", true);
    } else if (is("error-extras") && (asked == 1 || asked == 4)) {
        reply(dest, msg_id, "error", ",\"code\":1001,\"why\":{\"mood\":null},\"retry\":true", true);
    } else if (is("error-extras") && (asked == 2 || asked == 3)) {
        reply(dest, msg_id, "error", ",\"code\":11,\"text\":\"later\",\"leader\":\"n2\"", true);
    } else if (strcmp(type, "echo") == 0) {
        on_echo(dest, msg_id, line);
    } else if (strcmp(type, "generate") == 0) {
        on_generate(dest, msg_id);
    } else if (strcmp(type, "read") == 0) {
        read_all(dest, msg_id);
    } else {
        on_add(dest, msg_id, line);
    }
}

static void on_line(const char *line) {
    char type[32] = "", dest[NAME_LEN] = "";
    const char *src = strstr(line, "\"src\":\""), *of = strstr(line, "\"type\":\"");
    if (src == NULL || of == NULL) return;
    snprintf(dest, sizeof dest, "%.*s", (int)strcspn(src + 7, "\""), src + 7);
    snprintf(type, sizeof type, "%.*s", (int)strcspn(of + 8, "\""), of + 8);
    int64_t msg_id = number(line, "\"msg_id\":");
    if (strcmp(type, "init") == 0) {
        on_init(dest, msg_id, line);
    } else if (strcmp(type, "topology") == 0) {
        reply(dest, msg_id, "topology_ok", "", false);
    } else if (strcmp(type, "news") == 0) {
        add(number(line, "\"v\":"), false);
    } else {
        on_operation(type, dest, msg_id, line);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: odd_node WORKLOAD HABIT\n");
        return 2;
    }
    workload = argv[1];
    habit = argv[2];
    static char buf[1 << 20];
    size_t len = 0;
    for (;;) {
        int64_t wait = late_at > 0 ? late_at - now_ms() : -1;
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        if (wait != 0 && (late_at == 0 || wait > 0)) poll(&in, 1, (int)wait);
        if (late_at > 0 && now_ms() >= late_at) {
            fputs(late, stdout);
            late_at = 0;
        }
        if (in.revents != 0) {
            ssize_t got = read(STDIN_FILENO, buf + len, sizeof buf - len);
            if (got <= 0) return 0;
            len += (size_t)got;
        }
        char *line = buf, *end;
        while ((end = memchr(line, '\n', len - (size_t)(line - buf))) != NULL) {
            *end = '\0';
            on_line(line);
            line = end + 1;
        }
        len -= (size_t)(line - buf);
        memmove(buf, line, len);
        fflush(stdout);
    }
}
