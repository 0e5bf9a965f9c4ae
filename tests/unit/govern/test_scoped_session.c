/* govern/session_policy and govern/scoped_session: what STS is asked for is this operation on these
 * keys, under the operator's name, and nothing wider. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "govern/scoped_session.h"
#include "policy/load.h"
#include "policy/permit_make.h"
#include "text/json.h"

#define READS                                                                                      \
    "\"s3:GetObject\",\"s3:GetObjectVersion\",\"s3:GetObjectTagging\","                            \
    "\"s3:GetObjectVersionTagging\""
#define WRITES                                                                                     \
    "\"s3:PutObject\",\"s3:PutObjectTagging\",\"s3:AbortMultipartUpload\","                        \
    "\"s3:ListMultipartUploadParts\",\"s3:GetObject\",\"s3:GetObjectVersion\","                    \
    "\"s3:GetObjectTagging\""
#define START "{\"Version\":\"2012-10-17\",\"Statement\":["
#define ALLOW(actions, resource)                                                                   \
    "{\"Effect\":\"Allow\",\"Action\":[" actions "],\"Resource\":\"" resource "\""

static char *policy_of(const struct gs3_session_scope *scope)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_buf text = GS3_BUF_INIT(GS3_SESSION_POLICY_BYTES);
    if (gs3_session_policy_build(scope, &text, &err))
        fail_msg("%s", err.message);
    gs3_auto_json cJSON *json = gs3_json_parse(text.data, text.length_bytes, &err);
    if (!json)
        fail_msg("%s: %s", err.message, text.data);
    return gs3_buf_take(&text);
}

static void assert_policy(const struct gs3_session_scope *scope, const char *wanted)
{
    gs3_auto_free char *text = policy_of(scope);
    assert_string_equal(text, wanted);
}

#define BUCKET(name) "arn:aws:s3:::" name

static void session_policy_names_the_objects_of_one_transfer(void **state)
{
    const struct gs3_session_side a = {BUCKET("a"), "x/1"}, b = {BUCKET("b"), "y"}, none = {NULL};
    (void)state;
    assert_policy(&(struct gs3_session_scope){.source = none, .destination = b},
                  START ALLOW(WRITES, "arn:aws:s3:::b/y") "}]}");
    assert_policy(&(struct gs3_session_scope){.destination = b, .sets_acl = true},
                  START ALLOW(WRITES ",\"s3:PutObjectAcl\"", "arn:aws:s3:::b/y") "}]}");
    assert_policy(&(struct gs3_session_scope){.source = a},
                  START ALLOW(READS, "arn:aws:s3:::a/x/1") "}]}");
    assert_policy(&(struct gs3_session_scope){.source = a, .deletes_source = true},
                  START ALLOW(READS ",\"s3:DeleteObject\"", "arn:aws:s3:::a/x/1") "}]}");
    assert_policy(&(struct gs3_session_scope){.source = a, .destination = b},
                  START ALLOW(READS, "arn:aws:s3:::a/x/1") "}," ALLOW(WRITES,
                                                                      "arn:aws:s3:::b/y") "}]}");
}

static void session_policy_of_a_tree_is_its_prefixes(void **state)
{
    const struct gs3_session_side a = {BUCKET("a"), "in/"}, whole = {BUCKET("b"), ""};
    (void)state;
    assert_policy(
        &(struct gs3_session_scope){.source = a, .is_tree = true, .deletes_source = true},
        START ALLOW(READS ",\"s3:DeleteObject\"", "arn:aws:s3:::a/in/*") "}," ALLOW(
            "\"s3:ListBucket\"",
            "arn:aws:s3:::a") ",\"Condition\":{\"StringEquals\":{\"s3:prefix\":\"in/\"}}}]}");
    assert_policy(&(struct gs3_session_scope){.source = whole, .destination = a, .is_tree = true},
                  START ALLOW(READS, "arn:aws:s3:::b/*") "}," ALLOW(
                      "\"s3:ListBucket\"",
                      "arn:aws:s3:::b") "}," ALLOW(WRITES, "arn:aws:s3:::a/in/*") "}]}");
}

static void session_policy_of_an_access_point_has_its_own_names(void **state)
{
    const struct gs3_session_side point = {"arn:aws:s3:us-east-1:123456789012:accesspoint/p",
                                           "in/"};
    (void)state;
    gs3_auto_free char *text =
        policy_of(&(struct gs3_session_scope){.source = point, .is_tree = true});
    assert_non_null(
        strstr(text, "\"arn:aws:s3:us-east-1:123456789012:accesspoint/p/object/in/*\""));
    assert_non_null(strstr(text, "\"arn:aws:s3:us-east-1:123456789012:accesspoint/p\",\"Cond"));
}

static void session_policy_gives_kms_by_way_of_s3_alone(void **state)
{
    const struct gs3_session_side a = {BUCKET("a"), "x"};
    (void)state;
    gs3_auto_free char *text =
        policy_of(&(struct gs3_session_scope){.source = a, .uses_kms = true});
    assert_non_null(strstr(text,
                           "{\"Effect\":\"Allow\",\"Action\":[\"kms:Decrypt\","
                           "\"kms:GenerateDataKey\"],\"Resource\":\"*\",\"Condition\":{"
                           "\"StringLike\":{\"kms:ViaService\":\"s3.*.amazonaws.com*\"}}}]}"));
}

/* What a policy takes for a pattern or a variable stands for itself, and JSON's own characters and
 * what STS's alphabet lacks are escaped. */
static void session_policy_keys_stand_for_themselves(void **state)
{
    static const struct {
        const char *key, *written;
    } cases[] = {
        {"a*b", "a${*}b"},
        {"a?b", "a${?}b"},
        {"$", "${$}"},
        {"${aws:username}", "${$}{aws:username}"},
        {"*/*", "${*}/${*}"},
        {"a\"],\"Resource\":\"*", "a\\\"],\\\"Resource\\\":\\\"${*}"},
        {"a\\b", "a\\\\b"},
        {"a\nb\x7F", "a\\u000ab\\u007f"},
        {"\xC3\xA4\xE2\x82\xAC", "\\u00e4\\u20ac"},
        {"\xF0\x9F\x98\x80", "\\ud83d\\ude00"},
        {"a b+c%2F", "a b+c%2F"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int is_tree = 0; is_tree < 2; is_tree++) {
            const struct gs3_session_side a = {BUCKET("a"), cases[i].key};
            gs3_auto_free char *text =
                policy_of(&(struct gs3_session_scope){.source = a, .is_tree = is_tree});
            gs3_auto_free char *object = gs3_xasprintf("\"Resource\":\"arn:aws:s3:::a/%s%s\"}",
                                                       cases[i].written, is_tree ? "*" : "");
            gs3_auto_free char *prefix = gs3_xasprintf("{\"s3:prefix\":\"%s\"}", cases[i].written);
            if (!strstr(text, object) || !strstr(text, prefix) != !is_tree)
                fail_msg("%s", text);
        }
    }
}

static void session_policy_that_sts_would_not_take_is_refused(void **state)
{
    char key[1025];
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_SESSION_POLICY_BYTES);
    const struct gs3_session_side a = {BUCKET("a"), key}, b = {BUCKET("b"), key};
    const struct gs3_session_scope both = {.source = a, .destination = b};
    const struct gs3_session_scope one = {.destination = b};
    (void)state;
    memset(key, 'k', sizeof key - 1);
    key[1024] = '\0';
    assert_int_equal(gs3_session_policy_build(&one, &text, &err), 0);
    gs3_buf_clear(&text);
    assert_int_equal(gs3_session_policy_build(&both, &text, &err), -1);
    assert_int_equal(err.class, GS3_EREFUSED);
    assert_non_null(strstr(err.message, "characters, and STS takes 2048"));
    assert_int_equal(text.length_bytes, 0);
    gs3_err_clear(&err);
    memset(key, '\1', sizeof key - 1); /* six for one */
    assert_int_equal(gs3_session_policy_build(&both, &text, &err), -1);
    assert_int_equal(err.class, GS3_EREFUSED);
    gs3_err_clear(&err);
    snprintf(key, sizeof key, "a\xFF");
    assert_int_equal(gs3_session_policy_build(&one, &text, &err), -1);
    assert_int_equal(err.class, GS3_EINVALID);
}

static void session_names_and_tags_are_cleaned(void **state)
{
    static const struct {
        const char *operator, * name, *tag;
    } cases[] = {
        {"alice", "alice", "alice"},
        {"alice@example.com", "alice@example.com", "alice@example.com"},
        {"os:alice", "os-alice", "os:alice"},
        {"a", "a-", "a"},
        {"", "--", ""},
        {"a b\nc", "a-b-c", "a b_c"},
        {"a\"&*", "a---", "a___"},
        {"\xC3\xA4", "--", "\xC3\xA4"},
        {"a\xFF", "a-", "a_"},
        {"a\xE2\x80\xAE", "a---", "a_"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gs3_auto_free char *name = gs3_session_name(cases[i].operator);
        gs3_auto_free char *tag = gs3_session_tag_value(cases[i].operator);
        assert_string_equal(name, cases[i].name);
        assert_string_equal(tag, cases[i].tag);
    }
    char longer[400];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    gs3_auto_free char *name = gs3_session_name(longer);
    gs3_auto_free char *tag = gs3_session_tag_value(longer);
    assert_int_equal(strlen(name), 64);
    assert_int_equal(strlen(tag), 256);
}

#define ENVIRONMENT(name, session)                                                                 \
    "  " name ":\n    match: [{bucket: " name "}]\n    governance_level: standard\n"               \
    "    ticket_for: []\n    tickets: [{name: t, system: jira, pattern: \"OPS-[0-9]\", "           \
    "status_category: [new], metadata_key: jira-ticket-id}]\n" session
#define SESSION(role, duration)                                                                    \
    "    session: {role_arn: \"arn:aws:iam::123456789012:role/" role "\", duration: " duration "}" \
    "\n"

static const char policy_text[] =
    "apiVersion: gs3/v1\nserial: 1\nticket_systems: {jira: {type: jira, url: "
    "\"https://acme.atlassian.net\"}}\nenvironments:\n" ENVIRONMENT("plain", "")
        ENVIRONMENT("one", SESSION("r", "1h")) ENVIRONMENT("same", SESSION("r", "30m"))
            ENVIRONMENT("other", SESSION("q", "90m"));

static struct gs3_permit *permit_of(const struct gs3_policy *policy, size_t a, size_t b)
{
    const struct gs3_grant grants[] = {
        {.policy = policy, .environment = &policy->environments[a], .actions = GS3_ACTION_READ},
        {.policy = policy, .environment = &policy->environments[b], .actions = GS3_ACTION_WRITE},
    };
    struct gs3_pairs facts = GS3_PAIRS_INIT;
    static const struct gs3_pairs none;
    struct gs3_permit *permit = gs3_permit_new(grants, 2, &none);
    gs3_pairs_add(&facts, "jira-ticket-id", "OPS-2");
    if (a != b)
        gs3_pairs_add(&facts, "source-jira-ticket-id", "OPS-1");
    gs3_pairs_add(&facts, "environment", policy->environments[b].name);
    gs3_pairs_add(&facts, "operator", "os:jane");
    gs3_permit_set_facts(permit, &facts);
    gs3_pairs_release(&facts);
    return permit;
}

static void scoped_session_is_of_the_permits_environments(void **state)
{
    enum { PLAIN, ONE, SAME, OTHER };
    static const struct {
        size_t a, b;
        bool has_main, main_is_source, has_source;
        uint32_t duration_s;
    } cases[] = {
        {PLAIN, PLAIN, false, false, false, 0}, {ONE, ONE, true, false, false, 3600},
        {PLAIN, ONE, true, false, false, 3600}, {ONE, PLAIN, true, true, false, 3600},
        {ONE, SAME, true, false, false, 1800},  {SAME, ONE, true, false, false, 1800},
        {ONE, OTHER, true, false, true, 5400},  {OTHER, SAME, true, false, true, 1800},
    };
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy =
        gs3_policy_parse("p.yaml", policy_text, sizeof policy_text - 1, false, &err);
    (void)state;
    if (!policy)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gs3_permit *permit = permit_of(policy, cases[i].a, cases[i].b);
        struct gs3_scoped_roles roles;
        assert_int_equal(gs3_scoped_roles_find(permit, &roles, &err), 0);
        assert_int_equal(roles.main != NULL, cases[i].has_main);
        assert_int_equal(roles.main_is_source, cases[i].main_is_source);
        assert_int_equal(roles.source != NULL, cases[i].has_source);
        assert_int_equal(roles.duration_s, cases[i].duration_s);
        gs3_permit_free(permit);
    }
    gs3_policy_free(policy);
}

static void assert_tags(const struct gs3_pairs *tags, const char *wanted)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(4096);
    for (size_t i = 0; i < tags->count; i++)
        gs3_buf_printf(&text, "%s=%s ", tags->items[i].name, tags->items[i].value);
    assert_string_equal(gs3_buf_string(&text), wanted);
}

/* Each of the two may do its own side, and says of itself what its own environment asks for. */
static void scoped_sessions_of_two_roles_share_the_operation(void **state)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy =
        gs3_policy_parse("p.yaml", policy_text, sizeof policy_text - 1, false, &err);
    struct gs3_permit *permit = permit_of(policy, 1, 3);
    const struct gs3_session_scope scope = {.source = {BUCKET("one"), "x/"},
                                            .destination = {BUCKET("other"), "y/"},
                                            .is_tree = true,
                                            .deletes_source = true};
    struct gs3_scoped_roles roles;
    struct gs3_scoped_session main, source;
    (void)state;
    assert_int_equal(gs3_scoped_roles_find(permit, &roles, &err), 0);
    assert_int_equal(gs3_scoped_session_build(permit, &roles, false, &scope, &main, &err), 0);
    assert_int_equal(gs3_scoped_session_build(permit, &roles, true, &scope, &source, &err), 0);
    assert_string_equal(main.role_arn, "arn:aws:iam::123456789012:role/q");
    assert_string_equal(source.role_arn, "arn:aws:iam::123456789012:role/r");
    assert_int_equal(main.duration_s, 5400);
    assert_int_equal(source.duration_s, 3600);
    assert_string_equal(main.policy, START ALLOW(READS, "arn:aws:s3:::one/x/*") "}," ALLOW(
                                         WRITES, "arn:aws:s3:::other/y/*") "}]}");
    assert_string_equal(
        source.policy,
        START ALLOW(READS ",\"s3:DeleteObject\"", "arn:aws:s3:::one/x/*") "}," ALLOW(
            "\"s3:ListBucket\"",
            "arn:aws:s3:::one") ",\"Condition\":{\"StringEquals\":{\"s3:prefix\":\"x/\"}}}]}");
    assert_tags(&main.tags, "jira-ticket-id=OPS-2 source-jira-ticket-id=OPS-1 environment=other "
                            "operator=os-jane ");
    assert_tags(&source.tags, "jira-ticket-id=OPS-1 environment=one operator=os-jane ");
    gs3_scoped_session_release(&main);
    gs3_scoped_session_release(&source);
    gs3_permit_free(permit);
    gs3_policy_free(policy);
}

static void scoped_session_of_one_role_is_for_both_sides(void **state)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy =
        gs3_policy_parse("p.yaml", policy_text, sizeof policy_text - 1, false, &err);
    struct gs3_permit *permit = permit_of(policy, 1, 2);
    const struct gs3_session_scope scope = {.destination = {BUCKET("one"), "k"}};
    struct gs3_scoped_roles roles;
    struct gs3_scoped_session session;
    (void)state;
    assert_int_equal(gs3_scoped_roles_find(permit, &roles, &err), 0);
    assert_int_equal(gs3_scoped_session_build(permit, &roles, false, &scope, &session, &err), 0);
    const struct gs3_sts_role role = gs3_scoped_session_role(&session);
    assert_int_equal(gs3_sts_role_check(&role, &err), 0);
    assert_string_equal(role.role_arn, "arn:aws:iam::123456789012:role/r");
    assert_int_equal(role.duration_s, 1800);
    assert_string_equal(role.session_name, "os-jane");
    assert_string_equal(role.source_identity, "os-jane");
    assert_string_equal(gs3_pairs_get(role.tags, "operator"), "os-jane");
    assert_string_equal(gs3_pairs_get(role.tags, "jira-ticket-id"), "OPS-2");
    assert_non_null(strstr(role.policy, "arn:aws:s3:::one/k"));
    gs3_scoped_session_release(&session);
    gs3_permit_free(permit);
    gs3_policy_free(policy);
}

/* Two policies may not name two roles for the same object. */
static void scoped_session_of_two_policies_has_one_role_a_side(void **state)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy =
        gs3_policy_parse("p.yaml", policy_text, sizeof policy_text - 1, false, &err);
    const struct gs3_grant grants[] = {
        {.policy = policy, .environment = &policy->environments[1], .actions = GS3_ACTION_WRITE},
        {.policy = policy, .environment = &policy->environments[3], .actions = GS3_ACTION_WRITE},
    };
    static const struct gs3_pairs none;
    struct gs3_permit *permit = gs3_permit_new(grants, 2, &none);
    struct gs3_scoped_roles roles;
    (void)state;
    assert_int_equal(gs3_scoped_roles_find(permit, &roles, &err), -1);
    assert_int_equal(err.class, GS3_EREFUSED);
    assert_non_null(strstr(err.message, "ask for two roles"));
    assert_non_null(strstr(err.message, "p.yaml:"));
    gs3_permit_free(permit);
    gs3_policy_free(policy);
}

static void scoped_session_needs_an_operator(void **state)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy =
        gs3_policy_parse("p.yaml", policy_text, sizeof policy_text - 1, false, &err);
    struct gs3_permit *permit = permit_of(policy, 1, 1);
    static const struct gs3_pairs none;
    const struct gs3_session_scope scope = {.destination = {BUCKET("one"), "k"}};
    struct gs3_scoped_roles roles;
    struct gs3_scoped_session session;
    (void)state;
    gs3_permit_set_facts(permit, &none);
    assert_int_equal(gs3_scoped_roles_find(permit, &roles, &err), 0);
    assert_int_equal(gs3_scoped_session_build(permit, &roles, false, &scope, &session, &err), -1);
    assert_int_equal(err.class, GS3_EREFUSED);
    assert_null(session.policy);
    gs3_permit_free(permit);
    gs3_policy_free(policy);
}

static struct gs3_credentials credentials_of(const char *id, int64_t expires_s)
{
    struct gs3_credentials made = {.access_key_id = gs3_xstrdup(id),
                                   .source = "assumed role",
                                   .expires_s = expires_s};
    gs3_secret_set(&made.secret_access_key, "hidden", strlen("hidden"));
    return made;
}

/* Whoever began a session asks the tickets before it goes on: a lease finds no other by itself, and
 * above all not the operator's own. */
static void session_credentials_change_only_when_they_are_replaced(void **state)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_credentials first = credentials_of("FIRST", 1), second = credentials_of("NEXT", 0);
    const struct gs3_credential_keeper_opts opts = {.is_replaced_only = true};
    struct gs3_credential_keeper *keeper = gs3_credential_keeper_new(&opts, &first);
    struct gs3_credential_lease lease;
    (void)state;
    gs3_credential_lease_init(&lease, keeper);
    assert_false(gs3_credential_lease_renew(&lease));
    assert_int_equal(gs3_credential_lease_refresh(&lease, &err), -1);
    assert_int_equal(err.class, GS3_ECONFIG);
    assert_non_null(strstr(err.message, "the session has expired"));
    assert_string_equal(lease.credentials.access_key_id, "FIRST");
    gs3_credential_keeper_replace(keeper, &second);
    assert_int_equal(gs3_credential_lease_refresh(&lease, &err), 0);
    assert_string_equal(lease.credentials.access_key_id, "NEXT");
    gs3_credential_lease_release(&lease);
    gs3_credential_keeper_free(keeper);
    gs3_credentials_release(&first);
    gs3_credentials_release(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_policy_names_the_objects_of_one_transfer),
        cmocka_unit_test(session_policy_of_a_tree_is_its_prefixes),
        cmocka_unit_test(session_policy_of_an_access_point_has_its_own_names),
        cmocka_unit_test(session_policy_gives_kms_by_way_of_s3_alone),
        cmocka_unit_test(session_policy_keys_stand_for_themselves),
        cmocka_unit_test(session_policy_that_sts_would_not_take_is_refused),
        cmocka_unit_test(session_names_and_tags_are_cleaned),
        cmocka_unit_test(scoped_session_is_of_the_permits_environments),
        cmocka_unit_test(scoped_sessions_of_two_roles_share_the_operation),
        cmocka_unit_test(scoped_session_of_one_role_is_for_both_sides),
        cmocka_unit_test(scoped_session_of_two_policies_has_one_role_a_side),
        cmocka_unit_test(scoped_session_needs_an_operator),
        cmocka_unit_test(session_credentials_change_only_when_they_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
