// SPDX-License-Identifier: MIT
#include "solo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_log(void *ctx, const struct gv_log_record *record) {
    struct gv_solo *solo = ctx;
    char text[1024], value[32] = "";
    if (record->value != 0) snprintf(value, sizeof value, "%016" PRIx64 " ", record->value);
    snprintf(text, sizeof text, "%s%s%s%s", record->node, *record->node != '\0' ? ": " : "", value,
             record->text != NULL ? record->text : record->stats);
    solo->log_lines++;
    size_t len = strlen(text);
    if (solo->log_len + len + 2 > sizeof solo->log) return;
    memcpy(solo->log + solo->log_len, text, len);
    memcpy(solo->log + solo->log_len + len, "\n", 2);
    solo->log_len += len + 1;
}

void gv_solo_config(struct gv_solo *solo, const struct gv_workload *workload) {
    *solo = (struct gv_solo){
        .now = 1000 * GV_MS,
        .config =
            {
                .workload = workload,
                .alloc = gv_base_malloc(),
                .json = &solo->json,
                .seed = 1,
                .incarnation = 7,
                .staleness_ms = 500,
                .log = on_log,
                .log_ctx = solo,
            },
    };
}

void gv_solo_start(struct gv_solo *solo) {
    gv_json_init(&solo->json, gv_base_malloc(), 0, 0);
    int error = gv_node_new(&solo->node, &solo->config);
    GV_ASSERT(error == 0);
    gv_solo_clear(solo);
}

void gv_solo_init(struct gv_solo *solo, const struct gv_workload *workload) {
    gv_solo_config(solo, workload);
    gv_solo_start(solo);
    const char *answer = gv_solo_request(solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                                               "\"node_ids\":[\"n1\",\"n2\",\"n3\"]}");
    GV_ASSERT(strstr(answer, "init_ok") != NULL);
    gv_solo_clear(solo);
}

void gv_solo_stop(struct gv_solo *solo) {
    gv_node_free(solo->node);
    gv_json_fini(&solo->json);
    free(solo->out);
    solo->out = NULL;
}

static void reserve(struct gv_solo *solo, size_t room) {
    if (solo->out_len + room < solo->out_cap) return;
    solo->out_cap = 2 * (solo->out_len + room) + 1;
    solo->out = realloc(solo->out, solo->out_cap);
    GV_ASSERT(solo->out != NULL);
}

void gv_solo_clear(struct gv_solo *solo) {
    reserve(solo, 1);
    solo->out_len = solo->log_len = solo->log_lines = 0;
    solo->out[0] = solo->log[0] = '\0';
}

int gv_solo_receive(struct gv_solo *solo, const char *line, size_t len) {
    char *copy = malloc(len > 0 ? len : 1);
    GV_ASSERT(copy != NULL);
    memcpy(copy, line, len);
    int status = gv_node_receive(solo->node, solo->now, copy, len);
    free(copy);
    return status;
}

void gv_solo_send(struct gv_solo *solo) {
    size_t cap = solo->send_cap > 0 ? solo->send_cap : 256 << 10, len;
    do {
        reserve(solo, cap);
        len = gv_node_send(solo->node, solo->now, solo->out + solo->out_len, cap);
        GV_ASSERT(len <= cap);
        solo->out_len += len;
        solo->out[solo->out_len] = '\0';
    } while (len > 0);
}

const char *gv_solo_exchange(struct gv_solo *solo, const char *line) {
    gv_solo_clear(solo);
    gv_solo_receive(solo, line, strlen(line));
    gv_solo_send(solo);
    return solo->out;
}

const char *gv_solo_line(const char *body) {
    static char line[4096];
    int len =
        snprintf(line, sizeof line, "{\"id\":1,\"src\":\"c1\",\"dest\":\"n1\",\"body\":%s}", body);
    GV_ASSERT(len > 0 && (size_t)len < sizeof line);
    return line;
}

const char *gv_solo_request(struct gv_solo *solo, const char *body) {
    return gv_solo_exchange(solo, gv_solo_line(body));
}
