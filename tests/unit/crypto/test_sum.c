/* One interface for every kind of check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/sum.h"

/* "abc", by openssl dgst, and by the checks' definition. */
static const struct {
    enum gs3_sum_kind kind;
    const char *base64;
} known[] = {
    {GS3_SUM_CRC64NVME, "BeXKuz/B+us="},
    {GS3_SUM_CRC32, "NSRBwg=="},
    {GS3_SUM_CRC32C, "Nks/tw=="},
    {GS3_SUM_MD5, "kAFQmDzST7DWlj99KOF/cg=="},
    {GS3_SUM_SHA1, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="},
    {GS3_SUM_SHA256, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="},
};

static void assert_sum(struct gs3_sum *sum, const char *base64)
{
    unsigned char out[GS3_SUM_BYTES];
    size_t count = gs3_sum_finish(sum, out);
    assert_int_equal(count, gs3_sum_bytes(sum->kind));
    gs3_auto_free char *text = gs3_base64_encode(out, count);
    assert_string_equal(text, base64);
}

static void sum_of_every_kind_is_the_known_one_again_and_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct gs3_sum sum;
        gs3_sum_init(&sum, known[i].kind);
        gs3_sum_update(&sum, "abc", 3);
        assert_sum(&sum, known[i].base64);
        gs3_sum_update(&sum, "x", 1);
        gs3_sum_reset(&sum);
        gs3_sum_update(&sum, "a", 1);
        gs3_sum_update(&sum, "", 0);
        gs3_sum_update(&sum, "bc", 2);
        assert_sum(&sum, known[i].base64);
        gs3_sum_release(&sum);
    }
}

static void sum_of_no_kind_is_nothing(void **state)
{
    (void)state;
    unsigned char out[GS3_SUM_BYTES];
    struct gs3_sum sum;
    gs3_sum_init(&sum, GS3_SUM_NONE);
    gs3_sum_update(&sum, "abc", 3);
    assert_int_equal(gs3_sum_finish(&sum, out), 0);
    gs3_sum_release(&sum);
}

static void sum_combine_joins_the_crcs_of_two_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        unsigned char a[GS3_SUM_BYTES], b[GS3_SUM_BYTES];
        struct gs3_sum sum;
        if (!gs3_sum_is_crc(known[i].kind))
            continue;
        gs3_sum_init(&sum, known[i].kind);
        gs3_sum_update(&sum, "a", 1);
        gs3_sum_finish(&sum, a);
        gs3_sum_update(&sum, "bc", 2);
        size_t count = gs3_sum_finish(&sum, b);
        gs3_sum_combine(known[i].kind, a, b, 2);
        gs3_auto_free char *text = gs3_base64_encode(a, count);
        assert_string_equal(text, known[i].base64);
        gs3_sum_release(&sum);
    }
}

static void base64_decode_takes_exactly_so_many_bytes(void **state)
{
    (void)state;
    unsigned char out[GS3_SUM_BYTES];
    assert_int_equal(gs3_base64_decode("qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", out, 20), 0);
    assert_int_equal(out[0], 0xa9);
    assert_int_equal(out[19], 0x9d);
    assert_int_equal(gs3_base64_decode("qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", out, 19), -1);
    assert_int_equal(gs3_base64_decode("qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", out, 21), -1);
    assert_int_equal(gs3_base64_decode("qZk+NkcGgWq6PiVxeFDCbJzQ2J1=", out, 20), -1);
    assert_int_equal(gs3_base64_decode("qZk+NkcGgWq6PiVxeFDCbJzQ2J0=-3", out, 20), -1);
    assert_int_equal(gs3_base64_decode("", out, 4), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sum_of_every_kind_is_the_known_one_again_and_again),
        cmocka_unit_test(sum_of_no_kind_is_nothing),
        cmocka_unit_test(sum_combine_joins_the_crcs_of_two_parts),
        cmocka_unit_test(base64_decode_takes_exactly_so_many_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
