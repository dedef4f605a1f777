// SPDX-License-Identifier: MIT
// Random bytes as a text. The result must equal the result of the reference parser, and every error
// must have a description and an offset. For valid JSON, the accessors must agree with each other,
// and the canonical text must be its own canonical text.
#include "../../codec/json.h"
#include "../lib/ref.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refused(const struct gv_json *json, int status, const struct gv_ref *ref) {
    GV_ASSERT(status == GV_ESYNTAX || (status == GV_EFULL && ref->deep));
    GV_ASSERT(json->error != NULL && json->count == 0);
    GV_ASSERT(json->error_offset <= json->len);
    GV_ASSERT(strcmp(json->error, "not JSON") != 0);
}

static void check_tokens(const struct gv_json *json, const struct gv_ref *ref, char *buf) {
    GV_ASSERT(json->count == ref->count);
    for (int token = 0; token < json->count; token++) {
        const struct gv_ref_token *want = &ref->tokens[token];
        struct gv_slice raw = gv_json_raw(json, token);
        uint64_t u64;
        int64_t i64;
        GV_ASSERT(gv_json_type(json, token) == want->type);
        GV_ASSERT(gv_json_size(json, token) == want->size);
        GV_ASSERT(gv_json_next(json, token) == want->next);
        GV_ASSERT((const char *)raw.data == json->text + want->start);
        GV_ASSERT(raw.len == want->end - want->start);
        if (gv_json_u64(json, token, &u64) == 0 && gv_json_i64(json, token, &i64) == 0)
            GV_ASSERT(u64 == (uint64_t)i64);
        if (want->type != GV_JSON_STRING) continue;
        int len = gv_json_unescape(json, token, buf, raw.len);
        GV_ASSERT(len >= 0);
        buf[len] = '\0';
        GV_ASSERT(gv_json_equals(json, token, buf) == (strlen(buf) == (size_t)len));
    }
}

static void check_canonical(struct gv_json *json, char *buf, size_t size) {
    int len = gv_json_canonical(json, 0, buf, size);
    GV_ASSERT(len > 0 && (size_t)len <= size);
    char *again = malloc((size_t)len);
    GV_ASSERT(again != NULL);
    GV_ASSERT(gv_json_parse(json, buf, (size_t)len) > 0);
    GV_ASSERT(gv_json_canonical(json, 0, again, (size_t)len) == len);
    GV_ASSERT(memcmp(again, buf, (size_t)len) == 0);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct gv_ref ref;
    if (size >= GV_REF_TOKENS) return 0;
    char *buf = malloc(size + 1);
    GV_ASSERT(buf != NULL);
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, GV_REF_DEPTH);
    bool good = gv_ref_parse(&ref, (const char *)data, size);
    int status = gv_json_parse(&json, (const char *)data, size);
    GV_ASSERT(good == (status > 0));
    if (good) {
        check_tokens(&json, &ref, buf);
        check_canonical(&json, buf, size);
    } else {
        check_refused(&json, status, &ref);
    }
    gv_json_fini(&json);
    free(buf);
    return 0;
}
