// SPDX-License-Identifier: MIT
// The part of cmocka that the libraries' tests use, for ports that have no cmocka. Its output has
// cmocka's format, which test/lib/run.sh parses. A failed assertion ends the program, so the tests
// after it count as failed.
#ifndef GV_TEST_LIB_PORT_CMOCKA_H
#define GV_TEST_LIB_PORT_CMOCKA_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
};

#define cmocka_unit_test(function) \
    { #function, function }
#define print_error(...) fprintf(stderr, __VA_ARGS__)
#define print_message(...) printf(__VA_ARGS__)
#define fail_msg(...) (printf(__VA_ARGS__), gv_cmocka_fail("fail_msg", __FILE__, __LINE__))
#define fail() gv_cmocka_fail("fail", __FILE__, __LINE__)

__attribute__((noreturn)) static inline void gv_cmocka_fail(const char *what, const char *file,
                                                            int line) {
    printf("\n%s:%d: error: %s\n[  FAILED  ]\n", file, line, what);
    exit(1);
}

static inline void gv_cmocka_check(bool holds, const char *what, const char *file, int line) {
    if (!holds) gv_cmocka_fail(what, file, line);
}

static inline void gv_cmocka_equal(uintmax_t a, uintmax_t b, bool equal, const char *what,
                                   const char *file, int line) {
    if ((a == b) == equal) return;
    printf("%#" PRIxMAX " and %#" PRIxMAX "\n", a, b);
    gv_cmocka_fail(what, file, line);
}

#define GV_CMOCKA_CHECK(condition, what) gv_cmocka_check(condition, what, __FILE__, __LINE__)
#define GV_CMOCKA_EQUAL(a, b, equal, what) \
    gv_cmocka_equal((uintmax_t)(a), (uintmax_t)(b), equal, what, __FILE__, __LINE__)

#define assert_true(a) GV_CMOCKA_CHECK((a) ? true : false, #a)
#define assert_false(a) GV_CMOCKA_CHECK((a) ? false : true, "not " #a)
#define assert_null(a) GV_CMOCKA_CHECK((a) == NULL, #a " is NULL")
#define assert_non_null(a) GV_CMOCKA_CHECK((a) != NULL, #a " is not NULL")
#define assert_ptr_equal(a, b) GV_CMOCKA_CHECK((a) == (b), #a " is " #b)
#define assert_int_equal(a, b) GV_CMOCKA_EQUAL(a, b, true, #a " equals " #b)
#define assert_int_not_equal(a, b) GV_CMOCKA_EQUAL(a, b, false, #a " differs from " #b)
#define assert_string_equal(a, b) GV_CMOCKA_CHECK(strcmp(a, b) == 0, #a " equals " #b)
#define assert_string_not_equal(a, b) GV_CMOCKA_CHECK(strcmp(a, b) != 0, #a " differs from " #b)
#define assert_memory_equal(a, b, size) GV_CMOCKA_CHECK(memcmp(a, b, size) == 0, #a " equals " #b)
#define assert_in_range(a, least, most)                                                          \
    GV_CMOCKA_CHECK((uintmax_t)(a) >= (uintmax_t)(least) && (uintmax_t)(a) <= (uintmax_t)(most), \
                    #a " is in " #least " … " #most)

// Passes the *state that `setup` sets to every test. setup and teardown return 0 and may be NULL.
#define cmocka_run_group_tests(tests, setup, teardown) \
    gv_cmocka_run(tests, sizeof(tests) / sizeof *(tests), setup, teardown)

static inline int gv_cmocka_run(const struct CMUnitTest *tests, size_t count,
                                int (*setup)(void **state), int (*teardown)(void **state)) {
    void *state = NULL;
    printf("[==========] Running %zu test(s).\n", count);
    if (setup != NULL) GV_CMOCKA_EQUAL(setup(&state), 0, true, "the group is set up");
    for (size_t i = 0; i < count; i++) {
        printf("[ RUN      ] %s\n", tests[i].name);
        fflush(stdout); // a test may fork, and its child must not write this again
        tests[i].test(&state);
        printf("[       OK ] %s\n", tests[i].name);
    }
    if (teardown != NULL) GV_CMOCKA_EQUAL(teardown(&state), 0, true, "the group is torn down");
    printf("[==========] %zu test(s) run.\n", count);
    return 0;
}

#endif
