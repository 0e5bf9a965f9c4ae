/*
 * Signature V4 as AWS checks it, and more strictly than Ceph does: the scope's region and service,
 * every x-amz-* header signed, the payload's hash, the clock. Written from the documentation, not
 * from gs3. https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 *
 * The keys are those of sts.json: access key → {"secret", "token"?, "expired"?, "arn", "user_id",
 * "account"}, and
 * "_region", the only region that is right.
 */
#include "sim.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_MAX_S 900

struct scope {
    char *key_id;
    char *date;
    char *region;
    char *service;
    char *signed_headers;
    char *signature;
};

static void scope_release(struct scope *scope)
{
    free(scope->key_id);
    free(scope->date);
    free(scope->region);
    free(scope->service);
    free(scope->signed_headers);
    free(scope->signature);
}

static bool fail(struct sim_signature *out, unsigned status, const char *code, const char *message)
{
    out->status = status;
    out->code = code;
    out->message = message;
    return false;
}

static char *member(const char *authorization, const char *label)
{
    const char *found = strstr(authorization, label);
    if (!found)
        return NULL;
    found += strlen(label);
    return sim_strndup(found, strcspn(found, ", "));
}

static char *next_part(const char **text)
{
    size_t len = strcspn(*text, "/");
    char *part = sim_strndup(*text, len);
    *text += len + ((*text)[len] == '/' ? 1 : 0);
    return part;
}

static bool scope_parse(struct scope *scope, const char *authorization)
{
    char *credential = member(authorization, "Credential=");
    scope->signed_headers = member(authorization, "SignedHeaders=");
    scope->signature = member(authorization, "Signature=");
    bool good = credential && scope->signed_headers && scope->signature;
    if (good) {
        const char *rest = credential;
        scope->key_id = next_part(&rest);
        scope->date = next_part(&rest);
        scope->region = next_part(&rest);
        scope->service = next_part(&rest);
        good = strcmp(rest, "aws4_request") == 0;
    }
    free(credential);
    return good;
}

static bool list_has(const char *list, const char *name)
{
    size_t name_len = strlen(name);
    while (*list != '\0') {
        size_t len = strcspn(list, ";");
        if (len == name_len && strncmp(list, name, len) == 0)
            return true;
        list += len + (list[len] == ';' ? 1 : 0);
    }
    return false;
}

static bool headers_are_signed(const struct sim_request *req, const char *signed_headers)
{
    if (!list_has(signed_headers, "host"))
        return false;
    for (size_t i = 0; i < req->headers.count; i++) {
        const char *name = req->headers.items[i].name;
        if (sim_starts_with(name, "x-amz-") && !list_has(signed_headers, name))
            return false;
    }
    return true;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each name and value decoded and encoded again, sorted: AWS does the same, whatever the client
 * sent. */
static void add_canonical_query(struct sim_buf *out, const char *query)
{
    size_t count = 0;
    char **terms = sim_alloc((strlen(query) + 2) * sizeof(*terms));
    while (*query != '\0') {
        size_t len = strcspn(query, "&");
        size_t name_len = strcspn(query, "=&");
        char *name = sim_percent_decode(query, name_len, false);
        char *value = name_len < len
                          ? sim_percent_decode(query + name_len + 1, len - name_len - 1, false)
                          : sim_strdup("");
        struct sim_buf term = {0};
        sim_percent_encode(&term, name, strlen(name), false);
        sim_buf_adds(&term, "=");
        sim_percent_encode(&term, value, strlen(value), false);
        if (len > 0)
            terms[count++] = term.data;
        else
            sim_buf_release(&term);
        free(name);
        free(value);
        query += len + (query[len] == '&' ? 1 : 0);
    }
    qsort(terms, count, sizeof(*terms), compare_texts);
    for (size_t i = 0; i < count; i++) {
        sim_buf_printf(out, "%s%s", i > 0 ? "&" : "", terms[i]);
        free(terms[i]);
    }
    free(terms);
    sim_buf_adds(out, "\n");
}

/* Trimmed, runs of blanks as one. */
static void add_collapsed(struct sim_buf *out, const char *value)
{
    bool blank = false;
    bool started = false;
    for (; *value != '\0'; value++) {
        if (*value == ' ' || *value == '\t') {
            blank = started;
            continue;
        }
        if (blank)
            sim_buf_adds(out, " ");
        sim_buf_add(out, value, 1);
        blank = false;
        started = true;
    }
}

static void add_canonical_headers(struct sim_buf *out, const struct sim_request *req,
                                  const char *list)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ";");
        char *name = sim_strndup(list, len);
        bool first = true;
        sim_buf_printf(out, "%s:", name);
        for (size_t i = 0; i < req->headers.count; i++) {
            if (strcmp(req->headers.items[i].name, name) != 0)
                continue;
            sim_buf_adds(out, first ? "" : ",");
            add_collapsed(out, req->headers.items[i].value);
            first = false;
        }
        sim_buf_adds(out, "\n");
        free(name);
        list += len + (list[len] == ';' ? 1 : 0);
    }
    sim_buf_adds(out, "\n");
}

/* S3 encodes the path once, from its decoded form; the other services encode what was sent again.
 */
static char *canonical_request(const struct sim_request *req, const struct scope *scope,
                               const char *payload)
{
    struct sim_buf out = {0};
    const char *path = strcmp(scope->service, "s3") == 0 ? req->path_decoded : req->path;
    sim_buf_printf(&out, "%s\n", req->method);
    sim_percent_encode(&out, path, strlen(path), true);
    sim_buf_adds(&out, "\n");
    add_canonical_query(&out, req->query);
    add_canonical_headers(&out, req, scope->signed_headers);
    sim_buf_printf(&out, "%s\n%s", scope->signed_headers, payload);
    return out.data;
}

static void hmac(unsigned char key[32], size_t *key_len, const unsigned char *from, size_t from_len,
                 const char *text)
{
    unsigned int len = 0;
    if (!HMAC(EVP_sha256(), from, (int)from_len, (const unsigned char *)text, strlen(text), key,
              &len))
        abort();
    *key_len = len;
}

static char *expected_signature(const struct sim_request *req, const struct scope *scope,
                                const char *secret, const char *when, const char *payload)
{
    char *canonical = canonical_request(req, scope, payload);
    char hash[SIM_SHA256_HEX];
    sim_sha256_hex(canonical, strlen(canonical), hash);
    char *text = sim_printf("AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", when, scope->date,
                            scope->region, scope->service, hash);
    char *first = sim_printf("AWS4%s", secret);
    const char *const steps[] = {scope->date, scope->region, scope->service, "aws4_request", text};
    unsigned char key[2][32] = {0};
    size_t len = 0;
    hmac(key[0], &len, (const unsigned char *)first, strlen(first), steps[0]);
    for (size_t i = 1; i < 5; i++)
        hmac(key[i % 2], &len, key[(i + 1) % 2], len, steps[i]);
    struct sim_buf hex = {0};
    for (size_t i = 0; i < len; i++)
        sim_buf_printf(&hex, "%02x", key[0][i]);
    free(first);
    free(text);
    free(canonical);
    return hex.data;
}

static bool clock_is_near(const char *when)
{
    struct tm parts = {0};
    const char *end = strptime(when, "%Y%m%dT%H%M%SZ", &parts);
    int64_t skew =
        end && *end == '\0' ? (int64_t)timegm(&parts) - (int64_t)time(NULL) : SKEW_MAX_S + 1;
    return skew <= SKEW_MAX_S && skew >= -SKEW_MAX_S;
}

static bool check_payload(const struct sim_request *req, bool s3, const char **payload,
                          struct sim_signature *out)
{
    const char *sent = sim_pairs_get(&req->headers, "x-amz-content-sha256");
    *payload = s3 && sent ? sent : req->body_sha256;
    if (s3 && !sent)
        return fail(out, 400, "InvalidRequest",
                    "Missing required header for this request: x-amz-content-sha256");
    if (sent && strlen(sent) == 64 && strcmp(sent, req->body_sha256) != 0)
        return fail(out, 400, "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.");
    return true;
}

static bool check_token(const struct sim_request *req, const cJSON *entry, bool s3,
                        struct sim_signature *out)
{
    const char *sent = sim_pairs_get(&req->headers, "x-amz-security-token");
    const char *wanted = sim_json_string(entry, "token");
    if (sim_json_true(entry, "expired"))
        return fail(out, s3 ? 400 : 403, "ExpiredToken",
                    "The security token included in the request is expired");
    if ((wanted == NULL) != (sent == NULL) || (wanted && strcmp(wanted, sent) != 0))
        return fail(out, s3 ? 400 : 403, s3 ? "InvalidToken" : "InvalidClientTokenId",
                    "The security token included in the request is invalid.");
    return true;
}

static bool check_scope(const struct sim_request *req, const struct scope *scope, const cJSON *keys,
                        const char *service, struct sim_signature *out)
{
    bool s3 = strcmp(service, "s3") == 0;
    const char *region = sim_json_string(keys, "_region");
    const char *when = sim_pairs_get(&req->headers, "x-amz-date");
    const char *code = s3 ? "AuthorizationHeaderMalformed" : "SignatureDoesNotMatch";
    unsigned status = s3 ? 400 : 403;
    if (strcmp(scope->service, service) != 0)
        return fail(out, status, code, "Credential should be scoped to correct service");
    if (region && strcmp(scope->region, region) != 0)
        return fail(out, status, code, "Credential should be scoped to a valid region");
    if (!when || strncmp(when, scope->date, 8) != 0 || strlen(scope->date) != 8)
        return fail(out, status, code, "Date in Credential scope does not match X-Amz-Date");
    if (!clock_is_near(when))
        return fail(out, 403, s3 ? "RequestTimeTooSkewed" : "SignatureDoesNotMatch",
                    "Signature expired, or not yet current");
    if (!headers_are_signed(req, scope->signed_headers))
        return fail(out, 403, s3 ? "AccessDenied" : "SignatureDoesNotMatch",
                    "There were headers present in the request which were not signed");
    return true;
}

static bool check_all(const struct sim_request *req, const cJSON *keys, const char *service,
                      struct scope *scope, struct sim_signature *out)
{
    bool s3 = strcmp(service, "s3") == 0;
    const char *authorization = sim_pairs_get(&req->headers, "authorization");
    const char *payload = NULL;
    if (!authorization)
        return fail(out, 403, s3 ? "AccessDenied" : "MissingAuthenticationToken",
                    "Request is missing Authentication Token");
    if (!sim_starts_with(authorization, "AWS4-HMAC-SHA256 ") || !scope_parse(scope, authorization))
        return fail(out, 400, s3 ? "InvalidRequest" : "IncompleteSignature",
                    "The authorization header is not a complete AWS4-HMAC-SHA256 one");
    if (!check_scope(req, scope, keys, service, out))
        return false;
    const cJSON *entry =
        scope->key_id[0] == '_' ? NULL : cJSON_GetObjectItemCaseSensitive(keys, scope->key_id);
    const char *secret = sim_json_string(entry, "secret");
    if (!secret)
        return fail(out, 403, s3 ? "InvalidAccessKeyId" : "InvalidClientTokenId",
                    "The security token included in the request is invalid.");
    if (!check_payload(req, s3, &payload, out))
        return false;
    const char *when = sim_pairs_get(&req->headers, "x-amz-date");
    char *expected = expected_signature(req, scope, secret, when ? when : "", payload);
    bool same = strcmp(expected, scope->signature) == 0;
    free(expected);
    if (!same)
        return fail(
            out, 403, "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.");
    if (!check_token(req, entry, s3, out))
        return false;
    out->identity = cJSON_Duplicate(entry, true);
    return true;
}

/*
 * True when the request is signed for service with a key of keys (sts.json); out->identity is then
 * a copy of the key's entry, the caller's to delete. Otherwise out says with what AWS would refuse
 * it.
 */
bool sim_sigv4_check(const struct sim_request *req, const cJSON *keys, const char *service,
                     struct sim_signature *out)
{
    struct scope scope = {0};
    bool good = check_all(req, keys, service, &scope, out);
    scope_release(&scope);
    return good;
}
