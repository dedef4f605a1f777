// SPDX-License-Identifier: MIT
// What a sync costs: two engines that know nothing of each other, and their own messages, encoded
// and decoded, until both hold the same. Bytes and messages do not count what carries entries: who
// lacks something has to be sent it whatever the way it was found out.
#include "bench.h"

#include "../../engine/engine.h"
#include "../../engine/prng.h"
#include "../../engine/sync.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MESSAGE = 4 << 20,
    ENVELOPE = 36, // a line around a body
    BYTES_MS = 5,  // round trips at which the engine saves bytes, and rounds
    ROUNDS_MS = 100,
    MESSAGES_MAX = 1000000,
    SEEDS_MAX = 1000,
    NAMES = 2
};

// What to compare. `pattern` says how the two differ: 'U' by extras anywhere, half on each side,
// 'C' by the newest on one side, 'M' by values changed anywhere, half on each side.
struct plan {
    uint64_t items, diff, seed;
    char pattern;
    unsigned trip_ms; // the link's round trip, as both know; 0: they share a machine
    bool warm, swap;  // swap: a difference on one side is on the other one
    size_t message_max;
    const char *json;
};

struct outcome {
    uint64_t packed, wire, messages, all_messages, entries;
    double cpu_us;
    uint32_t expect[2]; // what each side has learnt
    bool equal;
};

// A message on its way.
struct letter {
    struct letter *next;
    size_t len;
    char text[];
};

// One exchange under way.
struct duel {
    const struct plan *plan;
    struct gv_engine *side[2];
    struct letter *inbox[2], *last[2];
    struct gv_json json;
    char *buf;
    size_t cap;
    gv_time now, latency;
    struct outcome out;
};

static double cpu_us(void) {
    struct timespec spent;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (double)spent.tv_sec * 1e6 + (double)spent.tv_nsec / 1e3;
}

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

// A one-to-one mixing of 64 bits (the finalizer of Steele, Lea and Flood's SplitMix).
static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

// --- two engines -----------------------------------------------------------------------------

static void put(struct duel *duel, int side, uint64_t seed, uint64_t number, uint64_t count) {
    bool newest = duel->plan->pattern == 'C';
    uint64_t value = newest ? number : mix(number + seed * 0x100000001);
    char key[32];
    snprintf(key, sizeof key, "%" PRId64, (int64_t)value);
    struct gv_entry entry = {
        .lattice = duel->plan->pattern == 'M' ? GV_LATTICE_COUNTER : GV_LATTICE_SET,
        .key = slice(key),
        .count = duel->plan->pattern == 'M' ? count : 0,
    };
    if (gv_engine_put(duel->side[side], 0, &entry) != 1) GV_ASSERT(false);
}

static uint64_t common_items(const struct plan *plan) {
    return plan->pattern == 'M' ? plan->items - plan->diff : plan->items;
}

// Two engines that hold the same.
static void begin(struct duel *duel, const struct plan *plan) {
    bool long_ones = plan->message_max > GV_MESSAGE_LIMIT;
    *duel = (struct duel){.plan = plan, .cap = long_ones ? plan->message_max : GV_MESSAGE_LIMIT};
    duel->buf = malloc(duel->cap);
    GV_ASSERT(duel->buf != NULL);
    gv_json_init(&duel->json, gv_base_malloc(), 1 << 22, 0);
    for (int i = 0; i < 2; i++) {
        struct gv_engine_config config = {
            .alloc = gv_base_malloc(),
            .secret = slice("a secret"),
            .staleness_ms = 500,
            .message_max = plan->message_max,
        };
        int error = gv_engine_new(&duel->side[i], &config);
        GV_ASSERT(error == 0);
    }
    for (uint64_t i = 0; i < common_items(plan); i++) {
        for (int side = 0; side < 2; side++) put(duel, side, plan->seed, i, 1);
    }
}

// Gives them what they differ in, by this seed, and lets them meet.
static void meet(struct duel *duel, uint64_t seed, const uint32_t expect[2]) {
    const struct plan *plan = duel->plan;
    uint64_t common = common_items(plan);
    for (uint64_t i = common; i < common + plan->diff; i++) {
        int one = (plan->pattern == 'C' ? 0 : (int)(i & 1)) ^ plan->swap;
        put(duel, one, seed, i, 2);
        if (plan->pattern == 'M') put(duel, 1 - one, seed, i, 1);
    }
    duel->now = 1000 * GV_MS;
    duel->latency = plan->trip_ms * GV_MS / 2;
    struct gv_slice names[NAMES] = {slice("n0"), slice("n1")};
    for (int i = 0; i < 2; i++) {
        gv_prng_init(&duel->side[i]->prng, seed * 2 + (uint64_t)i, 0);
        int error = gv_engine_join(duel->side[i], duel->now, names[i], names, NAMES);
        GV_ASSERT(error == 0);
    }
    for (int i = 0; i < 2; i++) {
        gv_sync_learn(duel->side[i], 1 - i, 4 * expect[i]);
        struct gv_peer *peer = gv_core_peer(duel->side[i], 1 - i);
        GV_ASSERT(peer != NULL);
        peer->measured = true;
        peer->srtt = plan->trip_ms * GV_MS;
        // Who has synced before has the sketches of what did not change since.
        if (plan->warm) gv_tree_sketch(&duel->side[i]->replica.tree, 0, GV_PLACE_END);
    }
}

static void end(struct duel *duel) {
    for (int i = 0; i < 2; i++) {
        GV_ASSERT(duel->inbox[i] == NULL);
        gv_engine_free(duel->side[i]);
    }
    gv_json_fini(&duel->json);
    free(duel->buf);
}

// Takes what has come for this side, as long as it can. True: there was something.
static bool hear(struct duel *duel, int side) {
    struct outcome *out = &duel->out;
    struct letter *letter;
    bool some = false;
    while ((letter = duel->inbox[side]) != NULL && gv_engine_ready(duel->side[side])) {
        duel->inbox[side] = letter->next;
        if (letter->next == NULL) duel->last[side] = NULL;
        double start = cpu_us();
        struct gv_message message = {0};
        const char *fault;
        int error = gv_json_parse(&duel->json, letter->text, letter->len);
        if (error > 0) error = gv_message_decode(&message, &duel->json, 0, &fault);
        if (error >= 0) error = gv_engine_receive(duel->side[side], duel->now, 1 - side, &message);
        out->cpu_us += cpu_us() - start;
        GV_ASSERT(error >= 0);
        size_t entries = message.entries ? gv_json_raw(&duel->json, message.entries).len + 11 : 0;
        if (message.ranges.len > 0) {
            out->messages++;
            out->packed += GV_BASE64_BYTES(message.ranges.len);
            out->wire += letter->len - entries + ENVELOPE;
        }
        out->all_messages++;
        free(letter);
        some = true;
    }
    return some;
}

// Lets this side say what it has to. True: it said something.
static bool say(struct duel *duel, int side) {
    bool some = false;
    for (;;) {
        double start = cpu_us();
        int peer;
        int sent = gv_engine_send(duel->side[side], duel->now, duel->buf, duel->cap, &peer);
        duel->out.cpu_us += cpu_us() - start;
        GV_ASSERT(sent >= 0);
        size_t len = (size_t)sent;
        if (len == 0) return some;
        struct letter *letter = malloc(sizeof *letter + len);
        GV_ASSERT(letter != NULL);
        letter->next = NULL;
        letter->len = len;
        memcpy(letter->text, duel->buf, len);
        struct letter **to =
            duel->last[1 - side] ? &duel->last[1 - side]->next : &duel->inbox[1 - side];
        *to = duel->last[1 - side] = letter;
        some = true;
    }
}

// Lets the two speak, a message of one, then what the other says to it, until all is said.
static void talk(struct duel *duel) {
    struct outcome *out = &duel->out;
    for (int idle = 0; idle < 1000 && out->all_messages < MESSAGES_MAX; idle++) {
        for (int quiet = 0, from = 0; quiet < 2; from = 1 - from) {
            bool heard = hear(duel, from), said = say(duel, from);
            quiet = heard || said ? 0 : quiet + 1;
            if (said) duel->now += duel->latency;
        }
        out->equal = gv_digest_equal(gv_engine_root(duel->side[0]), gv_engine_root(duel->side[1]));
        if (out->equal && out->messages > 0) break;
        gv_time a = gv_engine_deadline(duel->side[0]), b = gv_engine_deadline(duel->side[1]);
        duel->now = a < b ? a : b;
    }
    struct gv_engine_stats stats[2];
    for (int i = 0; i < 2; i++) gv_engine_stats(duel->side[i], &stats[i]);
    uint64_t all = duel->plan->items + (duel->plan->pattern == 'M' ? 0 : duel->plan->diff);
    out->equal = out->equal && stats[0].entries == all && stats[1].entries == all;
    out->entries = stats[0].sent_entries + stats[1].sent_entries;
    for (int i = 0; i < 2; i++) out->expect[i] = gv_sync_expect(duel->side[i], 1 - i);
}

// One sync, or if it is to be warm two, each between two who know nothing but what was learnt.
static struct outcome run(const struct plan *plan) {
    struct outcome out = {0};
    for (int i = 0; i <= plan->warm; i++) {
        struct duel duel;
        begin(&duel, plan);
        meet(&duel, plan->seed, out.expect);
        talk(&duel);
        end(&duel);
        out = duel.out;
    }
    return out;
}

// The same by another seed, in processes that begin with what these two hold.
static struct outcome run_from(struct duel *duel, uint64_t seed) {
    struct outcome out = {0};
    for (int i = 0; i <= duel->plan->warm; i++) {
        int ends[2], status = pipe(ends);
        GV_ASSERT(status == 0);
        pid_t child = fork();
        GV_ASSERT(child >= 0);
        if (child == 0) {
            meet(duel, seed, out.expect);
            talk(duel);
            _exit(write(ends[1], &duel->out, sizeof duel->out) != sizeof duel->out);
        }
        close(ends[1]);
        ssize_t got = read(ends[0], &out, sizeof out);
        GV_ASSERT(got == (ssize_t)sizeof out);
        close(ends[0]);
        waitpid(child, &status, 0);
        GV_ASSERT(status == 0);
    }
    return out;
}

// --- the command line ------------------------------------------------------------------------

// What no protocol can be below: the bits that tell one set of so many 64-bit words from another.
static double least_bytes(uint64_t diff) {
    double bits = 64 * (double)diff;
    for (uint64_t i = 2; i <= diff; i++) bits -= log2((double)i);
    return bits / 8;
}

// Whether a sync did what it has to: both hold the same, and the lines of JSON around the summaries
// are half as much again as these, and 200 bytes a message, at most.
static bool right(const struct outcome *out) {
    return out->equal && 2 * out->wire <= 3 * out->packed + 400 * out->messages;
}

static void report_plan(const struct plan *plan) {
    printf("sync  %7" PRIu64 " %6" PRIu64 " %c  %-6s %s %s", plan->items, plan->diff, plan->pattern,
           plan->trip_ms >= ROUNDS_MS  ? "rounds"
           : plan->trip_ms >= BYTES_MS ? "bytes"
                                       : "work",
           plan->warm ? "warm" : "cold", plan->swap ? "other" : "     ");
}

static void report(const struct plan *plan, const struct outcome *out) {
    report_plan(plan);
    printf("  %9" PRIu64 " packed %8.0f least %9" PRIu64 " wire %3" PRIu64 " messages %7.0f us%s\n",
           out->packed, least_bytes(plan->diff), out->wire, out->messages, out->cpu_us,
           right(out)   ? ""
           : out->equal ? "  WIRE TOO LONG"
                        : "  NOT EQUAL");
    fflush(stdout);
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// The same by so many seeds, from the plan's on: median and worst.
static bool run_seeds(const struct plan *plan, uint64_t seeds) {
    uint64_t packed[SEEDS_MAX], messages[SEEDS_MAX], wrong = 0;
    GV_ASSERT(seeds > 0 && seeds <= SEEDS_MAX);
    struct duel duel;
    begin(&duel, plan);
    fflush(stdout);
    for (uint64_t i = 0; i < seeds; i++) {
        struct outcome out = run_from(&duel, plan->seed + i);
        packed[i] = out.packed;
        messages[i] = out.messages;
        wrong += !right(&out);
    }
    end(&duel);
    qsort(packed, seeds, sizeof *packed, ascending);
    qsort(messages, seeds, sizeof *messages, ascending);
    uint64_t worst = messages[seeds - 1], times = 0;
    for (uint64_t i = 0; i < seeds; i++) times += messages[i] == worst;
    report_plan(plan);
    printf("  %" PRIu64 " seeds  packed median %" PRIu64 " worst %" PRIu64
           "  messages median %" PRIu64 " worst %" PRIu64 " in %" PRIu64 "%s\n",
           seeds, packed[seeds / 2], packed[seeds - 1], messages[seeds / 2], worst, times,
           wrong ? "  WRONG" : "");
    return wrong == 0;
}

// Ours as measured, cold: where a round trip takes next to no time, and where 5 ms. The others'
// figures are for a million items of 64 bits that differ the same way: negentropy's C++ library,
// whose ids have 32 bytes, and what it would take with ids of 8; and a prototype of ranges alone,
// after A. Meyer (SRDS 2023).
static bool plot(const char *path, double ours[2][BENCH_POINTS]) {
    struct bench_line lines[] = {
        {"negentropy 0.5", "#888", {2443, 20400, 170000, 1407000, 10740000}, 2},
        {"negentropy, 8-byte ids", "#888", {1187, 9300, 71600, 530000, 3400000}, -2},
        {"ranges, 16 parts, lists of 32", "#b80", {869, 6500, 47400, 319000, 1790000}, 6},
        {"grapevine, no latency", "#3ad", {0}, -2},
        {"grapevine, 5 ms round trip", "#06a", {0}, 8},
        {"lower bound", "#0a0", {0}, 4},
    };
    uint64_t diff = 1;
    for (int i = 0; i < BENCH_POINTS; i++) {
        lines[3].bytes[i] = ours[0][i];
        lines[4].bytes[i] = ours[1][i];
        lines[5].bytes[i] = least_bytes(diff);
        diff *= 10;
    }
    return bench_plot(path, lines, sizeof lines / sizeof *lines);
}

// The table: every row cold and warm, for bytes and for rounds; what lies on one side, on either.
static bool grid(uint64_t items, const char *svg) {
    static const struct {
        uint64_t diff;
        char pattern;
    } rows[] = {{0, 'U'},     {1, 'U'},    {10, 'U'},    {100, 'U'}, {1000, 'U'},
                {10000, 'U'}, {1000, 'C'}, {10000, 'C'}, {1, 'M'},   {1000, 'M'}};
    static const unsigned trips[] = {0, BYTES_MS, ROUNDS_MS};
    bool good = true;
    double ours[2][BENCH_POINTS] = {{1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}};
    int points[2] = {0, 0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].diff > items / 10) continue;
        bool sided = rows[i].diff == 1 || rows[i].pattern == 'C';
        for (int mode = 0; mode < (sided ? 12 : 6); mode++) {
            struct plan plan = {
                .items = items,
                .diff = rows[i].diff,
                .pattern = rows[i].pattern,
                .seed = 1,
                .trip_ms = trips[mode / 2 % 3],
                .warm = mode & 1,
                .swap = mode >= 6,
                .message_max = MESSAGE,
            };
            struct outcome out = run(&plan);
            report(&plan, &out);
            good = good && right(&out);
            int line = mode == 2;
            bool plotted = plan.pattern == 'U' && plan.diff > 0 && (mode == 0 || mode == 2);
            if (plotted && points[line] < BENCH_POINTS)
                ours[line][points[line]++] = (double)out.packed;
        }
    }
    return good && (svg == NULL || plot(svg, ours));
}

int bench_sync(bool small) {
    return grid(small ? 10000 : 1000000, NULL) ? 0 : 1;
}

static bool write_json(const struct plan *plan, const struct outcome *out) {
    FILE *file = fopen(plan->json, "w");
    if (file == NULL) return false;
    fprintf(file,
            "{\"items\":%" PRIu64 ",\"diff\":%" PRIu64
            ",\"pattern\":\"%c\",\"packed_bytes\":%" PRIu64 ",\"wire_bytes\":%" PRIu64
            ",\"messages\":%" PRIu64 ",\"cpu_us\":%.0f,\"equal\":%s}\n",
            plan->items, plan->diff, plan->pattern, out->packed, out->wire, out->messages,
            out->cpu_us, out->equal ? "true" : "false");
    return fclose(file) == 0;
}

// Reads an option that takes a value. False: there is none of this name.
static bool read_option(struct plan *plan, const char **svg, const char *name, const char *value) {
    uint64_t number = strtoull(value, NULL, 10);
    if (strcmp(name, "--items") == 0)
        plan->items = number;
    else if (strcmp(name, "--diff") == 0)
        plan->diff = number;
    else if (strcmp(name, "--seed") == 0)
        plan->seed = number;
    else if (strcmp(name, "--max-message") == 0)
        plan->message_max = number;
    else if (strcmp(name, "--pattern") == 0)
        plan->pattern = *value;
    else if (strcmp(name, "--optimise") == 0)
        plan->trip_ms = *value == 'r' ? ROUNDS_MS : *value == 'b' ? BYTES_MS : 0;
    else if (strcmp(name, "--json") == 0)
        plan->json = value;
    else if (strcmp(name, "--svg") == 0)
        *svg = value;
    else
        return false;
    return true;
}

int bench_sync_command(int argc, char **argv) {
    struct plan plan = {
        .items = 1000000, .diff = 1000, .pattern = 'U', .seed = 1, .message_max = MESSAGE};
    const char *svg = NULL;
    bool table = false;
    uint64_t seeds = 0;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--warm") == 0)
            plan.warm = true;
        else if (strcmp(argv[i], "--swap") == 0)
            plan.swap = true;
        else if (strcmp(argv[i], "--grid") == 0)
            table = true;
        else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
            seeds = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && read_option(&plan, &svg, argv[i], argv[i + 1]))
            i++;
        else
            return 2;
    }
    bool known = plan.pattern == 'U' || plan.pattern == 'C' || plan.pattern == 'M';
    if (plan.items == 0 || plan.diff > plan.items || !known) return 2;
    if (plan.message_max < GV_ENGINE_MESSAGE_MIN) return 2;
    if (seeds > SEEDS_MAX) return 2;
    if (table) return grid(plan.items, svg) ? 0 : 1;
    if (seeds > 0) return run_seeds(&plan, seeds) ? 0 : 1;
    struct outcome out = run(&plan);
    report(&plan, &out);
    if (plan.json != NULL && !write_json(&plan, &out)) return 1;
    return right(&out) ? 0 : 1;
}
