/*
 * STS: the sessions of roles. AssumeRole (signed) and AssumeRoleWithWebIdentity (unsigned), with
 * what STS checks of them, in its words. What they hand out is accepted afterwards, by STS and by
 * S3, as assumed-role/ROLE/SESSION until it expires.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 *
 * A role of sts.json's "_roles" is ARN → {"id", "trust"? (beginnings of the callers' ARNs; none:
 * everybody), "allow"? (sts:TagSession, sts:SetSourceIdentity), "external_id"?, "serial"? and
 * "code"?, "providers"? (issuers of web identity tokens), "max_s"?, "lifetime_s"? (what is given,
 * whatever was asked for)}. "_web_tokens" is token → {"issuer", "subject", "audience", "expired"?}.
 */
#include "sim.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define STS_XMLNS      "https://sts.amazonaws.com/doc/2011-06-15/"
#define POLICY_MAX     2048
#define CHAINED_MAX_S  3600
#define DURATION_MIN_S 900
#define TAGS_MAX       50

struct ask {
    struct sim *sim;
    const cJSON *role;
    const cJSON *caller; /* NULL: a web identity */
    const cJSON *token;  /* NULL: none */
    struct sim_pairs form;
    const char *role_arn, *session;
    int64_t duration_s;
    cJSON *tags;
    struct sim_answer *answer;
};

static bool fail(const struct ask *ask, unsigned status, const char *code, char *owned_message)
{
    sim_answer_sts_error(ask->answer, status, code, owned_message);
    free(owned_message);
    return false;
}

static bool fits(const char *text, const char *pattern)
{
    regex_t regex;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
        abort();
    bool good = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return good;
}

static bool invalid(const struct ask *ask, const char *value, const char *field, const char *rule)
{
    return fail(ask, 400, "ValidationError",
                sim_printf("1 validation error detected: Value '%s' at '%s' failed to satisfy "
                           "constraint: %s",
                           value, field, rule));
}

static bool denied(const struct ask *ask, const char *action)
{
    return fail(ask, 403, "AccessDenied",
                sim_printf("User: %s is not authorized to perform: %s on resource: %s",
                           sim_json_string(ask->caller, "arn"), action, ask->role_arn));
}

static bool check_text(const struct ask *ask, const char *name, const char *field, size_t min,
                       size_t max, const char *pattern)
{
    const char *value = sim_pairs_get(&ask->form, name);
    if (!value)
        return true;
    if (strlen(value) < min)
        return invalid(ask, value, field, "Member must have length greater than or equal to 2");
    if (strlen(value) > max)
        return invalid(ask, value, field, "Member must have length less than or equal to 64");
    return fits(value, pattern) ||
           invalid(ask, value, field, "Member must satisfy regular expression pattern");
}

static bool check_duration(struct ask *ask)
{
    const char *text = sim_pairs_get(&ask->form, "DurationSeconds");
    const char *arn = sim_json_string(ask->caller, "arn");
    bool chained = arn && strstr(arn, ":assumed-role/");
    ask->duration_s = 3600;
    if (text && (!sim_number_parse(text, &ask->duration_s) || ask->duration_s < DURATION_MIN_S))
        return invalid(ask, text, "durationSeconds",
                       "Member must have value greater than or equal to 900");
    if (chained && ask->duration_s > CHAINED_MAX_S)
        return fail(ask, 400, "ValidationError",
                    sim_strdup("The requested DurationSeconds exceeds the 1 hour session limit "
                               "for roles assumed by role chaining"));
    if (ask->duration_s > sim_json_integer(ask->role, "max_s", 43200))
        return fail(ask, 400, "ValidationError",
                    sim_strdup("The requested DurationSeconds exceeds the MaxSessionDuration set "
                               "for this role."));
    return true;
}

static bool check_texts(struct ask *ask)
{
    if (!ask->role_arn)
        return invalid(ask, "null", "roleArn", "Member must not be null");
    if (!ask->session)
        return invalid(ask, "null", "roleSessionName", "Member must not be null");
    if (!fits(ask->role_arn, "^arn:[a-z-]+:iam::[0-9]{12}:role/.+$"))
        return fail(ask, 400, "ValidationError", sim_printf("%s is invalid", ask->role_arn));
    return check_text(ask, "RoleSessionName", "roleSessionName", 2, 64, "^[A-Za-z0-9_+=,.@-]*$") &&
           check_text(ask, "SourceIdentity", "sourceIdentity", 2, 64, "^[A-Za-z0-9_+=,.@-]*$") &&
           check_text(ask, "ExternalId", "externalId", 2, 1224, "^[A-Za-z0-9_+=,.@:/-]*$") &&
           check_text(ask, "SerialNumber", "serialNumber", 9, 256, "^[A-Za-z0-9_+=/:,.@-]*$") &&
           check_text(ask, "TokenCode", "tokenCode", 6, 6, "^[0-9]*$");
}

static bool read_tags(struct ask *ask)
{
    for (int i = 1;; i++) {
        char *key_name = sim_printf("Tags.member.%d.Key", i);
        char *value_name = sim_printf("Tags.member.%d.Value", i);
        const char *key = sim_pairs_get(&ask->form, key_name);
        const char *value = sim_pairs_get(&ask->form, value_name);
        free(key_name);
        free(value_name);
        if (!key)
            return true;
        if (i > TAGS_MAX || !*key || strlen(key) > 128 || !value || strlen(value) > 256)
            return invalid(ask, key, "tags", "Member must satisfy its constraints");
        if (cJSON_GetObjectItem(ask->tags, key))
            return fail(ask, 400, "InvalidParameterValue",
                        sim_strdup("Duplicate tag keys found. Please note that Tag keys are case "
                                   "insensitive."));
        cJSON_AddStringToObject(ask->tags, key, value);
    }
}

static bool check_policy(const struct ask *ask)
{
    const char *policy = sim_pairs_get(&ask->form, "Policy");
    if (!policy)
        return true;
    if (strlen(policy) > POLICY_MAX)
        return invalid(ask, "…", "policy", "Member must have length less than or equal to 2048");
    cJSON *document = cJSON_ParseWithOpts(policy, NULL, true);
    bool good = cJSON_IsObject(document) && cJSON_GetObjectItem(document, "Statement");
    cJSON_Delete(document);
    return good || fail(ask, 400, "MalformedPolicyDocument",
                        sim_strdup("This policy contains invalid Json"));
}

/* STS packs policy and tags in a form of its own; here their plain length stands for it. */
static int64_t packed_percent(const struct ask *ask)
{
    const char *policy = sim_pairs_get(&ask->form, "Policy");
    size_t bytes = policy ? strlen(policy) : 0;
    const cJSON *tag = NULL;
    cJSON_ArrayForEach(tag, ask->tags) bytes += strlen(tag->string) + strlen(tag->valuestring) + 8;
    return (int64_t)((bytes * 100 + POLICY_MAX - 1) / POLICY_MAX);
}

static bool list_begins(const cJSON *list, const char *text)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (text && sim_starts_with(text, item->valuestring))
            return true;
    }
    return false;
}

static bool check_trust(const struct ask *ask)
{
    const cJSON *trust = cJSON_GetObjectItem(ask->role, "trust");
    const cJSON *allow = cJSON_GetObjectItem(ask->role, "allow");
    const char *arn = sim_json_string(ask->caller, "arn");
    const char *external = sim_json_string(ask->role, "external_id");
    const char *given = sim_pairs_get(&ask->form, "ExternalId");
    const char *identity = sim_pairs_get(&ask->form, "SourceIdentity");
    const char *before = sim_json_string(ask->caller, "source_identity");
    if (!ask->role || (trust && !list_begins(trust, arn)) ||
        (external && (!given || strcmp(given, external) != 0)))
        return denied(ask, "sts:AssumeRole");
    if (ask->tags->child && !list_begins(allow, "sts:TagSession"))
        return denied(ask, "sts:TagSession");
    if ((identity && !list_begins(allow, "sts:SetSourceIdentity")) ||
        (identity && before && strcmp(identity, before) != 0))
        return denied(ask, "sts:SetSourceIdentity");
    return true;
}

static bool check_mfa(const struct ask *ask)
{
    const char *serial = sim_json_string(ask->role, "serial");
    const char *code = sim_json_string(ask->role, "code");
    const char *given = sim_pairs_get(&ask->form, "SerialNumber");
    const char *shown = sim_pairs_get(&ask->form, "TokenCode");
    if (!serial)
        return true;
    if (!given || strcmp(given, serial) != 0 || !shown)
        return denied(ask, "sts:AssumeRole");
    return (code && strcmp(shown, code) == 0) ||
           fail(ask, 403, "AccessDenied",
                sim_strdup(
                    "MultiFactorAuthentication failed with invalid MFA one time pass code. "));
}

static bool check_web(struct ask *ask, const cJSON *tokens)
{
    const char *token = sim_pairs_get(&ask->form, "WebIdentityToken");
    const cJSON *providers = cJSON_GetObjectItem(ask->role, "providers");
    ask->token = token ? cJSON_GetObjectItemCaseSensitive(tokens, token) : NULL;
    if (!ask->token)
        return fail(ask, 400, "InvalidIdentityToken",
                    sim_strdup("The ID Token provided is not a valid JWT. (You may see this error "
                               "if you sent an Access Token)"));
    if (sim_json_true(ask->token, "expired"))
        return fail(ask, 400, "ExpiredTokenException",
                    sim_strdup("Token expired: current date/time 1800000000 must be before the "
                               "expiration date/time 1700000000"));
    return list_begins(providers, sim_json_string(ask->token, "issuer")) ||
           fail(ask, 403, "AccessDenied",
                sim_strdup("Not authorized to perform sts:AssumeRoleWithWebIdentity"));
}

/* ---- the session */

static const char *role_name(const char *role_arn)
{
    const char *slash = strrchr(role_arn, '/');
    return slash ? slash + 1 : role_arn;
}

static cJSON *new_session(const struct ask *ask)
{
    struct sim *sim = ask->sim;
    const char *before = sim_json_string(ask->caller, "source_identity");
    const char *identity = sim_pairs_get(&ask->form, "SourceIdentity");
    const char *policy = sim_pairs_get(&ask->form, "Policy");
    char hex[SIM_SHA256_HEX];
    char *account = sim_strndup(strstr(ask->role_arn, ":iam::") + 6, 12);
    char *seed = sim_printf("%s %s %u", ask->role_arn, ask->session, ++sim->session_count);
    sim_sha256_hex(seed, strlen(seed), hex);
    char *texts[] = {
        sim_printf("ASIASIM%013u", sim->session_count),
        sim_printf("sim-secret-%.29s", hex),
        sim_printf("sim-session-%s", hex),
        sim_printf("arn:aws:sts::%s:assumed-role/%s/%s", account, role_name(ask->role_arn),
                   ask->session),
        sim_printf("%s:%s", sim_json_string(ask->role, "id"), ask->session),
        account,
        seed,
    };
    cJSON *session = cJSON_CreateObject();
    static const char *const names[] = {"key", "secret", "token", "arn", "user_id", "account"};
    for (size_t i = 0; i < 6; i++)
        cJSON_AddStringToObject(session, names[i], texts[i]);
    for (size_t i = 0; i < 7; i++)
        free(texts[i]);
    int64_t life_s = sim_json_integer(ask->role, "lifetime_s", ask->duration_s);
    cJSON_AddNumberToObject(session, "expires", (double)((int64_t)time(NULL) + life_s));
    cJSON_AddItemToObject(session, "tags", cJSON_Duplicate(ask->tags, true));
    if (identity || before)
        cJSON_AddStringToObject(session, "source_identity", identity ? identity : before);
    if (policy)
        cJSON_AddStringToObject(session, "policy", policy);
    if (!sim->sessions)
        sim->sessions = cJSON_CreateArray();
    cJSON_AddItemToArray(sim->sessions, session);
    return session;
}

static void add_element(struct sim_buf *xml, const char *name, const char *value)
{
    sim_buf_printf(xml, "<%s>", name);
    sim_xml_escape(xml, value);
    sim_buf_printf(xml, "</%s>", name);
}

static void answer_session(const struct ask *ask, const char *action, const cJSON *session)
{
    struct sim_buf xml = {0};
    char *when = sim_time_text((time_t)sim_json_integer(session, "expires", 0), SIM_TIME_ISO);
    char *expires = sim_printf("%.19sZ", when);
    sim_buf_printf(&xml, "<%sResponse xmlns=\"" STS_XMLNS "\">\n  <%sResult>\n", action, action);
    if (ask->token) {
        add_element(&xml, "SubjectFromWebIdentityToken", sim_json_string(ask->token, "subject"));
        add_element(&xml, "Audience", sim_json_string(ask->token, "audience"));
        add_element(&xml, "Provider", sim_json_string(ask->token, "issuer"));
    }
    sim_buf_adds(&xml, "<AssumedRoleUser>");
    add_element(&xml, "AssumedRoleId", sim_json_string(session, "user_id"));
    add_element(&xml, "Arn", sim_json_string(session, "arn"));
    sim_buf_adds(&xml, "</AssumedRoleUser>\n<Credentials>");
    add_element(&xml, "AccessKeyId", sim_json_string(session, "key"));
    add_element(&xml, "SecretAccessKey", sim_json_string(session, "secret"));
    add_element(&xml, "SessionToken", sim_json_string(session, "token"));
    add_element(&xml, "Expiration", expires);
    sim_buf_adds(&xml, "</Credentials>\n");
    if (packed_percent(ask) > 0)
        sim_buf_printf(&xml, "<PackedPolicySize>%d</PackedPolicySize>\n", (int)packed_percent(ask));
    if (sim_json_string(session, "source_identity"))
        add_element(&xml, "SourceIdentity", sim_json_string(session, "source_identity"));
    sim_buf_printf(&xml,
                   "  </%sResult>\n  <ResponseMetadata><RequestId>"
                   "00000000-0000-4000-8000-000000000001</RequestId></ResponseMetadata>\n"
                   "</%sResponse>\n",
                   action, action);
    sim_answer_text(ask->answer, 200, "text/xml", xml.data);
    sim_buf_release(&xml);
    free(when);
    free(expires);
}

void sim_sts_assume(struct sim *sim, const struct sim_request *req, const cJSON *keys,
                    const cJSON *caller, struct sim_answer *answer)
{
    const char *action = caller ? "AssumeRole" : "AssumeRoleWithWebIdentity";
    struct ask ask = {.sim = sim, .caller = caller, .answer = answer, .tags = cJSON_CreateObject()};
    sim_form_parse(&ask.form, req->body.data);
    ask.role_arn = sim_pairs_get(&ask.form, "RoleArn");
    ask.session = sim_pairs_get(&ask.form, "RoleSessionName");
    if (ask.role_arn)
        ask.role =
            cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItem(keys, "_roles"), ask.role_arn);
    bool good = check_texts(&ask) && check_duration(&ask) && read_tags(&ask) && check_policy(&ask);
    if (good && packed_percent(&ask) > 100)
        good = fail(&ask, 400, "PackedPolicyTooLarge",
                    sim_printf("Packed policy consumes %d%% of allotted space, please use smaller "
                               "policy.",
                               (int)packed_percent(&ask)));
    good = good && (caller ? check_trust(&ask) && check_mfa(&ask)
                           : check_web(&ask, cJSON_GetObjectItem(keys, "_web_tokens")));
    if (good)
        answer_session(&ask, action, new_session(&ask));
    cJSON_Delete(ask.tags);
    sim_pairs_release(&ask.form);
}

/* The sessions become keys beside those of sts.json. */
void sim_sts_sessions_add(const struct sim *sim, cJSON *keys)
{
    const cJSON *session = NULL;
    cJSON_ArrayForEach(session, sim->sessions)
    {
        cJSON *entry = cJSON_Duplicate(session, true);
        if (sim_json_integer(session, "expires", 0) <= (int64_t)time(NULL))
            cJSON_AddBoolToObject(entry, "expired", true);
        cJSON_AddItemToObject(keys, sim_json_string(session, "key"), entry);
    }
}

/* GET /_sim/sessions: what was handed out, oldest first, without the secrets. */
cJSON *sim_sts_sessions_list(const struct sim *sim)
{
    cJSON *list = sim->sessions ? cJSON_Duplicate(sim->sessions, true) : cJSON_CreateArray();
    cJSON *session = NULL;
    cJSON_ArrayForEach(session, list)
    {
        cJSON_DeleteItemFromObject(session, "secret");
        cJSON_DeleteItemFromObject(session, "token");
    }
    return list;
}

/* POST /_sim/expire: whatever was handed out has expired. */
void sim_sts_sessions_expire(struct sim *sim)
{
    cJSON *session = NULL;
    cJSON_ArrayForEach(session, sim->sessions)
        cJSON_ReplaceItemInObject(session, "expires", cJSON_CreateNumber(1));
}

void sim_sts_sessions_forget(struct sim *sim)
{
    cJSON_Delete(sim->sessions);
    sim->sessions = NULL;
}
