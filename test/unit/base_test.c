// SPDX-License-Identifier: MIT
#include "../../merkle/base.h"
#include "../lib/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_every_error_has_its_text(void **state) {
    (void)state;
    static const struct {
        int code;
        const char *text;
    } errors[] = {
#define X(name, value, text) {name, text},
        GV_ERRORS(X)
#undef X
    };
    enum { COUNT = sizeof errors / sizeof *errors };
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(errors[i].code < 0);
        assert_string_equal(gv_base_error(errors[i].code), errors[i].text);
        assert_string_not_equal(errors[i].text, "unknown error");
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(errors[i].code, errors[j].code);
            assert_string_not_equal(errors[i].text, errors[j].text);
        }
    }
    // The numbers are part of the interface.
    assert_int_equal(GV_ENOMEM, -1);
    assert_int_equal(GV_ECORRUPT, -10);
}

static void test_other_codes(void **state) {
    (void)state;
    assert_string_equal(gv_base_error(0), "success");
    assert_string_equal(gv_base_error(1), "unknown error");
    assert_string_equal(gv_base_error(-1000), "unknown error");
    assert_string_equal(gv_base_error(INT32_MIN), "unknown error");
}

static void test_heap_keeps_what_it_resizes(void **state) {
    (void)state;
    struct gv_alloc heap = gv_base_malloc();
    char *block = heap.resize(heap.ctx, NULL, 0, 100);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
    memset(block, 'x', 100);
    block = heap.resize(heap.ctx, block, 100, 100000);
    assert_non_null(block);
    for (int i = 0; i < 100; i++) assert_int_equal(block[i], 'x');
    memset(block, 'y', 100000);
    block = heap.resize(heap.ctx, block, 100000, 10);
    assert_non_null(block);
    for (int i = 0; i < 10; i++) assert_int_equal(block[i], 'y');
    assert_null(heap.resize(heap.ctx, block, 10, 0));
    assert_null(heap.resize(heap.ctx, NULL, 0, 0));
}

// Assertions are enabled in every build, and evaluate their condition once.
static void test_true_assertion(void **state) {
    (void)state;
    int evaluations = 0;
    GV_ASSERT(++evaluations == 1);
    assert_int_equal(evaluations, 1);
}

static void test_false_assertion_ends_the_process(void **state) {
    (void)state;
    int fds[2], line = __LINE__ + 10; // line of the assertion below
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(fds[1], STDERR_FILENO);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        volatile int two = 2;
        GV_ASSERT(two == 3);
        _exit(0);
    }
    close(fds[1]);
    char output[512] = "", expected[512];
    assert_true(read(fds[0], output, sizeof output - 1) > 0); // one read suffices for a short text
    close(fds[0]);
    snprintf(expected, sizeof expected, "grapevine: %s:%d: assertion failed: two == 3\n", __FILE__,
             line);
    output[strlen(expected)] = '\0'; // emulators append a message of their own
    assert_string_equal(output, expected);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_has_its_text),
        cmocka_unit_test(test_other_codes),
        cmocka_unit_test(test_heap_keeps_what_it_resizes),
        cmocka_unit_test(test_true_assertion),
        cmocka_unit_test(test_false_assertion_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
