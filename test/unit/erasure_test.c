// SPDX-License-Identifier: MIT
// Keys are erased from the stack. This test does not run under valgrind, where the stack of a
// function that has returned is inaccessible.
#define _XOPEN_SOURCE 700 // sigaltstack

#include "../../codec/auth.h"
#include "../../codec/blake2b.h"
#include "../lib/test.h"

#include <signal.h>
#include <string.h>

#define SECRET "a secret of at least sixteen bytes"

static uint8_t stack[1 << 20];
static struct gv_auth erased;
static uint8_t digest_key[GV_AUTH_KEY];

static void on_signal(int number) {
    (void)number;
    gv_auth_init(&erased, gv_base_malloc(), gv_slice_text(SECRET), digest_key);
}

// How often any 16 bytes of the key, beginning at a multiple of 8, are on the stack.
static int count_copies(const uint8_t *key, size_t len) {
    int copies = 0;
    for (size_t i = 0; i + 16 <= len; i += 8)
        for (size_t at = 0; at + 16 <= sizeof stack; at++)
            copies += memcmp(stack + at, key + i, 16) == 0;
    return copies;
}

// gv_auth_init leaves neither the secret nor a key on the stack. It runs in a signal handler, which
// has its own stack.
static void keys_are_erased(void **state) {
    (void)state;
    stack_t ours = {.ss_sp = stack, .ss_size = sizeof stack}, before;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaltstack(&ours, &before), 0);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    signal(SIGUSR1, SIG_DFL);
    assert_int_equal(sigaltstack(&before, NULL), 0);
    uint8_t root[GV_AUTH_KEY];
    gv_blake2b_compute(root, sizeof root, (struct gv_slice){NULL, 0}, gv_slice_text(SECRET));
    assert_int_equal(count_copies((const uint8_t *)SECRET, sizeof SECRET - 1), 0);
    assert_int_equal(count_copies(root, sizeof root), 0);
    assert_int_equal(count_copies(erased.key, sizeof erased.key), 0);
    assert_int_equal(count_copies(digest_key, sizeof digest_key), 0);
    gv_auth_fini(&erased);
    static const struct gv_auth nothing;
    assert_memory_equal(&erased, &nothing, sizeof nothing);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys_are_erased)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
