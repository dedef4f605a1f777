// SPDX-License-Identifier: MIT
// A program that has its own say of a bug: the library's default gives way.
#include "../lib/test.h"

#include "../../merkle/panic.h"

#include <setjmp.h>
#include <string.h>

static jmp_buf back;
static const char *condition_said, *file_said;
static int line_said;

void gv_panic_report(const char *condition, const char *file, int line) {
    condition_said = condition;
    file_said = file;
    line_said = line;
    longjmp(back, 1);
}

static void the_programs_own_is_called(void **state) {
    (void)state;
    volatile int two = 2, before = __LINE__;
    if (setjmp(back) == 0) {
        GV_ASSERT(two == 3);
        fail();
    }
    assert_string_equal(condition_said, "two == 3");
    assert_non_null(strstr(file_said, "panic_test.c"));
    assert_int_equal(line_said, before + 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_programs_own_is_called)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
