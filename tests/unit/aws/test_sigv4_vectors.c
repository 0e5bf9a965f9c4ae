/* The published signing vectors (AWS's aws-c-auth suite, and the examples of the S3
 * documentation): canonical request, string to sign, signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "aws/vectors.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/json.h"
#include "text/time.h"

/* One vector's request, read from its text. */
struct vector {
    char *text; /* the whole; the rest points into it */
    char *method, *path, *query, *host, *body;
    struct gs3_pairs headers;
};

static void vector_release(struct vector *vector)
{
    free(vector->text);
    free(vector->path);
    free(vector->query);
    gs3_pairs_release(&vector->headers);
}

/* The vectors write the target as a person would; on the wire what is not printable ASCII is
 * encoded. */
static char *encode_unsafe(const char *text)
{
    char *out = gs3_xmalloc(strlen(text) * 3 + 1);
    char *end = out;
    for (; *text; text++) {
        if ((unsigned char)*text > ' ' && (unsigned char)*text < 0x7f)
            *end++ = *text;
        else
            end += sprintf(end, "%%%02X", (unsigned char)*text);
    }
    *end = '\0';
    return out;
}

static void add_header(struct vector *vector, char *line)
{
    char *colon = strchr(line, ':');
    /* A line that continues the one before. */
    if (gs3_ascii_is_space(*line)) {
        struct gs3_pair *last = &vector->headers.items[vector->headers.count - 1];
        gs3_auto_free char *joined = gs3_xasprintf("%s\n%s", last->value, line);
        gs3_auto_free char *name = gs3_xstrdup(last->name);
        vector->headers.count--;
        gs3_pairs_add(&vector->headers, name, joined);
        return;
    }
    assert_non_null(colon);
    *colon = '\0';
    if (gs3_str_equal_nocase(line, "host"))
        vector->host = colon + 1;
    else
        gs3_pairs_add(&vector->headers, line, colon + 1);
}

static void vector_read(struct vector *vector, const char *path)
{
    vector->text = vectors_read(path);
    assert_non_null(vector->text);
    char *rest = vector->text;
    char *line = strsep(&rest, "\n");
    vector->method = strsep(&line, " ");
    char *version = strstr(line, " HTTP/1.1");
    assert_non_null(version);
    *version = '\0';
    char *target = line;
    char *question = strchr(target, '?');
    if (question)
        *question++ = '\0';
    vector->path = gs3_xstrdup(target); /* encoded by the signer: double_encode */
    vector->query = encode_unsafe(question ? question : "");
    while ((line = strsep(&rest, "\n")) && *line)
        add_header(vector, line);
    vector->body = rest;
}

static void check_text(const char *directory, const char *name, const char *got)
{
    gs3_auto_free char *path = gs3_xasprintf("%s/%s", directory, name);
    gs3_auto_free char *wanted = vectors_read(path);
    assert_non_null(wanted);
    if (strcmp(wanted, got) != 0)
        fail_msg("%s:\n%s\n-- is not --\n%s", path, got, wanted);
}

static bool is_true(const cJSON *context, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(context, name));
}

static void read_credentials(const cJSON *context, struct gs3_credentials *credentials)
{
    const cJSON *from = cJSON_GetObjectItemCaseSensitive(context, "credentials");
    const char *secret = gs3_json_string(from, "secret_access_key");
    const char *token = gs3_json_string(from, "token");
    credentials->access_key_id = gs3_xstrdup(gs3_json_string(from, "access_key_id"));
    gs3_secret_set(&credentials->secret_access_key, secret, strlen(secret));
    if (token && !is_true(context, "omit_session_token"))
        gs3_secret_set(&credentials->session_token, token, strlen(token));
}

static void check_signature(const char *directory, const struct gs3_pairs *headers)
{
    const char *value = gs3_pairs_get(headers, "authorization");
    assert_non_null(value);
    const char *signature = strstr(value, "Signature=");
    assert_non_null(signature);
    check_text(directory, "header-signature.txt", signature + strlen("Signature="));
}

static void check_vector(const char *directory)
{
    gs3_auto_free char *context_path = gs3_xasprintf("%s/context.json", directory);
    gs3_auto_free char *json = vectors_read(context_path);
    gs3_auto_json cJSON *context = gs3_json_parse(json, strlen(json), NULL);
    assert_non_null(context);
    struct gs3_credentials credentials = {.access_key_id = NULL};
    read_credentials(context, &credentials);
    struct vector vector = {.text = NULL};
    gs3_auto_free char *request_path = gs3_xasprintf("%s/request.txt", directory);
    vector_read(&vector, request_path);

    bool signs_body = is_true(context, "sign_body");
    char digest[GS3_SHA256_HEX_BYTES];
    gs3_sha256_hex(vector.body ? vector.body : "",
                   signs_body && vector.body ? strlen(vector.body) : 0, digest);
    struct gs3_sigv4_request request = {
        .method = vector.method,
        .path = vector.path,
        .query = vector.query,
        .host = vector.host,
        .region = gs3_json_string(context, "region"),
        .service = gs3_json_string(context, "service"),
        .payload_sha256 = digest,
        .adds_content_sha256 = signs_body,
        .double_encode = true,
        .normalize = is_true(context, "normalize"),
    };
    assert_int_equal(gs3_time_parse_iso(gs3_json_string(context, "timestamp"), &request.now), 0);
    struct gs3_sigv4_key key = {.date = ""};
    gs3_sigv4_sign(&request, &credentials, &key, &vector.headers);
    gs3_auto_free char *names = NULL;
    gs3_auto_free char *canonical = gs3_sigv4_canonical_request(&request, &vector.headers, &names);
    check_text(directory, "header-canonical-request.txt", canonical);
    gs3_auto_free char *to_sign = gs3_sigv4_string_to_sign(&request, canonical);
    check_text(directory, "header-string-to-sign.txt", to_sign);
    check_signature(directory, &vector.headers);
    vector_release(&vector);
    gs3_credentials_release(&credentials);
}

static void sigv4_every_published_vector_matches(void **state)
{
    (void)state;
    char root[PATH_MAX / 2];
    if (!vectors_find("sigv4-vectors/v4", root, sizeof root))
        return;
    DIR *directory = opendir(root);
    assert_non_null(directory);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        gs3_auto_free char *path = gs3_xasprintf("%s/%s", root, entry->d_name);
        check_vector(path);
        count++;
    }
    closedir(directory);
    print_message("# %zu vectors\n", count);
    assert_true(count >= 30);
}

/* The S3 examples give the canonical request; what it was made of is read back from it. */
static void check_s3_example(const cJSON *suite, const cJSON *example)
{
    const char *wanted = gs3_json_string(example, "canonical_request");
    gs3_auto_free char *copy = gs3_xstrdup(wanted);
    char *rest = copy;
    struct gs3_pairs headers = GS3_PAIRS_INIT;
    struct gs3_sigv4_request request = {.service = gs3_json_string(suite, "service")};
    request.region = gs3_json_string(suite, "region");
    request.method = strsep(&rest, "\n");
    request.path = strsep(&rest, "\n");
    request.query = strsep(&rest, "\n");
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        char *value = line;
        char *name = strsep(&value, ":");
        if (strcmp(name, "host") == 0)
            request.host = value;
        else
            gs3_pairs_add(&headers, name, value);
    }
    strsep(&rest, "\n");
    request.payload_sha256 = rest;
    request.adds_content_sha256 = gs3_pairs_has(&headers, "x-amz-content-sha256");
    assert_int_equal(gs3_time_parse_iso("2013-05-24T00:00:00Z", &request.now), 0);
    gs3_auto_free char *names = NULL;
    gs3_auto_free char *canonical = gs3_sigv4_canonical_request(&request, &headers, &names);
    assert_string_equal(canonical, wanted);
    assert_string_equal(names, gs3_json_string(example, "signed_headers"));
    gs3_auto_free char *to_sign = gs3_sigv4_string_to_sign(&request, canonical);
    assert_string_equal(to_sign, gs3_json_string(example, "string_to_sign"));

    /* A presigned request carries no date header, so signing would add one. */
    if (gs3_pairs_has(&headers, "x-amz-date")) {
        const char *secret = gs3_json_string(suite, "secret_key");
        const char *id = gs3_json_string(suite, "access_key");
        struct gs3_credentials credentials = {.access_key_id = gs3_xstrdup(id)};
        struct gs3_sigv4_key key = {.date = ""};
        gs3_secret_set(&credentials.secret_access_key, secret, strlen(secret));
        gs3_sigv4_sign(&request, &credentials, &key, &headers);
        const char *value = gs3_pairs_get(&headers, "authorization");
        assert_non_null(value);
        assert_non_null(strstr(value, gs3_json_string(example, "signature")));
        gs3_credentials_release(&credentials);
    }
    gs3_pairs_release(&headers);
}

static void sigv4_every_s3_example_matches(void **state)
{
    (void)state;
    char path[PATH_MAX];
    if (!vectors_find("sigv4-vectors/s3-doc-examples-computed.json", path, sizeof path))
        return;
    gs3_auto_free char *text = vectors_read(path);
    gs3_auto_json cJSON *suite = gs3_json_parse(text, strlen(text), NULL);
    assert_non_null(suite);
    const cJSON *cases = cJSON_GetObjectItemCaseSensitive(suite, "cases");
    assert_true(cJSON_GetArraySize(cases) >= 6);
    const cJSON *example;
    cJSON_ArrayForEach(example, cases)
    {
        check_s3_example(suite, example);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigv4_every_published_vector_matches),
        cmocka_unit_test(sigv4_every_s3_example_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
