/* transfer/location: addresses, destination names, and how aws-cli prints them. */
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
#include "transfer/location.h"

static void gs3_location_parse_reads_the_three_kinds(void **state)
{
    (void)state;
    struct gs3_location location;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_location_parse("s3://b//k/../x?y#z", &location, &err), 0);
    assert_string_equal(location.bucket, "b");
    assert_string_equal(location.key, "/k/../x?y#z");
    gs3_location_release(&location);
    assert_int_equal(gs3_location_parse("s3://b", &location, &err), 0);
    assert_string_equal(location.key, "");
    gs3_location_release(&location);
    assert_int_equal(gs3_location_parse("-", &location, &err), 0);
    assert_int_equal(location.kind, GS3_LOCATION_STREAM);
    assert_int_equal(gs3_location_parse("s3:/b/k", &location, &err), 0);
    assert_int_equal(location.kind, GS3_LOCATION_LOCAL);
    gs3_location_release(&location);
}

static void gs3_location_parse_keeps_an_arn_whole(void **state)
{
    (void)state;
#define POINT "arn:aws:s3:us-west-2:123456789012:accesspoint/my-point"
    static const struct {
        const char *argument, *bucket, *key;
    } cases[] = {
        {"s3://" POINT "/a/b:c", POINT, "a/b:c"},
        {"s3://" POINT, POINT, ""},
        {"s3://" POINT "/", POINT, ""},
        {"s3://" POINT "//a", POINT, "/a"},
        {"s3://arn:aws:s3:us-west-2:123456789012:accesspoint:my-point/a/b", POINT, "a/b"},
        {"s3://arn:aws:s3::123456789012:accesspoint/x.mrap/k",
         "arn:aws:s3::123456789012:accesspoint/x.mrap", "k"},
        {"s3://arn:aws:s3-outposts:r:1:outpost/op-1/accesspoint/n/k",
         "arn:aws:s3-outposts:r:1:outpost/op-1/accesspoint/n", "k"},
        {"s3://arn:aws:s3-object-lambda:r:1:accesspoint/n/k",
         "arn:aws:s3-object-lambda:r:1:accesspoint/n", "k"},
        {"s3://arn:aws:s3:::bucket/accesspoint/k", "arn:aws:s3:::bucket", "accesspoint/k"},
        {"s3://arn:aws/s3:r:1:accesspoint/n/k", "arn:aws", "s3:r:1:accesspoint/n/k"},
        {"s3://arn:aws:s3:r:1:accesspoint//k", "arn:aws:s3:r:1:accesspoint/", "k"},
        {"s3://arn:", "arn:", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_location location;
        struct gs3_err err = GS3_ERR_INIT;
        if (gs3_location_parse(cases[i].argument, &location, &err))
            fail_msg("%s: %s", cases[i].argument, err.message);
        assert_string_equal(location.bucket, cases[i].bucket);
        assert_string_equal(location.key, cases[i].key);
        gs3_location_release(&location);
    }
    struct gs3_location location;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_location_parse("s3://arn:x:hunter2@b/k", &location, &err), -1);
    assert_null(strstr(err.message, "hunter2"));
}

static void gs3_location_parse_refuses_secrets_and_nothing(void **state)
{
    (void)state;
    struct gs3_location location;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_location_parse("s3://AKIA:hunter2@bucket/key", &location, &err), -1);
    assert_int_equal(err.class, GS3_EUSAGE);
    assert_null(strstr(err.message, "hunter2"));
    /* AWS's secrets hold slashes. */
    assert_int_equal(gs3_location_parse("s3://AKIA:hunter2/x@bucket/key", &location, &err), -1);
    assert_null(strstr(err.message, "hunter2"));
    assert_int_equal(gs3_location_parse("s3:///key", &location, &err), -1);
    assert_int_equal(gs3_location_parse("", &location, &err), -1);
}

static void resolve(const char *source, const char *destination, const char *expected)
{
    struct gs3_location from, to;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_location_parse(source, &from, &err), 0);
    assert_int_equal(gs3_location_parse(destination, &to, &err), 0);
    int failed = gs3_location_resolve(&from, &to, &err);
    if (!expected) {
        assert_int_equal(failed, -1);
        assert_int_equal(err.class, GS3_EUSAGE);
    } else {
        assert_int_equal(failed, 0);
        assert_string_equal(to.kind == GS3_LOCATION_S3 ? to.key : to.path, expected);
    }
    gs3_location_release(&from);
    gs3_location_release(&to);
}

static void gs3_location_resolve_follows_aws_cli(void **state)
{
    (void)state;
    char directory[] = "/tmp/gs3-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    gs3_auto_free char *in_directory = gs3_xasprintf("%s/x", directory);
    gs3_auto_free char *slashed = gs3_xasprintf("%s/new/", directory);
    gs3_auto_free char *in_slashed = gs3_xasprintf("%s/new/x", directory);
    resolve("dir/x", "s3://b", "x");
    resolve("dir/x", "s3://b/", "x");
    resolve("dir/x", "s3://b/p/", "p/x");
    resolve("dir/x", "s3://b/p", "p");
    resolve("dir/x", "s3://b//", "/x");
    resolve("s3://b/p/x", "s3://b/q/", "q/x");
    resolve("s3://b/p/x", directory, in_directory);
    resolve("s3://b/p/x", slashed, in_slashed);
    resolve("s3://b/p/x", "/nowhere/x", "/nowhere/x");
    resolve("s3://b/p/..", directory, NULL);
    resolve("s3://b/p/", directory, NULL);
    resolve("-", "s3://b/", NULL);
    resolve("dir/\xFF", "s3://b/", NULL);
    rmdir(directory);
}

static void gs3_location_resolve_checks_the_length_of_a_key(void **state)
{
    (void)state;
    char address[6 + 1026] = "s3://b/";
    memset(address + 7, 'k', 1024);
    address[7 + 1024] = '\0';
    resolve("x", address, address + 7);
    char longer[6 + 1027] = "s3://b/";
    memset(longer + 7, 'k', 1025);
    longer[7 + 1025] = '\0';
    resolve("x", longer, NULL);
}

static void expect_format(const char *argument, const char *expected)
{
    struct gs3_location location;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_location_parse(argument, &location, &err), 0);
    gs3_auto_free char *text = gs3_location_format(&location, NULL);
    assert_string_equal(text, expected);
    gs3_location_release(&location);
}

static void gs3_location_format_is_relative_as_aws_cli(void **state)
{
    (void)state;
    char root[] = "/tmp/gs3-test-XXXXXX";
    assert_non_null(mkdtemp(root));
    gs3_auto_free char *deep = gs3_xasprintf("%s/a/b", root);
    gs3_auto_free char *shallow = gs3_xasprintf("%s/a", root);
    gs3_auto_free char *absolute = gs3_xasprintf("%s/a/b/f", root);
    gs3_auto_free char *above = gs3_xasprintf("%s/f", root);
    gs3_auto_free char *beside = gs3_xasprintf("%s/a/bc/f", root);
    assert_int_equal(mkdir(shallow, 0700), 0);
    assert_int_equal(mkdir(deep, 0700), 0);
    assert_int_equal(chdir(deep), 0);
    expect_format("f", "./f");
    expect_format("./f", "./f");
    expect_format("c/f", "c/f");
    expect_format("c/../f", "./f");
    expect_format("../f", "../f");
    expect_format(absolute, "./f");
    expect_format(above, "../../f");
    expect_format(beside, "../bc/f");
    expect_format("/f", "../../../../f");
    expect_format("s3://b/k", "s3://b/k");
    expect_format("-", "-");
    assert_int_equal(chdir("/"), 0);
    rmdir(deep);
    rmdir(shallow);
    rmdir(root);
}

static void gs3_location_is_same_object_compares_resolved_names(void **state)
{
    (void)state;
    struct gs3_location a, b;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_location_parse("s3://b/p/x", &a, &err), 0);
    assert_int_equal(gs3_location_parse("s3://b/p/", &b, &err), 0);
    assert_int_equal(gs3_location_resolve(&a, &b, &err), 0);
    assert_true(gs3_location_is_same_object(&a, &b));
    gs3_location_release(&b);
    assert_int_equal(gs3_location_parse("s3://b/p//x", &b, &err), 0);
    assert_false(gs3_location_is_same_object(&a, &b));
    gs3_location_release(&a);
    gs3_location_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_location_parse_reads_the_three_kinds),
        cmocka_unit_test(gs3_location_parse_keeps_an_arn_whole),
        cmocka_unit_test(gs3_location_parse_refuses_secrets_and_nothing),
        cmocka_unit_test(gs3_location_resolve_follows_aws_cli),
        cmocka_unit_test(gs3_location_resolve_checks_the_length_of_a_key),
        cmocka_unit_test(gs3_location_format_is_relative_as_aws_cli),
        cmocka_unit_test(gs3_location_is_same_object_compares_resolved_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
