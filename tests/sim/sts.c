/*
 * STS: GetCallerIdentity by a signed form POST; the sessions of roles are stsrole.c's.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
#include "sim.h"

#include <string.h>

#define STS_XMLNS "https://sts.amazonaws.com/doc/2011-06-15/"

/* set=Arn=… and missing=Arn change what is answered, as they do for the ticket systems. */
static void add_element(struct sim_buf *xml, const struct sim_request *req, const cJSON *identity,
                        const char *name, const char *member)
{
    const char *value = sim_json_string(identity, member);
    for (size_t i = 0; i < req->faults.count; i++) {
        const struct sim_pair *fault = &req->faults.items[i];
        size_t name_len = strlen(name);
        if (strcmp(fault->name, "missing") == 0 && strcmp(fault->value, name) == 0)
            return;
        if (strcmp(fault->name, "set") == 0 && sim_starts_with(fault->value, name) &&
            fault->value[name_len] == '=')
            value = fault->value + name_len + 1;
    }
    sim_buf_printf(xml, "    <%s>", name);
    sim_xml_escape(xml, value ? value : "");
    sim_buf_printf(xml, "</%s>\n", name);
}

static void answer_identity(const struct sim_request *req, const cJSON *identity,
                            struct sim_answer *answer)
{
    struct sim_buf xml = {0};
    sim_buf_adds(&xml, "<GetCallerIdentityResponse xmlns=\"" STS_XMLNS "\">\n"
                       "  <GetCallerIdentityResult>\n");
    add_element(&xml, req, identity, "Arn", "arn");
    add_element(&xml, req, identity, "UserId", "user_id");
    add_element(&xml, req, identity, "Account", "account");
    sim_buf_adds(&xml, "  </GetCallerIdentityResult>\n  <ResponseMetadata>\n"
                       "    <RequestId>00000000-0000-4000-8000-000000000001</RequestId>\n"
                       "  </ResponseMetadata>\n</GetCallerIdentityResponse>\n");
    sim_answer_text(answer, 200, "text/xml", xml.data);
    sim_buf_release(&xml);
}

/* The action is looked at before the signature, as the real service does: an unknown one needs no
 * key. */
void sim_sts_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer)
{
    cJSON *keys = sim_fixture_load(sim, "sts.json", SIM_TIME_ISO, answer);
    if (!keys)
        return;
    struct sim_pairs form = {0};
    struct sim_signature signature = {0};
    sim_form_parse(&form, req->body.data);
    const char *action = sim_pairs_get(&form, "Action");
    const char *version = sim_pairs_get(&form, "Version");
    bool known = action && version && strcmp(version, "2011-06-15") == 0;
    sim_sts_sessions_add(sim, keys);
    if (known && strcmp(action, "AssumeRoleWithWebIdentity") == 0)
        sim_sts_assume(sim, req, keys, NULL, answer);
    else if (!known ||
             (strcmp(action, "GetCallerIdentity") != 0 && strcmp(action, "AssumeRole") != 0))
        sim_answer_sts_error(answer, 400, "InvalidAction",
                             "Could not find that operation and version");
    else if (!sim_sigv4_check(req, keys, "sts", &signature))
        sim_answer_sts_error(answer, signature.status, signature.code, signature.message);
    else if (strcmp(action, "AssumeRole") == 0)
        sim_sts_assume(sim, req, keys, signature.identity, answer);
    else
        answer_identity(req, signature.identity, answer);
    cJSON_Delete(signature.identity);
    sim_pairs_release(&form);
    cJSON_Delete(keys);
}
