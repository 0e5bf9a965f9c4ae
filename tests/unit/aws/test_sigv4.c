/* Signing by a few values that AWS publishes, and what no vector shows; the vectors have their own
 * test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/mem.h"

static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static struct gs3_credentials credentials_of(const char *secret, const char *token)
{
    struct gs3_credentials credentials = {.access_key_id = gs3_xstrdup("AKIAIOSFODNN7EXAMPLE")};
    gs3_secret_set(&credentials.secret_access_key, secret, strlen(secret));
    if (token)
        gs3_secret_set(&credentials.session_token, token, strlen(token));
    return credentials;
}

/* "Signature Calculations for the Authorization Header", GET Object with a range. */
static struct gs3_sigv4_request example(void)
{
    return (struct gs3_sigv4_request){
        .method = "GET",
        .path = "/test.txt",
        .host = "examplebucket.s3.amazonaws.com",
        .region = "us-east-1",
        .service = "s3",
        .payload_sha256 = empty,
        .adds_content_sha256 = true,
        .now = 1369353600, /* 2013-05-24T00:00:00Z */
    };
}

static void sign_published_example_matches(void **state)
{
    (void)state;
    struct gs3_credentials credentials =
        credentials_of("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL);
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    const struct gs3_sigv4_request request = example();
    struct gs3_sigv4_key key = {.date = ""};
    gs3_pairs_add(&headers, "Range", "bytes=0-9");
    gs3_sigv4_sign(&request, &credentials, &key, &headers);
    assert_string_equal(
        gs3_pairs_get(&headers, "authorization"),
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    gs3_credentials_release(&credentials);
}

static void sign_again_replaces_what_it_added(void **state)
{
    (void)state;
    struct gs3_credentials credentials = credentials_of("secret", "token");
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    struct gs3_sigv4_request request = example();
    struct gs3_sigv4_key key = {.date = ""};
    gs3_sigv4_sign(&request, &credentials, &key, &headers);
    size_t count = headers.count;
    gs3_auto_free char *first = gs3_xstrdup(gs3_pairs_get(&headers, "authorization"));
    gs3_sigv4_sign(&request, &credentials, &key, &headers);
    assert_int_equal(headers.count, count);
    assert_string_equal(gs3_pairs_get(&headers, "authorization"), first);
    request.now += 60;
    gs3_sigv4_sign(&request, &credentials, &key, &headers);
    assert_int_equal(headers.count, count);
    assert_string_equal(gs3_pairs_get(&headers, "x-amz-date"), "20130524T000100Z");
    gs3_credentials_release(&credentials);
}

static void assert_signs_as_without_cache(const struct gs3_sigv4_request *request,
                                          const struct gs3_credentials *credentials,
                                          struct gs3_sigv4_key *cache)
{
    gs3_auto_pairs struct gs3_pairs cached = GS3_PAIRS_INIT;
    gs3_auto_pairs struct gs3_pairs fresh = GS3_PAIRS_INIT;
    struct gs3_sigv4_key key = {.date = ""};
    gs3_sigv4_sign(request, credentials, cache, &cached);
    gs3_sigv4_sign(request, credentials, &key, &fresh);
    assert_string_equal(gs3_pairs_get(&cached, "authorization"),
                        gs3_pairs_get(&fresh, "authorization"));
}

static void sign_key_cache_follows_day_region_and_service(void **state)
{
    (void)state;
    struct gs3_credentials credentials = credentials_of("secret", NULL);
    struct gs3_sigv4_request request = example();
    struct gs3_sigv4_key cache = {.date = ""};
    assert_signs_as_without_cache(&request, &credentials, &cache);
    request.now += 3600;
    assert_signs_as_without_cache(&request, &credentials, &cache);
    request.now += 86400;
    assert_signs_as_without_cache(&request, &credentials, &cache);
    request.region = "eu-west-1";
    assert_signs_as_without_cache(&request, &credentials, &cache);
    request.service = "sts";
    assert_signs_as_without_cache(&request, &credentials, &cache);
    gs3_credentials_release(&credentials);
}

static void canonical_request_leaves_out_what_changes_on_the_way(void **state)
{
    (void)state;
    static const char *const names[] = {"Connection",
                                        "Expect",
                                        "Keep-Alive",
                                        "Proxy-Authorization",
                                        "Proxy-Connection",
                                        "TE",
                                        "Trailer",
                                        "Transfer-Encoding",
                                        "Upgrade",
                                        "User-Agent",
                                        "X-Amzn-Trace-Id",
                                        "Authorization",
                                        "Host"};
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        gs3_pairs_add(&headers, names[i], "x");
    gs3_pairs_add(&headers, "X-Amz-Meta-B", " \t two \t words \r\n");
    gs3_pairs_add(&headers, "x-amz-meta-a", "");
    gs3_pairs_add(&headers, "x-AMZ-meta-b", "more");
    struct gs3_sigv4_request request = example();
    request.query = "b=2&a&b=1&a=&%41=x";
    gs3_auto_free char *signed_names = NULL;
    gs3_auto_free char *text = gs3_sigv4_canonical_request(&request, &headers, &signed_names);
    assert_string_equal(signed_names, "host;x-amz-meta-a;x-amz-meta-b");
    assert_string_equal(text, "GET\n/test.txt\n%41=x&a=&a=&b=1&b=2\n"
                              "host:examplebucket.s3.amazonaws.com\nx-amz-meta-a:\n"
                              "x-amz-meta-b:two words,more\n\nhost;x-amz-meta-a;x-amz-meta-b\n"
                              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void canonical_path_is_normalised_only_where_asked(void **state)
{
    (void)state;
    static const struct {
        const char *path, *normal;
    } cases[] = {
        {"/", "/"},         {"/a/../b", "/b"}, {"/a/..", "/"},         {"/a/b/..", "/a/"},
        {"//a//b", "/a/b"}, {"/./a/.", "/a/"}, {"/../../a", "/a"},     {"/a/b/../../..", "/"},
        {"/...", "/..."},   {"/a/", "/a/"},    {"/a%2Fb", "/a%252Fb"},
    };
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_sigv4_request request = example();
        request.path = cases[i].path;
        for (int is_s3 = 0; is_s3 < 2; is_s3++) {
            request.normalize = request.double_encode = !is_s3;
            gs3_auto_free char *names = NULL;
            gs3_auto_free char *text = gs3_sigv4_canonical_request(&request, &headers, &names);
            gs3_auto_free char *wanted =
                gs3_xasprintf("GET\n%s\n", is_s3 ? cases[i].path : cases[i].normal);
            if (strncmp(text, wanted, strlen(wanted)) != 0)
                fail_msg("%s: %s", cases[i].path, text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign_published_example_matches),
        cmocka_unit_test(sign_again_replaces_what_it_added),
        cmocka_unit_test(sign_key_cache_follows_day_region_and_service),
        cmocka_unit_test(canonical_request_leaves_out_what_changes_on_the_way),
        cmocka_unit_test(canonical_path_is_normalised_only_where_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
