/*
 * The request log: what came, in a form that a test can ask about. Secrets are never kept: the
 * value of a header that carries one is replaced by its scheme and the SHA-256 of the rest, which
 * is enough to compare.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static const char *persona_name(enum sim_persona persona)
{
    switch (persona) {
    case SIM_SERVICENOW: return "servicenow";
    case SIM_JIRA: return "jira";
    case SIM_STS: return "sts";
    case SIM_IMDS: return "imds";
    case SIM_CONTAINER: return "container";
    case SIM_SSO: return "sso";
    case SIM_S3: return "s3";
    case SIM_CLOUDTRAIL: return "cloudtrail";
    case SIM_GUARDDUTY: return "guardduty";
    }
    return "";
}

static bool is_secret(const char *name)
{
    static const char *const names[] = {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-sn-apikey",
        "x-amz-security-token",
        "x-amz-sso_bearer_token",
        "x-aws-ec2-metadata-token",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-copy-source-server-side-encryption-customer-key",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static char *redact(const char *value)
{
    size_t scheme_len = strcspn(value, " ");
    const char *rest = value[scheme_len] == ' ' ? value + scheme_len + 1 : value;
    char hex[SIM_SHA256_HEX];
    sim_sha256_hex(rest, strlen(rest), hex);
    if (rest == value)
        return sim_printf("sha256:%s", hex);
    return sim_printf("%.*s sha256:%s", (int)scheme_len, value, hex);
}

static cJSON *headers_json(const struct sim_pairs *headers)
{
    cJSON *out = cJSON_CreateObject();
    for (size_t i = 0; i < headers->count; i++) {
        const char *name = headers->items[i].name;
        char *value =
            is_secret(name) ? redact(headers->items[i].value) : sim_strdup(headers->items[i].value);
        const char *before = sim_json_string(out, name);
        if (before) {
            char *joined = sim_printf("%s, %s", before, value);
            cJSON_ReplaceItemInObjectCaseSensitive(out, name, cJSON_CreateString(joined));
            free(joined);
        } else {
            cJSON_AddStringToObject(out, name, value);
        }
        free(value);
    }
    return out;
}

/* The part of "Credential=AKID/date/region/service/aws4_request, SignedHeaders=a;b, …" that is no
 * secret. */
static void add_sigv4(cJSON *entry, const char *authorization)
{
    static const char *const parts[] = {"Credential", "SignedHeaders"};
    if (!authorization || !sim_starts_with(authorization, "AWS4-HMAC-SHA256 "))
        return;
    cJSON *sigv4 = cJSON_AddObjectToObject(entry, "sigv4");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char *label = sim_printf("%s=", parts[i]);
        const char *found = strstr(authorization, label);
        if (found) {
            found += strlen(label);
            char *value = sim_strndup(found, strcspn(found, ", "));
            cJSON_AddStringToObject(sigv4, i == 0 ? "credential" : "signed_headers", value);
            free(value);
        }
        free(label);
    }
}

/*
 * The entry for a request that has been answered: it stays owned by sim->requests (the oldest goes
 * when there are SIM_REQUESTS_MAX), so it is valid until the lock is given back.
 */
cJSON *sim_log_request(struct sim *sim, const struct sim_request *req,
                       const struct sim_answer *answer)
{
    cJSON *entry = cJSON_CreateObject();
    char *now = sim_time_text(time(NULL), SIM_TIME_ISO);
    cJSON_AddNumberToObject(entry, "seq", (double)++sim->request_seq);
    cJSON_AddStringToObject(entry, "time", now);
    free(now);
    cJSON_AddStringToObject(entry, "persona", persona_name(req->persona));
    cJSON_AddStringToObject(entry, "method", req->method);
    cJSON_AddStringToObject(entry, "path", req->path);
    cJSON_AddStringToObject(entry, "path_decoded", req->path_decoded);
    cJSON_AddStringToObject(entry, "query", req->query);
    cJSON_AddNumberToObject(entry, "connection", (double)req->connection);
    cJSON_AddBoolToObject(entry, "tls", req->tls);
    cJSON_AddItemToObject(entry, "headers", headers_json(&req->headers));
    add_sigv4(entry, sim_pairs_get(&req->headers, "authorization"));
    cJSON *body = cJSON_AddObjectToObject(entry, "body");
    cJSON_AddStringToObject(body, "sha256", req->body_sha256);
    cJSON_AddNumberToObject(body, "bytes", (double)req->body_bytes);
    cJSON_AddNumberToObject(entry, "status", answer->reset || answer->hang_up ? 0 : answer->status);
    cJSON *faults = cJSON_AddArrayToObject(entry, "faults");
    for (size_t i = 0; i < req->faults.count; i++)
        cJSON_AddItemToArray(faults, cJSON_CreateString(req->faults.items[i].name));
    if (sim->request_count >= SIM_REQUESTS_MAX)
        cJSON_DeleteItemFromArray(sim->requests, 0);
    else
        sim->request_count++;
    cJSON_AddItemToArray(sim->requests, entry);
    return entry;
}

void sim_log_clear(struct sim *sim)
{
    cJSON_Delete(sim->requests);
    sim->requests = cJSON_CreateArray();
    sim->request_count = 0;
}
