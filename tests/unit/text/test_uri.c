/* Percent encoding, and origins: what is refused matters as much as what is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "text/uri.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void uri_encode_reserved_bytes_are_escaped(void **state)
{
    static const struct {
        const char *text;
        bool keep_slash;
        const char *encoded;
    } cases[] = {
        {"", false, ""},
        {"AZaz09-_.~", false, "AZaz09-_.~"},
        {"a b+c%d", false, "a%20b%2Bc%25d"},
        {"/a//b/./../c", true, "/a//b/./../c"},
        {"/a", false, "%2Fa"},
        {"!*'()=&?#@:;,$[]", true, "%21%2A%27%28%29%3D%26%3F%23%40%3A%3B%2C%24%5B%5D"},
        {"\xC3\xA9\xF0\x9F\x98\x80", false, "%C3%A9%F0%9F%98%80"},
        {"\x01\x7F\xFF\"<>\\^`{|}", false, "%01%7F%FF%22%3C%3E%5C%5E%60%7B%7C%7D"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(256);
        gs3_auto_buf struct gs3_buf back = GS3_BUF_INIT(256);
        assert_int_equal(gs3_uri_encode(&out, cases[i].text, cases[i].keep_slash), 0);
        assert_string_equal(gs3_buf_string(&out), cases[i].encoded);
        assert_int_equal(gs3_uri_decode(&back, gs3_buf_string(&out)), 0);
        assert_string_equal(gs3_buf_string(&back), cases[i].text);
    }
    gs3_auto_buf struct gs3_buf small = GS3_BUF_INIT(2);
    assert_int_equal(gs3_uri_encode(&small, "%", false), -1);
    assert_int_equal(gs3_uri_encode(&small, "abc", false), -1);
}

static void uri_decode_only_escapes_are_decoded(void **state)
{
    static const struct {
        const char *text;
        const char *decoded; /* NULL: refused */
    } cases[] = {
        {"a+b%20c", "a+b c"}, {"%c3%A9", "\xC3\xA9"}, {"%2525", "%25"}, {"%", NULL},
        {"%2", NULL},         {"%2g", NULL},          {"%g2", NULL},    {"a%00b", NULL},
        {"% 20", NULL},       {"%-1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(256);
        assert_int_equal(gs3_uri_decode(&out, cases[i].text), cases[i].decoded ? 0 : -1);
        if (cases[i].decoded)
            assert_string_equal(gs3_buf_string(&out), cases[i].decoded);
    }
}

static void origin_parse_good_text_is_read(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        unsigned port;
        bool is_default_port;
        bool is_loopback;
        const char *formatted;
    } cases[] = {
        {"https://s3.example.com", "s3.example.com", 443, true, false, "https://s3.example.com"},
        {"HTTPS://S3.Example.COM:443/", "s3.example.com", 443, true, false,
         "https://s3.example.com"},
        {"http://a:8000", "a", 8000, false, false, "http://a:8000"},
        {"http://a:443", "a", 443, false, false, "http://a:443"},
        {"https://my_store.internal:65535", "my_store.internal", 65535, false, false,
         "https://my_store.internal:65535"},
        {"http://localhost", "localhost", 80, true, true, "http://localhost"},
        {"http://LocalHost:9000", "localhost", 9000, false, true, "http://localhost:9000"},
        {"http://bucket.localhost:1", "bucket.localhost", 1, false, true,
         "http://bucket.localhost:1"},
        {"http://127.0.0.1:8000", "127.0.0.1", 8000, false, true, "http://127.0.0.1:8000"},
        {"http://127.255.1.2", "127.255.1.2", 80, true, true, "http://127.255.1.2"},
        {"http://128.0.0.1", "128.0.0.1", 80, true, false, "http://128.0.0.1"},
        {"http://[::1]:8000", "[::1]", 8000, false, true, "http://[::1]:8000"},
        {"http://[0:0:0:0:0:0:0:1]/", "[::1]", 80, true, true, "http://[::1]"},
        {"https://[2001:DB8::0:1]", "[2001:db8::1]", 443, true, false, "https://[2001:db8::1]"},
        {"https://[::ffff:127.0.0.2]", "[::ffff:127.0.0.2]", 443, true, true,
         "https://[::ffff:127.0.0.2]"},
        {"http://notlocalhost", "notlocalhost", 80, true, false, "http://notlocalhost"},
        {"http://localhost.example.com", "localhost.example.com", 80, true, false,
         "http://localhost.example.com"},
        {"http://127.0.0.1.example.com", "127.0.0.1.example.com", 80, true, false,
         "http://127.0.0.1.example.com"},
        {"https://1a", "1a", 443, true, false, "https://1a"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_err err = GS3_ERR_INIT;
        struct gs3_origin origin;
        struct gs3_origin again;
        gs3_origin_parse(cases[i].text, GS3_EPOLICY, &origin, &err);
        assert_string_equal(err.message, "");
        assert_string_equal(origin.host, cases[i].host);
        assert_int_equal(origin.port, cases[i].port);
        assert_int_equal(origin.is_default_port, cases[i].is_default_port);
        assert_int_equal(origin.is_loopback, cases[i].is_loopback);
        gs3_auto_free char *formatted = gs3_origin_format(&origin);
        assert_string_equal(formatted, cases[i].formatted);
        assert_int_equal(gs3_origin_parse(formatted, GS3_EPOLICY, &again, NULL), 0);
        assert_true(gs3_origin_equal(&origin, &again));
    }
}

static void origin_parse_bad_text_says_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *fault;
    } cases[] = {
        {"", "it must start with https:// or http://"},
        {"s3.example.com", "it must start with https:// or http://"},
        {"//s3.example.com", "it must start with https:// or http://"},
        {"ftp://s3.example.com", "it must start with https:// or http://"},
        {"https:s3.example.com", "it must start with https:// or http://"},
        {"https:/s3.example.com", "it must start with https:// or http://"},
        {"httpss://a", "it must start with https:// or http://"},
        {"https://", "the host is missing"},
        {"https:///", "the host is missing"},
        {"https://:443", "the host is missing"},
        {"https:////a", "a path is not allowed here: give scheme, host and port only"},
        {"https://a/b", "a path is not allowed here: give scheme, host and port only"},
        {"https://a//", "a path is not allowed here: give scheme, host and port only"},
        {"https://a/?x", "a query is not allowed here"},
        {"https://a?x", "a query is not allowed here"},
        {"https://a#x", "a fragment is not allowed here"},
        {"https://a\\b", "\\ and % are not allowed here"},
        {"https://a%2eb", "\\ and % are not allowed here"},
        {" https://a", "white space or a control character is not allowed here"},
        {"https://a ", "white space or a control character is not allowed here"},
        {"https://a\n", "white space or a control character is not allowed here"},
        {"https://a\x7F", "white space or a control character is not allowed here"},
        {"https://b\xC3\xBC"
         "cher.example",
         "not ASCII: write an international name as xn--..."},
        {"https://a.", "the host ends in a dot"},
        {"https://.", "the host has an empty label"},
        {"https://.a", "the host has an empty label"},
        {"https://a..b", "the host has an empty label"},
        {"https://-a", "a label of the host starts or ends with a hyphen"},
        {"https://a-.b", "a label of the host starts or ends with a hyphen"},
        {"https://a,b", "the host holds a character that no host name has"},
        {"https://a*", "the host holds a character that no host name has"},
        {"https://a:", "the port is not a number from 1 to 65535"},
        {"https://a:0", "the port is not a number from 1 to 65535"},
        {"https://a:65536", "the port is not a number from 1 to 65535"},
        {"https://a:99999999999999999999", "the port is not a number from 1 to 65535"},
        {"https://a:+1", "the port is not a number from 1 to 65535"},
        {"https://a:80:80", "the port is not a number from 1 to 65535"},
        {"http://127.1", "not an IPv4 address in its usual spelling"},
        {"http://2130706433", "not an IPv4 address in its usual spelling"},
        {"http://0x7f000001", "not an IPv4 address in its usual spelling"},
        {"http://0x7F.0.0.1", "not an IPv4 address in its usual spelling"},
        {"http://127.0.0.0x1", "not an IPv4 address in its usual spelling"},
        {"http://0177.0.0.1", "not an IPv4 address in its usual spelling"},
        {"http://127.0.0.1.5", "not an IPv4 address in its usual spelling"},
        {"http://256.0.0.1", "not an IPv4 address in its usual spelling"},
        {"http://0.0.0.0", "the unspecified address is no host"},
        {"http://[::]", "the unspecified address is no host"},
        {"http://[::1", "not an IPv6 address in brackets"},
        {"http://[]", "not an IPv6 address in brackets"},
        {"http://[a]", "not an IPv6 address in brackets"},
        {"http://[::1/]", "a path is not allowed here: give scheme, host and port only"},
        {"http://[fe80::1%25eth0]", "\\ and % are not allowed here"},
        {"http://[::1]a", "only a port may follow an address in brackets"},
        {"http://::1", "the host is missing"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_err err = GS3_ERR_INIT;
        struct gs3_origin origin;
        assert_int_equal(gs3_origin_parse(cases[i].text, GS3_EUSAGE, &origin, &err), -1);
        assert_int_equal(err.class, GS3_EUSAGE);
        const char *fault = strstr(err.message, "\": ");
        assert_non_null(fault);
        if (strcmp(fault + 3, cases[i].fault) != 0)
            fail_msg("%s: %s", cases[i].text, err.message);
    }
}

static void origin_parse_message_holds_no_secret_and_no_control(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"https://me:pass@host", "\"***@host\": a user part is not allowed here"},
        {"https://me:p@ss@host", "\"***@host\": a user part is not allowed here"},
        {"https://me:pass", "\"https://me:...\": the port is not a number from 1 to 65535"},
        {"https://[::1]:pass", "\"https://[::1]:...\": the port is not a number from 1 to 65535"},
        {"https://a:99999", "\"https://a:99999\": the port is not a number from 1 to 65535"},
        {"https://a:1/?token=pass", "\"https://a:1/...\": a query is not allowed here"},
        {"https://a#pass", "\"https://a...\": a fragment is not allowed here"},
        {"https://a\x1B[2J", "\"https://a\\x1b[2J\": white space or a control character is not "
                             "allowed here"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_err err = GS3_ERR_INIT;
        struct gs3_origin origin;
        assert_int_equal(gs3_origin_parse(cases[i].text, GS3_EPOLICY, &origin, &err), -1);
        assert_string_equal(err.message, cases[i].message);
    }
}

static void origin_parse_lengths_are_bounded(void **state)
{
    char text[4096];
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_origin origin;
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://", 8);
    text[8 + 63] = '\0';
    assert_int_equal(gs3_origin_parse(text, GS3_EPOLICY, &origin, &err), 0);
    text[8 + 63] = 'a';
    text[8 + 64] = '\0';
    assert_int_equal(gs3_origin_parse(text, GS3_EPOLICY, &origin, &err), -1);
    assert_non_null(strstr(err.message, "over 63 characters"));
    text[8 + 64] = 'a';
    for (size_t i = 8 + 63; i < sizeof text; i += 64)
        text[i] = '.';
    text[8 + 253] = '\0';
    assert_int_equal(gs3_origin_parse(text, GS3_EPOLICY, &origin, &err), 0);
    assert_int_equal(strlen(origin.host), 253);
    text[8 + 253] = 'a';
    text[8 + 254] = '\0';
    assert_int_equal(gs3_origin_parse(text, GS3_EPOLICY, &origin, &err), -1);
    text[8 + 254] = 'a';
    text[sizeof text - 1] = '\0';
    assert_int_equal(gs3_origin_parse(text, GS3_EPOLICY, &origin, &err), -1);
    assert_non_null(strstr(err.message, "...\": the host is over 253 characters"));
    assert_true(strlen(err.message) < 400);
}

static void origin_equal_each_part_counts(void **state)
{
    static const char *const others[] = {"http://a:443", "https://b", "https://a:444"};
    struct gs3_origin origin;
    struct gs3_origin other;
    (void)state;
    assert_int_equal(gs3_origin_parse("https://a", GS3_EPOLICY, &origin, NULL), 0);
    assert_int_equal(gs3_origin_parse("HTTPS://A:443/", GS3_EPOLICY, &other, NULL), 0);
    assert_true(gs3_origin_equal(&origin, &other));
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(gs3_origin_parse(others[i], GS3_EPOLICY, &other, NULL), 0);
        assert_false(gs3_origin_equal(&origin, &other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uri_encode_reserved_bytes_are_escaped),
        cmocka_unit_test(uri_decode_only_escapes_are_decoded),
        cmocka_unit_test(origin_parse_good_text_is_read),
        cmocka_unit_test(origin_parse_bad_text_says_what_is_wrong),
        cmocka_unit_test(origin_parse_message_holds_no_secret_and_no_control),
        cmocka_unit_test(origin_parse_lengths_are_bounded),
        cmocka_unit_test(origin_equal_each_part_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
