// SPDX-License-Identifier: MIT
// Random bytes as the bodies of requests, one per line. The first byte chooses the service and the
// clients. Each request must get one reply, which is JSON on one line with the type and code that
// gv_service_handle reports.
#include "../../sim/core/service.h"

enum { CLIENTS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct gv_service_reply *reply, struct gv_json *json) {
    int64_t code = 0;
    const char *text = reply->body.data;
    GV_ASSERT(gv_json_parse(json, text, reply->body.len) > 0);
    GV_ASSERT(memchr(text, '\n', reply->body.len) == NULL);
    GV_ASSERT(gv_json_equals(json, gv_json_member(json, 0, "type"), reply->type));
    GV_ASSERT(gv_json_member(json, 0, "in_reply_to") > 0);
    int token = gv_json_member(json, 0, "code");
    if (token >= 0) GV_ASSERT(gv_json_i64(json, token, &code) == 0);
    GV_ASSERT(code == reply->code);
    GV_ASSERT((code != 0) == (strcmp(reply->type, "error") == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct gv_service service;
    struct gv_service_reply reply = {.code = 0};
    struct gv_json json;
    uint8_t choice = *data++;
    size--;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    gv_service_init(&service, (enum gv_service_kind)(choice % GV_SERVICE_KINDS), CLIENTS, choice,
                    (size_t)1 << 12);
    for (uint32_t client = choice; size > 0; client++) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end != NULL ? (size_t)(end - data) : size;
        gv_service_handle(&service, client % CLIENTS, gv_slice_of(data, len), &reply);
        check(&reply, &json);
        if (end != NULL) len++;
        data += len;
        size -= len;
    }
    gv_service_fini(&service);
    free(reply.body.data);
    gv_json_fini(&json);
    return 0;
}
