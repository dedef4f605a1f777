// SPDX-License-Identifier: MIT
#include "known.h"

#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 64 }; // values in a word

void gv_known_fini(struct gv_known *known) {
    GV_ASSERT(known != NULL);
    free(known->words);
    *known = (struct gv_known){0};
}

void gv_known_news_fini(struct gv_known_news *news) {
    GV_ASSERT(news != NULL);
    free(news->text);
    *news = (struct gv_known_news){0};
}

static void add(struct gv_known_news *news, const void *bytes, size_t len) {
    news->text = gv_memory_grow(news->text, &news->cap, news->len + len, 1);
    memcpy(news->text + news->len, bytes, len);
    news->len += len;
}

// The array is whole after each item: its end is taken back for the next one.
static void add_item(struct gv_known_news *news, struct gv_slice key, const char *count) {
    if (news == NULL) return;
    if (news->len > 0) news->text[news->len - 1] = ',';
    if (news->len == 0) add(news, "[", 1);
    if (count != NULL) add(news, "[", 1);
    add(news, key.data, key.len);
    if (count != NULL) add(news, count, strlen(count));
    add(news, "]", 1);
}

static void reach(struct gv_known *known, size_t at) {
    known->words = gv_memory_grow(known->words, &known->cap, at + 1, sizeof *known->words);
}

// Entries stand in the order of their arrival.
void gv_known_look_values(struct gv_known *known, const struct gv_engine *engine,
                          const struct gv_keys *keys, struct gv_known_news *news) {
    GV_ASSERT(known != NULL && engine != NULL && keys != NULL);
    uint32_t end = gv_engine_end(engine);
    struct gv_entry entry;
    while (known->cursor < end && gv_engine_next(engine, &known->cursor, end, &entry)) {
        add_item(news, entry.key, NULL);
        int64_t number = gv_keys_find(keys, entry.key);
        if (number < 0) continue; // nobody added it: the checkers of reads say so
        reach(known, (size_t)number / WORD);
        known->words[number / WORD] |= UINT64_C(1) << number % WORD;
    }
}

// Counters grow where they stand: each is looked at every time.
void gv_known_look_counts(struct gv_known *known, const struct gv_engine *engine,
                          struct gv_known_news *news) {
    GV_ASSERT(known != NULL && engine != NULL);
    uint32_t cursor = 0, end = gv_engine_end(engine);
    struct gv_entry entry;
    while (gv_engine_next(engine, &cursor, end, &entry)) {
        size_t at = cursor - 1;
        reach(known, at);
        if (known->words[at] == entry.count) continue;
        known->words[at] = entry.count;
        char count[32];
        snprintf(count, sizeof count, ",%" PRIu64 "]", entry.count);
        add_item(news, entry.key, count);
    }
}

bool gv_known_has(const struct gv_known *known, uint64_t number) {
    return number / WORD < known->cap && (known->words[number / WORD] >> number % WORD & 1) != 0;
}
