/* Which environment governs a key: the contract's precedence, prefixes, ties, endpoints, and the
 * keys of governance. */
#include "support.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "policy/match.h"
#include "text/bucket.h"

/* A policy of environments that differ in nothing but their match lists. */
static char *with_matches(const char *const *matches, size_t count)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(10000);
    gs3_buf_puts(&text, "apiVersion: gs3/v1\nserial: 1\ntemplates:\n"
                        "  t: {governance_level: standard, ticket_for: []}\nenvironments:\n");
    for (size_t i = 0; i < count; i++)
        gs3_buf_printf(&text, "  e%zu: {extends: t, match: [%s]}\n", i, matches[i]);
    return gs3_buf_take(&text);
}

static void check_environment(const struct gs3_policy *policy, const char *bucket, const char *key,
                              const char *wanted)
{
    const struct gs3_environment *found = gs3_policy_environment(policy, bucket, key);
    if (!gs3_str_equal(found ? found->name : NULL, wanted))
        fail_msg("%s/%s is in %s, not in %s", bucket, key, found ? found->name : "none",
                 wanted ? wanted : "none");
}

static void match_precedence_is_the_contracts(void **state)
{
    static const char *const matches[] = {
        "{bucket: \"*\"}",                                /* e0 */
        "{bucket: \"prod-*\"}",                           /* e1 */
        "{bucket: \"prod-data-*\"}",                      /* e2 */
        "{bucket: prod-data-eu}",                         /* e3 */
        "{bucket: prod-data-eu, prefix: live}",           /* e4 */
        "{bucket: prod-data-eu, prefix: live/deep/}",     /* e5 */
        "{bucket: \"prod-?\", prefix: a}",                /* e6: as e1, a longer prefix */
        "{bucket: only-prefix, prefix: x/y}",             /* e7 */
        "{bucket: \"glob-long-name-*\"}",                 /* e8 */
        "{bucket: \"glob-*\", prefix: very/long/prefix}", /* e9: fewer literal characters */
    };
    static const struct {
        const char *bucket, *key, *wanted;
    } cases[] = {
        {"anything", "k", "e0"},
        {"prod-x", "k", "e1"},
        {"prod-x", "a/k", "e6"},
        {"prod-x", "ab", "e1"},
        {"prod-xy", "a/k", "e1"},
        {"prod-data-us", "k", "e2"},
        {"prod-data-eu", "k", "e3"},
        {"prod-data-eu", "live/k", "e4"},
        {"prod-data-eu", "live", "e4"},
        {"prod-data-eu", "live/", "e4"},
        {"prod-data-eu", "liverpool", "e3"},
        {"prod-data-eu", "liverpool/k", "e3"},
        {"prod-data-eu", "Live/k", "e3"},
        {"prod-data-eu", "/live/k", "e3"},
        {"prod-data-eu", "live/deep/k", "e5"},
        {"prod-data-eu", "live/deep", "e5"},
        {"prod-data-eu", "live/deeper/k", "e4"},
        {"prod-data-eu", "live//deep/k", "e4"},
        {"prod-data-eu", "live/../x", "e4"}, /* a key is no path */
        {"prod-data-eu", "", "e3"},
        {"only-prefix", "x/y/z", "e7"},
        {"only-prefix", "x/z", "e0"},
        {"glob-long-name-1", "very/long/prefix/k", "e8"},
        {"glob-1", "very/long/prefix/k", "e9"},
        {"glob-1", "k", "e0"},
    };
    (void)state;
    gs3_auto_free char *text = with_matches(matches, COUNT(matches));
    struct gs3_policy *policy = load_text(text);
    for (size_t i = 0; i < COUNT(cases); i++)
        check_environment(policy, cases[i].bucket, cases[i].key, cases[i].wanted);
    gs3_policy_free(policy);
}

static void match_nothing_is_no_environment(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    (void)state;
    check_environment(policy, "prod", "k", NULL);
    check_environment(policy, "xprod-a", "k", NULL);
    check_environment(policy, "shared-data", "k", NULL);
    check_environment(policy, "shared-data", "live/k", "production");
    assert_true(gs3_policy_has_bucket(policy, "shared-data"));
    assert_true(gs3_policy_has_bucket(policy, "prod-"));
    assert_false(gs3_policy_has_bucket(policy, "other"));
    gs3_policy_free(policy);
}

static void uniform_is_a_prefix_whose_keys_share_one_environment(void **state)
{
    (void)state;
    struct gs3_policy *policy = load_text(base_policy);
    static const struct {
        const char *bucket, *prefix;
        bool wanted;
    } cases[] = {
        {"prod-a", "", true},
        {"prod-a", "any/", true},
        {"other", "", true},
        {"shared-data", "", false},
        {"shared-data", "live/", true},
        {"shared-data", "live/a/", true},
        {"shared-data", "live", false},
        {"shared-data", "dead/", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (gs3_policy_is_uniform(policy, cases[i].bucket, cases[i].prefix) != cases[i].wanted)
            fail_msg("%s/%s", cases[i].bucket, cases[i].prefix);
    gs3_policy_free(policy);
}

static void match_ties_are_errors_at_load_time(void **state)
{
    static const struct {
        const char *a, *b;
        const char *message; /* NULL: no tie */
    } cases[] = {
        {"{bucket: abc}", "{bucket: abc}",
         "p.yaml:7:28: bucket \"abc\" of environment e1 is the "
         "same as \"abc\" of environment e0 (p.yaml:6): remove"},
        {"{bucket: abc, prefix: x}", "{bucket: abc, prefix: x/}", "is the same as"},
        {"{bucket: abc, prefix: x}", "{bucket: abc, prefix: z}", NULL},
        {"{bucket: abc, prefix: x}", "{bucket: abc}", NULL},
        {"{bucket: \"a*\"}", "{bucket: \"a*\"}", "is the same as"},
        {"{bucket: \"ab-*\"}", "{bucket: \"*-cd\"}", "can match the same names as"},
        {"{bucket: \"a-*\"}", "{bucket: \"*-b\"}", "can match the same names as"},
        {"{bucket: \"a-*\", prefix: x}", "{bucket: \"*-b\", prefix: x}", "can match the same"},
        {"{bucket: \"a-*\", prefix: x}", "{bucket: \"*-b\", prefix: z}", NULL},
        {"{bucket: \"a-*\", prefix: x}", "{bucket: \"*-b\"}", NULL},
        {"{bucket: \"a-*\"}", "{bucket: \"b-*\"}", NULL},
        {"{bucket: \"a-*\"}", "{bucket: \"a-?\"}", "can match the same names as"},
        {"{bucket: \"abc-*\"}", "{bucket: \"*-b\"}", NULL},
        {"{bucket: \"a?c\"}", "{bucket: \"ab?\"}", "can match the same names as"},
        {"{bucket: \"a?c\"}", "{bucket: \"a?d\"}", NULL},
        {"{bucket: \"*\"}", "{bucket: \"*\"}", "is the same as"},
        {"{bucket: \"*\"}", "{bucket: abc}", NULL},
        {"{bucket: abc}, {bucket: abc}", "{bucket: xyz}", "of environment e0 is the same as"},
        {"{bucket: \"a-*\"}, {bucket: \"*-b\"}", "{bucket: xyz}", "can match the same names as"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const matches[] = {cases[i].a, cases[i].b};
        gs3_auto_free char *text = with_matches(matches, 2);
        const char *error = load_error(text);
        if (!cases[i].message && *error)
            fail_msg("case %zu: %s", i, error);
        if (cases[i].message && !*error)
            fail_msg("case %zu was accepted", i);
        if (cases[i].message)
            assert_contains(error, cases[i].message);
    }
}

static void bucket_names_follow_the_rules_of_s3(void **state)
{
    static const char *const good[] = {
        "abc",
        "a-b.c",
        "123",
        "1.2.3",
        "1.2.3.4.5",
        "prod-data",
        "a12345678901234567890123456789012345678901234567890123456789"
        "012"};
    static const char *const bad[] = {
        "",
        "ab",
        "Abc",
        "a_b",
        "a b",
        "a/b",
        "-ab",
        "ab-",
        ".ab",
        "ab.",
        "a..b",
        "1.2.3.4",
        "192.168.100.200",
        "x-s3alias",
        "x--ol-s3",
        "x.mrap",
        "a*c",
        "\xC3\xA4"
        "bc",
        "arn:aws:s3:eu-west-1:1:accesspoint/x",
        "a123456789012345678901234567890123456789012345678901234567890123"};
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (gs3_bucket_problem(good[i]))
            fail_msg("%s: %s", good[i], gs3_bucket_problem(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        if (!gs3_bucket_problem(bad[i]))
            fail_msg("%s was accepted", bad[i]);
}

static void endpoints_of_policy_and_environment_are_allowed(void **state)
{
    gs3_auto_free char *text =
        base_with("    limits:", "    endpoints: [\"http://ceph.example:7480\"]\n    limits:");
    struct gs3_policy *policy = load_text(text);
    static const struct {
        const char *text;
        bool production, development;
    } cases[] = {
        {"https://s3.example.com", true, true},
        {"https://s3.example.com:443", true, true},
        {"https://S3.Example.COM/", true, true},
        {"http://s3.example.com", false, false},
        {"https://s3.example.com:8443", false, false},
        {"https://s3.example.org", false, false},
        {"https://x.s3.example.com", false, false},
        {"http://ceph.example:7480", true, false},
        {"https://s3.eu-west-1.amazonaws.com", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_origin origin;
        assert_int_equal(gs3_origin_parse(cases[i].text, GS3_EUSAGE, &origin, NULL), 0);
        assert_int_equal(gs3_policy_allows_endpoint(policy, &policy->environments[0], &origin),
                         cases[i].production);
        assert_int_equal(gs3_policy_allows_endpoint(policy, &policy->environments[1], &origin),
                         cases[i].development);
    }
    gs3_policy_free(policy);
}

static void governance_keys_are_reserved_in_any_case(void **state)
{
    static const char *const reserved[] = {
        "change-request-id",
        "jira-ticket-id",
        "servicenow-ticket-id",
        "environment",
        "operator",
        "timestamp",
        "operation",
        "purpose",
        "approval-status",
        "risk-level",
        "governance-level",
        "tracking-system",
        "department",
        "automation",
        "ticket-id",
        "ticket-system",
        "gs3-policy",
        "gs3-decision",
        "gs3-signature",
        "gs3-previous",
        "gs3-test",
        "gs3-anything",
        "GS3-Policy",
        "Approval-Status",
        "OPERATOR",
        "source-environment",
        "Source-Environment",
        "source-jira-ticket-id",
        "source-change-request-id",
        "SOURCE-TICKET-ID",
        "cost-center",
        "source-my-key",
        "my-key",
        /* As Ceph hands them back: with - for _. */
        "approval_status",
        "Change_Request-Id",
        "gs3_decision",
        "source_environment",
        "source_my_key",
        "cost_center",
    };
    static const char *const free_keys[] = {"owner",       "gs3",           "source",
                                            "source-",     "source-system", "purposes",
                                            "x-purpose",   "ticket",        "",
                                            "environment "};
    gs3_auto_free char *keyed = base_with("metadata_key: servicenow-ticket-id\n    metadata:\n",
                                          "metadata_key: my-key\n    metadata:\n"
                                          "      cost-center: {pattern: \"[0-9]+\"}\n");
    struct gs3_policy *policy = load_text(keyed);
    (void)state;
    for (size_t i = 0; i < COUNT(reserved); i++)
        if (!gs3_policy_is_reserved_key(policy, reserved[i]))
            fail_msg("%s is not reserved", reserved[i]);
    for (size_t i = 0; i < COUNT(free_keys); i++)
        if (gs3_policy_is_reserved_key(policy, free_keys[i]))
            fail_msg("%s is reserved", free_keys[i]);
    gs3_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(match_precedence_is_the_contracts),
        cmocka_unit_test(match_nothing_is_no_environment),
        cmocka_unit_test(uniform_is_a_prefix_whose_keys_share_one_environment),
        cmocka_unit_test(match_ties_are_errors_at_load_time),
        cmocka_unit_test(bucket_names_follow_the_rules_of_s3),
        cmocka_unit_test(endpoints_of_policy_and_environment_are_allowed),
        cmocka_unit_test(governance_keys_are_reserved_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
