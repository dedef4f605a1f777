// SPDX-License-Identifier: MIT
#include "../../sim/known.h"
#include "../lib/solo.h"
#include "../lib/test.h"

#include <string.h>

// What has come to be known is exactly this, and told once.
static void expect(struct gv_known_news *news, const char *text) {
    assert_int_equal(news->len, strlen(text));
    assert_memory_equal(news->text, text, news->len);
    news->len = 0;
}

static void values_are_told_once(void **state) {
    (void)state;
    struct gv_solo solo;
    struct gv_known known = {0};
    struct gv_keys keys;
    gv_keys_init(&keys, GV_KEYS_INTEGERS, 1, NULL);
    struct gv_known_news news = {0};
    gv_solo_init(&solo, &gv_broadcast_workload);
    gv_solo_ask(&solo, "{\"type\":\"broadcast\",\"message\":412,\"msg_id\":1}");
    gv_solo_ask(&solo, "{\"type\":\"broadcast\",\"message\":0,\"msg_id\":2}");
    const struct gv_engine *engine = gv_node_engine(solo.node);
    assert_false(gv_known_has(&known, 412));
    gv_known_look_values(&known, engine, &keys, &news);
    expect(&news, "[412,0]");
    gv_known_look_values(&known, engine, &keys, &news);
    assert_int_equal(news.len, 0);
    gv_solo_ask(&solo, "{\"type\":\"broadcast\",\"message\":63,\"msg_id\":3}");
    gv_known_look_values(&known, engine, &keys, NULL); // whom nobody asks is told nothing
    assert_true(gv_known_has(&known, 0) && gv_known_has(&known, 63) && gv_known_has(&known, 412));
    assert_false(gv_known_has(&known, 64));
    assert_false(gv_known_has(&known, UINT64_MAX));
    gv_known_fini(&known); // it went down, and forgot
    assert_false(gv_known_has(&known, 412));
    gv_known_look_values(&known, engine, &keys, &news);
    expect(&news, "[412,0,63]");
    gv_known_fini(&known);
    gv_known_news_fini(&news);
    gv_solo_stop(&solo);
}

static void counts_are_told_as_they_grow(void **state) {
    (void)state;
    struct gv_solo solo;
    struct gv_known known = {0};
    struct gv_known_news news = {0};
    gv_solo_init(&solo, &gv_counter_workload);
    const struct gv_engine *engine = gv_node_engine(solo.node);
    gv_solo_ask(&solo, "{\"type\":\"add\",\"delta\":5,\"msg_id\":1}");
    gv_known_look_counts(&known, engine, &news);
    assert_true(news.len > 0 && news.text[0] == '[' && news.text[1] == '[');
    news.len = 0;
    gv_known_look_counts(&known, engine, &news);
    assert_int_equal(news.len, 0);
    gv_solo_ask(&solo, "{\"type\":\"add\",\"delta\":2,\"msg_id\":2}");
    gv_solo_ask(&solo, "{\"type\":\"add\",\"delta\":-3,\"msg_id\":3}");
    gv_known_look_counts(&known, engine, &news);
    news.text[news.len - 1] = '\0';
    assert_non_null(strstr(news.text, ",7],["));
    assert_string_equal(news.text + news.len - 4, ",3]");
    gv_known_fini(&known);
    gv_known_news_fini(&news);
    gv_solo_stop(&solo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_told_once),
        cmocka_unit_test(counts_are_told_as_they_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
