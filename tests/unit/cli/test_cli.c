/* cli: the parser, the option table, --metadata, and which policies are loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/metadata_option.h"
#include "cli/parse.h"
#include "cli/policies.h"

enum { WORDS = 16 };

static int parse(const char *const words[], struct gs3_args *args, struct gs3_err *err)
{
    static char storage[WORDS][64];
    char *argv[WORDS + 1];
    int argc = 0;
    argv[argc++] = storage[0];
    for (size_t i = 0; words[i]; i++) {
        assert_true(strlen(words[i]) < sizeof storage[0]);
        memcpy(storage[argc], words[i], strlen(words[i]) + 1);
        argv[argc] = storage[argc];
        argc++;
    }
    argv[argc] = NULL;
    return gs3_args_parse(argc, argv, args, err);
}

static void gs3_args_parse_takes_globals_on_both_sides(void **state)
{
    (void)state;
    struct gs3_args args;
    struct gs3_err err = GS3_ERR_INIT;
    const char *const words[] = {"--region", "a",  "mv",       "--profile=p", "--ticket", "X-1",
                                 "-",        "--", "--ticket", "--ticket",    NULL};
    assert_int_equal(parse(words, &args, &err), 0);
    assert_string_equal(args.command->name, "mv");
    assert_string_equal(args.values[GS3_OPT_REGION], "a");
    assert_string_equal(args.values[GS3_OPT_PROFILE], "p");
    assert_int_equal(args.given_count, 3);
    assert_int_equal(args.positional_count, 3);
    assert_string_equal(args.positional[2], "--ticket");
    gs3_args_release(&args);
}

static void gs3_args_parse_refuses_what_it_does_not_know(void **state)
{
    (void)state;
    static const char *const bad[][4] = {
        {"cp", "--password=hunter2", NULL},
        {"cp", "-phunter2", NULL},
        {"cp", "--tick", "X-1", NULL},
        {"cp", "--ticket", NULL},
        {"cp", "--dryrun=hunter2", NULL},
        {"cp", "--output", "hunter2", NULL},
        {"--ticket", "hunter2", "cp", NULL},
        {"rm", NULL},
        {"completion", "--profile", "x", NULL},
        {"cp", "-r", NULL},
        {"cp", "--recurs", NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct gs3_args args;
        struct gs3_err err = GS3_ERR_INIT;
        assert_int_equal(parse(bad[i], &args, &err), -1);
        assert_int_equal(err.class, GS3_EUSAGE);
        assert_null(strstr(err.message, "hunter2"));
        gs3_args_release(&args);
    }
}

static void gs3_options_table_is_in_the_order_of_its_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < GS3_OPTION_COUNT; i++) {
        const struct gs3_option *option = &gs3_options[i];
        assert_int_equal(option->id, i);
        assert_true(gs3_str_has_prefix(option->name, "--"));
        assert_true((option->kind == GS3_OPTION_FLAG) == (option->value_name == NULL));
        assert_true((option->value_kind == GS3_VALUE_CHOICE) == (option->choices != NULL));
        assert_ptr_equal(gs3_option_find(option->name, strlen(option->name)), option);
        assert_non_null(option->help);
        assert_int_not_equal(option->commands, 0);
    }
}

static void expect_metadata(const char *text, const char *key, const char *value)
{
    gs3_auto_pairs struct gs3_pairs pairs = GS3_PAIRS_INIT;
    struct gs3_err err = GS3_ERR_INIT;
    int failed = gs3_metadata_option_parse(text, &pairs, &err);
    if (!key) {
        assert_int_equal(failed, -1);
        assert_int_equal(err.class, GS3_EUSAGE);
        return;
    }
    assert_int_equal(failed, 0);
    assert_string_equal(gs3_pairs_get(&pairs, key), value);
}

static void gs3_metadata_option_parse_reads_aws_cli_forms(void **state)
{
    (void)state;
    expect_metadata("a=1,b=2", "b", "2");
    expect_metadata("a=1,b=", "b", "");
    expect_metadata("a=x=y", "a", "x=y");
    expect_metadata("a=\"x,y\",b=2", "a", "x,y");
    expect_metadata("a='x\"y',b=2", "a", "x\"y");
    expect_metadata("a=x\\,y", "a", "x,y");
    expect_metadata("{\"a\": \"x,y\"}", "a", "x,y");
    expect_metadata("", NULL, NULL);
    expect_metadata("a", NULL, NULL);
    expect_metadata("=1", NULL, NULL);
    expect_metadata("a=1,A=2", NULL, NULL);
    expect_metadata("a=1,", NULL, NULL);
    expect_metadata("a=\"x", NULL, NULL);
    expect_metadata("a=\"x\"y", NULL, NULL);
    expect_metadata("{\"a\": 1}", NULL, NULL);
    expect_metadata("{\"a\": \"1\", \"a\": \"2\"}", NULL, NULL);
    expect_metadata("{\"a\": \"1\"", NULL, NULL);
    expect_metadata("file:///nonexistent/file", NULL, NULL);
}

static void write_policy(const char *path, const char *head)
{
    static const char tail[] = "environments:\n"
                               "  test:\n"
                               "    match: [{bucket: test-data}]\n"
                               "    governance_level: standard\n"
                               "    ticket_for: []\n";
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "apiVersion: gs3/v1\nserial: 1\n%s%s", head, tail);
    fclose(file);
}

static void gs3_policies_load_asks_the_system_first(void **state)
{
    (void)state;
    char directory[] = "/tmp/gs3-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    gs3_auto_free char *system = gs3_xasprintf("%s/policy.yaml", directory);
    gs3_auto_free char *parts = gs3_xasprintf("%s/policy.d", directory);
    gs3_auto_free char *mine = gs3_xasprintf("%s/mine.yaml", directory);
    struct gs3_policies policies;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_policies_load(directory, NULL, &policies, &err), -1);
    assert_int_equal(err.class, GS3_EPOLICY);
    write_policy(mine, "");
    assert_int_equal(gs3_policies_load(directory, mine, &policies, &err), 0);
    assert_int_equal(policies.count, 1);
    assert_false(policies.items[0]->is_system);
    gs3_policies_release(&policies);
    write_policy(system, "");
    assert_int_equal(gs3_policies_load(directory, mine, &policies, &err), 0);
    assert_int_equal(policies.count, 2);
    assert_true(policies.items[0]->is_system);
    gs3_policies_release(&policies);
    write_policy(system, "locked: true\n");
    assert_int_equal(gs3_policies_load(directory, mine, &policies, &err), -1);
    assert_int_equal(err.class, GS3_EPOLICY);
    assert_non_null(strstr(err.message, "locked"));
    gs3_policies_release(&policies);
    assert_int_equal(gs3_policies_load(directory, NULL, &policies, &err), 0);
    gs3_policies_release(&policies);
    write_policy(mine, "locked: true\n");
    unlink(system);
    assert_int_equal(gs3_policies_load(directory, mine, &policies, &err), -1);
    gs3_policies_release(&policies);
    write_policy(system, "");
    assert_int_equal(mkdir(parts, 0700), 0);
    assert_int_equal(gs3_policies_load(directory, NULL, &policies, &err), -1);
    gs3_policies_release(&policies);
    rmdir(parts);
    unlink(system);
    unlink(mine);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_args_parse_takes_globals_on_both_sides),
        cmocka_unit_test(gs3_args_parse_refuses_what_it_does_not_know),
        cmocka_unit_test(gs3_options_table_is_in_the_order_of_its_ids),
        cmocka_unit_test(gs3_metadata_option_parse_reads_aws_cli_forms),
        cmocka_unit_test(gs3_policies_load_asks_the_system_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
