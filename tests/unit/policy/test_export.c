/* The documents of an export: patterns, regions of a bucket, and bodies against literal ones. */
#include "support.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/export_internal.h"

static const char two_environments[] =
    "apiVersion: gs3/v1\nserial: 1\nticket_systems:\n"
    "  cab: {type: servicenow, url: \"https://acme.service-now.com\"}\n"
    "environments:\n"
    "  production:\n"
    "    match: [{bucket: data, prefix: live}, {bucket: \"prod-*\"}]\n"
    "    governance_level: high\n    ticket_for: [write]\n    tickets:\n"
    "      - {name: c, system: cab, pattern: \"CHG[0-9]+\", active: true, metadata_key: chg}\n"
    "  shared:\n"
    "    match: [{bucket: data}, {bucket: \"d*\", prefix: live/deep}]\n"
    "    governance_level: standard\n    ticket_for: []\n";

/* The patterns, with blanks between. */
static char *patterns_of(const char *expression)
{
    gs3_auto_strings struct gs3_strings list = {.count = 0};
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(8192);
    gs3_export_pattern(expression, &list);
    for (size_t i = 0; i < list.count; i++)
        gs3_buf_printf(&text, "%s%s", i ? " " : "", list.items[i]);
    return gs3_buf_take(&text);
}

static void pattern_of_any_expression_is_what_iam_can_say(void **state)
{
    static const struct {
        const char *expression, *wanted;
    } table[] = {
        {"CHG[0-9]{7}", "CHG???????"},
        {"CHG[0-9]{7,}", "CHG???????*"},
        {"CHG[0-9]{2,4}", "CHG??*"},
        {"[A-Z][A-Z0-9_]+-[1-9][0-9]*", "??*-?*"},
        {"(INC|SCTASK)[0-9]+", "INC?* SCTASK?*"},
        {"INC1|INC2", "INC1 INC2"},
        {"a(b|c(d|e))f", "abf acdf acef"},
        {"OPS-?1", "OPS-1 OPS1"},
        {"^CHG[0-9]+$", "CHG?*"},
        {"a\\*b\\?c\\$", "a${*}b${?}c${$}"},
        {"a\\.b", "a.b"},
        {"a.b", "a?b"},
        {"x[]a]y", "x?y"},
        {"x[^]]y", "x?y"},
        {"x[[:digit:]]y", "x?y"},
        {"ab+c", "ab*c"},
        {"(ab)+c", "ab*c"},
        {"(ab){2}c", "ababc"},
        {"a**b", "*b"},
        /* What says nothing: one star. */
        {".*", "*"},
        {"[A-Z]*", "*"},
        {"CHG1|.*", "*"},
        /* More alternatives than are worth their room are cut behind what they share. */
        {"(a|b|c)(a|b|c)(a|b|c)", "*a *b *c"},
        {"x(1|2|3|4|5|6|7|8|9)", "x*"},
        /* Longer than any tag. */
        {"a[0-9]{200}b[0-9]{200}", "*"},
        /* Broken ones come from no loaded policy, and must end all the same. */
        {"a)b", "*"},
        {"a(b", "ab"},
        {"a[b", "a?"},
        {"a\\", "a\\"},
        {"a{3", "aaa"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        gs3_auto_free char *found = patterns_of(table[i].expression);
        if (strcmp(found, table[i].wanted) != 0)
            fail_msg("%s: %s, not %s", table[i].expression, found, table[i].wanted);
    }
}

static void regions_of_a_bucket_have_holes_where_others_govern(void **state)
{
    struct gs3_policy *policy = load_text(two_environments);
    struct gs3_regions regions;
    (void)state;
    gs3_regions_of(policy, "data", &regions);
    /* The literal bucket goes before the pattern: live/deep is not shared's again. */
    assert_int_equal(regions.count, 2);
    assert_string_equal(regions.items[0].prefix, "live");
    assert_string_equal(regions.items[0].environment->name, "production");
    assert_int_equal(regions.items[0].hole_count, 0);
    assert_string_equal(regions.items[1].prefix, "");
    assert_string_equal(regions.items[1].environment->name, "shared");
    assert_int_equal(regions.items[1].hole_count, 1);
    assert_string_equal(regions.items[1].holes[0], "live");
    gs3_regions_release(&regions);
    gs3_regions_of(policy, "elsewhere", &regions);
    assert_int_equal(regions.count, 0);
    gs3_regions_release(&regions);
    gs3_policy_free(policy);
}

static void escape_keeps_what_iam_would_read(void **state)
{
    gs3_auto_free char *text = gs3_export_escape("a*b?c${d}");
    (void)state;
    assert_string_equal(text, "a${*}b${?}c${$}{d}");
}

/* One document in one line; the error's text where there is none. */
static char *body_of(const char *text, const struct gs3_export_opts *opts)
{
    struct gs3_policy *policy = load_text(text);
    struct gs3_export export;
    struct gs3_err err = GS3_ERR_INIT;
    char *body = NULL;
    if (gs3_policy_export(policy, opts, &export, &err)) {
        body = gs3_xstrdup(err.message);
    } else {
        assert_int_equal(export.count, 1);
        assert_true(export.notes.count > 1);
        body = cJSON_PrintUnformatted(export.documents[0].body);
    }
    gs3_export_release(&export);
    gs3_policy_free(policy);
    return body;
}

static void take(struct gs3_strings *list, char **items, size_t count)
{
    *list = (struct gs3_strings){.items = items, .count = count};
}

static void bucket_of_two_environments_is_this(void **state)
{
    char *buckets[] = {TEXT("data")};
    struct gs3_export_opts opts = {.kind = GS3_EXPORT_BUCKET};
    (void)state;
    take(&opts.buckets, buckets, 1);
    gs3_auto_free char *body = body_of(two_environments, &opts);
    assert_string_equal(
        body, "{\"Version\":\"2012-10-17\",\"Statement\":["
              "{\"Sid\":\"WriteNeedsTicket1\",\"Effect\":\"Deny\",\"Action\":[\"s3:PutObject\","
              "\"s3:PutObjectTagging\",\"s3:PutObjectVersionTagging\"],\"Principal\":\"*\","
              "\"Resource\":[\"arn:aws:s3:::data/live\",\"arn:aws:s3:::data/live/*\"],"
              "\"Condition\":{\"Null\":{\"s3:RequestObjectTag/chg\":\"true\","
              "\"aws:PrincipalTag/chg\":\"true\"}}},"
              "{\"Sid\":\"TicketHasForm2\",\"Effect\":\"Deny\",\"Action\":[\"s3:PutObject\","
              "\"s3:PutObjectTagging\",\"s3:PutObjectVersionTagging\"],\"Principal\":\"*\","
              "\"Resource\":[\"arn:aws:s3:::data/live\",\"arn:aws:s3:::data/live/*\"],"
              "\"Condition\":{\"Null\":{\"s3:RequestObjectTag/chg\":\"false\"},"
              "\"StringNotLike\":{\"s3:RequestObjectTag/chg\":\"CHG?*\"}}},"
              "{\"Sid\":\"TicketHasForm3\",\"Effect\":\"Deny\",\"Action\":[\"s3:PutObject\","
              "\"s3:PutObjectTagging\",\"s3:PutObjectVersionTagging\"],\"Principal\":\"*\","
              "\"Resource\":[\"arn:aws:s3:::data/live\",\"arn:aws:s3:::data/live/*\"],"
              "\"Condition\":{\"Null\":{\"aws:PrincipalTag/chg\":\"false\"},"
              "\"StringNotLike\":{\"aws:PrincipalTag/chg\":\"CHG?*\"}}},"
              "{\"Sid\":\"UntagNeedsTicket4\",\"Effect\":\"Deny\",\"Action\":["
              "\"s3:DeleteObjectTagging\",\"s3:DeleteObjectVersionTagging\"],\"Principal\":\"*\","
              "\"Resource\":[\"arn:aws:s3:::data/live\",\"arn:aws:s3:::data/live/*\"],"
              "\"Condition\":{\"Null\":{\"aws:PrincipalTag/chg\":\"true\"}}},"
              "{\"Sid\":\"OnlyTls\",\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"Principal\":\"*\","
              "\"Resource\":[\"arn:aws:s3:::data\",\"arn:aws:s3:::data/*\"],"
              "\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}");
}

static void event_selectors_are_these(void **state)
{
    struct gs3_export_opts opts = {.kind = GS3_EXPORT_EVENT_SELECTORS,
                                   .environment = "production",
                                   .partition = "aws-cn"};
    (void)state;
    gs3_auto_free char *body = body_of(two_environments, &opts);
    assert_string_equal(
        body, "[{\"Name\":\"management events\",\"FieldSelectors\":[{\"Field\":\"eventCategory\","
              "\"Equals\":[\"Management\"]}]},{\"Name\":\"objects governed by gs3\","
              "\"FieldSelectors\":[{\"Field\":\"eventCategory\",\"Equals\":[\"Data\"]},"
              "{\"Field\":\"resources.type\",\"Equals\":[\"AWS::S3::Object\"]},"
              "{\"Field\":\"resources.ARN\",\"StartsWith\":[\"arn:aws-cn:s3:::data/live\","
              "\"arn:aws-cn:s3:::prod-\"]}]}]");
}

static void export_of_what_does_not_fit_is_refused(void **state)
{
    char *hostile[] = {TEXT("arn:aws:iam::1:role/x\n")};
    char *unknown[] = {TEXT("elsewhere")};
    struct gs3_export_opts opts = {.kind = GS3_EXPORT_SCP};
    (void)state;
    take(&opts.buckets, unknown, 1);
    gs3_auto_free char *bucket = body_of(two_environments, &opts);
    assert_string_equal(bucket, "--bucket elsewhere: no environment governs it");
    opts = (struct gs3_export_opts){.kind = GS3_EXPORT_SCP};
    take(&opts.exempt_roles, hostile, 1);
    gs3_auto_free char *role = body_of(two_environments, &opts);
    assert_true(gs3_str_has_prefix(role, "--exempt-role takes what begins with arn:"));
    opts = (struct gs3_export_opts){.kind = GS3_EXPORT_TRUST};
    gs3_auto_free char *trust = body_of(two_environments, &opts);
    assert_true(gs3_str_has_prefix(trust, "--kind trust needs --principal"));
}

static void render_of_a_small_buffer_fails(void **state)
{
    struct gs3_policy *policy = load_text(two_environments);
    struct gs3_export_opts opts = {.kind = GS3_EXPORT_SCP};
    struct gs3_export export;
    struct gs3_err err = GS3_ERR_INIT;
    (void)state;
    assert_int_equal(gs3_policy_export(policy, &opts, &export, &err), 0);
    for (int format = GS3_EXPORT_JSON; format <= GS3_EXPORT_CLOUDFORMATION; format++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(1000);
        assert_int_equal(gs3_export_render(&export, (enum gs3_export_format)format, &out, &err),
                         -1);
        assert_int_equal(err.class, GS3_EGENERAL);
    }
    gs3_export_release(&export);
    gs3_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_of_any_expression_is_what_iam_can_say),
        cmocka_unit_test(regions_of_a_bucket_have_holes_where_others_govern),
        cmocka_unit_test(escape_keeps_what_iam_would_read),
        cmocka_unit_test(bucket_of_two_environments_is_this),
        cmocka_unit_test(event_selectors_are_these),
        cmocka_unit_test(export_of_what_does_not_fit_is_refused),
        cmocka_unit_test(render_of_a_small_buffer_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
