// SPDX-License-Identifier: MIT
#include "../lib/test.h"

#include "../../node/options.h"
#include "../../node/secret_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char fault[256];

// Parses these words, split at spaces.
static int parse(struct gv_options *out, enum gv_options_scope scope, const char *words) {
    static char text[256];
    static char *argv[32];
    snprintf(text, sizeof text, "gv-x %s", words);
    int argc = 0;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < 31);
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    fault[0] = '\0';
    return gv_options_parse(out, scope, argc, argv, fault, sizeof fault);
}

static void test_defaults(void **state) {
    (void)state;
    struct gv_options o;
    assert_int_equal(parse(&o, GV_OPTIONS_GOSSIP, ""), 0);
    assert_int_equal(o.staleness_ms, 500);
    assert_int_equal(o.log_level, GV_LOG_INFO);
    assert_null(o.secret_file);
    assert_null(o.data);
    assert_int_equal(o.durability, GV_OPTIONS_SYNC);
    assert_int_equal(o.commit_ms, 100);
    assert_false(o.help || o.version || o.has_seed);
    assert_int_equal(o.message_max, 65536);
    assert_int_equal(o.line_max, 1048576);
    assert_int_equal(o.tokens_max, 262144);
    assert_int_equal(o.depth_max, 64);
    assert_int_equal(o.peers_max, 16384);
    assert_int_equal(o.memory_max, 0);
    assert_int_equal(o.entries_max, 0);
    assert_int_equal(o.client_rate, 0);
    assert_int_equal(o.client_burst, 0);
    assert_int_equal(o.log_format, GV_OPTIONS_TEXT);
    assert_int_equal(o.stats_ms, 0);
}

static void test_values(void **state) {
    (void)state;
    struct gv_options o;
    assert_int_equal(parse(&o, GV_OPTIONS_GOSSIP,
                           "--staleness 0 --secret-file=/a=b --seed 18446744073709551615 "
                           "--log-level debug --message-max=4096 --line-max 2000000"),
                     0);
    assert_int_equal(o.staleness_ms, 0);
    assert_string_equal(o.secret_file, "/a=b");
    assert_true(o.has_seed);
    assert_true(o.seed == UINT64_MAX);
    assert_int_equal(o.log_level, GV_LOG_DEBUG);
    assert_int_equal(o.message_max, 4096);
    assert_int_equal(o.line_max, 2000000);

    assert_int_equal(parse(&o, GV_OPTIONS_GOSSIP,
                           "--tokens-max 40000 --depth-max 80 --peers-max 5 --memory-max 2000000 "
                           "--entries-max 9 --client-rate 7 --log-format json --stats-interval 50"),
                     0);
    assert_int_equal(o.tokens_max, 40000);
    assert_int_equal(o.depth_max, 80);
    assert_int_equal(o.peers_max, 5);
    assert_int_equal(o.memory_max, 2000000);
    assert_int_equal(o.entries_max, 9);
    assert_int_equal(o.client_rate, 7);
    assert_int_equal(o.client_burst, 7);
    assert_int_equal(o.log_format, GV_OPTIONS_JSON);
    assert_int_equal(o.stats_ms, 50);
    assert_int_equal(parse(&o, GV_OPTIONS_ANY, "--client-rate 7 --client-burst=70"), 0);
    assert_int_equal(o.client_burst, 70);

    assert_int_equal(
        parse(&o, GV_OPTIONS_GOSSIP, "--data /x --durability=async --commit-within 20"), 0);
    assert_string_equal(o.data, "/x");
    assert_int_equal(o.durability, GV_OPTIONS_ASYNC);
    assert_int_equal(o.commit_ms, 20);
    assert_int_equal(parse(&o, GV_OPTIONS_GOSSIP, "--data /x --export-refused y --secret-file z"),
                     0);
    assert_string_equal(o.export_refused, "y");
    assert_string_equal(o.secret_file, "z");
    assert_int_equal(parse(&o, GV_OPTIONS_GOSSIP, "--data=/x --durability none"), 0);
    assert_int_equal(o.durability, GV_OPTIONS_NONE);
    assert_int_equal(parse(&o, GV_OPTIONS_STORE, "--data x --commit-within 5 --line-max 65536"), 0);
    assert_int_equal(o.commit_ms, 5);

    assert_int_equal(parse(&o, GV_OPTIONS_ANY, "--seed 16 --seed 010 --log-level=error --help"), 0);
    assert_int_equal(o.seed, 10);
    assert_int_equal(o.log_level, GV_LOG_ERROR);
    assert_true(o.help);
    assert_int_equal(parse(&o, GV_OPTIONS_ANY, "--version"), 0);
    assert_true(o.version);
}

static void test_faults(void **state) {
    (void)state;
    static const struct {
        enum gv_options_scope scope;
        const char *words, *fault;
    } cases[] = {
        {GV_OPTIONS_GOSSIP, "--foo", "unknown option --foo"},
        {GV_OPTIONS_GOSSIP, "--foo=3", "unknown option --foo"},
        {GV_OPTIONS_GOSSIP, "--stale 3", "unknown option --stale"},
        {GV_OPTIONS_GOSSIP, "--stalenessx 3", "unknown option --stalenessx"},
        {GV_OPTIONS_GOSSIP, "--=3", "unknown option --"},
        {GV_OPTIONS_GOSSIP, "--\033[31mx\xc2\x9b", "unknown option --\\x1b[31mx\\u009b"},
        {GV_OPTIONS_GOSSIP, "\033]0;x\007", "unexpected argument \\x1b]0;x\\x07"},
        {GV_OPTIONS_ANY, "--staleness 3", "unknown option --staleness"},
        {GV_OPTIONS_ANY, "--secret-file x", "unknown option --secret-file"},
        {GV_OPTIONS_GOSSIP, "-h", "unexpected argument -h"},
        {GV_OPTIONS_GOSSIP, "--", "unexpected argument --"},
        {GV_OPTIONS_GOSSIP, "x", "unexpected argument x"},
        {GV_OPTIONS_GOSSIP, "--seed", "--seed requires N"},
        {GV_OPTIONS_GOSSIP, "--secret-file x --message-max 1076",
         "--message-max must be at least 1077 with --secret-file"},
        {GV_OPTIONS_GOSSIP, "--secret-file", "--secret-file requires FILE"},
        {GV_OPTIONS_GOSSIP, "--help=1", "--help takes no value"},
        {GV_OPTIONS_GOSSIP, "--seed x", "--seed: expected a decimal integer, not x"},
        {GV_OPTIONS_GOSSIP, "--seed=", "--seed: expected a decimal integer, not "},
        {GV_OPTIONS_GOSSIP, "--seed -1", "--seed: expected a decimal integer, not -1"},
        {GV_OPTIONS_GOSSIP, "--seed 0x10", "--seed: expected a decimal integer, not 0x10"},
        {GV_OPTIONS_GOSSIP, "--seed +1", "--seed: expected a decimal integer, not +1"},
        {GV_OPTIONS_GOSSIP, "--seed 1x", "--seed: expected a decimal integer, not 1x"},
        {GV_OPTIONS_GOSSIP, "--staleness 1.5", "--staleness: expected a decimal integer, not 1.5"},
        {GV_OPTIONS_GOSSIP, "--staleness 3600001",
         "--staleness: expected 0 to 3600000, not 3600001"},
        {GV_OPTIONS_GOSSIP, "--seed 18446744073709551616",
         "--seed: expected 0 to 18446744073709551615, not 18446744073709551616"},
        {GV_OPTIONS_GOSSIP, "--message-max 10", "--message-max: expected 1024 to 65536, not 10"},
        {GV_OPTIONS_GOSSIP, "--message-max 65537",
         "--message-max: expected 1024 to 65536, not 65537"},
        {GV_OPTIONS_GOSSIP, "--line-max 10", "--line-max: expected 4096 to 1073741824, not 10"},
        {GV_OPTIONS_GOSSIP, "--message-max 1024 --line-max 66559",
         "--line-max must be at least 66560, for messages between nodes"},
        {GV_OPTIONS_ANY, "--data x", "unknown option --data"},
        {GV_OPTIONS_STORE, "--staleness 3", "unknown option --staleness"},
        {GV_OPTIONS_STORE, "--durability none", "--durability and --commit-within require --data"},
        {GV_OPTIONS_GOSSIP, "--data=", "--data: the name of the directory is empty"},
        {GV_OPTIONS_GOSSIP, "--data x --durability maybe",
         "--durability: expected sync, async or none, not maybe"},
        {GV_OPTIONS_GOSSIP, "--data x --commit-within 60001",
         "--commit-within: expected 0 to 60000, not 60001"},
        {GV_OPTIONS_GOSSIP, "--export-refused x", "--export-refused requires --data"},
        {GV_OPTIONS_GOSSIP, "--durability sync", "--durability and --commit-within require --data"},
        {GV_OPTIONS_GOSSIP, "--message-max 1024 --tokens-max 32783",
         "--tokens-max must be at least 32784, for messages between nodes"},
        {GV_OPTIONS_GOSSIP, "--depth-max 63",
         "--depth-max must be at least 64, for messages between nodes"},
        {GV_OPTIONS_GOSSIP, "--depth-max 2000", "--depth-max: expected 16 to 1024, not 2000"},
        {GV_OPTIONS_GOSSIP, "--client-burst 5", "--client-burst requires --client-rate"},
        {GV_OPTIONS_GOSSIP, "--client-rate 0", "--client-rate: expected 1 to 1000000000, not 0"},
        {GV_OPTIONS_ANY, "--entries-max 5", "unknown option --entries-max"},
        {GV_OPTIONS_GOSSIP, "--log-format xml", "--log-format: expected text or json, not xml"},
        {GV_OPTIONS_GOSSIP, "--log-level loud",
         "--log-level: expected error, warn, info or debug, not loud"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gv_options o;
        assert_int_equal(parse(&o, cases[i].scope, cases[i].words), GV_EINVAL);
        assert_string_equal(fault, cases[i].fault);
    }
    struct gv_options o;
    assert_int_equal(parse(&o, GV_OPTIONS_ANY, "--line-max 65536"), 0);
}

static void test_help(void **state) {
    (void)state;
    char text[GV_OPTIONS_HELP_MAX];
    int len = gv_options_help("gv-x", GV_OPTIONS_GOSSIP, text, sizeof text);
    assert_int_equal(len, strlen(text));
    assert_non_null(strstr(text, "usage: gv-x [option]...\n"));
    assert_non_null(strstr(text, "--staleness MS"));
    gv_options_help("gv-x", GV_OPTIONS_ANY, text, sizeof text);
    assert_null(strstr(text, "--staleness"));
    assert_non_null(strstr(text, "--seed N"));
    assert_null(strstr(text, "--data"));
    gv_options_help("gv-x", GV_OPTIONS_STORE, text, sizeof text);
    assert_non_null(strstr(text, "--data DIR"));
    assert_null(strstr(text, "--staleness"));
}

static int read_secret(const char *content, size_t len, uint8_t *buf, size_t cap) {
    bool shared = true;
    char path[] = "/tmp/gv-secret-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    close(fd);
    int status = gv_secret_file_read(path, buf, cap, &shared);
    unlink(path);
    assert_false(shared); // only the owner can read a file made by mkstemp
    return status;
}

static void test_secret(void **state) {
    (void)state;
    uint8_t buf[17];
    assert_int_equal(read_secret("0123456789abcdef\n", 17, buf, sizeof buf), 16);
    assert_memory_equal(buf, "0123456789abcdef", 16);
    assert_int_equal(read_secret("0123456789abcde\n\n", 17, buf, sizeof buf), 16);
    static const char zeros[17] = {0};
    assert_int_equal(read_secret(zeros, sizeof zeros, buf, sizeof buf), 17);
    assert_int_equal(read_secret("0123456789abcdefgh", 18, buf, sizeof buf), GV_ESPACE);
    assert_int_equal(read_secret("0123456789abcde\n", 16, buf, sizeof buf), GV_EINVAL);
    assert_int_equal(read_secret("", 0, buf, sizeof buf), GV_EINVAL);
    bool shared;
    assert_int_equal(gv_secret_file_read("/nonexistent/file", buf, sizeof buf, &shared), GV_ENOENT);
    assert_int_equal(gv_secret_file_read("/", buf, sizeof buf, &shared), GV_ENOENT);
}

// A file that other users may read is accepted, with a warning.
static void test_shared_secret(void **state) {
    (void)state;
    static const struct {
        mode_t mode;
        bool shared;
    } cases[] = {{0600, false}, {0400, false}, {0622, false}, {0640, true}, {0604, true}};
    char path[] = "/tmp/gv-secret-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "0123456789abcdef", 16), 16);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t buf[17];
        bool shared = !cases[i].shared;
        assert_int_equal(fchmod(fd, cases[i].mode), 0);
        assert_int_equal(gv_secret_file_read(path, buf, sizeof buf, &shared), 16);
        assert_int_equal(shared, cases[i].shared);
    }
    close(fd);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
        cmocka_unit_test(test_faults),   cmocka_unit_test(test_help),
        cmocka_unit_test(test_secret),   cmocka_unit_test(test_shared_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
