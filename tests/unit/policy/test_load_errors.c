/* A policy that is wrong is refused with file:line:column, what is wrong and what to do. Each case
 * is the base policy with one thing changed. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

struct edit {
    const char *from, *to;
    const char *message; /* part of the error; "" when it must load */
};

static void check(const struct edit *edits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        gs3_auto_free char *text = base_with(edits[i].from, edits[i].to);
        const char *error = load_error(text);
        if (!*error && *edits[i].message)
            fail_msg("\"%s\" was accepted", edits[i].to);
        if (*error && !*edits[i].message)
            fail_msg("\"%s\": %s", edits[i].to, error);
        assert_contains(error, edits[i].message);
    }
}

static void policy_top_level_is_checked(void **state)
{
    static const struct edit edits[] = {
        {"apiVersion: gs3/v1", "apiVersion: \"gs3/v1\"", ""},
        {"apiVersion: gs3/v1\n", "", "p.yaml:1:1: the policy lacks \"apiVersion: gs3/v1\""},
        {"gs3/v1", "gs3/v2",
         "p.yaml:1:13: apiVersion \"gs3/v2\" is not known: this gs3 reads gs3/v1"},
        {"gs3/v1", "v1", "apiVersion \"v1\" is not known"},
        {"gs3/v1", "GS3/v1", "apiVersion \"GS3/v1\" is not known"},
        {"gs3/v1", "1", "p.yaml:1:13: apiVersion: 1 is no text to every YAML reader: quote it"},
        {"serial: 7\n", "", "p.yaml:1:1: the policy lacks \"serial: 1\""},
        {"serial: 7", "serial: 0", ""},
        {"serial: 7", "serial: \"7\"", "p.yaml:2:9: serial must be a number without quotes"},
        {"serial: 7", "serial: -7", "serial must be a whole number in plain digits"},
        {"serial: 7", "serial: 0x10", "serial must be a whole number in plain digits"},
        {"serial: 7", "serial: 1_000", "serial must be a whole number"},
        {"serial: 7", "serial: 007", "serial must be a whole number"},
        {"serial: 7", "serial: 7.0", "serial must be a whole number"},
        {"serial: 7", "serial: 18446744073709551616", "serial must be a whole number"},
        {"serial: 7", "serial: 18446744073709551615", "serial is larger than"},
        {"serial: 7", "serial: [7]", "serial must be one value, not a list"},
        {"serial: 7", "serial:", "serial is empty"},
        {"serial: 7", "serial: 7\nlocked: false", ""},
        {"serial: 7", "serial: 7\nlocked: true",
         "p.yaml:3:9: locked: true has a meaning in the "
         "system policy only"},
        {"serial: 7", "serial: 7\nlocked: \"true\"", "locked must be true without quotes"},
        {"serial: 7", "serial: 7\nlocked: yes", "locked must be true or false, not \"yes\""},
        {"serial: 7", "serial: 7\nlocked: on", "locked must be true or false, not \"on\""},
        {"serial: 7", "serial: 7\nlocked: True", "locked must be true or false, not \"True\""},
        {"serial: 7", "serial: 7\nlocked: 1", "locked must be true or false"},
        {"serial: 7", "serial: 7\nserials: 7",
         "p.yaml:3:1: unknown key \"serials\" in the policy: "
         "did you mean \"serial\"?"},
        {"serial: 7", "serial: 7\nenvironment: {}", "did you mean \"environments\"?"},
        {"serial: 7", "serial: 7\nfoo: 1",
         "unknown key \"foo\" in the policy: it may be apiVersion, "
         "serial, locked"},
        {"serial: 7", "serial: 7\ntemplates: {}", "templates is empty"},
        {"serial: 7", "serial: 7\ntemplates: []", "templates must be a mapping"},
    };
    (void)state;
    check(edits, COUNT(edits));
    assert_contains(load_error("- a\n"), "p.yaml:1:1: a policy must be a mapping");
    assert_contains(load_error("apiVersion\n"), "p.yaml:1:1: a policy must be a mapping");
    assert_contains(load_error(""), "p.yaml:1:1: the file holds nothing");
    assert_contains(load_error("apiVersion: gs3/v1\nserial: 1\n"),
                    "the policy has no environments");
}

static void policy_endpoints_are_checked(void **state)
{
    static const struct edit edits[] = {
        {"https://s3.example.com", "http://127.0.0.1:7480", ""},
        {"https://s3.example.com", "http://s3.example.com:8080/", ""},
        {"[\"https://s3.example.com\"]", "[]", ""},
        {"https://s3.example.com", "https://s3.example.com/prod-data", "p.yaml:3:13: endpoint: "},
        {"https://s3.example.com", "https://s3.example.com?x", "p.yaml:3:13: endpoint: "},
        {"https://s3.example.com", "https://me@s3.example.com", "p.yaml:3:13: endpoint: "},
        {"https://s3.example.com", "ftp://s3.example.com", "p.yaml:3:13: endpoint: "},
        {"https://s3.example.com", "s3.example.com", "p.yaml:3:13: endpoint: "},
        {"https://s3.example.com", "https://s3.eu-west-1.amazonaws.com", "is AWS's own"},
        {"https://s3.example.com", "https://S3.AMAZONAWS.COM", "is AWS's own"},
        {"https://s3.example.com", "https://amazonaws.com", "is AWS's own"},
        {"https://s3.example.com", "https://s3.cn-north-1.amazonaws.com.cn", "is AWS's own"},
        {"https://s3.example.com", "https://notamazonaws.com", ""},
        {"https://s3.example.com", "https://amazonaws.com.example.org", ""},
        {"\"https://s3.example.com\"]",
         "\"https://s3.example.com\", \"https://S3.example.com:443\"]",
         "p.yaml:3:39: endpoint named twice"},
        {"[\"https://s3.example.com\"]", "https://s3.example.com", "endpoints must be a list"},
        {"    limits:", "    endpoints: [\"https://s3.amazonaws.com\"]\n    limits:",
         "is AWS's own"},
        {"    limits:", "    endpoints: [\"https://prod.example.com\"]\n    limits:", ""},
    };
    (void)state;
    check(edits, COUNT(edits));
}

static void policy_ticket_systems_are_checked(void **state)
{
    static const struct edit edits[] = {
        {"    type: servicenow\n", "", "p.yaml:6:5: ticket system \"cab\" lacks the key \"type\""},
        {"    url: https://acme.service-now.com\n", "",
         "ticket system \"cab\" lacks the key \"url\""},
        {"type: servicenow", "type: remedy",
         "type cannot be \"remedy\": it may be servicenow, jira"},
        {"type: servicenow", "type: service-now", "did you mean \"servicenow\"?"},
        {"url: https", "uri: https",
         "unknown key \"uri\" in ticket system \"cab\": did you mean "
         "\"url\"?"},
        {"https://acme.service", "http://acme.service", "must be https"},
        {"https://acme.service", "https://u:p@acme.service", "p.yaml:7:10: url: "},
        {"https://acme.service-now.com", "https://acme.service-now.com/api", "has no path"},
        {"https://acme.service-now.com", "https://acme.service-now.com/", ""},
        {"https://acme.service-now.com", "https://acme.service-now.com?a=b", "p.yaml:7:10: url: "},
        {"https://acme.service-now.com", "http://127.0.0.1:8080", ""},
        {"https://acme.service-now.com", "http://localhost:8080", ""},
        {"https://acme.service-now.com", "http://[::1]:8080", ""},
        {"https://acme.service-now.com", "http://127.0.0.1.example.com", "must be https"},
        {"https://acme.atlassian.net", "https://api.atlassian.com/ex/jira/11-22", ""},
        {"https://acme.atlassian.net", "https://jira.example.com/jira/", ""},
        {"https://acme.atlassian.net", "https://jira.example.com/a/../b", "its path may hold"},
        {"https://acme.atlassian.net", "https://jira.example.com//a", "its path may hold"},
        {"https://acme.atlassian.net", "https://jira.example.com/a?b", "its path may hold"},
        {"https://acme.atlassian.net", "https://jira.example.com/%2e", "its path may hold"},
        {"https://acme.atlassian.net\n", "https://acme.atlassian.net\n    api: 2\n", ""},
        {"https://acme.atlassian.net\n", "https://acme.atlassian.net\n    api: 4\n",
         "api is larger than 3"},
        {"https://acme.atlassian.net\n", "https://acme.atlassian.net\n    api: 1\n",
         "api must be 3"},
        {"https://acme.atlassian.net\n", "https://acme.atlassian.net\n    tables: [incident]\n",
         "tables belong to servicenow systems only"},
        {"tables: [change_request]", "api: 3", "api belongs to jira systems only"},
        {"tables: [change_request]", "tables: [change_requests]",
         "p.yaml:8:14: tables cannot be \"change_requests\": did you mean \"change_request\"?"},
        {"tables: [change_request]", "tables: [change_request, change_request]", "twice"},
        {"tables: [change_request]", "tables: []", "tables is an empty list"},
        {"tables: [change_request]", "tables: change_request", "tables must be a list"},
        {"    tables: [change_request]\n", "", ""},
        {"tables: [change_request]", "ca_bundle: /etc/ssl/acme.pem", ""},
        {"tables: [change_request]", "ca_bundle: acme.pem", "must be an absolute path"},
        {"  helpdesk:", "  cab:", "p.yaml:9:3: duplicate key \"cab\""},
        {"  helpdesk:", "  help_desk:", "ticket system \"help_desk\" is no name: lower-case"},
        {"  helpdesk:", "  Helpdesk:", "is no name"},
        {"  helpdesk:", "  no:", "p.yaml:9:3: ticket system: no is no text to every YAML reader"},
    };
    (void)state;
    check(edits, COUNT(edits));
}

static void policy_credentials_are_references_and_one_set(void **state)
{
#define CREDENTIALS(text) "    tables: [change_request]\n    credentials: " text "\n"
    static const char from[] = "    tables: [change_request]\n";
    static const struct edit edits[] = {
        {from, CREDENTIALS("{username: {env: SN_USERNAME}, password: {env: SN_PASSWORD}}"), ""},
        {from, CREDENTIALS("{token: {env: SN_ACCESS_TOKEN}}"), ""},
        {from, CREDENTIALS("{api_key: {env: SN_API_KEY}}"), ""},
        {from, CREDENTIALS("{client_id: {env: A}, client_secret: {env: B}}"), ""},
        {from, CREDENTIALS("{username: {env: A}}"),
         "must be exactly one of: username and password"},
        {from, CREDENTIALS("{username: {env: A}, token: {env: B}}"), "must be exactly one of"},
        {from, CREDENTIALS("{username: {env: A}, password: {env: B}, token: {env: C}}"),
         "one secret must not have two sources"},
        {from, CREDENTIALS("{}"), "credentials is empty"},
        {from, CREDENTIALS("{secret: {env: A}}"), "unknown key \"secret\" in credentials"},
        {from, CREDENTIALS("{token: hunter2}"),
         "p.yaml:9:26: a secret never stands in a policy: name where it comes from"},
        {from, CREDENTIALS("{token: {env: AWS_SECRET_ACCESS_KEY}}"), "AWS_* and GS3_* are never"},
        {from, CREDENTIALS("{token: {env: aws_secret_access_key}}"), "AWS_* and GS3_* are never"},
        {from, CREDENTIALS("{token: {env: GS3_TICKET}}"), "AWS_* and GS3_* are never"},
        {from, CREDENTIALS("{token: {env: \"A B\"}}"), "is no variable's name"},
        {from, CREDENTIALS("{token: {env: 1A}}"), "is no variable's name"},
        /* Between the place and the message stands nothing of the value, which may be a secret. */
        {from, CREDENTIALS("{token: {env: hunter-2}}"), "p.yaml:9:32: env is no variable's name"},
        {from, CREDENTIALS("{token: {env: A, file: /b}}"), "token has two sources: keep one"},
        {from, CREDENTIALS("{token: {file: /etc/token}}"), "is allowed only in the system policy"},
        {from, CREDENTIALS("{token: {command: [/bin/x]}}"), "is allowed only in the system policy"},
        {from, CREDENTIALS("{token: {environment: A}}"), "unknown key \"environment\""},
        {from, CREDENTIALS("{token: []}"), "must be a mapping"},
        {"https://acme.atlassian.net\n",
         "https://acme.atlassian.net\n    credentials: {api_key: {env: A}}\n",
         "credentials of a jira system must be exactly one of: username and password; token"},
    };
    (void)state;
    check(edits, COUNT(edits));
}

static void policy_environments_are_checked(void **state)
{
    static const struct edit edits[] = {
        {"    governance_level: high\n", "",
         "p.yaml:18:5: environment \"production\" lacks the key "
         "\"governance_level\""},
        {"    ticket_for: [read, write, delete]\n", "", "lacks the key \"ticket_for\""},
        {"    match: [{bucket: \"dev-*\"}]\n", "",
         "p.yaml:38:5: environment \"development\" lacks "
         "the key \"match\""},
        {"governance_level: high", "governance_level: highest", "did you mean \"high\"?"},
        {"governance_level: high", "governance_level: \"high\"", ""},
        {"ticket_for: [read, write, delete]", "ticket_for: [raed]", "did you mean \"read\"?"},
        {"ticket_for: [read, write, delete]", "ticket_for: [read, read]", "names \"read\" twice"},
        {"ticket_for: [read, write, delete]", "ticket_for: write", "ticket_for must be a list"},
        {"ticket_for: [read, write, delete]", "ticket_for: []", ""},
        {"ticket_for: [read", "ticket-for: [read",
         "unknown key \"ticket-for\" in environment "
         "\"production\": did you mean \"ticket_for\"?"},
        {"{bucket: \"prod-*\"}", "{bucket: \"Prod-*\"}", "can match no bucket"},
        {"{bucket: \"prod-*\"}", "{bucket: \"prod_*\"}", "can match no bucket"},
        {"{bucket: \"prod-*\"}", "{bucket: ab}", "bucket names have 3 to 63 characters"},
        {"{bucket: \"prod-*\"}", "{bucket: prod_data}", "bucket names hold a-z"},
        {"{bucket: \"prod-*\"}", "{bucket: \"192.168.0.1\"}", "cannot be an IP address"},
        {"{bucket: \"prod-*\"}", "{bucket: prod-s3alias}", "access point alias is not accepted"},
        {"{bucket: \"prod-*\"}", "{bucket: prod--ol-s3}", "Lambda access point alias"},
        {"{bucket: \"prod-*\"}", "{bucket: -prod}", "begin and end with a letter or a digit"},
        {"{bucket: \"prod-*\"}", "{bucket: a..b}", "no two dots"},
        {"{bucket: \"prod-*\"}", "{prefix: a}", "match lacks the key \"bucket\""},
        {"{bucket: \"prod-*\"}", "{buckets: a}", "unknown key \"buckets\" in match: did you mean"},
        {"{bucket: \"prod-*\"}", "prod-data", "match must be a mapping"},
        {"{bucket: \"prod-*\"}", "{bucket: 012}", "quote it: \"012\""},
        {"prefix: live/", "prefix: live/*", "is taken as it stands, without * and ?"},
        {"prefix: live/", "prefix: /", "names nothing"},
        {"prefix: live/", "prefix: \"\"", "prefix is empty"},
        {"prefix: live/", "prefix: no", "quote it: \"no\""},
        {"match: [{bucket: \"dev-*\"}]", "match: []", "match is an empty list"},
        {"match: [{bucket: \"dev-*\"}]", "match: {bucket: \"dev-*\"}", "match must be a list"},
        {"  development:", "  production:", "duplicate key \"production\""},
        {"  development:", "  Development:", "environment \"Development\" is no name"},
        {"  development:", "  no:",
         "p.yaml:37:3: environment: no is no text to every YAML reader: "
         "quote it: \"no\""},
        {"  development:", "  on:", "quote it"},
        {"  development:", "  null:", "quote it"},
        {"  development:", "  \"no\":", ""},
        {"  development:", "  \"\":", "environment is empty"},
        {"  development:", "  dev.eu:", "is no name"},
        {"  development:", "  1dev:", "is no name"},
        {"  development:", "  a123456789012345678901234567890123456789012345678901234567890123:",
         "is no name"},
        {"limits: {objects: 10, bytes: 1MiB}", "limits: {objects: 0}", "objects must not be 0"},
        {"limits: {objects: 10, bytes: 1MiB}", "limits: {objects: 1e3}", "objects must be a whole"},
        {"limits: {objects: 10, bytes: 1MiB}", "limits: {bytes: 5TB}",
         "bytes must be a whole number"},
        {"limits: {objects: 10, bytes: 1MiB}", "limits: {bytes: 010}",
         "bytes must be a whole number"},
        {"limits: {objects: 10, bytes: 1MiB}", "limits: {bytes: 0}", "bytes must not be 0"},
        {"limits: {objects: 10, bytes: 1MiB}", "limits: {bytes: \"5TiB\"}", ""},
        {"limits: {objects: 10, bytes: 1MiB}", "limits: {}", "limits is empty"},
        {"limits: {objects: 10, bytes: 1MiB}", "limits: {object: 1}", "did you mean \"objects\"?"},
        {"    limits:", "    identity: {source: os}\n    limits:", ""},
        {"    limits:", "    identity: {source: iam}\n    limits:", "it may be sts, os"},
        {"    limits:",
         "    identity: {trusted_roles: [ci-*, \"arn:aws:iam::1:role/x\"]}\n    limits:", ""},
        {"    limits:", "    identity: {trusted_roles: [\"*\"]}\n    limits:", "trusts every role"},
        {"    limits:", "    identity: {source: os, trusted_roles: [a]}\n    limits:",
         "trusted_roles has no meaning with source os"},
        {"    limits:", "    delete: batch\n    limits:", ""},
        {"    limits:", "    delete: conditional\n    limits:", ""},
        {"    limits:", "    delete: \"conditional\"\n    limits:", ""},
        {"    limits:", "    delete: Conditional\n    limits:", "did you mean \"conditional\"?"},
        {"    limits:", "    delete: version\n    limits:", "it may be batch, conditional"},
        {"    limits:", "    delete: [conditional]\n    limits:", "delete must be one value"},
        {"    limits:", "    delete: \"\"\n    limits:", "delete is empty"},
        {"    limits:", "    deletes: conditional\n    limits:", "did you mean \"delete\"?"},
    };
    (void)state;
    check(edits, COUNT(edits));
}

#define MAP(text)     "    identity: {map: " text "}\n    limits:"
#define SESSION(text) "    session: " text "\n    limits:"
#define TAGS(text)    "    tags: " text "\n    limits:"
#define ROLE          "arn:aws:iam::123456789012:role/gs3/writer"

static void policy_identity_maps_are_checked(void **state)
{
    static const struct edit edits[] = {
        {"    limits:", MAP("{alice: asmith@example.com, bob: bob.b}"), ""},
        {"    limits:", "    identity: {source: os, map: {alice: a}}\n    limits:", ""},
        {"    limits:", MAP("{alice: a, Alice: b}"), "p.yaml:36:32: identity map names \"Alice\""},
        {"    limits:", MAP("{alice: a, alice: b}"), "p.yaml:36:32"},
        {"    limits:", MAP("{}"), "p.yaml:36:21: identity map is empty"},
        {"    limits:", MAP("[]"), "identity map is empty"},
        {"    limits:", MAP("alice"), "must be a table {operator: assignee}"},
        {"    limits:", MAP("{alice: no}"), "p.yaml:36:29: assignee: no is no text"},
        {"    limits:", MAP("{no: alice}"), "p.yaml:36:22: "},
        {"    limits:", MAP("{alice: [a]}"), "assignee must be one value"},
        {"    limits:", MAP("{alice: \"\"}"), "assignee is empty"},
        {"    limits:", MAP("[{operator: \"(.*)x\", assignee: \"\\\\1@a.b\"}]"), ""},
        {"    limits:", MAP("[{operator: \"(.*)x\", assignee: \"\\\\2\"}]"),
         "p.yaml:36:52: assignee \"\\2\": the pattern has no group 2"},
        {"    limits:", MAP("[{operator: x, assignee: \"\\\\1\"}]"), "the pattern has no group 1"},
        {"    limits:", MAP("[{operator: (x), assignee: \"\\\\0\"}]"), "the number of a group"},
        {"    limits:", MAP("[{operator: (x), assignee: \"a\\\\\"}]"), "the number of a group"},
        {"    limits:", MAP("[{operator: (x), assignee: \"\\\\\\\\1\"}]"), "the number of a group"},
        {"    limits:", MAP("[{operator: \"(x\", assignee: a}]"), "a ( is not closed"},
        {"    limits:", MAP("[{operator: \"x*\", assignee: a}]"), "matches the empty text"},
        {"    limits:", MAP("[{operator: \"(a+)+\", assignee: a}]"), ""},
        {"    limits:", MAP("[{operator: \"(a)\\\\1\", assignee: a}]"), "back-references"},
        {"    limits:", MAP("[{operator: x}]"), "identity map lacks the key \"assignee\""},
        {"    limits:", MAP("[{assignee: x}]"), "identity map lacks the key \"operator\""},
        {"    limits:", MAP("[{operator: x, assignee: a, if: b}]"), "unknown key \"if\""},
        {"    limits:", MAP("[alice]"), "identity map must be a mapping"},
        {"    limits:", "    identity: {maps: {a: b}}\n    limits:", "did you mean \"map\"?"},
    };
    (void)state;
    check(edits, COUNT(edits));
}

static void policy_sessions_are_checked(void **state)
{
    static const struct edit edits[] = {
        {"    limits:", SESSION("{role_arn: \"" ROLE "\"}"), ""},
        {"    limits:", SESSION("{role_arn: \"" ROLE "\", duration: 15m}"), ""},
        {"    limits:", SESSION("{role_arn: \"" ROLE "\", duration: 12h}"), ""},
        {"    limits:", SESSION("{role_arn: \"arn:aws:iam:::role/ceph\"}"), ""},
        {"    limits:", SESSION("{role_arn: \"arn:aws-us-gov:iam::123456789012:role/x\"}"), ""},
        {"    limits:", SESSION("{role_arn: \"" ROLE "\", duration: 14m}"),
         "p.yaml:36:80: duration 14m: AWS gives sessions of 15m to 12h"},
        {"    limits:", SESSION("{role_arn: \"" ROLE "\", duration: 13h}"), "15m to 12h"},
        {"    limits:", SESSION("{role_arn: \"" ROLE "\", duration: 900}"), "whole number with s"},
        {"    limits:", SESSION("{role_arn: \"" ROLE "\", duration: [15m]}"), "whole number with"},
        {"    limits:", SESSION("{duration: 15m}"), "session lacks the key \"role_arn\""},
        {"    limits:", SESSION("{}"), "session is empty"},
        {"    limits:", SESSION(ROLE), "session must be a mapping"},
        {"    limits:", SESSION("{role_arn: \"" ROLE "\", policy: x}"), "unknown key \"policy\""},
        {"    limits:", SESSION("{role_arn: writer}"), "p.yaml:36:25: role_arn \"writer\" is no"},
        {"    limits:", SESSION("{role_arn: \"arn:aws:iam::1:role/x\"}"), "is no role's ARN"},
        {"    limits:", SESSION("{role_arn: \"arn:aws:iam::123456789012:user/x\"}"), "is no role"},
        {"    limits:", SESSION("{role_arn: \"arn:aws:iam::123456789012:role/\"}"), "is no role"},
        {"    limits:", SESSION("{role_arn: \"arn:aws:iam::123456789012:role/x/\"}"), "is no role"},
        {"    limits:", SESSION("{role_arn: \"arn:aws:iam::123456789012:role/*\"}"), "is no role"},
        {"    limits:", SESSION("{role_arn: \"arn:evil:iam::123456789012:role/x\"}"), "is no role"},
        {"    limits:", SESSION("{role_arn: \"arn:aws:sts::123456789012:assumed-role/x/y\"}"),
         "is no role"},
    };
    (void)state;
    check(edits, COUNT(edits));
}

static void policy_tags_are_checked(void **state)
{
    static const struct edit edits[] = {
        {"    limits:", TAGS("[change-request-id, environment, operator, gs3-decision]"), ""},
        {"    limits:", TAGS("[purpose, risk-level]"), ""},
        {"    limits:", TAGS("[jira-ticket-id]"),
         "p.yaml:36:12: tags names \"jira-ticket-id\", which environment \"production\" does not "
         "write"},
        {"    limits:", TAGS("[gs3-signature]"), "does not write"},
        {"    limits:", TAGS("[Operator]"), "does not write"},
        {"    limits:", TAGS("[operator, operator]"), "names \"operator\" twice"},
        {"    limits:", TAGS("[]"), "tags is an empty list"},
        {"    limits:", TAGS("{operator: ticket.id}"), "tags must be a list"},
        {"    limits:",
         TAGS("[environment, operator, timestamp, operation, purpose, risk-level, approval-status, "
              "tracking-system, gs3-policy, governance-level, gs3-decision]"),
         "p.yaml:36:11: tags names 11 keys: an object has at most 10 tags"},
    };
    (void)state;
    check(edits, COUNT(edits));
}

static void policy_templates_are_checked(void **state)
{
#define TEMPLATE(text) "templates:\n" text "environments:\n"
    static const struct edit edits[] = {
        {"environments:\n", TEMPLATE("  base: {governance_level: high}\n"), ""},
        {"environments:\n", TEMPLATE("  base: {match: [{bucket: abc}]}\n"),
         "a template has no match: put it into the environments"},
        {"environments:\n", TEMPLATE("  base: {extends: other}\n"),
         "a template cannot extend another"},
        {"environments:\n", TEMPLATE("  base: {governance_level: hi}\n"), "p.yaml:17:28: "},
        {"environments:\n", TEMPLATE("  base: {ticket_fro: []}\n"),
         "unknown key \"ticket_fro\" in template \"base\": did you mean \"ticket_for\"?"},
        {"environments:\n", TEMPLATE("  base: high\n"), "template \"base\" must be a mapping"},
        {"environments:\n", TEMPLATE("  \"A\": {governance_level: high}\n"), "is no name"},
        {"    limits:", "    extends: base\n    limits:",
         "extends \"base\": no template of that name is defined"},
        {"    limits:", "    extends: production\n    limits:", "no template of that name"},
        {"    limits:", "    extends: [a]\n    limits:", "extends must be one value"},
    };
    (void)state;
    check(edits, COUNT(edits));
}

static void policy_ticket_rules_are_checked(void **state)
{
    static const struct edit edits[] = {
        {"      - name: change-request\n        system: cab\n", "      - system: cab\n",
         "p.yaml:24:9: a ticket rule lacks the key \"name\""},
        {"        system: cab\n", "", "a ticket rule lacks the key \"system\""},
        {"        pattern: \"^CHG[0-9]{7,}$\"\n", "", "a ticket rule lacks the key \"pattern\""},
        {"        metadata_key: change-request-id\n", "", "lacks the key \"metadata_key\""},
        {"system: cab", "system: cabb", "system \"cabb\" is not defined under ticket_systems"},
        {"        approval: [approved]\n        state: [scheduled, implement]\n", "",
         "ticket rule \"change-request\" would take a ticket in any state"},
        {"        status_category: [new, indeterminate]\n", "        project: [DATA]\n",
         "would take a ticket in any state"},
        {"approval: [approved]", "approval: [aproved]", "did you mean \"approved\"?"},
        {"approval: [approved]", "approval: approved", "approval must be a list"},
        {"approval: [approved]", "approval: []", "approval is an empty list"},
        {"approval: [approved]", "approval: [not requested]", ""},
        {"approval: [approved]", "approvals: [approved]", "did you mean \"approval\"?"},
        {"approval: [approved]", "status: [Approved]", "status is a condition on Jira issues"},
        {"approval: [approved]", "status_category: [done]",
         "status_category is a condition on Jira"},
        {"approval: [approved]", "issue_type: [Task]", "issue_type is a condition on Jira"},
        {"approval: [approved]", "project: [OPS]", "project is a condition on Jira"},
        {"state: [scheduled, implement]", "state: [open]", "state cannot be \"open\""},
        {"state: [scheduled, implement]", "state: [cancelled]", "did you mean \"canceled\"?"},
        {"state: [scheduled, implement]", "state: [new, assess, authorize, review, closed]", ""},
        {"active: true", "state: [open, in-progress, on-hold, resolved]", ""},
        {"active: true", "state: [implement]", "state cannot be \"implement\""},
        {"    tables: [incident, sc_task]\n", "", ""},
        {"status_category: [new, indeterminate]", "state: [open]",
         "state is a condition on ServiceNow"},
        {"status_category: [new, indeterminate]", "status_category: [todo]",
         "status_category cannot be \"todo\""},
        {"status_category: [new, indeterminate]", "status: [\"In Progress\", Approved]", ""},
        {"status_category: [new, indeterminate]", "approval: [approved]", ""},
        {"status_category: [new, indeterminate]", "approval: [rejected]", "approval cannot be"},
        {"status_category: [new, indeterminate]", "active: true\n        type: [normal]",
         "type is a ServiceNow change's: use issue_type"},
        {"status_category: [new, indeterminate]",
         "status: [Done]\n        issue_type: [Task]\n        project: [DATA]", ""},
        {"status_category: [new, indeterminate]", "status: [no]", "quote it: \"no\""},
        {"status_category: [new, indeterminate]", "status: [\"no\"]", ""},
        {"active: true", "active: \"true\"", "active must be true without quotes"},
        {"active: true", "active: yes", "active must be true or false"},
        {"active: true", "active: false", ""},
        {"window: required", "window: require", "did you mean \"required\"?"},
        {"window: required", "window: when-set", ""},
        {"window: required", "window: ignored", ""},
        {"window: required", "window: [required]", "window must be one value"},
        {"operator: assignee", "operator: any", ""},
        {"operator: assignee", "operator: requester", "operator cannot be \"requester\""},
        {"operator: assignee", "type: [normal, standard]\n        risk: [low]", ""},
        {"metadata_key: change-request-id", "metadata_key: change_request", "is no name"},
        {"metadata_key: change-request-id", "metadata_key: Change-Id", "is no name"},
        {"metadata_key: change-request-id", "metadata_key: operator", "gs3 fills otherwise"},
        {"metadata_key: change-request-id", "metadata_key: gs3-ticket", "gs3 fills otherwise"},
        {"metadata_key: change-request-id", "metadata_key: source-id", "gs3 fills otherwise"},
        {"metadata_key: change-request-id", "metadata_key: ticket-system", "gs3 fills otherwise"},
        {"metadata_key: change-request-id", "metadata_key: ticket-id", ""},
        {"metadata_key: change-request-id", "metadata_key: change-number", ""},
        {"metadata_key: change-request-id", "metadata_key: purpose", "gs3 fills otherwise"},
        {"name: servicenow", "name: jira",
         "ticket rule \"jira\" is defined twice, first on line 42"},
        {"name: change-request", "name: Change", "is no name"},
        {"      - name: servicenow\n        system: helpdesk\n        pattern: "
         "\"(INC|SCTASK)[0-9]{7,}\"\n"
         "        active: true\n",
         "      - name: other\n        system: jira\n        pattern: "
         "\"[A-Z][A-Z0-9_]+-[1-9][0-9]*\"\n"
         "        status: [Approved]\n",
         "have one system and one pattern"},
        {"        system: cab\n", "        system: cab\n        note: x\n", "unknown key \"note\""},
    };
    (void)state;
    check(edits, COUNT(edits));
    gs3_auto_free char *none = base_with("    tickets:\n      - name: change-request",
                                         "    x:\n      - name: change-request");
    assert_contains(load_error(none), "unknown key \"x\"");
    assert_contains(load_error("apiVersion: gs3/v1\nserial: 1\nenvironments:\n  a:\n"
                               "    match: [{bucket: abc}]\n    governance_level: high\n"
                               "    ticket_for: [write]\n"),
                    "asks for tickets but has no rule");
    assert_string_equal(load_error("apiVersion: gs3/v1\nserial: 1\nenvironments:\n  a:\n"
                                   "    match: [{bucket: abc}]\n    governance_level: high\n"
                                   "    ticket_for: []\n"),
                        "");
}

static void policy_metadata_rules_are_checked(void **state)
{
#define PURPOSE(text) "      purpose: " text "\n      department: {required: true}\n"
    static const char from[] = PURPOSE("{required: true}");
    static const struct edit edits[] = {
        {from, PURPOSE("{pattern: \"[a-z]+\"}"), ""},
        {from, PURPOSE("{value: fixed}"), ""},
        {from, PURPOSE("{from: ticket.summary}"), ""},
        {from, PURPOSE("{from: ticket.sumary}"), "did you mean \"ticket.summary\"?"},
        {from, PURPOSE("{from: ticket.id, value: x}"), "purpose has both from and value"},
        {from, PURPOSE("{min_length: 10, max_length: 5}"), "min_length is larger than max_length"},
        {from, PURPOSE("{max_length: 0}"), "max_length must not be 0"},
        {from, PURPOSE("{max_length: 3000}"), "max_length is larger than 2048"},
        {from, PURPOSE("{min_length: \"8\"}"), "min_length must be a number without quotes"},
        {from, PURPOSE("{required: \"true\"}"), "required must be true without quotes"},
        {from, PURPOSE("{required: no}"), "required must be true or false"},
        {from, PURPOSE("{one_of: []}"), "one_of is an empty list"},
        {from, PURPOSE("{one_of: [a, no]}"), "quote it"},
        {from, PURPOSE("{one_of: [a, a]}"), "names \"a\" twice"},
        {from, PURPOSE("{}"), "is empty"},
        {from, PURPOSE("true"), "must be a mapping"},
        {from, PURPOSE("{requird: true}"), "did you mean \"required\"?"},
        {from, PURPOSE("{pattern: \"a(\"}"), "a ( is not closed"},
        {from, PURPOSE("{value: abc, max_length: 2}"), "value of purpose: it has 3 characters"},
        {from, PURPOSE("{value: abc, one_of: [x]}"), "is not among the allowed values"},
        {from, PURPOSE("{value: abc, pattern: \"[0-9]+\"}"), "does not match the pattern"},
        {from, PURPOSE("{value: \"=?UTF-8?Q?a?=\"}"), "RFC 2047"},
        {from, PURPOSE("{value: \"a\\tb\"}"), "holds a line break or a tab"},
        {from, "      operator: {required: true}\n", "metadata key \"operator\" is gs3's own"},
        {from, "      gs3-policy: {value: x}\n", "is gs3's own"},
        {from, "      ticket-id: {value: x}\n", "is gs3's own"},
        {from, "      change-request-id: {value: x}\n", "is gs3's own"},
        {from, "      source-environment: {value: x}\n", "is gs3's own"},
        {from, "      environment: {value: x}\n", "is gs3's own"},
        {from, "      Cost-Center: {value: x}\n", "is no name"},
        {from, "      cost_center: {value: x}\n", "is no name"},
        {from, "      cost-center: {value: x}\n", ""},
        {"risk-level: {from: ticket.risk,", "risk-level: {value: low,",
         "comes from the ticket and "
         "from nowhere else"},
        {"risk-level: {from: ticket.risk,", "risk-level: {from: ticket.state,",
         "comes from the ticket and from nowhere else: from: ticket.risk"},
        {"risk-level: {from: ticket.risk, ", "risk-level: {", ""},
        {"approval-status: {from: ticket.approval}", "approval-status: {from: ticket.risk}",
         "from nowhere else: from: ticket.approval"},
        {"approval-status: {from: ticket.approval}", "approval-status: {value: approved}",
         "from nowhere else"},
        {from, "      {}\n", ""},
    };
    (void)state;
    check(edits, COUNT(edits) - 1);
    gs3_auto_free char *empty = base_with("    metadata:\n      purpose: {required: true}\n      "
                                          "department: {required: true}\n",
                                          "    metadata: {}\n");
    assert_string_equal(load_error(empty), "");
    gs3_auto_free char *taken =
        base_with("        metadata_key: servicenow-ticket-id\n    metadata:\n",
                  "        metadata_key: my-ticket\n    metadata:\n"
                  "      my-ticket: {value: x}\n");
    assert_contains(load_error(taken), "is the metadata_key of ticket rule \"servicenow\"");
}

static void policy_plain_scalars_that_yaml_types_need_quotes(void **state)
{
    static const char *const typed[] = {
        "~",      "null",       "Null",
        "NULL",   "yes",        "Yes",
        "YES",    "no",         "No",
        "NO",     "y",          "n",
        "true",   "false",      "True",
        "on",     "off",        "ON",
        "Off",    "1",          "012",
        "0x1F",   "0o17",       "0b1",
        "1_000",  "-5",         "+5",
        "1.0",    "1e3",        ".5",
        "-.inf",  ".nan",       "190:20:30",
        "1:30",   "=",          "1.",
        "1.5e+3", "2026-01-02", "2001-12-14t21:59:43.10-05:00",
    };
    static const char *const text[] = {
        "nope", "onward", "yes-man",  "5TiB",        "CHG1", "a1",    "deadbeef", "1a",
        "none", "1-2",    "10.0.0.1", "In Progress", "v1.0", "nulls", "-x",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(typed) + COUNT(text); i++) {
        bool is_typed = i < COUNT(typed);
        const char *value = is_typed ? typed[i] : text[i - COUNT(typed)];
        gs3_auto_free char *plain = gs3_xasprintf("status: [%s]", value);
        gs3_auto_free char *quoted = gs3_xasprintf("status: [\"%s\"]", value);
        gs3_auto_free char *as_plain = base_with("status_category: [new, indeterminate]", plain);
        gs3_auto_free char *as_quoted = base_with("status_category: [new, indeterminate]", quoted);
        const char *error = load_error(as_plain);
        if (is_typed != (strstr(error, "quote it") != NULL))
            fail_msg("%s: \"%s\"", value, error);
        assert_string_equal(load_error(as_quoted), "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_top_level_is_checked),
        cmocka_unit_test(policy_endpoints_are_checked),
        cmocka_unit_test(policy_ticket_systems_are_checked),
        cmocka_unit_test(policy_credentials_are_references_and_one_set),
        cmocka_unit_test(policy_environments_are_checked),
        cmocka_unit_test(policy_identity_maps_are_checked),
        cmocka_unit_test(policy_sessions_are_checked),
        cmocka_unit_test(policy_tags_are_checked),
        cmocka_unit_test(policy_templates_are_checked),
        cmocka_unit_test(policy_ticket_rules_are_checked),
        cmocka_unit_test(policy_metadata_rules_are_checked),
        cmocka_unit_test(policy_plain_scalars_that_yaml_types_need_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
