// SPDX-License-Identifier: MIT
#include "report.h"

#include "../core/adversary.h"
#include "../core/load.h"
#include "../core/memory.h"

#include <inttypes.h>

// The page, made from sim/report/report.html by the makefile. The data go after its head.
extern const unsigned char gv_report_page[];
extern const size_t gv_report_page_head, gv_report_page_len;

// The first character of an event's line, by kind.
static const char letters[GV_TRACE_KINDS] = {
    [GV_TRACE_SEND] = 's',      [GV_TRACE_DUPLICATE] = '2', [GV_TRACE_REQUEST] = 'q',
    [GV_TRACE_DELIVER] = 'd',   [GV_TRACE_DROP] = 'x',      [GV_TRACE_REPLY] = 'r',
    [GV_TRACE_LEARN] = 'k',     [GV_TRACE_STABLE] = 't',    [GV_TRACE_FAULT_BEGIN] = 'b',
    [GV_TRACE_FAULT_END] = 'e', [GV_TRACE_CRASH] = 'c',     [GV_TRACE_RESTART] = 'u',
    [GV_TRACE_PAUSE] = 'p',     [GV_TRACE_RESUME] = 'w',    [GV_TRACE_PHASE] = 'h',
    [GV_TRACE_VIOLATION] = 'v',
};

// Text inside a script element must not contain "<". In JSON it occurs in strings only, where it
// can be escaped.
static void put(FILE *out, const void *bytes, size_t len) {
    const char *text = bytes, *end = text + len;
    while (text < end) {
        const char *stop = memchr(text, '<', (size_t)(end - text));
        size_t plain = (size_t)((stop != NULL ? stop : end) - text);
        fwrite(text, 1, plain, out);
        text += plain;
        if (stop == NULL) return;
        fputs("\\u003c", out);
        text++;
    }
}

static void put_string(FILE *out, const char *text, size_t len) {
    putc('"', out);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\') putc('\\', out);
        if (text[i] == '\n') {
            fputs("\\n", out);
        } else {
            put(out, (unsigned char)text[i] < ' ' ? " " : &text[i], 1);
        }
    }
    putc('"', out);
}

void gv_report_begin(struct gv_report *report, FILE *out, const struct gv_report_head *head,
                     uint64_t messages_max) {
    GV_ASSERT(messages_max > 0);
    *report = (struct gv_report){
        .out = out, .messages_max = messages_max, .has_logs = gv_load_has_logs(head->load)};
    fwrite(gv_report_page, 1, gv_report_page_head, out);
    fprintf(out,
            "<script type=\"application/json\" "
            "id=\"run\">{\"workload\":\"%s\",\"nodes\":%u,\"rate\":%g,\"time_limit_s\":%g,"
            "\"latency_ms\":%u,\"latency_dist\":\"%s\",\"seed\":%" PRIu64
            ",\"set\":%s,\"counter\":%s,\"staleness_ms\":",
            gv_load_names[head->load], head->nodes, head->rate, (double)head->time_limit / 1e9,
            head->latency_ms, gv_net_latency_names[head->latency], head->seed,
            gv_load_is_set(head->load) ? "true" : "false",
            gv_load_is_counter(head->load) ? "true" : "false");
    if (head->staleness_ms != NULL) fprintf(out, "%u", *head->staleness_ms);
    fputs(head->staleness_ms != NULL ? ",\"scenario\":" : "null,\"scenario\":", out);
    put_string(out, head->scenario, strlen(head->scenario));
    fputs("}</script>\n<script type=\"text/plain\" id=\"events\">\n", out);
}

static void put_field(FILE *out, struct gv_slice text) {
    putc(' ', out);
    put(out, text.len > 0 ? (const char *)text.data : "-", text.len > 0 ? text.len : 1);
}

// Writes a text on one line.
static void put_text(FILE *out, const char *text) {
    putc(' ', out);
    for (; *text != '\0'; text++) put(out, (unsigned char)*text < ' ' ? " " : text, 1);
}

// Whether an event is kept. Only events of messages beyond the bound are not. Ids of nodes' and
// clients' messages ascend in the order of sending; so do the adversary's.
static bool keeps(struct gv_report *report, const struct gv_trace_event *event) {
    switch (event->kind) {
    case GV_TRACE_SEND:
    case GV_TRACE_REQUEST:
        if (report->messages++ >= report->messages_max) return false;
        report->last_id[event->id >= GV_ADVERSARY_FIRST_ID] = event->id;
        report->until_us = event->at / 1000;
        return true;
    case GV_TRACE_DUPLICATE:
    case GV_TRACE_DELIVER:
    case GV_TRACE_DROP:
        return report->messages <= report->messages_max ||
               event->id <= report->last_id[event->id >= GV_ADVERSARY_FIRST_ID];
    case GV_TRACE_REPLY:
        return report->messages <= report->messages_max || report->final;
    case GV_TRACE_PHASE:
        report->final = strcmp(event->why, "final") == 0;
        return true;
    default:
        return true;
    }
}

static bool keeps_body(struct gv_report *report, const struct gv_trace_event *event) {
    if (event->kind != GV_TRACE_REQUEST && event->kind != GV_TRACE_REPLY) return true;
    if (event->body.len <= GV_REPORT_BODY_MAX) return true;
    if (!report->final && !report->has_logs) return false;
    size_t most = report->final ? GV_REPORT_LARGE_MAX : GV_REPORT_LARGE_MAX / 2;
    if (report->large > most || event->body.len > most - report->large) return false;
    report->large += event->body.len;
    return true;
}

void gv_report_event(void *ctx, const struct gv_trace_event *event) {
    struct gv_report *report = ctx;
    FILE *out = report->out;
    if (!keeps(report, event)) return;
    uint64_t us = event->at / 1000;
    GV_ASSERT(us >= report->last_us);
    fprintf(out, "%c%" PRIu64, letters[event->kind], us - report->last_us);
    report->last_us = us;
    if (event->has_id) fprintf(out, " %" PRIu64, event->id);
    if (event->kind == GV_TRACE_LEARN && !event->has_id) fputs(" -", out);
    bool by_id = event->kind == GV_TRACE_DELIVER || event->kind == GV_TRACE_DROP ||
                 event->kind == GV_TRACE_DUPLICATE; // the page finds sender and receiver by the id
    if (!by_id && event->from.len > 0) put_field(out, event->from);
    if (!by_id && event->to.len > 0) put_field(out, event->to);
    if (event->kind == GV_TRACE_SEND) fprintf(out, " %" PRIu64, event->bytes);
    if (event->why != NULL) put_text(out, event->why);
    struct gv_slice body = event->body;
    if (!keeps_body(report, event)) {
        fprintf(out, " {\"type\":\"%.*s\",\"…\":\"%zu bytes\"}", (int)event->type.len,
                (const char *)event->type.data, body.len);
    } else if (body.len > 0) {
        put_field(out, body);
    }
    putc('\n', out);
}

// Writes a JSON string: a line for each limit exceeded, or without limits the summary of a valid
// run.
static void put_lines(FILE *out, const struct gv_result *result, const struct gv_limits *limits) {
    char *text = NULL;
    size_t len = 0;
    FILE *memory = gv_memory_checked(open_memstream(&text, &len));
    if (limits != NULL) {
        struct gv_limits_metrics metrics = gv_limits_of(result);
        gv_limits_check(limits, &metrics, memory);
    } else if (result->valid) {
        gv_result_summary(result, memory);
    }
    fclose(memory);
    put_string(out, text, len);
    free(text);
}

// Writes the text that standard output shows in addition to the metrics: the summary of a valid
// run, the reason for a missing verdict, and the limits exceeded.
static void put_texts(FILE *out, const struct gv_result *result, const struct gv_limits *limits) {
    char why[GV_LATENESS_REASON_MAX] = "";
    if (gv_result_inconclusive(result)) gv_lateness_too_slow(&result->lateness, why);
    fputs("{\"too_slow\":", out);
    put_string(out, why, strlen(why));
    fputs(",\"summary\":", out);
    put_lines(out, result, NULL);
    fputs(",\"exceeded\":", out);
    put_lines(out, result, limits);
    fputs("}", out);
}

static void put_result(FILE *out, const struct gv_result *result) {
    char *text = NULL;
    size_t len = 0;
    FILE *memory = gv_memory_checked(open_memstream(&text, &len));
    gv_result_json(result, memory);
    fclose(memory);
    put(out, text, len);
    free(text);
}

void gv_report_end(struct gv_report *report, const struct gv_result *result,
                   const struct gv_limits *limits) {
    FILE *out = report->out;
    fputs("</script>\n<script type=\"application/json\" id=\"result\">", out);
    if (result != NULL) put_result(out, result);
    if (result == NULL) fputs("null", out);
    fputs("</script>\n<script type=\"application/json\" id=\"said\">", out);
    if (result != NULL) put_texts(out, result, limits);
    if (result == NULL) fputs("null", out);
    fprintf(out,
            "</script>\n<script type=\"application/json\" id=\"kept\">{\"messages_max\":%" PRIu64
            ",\"messages\":%" PRIu64 ",\"until_us\":%" PRIu64 "}</script>\n",
            report->messages_max, report->messages, report->until_us);
    fwrite(gv_report_page + gv_report_page_head, 1, gv_report_page_len - gv_report_page_head, out);
}
