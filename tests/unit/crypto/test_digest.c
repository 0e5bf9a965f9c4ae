/* Digests against the published vectors: FIPS 180-4, RFC 4231, RFC 1321, RFC 4648. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "crypto/digest.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void sha256_published_vectors_hold(void **state)
{
    static const struct {
        const char *text;
        const char *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char hex[GS3_SHA256_HEX_BYTES];
        gs3_sha256_hex(cases[i].text, strlen(cases[i].text), hex);
        assert_string_equal(hex, cases[i].hex);
    }
    char hex[GS3_SHA256_HEX_BYTES];
    gs3_sha256_hex(NULL, 0, hex);
    assert_string_equal(hex, cases[0].hex);
}

/* A million times "a" (FIPS 180-4), in pieces of every size from 0 up. */
static void sha256_in_pieces_is_the_same(void **state)
{
    gs3_auto_free char *text = gs3_xmalloc(1000000);
    struct gs3_sha256 *digest = gs3_sha256_new();
    unsigned char out[GS3_SHA256_BYTES];
    unsigned char whole[GS3_SHA256_BYTES];
    char hex[GS3_SHA256_HEX_BYTES];
    (void)state;
    memset(text, 'a', 1000000);
    size_t at = 0;
    for (size_t step = 0; at < 1000000; step++) {
        size_t count = step < 1000000 - at ? step : 1000000 - at;
        gs3_sha256_update(digest, text + at, count);
        at += count;
    }
    gs3_sha256_finish(digest, out);
    gs3_sha256_free(digest);
    gs3_sha256_free(NULL);
    gs3_hex_encode(out, sizeof out, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    gs3_sha256(text, 1000000, whole);
    assert_memory_equal(whole, out, sizeof whole);
}

static void hmac_sha256_rfc4231_vectors_hold(void **state)
{
    unsigned char long_key[131];
    unsigned char key_0b[20];
    memset(long_key, 0xAA, sizeof long_key);
    memset(key_0b, 0x0B, sizeof key_0b);
    const struct {
        const void *key;
        size_t key_bytes;
        const char *text;
        const char *hex;
    } cases[] = {
        {key_0b, sizeof key_0b, "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", 4, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {long_key, sizeof long_key, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {NULL, 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned char out[GS3_SHA256_BYTES];
        char hex[GS3_SHA256_HEX_BYTES];
        gs3_hmac_sha256(cases[i].key, cases[i].key_bytes, cases[i].text, strlen(cases[i].text),
                        out);
        gs3_hex_encode(out, sizeof out, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void md5_rfc1321_vectors_hold(void **state)
{
    static const struct {
        const char *text;
        const char *hex;
    } cases[] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned char out[GS3_MD5_BYTES];
        char hex[2 * GS3_MD5_BYTES + 1];
        gs3_md5(cases[i].text, strlen(cases[i].text), out);
        gs3_hex_encode(out, sizeof out, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void hex_encode_each_byte_is_two_digits(void **state)
{
    static const unsigned char bytes[] = {0x00, 0x0F, 0x10, 0x9A, 0xFF};
    char hex[2 * sizeof bytes + 1];
    (void)state;
    gs3_hex_encode(bytes, sizeof bytes, hex);
    assert_string_equal(hex, "000f109aff");
    gs3_hex_encode(bytes, 0, hex);
    assert_string_equal(hex, "");
}

static void base64_encode_rfc4648_vectors_hold(void **state)
{
    static const struct {
        const char *text;
        const char *encoded;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFB\xFF\xBF", "+/+/"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *encoded = gs3_base64_encode(cases[i].text, strlen(cases[i].text));
        assert_string_equal(encoded, cases[i].encoded);
    }
    gs3_auto_free char *empty = gs3_base64_encode(NULL, 0);
    assert_string_equal(empty, "");
}

/* Over one step of the encoder: no padding in the middle. */
static void base64_encode_large_input_is_one_text(void **state)
{
    enum { BYTES = (7 << 20) + 1 };
    gs3_auto_free char *data = gs3_xcalloc(BYTES, 1);
    gs3_auto_free char *encoded = gs3_base64_encode(data, BYTES);
    (void)state;
    size_t length = strlen(encoded);
    assert_int_equal(length, (BYTES + 2) / 3 * 4);
    size_t letters = strspn(encoded, "A");
    assert_string_equal(encoded + letters, length - letters == 1 ? "=" : "==");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_published_vectors_hold),
        cmocka_unit_test(sha256_in_pieces_is_the_same),
        cmocka_unit_test(hmac_sha256_rfc4231_vectors_hold),
        cmocka_unit_test(md5_rfc1321_vectors_hold),
        cmocka_unit_test(hex_encode_each_byte_is_two_digits),
        cmocka_unit_test(base64_encode_rfc4648_vectors_hold),
        cmocka_unit_test(base64_encode_large_input_is_one_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
