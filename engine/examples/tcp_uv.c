// SPDX-License-Identifier: MIT
// A chat over TCP with libuv: each line of stdin is added to a set and counted, and every node
// prints all of them. At the end of stdin the node stops.
//
//   SECRET=sesame tcp_uv STORE NAME NAME=PORT…        the secret is optional
//   SECRET=sesame tcp_uv ann.chat ann ann=7001 bob=7002 cat=7003
#include "store_file.h"
#include "tcp_frames.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct store store;
static struct grapevine *gv;
static int nodes;
static uv_timer_t deadline;

static void check(bool ok, const char *what, const char *error) {
    if (ok) return;
    fprintf(stderr, "%s: %s\n", what, error);
    exit(1);
}

static void check_uv(int rc, const char *what) {
    if (rc < 0) check(false, what, uv_strerror(rc));
}

static void on_change(void *ctx, struct grapevine *node, const struct gv_change *change) {
    (void)ctx, (void)node;
    store_append(&store, change->record);
    printf("%.*s", (int)change->key.len, (const char *)change->key.data);
    if (change->kind == GV_COUNTER) printf(": %lld", (long long)change->count);
    printf("\n");
}

// Back pressure: what a connection cannot take stays in the engine, and the others do not wait.
static void send_all(void) {
    static char buf[GV_MESSAGE_MAX];
    gv_time now = uv_hrtime();
    int len;
    int peer;
    for (peer = 0; peer < nodes; peer++)
        if (peer != gv_self(gv)) gv_set_writable(gv, now, peer, frames_writable(peer));
    while ((len = gv_send(gv, now, buf, sizeof buf, &peer)) > 0) {
        frames_send(peer, buf, (size_t)len);
        gv_set_writable(gv, now, peer, frames_writable(peer));
    }
}

static void on_frame(int peer, const void *bytes, size_t len) {
    if (!gv_ready(gv)) send_all();
    if (gv_receive(gv, uv_hrtime(), peer, bytes, len) < 0)
        fprintf(stderr, "from node %d: %s\n", peer, gv_last_error(gv));
}

static void on_deadline(uv_timer_t *timer) {
    (void)timer;
    gv_advance(gv, uv_hrtime());
}

// Runs before the loop waits, so one fsync serves all that has come since.
static void on_prepare(uv_prepare_t *prepare) {
    (void)prepare;
    if (!store_sync(&store, gv)) exit(1);
    send_all();
    gv_time now = uv_hrtime();
    gv_time at = gv_deadline(gv);
    uv_timer_start(&deadline, on_deadline, at > now ? (at - now) / GV_MS + 1 : 0, 0);
}

static void add_line(const char *line) {
    static char key[GV_TEXT_MAX];
    int rc = gv_text_string(gv_slice_text(line), key, sizeof key);
    if (rc >= 0) rc = gv_set_add(gv, uv_hrtime(), gv_slice_of(key, (size_t)rc));
    if (rc > 0) rc = gv_counter_add(gv, uv_hrtime(), gv_slice_text("\"lines\""), 1);
    if (rc < 0) fprintf(stderr, "%s\n", gv_base_error(rc));
}

// Takes all complete lines of stdin. False: it has ended, or a line is too long.
static bool read_lines(void) {
    static char buf[GV_TEXT_MAX];
    static size_t len;
    ssize_t got = read(STDIN_FILENO, buf + len, sizeof buf - len);
    if (got <= 0) return false;
    len += (size_t)got;
    char *line = buf;
    for (char *end; (end = memchr(line, '\n', len)); line = end + 1) {
        *end = '\0';
        len -= (size_t)(end + 1 - line);
        add_line(line);
    }
    memmove(buf, line, len);
    return len < sizeof buf;
}

static void on_input(uv_poll_t *input, int rc, int events) {
    (void)events;
    if (rc == 0 && read_lines()) return;
    gv_flush(gv, uv_hrtime());
    on_prepare(NULL);
    uv_stop(input->loop);
}

// Creates the node. The command line gives the path of its store, its name, and the name and port
// of every node.
static void start(int argc, char **argv) {
    struct gv_slice names[FRAMES_NODES_MAX];
    struct sockaddr_in addresses[FRAMES_NODES_MAX];
    struct gv_config config;
    const char *secret = getenv("SECRET");
    struct timespec t;
    int count = nodes = argc - 3;
    check(count > 0 && count <= FRAMES_NODES_MAX, "usage", "tcp_uv STORE NAME NAME=PORT...");
    for (int i = 0; i < count; i++) names[i] = gv_slice_of(argv[3 + i], strcspn(argv[3 + i], "="));
    clock_gettime(CLOCK_REALTIME, &t);
    gv_config_init(&config);
    config.name = gv_slice_text(argv[2]);
    config.secret = gv_slice_text(secret ? secret : "");
    config.incarnation = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    config.seed = config.incarnation;
    config.on_change = on_change;
    int rc = gv_new(&gv, &config);
    check(rc >= 0, "gv_new", gv_base_error(rc));
    check(store_open(&store, argv[1], gv), argv[1], "cannot be used");
    check(gv_join(gv, uv_hrtime(), names, (size_t)count) >= 0, "gv_join", gv_last_error(gv));
    for (int number = 0; number < count; number++) {
        struct gv_slice name = gv_peer_name(gv, number);
        for (int i = 0; i < count; i++) {
            const char *port = (const char *)names[i].data + names[i].len;
            if (names[i].len != name.len || memcmp(names[i].data, name.data, name.len) != 0)
                continue;
            check(*port && uv_ip4_addr("127.0.0.1", (int)strtol(port + 1, NULL, 10),
                                       &addresses[number]) == 0,
                  argv[3 + i], "no port");
        }
    }
    check_uv(frames_start(gv_self(gv), addresses, count, on_frame), "listen");
}

int main(int argc, char **argv) {
    uv_loop_t *loop = uv_default_loop();
    uv_prepare_t prepare;
    uv_poll_t input;
    start(argc, argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    uv_timer_init(loop, &deadline);
    uv_prepare_init(loop, &prepare);
    uv_prepare_start(&prepare, on_prepare);
    check_uv(uv_poll_init(loop, &input, STDIN_FILENO), "stdin");
    uv_poll_start(&input, UV_READABLE, on_input);
    uv_run(loop, UV_RUN_DEFAULT);
    store_close(&store);
    gv_free(gv);
    return 0;
}
