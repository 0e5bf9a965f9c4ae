/* What a policy means once it is loaded, and policies of several files. */
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "text/yaml.h"

/* A directory of its own for each test, removed with what is in it. */
struct place {
    char path[64];
};

static struct place make_place(void)
{
    struct place place = {.path = "/tmp/gs3-test-policy-XXXXXX"};
    assert_non_null(mkdtemp(place.path));
    return place;
}

static char *path_in(const struct place *place, const char *name)
{
    return gs3_xasprintf("%s/%s", place->path, name);
}

static void write_file(const struct place *place, const char *name, const char *text)
{
    gs3_auto_free char *path = path_in(place, name);
    gs3_auto_fclose FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
}

static void remove_file(const struct place *place, const char *name)
{
    gs3_auto_free char *path = path_in(place, name);
    assert_int_equal(remove(path), 0);
}

static const char *load_path_error(const char *path, bool is_system)
{
    static struct gs3_err err;
    gs3_err_clear(&err);
    struct gs3_policy *policy = gs3_policy_load(path, is_system, &err);
    if (!policy)
        assert_int_equal(err.class, GS3_EPOLICY);
    gs3_policy_free(policy);
    return err.message;
}

static void policy_base_has_what_it_says(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    (void)state;
    assert_int_equal(policy->serial, 7);
    assert_false(policy->is_locked);
    assert_int_equal(policy->endpoint_count, 1);
    assert_string_equal(policy->endpoints[0].host, "s3.example.com");
    assert_int_equal(policy->system_count, 3);
    const struct gs3_system *jira = gs3_policy_system(policy, "jira");
    assert_int_equal(jira->type, GS3_SYSTEM_JIRA);
    assert_int_equal(jira->api, 3);
    assert_string_equal(jira->path, "");
    assert_int_equal(jira->place.line, 13);
    assert_null(gs3_policy_system(policy, "Jira"));
    assert_int_equal(policy->environment_count, 2);
    const struct gs3_environment *production = &policy->environments[0];
    assert_string_equal(production->name, "production");
    assert_int_equal(production->level, GS3_LEVEL_HIGH);
    assert_int_equal(production->ticket_for,
                     GS3_ACTION_READ | GS3_ACTION_WRITE | GS3_ACTION_DELETE);
    assert_int_equal(production->byte_limit, 1048576);
    assert_string_equal(production->matches[1].prefix, "live");
    const struct gs3_ticket_rule *rule = &production->tickets[0];
    assert_ptr_equal(rule->system, gs3_policy_system(policy, "cab"));
    assert_int_equal(rule->window, GS3_WINDOW_REQUIRED);
    assert_int_equal(rule->operator, GS3_OPERATOR_ASSIGNEE);
    assert_int_equal(rule->state.values.count, 2);
    assert_int_equal(rule->state.place.line, 28);
    assert_int_equal(rule->active, GS3_UNKNOWN);
    gs3_policy_free(policy);
}

static void policy_defaults_are_the_contracts(void **state)
{
    static const char text[] =
        "apiVersion: gs3/v1\nserial: 1\nticket_systems:\n"
        "  sn: {type: servicenow, url: \"https://a.example\"}\n"
        "environments:\n  a:\n    match: [{bucket: abc}]\n    governance_level: standard\n"
        "    ticket_for: [write]\n    tickets:\n"
        "      - {name: t, system: sn, pattern: \"CHG[0-9]+\", active: true, metadata_key: t-id}\n";
    struct gs3_policy *policy = load_text(text);
    (void)state;
    const struct gs3_environment *environment = &policy->environments[0];
    assert_int_equal(policy->endpoint_count, 0);
    assert_int_equal(environment->identity.source, GS3_IDENTITY_STS);
    assert_int_equal(environment->tickets[0].window, GS3_WINDOW_WHEN_SET);
    assert_int_equal(environment->tickets[0].operator, GS3_OPERATOR_ANY);
    assert_false(environment->has_object_limit || environment->has_byte_limit);
    assert_false(environment->deletes_conditionally);
    assert_string_equal(environment->matches[0].prefix, "");
    assert_int_equal(policy->systems[0]->tables.count, 3);
    gs3_policy_free(policy);
}

static void policy_template_keys_are_overridden_whole(void **state)
{
    static const char text[] =
        "apiVersion: gs3/v1\nserial: 1\nticket_systems:\n"
        "  sn: {type: servicenow, url: \"https://a.example\"}\n"
        "templates:\n  base:\n    governance_level: standard\n    ticket_for: [write]\n"
        "    metadata: {purpose: {min_length: 5}, team: {required: true}}\n"
        "    limits: {objects: 5, bytes: 1KiB}\n    delete: conditional\n"
        "    tickets:\n"
        "      - {name: t, system: sn, pattern: \"CHG[0-9]+\", active: true, metadata_key: t-id}\n"
        "environments:\n"
        "  a: {extends: base, match: [{bucket: aaa}]}\n"
        "  b: {extends: base, match: [{bucket: bbb}], limits: {objects: 9}, metadata: {},\n"
        "      delete: batch}\n";
    struct gs3_policy *policy = load_text(text);
    (void)state;
    const struct gs3_environment *a = &policy->environments[0], *b = &policy->environments[1];
    assert_int_equal(a->metadata_count, 2);
    assert_int_equal(a->object_limit, 5);
    assert_true(a->has_byte_limit);
    assert_int_equal(a->tickets[0].place.line, 13);
    assert_int_equal(b->metadata_count, 0);
    assert_int_equal(b->object_limit, 9);
    assert_false(b->has_byte_limit);
    assert_int_equal(b->tickets[0].place.line, 13);
    assert_true(a->deletes_conditionally);
    assert_false(b->deletes_conditionally);
    gs3_policy_free(policy);
}

static void policy_contracts_example_loads_as_it_stands(void **state)
{
    const char *root = getenv("GS3_VECTORS");
    gs3_auto_free char *path = gs3_xasprintf("%s/../examples/policy.yaml", root ? root : "");
    struct gs3_err err = GS3_ERR_INIT;
    (void)state;
    if (!root || access(path, F_OK) != 0) {
        print_message("# skipped: the contract's example is not there (set GS3_VECTORS)\n");
        skip();
    }
    struct gs3_policy *policy = gs3_policy_load(path, false, &err);
    if (!policy)
        fail_msg("%s", err.message);
    assert_int_equal(policy->environment_count, 4);
    assert_int_equal(policy->system_count, 3);
    assert_int_equal(policy->serial, 7);
    assert_string_equal(policy->files[0], path);
    gs3_policy_free(policy);
}

static const char part_systems[] = "apiVersion: gs3/v1\nserial: 3\nticket_systems:\n"
                                   "  sn: {type: servicenow, url: \"https://a.example\"}\n";
static const char part_environments[] =
    "apiVersion: gs3/v1\ntemplates:\n  base:\n    governance_level: high\n    ticket_for: [write]\n"
    "    tickets:\n"
    "      - {name: t, system: sn, pattern: \"CHG[0-9]+\", active: true, metadata_key: t-id}\n"
    "environments:\n  a: {extends: base, match: [{bucket: aaa}]}\n";
static const char part_other[] = "apiVersion: gs3/v1\nenvironments:\n"
                                 "  b: {extends: base, match: [{bucket: bbb}]}\n";

static void policy_directory_is_merged_in_byte_order(void **state)
{
    struct place place = make_place();
    struct gs3_err err = GS3_ERR_INIT;
    (void)state;
    write_file(&place, "20.yaml", part_environments);
    write_file(&place, "10.yml", part_other);
    write_file(&place, "30.yaml", part_systems);
    write_file(&place, ".hidden.yaml", "not: [a policy");
    write_file(&place, "notes.txt", "not: [a policy");
    gs3_auto_free char *inner = path_in(&place, "40.yaml");
    assert_int_equal(mkdir(inner, 0755), 0);
    struct gs3_policy *policy = gs3_policy_load(place.path, false, &err);
    if (!policy)
        fail_msg("%s", err.message);
    assert_int_equal(policy->file_count, 3);
    assert_true(gs3_str_has_suffix(policy->files[0], "/10.yml"));
    assert_string_equal(policy->environments[0].name, "b");
    assert_true(gs3_str_has_suffix(policy->environments[0].place.file, "/10.yml"));
    assert_true(gs3_str_has_suffix(policy->environments[0].tickets[0].place.file, "/20.yaml"));
    /* The digest is that of the files one behind the other. */
    gs3_auto_free char *all = gs3_xasprintf("%s%s%s", part_other, part_environments, part_systems);
    char hex[GS3_SHA256_HEX_BYTES];
    gs3_sha256_hex(all, strlen(all), hex);
    assert_int_equal(strlen(policy->digest), 12);
    assert_memory_equal(policy->digest, hex, 12);
    gs3_policy_free(policy);
    gs3_auto_free char *slash = gs3_xasprintf("%s//", place.path);
    assert_string_equal(load_path_error(slash, false), "");
    remove_file(&place, "40.yaml");
    remove_file(&place, ".hidden.yaml");
    remove_file(&place, "notes.txt");
    remove_file(&place, "10.yml");
    remove_file(&place, "20.yaml");
    remove_file(&place, "30.yaml");
    assert_int_equal(rmdir(place.path), 0);
}

static void check_with_second(const char *second, const char *message)
{
    struct place place = make_place();
    write_file(&place, "a.yaml", part_systems);
    write_file(&place, "b.yaml", part_environments);
    write_file(&place, "c.yaml", second);
    assert_contains(load_path_error(place.path, false), message);
    remove_file(&place, "a.yaml");
    remove_file(&place, "b.yaml");
    remove_file(&place, "c.yaml");
    assert_int_equal(rmdir(place.path), 0);
}

static void policy_directory_conflicts_are_refused(void **state)
{
    (void)state;
    check_with_second("apiVersion: gs3/v1\nserial: 4\n", "c.yaml:2:9: serial stands in ");
    check_with_second("serial: 4\n", "c.yaml:1:1: the policy lacks \"apiVersion: gs3/v1\"");
    check_with_second("apiVersion: gs3/v1\nenvironments:\n"
                      "  a: {extends: base, match: [{bucket: ccc}]}\n",
                      "c.yaml:3:3: environment \"a\" is defined twice, first at ");
    check_with_second("apiVersion: gs3/v1\ntemplates:\n  base: {ticket_for: [read]}\n",
                      "c.yaml:3:3: template \"base\" is defined twice, first at ");
    check_with_second("apiVersion: gs3/v1\nticket_systems:\n"
                      "  sn: {type: servicenow, url: \"https://b.example\"}\n",
                      "c.yaml:3:3: ticket system \"sn\" is defined twice, first at ");
    check_with_second("apiVersion: gs3/v1\nenvironments:\n"
                      "  b: {extends: base, match: [{bucket: aaa}]}\n",
                      "is the same as \"aaa\" of environment a (");
    check_with_second("a: [", "c.yaml:2:1: did not find");
    struct place place = make_place();
    assert_contains(load_path_error(place.path, false), "has no *.yaml or *.yml file");
    write_file(&place, "b.yaml", part_environments);
    assert_contains(load_path_error(place.path, false),
                    "b.yaml:1:1: the policy lacks \"serial: 1\"");
    remove_file(&place, "b.yaml");
    assert_int_equal(rmdir(place.path), 0);
}

static void policy_file_that_cannot_be_read_is_an_error(void **state)
{
    struct place place = make_place();
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_free char *fifo = path_in(&place, "fifo.yaml");
    gs3_auto_free char *missing = path_in(&place, "missing.yaml");
    gs3_auto_free char *dangling = path_in(&place, "dangling.yaml");
    (void)state;
    assert_null(gs3_policy_load(missing, false, &err));
    assert_int_equal(err.class, GS3_EPOLICY);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_contains(err.message, "missing.yaml: cannot read the policy: No such file");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_contains(load_path_error(fifo, false), "a policy must be a regular file");
    assert_contains(load_path_error(place.path, false), "a policy must be a regular file");
    assert_contains(load_path_error("/dev/null", false), "a policy must be a regular file");
    remove_file(&place, "fifo.yaml");
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_contains(load_path_error(place.path, false), "dangling.yaml: cannot open the policy");
    remove_file(&place, "dangling.yaml");
    gs3_auto_buf struct gs3_buf large = GS3_BUF_INIT(200000);
    while (large.length_bytes <= GS3_YAML_BYTES)
        gs3_buf_puts(&large, "# a comment\n");
    write_file(&place, "large.yaml", large.data);
    assert_contains(load_path_error(place.path, false), "large.yaml: larger than 64 KiB");
    remove_file(&place, "large.yaml");
    assert_int_equal(rmdir(place.path), 0);
}

static void policy_digest_is_the_start_of_sha256(void **state)
{
    struct gs3_policy *policy = load_text("apiVersion: gs3/v1\nserial: 1\nenvironments:\n"
                                          "  a: {match: [{bucket: abc}], governance_level: "
                                          "standard, ticket_for: []}\n");
    (void)state;
    /* sha256sum of the text above */
    assert_string_equal(policy->digest, "75b36aa403d7");
    gs3_policy_free(policy);
}

/* A system policy: locked, no loopback ticket system, and files and commands for credentials only
 * where root alone can write what names them. */
static void policy_of_the_system_is_stricter_and_may_name_commands(void **state)
{
    struct place place = make_place();
    gs3_auto_free char *path = path_in(&place, "p.yaml");
    gs3_auto_free char *locked = base_with("serial: 7", "serial: 7\nlocked: true");
    gs3_auto_free char *local = base_with("https://acme.service-now.com", "http://127.0.0.1:9");
    gs3_auto_free char *file =
        base_with("    tables: [change_request]\n",
                  "    credentials: {username: {file: /etc/gs3/user}, password: {command: "
                  "[/usr/bin/pass, show, sn]}}\n");
    gs3_auto_free char *relative = base_with("    tables: [change_request]\n",
                                             "    credentials: {token: {command: [pass, show]}}\n");
    bool is_root = geteuid() == 0;
    (void)state;
    write_file(&place, "p.yaml", locked);
    assert_string_equal(load_path_error(path, true), "");
    assert_contains(load_path_error(path, false), "locked: true has a meaning");
    write_file(&place, "p.yaml", local);
    assert_string_equal(load_path_error(path, false), "");
    assert_contains(load_path_error(path, true), "is on this machine");
    write_file(&place, "p.yaml", file);
    assert_int_equal(chmod(path, 0644), 0);
    assert_contains(load_path_error(path, false), "only in the system policy");
    assert_string_equal(load_path_error(path, true)[0] ? "refused" : "loaded",
                        is_root ? "loaded" : "refused");
    assert_int_equal(chmod(path, 0664), 0);
    assert_contains(load_path_error(path, true), "only in the system policy");
    assert_int_equal(chmod(path, 0646), 0);
    assert_contains(load_path_error(path, true), "only in the system policy");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(place.path, 0777), 0);
    assert_contains(load_path_error(place.path, true), "only in the system policy");
    assert_int_equal(chmod(place.path, 0755), 0);
    if (is_root) {
        assert_string_equal(load_path_error(place.path, true), "");
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_contains(load_path_error(path, true), "only in the system policy");
        assert_int_equal(chown(path, 0, 0), 0);
        write_file(&place, "p.yaml", relative);
        assert_contains(load_path_error(path, true), "must be an absolute path");
    }
    remove_file(&place, "p.yaml");
    assert_int_equal(rmdir(place.path), 0);
}

static void policy_too_much_is_refused(void **state)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(1 << 20);
    (void)state;
    gs3_buf_puts(&text, "apiVersion: gs3/v1\nserial: 1\nenvironments:\n");
    for (int i = 0; i < 129; i++)
        gs3_buf_printf(&text,
                       "  e%d: {match: [{bucket: b-%d}], governance_level: high, ticket_for: []}\n",
                       i, i);
    assert_contains(load_error(text.data), "more than 128 environments");
    gs3_buf_clear(&text);
    gs3_buf_puts(&text, "apiVersion: gs3/v1\nserial: 1\nenvironments:\n  a:\n    governance_level: "
                        "high\n    ticket_for: []\n    match:\n");
    for (int i = 0; i < 2049; i++)
        gs3_buf_printf(&text, "      - {bucket: b-%d}\n", i);
    assert_contains(load_error(text.data), "more than 2048 match entries");
}

static void policy_nothing_is_expanded(void **state)
{
    gs3_auto_free char *text =
        base_with("https://acme.service-now.com", "\"https://${HOST}.service-now.com\"");
    (void)state;
    assert_contains(load_error(text), "p.yaml:7:10: url: ");
}

static void policy_shipped_files_load(void **state)
{
    static const char *const names[] = {"production.yaml", "nonproduction.yaml"};
    const char *root = getenv("top_srcdir");
    struct place place = make_place();
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_free char *example = gs3_xasprintf("%s/policies/example.yaml", root ? root : ".");
    gs3_auto_free char *production =
        gs3_xasprintf("%s/policies/production.yaml", root ? root : ".");
    gs3_auto_free char *other = gs3_xasprintf("%s/policies/nonproduction.yaml", root ? root : ".");
    (void)state;
    assert_string_equal(load_path_error(example, false), "");
    assert_string_equal(load_path_error(production, false), "");
    assert_contains(load_path_error(other, false), "the policy lacks \"serial: 1\"");
    for (size_t i = 0; i < COUNT(names); i++) {
        gs3_auto_free char *link = path_in(&place, names[i]);
        gs3_auto_free char *from = realpath(i == 0 ? production : other, NULL);
        assert_non_null(from);
        assert_int_equal(symlink(from, link), 0);
    }
    struct gs3_policy *policy = gs3_policy_load(place.path, false, &err);
    if (!policy)
        fail_msg("%s", err.message);
    assert_int_equal(policy->file_count, 2);
    assert_non_null(gs3_policy_environment(policy, "prod-data", "a"));
    assert_non_null(gs3_policy_environment(policy, "dev-data", "a"));
    gs3_policy_free(policy);
    for (size_t i = 0; i < COUNT(names); i++)
        remove_file(&place, names[i]);
    assert_int_equal(rmdir(place.path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_base_has_what_it_says),
        cmocka_unit_test(policy_defaults_are_the_contracts),
        cmocka_unit_test(policy_template_keys_are_overridden_whole),
        cmocka_unit_test(policy_contracts_example_loads_as_it_stands),
        cmocka_unit_test(policy_directory_is_merged_in_byte_order),
        cmocka_unit_test(policy_directory_conflicts_are_refused),
        cmocka_unit_test(policy_file_that_cannot_be_read_is_an_error),
        cmocka_unit_test(policy_digest_is_the_start_of_sha256),
        cmocka_unit_test(policy_of_the_system_is_stricter_and_may_name_commands),
        cmocka_unit_test(policy_too_much_is_refused),
        cmocka_unit_test(policy_nothing_is_expanded),
        cmocka_unit_test(policy_shipped_files_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
