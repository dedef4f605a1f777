// SPDX-License-Identifier: MIT
#include "scenario.h"

#include "../../node/escape.h"
#include "../core/memory.h"

#include <stdarg.h>

enum { WORD_MAX = 40, DIGITS_MAX = 9, CLOCK_STEP_MAX_S = 86400 };

struct parser {
    const char *line; // the current line, and its end
    size_t len, at;
    unsigned number;
    char word[WORD_MAX]; // the current word; "" at the end of the line
    size_t word_at;      // its offset in the line
    struct gv_scenario_diagnostic *diagnostic;
};

GV_PRINTF(2, 3)
static int wrong(struct parser *parser, const char *format, ...) {
    va_list args;
    va_start(args, format);
    gv_escape_format(parser->diagnostic->why, GV_SCENARIO_WHY_MAX, format, args);
    va_end(args);
    parser->diagnostic->line = parser->number;
    parser->diagnostic->column = (unsigned)parser->word_at + 1;
    return GV_ESYNTAX;
}

// ---- Words ----

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_mark(char c) {
    return c == '|' || c == '>' || c == ',';
}

// Reads the next word. A punctuation mark is a word; a word that is too long is truncated, and
// matches nothing.
static void next(struct parser *parser) {
    while (parser->at < parser->len && is_space(parser->line[parser->at])) parser->at++;
    size_t begin = parser->word_at = parser->at;
    while (parser->at < parser->len) {
        char c = parser->line[parser->at];
        if (is_space(c) || (is_mark(c) && parser->at > begin)) break;
        parser->at++;
        if (is_mark(c)) break;
    }
    size_t len = parser->at - begin;
    if (len >= WORD_MAX) len = WORD_MAX - 1;
    memcpy(parser->word, parser->line + begin, len);
    parser->word[len] = '\0';
}

static bool looks_at(const struct parser *parser, const char *word) {
    return strcmp(parser->word, word) == 0;
}

static bool take(struct parser *parser, const char *word) {
    if (!looks_at(parser, word)) return false;
    next(parser);
    return true;
}

static int wanted(struct parser *parser, const char *what) {
    if (parser->word[0] == '\0') return wrong(parser, "%s is missing here", what);
    return wrong(parser, "expected %s, not '%s'", what, parser->word);
}

// Reads digits with at most one point, in thousandths, and moves *text past them. False: there are
// no digits, or too many.
static bool read_thousandths(const char **text, uint64_t *out) {
    uint64_t number = 0;
    int digits = 0, decimals = -1;
    for (; **text != '\0'; ++*text) {
        char c = **text;
        if (c == '.' && decimals < 0) {
            decimals = 0;
        } else if (c >= '0' && c <= '9') {
            if (++digits > DIGITS_MAX || decimals == 3) return false;
            number = number * 10 + (uint64_t)(c - '0');
            if (decimals >= 0) decimals++;
        } else {
            break;
        }
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 3; i++) number *= 10;
    *out = number;
    return digits > 0;
}

static int take_time(struct parser *parser, gv_time *out) {
    const char *text = parser->word;
    uint64_t number;
    bool good = read_thousandths(&text, &number);
    if (good && strcmp(text, "s") == 0) {
        *out = number * GV_MS;
    } else if (good && strcmp(text, "ms") == 0) {
        *out = number * (GV_MS / 1000);
    } else {
        return wanted(parser, "a time such as 5s or 250ms");
    }
    next(parser);
    return 0;
}

// Reads a duration. Zero is an error, since the step would have no effect.
static int take_duration(struct parser *parser, gv_time *out) {
    struct parser before = *parser;
    int error = take_time(parser, out);
    return error == 0 && *out == 0 ? wrong(&before, "%s has no effect", before.word) : error;
}

static int take_share(struct parser *parser, struct gv_scenario_step *step) {
    const char *text = parser->word;
    uint64_t number;
    if (!read_thousandths(&text, &number) || strcmp(text, "%") != 0 || number > 100000) {
        return wanted(parser, "a share above 0%, of 100% at most");
    }
    if (number == 0) return wrong(parser, "%s has no effect", parser->word);
    step->ppm = (uint32_t)number * 10;
    next(parser);
    return 0;
}

static int take_bandwidth(struct parser *parser, uint64_t *bytes) {
    static const struct {
        const char *unit;
        uint64_t factor; // value of a thousandth of the unit
    } units[] = {{"B/s", 1}, {"kB/s", 1000}, {"MB/s", 1000 * 1000}};
    const char *text = parser->word;
    uint64_t number;
    bool good = read_thousandths(&text, &number);
    for (size_t i = 0; good && i < GV_COUNT(units); i++) {
        if (strcmp(text, units[i].unit) != 0) continue;
        *bytes = number * units[i].factor / 1000;
        if (*bytes == 0) break;
        next(parser);
        return 0;
    }
    return wanted(parser, "a bandwidth such as 500B/s, 20kB/s or 1.5MB/s");
}

// Reads a step of a clock: "+5s" or "-250ms".
static int take_jump(struct parser *parser, struct gv_scenario_step *step) {
    static const char what[] = "a jump such as +5s or -250ms (a day at most)";
    if (parser->word[0] != '+' && parser->word[0] != '-') return wanted(parser, what);
    struct parser before = *parser;
    step->back = parser->word[0] == '-';
    memmove(parser->word, parser->word + 1, sizeof parser->word - 1);
    bool good = take_time(parser, &step->delay) == 0;
    if (good && step->delay == 0) return wrong(&before, "%s has no effect", before.word);
    if (good && step->delay <= CLOCK_STEP_MAX_S * 1000 * GV_MS) return 0;
    *parser = before;
    return wanted(parser, what);
}

// Reads a drift: "200ppm" or "-200ppm".
static int take_drift(struct parser *parser, struct gv_scenario_step *step) {
    const char *text = parser->word + (parser->word[0] == '-');
    uint64_t number;
    bool good = read_thousandths(&text, &number) && strcmp(text, "ppm") == 0;
    if (!good || number % 1000 != 0 || number / 1000 > GV_CLOCK_PPM_MAX)
        return wanted(parser, "a drift such as 200ppm or -200ppm (500000ppm at most)");
    if (number == 0) return wrong(parser, "%s has no effect", parser->word);
    step->drift_ppm = (int32_t)(number / 1000);
    if (parser->word[0] == '-') step->drift_ppm = -step->drift_ppm;
    next(parser);
    return 0;
}

// ---- Groups ----

// Reads a node's name, such as n12, and moves *text past it.
static bool read_node(const char **text, uint32_t *node) {
    if (**text != 'n') return false;
    const char *digits = *text + 1;
    size_t len = strspn(digits, "0123456789");
    if (len == 0 || len > DIGITS_MAX) return false;
    *node = (uint32_t)strtoul(digits, NULL, 10);
    *text = digits + len;
    return true;
}

static int take_range(struct parser *parser, struct gv_scenario_group *group) {
    if (group->count == GV_SCENARIO_RANGES_MAX) {
        return wrong(parser, "too many parts in a group; the limit is %d", GV_SCENARIO_RANGES_MAX);
    }
    struct gv_scenario_range *range = &group->ranges[group->count];
    const char *text = parser->word;
    bool good = read_node(&text, &range->first);
    range->last = range->first;
    if (good && strncmp(text, "..", 2) == 0) {
        text += 2;
        good = read_node(&text, &range->last);
    }
    if (!good || *text != '\0') return wanted(parser, "a node such as n3 or n1..n12");
    if (range->last < range->first) {
        return wrong(parser, "the range '%s' is descending", parser->word);
    }
    range->column = (unsigned)parser->word_at + 1;
    group->count++;
    next(parser);
    return 0;
}

static int take_group(struct parser *parser, struct gv_scenario_step *step) {
    if (step->group_count == GV_SCENARIO_GROUPS_MAX) {
        return wrong(parser, "too many groups in a step; the limit is %d", GV_SCENARIO_GROUPS_MAX);
    }
    struct gv_scenario_group *group = &step->groups[step->group_count++];
    group->column = (unsigned)parser->word_at + 1;
    if ((group->all = take(parser, "all")) || (group->rest = take(parser, "rest"))) return 0;
    do {
        int error = take_range(parser, group);
        if (error != 0) return error;
    } while (take(parser, ","));
    return 0;
}

// Reads the sides of a step: A | B, A > B, and for cuts A | B | C…
static int take_sides(struct parser *parser, struct gv_scenario_step *step, bool many) {
    int error = take_group(parser, step);
    if (error != 0) return error;
    step->one_way = take(parser, ">");
    if (!step->one_way && !take(parser, "|")) return wanted(parser, "| or >");
    do {
        error = take_group(parser, step);
        if (error != 0) return error;
    } while (many && !step->one_way && take(parser, "|"));
    return 0;
}

// ---- Steps ----

// The first part of a group that has a node in common with another group; NULL: none.
static const struct gv_scenario_range *shared(const struct gv_scenario_group *group,
                                              const struct gv_scenario_group *other) {
    for (uint32_t i = 0; i < group->count; i++) {
        for (uint32_t j = 0; j < other->count; j++) {
            const struct gv_scenario_range *a = &group->ranges[i], *b = &other->ranges[j];
            if (a->first <= b->last && b->first <= a->last) return a;
        }
    }
    return NULL;
}

// Checks that no node is on two sides. As a side, `all` means all other nodes.
static int check_sides(struct parser *parser, const struct gv_scenario_step *step) {
    for (uint32_t i = 1; i < step->group_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const struct gv_scenario_group *group = &step->groups[i], *other = &step->groups[j];
            const struct gv_scenario_range *range = shared(group, other);
            bool same = (group->all && other->all) || (group->rest && other->rest);
            if (range == NULL && !same) continue;
            parser->word_at = (range != NULL ? range->column : group->column) - 1;
            return wrong(parser, "a node is on both sides of the cut");
        }
    }
    return 0;
}

static int take_cut(struct parser *parser, struct gv_scenario_step *step) {
    static const char *const names[] = {"one", "minority", "half", "ring", "any"};
    step->draw_column = (unsigned)parser->word_at + 1;
    for (int i = 0; i <= GV_NEMESIS_KINDS; i++) {
        if (!take(parser, names[i])) continue;
        step->drawn = true;
        step->draw = (enum gv_nemesis_kind)i;
        return 0;
    }
    int error = take_sides(parser, step, true);
    return error != 0 ? error : check_sides(parser, step);
}

static int take_between(struct parser *parser, struct gv_scenario_step *step) {
    return take(parser, "between") ? take_sides(parser, step, false) : 0;
}

static int take_delay(struct parser *parser, struct gv_scenario_step *step) {
    return take_duration(parser, &step->delay);
}

// Reads "by" and the mean of a uniform delay.
static int take_by(struct parser *parser, struct gv_scenario_step *step) {
    step->dist = GV_NET_UNIFORM;
    return take(parser, "by") ? take_delay(parser, step) : wanted(parser, "'by'");
}

static int take_dist(struct parser *parser, struct gv_scenario_step *step) {
    step->ppm = 1000000;
    for (int dist = GV_NET_CONSTANT; gv_net_latency_names[dist] != NULL; dist++) {
        if (!take(parser, gv_net_latency_names[dist])) continue;
        step->dist = (enum gv_net_latency)dist;
        break;
    }
    return 0;
}

static int take_limit(struct parser *parser, struct gv_scenario_step *step) {
    int error = take_bandwidth(parser, &step->bandwidth);
    step->delay = GV_NET_WAIT_MAX;
    return error == 0 && take(parser, "wait") ? take_time(parser, &step->delay) : error;
}

static int take_repeats(struct parser *parser, struct gv_scenario_step *step) {
    if (!take(parser, "every")) return 0;
    if (step->lasts == GV_TIME_NEVER) {
        return wrong(parser, "'every' requires 'for' and a duration before it");
    }
    int error = take_time(parser, &step->every);
    if (error != 0) return error;
    if (step->every <= step->lasts) {
        return wrong(parser, "the time after 'every' must be longer than the step lasts");
    }
    step->until = GV_TIME_NEVER;
    return take(parser, "until") ? take_time(parser, &step->until) : 0;
}

static int take_end(struct parser *parser, struct gv_scenario_step *step) {
    if (!take(parser, "to")) return wanted(parser, "'to' or 'for'");
    gv_time to = 0;
    struct parser before = *parser;
    int error = take_time(parser, &to);
    if (error != 0) return error;
    if (to <= step->at) return wrong(&before, "the step ends before it begins");
    step->lasts = to - step->at;
    return 0;
}

static int take_when(struct parser *parser, struct gv_scenario_step *step) {
    bool brief = step->kind == GV_SCENARIO_CRASH || step->kind == GV_SCENARIO_CLOCK;
    step->lasts = brief ? 0 : GV_TIME_NEVER;
    bool from = take(parser, "from");
    if (!from && !take(parser, "at")) return wanted(parser, "'at' or 'from'");
    step->at_column = (unsigned)parser->word_at + 1;
    int error = take_time(parser, &step->at);
    if (error != 0) return error;
    if (take(parser, "for")) {
        error = take_duration(parser, &step->lasts);
    } else if (from) {
        error = take_end(parser, step);
    }
    return error != 0 ? error : take_repeats(parser, step);
}

static int take_disk(struct parser *parser, struct gv_scenario_step *step) {
    step->crash = GV_DISK_WIPED;
    if (take(parser, "with")) {
        step->crash = take(parser, "torn") ? GV_DISK_TORN : GV_DISK_KEPT;
    } else if (!take(parser, "without")) {
        return wanted(parser, "'with disk', 'with torn disk' or 'without disk'");
    }
    return take(parser, "disk") ? 0 : wanted(parser, "'disk'");
}

// Reads the times of a flapping cut: "every 500ms from 2s for 10s" is a cut at 2s for 250ms every
// 500ms until 12s.
static int take_flapping(struct parser *parser, struct gv_scenario_step *step) {
    if (!take(parser, "every")) return wanted(parser, "'every'");
    gv_time period = 0;
    struct parser before = *parser;
    int error = take_time(parser, &period);
    if (error != 0) return error;
    if (period < 2 * GV_MS) return wrong(&before, "the shortest period of flapping is 2ms");
    error = take_when(parser, step);
    if (error != 0) return error;
    if (step->every > 0) return wrong(parser, "'every' is given twice");
    step->until = step->lasts == GV_TIME_NEVER ? GV_TIME_NEVER : step->at + step->lasts;
    step->lasts = period / 2;
    step->every = period;
    return 0;
}

// Reads the time of an event that is permanent.
static int take_moment(struct parser *parser, struct gv_scenario_step *step) {
    struct parser before = *parser;
    int error = take_when(parser, step);
    if (error != 0 || step->lasts == 0) return error;
    return wrong(&before, "a clock step is permanent: it has a time, such as 'at 5s', but no end");
}

// The grammar: the parts that follow each verb, in this order.
static const struct verb {
    const char *name;
    enum gv_scenario_kind kind;
    int (*parts[5])(struct parser *parser, struct gv_scenario_step *step); // NULL at the end
} verbs[] = {
    {"cut", GV_SCENARIO_CUT, {take_cut, take_when}},
    {"flap", GV_SCENARIO_CUT, {take_cut, take_flapping}},
    {"lose", GV_SCENARIO_LOSE, {take_share, take_between, take_when}},
    {"duplicate", GV_SCENARIO_DUPLICATE, {take_share, take_between, take_when}},
    {"delay", GV_SCENARIO_DELAY, {take_delay, take_dist, take_between, take_when}},
    {"reorder", GV_SCENARIO_DELAY, {take_share, take_by, take_between, take_when}},
    {"limit", GV_SCENARIO_LIMIT, {take_limit, take_between, take_when}},
    {"forge", GV_SCENARIO_FORGE, {take_share, take_between, take_when}},
    {"crash", GV_SCENARIO_CRASH, {take_group, take_when, take_disk}},
    {"pause", GV_SCENARIO_PAUSE, {take_group, take_when}},
    {"slow", GV_SCENARIO_SLOW, {take_group, take_delay, take_when}},
    {"clock", GV_SCENARIO_CLOCK, {take_group, take_jump, take_moment}},
    {"drift", GV_SCENARIO_DRIFT, {take_group, take_drift, take_when}},
};

// ---- Regions ----

static void add_to_map(const struct parser *parser, struct gv_scenario *scenario, size_t at) {
    GV_MEMORY_GROW(scenario->map, &scenario->map_cap, scenario->map_len + 1);
    scenario->map[scenario->map_len++] = gv_slice_of(parser->line + at, parser->len - at);
}

static int take_region_name(struct parser *parser, struct gv_scenario *scenario, uint32_t *out) {
    int region = gv_wan_find(&scenario->wan, parser->word);
    if (region < 0) return wanted(parser, "a region named above");
    *out = (uint32_t)region;
    next(parser);
    return 0;
}

static int take_region(struct parser *parser, struct gv_scenario *scenario) {
    if (parser->word[0] == '\0') return wanted(parser, "a region's name");
    int region = gv_wan_add(&scenario->wan, parser->word);
    if (region == GV_EFULL)
        return wrong(parser, "too many regions; the limit is %d", GV_WAN_REGIONS_MAX);
    if (region < 0) return wrong(parser, "'%s' is in use, or too long", parser->word);
    next(parser);
    struct gv_scenario_step step = {0};
    int error = take_group(parser, &step);
    scenario->regions[region].group = step.groups[0];
    scenario->regions[region].line = parser->number;
    return error;
}

static int take_path(struct parser *parser, struct gv_scenario *scenario, bool rtt) {
    uint32_t a = 0, b = 0;
    gv_time time = 0;
    uint64_t bytes = 0;
    int error = take_region_name(parser, scenario, &a);
    if (error == 0) error = take_region_name(parser, scenario, &b);
    if (error == 0) error = rtt ? take_time(parser, &time) : take_bandwidth(parser, &bytes);
    if (error != 0) return error;
    if (rtt) gv_wan_set_rtt(&scenario->wan, a, b, time);
    if (!rtt) gv_wan_set_bandwidth(&scenario->wan, a, b, bytes);
    return 0;
}

// ---- Lines ----

static int take_setting(struct parser *parser, struct gv_scenario *scenario, const char *name,
                        size_t name_at) {
    if (scenario->settings_len == GV_SCENARIO_SETTINGS_MAX) {
        return wrong(parser, "too many settings; the limit is %d", GV_SCENARIO_SETTINGS_MAX);
    }
    if (parser->word[0] == '\0') return wrong(parser, "the value of '%s' is missing here", name);
    struct gv_scenario_setting *setting = &scenario->settings[scenario->settings_len];
    if (strlen(name) >= sizeof setting->name) {
        parser->word_at = name_at;
        return wrong(parser, "'%s' is neither a step nor a setting", name);
    }
    strcpy(setting->name, name);
    strcpy(setting->value, parser->word);
    setting->line = parser->number;
    setting->column = (unsigned)name_at + 1;
    scenario->settings_len++;
    next(parser);
    if (parser->word[0] == '\0') return 0;
    return wrong(parser, "unexpected '%s': '%s' is not a step, and a setting has only one value",
                 parser->word, name);
}

static int add_step(struct parser *parser, struct gv_scenario *scenario, const struct verb *verb,
                    size_t verb_at) {
    if (scenario->len == GV_SCENARIO_STEPS_MAX) {
        return wrong(parser, "too many steps; the limit is %d", GV_SCENARIO_STEPS_MAX);
    }
    GV_MEMORY_GROW(scenario->steps, &scenario->cap, scenario->len + 1);
    struct gv_scenario_step *step = &scenario->steps[scenario->len++];
    *step = (struct gv_scenario_step){
        .kind = verb->kind,
        .line = parser->number,
        .text = gv_slice_of(parser->line + verb_at, parser->len - verb_at),
    };
    int error = 0;
    for (int i = 0; error == 0 && verb->parts[i] != NULL; i++) error = verb->parts[i](parser, step);
    return error;
}

static int take_line(struct parser *parser, struct gv_scenario *scenario) {
    char name[WORD_MAX];
    strcpy(name, parser->word);
    size_t name_at = parser->word_at;
    next(parser);
    for (size_t i = 0; i < GV_COUNT(verbs); i++) {
        if (strcmp(name, verbs[i].name) == 0) return add_step(parser, scenario, &verbs[i], name_at);
    }
    bool region = strcmp(name, "region") == 0, rtt = strcmp(name, "rtt") == 0;
    if (region || rtt || strcmp(name, "bandwidth") == 0) {
        add_to_map(parser, scenario, name_at);
        return region ? take_region(parser, scenario) : take_path(parser, scenario, rtt);
    }
    return take_setting(parser, scenario, name, name_at);
}

// ---- Scenario ----

// Refuses control characters outside comments, since this and other programs print words.
static int check_bytes(struct parser *parser) {
    for (size_t i = 0; i < parser->len; i++) {
        uint8_t byte = (uint8_t)parser->line[i];
        bool c1 = byte == 0xc2 && i + 1 < parser->len && (uint8_t)parser->line[i + 1] < 0xa0;
        if ((byte >= ' ' && byte != 0x7f && !c1) || is_space(parser->line[i])) continue;
        parser->word_at = i;
        return wrong(parser, "unexpected control character");
    }
    return 0;
}

static int take_text(struct parser *parser, struct gv_scenario *scenario, size_t len) {
    const char *end = scenario->text + len;
    for (const char *line = scenario->text; line < end; line = parser->line + parser->len + 1) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((newline != NULL ? newline : end) - line);
        const char *comment = memchr(line, '#', size);
        parser->number++;
        parser->line = line;
        parser->len = comment != NULL ? (size_t)(comment - line) : size;
        parser->at = 0;
        while (parser->len > 0 && is_space(line[parser->len - 1])) parser->len--;
        int error = check_bytes(parser);
        if (error == 0) next(parser);
        if (error == 0 && parser->word[0] != '\0') error = take_line(parser, scenario);
        if (error != 0) return error;
        if (parser->word[0] != '\0') return wrong(parser, "unexpected '%s'", parser->word);
        parser->len = size;
    }
    return 0;
}

int gv_scenario_parse(struct gv_scenario *scenario, const char *text, size_t len,
                      struct gv_scenario_diagnostic *diagnostic) {
    GV_ASSERT(diagnostic != NULL && (text != NULL || len == 0));
    *scenario = (struct gv_scenario){.text = gv_memory_copy(text, len)};
    struct parser parser = {.diagnostic = diagnostic};
    int error = take_text(&parser, scenario, len);
    if (error != 0) gv_scenario_fini(scenario);
    return error;
}

void gv_scenario_fini(struct gv_scenario *scenario) {
    free(scenario->text);
    free(scenario->steps);
    free(scenario->map);
    *scenario = (struct gv_scenario){0};
}

GV_PRINTF(4, 5)
static int unfit(struct gv_scenario_diagnostic *diagnostic, unsigned line, unsigned column,
                 const char *format, ...) {
    va_list args;
    va_start(args, format);
    gv_escape_format(diagnostic->why, sizeof diagnostic->why, format, args);
    va_end(args);
    diagnostic->line = line;
    diagnostic->column = column;
    return GV_ERANGE;
}

static int check_group(const struct gv_scenario_group *group, unsigned line, uint32_t nodes,
                       struct gv_scenario_diagnostic *diagnostic) {
    for (uint32_t r = 0; r < group->count; r++) {
        if (group->ranges[r].last < nodes) continue;
        return unfit(diagnostic, line, group->ranges[r].column,
                     "there is no n%u: the nodes are n0 to n%u", group->ranges[r].last, nodes - 1);
    }
    return 0;
}

// Whether `rest` contains a node; it suffices to test node 0 and the node after each range.
static bool has_rest(const struct gv_scenario_step *step, uint32_t group, uint32_t nodes) {
    if (gv_scenario_has(step, group, 0)) return true;
    for (uint32_t i = 0; i < step->group_count; i++) {
        const struct gv_scenario_group *other = &step->groups[i];
        for (uint32_t r = 0; r < other->count; r++) {
            uint32_t next = other->ranges[r].last + 1;
            if (next < nodes && gv_scenario_has(step, group, next)) return true;
        }
    }
    return false;
}

// Whether there is a link from one group to the other.
static bool links(const struct gv_scenario_step *step, uint32_t nodes) {
    int64_t first = -1;
    for (uint32_t node = 0; node < nodes; node++) {
        bool left = gv_scenario_has(step, 0, node), right = gv_scenario_has(step, 1, node);
        if (!left && !right) continue;
        if (first >= 0) return true;
        first = node;
    }
    return false;
}

// Refuses a step without an effect, which would look like a fault that the nodes survived.
static int check_effect(const struct gv_scenario_step *step, uint32_t nodes,
                        struct gv_scenario_diagnostic *diagnostic) {
    bool apart = step->kind == GV_SCENARIO_CUT || step->group_count > 1;
    if (apart && nodes < 2) {
        unsigned column = step->drawn ? step->draw_column : step->groups[0].column;
        return unfit(diagnostic, step->line, column, "a cluster of one node has no links");
    }
    if (step->drawn && step->draw < GV_NEMESIS_KINDS && !gv_nemesis_possible(step->draw, nodes)) {
        return unfit(diagnostic, step->line, step->draw_column,
                     "in a cluster of %u nodes this cuts nothing (%s)", nodes,
                     gv_nemesis_name(step->draw));
    }
    for (uint32_t g = 0; g < step->group_count; g++) {
        if (!step->groups[g].rest || has_rest(step, g, nodes)) continue;
        return unfit(diagnostic, step->line, step->groups[g].column,
                     "no node is left for 'rest': the other groups name all %u", nodes);
    }
    if (step->group_count > 1 && !links(step, nodes)) {
        return unfit(diagnostic, step->line, step->groups[1].column,
                     "a node has no link to itself");
    }
    return 0;
}

static int check_step(const struct gv_scenario_step *step, uint32_t nodes, gv_time time_limit,
                      struct gv_scenario_diagnostic *diagnostic) {
    int error = 0;
    for (uint32_t g = 0; g < step->group_count && error == 0; g++)
        error = check_group(&step->groups[g], step->line, nodes, diagnostic);
    if (error == 0) error = check_effect(step, nodes, diagnostic);
    if (error != 0 || step->at < time_limit) return error;
    return unfit(diagnostic, step->line, step->at_column,
                 "the step begins after the operations, which last %g s (time-limit)",
                 (double)time_limit / 1e9);
}

int gv_scenario_check(const struct gv_scenario *scenario, uint32_t nodes, gv_time time_limit,
                      struct gv_scenario_diagnostic *diagnostic) {
    GV_ASSERT(nodes > 0);
    int error = 0;
    for (size_t i = 0; i < scenario->len && error == 0; i++)
        error = check_step(&scenario->steps[i], nodes, time_limit, diagnostic);
    for (uint32_t i = 0; i < scenario->wan.count && error == 0; i++) {
        const struct gv_scenario_region *region = &scenario->regions[i];
        error = check_group(&region->group, region->line, nodes, diagnostic);
    }
    return error;
}

static bool in_ranges(const struct gv_scenario_group *group, uint32_t node) {
    for (uint32_t i = 0; i < group->count; i++) {
        if (node >= group->ranges[i].first && node <= group->ranges[i].last) return true;
    }
    return false;
}

bool gv_scenario_wan(const struct gv_scenario *scenario, uint32_t nodes, struct gv_wan *out) {
    *out = scenario->wan;
    if (out->count == 0) return false;
    gv_wan_open(out, nodes);
    for (uint32_t node = 0; node < nodes; node++) {
        uint32_t rest = out->count;
        for (uint32_t i = 0; i < out->count; i++) {
            const struct gv_scenario_group *group = &scenario->regions[i].group;
            if (group->rest) rest = i;
            if (!group->all && !in_ranges(group, node)) continue;
            gv_wan_place(out, node, i);
            rest = out->count;
            break;
        }
        if (rest < out->count) gv_wan_place(out, node, rest);
    }
    return true;
}

bool gv_scenario_has(const struct gv_scenario_step *step, uint32_t group, uint32_t node) {
    GV_ASSERT(group < step->group_count);
    if (step->groups[group].all) return true;
    if (!step->groups[group].rest) return in_ranges(&step->groups[group], node);
    for (uint32_t i = 0; i < step->group_count; i++) {
        if (step->groups[i].all || in_ranges(&step->groups[i], node)) return false;
    }
    return true;
}
