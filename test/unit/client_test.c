// SPDX-License-Identifier: MIT
#include "../../sim/core/client.h"
#include "../lib/test.h"

static struct gv_client request(struct gv_client client) {
    client.msg_id++;
    client.wait = GV_CLIENT_WAIT_OP;
    return client;
}

static void a_reply_is_awaited_late_repeated_or_stray(void **state) {
    (void)state;
    struct gv_client client = {.open = true};
    assert_int_equal(gv_client_match(&client, 0), GV_CLIENT_REPLY_STRAY);
    assert_int_equal(gv_client_match(&client, 1), GV_CLIENT_REPLY_STRAY);
    client = request(client);
    assert_int_equal(gv_client_match(&client, 1), GV_CLIENT_REPLY_EXPECTED);
    client.wait = GV_CLIENT_IDLE;
    assert_int_equal(gv_client_match(&client, 1), GV_CLIENT_REPLY_REPEATED);
    client = request(client);
    gv_client_time_out(&client);
    client = request(client);
    assert_int_equal(gv_client_match(&client, 4), GV_CLIENT_REPLY_STRAY);
    assert_int_equal(gv_client_match(&client, 3), GV_CLIENT_REPLY_EXPECTED);
    assert_int_equal(gv_client_match(&client, 2), GV_CLIENT_REPLY_LATE);
    assert_int_equal(gv_client_match(&client, 2), GV_CLIENT_REPLY_REPEATED);
    assert_int_equal(gv_client_match(&client, 1), GV_CLIENT_REPLY_REPEATED);
}

static void many_requests_may_time_out(void **state) {
    (void)state;
    struct gv_client client = {.open = true};
    for (int i = 0; i < GV_CLIENT_TIMED_OUT_MAX + 1; i++) {
        client = request(client);
        gv_client_time_out(&client);
    }
    client.wait = GV_CLIENT_IDLE;
    assert_int_equal(gv_client_match(&client, 1), GV_CLIENT_REPLY_REPEATED); // no longer remembered
    for (uint64_t id = 2; id <= GV_CLIENT_TIMED_OUT_MAX + 1; id++) {
        assert_int_equal(gv_client_match(&client, id), GV_CLIENT_REPLY_LATE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_awaited_late_repeated_or_stray),
        cmocka_unit_test(many_requests_may_time_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
