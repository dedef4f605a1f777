// SPDX-License-Identifier: MIT
// The cost of a sync, as tables for the documents: medians over seeds, with the worst in brackets.
// Every message and byte until both sides are silent is counted. Bytes and processor time are
// measured in the same runs.
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
    LINK_MS = 5, // round trip of the link in the short table
};

static const struct row {
    uint64_t diff;
    enum gv_exchange_pattern pattern;
} rows[ROWS] = {
    {0, GV_EXCHANGE_ANYWHERE},   {1, GV_EXCHANGE_ANYWHERE},    {10, GV_EXCHANGE_ANYWHERE},
    {100, GV_EXCHANGE_ANYWHERE}, {1000, GV_EXCHANGE_ANYWHERE}, {10000, GV_EXCHANGE_ANYWHERE},
    {1000, GV_EXCHANGE_NEWEST},  {1000, GV_EXCHANGE_CHANGED},  {1000, GV_EXCHANGE_STRINGS},
};

// Bytes that other systems take for a million 64-bit entries with differences at random positions,
// and for the 1,000 newest entries, in either direction. Measured elsewhere; see `sources`.
static const struct other {
    const char *name;
    bool items; // bytes include the items
    double bytes[BENCH_POINTS];
    const char *newest;
} others[] = {
    {"negentropy, 32-byte ids", false, {2443, 20300, 172000, 1400000, 10700000}, "1,889 or 34,300"},
    {"negentropy, 8-byte ids", false, {1699, 13000, 98000, 676000, 3900000}, "1,745 or 10,200"},
    {"PinSketch, d known", true, {8, 80, 800, 8000, 80000}, "8,000"},
    {"rateless IBLT", true, {17, 238, 2533, 23300, 231000}, "23,300"},
};
static const char sources[] =
    "The figures of other systems come from runs of their own code: negentropy's C++ library\n"
    "(github.com/hoytech/negentropy), which determines ids, not items; rateless IBLT (Yang, "
    "Gilad,\n"
    "Alizadeh, SIGCOMM 2024) with cells of 17 bytes, one way. Those of PinSketch (Dodis, "
    "Ostrovsky,\n"
    "Reyzin, Smith, 2008) are computed, with the number of differences known beforehand.\n";
enum { OTHERS = sizeof others / sizeof *others };

// The runs of one plan.
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

struct figures {
    uint64_t median, worst; // the median of an even number of values is the upper one
};

// Median and worst of a uint64_t member of the outcomes, given its offset.
static struct figures figures_of(const struct series *series, size_t member) {
    uint64_t values[SEEDS_MAX], n = series->seeds;
    for (uint64_t i = 0; i < n; i++)
        memcpy(&values[i], (const char *)&series->run[i] + member, sizeof *values);
    qsort(values, n, sizeof *values, ascending);
    return (struct figures){values[n / 2], values[n - 1]};
}

#define FIGURES(series, member) figures_of(series, offsetof(struct gv_exchange_outcome, member))

// Formats 1234567 as 1,234,567. The text is valid for seven more calls.
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

// The limit on the median of the bytes of summaries. The worst run may take twice that plus 300
// bytes. A changed value counts as two differences.
static double summaries_max(const struct gv_exchange_plan *plan) {
    if (plan->pattern == GV_EXCHANGE_NEWEST) return 400;
    if (plan->diff <= 1) return 100; // no range is split
    double diff = (double)plan->diff * (plan->pattern == GV_EXCHANGE_CHANGED ? 2 : 1);
    // The position of a string does not give its hash, so ranges of strings carry two sums.
    double sums = plan->pattern == GV_EXCHANGE_STRINGS ? 70 : 50;
    return 200 + diff * (plan->trip_ms == 0 ? sums : 26);
}

static bool check_limit(const struct gv_exchange_plan *plan, const char *what, double is,
                        double most) {
    if (is <= most) return true;
    fprintf(stderr, "LIMIT  %" PRIu64 " of %" PRIu64 " %c, %u ms, %s: %s %.0f, at most %.0f\n",
            plan->diff, plan->items, plan->pattern, plan->trip_ms, plan->warm ? "warm" : "cold",
            what, is, most);
    return false;
}

// Checks that all runs ended with equal, silent replicas and stayed within the limits.
static bool check_series(const struct series *series) {
    const struct gv_exchange_plan *plan = &series->plan;
    double most = summaries_max(plan);
    struct figures messages = FIGURES(series, messages), bytes = FIGURES(series, bytes);
    bool good = check_limit(plan, "summaries", (double)FIGURES(series, packed).median, most);
    good &=
        check_limit(plan, "worst summaries", (double)FIGURES(series, packed).worst, 2 * most + 300);
    // A sync has few round trips, and large syncs fill their messages to at least 30 %.
    good &= check_limit(plan, "worst messages", (double)messages.worst,
                        12 + (double)bytes.worst / (0.3 * (double)plan->message_max));
    for (uint64_t i = 0; i < series->seeds; i++) {
        const struct gv_exchange_outcome *run = &series->run[i];
        if (!run->equal || !run->silent) {
            fprintf(stderr, "WRONG  seed %" PRIu64 ": the replicas are not equal\n", i + 1);
            good = false;
        }
        // Summaries in base64, and an envelope of 200 bytes for each message.
        double around = (double)(run->bytes - run->entries);
        double lines = 4.0 / 3 * (double)run->packed + 200 * (double)run->messages;
        double keys = (plan->pattern == GV_EXCHANGE_CHANGED ? 56 : 25) * (double)plan->diff;
        good &= check_limit(plan, "bytes beside entries", around, lines);
        good &= check_limit(plan, "bytes of entries", (double)run->entries,
                            keys + 40 * (double)run->messages);
    }
    return good;
}

// --- tables ----------------------------------------------------------------------------------

static const char *pattern_name(enum gv_exchange_pattern pattern) {
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

// Formats a bound, rounded to bytes, or to tenths below 10.
static const char *format_bound(double bytes) {
    static char text[16];
    if (bytes >= 10 || bytes == 0) return grouped((uint64_t)(bytes + 0.5));
    snprintf(text, sizeof text, "%.1f", bytes);
    return text;
}

static void print_header(void) {
    puts("| differences | round trip | bytes of summaries | least | messages: with summaries | all "
         "| bytes of all lines | of these entries | CPU, both sides |\n"
         "|---|---|---|---|---|---|---|---|---|");
}

static void print_line(const struct series *series) {
    const struct gv_exchange_plan *plan = &series->plan;
    struct figures packed = FIGURES(series, packed), steps = FIGURES(series, steps),
                   messages = FIGURES(series, messages), bytes = FIGURES(series, bytes),
                   entries = FIGURES(series, entries), cpu = FIGURES(series, cpu_us);
    printf("| %s%s | %u ms%s | %s (%s) | ", grouped(plan->diff), pattern_name(plan->pattern),
           plan->trip_ms, plan->warm ? ", warm" : "", grouped(packed.median),
           grouped(packed.worst));
    if (plan->pattern != GV_EXCHANGE_NEWEST)
        printf("%s ", format_bound(gv_exchange_lower_bound(plan)));
    printf("| %" PRIu64 " (%" PRIu64 ") | %" PRIu64 " (%" PRIu64 ") | %s (%s) | %s | %.1f ms |\n",
           steps.median, steps.worst, messages.median, messages.worst, grouped(bytes.median),
           grouped(bytes.worst), grouped(entries.median), (double)cpu.median / 1000);
    fflush(stdout);
}

// Runs a plan with the seeds first … first + seeds - 1.
static void run_series(struct gv_exchange *exchange, const struct gv_exchange_plan *plan,
                       uint64_t first, uint64_t seeds, struct series *out) {
    out->plan = *plan;
    out->seeds = seeds;
    for (uint64_t i = 0; i < seeds; i++) out->run[i] = gv_exchange_run(exchange, plan, first + i);
}

// Results of cold syncs that the plot and the comparison show.
struct points {
    struct figures packed[2][BENCH_POINTS]; // for round trips of 0 and LINK_MS
    struct gv_exchange_plan plan[BENCH_POINTS];
    struct figures newest[2];
};

static void keep_points(struct points *points, const struct series *series) {
    const struct gv_exchange_plan *plan = &series->plan;
    if (plan->warm || (plan->trip_ms != 0 && plan->trip_ms != LINK_MS)) return;
    if (plan->pattern == GV_EXCHANGE_NEWEST)
        points->newest[plan->trip_ms != 0] = FIGURES(series, packed);
    if (plan->pattern != GV_EXCHANGE_ANYWHERE) return;
    uint64_t diff = 1;
    for (int i = 0; i < BENCH_POINTS; i++, diff *= 10) {
        if (plan->diff != diff) continue;
        points->packed[plan->trip_ms != 0][i] = FIGURES(series, packed);
        points->plan[i] = *plan;
    }
}

// Round trips of the long table, cold and warm. The short table has the first two, cold.
static const unsigned trips[] = {0, LINK_MS, 100};
enum { TRIPS = sizeof trips / sizeof *trips, SHORT = 2 };

static void print_long_header(void) {
    printf("| differences | least ");
    for (int k = 0; k < TRIPS; k++) printf("| %u ms | warm ", trips[k]);
    puts("|\n|---|---|---|---|---|---|---|---|");
}

// A cell of the long table.
static void print_cell(const struct series *series) {
    struct figures packed = FIGURES(series, packed), steps = FIGURES(series, steps);
    printf("| %s (%s) / %" PRIu64 " (%" PRIu64 ") ", grouped(packed.median), grouped(packed.worst),
           steps.median, steps.worst);
}

// Prints a row for a pattern: in the long table one line, in the short one a line for each link.
static bool row(const struct gv_exchange_plan *first, uint64_t seeds, bool long_table,
                struct points *points) {
    static struct series series;
    struct gv_exchange_plan plan = *first;
    struct gv_exchange *exchange = gv_exchange_new(&plan);
    bool good = true;
    if (long_table) {
        bool newest = plan.pattern == GV_EXCHANGE_NEWEST;
        printf("| %s%s | %s ", grouped(plan.diff), pattern_name(plan.pattern),
               newest ? "" : format_bound(gv_exchange_lower_bound(&plan)));
    }
    for (int k = 0; k < (long_table ? 2 * TRIPS : SHORT); k++) {
        plan.trip_ms = trips[long_table ? k / 2 : k];
        plan.warm = long_table && k % 2;
        run_series(exchange, &plan, 1, seeds, &series);
        if (long_table)
            print_cell(&series);
        else
            print_line(&series);
        keep_points(points, &series);
        good = check_series(&series) && good;
    }
    if (long_table) puts("|");
    fflush(stdout);
    gv_exchange_free(exchange);
    return good;
}

static bool table(uint64_t items, uint64_t seeds, bool long_table, struct points *points) {
    bool good = true;
    if (long_table)
        print_long_header();
    else
        print_header();
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].diff > items / 10) continue;
        struct gv_exchange_plan plan = {.items = items,
                                        .diff = rows[i].diff,
                                        .pattern = rows[i].pattern,
                                        .message_max = GV_ENGINE_MESSAGE_DEFAULT};
        good = row(&plan, seeds, long_table, points) && good;
    }
    return good;
}

// Prints the columns of other systems in a row: their names if point < 0, the figures for the
// newest entries if point is BENCH_POINTS.
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

static void compare(const struct points *points) {
    printf("\n| differences | to find them, least | grapevine, 0 ms | grapevine, %d ms ", LINK_MS);
    print_others(false, -1);
    printf("| with the items, least | grapevine, %d ms, and 8 bytes each ", LINK_MS);
    print_others(true, -1);
    puts("|\n|---|---|---|---|---|---|---|---|---|---|");
    for (int i = 0; i < BENCH_POINTS; i++) {
        const struct gv_exchange_plan *plan = &points->plan[i];
        uint64_t ours = points->packed[1][i].median;
        printf("| %s | %s | %s | %s ", grouped(plan->diff),
               format_bound(gv_exchange_lower_bound(plan)), grouped(points->packed[0][i].median),
               grouped(ours));
        print_others(false, i);
        printf("| %s | %s ", format_bound(gv_exchange_lower_bound_with_items(plan)),
               grouped(ours + 8 * plan->diff));
        print_others(true, i);
        puts("|");
    }
    printf("| 1,000 newest | | %s | %s ", grouped(points->newest[0].median),
           grouped(points->newest[1].median));
    print_others(false, BENCH_POINTS);
    printf("| | %s ", grouped(points->newest[1].median + 8 * 1000));
    print_others(true, BENCH_POINTS);
    printf("|\n\n%s", sources);
}

static bool plot(const char *path, const struct points *points) {
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
            lines[2 + k].bytes[i] = (double)points->packed[k][i].median;
            lines[2 + k].worst[i] = (double)points->packed[k][i].worst;
        }
        lines[4].bytes[i] = gv_exchange_lower_bound(&points->plan[i]);
    }
    return bench_plot(path, lines, sizeof lines / sizeof *lines);
}

int bench_sync(bool small) {
    struct points points = {0};
    bool good = table(small ? SMALL : ITEMS, small ? SEEDS_SMALL : SEEDS, small, &points);
    if (!small) compare(&points);
    return good ? 0 : 1;
}

// --- the command line ------------------------------------------------------------------------

struct options {
    struct gv_exchange_plan plan;
    uint64_t seed, seeds;
    const char *svg;
    bool all, one; // print the long table; run one plan instead of a table
};

// Reads an option with a value. Returns false if the name or the value is invalid.
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
        struct points points = {0};
        bool good = table(ITEMS, SEEDS, options.all, &points);
        if (!options.all) compare(&points);
        if (options.svg != NULL) good = plot(options.svg, &points) && good;
        return good ? 0 : 1;
    }
    static struct series series;
    struct gv_exchange *exchange = gv_exchange_new(&options.plan);
    run_series(exchange, &options.plan, options.seed, options.seeds, &series);
    gv_exchange_free(exchange);
    print_header();
    print_line(&series);
    return check_series(&series) ? 0 : 1;
}
