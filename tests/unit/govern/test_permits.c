/* govern/permits: one decision for many keys, kept, and taken back when a ticket changes. */
#include "ticket/desk.h"

#include "govern/permits.h"
#include "policy/load.h"

#define POLICY                                                                                     \
    "apiVersion: gs3/v1\n"                                                                         \
    "serial: 1\n"                                                                                  \
    "ticket_systems:\n"                                                                            \
    "  cab:\n"                                                                                     \
    "    type: servicenow\n"                                                                       \
    "    url: %s\n"                                                                                \
    "    tables: [change_request]\n"                                                               \
    "    credentials: {username: {env: SN_USERNAME}, password: {env: SN_PASSWORD}}\n"              \
    "  jira:\n"                                                                                    \
    "    type: jira\n"                                                                             \
    "    url: %s\n"                                                                                \
    "environments:\n"                                                                              \
    "  project:\n"                                                                                 \
    "    match: [{bucket: \"proj-*\"}]\n"                                                          \
    "    identity: {source: os}\n"                                                                 \
    "    governance_level: standard\n"                                                             \
    "    ticket_for: [write]\n"                                                                    \
    "    tickets:\n"                                                                               \
    "      - {name: issue, system: jira, pattern: \"OPS-[0-9]+\", window: ignored,\n"              \
    "         status_category: [indeterminate], metadata_key: jira-ticket-id}\n"                   \
    "    metadata: {department: {required: false}}\n"                                              \
    "  release:\n"                                                                                 \
    "    match: [{bucket: \"rele-*\"}]\n"                                                          \
    "    identity: {source: os}\n"                                                                 \
    "    governance_level: standard\n"                                                             \
    "    ticket_for: [write]\n"                                                                    \
    "    tickets:\n"                                                                               \
    "      - {name: issue, system: jira, pattern: \"OPS-[0-9]+\", window: ignored,\n"              \
    "         approval: [approved], metadata_key: jira-ticket-id}\n"                               \
    "    metadata: {department: {required: false}}\n"                                              \
    "  production:\n"                                                                              \
    "    match: [{bucket: \"prod-*\"}, {bucket: shared, prefix: live}]\n"                          \
    "    identity: {source: os}\n"                                                                 \
    "    governance_level: standard\n"                                                             \
    "    ticket_for: [read, write, delete]\n"                                                      \
    "    delete: conditional\n"                                                                    \
    "    tickets:\n"                                                                               \
    "      - name: change\n"                                                                       \
    "        system: cab\n"                                                                        \
    "        pattern: \"^CHG[0-9]{7}$\"\n"                                                         \
    "        approval: [approved]\n"                                                               \
    "        state: [implement]\n"                                                                 \
    "        metadata_key: change-request-id\n"                                                    \
    "    metadata: {department: {required: false}}\n"                                              \
    "  staging:\n"                                                                                 \
    "    match: [{bucket: \"stage-*\"}]\n"                                                         \
    "    identity: {source: os}\n"                                                                 \
    "    governance_level: standard\n"                                                             \
    "    ticket_for: [write]\n"                                                                    \
    "    limits: {objects: 10}\n"                                                                  \
    "    tickets:\n"                                                                               \
    "      - name: any\n"                                                                          \
    "        system: cab\n"                                                                        \
    "        pattern: \"^CHG[0-9]{7}$\"\n"                                                         \
    "        window: ignored\n"                                                                    \
    "        approval: [approved]\n"                                                               \
    "        metadata_key: change-request-id\n"                                                    \
    "    metadata: {department: {required: false}}\n"                                              \
    "  development:\n"                                                                             \
    "    match: [{bucket: \"dev-*\"}]\n"                                                           \
    "    identity: {source: os}\n"                                                                 \
    "    governance_level: standard\n"                                                             \
    "    ticket_for: []\n"                                                                         \
    "    metadata: {department: {required: false}}\n"

#define F(name, value) "\"" name "\":{\"display_value\":\"" value "\",\"value\":\"" value "\"}"

#define PEOPLE(field)                                                                              \
    F(field, "a1") "," F(field ".user_name", "alice") "," F(field ".email", "alice@example.com")

/* clang-format off */
static const char change[] =
    "{\"result\":[{"
    F("number", "CHG0030001") "," F("sys_class_name", "change_request") ","
    F("state", "-1") "," F("approval", "approved") "," F("risk", "3") ","
    F("type", "normal") "," F("on_hold", "false") "," F("unauthorized", "false") ","
    F("active", "true") "," F("start_date", "") "," F("end_date", "") ","
    F("short_description", "Move it") "," PEOPLE("assigned_to") "," PEOPLE("requested_by") "}]}";
/* clang-format on */

enum { NOW = 1795231340 }; /* the Date of desk_json's answers: 2026-11-21 03:22:20 */

struct fixture {
    struct desk desk;
    struct gs3_policy *policies[2];
    struct gs3_gate gate;
    struct gs3_ticket_request ticket;
    struct gs3_request request;
    struct gs3_clock clock;
    struct gs3_permits *permits;
    int64_t wall_ms, monotonic_ms;
    unsigned begun, identified, decided, allowed, taken_back;
    char ids[4][64]; /* of the first decisions */
    int64_t last_now;
    bool fails_to_identify;
    struct gs3_err err;
};

static int64_t read_wall(void *context)
{
    return ((struct fixture *)context)->wall_ms;
}

static int64_t read_monotonic(void *context)
{
    return ((struct fixture *)context)->monotonic_ms;
}

/* Before the tickets are asked, so that STS can answer beside them. */
static void begin_identify(void *context, const struct gs3_request *request)
{
    struct fixture *fixture = context;
    assert_true(request->touch_count > 0);
    assert_int_equal(fixture->begun, fixture->identified);
    assert_int_equal(fixture->gate.looked_up_count, fixture->begun);
    fixture->begun++;
}

static int identify(void *context, const struct gs3_request *request, struct gs3_operator *operator,
                    struct gs3_err * err)
{
    struct fixture *fixture = context;
    assert_true(request->touch_count > 0);
    fixture->identified++;
    *operator=(struct gs3_operator){.name = "alice"};
    return fixture->fails_to_identify ? gs3_fail(err, GS3_ESERVICE, "no STS") : 0;
}

static void decided(void *context, const struct gs3_decision *decision,
                    const struct gs3_request *request, bool is_renewal)
{
    struct fixture *fixture = context;
    assert_string_equal(decision->id, request->decision_id);
    if (fixture->decided < 4)
        snprintf(fixture->ids[fixture->decided], sizeof fixture->ids[0], "%s", decision->id);
    fixture->last_now = request->now;
    fixture->decided++;
    fixture->allowed += decision->is_allowed;
    fixture->taken_back += is_renewal;
    assert_false(is_renewal && decision->is_allowed);
}

static struct gs3_policy *parse(const char *url, const char *from, const char *to)
{
    gs3_auto_free char *text = gs3_xasprintf(POLICY, url, url);
    gs3_auto_free char *edited = desk_edit(text, from, to);
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy =
        gs3_policy_parse("policy.yaml", edited, strlen(edited), false, &err);
    if (!policy)
        fail_msg("%s", err.message);
    return policy;
}

static void fixture_init(struct fixture *fixture, const struct server_reply *replies, size_t count)
{
    *fixture = (struct fixture){.wall_ms = NOW * INT64_C(1000), .monotonic_ms = 5000};
    desk_start(&fixture->desk, GS3_SYSTEM_SERVICENOW, replies, count, NULL);
    fixture->policies[0] = parse(fixture->desk.server.url, "serial: 1", "serial: 2");
    fixture->gate.policies[0] = fixture->policies[0];
    fixture->gate.policy_count = 1;
    fixture->ticket.id = "CHG0030001";
    static const struct gs3_pairs none;
    fixture->request = (struct gs3_request){
        .operation = GS3_OPERATION_COPY,
        .tickets = &fixture->ticket,
        .ticket_count = 1,
        .purpose = "the purpose",
        .user_metadata = &none,
        .object_count = 1,
        .has_totals = true,
    };
    fixture->clock = (struct gs3_clock){.wall_ms = read_wall,
                                        .monotonic_ms = read_monotonic,
                                        .context = fixture};
    struct gs3_permits_opts opts = {
        .gate = &fixture->gate,
        .request = &fixture->request,
        .tickets = &fixture->desk.context,
        .clock = &fixture->clock,
        .identify = identify,
        .decided = decided,
        .context = fixture,
    };
    fixture->permits = gs3_permits_new(&opts);
}

static void add_policy(struct fixture *fixture, const char *from, const char *to)
{
    fixture->policies[1] = parse(fixture->desk.server.url, from, to);
    fixture->gate.policies[1] = fixture->policies[1];
    fixture->gate.policy_count = 2;
}

static void fixture_release(struct fixture *fixture)
{
    gs3_permits_free(fixture->permits);
    gs3_gate_release(&fixture->gate);
    gs3_policy_free(fixture->policies[0]);
    gs3_policy_free(fixture->policies[1]);
    desk_release(&fixture->desk);
}

static const struct gs3_permit *ask(struct fixture *fixture, const char *bucket, const char *key)
{
    struct gs3_touch touch = {.bucket = bucket,
                              .key = key,
                              .actions = GS3_ACTION_WRITE,
                              .is_metadata_target = true};
    gs3_err_clear(&fixture->err);
    return gs3_permits_for(fixture->permits, &touch, 1, &fixture->err);
}

static const struct gs3_permit *ask_copy(struct fixture *fixture, const char *from, const char *to)
{
    struct gs3_touch touches[] = {
        {.bucket = from, .key = "a", .actions = GS3_ACTION_READ},
        {.bucket = to, .key = "b", .actions = GS3_ACTION_WRITE, .is_metadata_target = true},
    };
    gs3_err_clear(&fixture->err);
    return gs3_permits_for(fixture->permits, touches, 2, &fixture->err);
}

static int requests(const struct fixture *fixture)
{
    return atomic_load(&fixture->desk.server.shared->requests);
}

static void assert_text(const struct fixture *fixture, enum gs3_err_class class, const char *text)
{
    if (!strstr(fixture->err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, fixture->err.message);
    assert_int_equal(fixture->err.class, class);
}

/* The ticket as it is first, and from the `after`th look-up on with `from` replaced. */
struct script {
    char *first, *then;
    struct server_reply replies[2];
};

static void script_init(struct script *script, int after, const char *from, const char *to)
{
    gs3_auto_free char *edited = desk_edit(change, from, to);
    script->first = desk_json("200 OK", "", change);
    script->then = desk_json("200 OK", "", edited);
    script->replies[0] = (struct server_reply){.bytes = script->first, .times = after};
    script->replies[1] = (struct server_reply){.bytes = script->then};
}

static void script_release(struct script *script)
{
    free(script->first);
    free(script->then);
}

/* A script whose ticket never changes, and a fixture that asks it. */
static void start(struct fixture *fixture, struct script *script)
{
    script_init(script, 0, "normal", "normal");
    fixture_init(fixture, script->replies, 1);
}

static void stop(struct fixture *fixture, struct script *script)
{
    fixture_release(fixture);
    script_release(script);
}

static void permits_for_many_keys_decide_and_look_up_once(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    const struct gs3_permit *first = ask(&fixture, "prod-data", "a/0");
    if (!first)
        fail_msg("%s", fixture.err.message);
    for (int i = 1; i < 1000; i++) {
        char key[32];
        snprintf(key, sizeof key, "a/%d", i);
        assert_ptr_equal(ask(&fixture, i % 2 ? "prod-data" : "prod-more", key), first);
    }
    assert_ptr_equal(ask(&fixture, "shared", "live/x"), first);
    assert_int_equal(fixture.decided, 1);
    assert_int_equal(fixture.identified, 1);
    assert_int_equal(requests(&fixture), 1);
    assert_int_equal(fixture.last_now, NOW);
    assert_string_equal(gs3_pairs_get(gs3_permit_metadata(first), "change-request-id"),
                        "CHG0030001");
    assert_string_equal(gs3_pairs_get(gs3_permit_metadata(first), "gs3-decision"), fixture.ids[0]);
    assert_int_equal(fixture.ids[0][14], '7');
    stop(&fixture, &script);
}

/* Other environments, and other actions on the same: decisions of their own, one ticket. */
static void permits_for_each_environment_has_its_own_decision(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    const struct gs3_permit *production = ask(&fixture, "prod-data", "a");
    const struct gs3_permit *staging = ask(&fixture, "stage-data", "a");
    const struct gs3_permit *both = ask_copy(&fixture, "prod-data", "stage-data");
    assert_non_null(production);
    assert_non_null(staging);
    assert_non_null(both);
    assert_ptr_not_equal(production, staging);
    assert_ptr_not_equal(both, staging);
    assert_string_equal(gs3_pairs_get(gs3_permit_metadata(both), "source-environment"),
                        "production");
    assert_string_equal(gs3_pairs_get(gs3_permit_metadata(staging), "environment"), "staging");
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_permit_check(both, GS3_ACTION_READ, "prod-x", "k", &err), 0);
    assert_int_equal(gs3_permit_check(staging, GS3_ACTION_READ, "prod-x", "k", &err), -1);
    /* Back and forth: nothing new. */
    assert_ptr_equal(ask(&fixture, "prod-data", "z"), production);
    assert_ptr_equal(ask(&fixture, "stage-data", "z"), staging);
    assert_int_equal(fixture.decided, 3);
    assert_int_equal(fixture.allowed, 3);
    assert_int_equal(requests(&fixture), 1);
    assert_string_not_equal(fixture.ids[0], fixture.ids[1]);
    stop(&fixture, &script);
}

static void permits_for_a_refusal_is_repeated_and_not_asked_again(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    script_init(&script, 0, "\"approved\",\"value\":\"approved\"",
                "\"requested\",\"value\":\"requested\"");
    fixture_init(&fixture, &script.replies[1], 1);
    for (int i = 0; i < 100; i++) {
        assert_null(ask(&fixture, "prod-data", "a"));
        assert_text(&fixture, GS3_EREFUSED, "refused by policy: policy.yaml:");
        assert_text(&fixture, GS3_EREFUSED, ": production/change/approval: CHG0030001 has ");
    }
    assert_int_equal(fixture.decided, 1);
    assert_int_equal(fixture.allowed, 0);
    assert_int_equal(requests(&fixture), 1);
    assert_true(gs3_permits_due_ms(fixture.permits) == INT64_MAX);
    stop(&fixture, &script);
}

static void permits_for_an_early_refusal_asks_nobody(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    fixture.request.ticket_count = 0;
    assert_null(ask(&fixture, "prod-data", "a"));
    assert_null(ask(&fixture, "prod-data", "b"));
    assert_text(&fixture, GS3_EREFUSED, "needs a ticket");
    assert_int_equal(fixture.decided, 1);
    assert_int_equal(fixture.identified, 0);
    assert_int_equal(requests(&fixture), 0);
    stop(&fixture, &script);
}

static void permits_for_a_failed_look_up_is_kept(void **state)
{
    (void)state;
    struct fixture fixture;
    gs3_auto_free char *bytes = desk_json("401 Unauthorized", "", "{}");
    struct server_reply reply = {.bytes = bytes};
    fixture_init(&fixture, &reply, 1);
    for (int i = 0; i < 5; i++) {
        assert_null(ask(&fixture, "prod-data", "a"));
        assert_int_equal(fixture.err.class, GS3_EUNDECIDED);
    }
    assert_int_equal(requests(&fixture), 1);
    assert_int_equal(fixture.decided, 0);
    fixture_release(&fixture);
}

static void permits_for_begins_to_identify_before_the_look_up(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    gs3_permits_free(fixture.permits);
    const struct gs3_permits_opts opts = {
        .gate = &fixture.gate,
        .request = &fixture.request,
        .tickets = &fixture.desk.context,
        .clock = &fixture.clock,
        .decision_id = "01930000-0000-7000-8000-000000000000",
        .begin_identify = begin_identify,
        .identify = identify,
        .decided = decided,
        .context = &fixture,
    };
    fixture.permits = gs3_permits_new(&opts);
    assert_non_null(ask(&fixture, "prod-data", "a"));
    assert_int_equal(fixture.begun, 1);
    assert_int_equal(fixture.identified, 1);
    /* The first decision has the id that it was given, and only the first. */
    assert_string_equal(fixture.ids[0], opts.decision_id);
    ask(&fixture, "dev-data", "a");
    assert_int_equal(fixture.decided, 2);
    assert_string_not_equal(fixture.ids[1], opts.decision_id);
    stop(&fixture, &script);
}

static void permits_for_without_an_operator_gives_none(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    fixture.fails_to_identify = true;
    assert_null(ask(&fixture, "prod-data", "a"));
    assert_null(ask(&fixture, "prod-data", "b"));
    assert_text(&fixture, GS3_ESERVICE, "no STS");
    assert_int_equal(fixture.identified, 1);
    stop(&fixture, &script);
}

/* Keys in no environment are named one by one; a bad bucket name shares nothing, whatever the
 * policy's glob takes it for. */
static void permits_for_no_environment_names_the_key(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    assert_null(ask(&fixture, "shared", "other/1"));
    assert_text(&fixture, GS3_EREFUSED, "refused by policy: s3://shared/other/1 is in no");
    assert_null(ask(&fixture, "shared", "other/2"));
    assert_text(&fixture, GS3_EREFUSED, "s3://shared/other/2 is in no");
    assert_int_equal(fixture.decided, 1);
    assert_non_null(ask(&fixture, "prod-data", "a"));
    assert_null(ask(&fixture, "prod-Data", "a"));
    assert_text(&fixture, GS3_EREFUSED, "lower case");
    assert_null(ask(&fixture, "prod-a-s3alias", "a"));
    assert_text(&fixture, GS3_EREFUSED, "alias");
    assert_non_null(ask(&fixture, "prod-data", "a"));
    stop(&fixture, &script);
}

static void permits_for_two_policies_need_both(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    add_policy(&fixture, "state: [implement]", "state: [review]");
    assert_null(ask(&fixture, "prod-data", "a"));
    assert_text(&fixture, GS3_EREFUSED, "production/change/state");
    assert_non_null(ask(&fixture, "stage-data", "a"));
    assert_int_equal(fixture.decided, 2);
    assert_int_equal(requests(&fixture), 1);
    stop(&fixture, &script);
}

/* The environments of every policy count: where the second one draws a line that the first does
 * not, both sides of it are decided. */
static void permits_for_two_policies_split_where_either_does(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    add_policy(&fixture, "match: [{bucket: \"dev-*\"}]",
               "match: [{bucket: \"dev-*\"}, {bucket: \"prod-*\", prefix: scratch}]");
    const struct gs3_permit *one = ask(&fixture, "prod-data", "a");
    const struct gs3_permit *other = ask(&fixture, "prod-data", "scratch/a");
    assert_non_null(one);
    assert_non_null(other);
    assert_ptr_not_equal(one, other);
    stop(&fixture, &script);
}

static void permits_due_counts_from_the_look_up(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    fixture.request.ticket_count = 0;
    assert_non_null(ask(&fixture, "dev-data", "a"));
    assert_true(gs3_permits_due_ms(fixture.permits) == INT64_MAX);
    fixture.request.ticket_count = 1;
    assert_non_null(ask(&fixture, "prod-data", "a"));
    assert_int_equal(gs3_permits_due_ms(fixture.permits), 5000 + GS3_PERMITS_AGE_MS);
    /* A later decision on the same answer does not make it younger. */
    fixture.monotonic_ms += 60000;
    assert_non_null(ask(&fixture, "stage-data", "a"));
    assert_int_equal(gs3_permits_due_ms(fixture.permits), 5000 + GS3_PERMITS_AGE_MS);
    stop(&fixture, &script);
}

#define WINDOW(end) F("start_date", "2026-11-21 03:00:00") "," F("end_date", end)

/* Judged by the ticketing system's time, 03:22:20; the window's last second is inside. */
static void permits_due_is_when_the_window_closes(void **state)
{
    (void)state;
    static const struct {
        const char *bucket, *window;
        int64_t due_ms;
    } cases[] = {
        {"prod-data", WINDOW("2026-11-21 03:23:20"), 61000},
        {"prod-data", WINDOW("2026-11-21 03:22:20"), 1000},
        {"prod-data", WINDOW("2026-11-21 03:30:00"), GS3_PERMITS_AGE_MS},
        {"stage-data", WINDOW("2026-11-21 03:23:20"), GS3_PERMITS_AGE_MS}, /* window: ignored */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture fixture;
        struct script script;
        script_init(&script, 0, F("start_date", "") "," F("end_date", ""), cases[i].window);
        fixture_init(&fixture, &script.replies[1], 1);
        fixture.wall_ms += 120000; /* the local clock may be off by less than five minutes */
        if (!ask(&fixture, cases[i].bucket, "a"))
            fail_msg("%s", fixture.err.message);
        assert_int_equal(gs3_permits_due_ms(fixture.permits), 5000 + cases[i].due_ms);
        stop(&fixture, &script);
    }
}

static void permits_renew_that_holds_keeps_permits_and_ids(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    const struct gs3_permit *production = ask(&fixture, "prod-data", "a");
    const struct gs3_permit *staging = ask(&fixture, "stage-data", "a");
    fixture.monotonic_ms += GS3_PERMITS_AGE_MS;
    fixture.wall_ms += 60000;
    assert_int_equal(gs3_permits_renew(fixture.permits, &fixture.err), 0);
    assert_int_equal(requests(&fixture), 2);
    assert_int_equal(fixture.decided, 2);
    assert_int_equal(fixture.identified, 2);
    assert_int_equal(gs3_permits_due_ms(fixture.permits), 5000 + 2 * GS3_PERMITS_AGE_MS);
    assert_ptr_equal(ask(&fixture, "prod-data", "b"), production);
    assert_ptr_equal(ask(&fixture, "stage-data", "b"), staging);
    assert_string_equal(gs3_pairs_get(gs3_permit_metadata(production), "gs3-decision"),
                        fixture.ids[0]);
    assert_int_equal(fixture.gate.needs[0].count, 1); /* still what was prepared last */
    stop(&fixture, &script);
}

static void permits_renew_of_a_closed_ticket_ends_everything(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    script_init(&script, 1, F("state", "-1"), F("state", "3"));
    fixture_init(&fixture, script.replies, 2);
    const struct gs3_permit *permit = ask(&fixture, "prod-data", "a");
    assert_non_null(permit);
    fixture.wall_ms += 100000;
    gs3_err_clear(&fixture.err);
    assert_int_equal(gs3_permits_renew(fixture.permits, &fixture.err), -1);
    assert_text(&fixture, GS3_EREFUSED, "refused by policy: policy.yaml:");
    assert_text(&fixture, GS3_EREFUSED, "production/change/state: CHG0030001 has state \"closed\"");
    assert_int_equal(fixture.taken_back, 1);
    assert_int_equal(fixture.last_now, NOW + 100);
    assert_string_equal(fixture.ids[0], fixture.ids[1]);
    assert_true(gs3_permits_due_ms(fixture.permits) == INT64_MAX);
    assert_null(ask(&fixture, "prod-data", "b"));
    assert_text(&fixture, GS3_EREFUSED, "closed");
    assert_null(ask(&fixture, "dev-data", "b"));
    assert_string_equal(gs3_pairs_get(gs3_permit_metadata(permit), "environment"), "production");
    stop(&fixture, &script);
}

static void permits_renew_without_an_answer_is_undecided(void **state)
{
    (void)state;
    struct fixture fixture;
    gs3_auto_free char *good = desk_json("200 OK", "", change);
    gs3_auto_free char *bad = desk_json("401 Unauthorized", "", "{}");
    struct server_reply replies[] = {{.bytes = good, .times = 1}, {.bytes = bad}};
    fixture_init(&fixture, replies, 2);
    assert_non_null(ask(&fixture, "prod-data", "a"));
    gs3_err_clear(&fixture.err);
    assert_int_equal(gs3_permits_renew(fixture.permits, &fixture.err), -1);
    assert_int_equal(fixture.err.class, GS3_EUNDECIDED);
    assert_int_equal(fixture.taken_back, 0);
    assert_null(ask(&fixture, "prod-data", "b"));
    fixture_release(&fixture);
}

/* What was refused is not asked about again, so that its ticket cannot end the rest. */
static void permits_renew_leaves_refused_decisions_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    script_init(&script, 0, F("state", "-1"), F("state", "-2"));
    fixture_init(&fixture, &script.replies[1], 1);
    assert_null(ask(&fixture, "prod-data", "a"));
    assert_non_null(ask(&fixture, "stage-data", "a"));
    assert_int_equal(gs3_permits_renew(fixture.permits, &fixture.err), 0);
    assert_null(ask(&fixture, "prod-data", "a"));
    assert_non_null(ask(&fixture, "stage-data", "a"));
    assert_int_equal(fixture.taken_back, 0);
    stop(&fixture, &script);
}

/* A Jira issue that was asked for without its approvals lacks them: that is no refusal. */
static void permits_for_asks_again_when_a_rule_wants_more(void **state)
{
    (void)state;
    for (int has_approval = 0; has_approval < 2; has_approval++) {
        struct fixture fixture;
        gs3_auto_free char *bytes = desk_json("401 Unauthorized", "", "{}");
        struct server_reply reply = {.bytes = bytes};
        fixture_init(&fixture, &reply, 1);
        fixture.ticket.id = "OPS-1";
        fixture.gate.looked_up = gs3_xcalloc(1, sizeof *fixture.gate.looked_up);
        fixture.gate.looked_up_count = 1;
        fixture.gate.looked_up[0] = (struct gs3_looked_up){
            .system = gs3_policy_system(fixture.policies[0], "jira"),
            .has_approval = has_approval,
            .ticket = {.verdict = GS3_TICKET_FOUND,
                       .system = gs3_xstrdup("jira"),
                       .requested_id = gs3_xstrdup("OPS-1"),
                       .id = gs3_xstrdup("OPS-1"),
                       .tracking_system = gs3_xstrdup("jira"),
                       .status_category = gs3_xstrdup("indeterminate"),
                       .active = GS3_YES},
        };
        if (!ask(&fixture, "proj-data", "a"))
            fail_msg("%s", fixture.err.message);
        assert_int_equal(requests(&fixture), 0);
        assert_null(ask(&fixture, "rele-data", "a"));
        assert_int_equal(requests(&fixture) > 0, !has_approval);
        assert_int_equal(fixture.err.class, has_approval ? GS3_EREFUSED : GS3_EUNDECIDED);
        assert_non_null(ask(&fixture, "proj-data", "b")); /* and the old answer is kept */
        fixture_release(&fixture);
    }
}

static void permits_questions_about_the_environment(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    struct gs3_touch touches[] = {{.bucket = "prod-a", .key = "k"},
                                  {.bucket = "stage-a", .key = "k"}};
    assert_false(gs3_permits_has_limits(fixture.permits, touches, 1));
    assert_true(gs3_permits_has_limits(fixture.permits, touches, 2));
    assert_true(gs3_permits_deletes_conditionally(fixture.permits, "shared", "live/x"));
    assert_false(gs3_permits_deletes_conditionally(fixture.permits, "stage-a", "live/x"));
    add_policy(&fixture, "limits: {objects: 10}", "delete: conditional");
    assert_true(gs3_permits_deletes_conditionally(fixture.permits, "stage-a", "live/x"));
    assert_true(gs3_permits_has_limits(fixture.permits, touches, 2));
    fixture.request.has_totals = false;
    assert_null(ask(&fixture, "stage-data", "a"));
    assert_text(&fixture, GS3_EUNDECIDED, "could not decide: policy.yaml:");
    stop(&fixture, &script);
}

/* A million keys of one environment, as a listing gives them. */
static void permits_for_the_same_environment_is_cheap(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    const struct gs3_permit *first = ask(&fixture, "prod-data", "a");
    assert_non_null(first);
    int64_t start_ms = test_now_ms();
    for (int i = 0; i < 1000000; i++)
        if (ask(&fixture, "prod-data", "some/key/of/usual/length.parquet") != first)
            fail_msg("another permit");
    int64_t took_ms = test_now_ms() - start_ms;
    print_message("# one million keys: %jd ms\n", (intmax_t)took_ms);
    assert_true(took_ms < 20000); /* far off: the machine may be busy, or the build sanitized */
    stop(&fixture, &script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_for_many_keys_decide_and_look_up_once),
        cmocka_unit_test(permits_for_each_environment_has_its_own_decision),
        cmocka_unit_test(permits_for_a_refusal_is_repeated_and_not_asked_again),
        cmocka_unit_test(permits_for_an_early_refusal_asks_nobody),
        cmocka_unit_test(permits_for_a_failed_look_up_is_kept),
        cmocka_unit_test(permits_for_begins_to_identify_before_the_look_up),
        cmocka_unit_test(permits_for_without_an_operator_gives_none),
        cmocka_unit_test(permits_for_no_environment_names_the_key),
        cmocka_unit_test(permits_for_two_policies_need_both),
        cmocka_unit_test(permits_for_two_policies_split_where_either_does),
        cmocka_unit_test(permits_due_counts_from_the_look_up),
        cmocka_unit_test(permits_due_is_when_the_window_closes),
        cmocka_unit_test(permits_renew_that_holds_keeps_permits_and_ids),
        cmocka_unit_test(permits_renew_of_a_closed_ticket_ends_everything),
        cmocka_unit_test(permits_renew_without_an_answer_is_undecided),
        cmocka_unit_test(permits_renew_leaves_refused_decisions_alone),
        cmocka_unit_test(permits_for_asks_again_when_a_rule_wants_more),
        cmocka_unit_test(permits_questions_about_the_environment),
        cmocka_unit_test(permits_for_the_same_environment_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
