// SPDX-License-Identifier: MIT
// If a program defines gv_panic_report, that function replaces the default of the library.
#include "../../merkle/base.h"

#include "../lib/test.h"

#include <setjmp.h>
#include <string.h>

static jmp_buf back;
static const char *condition_reported, *file_reported;
static int line_reported;

void gv_panic_report(const char *condition, const char *file, int line) {
    condition_reported = condition;
    file_reported = file;
    line_reported = line;
    longjmp(back, 1);
}

static void the_function_of_the_program_is_called(void **state) {
    (void)state;
    volatile int two = 2, before = __LINE__;
    if (setjmp(back) == 0) {
        GV_ASSERT(two == 3);
        fail();
    }
    assert_string_equal(condition_reported, "two == 3");
    assert_non_null(strstr(file_reported, "panic_test.c"));
    assert_int_equal(line_reported, before + 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_function_of_the_program_is_called)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
