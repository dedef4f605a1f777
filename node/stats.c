// SPDX-License-Identifier: MIT
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>

static size_t write_class(const char *name, const struct gv_stats_class *class, char *buf,
                          size_t len) {
    int more = snprintf(buf + len, GV_STATS_TEXT_MAX - len,
                        "%s\"%s\":{\"in\":%" PRIu64 ",\"in_bytes\":%" PRIu64 ",\"out\":%" PRIu64
                        ",\"out_bytes\":%" PRIu64 "}",
                        len > 1 ? "," : "", name, class->in, class->in_bytes, class->out,
                        class->out_bytes);
    GV_ASSERT(more > 0 && (size_t)more < GV_STATS_TEXT_MAX - len);
    return len + (size_t)more;
}

static size_t write_number(const char *name, uint64_t value, char *buf, size_t len) {
    int more = snprintf(buf + len, GV_STATS_TEXT_MAX - len, ",\"%s\":%" PRIu64, name, value);
    GV_ASSERT(more > 0 && (size_t)more < GV_STATS_TEXT_MAX - len - 1);
    return len + (size_t)more;
}

size_t gv_stats_write(const struct gv_stats *stats, char *buf) {
    size_t len = 0;
    buf[len++] = '{';
#define X(name, former)                               \
    len = write_class(#name, &stats->name, buf, len); \
    if (*#former != '\0') len = write_class(#former, &stats->name, buf, len);
    GV_STATS_CLASSES(X)
#undef X
#define X(name, former, fold)                                 \
    len = write_number(#name, stats->numbers.name, buf, len); \
    if (*#former != '\0') len = write_number(#former, stats->numbers.name, buf, len);
    GV_STATS_NUMBERS(X)
#undef X
    buf[len++] = '}';
    buf[len] = '\0';
    return len;
}

// The token of a member, by its name or by its former name, which may be "".
static int find(const struct gv_json *json, int object, const char *name, const char *former) {
    int token = gv_json_member(json, object, name);
    return token == GV_ENOENT && *former != '\0' ? gv_json_member(json, object, former) : token;
}

static bool read_number(const struct gv_json *json, int object, const char *name,
                        const char *former, uint64_t *out) {
    int token = find(json, object, name, former);
    *out = 0;
    return token == GV_ENOENT || (token >= 0 && gv_json_u64(json, token, out) == 0);
}

static bool read_class(const struct gv_json *json, int object, const char *name, const char *former,
                       struct gv_stats_class *out) {
    int token = find(json, object, name, former);
    *out = (struct gv_stats_class){0};
    if (token == GV_ENOENT) return true;
    return token >= 0 && read_number(json, token, "in", "", &out->in) &&
           read_number(json, token, "in_bytes", "", &out->in_bytes) &&
           read_number(json, token, "out", "", &out->out) &&
           read_number(json, token, "out_bytes", "", &out->out_bytes);
}

bool gv_stats_read(struct gv_stats *stats, const struct gv_json *json, int object) {
    GV_ASSERT(object >= 0);
    bool good = gv_json_type(json, object) == GV_JSON_OBJECT;
#define X(name, former) good = good && read_class(json, object, #name, #former, &stats->name);
    GV_STATS_CLASSES(X)
#undef X
#define X(name, former, fold) \
    good = good && read_number(json, object, #name, #former, &stats->numbers.name);
    GV_STATS_NUMBERS(X)
#undef X
    return good;
}

static void add_class(struct gv_stats_class *total, const struct gv_stats_class *class) {
    total->in += class->in;
    total->in_bytes += class->in_bytes;
    total->out += class->out;
    total->out_bytes += class->out_bytes;
}

static uint64_t fold_SUM(uint64_t a, uint64_t b) {
    return a + b;
}

static uint64_t fold_MAX(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

void gv_stats_add(struct gv_stats *total, const struct gv_stats *stats) {
#define X(name, former) add_class(&total->name, &stats->name);
    GV_STATS_CLASSES(X)
#undef X
#define X(name, former, fold) \
    total->numbers.name = fold_##fold(total->numbers.name, stats->numbers.name);
    GV_STATS_NUMBERS(X)
#undef X
}
