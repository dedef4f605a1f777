// SPDX-License-Identifier: MIT
#include "result.h"

#include "../../node/escape.h"

#include <inttypes.h>

enum { ERRORS_SHOWN = 12 };

static double each(uint64_t total, uint64_t ops) {
    return ops > 0 ? (double)total / (double)ops : 0;
}

bool gv_result_inconclusive(const struct gv_result *result) {
    char why[GV_LATENESS_REASON_MAX];
    bool conclusive =
        !result->valid && (result->errors->conclusive || result->phantom + result->duplicated > 0);
    return !conclusive && gv_lateness_too_slow(&result->lateness, why);
}

bool gv_result_hint(const struct gv_result *result, char hint[GV_RESULT_HINT_MAX]) {
    if (result->timeouts == 0 || 2 * result->flight <= result->patience) return false;
    double flight = (double)result->flight / 1e9, patience = (double)result->patience / 1e9;
    int len =
        snprintf(hint, GV_RESULT_HINT_MAX,
                 "%" PRIu64 " %s not answered within the %.0f s that a client waits, and a "
                 "message from one node to another took up to %.1f s (--latency): ",
                 result->timeouts, result->timeouts == 1 ? "operation was" : "operations were",
                 patience, flight);
    GV_ASSERT(len > 0 && len < GV_RESULT_HINT_MAX);
    snprintf(hint + len, GV_RESULT_HINT_MAX - (size_t)len, "%s",
             result->queued
                 ? "as in Maelstrom, a request waits behind the messages in flight to its "
                   "node; with --delivery exact it does not"
                 : "a node that sends a request to another before it replies may be late by that");
    return true;
}

// ---- Text ----

// A number of bytes as "812 B", "12.4 kB", "3.1 MB".
static const char *bytes_text(double bytes, char buf[32]) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    for (; bytes >= 1000 && unit + 1 < GV_COUNT(units); unit++) bytes /= 1000;
    snprintf(buf, 32, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return buf;
}

static void print_quantiles(const char *name, const struct gv_history_quantiles *quantiles,
                            int digits, FILE *out) {
    if (quantiles->count == 0) return;
    fprintf(out, "  %-16s least %.*f  median %.*f  95%% %.*f  99%% %.*f  most %.*f ms\n", name,
            digits, quantiles->p0, digits, quantiles->p50, digits, quantiles->p95, digits,
            quantiles->p99, digits, quantiles->p100);
}

static void print_equal(const struct gv_result *result, FILE *out) {
    if (result->nodes == 1) {
        fprintf(out, "final read correct at the only node");
    } else {
        fprintf(out, "final reads equal at all %u nodes", result->nodes);
    }
}

static void print_kafka_summary(const struct gv_result *result, FILE *out) {
    const struct gv_check_kafka_result *kafka = &result->kafka;
    if (kafka->may_be_lost > 0) {
        fprintf(out,
                "%" PRIu64 " of %" PRIu64 " messages whose last copy a crash took are lost, which "
                "is allowed; no other loss",
                kafka->allowed_lost, kafka->may_be_lost);
    } else {
        fprintf(out, "no message lost or unseen");
    }
    fprintf(out, ", no duplicates, no skips, offsets ascend, ");
    if (result->nodes == 1) {
        fprintf(out, "final polls complete at the only node");
    } else {
        fprintf(out, "final logs equal at all %u nodes", result->nodes);
    }
}

void gv_result_summary(const struct gv_result *result, FILE *out) {
    GV_ASSERT(result->valid);
    if (gv_load_is_set(result->load) && result->may_be_lost > 0) {
        fprintf(out,
                "%" PRIu64 " of %" PRIu64 " values whose last copy a crash took are lost, which is "
                "allowed; no other loss, no phantoms, no duplicates, ",
                result->allowed_lost, result->may_be_lost);
        print_equal(result, out);
    } else if (gv_load_is_set(result->load)) {
        fprintf(out, "nothing lost, no phantoms, no duplicates, ");
        print_equal(result, out);
    } else if (gv_load_is_counter(result->load)) {
        fprintf(out, "sums correct, ");
        print_equal(result, out);
        if (result->may_be_lost > 0) {
            fprintf(out,
                    "; up to %" PRIu64 " may be missing, whose last copy crashes took, which is "
                    "allowed",
                    result->may_be_lost);
        }
    } else if (result->load == GV_LOAD_TXN_RW_REGISTER) {
        fprintf(out, "no anomaly of %s, ", gv_consistency_name(result->models));
        print_equal(result, out);
        if (result->may_be_lost > 0) {
            fprintf(out,
                    "; %" PRIu64 " transactions may be missing, whose last copy crashes took, "
                    "which is allowed",
                    result->may_be_lost);
        }
    } else if (result->kafka.applies) {
        print_kafka_summary(result, out);
    } else if (result->load == GV_LOAD_UNIQUE_IDS) {
        fprintf(out, "no id was generated twice");
    } else {
        fprintf(out, "no violation");
    }
}

static void print_kafka(const struct gv_check_kafka_result *kafka, FILE *out) {
    if (!kafka->applies) return;
    fprintf(out, "  %-16s %" PRIu64 ", with %" PRIu64 " messages; polls returned %" PRIu64 "\n",
            "logs", kafka->keys, kafka->acknowledged, kafka->polled);
    print_quantiles("real-time lag", &kafka->lag, 1, out);
}

static void print_verdict(const struct gv_result *result, FILE *out, bool color) {
    const char *off = color ? "\x1b[0m" : "";
    char why[GV_LATENESS_REASON_MAX];
    if (gv_result_inconclusive(result)) {
        gv_lateness_too_slow(&result->lateness, why);
        fprintf(out, "%stoo slow%s: the host was too slow to check the nodes: %s; otherwise:\n",
                color ? "\x1b[1;33m" : "", off, why);
    }
    if (!result->valid) {
        const char *red = color ? "\x1b[1;31m" : "";
        size_t count = result->errors->count, shown = result->errors->kept;
        if (shown > ERRORS_SHOWN) shown = ERRORS_SHOWN;
        fprintf(out, "%sinvalid%s: %zu %s\n", red, off, count, count == 1 ? "error" : "errors");
        for (size_t i = 0; i < shown; i++) fprintf(out, "  - %s\n", result->errors->texts[i]);
        if (count > shown) fprintf(out, "  - … and %zu more\n", count - shown);
        return;
    }
    fprintf(out, "%svalid%s: ", color ? "\x1b[1;32m" : "", off);
    gv_result_summary(result, out);
    fprintf(out, "\n");
}

static void print_hint(const struct gv_result *result, FILE *out) {
    char hint[GV_RESULT_HINT_MAX];
    if (gv_result_hint(result, hint)) fprintf(out, "  %-16s %s\n", "hint", hint);
}

// The name of a type, cut to COLUMNS.
static void print_type(const struct gv_net_count *count, FILE *out) {
    enum { COLUMNS = 40, ALIGNED = 14 };
    char name[4 * GV_NET_TYPE_MAX];
    const char *type = count->type[0] != '\0' ? count->type : "(none)";
    size_t len = gv_escape_copy(name, sizeof name, type, strlen(type)), at = 0;
    unsigned columns = 0;
    for (; at < len; at++) {
        bool begins = ((unsigned char)name[at] & 0xc0) != 0x80;
        if (begins && columns == COLUMNS) break;
        columns += begins;
    }
    fprintf(out, "    %.*s%s", (int)at, name, at < len ? "…" : "");
    fprintf(out, "%*s", columns < ALIGNED ? (int)(ALIGNED - columns) : 0, "");
}

static void print_messages(const struct gv_result *result, FILE *out) {
    char total[32], per_op[32];
    fprintf(out, "  %-16s %" PRIu64 " between nodes%s, %.3f per operation; %s, %s per operation\n",
            "messages", result->servers_msgs, result->service_msgs > 0 ? " and services" : "",
            each(result->servers_msgs, result->ops),
            bytes_text((double)result->servers_bytes, total),
            bytes_text(each(result->servers_bytes, result->ops), per_op));
    for (size_t i = 0; i < result->types; i++) {
        const struct gv_net_count *count = &result->counts[i];
        if (count->messages == 0) continue;
        print_type(count, out);
        fprintf(out, " %" PRIu64 " of them, %s\n", count->messages,
                bytes_text((double)count->bytes, total));
    }
}

void gv_result_print(const struct gv_result *result, FILE *out, bool color) {
    print_verdict(result, out, color);
    print_hint(result, out);
    fprintf(out, "  %-16s %" PRIu64, "operations", result->ops);
    if (gv_load_is_observable(result->load)) {
        fprintf(out, ": %" PRIu64 " %s, %" PRIu64 " reads", result->adds,
                result->load == GV_LOAD_BROADCAST ? "broadcasts" : "additions", result->reads);
    }
    if (result->kafka.applies) {
        const struct gv_check_kafka_result *kafka = &result->kafka;
        fprintf(out, ": %" PRIu64 " sends, %" PRIu64 " polls, %" PRIu64 " assigns",
                kafka->acknowledged, kafka->polls, kafka->assigns);
    }
    fprintf(out, "; ok %" PRIu64 ", refused %" PRIu64 ", unknown %" PRIu64 "\n", result->ok,
            result->failed, result->unknown);
    if (result->load == GV_LOAD_TXN_RW_REGISTER) {
        fprintf(out,
                "  %-16s %" PRIu64 " committed; %" PRIu64 " reads of another's write, %" PRIu64
                " from another node; %" PRIu64 " keys, %" PRIu64 " versions\n",
                "transactions", result->txns.committed, result->txns.flows, result->txns.remote,
                result->txns.keys, result->txns.versions);
    }
    print_messages(result, out);
    print_quantiles("stable latency", &result->stable_latency, 0, out);
    print_kafka(&result->kafka, out);
    print_quantiles("client latency", &result->client_latency, 1, out);
    if (result->fault_periods > 0) {
        bool cuts = result->partitions > 0;
        fprintf(out, "  %-16s %" PRIu64, cuts ? "partitions" : "faults",
                cuts ? result->partitions : result->fault_periods);
        if (result->converged) {
            fprintf(out, "; converged %.0f ms after healing%s",
                    (double)result->heal_to_converged / (double)GV_MS,
                    result->fault_periods > 1 ? " at the worst" : "");
        } else if (gv_load_is_observable(result->load)) {
            fprintf(out, "; no convergence observed after healing");
        }
        fprintf(out, "\n");
    }
    if (result->shortened > 0) {
        fprintf(out,
                "  %-16s %" PRIu64
                " of the scenario's faults, by the end of the operations (--time-limit); "
                "the first is on line %u\n",
                "cut short", result->shortened, result->shortened_line);
    }
    gv_traffic_print(&result->traffic, out);
    gv_lateness_print(&result->lateness, out);
    fprintf(out, "  %-16s %" PRIu64 "\n", "seed", result->seed);
    if (!result->is_virtual) return;
    char memory[32];
    if (result->settled) {
        fprintf(out, "  %-16s %.0f ms after the last operation and fault\n", "replicas equal",
                (double)result->settle / (double)GV_MS);
    }
    fprintf(out, "  %-16s %016" PRIx64 "\n", "trace", result->trace_hash);
    fprintf(out, "  %-16s at most %s per node\n", "memory",
            bytes_text((double)result->node_memory, memory));
}

// ---- JSON ----

static void json_quantiles(const char *name, const struct gv_history_quantiles *quantiles,
                           int digits, FILE *out) {
    if (quantiles->count == 0) {
        fprintf(out, ",\"%s\":null", name);
        return;
    }
    fprintf(out, ",\"%s\":{\"p0\":%.*f,\"p50\":%.*f,\"p95\":%.*f,\"p99\":%.*f,\"p100\":%.*f}", name,
            digits, quantiles->p0, digits, quantiles->p50, digits, quantiles->p95, digits,
            quantiles->p99, digits, quantiles->p100);
}

static void json_kafka(const struct gv_check_kafka_result *kafka, FILE *out) {
    if (!kafka->applies) {
        fputs(",\"kafka\":null", out);
        return;
    }
    fprintf(out, ",\"kafka\":{\"keys\":%" PRIu64 ",\"sends_ok\":%" PRIu64 ",\"polls_ok\":%" PRIu64,
            kafka->keys, kafka->acknowledged, kafka->polls);
    fprintf(out, ",\"assigns_ok\":%" PRIu64 ",\"messages_polled\":%" PRIu64, kafka->assigns,
            kafka->polled);
    fprintf(out, ",\"messages_seen\":%" PRIu64 ",\"lost_writes\":%" PRIu64 ",\"unseen\":%" PRIu64,
            kafka->seen, kafka->lost, kafka->unseen);
    fprintf(out, ",\"duplicates\":%" PRIu64 ",\"largest_offset\":%" PRIu64, kafka->duplicates,
            kafka->largest);
    json_quantiles("realtime_lag_ms", &kafka->lag, 3, out);
    fputc('}', out);
}

static void json_text(const char *text, FILE *out) {
    char quoted[6 * GV_VERDICT_ERROR_MAX + 3];
    fwrite(quoted, 1, gv_escape_quote(quoted, sizeof quoted, text), out);
}

static void json_virtual(const struct gv_result *result, FILE *out) {
    fprintf(out, ",\"trace_hash\":\"%016" PRIx64 "\",\"trace\":\"%016" PRIx64 "\"",
            result->trace_hash, result->trace_hash);
    fprintf(out, ",\"lines\":%" PRIu64 ",\"node_memory\":%" PRIu64, result->lines,
            result->node_memory);
    if (result->settled) {
        fprintf(out, ",\"replicas_equal_ms\":%.3f", (double)result->settle / (double)GV_MS);
    } else {
        fprintf(out, ",\"replicas_equal_ms\":null");
    }
}

static void json_txns(const struct gv_result *result, FILE *out) {
    fprintf(out,
            ",\"consistency_model\":\"%s\",\"committed\":%" PRIu64 ",\"reads_of_others\":%" PRIu64
            ",\"reads_across_nodes\":%" PRIu64 ",\"keys\":%" PRIu64 ",\"versions\":%" PRIu64,
            gv_consistency_name(result->models), result->txns.committed, result->txns.flows,
            result->txns.remote, result->txns.keys, result->txns.versions);
}

void gv_result_json(const struct gv_result *result, FILE *out) {
    fprintf(out, "{\"valid\":%s,\"workload\":\"%s\",\"nodes\":%u",
            gv_result_inconclusive(result) ? "null"
            : result->valid                ? "true"
                                           : "false",
            gv_load_names[result->load], result->nodes);
    fprintf(out, ",\"ops\":%" PRIu64 ",\"broadcasts\":%" PRIu64 ",\"reads\":%" PRIu64, result->ops,
            result->adds, result->reads);
    fprintf(out, ",\"ok\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"unknown\":%" PRIu64, result->ok,
            result->failed, result->unknown);
    fprintf(out, ",\"ok_fraction\":%.4f", result->ok_fraction);
    fprintf(out, ",\"all_msgs\":%" PRIu64, result->all_msgs);
    fprintf(out, ",\"servers_msgs\":%" PRIu64 ",\"servers_bytes\":%" PRIu64, result->servers_msgs,
            result->servers_bytes);
    fprintf(out, ",\"service_msgs\":%" PRIu64, result->service_msgs);
    fprintf(out, ",\"msgs_per_op\":%.4f,\"bytes_per_op\":%.1f",
            each(result->servers_msgs, result->ops), each(result->servers_bytes, result->ops));
    fprintf(out, ",\"lost\":%" PRIu64 ",\"phantom\":%" PRIu64 ",\"duplicated\":%" PRIu64,
            result->lost, result->phantom, result->duplicated);
    fprintf(out, ",\"may_be_lost\":%" PRIu64 ",\"allowed_lost\":%" PRIu64, result->may_be_lost,
            result->allowed_lost);
    // These, `trace` and `stood_still_*` are former names of members.
    fprintf(out, ",\"excused\":%" PRIu64 ",\"excused_lost\":%" PRIu64, result->may_be_lost,
            result->allowed_lost);
    fprintf(out, ",\"final_reads_equal\":%s",
            !result->has_finals    ? "null"
            : result->finals_equal ? "true"
                                   : "false");
    if (result->load == GV_LOAD_TXN_RW_REGISTER) json_txns(result, out);
    json_quantiles("stable_latency_ms", &result->stable_latency, 0, out);
    json_quantiles("client_latency_ms", &result->client_latency, 3, out);
    json_kafka(&result->kafka, out);
    fprintf(out, ",\"faults_shortened\":%" PRIu64, result->shortened);
    fprintf(out, ",\"partitions\":%" PRIu64 ",\"heal_to_converged_ms\":", result->partitions);
    if (result->converged) {
        fprintf(out, "%.3f", (double)result->heal_to_converged / (double)GV_MS);
    } else {
        fprintf(out, "null");
    }
    fprintf(out, ",\"seed\":%" PRIu64, result->seed);
    gv_lateness_json(&result->lateness, out);
    if (result->is_virtual) json_virtual(result, out);
    fprintf(out, ",\"traffic\":");
    gv_traffic_json(&result->traffic, out);
    fprintf(out, ",\"by_type\":{");
    for (size_t i = 0; i < result->types; i++) {
        const struct gv_net_count *count = &result->counts[i];
        fprintf(out, "%s\"%s\":{\"msgs\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", i > 0 ? "," : "",
                count->type, count->messages, count->bytes);
    }
    fprintf(out, "},\"errors\":[");
    for (size_t i = 0; i < result->errors->kept; i++) {
        if (i > 0) fputc(',', out);
        json_text(result->errors->texts[i], out);
    }
    fprintf(out, "],\"error_count\":%zu,\"hint\":", result->errors->count);
    char hint[GV_RESULT_HINT_MAX];
    if (gv_result_hint(result, hint)) {
        json_text(hint, out);
    } else {
        fputs("null", out);
    }
    fputs("}\n", out);
}
