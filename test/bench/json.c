// SPDX-License-Identifier: MIT
// The time of gv_json_parse compared with the time of jsmn alone, for the same texts. For this, the
// file includes jsmn.h, like codec/token.h.
#include "bench.h"

#include "../../codec/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

enum { TOKENS = 2048, TEXT = 16384 };

struct subject {
    const char *text;
    size_t len;
    jsmntok_t *tokens;
    struct gv_json json;
};

static int run_jsmn(struct subject *subject) {
    jsmn_parser parser;
    jsmn_init(&parser);
    return jsmn_parse(&parser, subject->text, subject->len, subject->tokens, TOKENS);
}

static int run_ours(struct subject *subject) {
    return gv_json_parse(&subject->json, subject->text, subject->len);
}

// The time of one call, ns, as the best of seven runs of at least run_ns each.
static double measure(int (*run)(struct subject *), struct subject *subject, double run_ns) {
    double best = 1e18;
    long calls = 1;
    for (int i = 0; i < 7;) {
        double start = bench_now_ns();
        for (long call = 0; call < calls; call++) {
            if (run(subject) <= 0) return -1;
        }
        double spent = bench_now_ns() - start;
        if (spent < run_ns) {
            calls *= 2;
            continue;
        }
        if (spent / (double)calls < best) best = spent / (double)calls;
        i++;
    }
    return best;
}

static int compare(const char *name, struct subject *subject, bool small) {
    double run_ns = small ? 1e5 : 4e7;
    subject->len = strlen(subject->text);
    double jsmn = measure(run_jsmn, subject, run_ns), ours = measure(run_ours, subject, run_ns);
    if (jsmn < 0 || ours < 0 || run_jsmn(subject) != run_ours(subject)) {
        printf("json: %s is refused: %s\n", name, subject->json.error);
        return 1;
    }
    printf("json  %-22s %6zu B  jsmn %8.1f ns %6.2f GB/s  parse %8.1f ns %6.2f GB/s  ratio %.2f\n",
           name, subject->len, jsmn, (double)subject->len / jsmn, ours, (double)subject->len / ours,
           ours / jsmn);
    return 0;
}

double bench_jsmn_ns(const char *text, size_t len, bool small) {
    jsmntok_t tokens[TOKENS];
    struct subject subject = {.text = text, .len = len, .tokens = tokens};
    return measure(run_jsmn, &subject, small ? 1e5 : 4e7);
}

int bench_json(bool small) {
    char *text = malloc(TEXT);
    struct subject subject = {.text = text, .tokens = malloc(TOKENS * sizeof(jsmntok_t))};
    gv_json_init(&subject.json, gv_base_malloc(), 0, 0);
    int failed = 1;
    if (text != NULL && subject.tokens != NULL) {
        strcpy(text,
               "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"broadcast\",\"message\":17,"
               "\"msg_id\":31}}");
        failed = compare("broadcast line", &subject, small);

        size_t len = 0;
        for (int i = 0; i < 1000; i++)
            len += (size_t)snprintf(text + len, TEXT - len, "%c%d", i > 0 ? ',' : '[', i);
        strcpy(text + len, "]");
        failed |= compare("1,000 integers", &subject, small);

        text[0] = '[';
        text[1] = '"';
        for (size_t i = 2; i < 10002; i++) text[i] = (char)('A' + i * 7 % 26);
        strcpy(text + 10002, "\"]");
        failed |= compare("10 kB string", &subject, small);
    }
    gv_json_fini(&subject.json);
    free(subject.tokens);
    free(text);
    return failed;
}
