/*
 * What hands temporary credentials out: the instance metadata service of EC2 (version 2 alone), the
 * container endpoints of ECS and EKS, and SSO's portal and token service. credentials.json says who
 * gets which; the shapes are the documented ones:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 * https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
 * https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define IMDS_LIST "/latest/meta-data/iam/security-credentials/"

static void add_time(cJSON *object, const char *name, int64_t seconds)
{
    char text[32];
    struct tm parts;
    time_t when = (time_t)seconds;
    gmtime_r(&when, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    cJSON_AddStringToObject(object, name, text);
}

/* missing=FIELD and set=FIELD=JSON. */
static void apply_faults(const struct sim_request *req, cJSON *object)
{
    for (size_t i = 0; i < req->faults.count; i++) {
        const struct sim_pair *fault = &req->faults.items[i];
        if (strcmp(fault->name, "missing") == 0)
            cJSON_DeleteItemFromObjectCaseSensitive(object, fault->value);
        const char *equals = strchr(fault->value, '=');
        if (strcmp(fault->name, "set") != 0 || !equals)
            continue;
        char *name = sim_strndup(fault->value, (size_t)(equals - fault->value));
        cJSON *value = cJSON_Parse(equals + 1);
        cJSON_DeleteItemFromObjectCaseSensitive(object, name);
        cJSON_AddItemToObject(object, name, value ? value : cJSON_CreateString(equals + 1));
        free(name);
    }
}

static void copy_string(cJSON *to, const char *name, const cJSON *from, const char *member)
{
    const char *value = sim_json_string(from, member);
    cJSON_AddStringToObject(to, name, value ? value : "");
}

/* The form that EC2, ECS and EKS share. */
static void answer_keys(const struct sim_request *req, const cJSON *keys, cJSON *body,
                        struct sim_answer *answer)
{
    copy_string(body, "AccessKeyId", keys, "id");
    copy_string(body, "SecretAccessKey", keys, "secret");
    copy_string(body, "Token", keys, "token");
    add_time(body, "Expiration", (int64_t)time(NULL) + sim_json_integer(keys, "lifetime", 21600));
    apply_faults(req, body);
    sim_answer_json(answer, 200, body);
}

static void imds_token(const struct sim_request *req, const cJSON *imds, struct sim_answer *answer)
{
    int64_t ttl = 0;
    const char *header = sim_pairs_get(&req->headers, "x-aws-ec2-metadata-token-ttl-seconds");
    if (sim_pairs_get(&req->headers, "x-forwarded-for"))
        sim_answer_text(answer, 403, "text/html", "");
    else if (strcmp(req->method, "PUT") != 0)
        sim_answer_text(answer, 405, "text/html", "");
    else if (!header || !sim_number_parse(header, &ttl) || ttl < 1 || ttl > 21600)
        sim_answer_text(answer, 400, "text/html", "");
    else
        sim_answer_text(answer, 200, "text/plain", sim_json_string(imds, "session"));
}

static void imds_answer(const struct sim_request *req, const cJSON *imds, struct sim_answer *answer)
{
    const char *session = sim_pairs_get(&req->headers, "x-aws-ec2-metadata-token");
    const char *role = sim_json_string(imds, "role");
    if (strcmp(req->path_decoded, "/latest/api/token") == 0) {
        imds_token(req, imds, answer);
        return;
    }
    char *wanted = sim_printf("%s%s", IMDS_LIST, role);
    if (!session || strcmp(session, sim_json_string(imds, "session")) != 0 ||
        sim_fault_arg(req, "bad-auth")) {
        sim_answer_text(answer, 401, "text/html", "401 - Unauthorized");
    } else if (strcmp(req->path_decoded, IMDS_LIST) == 0) {
        sim_answer_text(answer, 200, "text/plain", role);
    } else if (strcmp(req->path_decoded, wanted) == 0) {
        cJSON *body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "Code", "Success");
        add_time(body, "LastUpdated", (int64_t)time(NULL));
        cJSON_AddStringToObject(body, "Type", "AWS-HMAC");
        answer_keys(req, cJSON_GetObjectItemCaseSensitive(imds, "keys"), body, answer);
    } else {
        sim_answer_text(answer, 404, "text/html", "404 - Not Found");
    }
    free(wanted);
}

static void container_answer(const struct sim_request *req, const cJSON *containers,
                             struct sim_answer *answer)
{
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(containers, req->path_decoded);
    const char *wanted = sim_json_string(entry, "authorization");
    const char *given = sim_pairs_get(&req->headers, "authorization");
    cJSON *body = cJSON_CreateObject();
    if (!entry) {
        cJSON_AddStringToObject(body, "code", "InvalidIdInPath");
        cJSON_AddStringToObject(body, "message", "CredentialsV2Request: no credentials");
        sim_answer_json(answer, 400, body);
    } else if ((wanted && (!given || strcmp(given, wanted) != 0)) ||
               sim_fault_arg(req, "bad-auth")) {
        cJSON_AddStringToObject(body, "message", "Service account token cannot be used");
        sim_answer_json(answer, 401, body);
    } else {
        cJSON_AddStringToObject(body, "RoleArn", "arn:aws:iam::123456789012:role/container");
        answer_keys(req, entry, body, answer);
    }
}

static void sso_refuse(struct sim_answer *answer, unsigned status, const char *kind,
                       const char *message)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "message", message);
    sim_answer_json(answer, status, body);
    sim_answer_header(answer, "x-amzn-ErrorType", kind);
}

static void portal_answer(const struct sim_request *req, const cJSON *sso,
                          struct sim_answer *answer)
{
    const char *token = sim_pairs_get(&req->headers, "x-amz-sso_bearer_token");
    const char *role = sim_pairs_get(&req->args, "role_name");
    const char *account = sim_pairs_get(&req->args, "account_id");
    const cJSON *tokens = cJSON_GetObjectItemCaseSensitive(sso, "tokens");
    if (!role || !account) {
        sso_refuse(answer, 400, "InvalidRequestException", "role_name and account_id are needed");
        return;
    }
    if (!token || !sim_json_true(tokens, token) || sim_fault_arg(req, "bad-auth")) {
        sso_refuse(answer, 401, "UnauthorizedException", "Session token not found or invalid");
        return;
    }
    char *name = sim_printf("%s/%s", account, role);
    const cJSON *keys =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(sso, "roles"), name);
    free(name);
    if (!keys) {
        sso_refuse(answer, 403, "ForbiddenException", "No access");
        return;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON *inner = cJSON_AddObjectToObject(body, "roleCredentials");
    copy_string(inner, "accessKeyId", keys, "id");
    copy_string(inner, "secretAccessKey", keys, "secret");
    copy_string(inner, "sessionToken", keys, "token");
    int64_t expires_s = (int64_t)time(NULL) + sim_json_integer(keys, "lifetime", 3600);
    cJSON_AddNumberToObject(inner, "expiration", (double)expires_s * 1000);
    apply_faults(req, inner);
    sim_answer_json(answer, 200, body);
}

static void oidc_refuse(struct sim_answer *answer, unsigned status, const char *kind,
                        const char *error)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error", error);
    cJSON_AddStringToObject(body, "error_description", "The simulator says no");
    sim_answer_json(answer, status, body);
    sim_answer_header(answer, "x-amzn-ErrorType", kind);
}

static bool is_same(const cJSON *asked, const char *name, const cJSON *oidc, const char *member)
{
    const char *given = sim_json_string(asked, name);
    const char *wanted = sim_json_string(oidc, member);
    return given && wanted && strcmp(given, wanted) == 0;
}

static void oidc_answer(const struct sim_request *req, const cJSON *oidc, struct sim_answer *answer)
{
    cJSON *asked = cJSON_Parse(req->body.data ? req->body.data : "");
    const char *grant = sim_json_string(asked, "grantType");
    const char *refresh = sim_json_string(asked, "refreshToken");
    const cJSON *given =
        refresh
            ? cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(oidc, "refresh"),
                                               refresh)
            : NULL;
    if (!grant || strcmp(grant, "refresh_token") != 0) {
        oidc_refuse(answer, 400, "UnsupportedGrantTypeException", "unsupported_grant_type");
    } else if (!is_same(asked, "clientId", oidc, "client_id") ||
               !is_same(asked, "clientSecret", oidc, "client_secret")) {
        oidc_refuse(answer, 401, "InvalidClientException", "invalid_client");
    } else if (!given || sim_fault_arg(req, "bad-auth")) {
        oidc_refuse(answer, 400, "InvalidGrantException", "invalid_grant");
    } else {
        cJSON *body = cJSON_CreateObject();
        copy_string(body, "accessToken", given, "access_token");
        copy_string(body, "refreshToken", given, "refresh_token");
        cJSON_AddStringToObject(body, "tokenType", "Bearer");
        cJSON_AddNumberToObject(body, "expiresIn",
                                (double)sim_json_integer(given, "lifetime", 28800));
        apply_faults(req, body);
        sim_answer_json(answer, 200, body);
    }
    cJSON_Delete(asked);
}

bool sim_credentials_path(const struct sim_request *req, enum sim_persona *persona)
{
    const char *path = req->path_decoded;
    if (strcmp(path, "/latest/api/token") == 0 || sim_starts_with(path, "/latest/meta-data/"))
        *persona = SIM_IMDS;
    else if (sim_starts_with(path, "/v2/credentials/") || strcmp(path, "/v1/credentials") == 0)
        *persona = SIM_CONTAINER;
    else if (strcmp(path, "/federation/credentials") == 0 ||
             (strcmp(path, "/token") == 0 && strcmp(req->method, "POST") == 0 &&
              *req->query == '\0'))
        *persona = SIM_SSO;
    else
        return false;
    return true;
}

void sim_credentials_answer(struct sim *sim, const struct sim_request *req,
                            struct sim_answer *answer)
{
    cJSON *all = sim_fixture_load(sim, "credentials.json", SIM_TIME_ISO, answer);
    if (!all)
        return;
    if (req->persona == SIM_IMDS)
        imds_answer(req, cJSON_GetObjectItemCaseSensitive(all, "imds"), answer);
    else if (req->persona == SIM_CONTAINER)
        container_answer(req, cJSON_GetObjectItemCaseSensitive(all, "container"), answer);
    else if (strcmp(req->path_decoded, "/token") == 0)
        oidc_answer(req, cJSON_GetObjectItemCaseSensitive(all, "oidc"), answer);
    else
        portal_answer(req, cJSON_GetObjectItemCaseSensitive(all, "sso"), answer);
    cJSON_Delete(all);
}
