// SPDX-License-Identifier: MIT
// A node over UDP with poll(2): sets, counters and registers, a watch, and a store.
//
//   SECRET=sesame udp_poll STORE NAME NAME=PORT…        the secret is optional
//   SECRET=sesame udp_poll ann.store ann ann=7001 bob=7002 cat=7003
//
// It reads commands from stdin; keys are words. It prints local and received changes, and "ok" for
// a command when its write is on disk. It stops at the end of stdin.
//
//   add KEY         has KEY      set
//   inc KEY N       count KEY    counter
//   set KEY VALUE   get KEY      register
#include "store_file.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NODES_MAX = 64, DATAGRAM_MAX = 1400 }; // fits into an Ethernet frame

static struct store store;
static int udp;
static struct sockaddr_in addresses[NODES_MAX]; // by the number of the node
static int nodes;
static int unacknowledged; // commands since the last store_sync

static int fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    return 1;
}

static uint64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

#define TEXT(slice) (int)(slice).len, (const char *)(slice).data // for "%.*s"

static void on_change(void *ctx, struct grapevine *gv, const struct gv_change *change) {
    (void)ctx, (void)gv;
    store_append(&store, change->record);
    printf("%s %.*s", change->is_local ? "written" : "received", TEXT(change->key));
    if (change->kind == GV_COUNTER)
        printf(": %" PRId64 " -> %" PRId64, change->old_count, change->count);
    if (change->kind == GV_REGISTER)
        printf(": %.*s -> %.*s", TEXT(change->old_value), TEXT(change->value));
    printf("\n");
}

// A datagram that the socket does not accept is lost, like others. The engine sends its content
// again.
static void send_all(struct grapevine *gv) {
    static char buf[GV_MESSAGE_MAX];
    int len, peer;
    while ((len = gv_send(gv, clock_ns(CLOCK_MONOTONIC), buf, sizeof buf, &peer)) > 0)
        sendto(udp, buf, (size_t)len, 0, (struct sockaddr *)&addresses[peer], sizeof *addresses);
}

static void receive_all(struct grapevine *gv) {
    static char buf[GV_MESSAGE_MAX];
    struct sockaddr_in from = {0};
    socklen_t size = sizeof from;
    ssize_t len;
    while ((len = recvfrom(udp, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&from, &size)) >=
           0) {
        int peer =
            0; // becomes `nodes` if the address is unknown; gv_receive then returns GV_ENOENT
        while (peer < nodes && addresses[peer].sin_port != from.sin_port) peer++;
        if (!gv_ready(gv)) send_all(gv);
        if (gv_receive(gv, clock_ns(CLOCK_MONOTONIC), peer, buf, (size_t)len) < 0)
            fprintf(stderr, "port %d: %s\n", ntohs(from.sin_port), gv_last_error(gv));
    }
}

// If the word is missing or not UTF-8, the text is empty, and the calls below return an error.
static struct gv_slice json_string(const char *word, char *buf) {
    int len = word ? gv_text_string(gv_slice_text(word), buf, GV_TEXT_MAX) : 0;
    return gv_slice_of(buf, len < 0 ? 0 : (size_t)len);
}

static int command(struct grapevine *gv, char *line) {
    static char texts[2][GV_TEXT_MAX];
    gv_time now = clock_ns(CLOCK_MONOTONIC);
    const char *verb = strtok(line, " ");
    struct gv_slice key = json_string(strtok(NULL, " "), texts[0]);
    const char *argument = strtok(NULL, "");
    struct gv_slice value = json_string(argument, texts[1]);
    int64_t count = argument ? strtoll(argument, NULL, 10) : 1;
    int rc = GV_EINVAL;
    if (!verb) return rc;
    if (!strcmp(verb, "add")) return gv_set_add(gv, now, key);
    if (!strcmp(verb, "inc")) return gv_counter_add(gv, now, key, count);
    if (!strcmp(verb, "set")) return gv_register_set(gv, now, key, value);
    if (!strcmp(verb, "has") && (rc = gv_set_has(gv, key)) >= 0) printf("%d\n", rc);
    if (!strcmp(verb, "count") && (rc = gv_counter_value(gv, key, &count)) >= 0)
        printf("%" PRId64 "\n", count);
    if (!strcmp(verb, "get") && (rc = gv_register_get(gv, key, &value)) >= 0)
        printf("%.*s\n", TEXT(value));
    return rc;
}

// Runs a line of stdin. stdin is unbuffered, because poll does not see lines in a buffer. Returns
// false if stdin has ended.
static bool read_line(struct grapevine *gv) {
    static char line[GV_TEXT_MAX];
    if (!fgets(line, sizeof line, stdin)) return false;
    line[strcspn(line, "\n")] = '\0';
    int rc = command(gv, line);
    unacknowledged += rc >= 0;
    if (rc < 0) printf("error: %s\n", rc == GV_EINVAL ? "no such command" : gv_last_error(gv));
    return true;
}

static int loop(struct grapevine *gv) {
    for (bool is_open = true;;) {
        gv_time now = clock_ns(CLOCK_MONOTONIC);
        if (gv_deadline(gv) <= now) gv_advance(gv, now);
        if (!is_open) gv_flush(gv, now);
        if (!store_sync(&store, gv)) return 1;
        for (; unacknowledged > 0; unacknowledged--) printf("ok\n");
        send_all(gv);
        if (!is_open) return 0;
        gv_time deadline = gv_deadline(gv);
        gv_time ms = deadline > now ? (deadline - now) / GV_MS + 1 : 0;
        struct pollfd polled[2] = {{STDIN_FILENO, POLLIN, 0}, {udp, POLLIN, 0}};
        if (poll(polled, 2, ms > INT_MAX ? -1 : (int)ms) < 0) return fail("poll", strerror(errno));
        if (polled[1].revents) receive_all(gv);
        if (polled[0].revents) is_open = read_line(gv);
    }
}

int main(int argc, char **argv) {
    if (argc < 4 || argc > 3 + NODES_MAX) return fail("usage", "udp_poll STORE NAME NAME=PORT...");
    struct gv_slice names[NODES_MAX];
    struct sockaddr_in given[NODES_MAX] = {0};
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 3; i < argc; i++) {
        struct gv_slice name = gv_slice_of(argv[i], strcspn(argv[i], "="));
        char *port = argv[i] + name.len;
        given[nodes] = (struct sockaddr_in){.sin_family = AF_INET};
        given[nodes].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        given[nodes].sin_port = htons((uint16_t)(*port ? strtol(port + 1, NULL, 10) : 0));
        if (name.len == strlen(argv[2]) && memcmp(name.data, argv[2], name.len) == 0 &&
            bind(udp, (struct sockaddr *)&given[nodes], sizeof *given) < 0)
            return fail(argv[i], strerror(errno));
        names[nodes++] = name;
    }
    const char *secret = getenv("SECRET");
    struct gv_config config;
    struct grapevine *gv;
    gv_config_init(&config);
    config.name = gv_slice_text(argv[2]);
    config.secret = gv_slice_text(secret ? secret : "");
    config.incarnation = config.seed = clock_ns(CLOCK_REALTIME);
    config.message_max = DATAGRAM_MAX;
    config.on_change = on_change;
    int rc = gv_new(&gv, &config);
    if (rc < 0) return fail("gv_new", gv_base_error(rc));
    if (!store_open(&store, argv[1], gv)) return 1;
    rc = gv_join(gv, clock_ns(CLOCK_MONOTONIC), names, (size_t)nodes);
    if (rc < 0) return fail("gv_join", gv_last_error(gv));
    for (int i = 0; i < nodes; i++) {
        int peer = gv_peer_number(gv, names[i]);
        if (peer >= 0) addresses[peer] = given[i];
    }
    setvbuf(stdin, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    rc = loop(gv);
    store_close(&store);
    gv_free(gv);
    return rc;
}
