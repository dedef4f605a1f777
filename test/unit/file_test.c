// SPDX-License-Identifier: MIT
#include "../lib/test.h"

#include "../../node/storage/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void only_plain_files_are_opened(void **state) {
    (void)state;
    char dir[] = "/tmp/gv-file-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    alarm(10); // opening a FIFO would wait
    assert_int_equal(gv_file_open(dir), GV_FILE_SPECIAL);
    assert_int_equal(gv_file_open("/dev/null"), GV_FILE_SPECIAL);
    snprintf(path, sizeof path, "%s/x", dir);
    assert_int_equal(gv_file_open(path), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(gv_file_open(path), GV_FILE_SPECIAL);
    unlink(path);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(gv_file_open(path), GV_FILE_SPECIAL);
    close(fd);
    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(gv_file_write(fd, (const uint8_t *)"abc", 3, 0), 0);
    close(fd);
    fd = gv_file_open(path);
    uint8_t read[3];
    assert_true(fd >= 0);
    assert_int_equal(gv_file_read(fd, read, 3, 0), 0);
    assert_memory_equal(read, "abc", 3);
    close(fd);
    unlink(path);
    rmdir(dir);
    alarm(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_plain_files_are_opened)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
