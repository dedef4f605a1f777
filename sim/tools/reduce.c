// SPDX-License-Identifier: MIT
#include "reduce.h"

#include "../core/memory.h"

#include <stdio.h>

enum { WORDS_MAX = 128, NUMBER_MAX = 24 };

struct reducer {
    const struct gv_reduce_config *config;
    struct gv_scenario best;
    char *text; // text of the best scenario
    size_t len;
    uint64_t tries;
};

static void add_text(struct gv_memory_bytes *draft, const char *text) {
    gv_memory_append(draft, text, strlen(text));
}

// ---- Trying ----

static uint32_t nodes_of(const struct gv_scenario *scenario) {
    for (size_t i = 0; i < scenario->settings_len; i++) {
        const struct gv_scenario_setting *setting = &scenario->settings[i];
        if (strcmp(setting->name, "nodes") == 0) return (uint32_t)strtoul(setting->value, NULL, 10);
    }
    return 0;
}

// Makes the draft the best scenario if it reproduces the failure. Frees the draft's text.
static bool take(struct reducer *reducer, struct gv_memory_bytes *draft) {
    struct gv_scenario scenario;
    struct gv_scenario_diagnostic diagnostic;
    bool good = reducer->tries < reducer->config->tries_most &&
                gv_scenario_parse(&scenario, draft->data, draft->len, &diagnostic) == 0;
    if (good) {
        uint32_t nodes = nodes_of(&scenario);
        good = nodes > 0 && gv_scenario_check(&scenario, nodes, GV_TIME_NEVER, &diagnostic) == 0;
        if (good) {
            reducer->tries++;
            good = reducer->config->shows(reducer->config->ctx, draft->data, draft->len);
        }
        struct gv_scenario worse = scenario;
        if (good) {
            worse = reducer->best;
            reducer->best = scenario;
            free(reducer->text);
            reducer->text = draft->data;
            reducer->len = draft->len;
            draft->data = NULL;
        }
        gv_scenario_fini(&worse);
        if (reducer->config->progress != NULL) {
            reducer->config->progress(reducer->config->ctx, reducer->tries, &reducer->best);
        }
    }
    free(draft->data);
    *draft = (struct gv_memory_bytes){0};
    return good;
}

// A change of the best scenario: a setting gets another value or is removed; steps or lines about
// regions are removed; a step gets another text; or there are fewer nodes: the last remaining node
// replaces those after it, or those before `first` are removed and the others renumbered.
struct change {
    const char *setting, *value; // NULL: removed
    const char *seed;            // NULL: unchanged
    size_t drop_from, drop_count;
    size_t map_from, map_count;
    size_t step; // SIZE_MAX: none
    struct gv_slice step_text;
    uint32_t nodes; // 0: unchanged
    uint32_t first; // first node that remains
};

static const struct change none = {.step = SIZE_MAX};

// A line with its nodes renumbered.
static void add_line(struct gv_memory_bytes *draft, struct gv_slice line,
                     const struct change *change) {
    const char *text = (const char *)line.data;
    for (size_t i = 0; i < line.len; i++) {
        gv_memory_append(draft, text + i, 1);
        bool begins = i == 0 || strchr(" ,|>.", text[i - 1]) != NULL;
        if (change->nodes == 0 || !begins || text[i] != 'n') continue;
        uint64_t number = 0;
        size_t end = i + 1;
        for (; end < line.len && text[end] >= '0' && text[end] <= '9'; end++) {
            number = number * 10 + (uint64_t)(text[end] - '0');
        }
        if (end == i + 1) continue;
        char name[NUMBER_MAX];
        number -= number < change->first ? number : change->first;
        if (number >= change->nodes) number = change->nodes - 1;
        gv_memory_append(draft, name, (size_t)snprintf(name, sizeof name, "%u", (unsigned)number));
        i = end - 1;
    }
    add_text(draft, "\n");
}

static void write_settings(const struct reducer *reducer, const struct change *change,
                           struct gv_memory_bytes *draft) {
    char number[NUMBER_MAX];
    snprintf(number, sizeof number, "%u", (unsigned)change->nodes);
    for (size_t i = 0; i < reducer->best.settings_len; i++) {
        const struct gv_scenario_setting *setting = &reducer->best.settings[i];
        const char *value = setting->value, *name = setting->name;
        if (change->setting != NULL && strcmp(name, change->setting) == 0) value = change->value;
        if (change->seed != NULL && strcmp(name, "seed") == 0) value = change->seed;
        if (strcmp(name, "nodes") == 0 && change->nodes > 0) value = number;
        if (value == NULL) continue;
        add_text(draft, name);
        add_text(draft, " ");
        add_text(draft, value);
        add_text(draft, "\n");
    }
}

static bool apply(struct reducer *reducer, const struct change *change) {
    struct gv_memory_bytes draft = {0};
    write_settings(reducer, change, &draft);
    for (size_t i = 0; i < reducer->best.map_len; i++) {
        if (i >= change->map_from && i - change->map_from < change->map_count) continue;
        add_line(&draft, reducer->best.map[i], change);
    }
    for (size_t i = 0; i < reducer->best.len; i++) {
        if (i >= change->drop_from && i - change->drop_from < change->drop_count) continue;
        struct gv_slice text = reducer->best.steps[i].text;
        if (i == change->step) text = change->step_text;
        add_line(&draft, text, change);
    }
    return take(reducer, &draft);
}

// Applies a change that alters the random choices; other seeds are tried as well.
static bool apply_anew(struct reducer *reducer, const struct change *change) {
    if (apply(reducer, change)) return true;
    for (int seed = 1; seed <= GV_REDUCE_SEEDS; seed++) {
        char number[NUMBER_MAX];
        struct change other = *change;
        snprintf(number, sizeof number, "%d", seed);
        other.seed = number;
        if (apply(reducer, &other)) return true;
    }
    return false;
}

// ---- Steps and nodes ----

// Removes steps, or lines about regions: first all, then halves, quarters, …, and single lines
// (ddmin).
static bool drop_lines(struct reducer *reducer, bool map) {
    const struct gv_scenario *best = &reducer->best;
    bool any = false;
    for (size_t size = map ? best->map_len : best->len; size > 0; size /= 2) {
        for (size_t from = 0; from < (map ? best->map_len : best->len);) {
            struct change change = none;
            *(map ? &change.map_from : &change.drop_from) = from;
            *(map ? &change.map_count : &change.drop_count) = size;
            if (apply_anew(reducer, &change)) {
                any = true;
            } else {
                from += size;
            }
        }
    }
    return any;
}

static bool drop_nodes(struct reducer *reducer) {
    uint32_t nodes = nodes_of(&reducer->best);
    for (uint32_t fewer = 1; fewer < nodes; fewer += 1 + fewer / 4) {
        struct change change = none;
        change.nodes = fewer;
        if (apply_anew(reducer, &change)) return true;
        change.first = nodes - fewer;
        if (apply(reducer, &change)) return true;
    }
    return false;
}

// ---- Settings ----

static bool is_basic(const char *name) {
    static const char *const basic[] = {"workload",   "nodes", "seed",  "rate",
                                        "time-limit", "quiet", "settle"};
    for (size_t i = 0; i < GV_COUNT(basic); i++) {
        if (strcmp(name, basic[i]) == 0) return true;
    }
    return false;
}

static bool drop_settings(struct reducer *reducer) {
    bool any = false;
    for (size_t i = 0; i < reducer->best.settings_len;) {
        char name[sizeof reducer->best.settings[i].name];
        strcpy(name, reducer->best.settings[i].name);
        struct change change = none;
        change.setting = name;
        bool gone = !is_basic(name) && apply(reducer, &change);
        any = any || gone;
        i += !gone;
    }
    return any;
}

static bool lower_setting(struct reducer *reducer, const char *name) {
    double now = 0;
    for (size_t i = 0; i < reducer->best.settings_len; i++) {
        const struct gv_scenario_setting *setting = &reducer->best.settings[i];
        if (strcmp(setting->name, name) == 0) now = strtod(setting->value, NULL);
    }
    for (uint64_t lower = 1; (double)lower < now; lower += 1 + lower / 2) {
        char number[NUMBER_MAX];
        snprintf(number, sizeof number, "%u", (unsigned)lower);
        struct change change = none;
        change.setting = name;
        change.value = number;
        if (apply_anew(reducer, &change)) return true;
    }
    return false;
}

// ---- The words of a step ----

struct word {
    size_t at, len;
};

static size_t split(struct gv_slice text, struct word words[WORDS_MAX]) {
    size_t count = 0;
    for (size_t at = 0; at < text.len && count < WORDS_MAX;) {
        size_t len = 0;
        while (at + len < text.len && text.data[at + len] != ' ') len++;
        if (len > 0) words[count++] = (struct word){at, len};
        at += len > 0 ? len : 1;
    }
    return count;
}

static bool replace(struct reducer *reducer, size_t step, size_t from, size_t to, const char *by) {
    struct gv_slice text = reducer->best.steps[step].text;
    struct gv_memory_bytes draft = {0};
    bool spaces = from > 0 && text.data[from - 1] == ' ' && to < text.len && text.data[to] == ' ';
    if (*by == '\0' && spaces) to++; // one space remains
    gv_memory_append(&draft, text.data, from);
    add_text(&draft, by);
    gv_memory_append(&draft, text.data + to, text.len - to);
    while (draft.len > 0 && draft.data[draft.len - 1] == ' ') draft.len--;
    struct change change = none;
    change.step = step;
    change.step_text = gv_slice_of(draft.data, draft.len);
    bool good = apply(reducer, &change);
    free(draft.data);
    return good;
}

// Removes runs of words: clauses such as "every 3s", "between n1 | rest", members of groups.
static bool drop_words(struct reducer *reducer, size_t step) {
    struct word words[WORDS_MAX];
    for (size_t length = 4; length > 0; length--) {
        size_t count = split(reducer->best.steps[step].text, words);
        for (size_t from = 1; from + length <= count; from++) {
            const struct word *last = &words[from + length - 1];
            if (replace(reducer, step, words[from].at, last->at + last->len, "")) return true;
        }
    }
    return false;
}

// Removes a part of a list or range: "n1,n3..n5" becomes "n3..n5", "n1", "n1,n3" or "n1,n5".
static bool drop_parts(struct reducer *reducer, size_t step) {
    struct gv_slice text = reducer->best.steps[step].text;
    for (size_t i = 0; i < text.len; i++) {
        bool comma = text.data[i] == ',',
             dots = i + 1 < text.len && text.data[i] == '.' && text.data[i + 1] == '.';
        if (!comma && !dots) continue;
        size_t from = i, to = i + (comma ? 1 : 2), left = i, right = to;
        while (left > 0 && strchr(" ,|>.", text.data[left - 1]) == NULL) left--;
        while (right < text.len && strchr(" ,|>.", text.data[right]) == NULL) right++;
        if (replace(reducer, step, from, right, "") || replace(reducer, step, left, to, "")) {
            return true;
        }
    }
    return false;
}

// Decreases numbers with a unit, that is times and shares, since smaller ones make milder faults. A
// bandwidth stays, since a smaller one makes a harsher fault.
static bool lower_numbers(struct reducer *reducer, size_t step) {
    struct word words[WORDS_MAX];
    size_t count = split(reducer->best.steps[step].text, words);
    for (size_t i = 0; i < count; i++) {
        const char *word = (const char *)reducer->best.steps[step].text.data + words[i].at;
        char *unit;
        double now = strtod(word, &unit);
        size_t digits = (size_t)(unit - word);
        if (word[0] < '0' || word[0] > '9' || digits >= words[i].len || now < 1) continue;
        if (memchr(unit, '/', words[i].len - digits) != NULL) continue;
        double lower = 1;
        while (lower <= now / 2) {
            // Tries 1, 10, 100, …, then half of the number.
            char number[NUMBER_MAX];
            double half = lower * 10 <= now / 2 ? lower : now / 2;
            snprintf(number, sizeof number, "%.0f", half);
            if (replace(reducer, step, words[i].at, words[i].at + digits, number)) return true;
            lower *= 10;
        }
    }
    return false;
}

static bool shorten_steps(struct reducer *reducer) {
    bool any = false;
    for (size_t i = 0; i < reducer->best.len; i++) {
        while (drop_words(reducer, i) || drop_parts(reducer, i) || lower_numbers(reducer, i)) {
            any = true;
        }
    }
    return any;
}

char *gv_reduce_text(const struct gv_reduce_config *config, const char *text, size_t len,
                     size_t *out) {
    struct reducer reducer = {.config = config, .text = gv_memory_copy(text, len), .len = len};
    struct gv_scenario_diagnostic diagnostic;
    int error = gv_scenario_parse(&reducer.best, text, len, &diagnostic);
    GV_ASSERT(error == 0 && nodes_of(&reducer.best) > 0);
    for (bool any = true; any;) {
        any = drop_lines(&reducer, false);
        any = drop_lines(&reducer, true) || any;
        any = drop_nodes(&reducer) || any;
        any = lower_setting(&reducer, "time-limit") || any;
        any = lower_setting(&reducer, "rate") || any;
        any = drop_settings(&reducer) || any;
        any = shorten_steps(&reducer) || any;
    }
    gv_scenario_fini(&reducer.best);
    *out = reducer.len;
    return reducer.text;
}
