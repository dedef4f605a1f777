// SPDX-License-Identifier: MIT
// What a sync costs, as tables for the documents: medians of many seeds and, in brackets, the
// worst; every message and byte until both sides are silent. Bytes and work are of the same runs,
// and the engine chooses how to compare by the round trip.
#include "bench.h"

#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ITEMS = 1000000,
    SMALL = 10000,
    SEEDS = 20,
    SEEDS_SMALL = 4,
    SEEDS_MAX = 999,
    ROWS = 9,
    LINK_MS = 5, // the round trip of the link in the short tables
};

static const struct row {
    uint64_t diff;
    enum gv_exchange_pattern pattern;
} rows[ROWS] = {
    {0, GV_EXCHANGE_ANYWHERE},   {1, GV_EXCHANGE_ANYWHERE},    {10, GV_EXCHANGE_ANYWHERE},
    {100, GV_EXCHANGE_ANYWHERE}, {1000, GV_EXCHANGE_ANYWHERE}, {10000, GV_EXCHANGE_ANYWHERE},
    {1000, GV_EXCHANGE_NEWEST},  {1000, GV_EXCHANGE_CHANGED},  {1000, GV_EXCHANGE_STRINGS},
};

// What others take for a million entries of 64 bits of which these differ, at random places; and
// for the 1,000 newest, in the one direction and in the other. Not measured here: `sources`.
static const struct other {
    const char *name;
    bool items; // the items themselves are among the bytes
    double bytes[BENCH_POINTS];
    const char *newest;
} others[] = {
    {"negentropy, 32-byte ids", false, {2443, 20300, 172000, 1400000, 10700000}, "1,889 or 34,300"},
    {"negentropy, 8-byte ids", false, {1699, 13000, 98000, 676000, 3900000}, "1,745 or 10,200"},
    {"PinSketch, d known", true, {8, 80, 800, 8000, 80000}, "8,000"},
    {"rateless IBLT", true, {17, 238, 2533, 23300, 231000}, "23,300"},
};
static const char sources[] =
    "Figures of others were measured elsewhere, by their own code: negentropy's C++ library\n"
    "(github.com/hoytech/negentropy), which tells ids and not items; rateless IBLT (Yang, Gilad,\n"
    "Alizadeh, SIGCOMM 2024) with cells of 17 bytes, one way. PinSketch (Dodis, Ostrovsky, "
    "Reyzin,\n"
    "Smith, 2008) is reckoned, for the number of differences given beforehand.\n";
enum { OTHERS = sizeof others / sizeof *others };

// One plan's runs.
struct series {
    struct gv_exchange_plan plan;
    uint64_t seeds;
    struct gv_exchange_outcome run[SEEDS_MAX];
};

// --- figures ---------------------------------------------------------------------------------

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

struct spread {
    uint64_t median, worst; // of an even number the larger one of the two in the middle
};

// Of one member of the outcomes, by its offset.
static struct spread spread_of(const struct series *series, size_t member) {
    uint64_t values[SEEDS_MAX], n = series->seeds;
    for (uint64_t i = 0; i < n; i++)
        memcpy(&values[i], (const char *)&series->run[i] + member, sizeof *values);
    qsort(values, n, sizeof *values, ascending);
    return (struct spread){values[n / 2], values[n - 1]};
}

#define SPREAD(series, member) spread_of(series, offsetof(struct gv_exchange_outcome, member))

// 1234567 as 1,234,567; good until the eighth call from now.
static const char *grouped(uint64_t value) {
    static char texts[8][32];
    static int next;
    char *text = texts[next++ % 8], digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, value), out = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

// --- limits ----------------------------------------------------------------------------------

// The most that the median may be, and twice that and 300 bytes the worst: summaries
// in bytes for each difference. A changed value is two differences.
static double summaries_max(const struct gv_exchange_plan *plan) {
    if (plan->pattern == GV_EXCHANGE_NEWEST) return 400;
    if (plan->diff <= 1) return 100; // no range is cut
    double diff = (double)plan->diff * (plan->pattern == GV_EXCHANGE_CHANGED ? 2 : 1);
    // The hash of a string does not tell its place, so its ranges carry two sums.
    double sums = plan->pattern == GV_EXCHANGE_STRINGS ? 70 : 50;
    return 200 + diff * (plan->trip_ms == 0 ? sums : 26);
}

static bool complain(const struct gv_exchange_plan *plan, const char *what, double is,
                     double most) {
    if (is <= most) return true;
    fprintf(stderr, "LIMIT  %" PRIu64 " of %" PRIu64 " %c, %u ms, %s: %s %.0f, at most %.0f\n",
            plan->diff, plan->items, plan->pattern, plan->trip_ms, plan->warm ? "warm" : "cold",
            what, is, most);
    return false;
}

// Whether all runs did what they have to, and cost no more than they may.
static bool within(const struct series *series) {
    const struct gv_exchange_plan *plan = &series->plan;
    double most = summaries_max(plan);
    struct spread messages = SPREAD(series, messages), bytes = SPREAD(series, bytes);
    bool good = complain(plan, "summaries", (double)SPREAD(series, packed).median, most);
    good &= complain(plan, "worst summaries", (double)SPREAD(series, packed).worst, 2 * most + 300);
    // A few steps, and more messages where they are full.
    good &= complain(plan, "worst messages", (double)messages.worst,
                     12 + (double)bytes.worst / (0.3 * (double)plan->message_max));
    for (uint64_t i = 0; i < series->seeds; i++) {
        const struct gv_exchange_outcome *run = &series->run[i];
        if (!run->equal || !run->silent) {
            fprintf(stderr, "WRONG  seed %" PRIu64 ": the replicas are not equal\n", i + 1);
            good = false;
        }
        // The lines around the summaries: base64, and 200 bytes a message.
        double around = (double)(run->bytes - run->entries);
        double lines = 4.0 / 3 * (double)run->packed + 200 * (double)run->messages;
        double keys = (plan->pattern == GV_EXCHANGE_CHANGED ? 56 : 25) * (double)plan->diff;
        good &= complain(plan, "bytes beside entries", around, lines);
        good &= complain(plan, "bytes of entries", (double)run->entries,
                         keys + 40 * (double)run->messages);
    }
    return good;
}

// --- tables ----------------------------------------------------------------------------------

static const char *what(enum gv_exchange_pattern pattern) {
    switch (pattern) {
    case GV_EXCHANGE_NEWEST:
        return " newest";
    case GV_EXCHANGE_CHANGED:
        return " changed";
    case GV_EXCHANGE_STRINGS:
        return " strings";
    default:
        return "";
    }
}

// A bound, rounded; to a tenth where it is small.
static const char *bound(double bytes) {
    static char text[16];
    if (bytes >= 10 || bytes == 0) return grouped((uint64_t)(bytes + 0.5));
    snprintf(text, sizeof text, "%.1f", bytes);
    return text;
}

static void head(void) {
    puts("| differences | round trip | bytes of summaries | least | messages: with summaries | all "
         "| bytes of all lines | of these entries | CPU, both sides |\n"
         "|---|---|---|---|---|---|---|---|---|");
}

static void line(const struct series *series) {
    const struct gv_exchange_plan *plan = &series->plan;
    struct spread packed = SPREAD(series, packed), steps = SPREAD(series, steps),
                  messages = SPREAD(series, messages), bytes = SPREAD(series, bytes),
                  entries = SPREAD(series, entries), cpu = SPREAD(series, cpu_us);
    printf("| %s%s | %u ms%s | %s (%s) | ", grouped(plan->diff), what(plan->pattern), plan->trip_ms,
           plan->warm ? ", warm" : "", grouped(packed.median), grouped(packed.worst));
    if (plan->pattern != GV_EXCHANGE_NEWEST) printf("%s ", bound(gv_exchange_lower_bound(plan)));
    printf("| %" PRIu64 " (%" PRIu64 ") | %" PRIu64 " (%" PRIu64 ") | %s (%s) | %s | %.1f ms |\n",
           steps.median, steps.worst, messages.median, messages.worst, grouped(bytes.median),
           grouped(bytes.worst), grouped(entries.median), (double)cpu.median / 1000);
    fflush(stdout);
}

// Runs a row of a table from the exchange that all of its links share.
static void run_series(struct gv_exchange *exchange, const struct gv_exchange_plan *plan,
                       uint64_t first, uint64_t seeds, struct series *out) {
    out->plan = *plan;
    out->seeds = seeds;
    for (uint64_t i = 0; i < seeds; i++) out->run[i] = gv_exchange_run(exchange, plan, first + i);
}

// What is kept of the series for the plot and the comparison: cold, at random places.
struct kept {
    struct spread packed[2][BENCH_POINTS]; // without latency; on the link
    struct gv_exchange_plan plan[BENCH_POINTS];
    struct spread newest[2];
};

static void keep(struct kept *kept, const struct series *series) {
    const struct gv_exchange_plan *plan = &series->plan;
    if (plan->warm || (plan->trip_ms != 0 && plan->trip_ms != LINK_MS)) return;
    if (plan->pattern == GV_EXCHANGE_NEWEST)
        kept->newest[plan->trip_ms != 0] = SPREAD(series, packed);
    if (plan->pattern != GV_EXCHANGE_ANYWHERE) return;
    uint64_t diff = 1;
    for (int i = 0; i < BENCH_POINTS; i++, diff *= 10) {
        if (plan->diff != diff) continue;
        kept->packed[plan->trip_ms != 0][i] = SPREAD(series, packed);
        kept->plan[i] = *plan;
    }
}

// The links of the long table, cold and warm; the short one has the first two, cold.
static const unsigned trips[] = {0, LINK_MS, 100};
enum { TRIPS = sizeof trips / sizeof *trips, SHORT = 2 };

static void head_long(void) {
    printf("| differences | least ");
    for (int k = 0; k < TRIPS; k++) printf("| %u ms | warm ", trips[k]);
    puts("|\n|---|---|---|---|---|---|---|---|");
}

// A cell of the long table.
static void cell(const struct series *series) {
    struct spread packed = SPREAD(series, packed), steps = SPREAD(series, steps);
    printf("| %s (%s) / %" PRIu64 " (%" PRIu64 ") ", grouped(packed.median), grouped(packed.worst),
           steps.median, steps.worst);
}

// A row on every link, or a line of it for each.
static bool row(const struct gv_exchange_plan *first, uint64_t seeds, bool whole,
                struct kept *kept) {
    static struct series series;
    struct gv_exchange_plan plan = *first;
    struct gv_exchange *exchange = gv_exchange_new(&plan);
    bool good = true;
    if (whole) {
        bool newest = plan.pattern == GV_EXCHANGE_NEWEST;
        printf("| %s%s | %s ", grouped(plan.diff), what(plan.pattern),
               newest ? "" : bound(gv_exchange_lower_bound(&plan)));
    }
    for (int k = 0; k < (whole ? 2 * TRIPS : SHORT); k++) {
        plan.trip_ms = trips[whole ? k / 2 : k];
        plan.warm = whole && k % 2;
        run_series(exchange, &plan, 1, seeds, &series);
        if (whole)
            cell(&series);
        else
            line(&series);
        keep(kept, &series);
        good = within(&series) && good;
    }
    if (whole) puts("|");
    fflush(stdout);
    gv_exchange_free(exchange);
    return good;
}

static bool table(uint64_t items, uint64_t seeds, bool whole, struct kept *kept) {
    bool good = true;
    if (whole)
        head_long();
    else
        head();
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].diff > items / 10) continue;
        struct gv_exchange_plan plan = {.items = items,
                                        .diff = rows[i].diff,
                                        .pattern = rows[i].pattern,
                                        .message_max = GV_ENGINE_MESSAGE_DEFAULT};
        good = row(&plan, seeds, whole, kept) && good;
    }
    return good;
}

// The columns of the others, of those with the items or those without.
static void print_others(bool items, int point) {
    for (int k = 0; k < OTHERS; k++) {
        const struct other *other = &others[k];
        if (other->items != items) continue;
        if (point < 0)
            printf("| %s ", other->name);
        else if (point < BENCH_POINTS)
            printf("| %s ", grouped((uint64_t)other->bytes[point]));
        else
            printf("| %s ", other->newest);
    }
}

static void compare(const struct kept *kept) {
    printf("\n| differences | to find them, least | grapevine, 0 ms | grapevine, %d ms ", LINK_MS);
    print_others(false, -1);
    printf("| with the items, least | grapevine, %d ms, and 8 bytes each ", LINK_MS);
    print_others(true, -1);
    puts("|\n|---|---|---|---|---|---|---|---|---|---|");
    for (int i = 0; i < BENCH_POINTS; i++) {
        const struct gv_exchange_plan *plan = &kept->plan[i];
        uint64_t ours = kept->packed[1][i].median;
        printf("| %s | %s | %s | %s ", grouped(plan->diff), bound(gv_exchange_lower_bound(plan)),
               grouped(kept->packed[0][i].median), grouped(ours));
        print_others(false, i);
        printf("| %s | %s ", bound(gv_exchange_lower_bound_with_items(plan)),
               grouped(ours + 8 * plan->diff));
        print_others(true, i);
        puts("|");
    }
    printf("| 1,000 newest | | %s | %s ", grouped(kept->newest[0].median),
           grouped(kept->newest[1].median));
    print_others(false, BENCH_POINTS);
    printf("| | %s ", grouped(kept->newest[1].median + 8 * 1000));
    print_others(true, BENCH_POINTS);
    printf("|\n\n%s", sources);
}

static bool plot(const char *path, const struct kept *kept) {
    struct bench_line lines[] = {
        {.name = "negentropy, 32-byte ids", .colour = "#777", .shift = 2},
        {.name = "negentropy, 8-byte ids", .colour = "#777", .shift = 2},
        {.name = "grapevine, no latency", .colour = "#1a7fb8", .shift = -2},
        {.name = "grapevine, 5 ms round trip", .colour = "#064f8c", .shift = 8},
        {.name = "least to find them", .colour = "#0a7a0a", .shift = 4},
    };
    for (int i = 0; i < BENCH_POINTS; i++) {
        for (int k = 0; k < 2; k++) {
            lines[k].bytes[i] = others[k].bytes[i];
            lines[2 + k].bytes[i] = (double)kept->packed[k][i].median;
            lines[2 + k].worst[i] = (double)kept->packed[k][i].worst;
        }
        lines[4].bytes[i] = gv_exchange_lower_bound(&kept->plan[i]);
    }
    return bench_plot(path, lines, sizeof lines / sizeof *lines);
}

int bench_sync(bool small) {
    struct kept kept = {0};
    bool good = table(small ? SMALL : ITEMS, small ? SEEDS_SMALL : SEEDS, small, &kept);
    if (!small) compare(&kept);
    return good ? 0 : 1;
}

// --- the command line ------------------------------------------------------------------------

struct options {
    struct gv_exchange_plan plan;
    uint64_t seed, seeds;
    const char *svg;
    bool all, one; // the long table; one plan and no table
};

// Reads an option that takes a value. False: there is none of this name, or its value is none.
static bool read_option(struct options *options, const char *name, const char *value) {
    struct gv_exchange_plan *plan = &options->plan;
    char *end;
    uint64_t number = strtoull(value, &end, 10);
    if (strcmp(name, "--svg") == 0) {
        options->svg = value;
        return true;
    }
    options->one = true;
    if (strcmp(name, "--pattern") == 0) {
        plan->pattern = (enum gv_exchange_pattern) * value;
        return strchr("UCMS", *value) != NULL && *value != '\0' && value[1] == '\0';
    }
    if (end == value || *end != '\0') return false;
    if (strcmp(name, "--items") == 0)
        plan->items = number;
    else if (strcmp(name, "--diff") == 0)
        plan->diff = number;
    else if (strcmp(name, "--seed") == 0)
        options->seed = number;
    else if (strcmp(name, "--seeds") == 0)
        options->seeds = number;
    else if (strcmp(name, "--max-message") == 0)
        plan->message_max = number;
    else if (strcmp(name, "--round-trip") == 0)
        plan->trip_ms = (unsigned)number;
    else
        return false;
    return true;
}

static bool read_options(struct options *options, int argc, char **argv) {
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--warm") == 0)
            options->plan.warm = options->one = true;
        else if (strcmp(argv[i], "--all") == 0)
            options->all = true;
        else if (strcmp(argv[i], "--trace") == 0) {
            options->plan.trace = stdout;
            options->one = true;
        } else if (i + 1 < argc && read_option(options, argv[i], argv[i + 1]))
            i++;
        else
            return false;
    }
    const struct gv_exchange_plan *plan = &options->plan;
    return plan->items > 0 && plan->diff <= plan->items && options->seed > 0 &&
           options->seeds > 0 && options->seed + options->seeds <= SEEDS_MAX + 1 &&
           plan->message_max >= GV_ENGINE_MESSAGE_MIN && plan->trip_ms <= 60000 &&
           !(options->one && (options->all || options->svg != NULL));
}

int bench_sync_command(int argc, char **argv) {
    struct options options = {.plan = {.items = ITEMS,
                                       .diff = 1000,
                                       .pattern = GV_EXCHANGE_ANYWHERE,
                                       .message_max = GV_ENGINE_MESSAGE_DEFAULT},
                              .seed = 1,
                              .seeds = 1};
    if (!read_options(&options, argc, argv)) return 2;
    if (!options.one) {
        struct kept kept = {0};
        bool good = table(ITEMS, SEEDS, options.all, &kept);
        if (!options.all) compare(&kept);
        if (options.svg != NULL) good = plot(options.svg, &kept) && good;
        return good ? 0 : 1;
    }
    static struct series series;
    struct gv_exchange *exchange = gv_exchange_new(&options.plan);
    run_series(exchange, &options.plan, options.seed, options.seeds, &series);
    gv_exchange_free(exchange);
    head();
    line(&series);
    return within(&series) ? 0 : 1;
}
