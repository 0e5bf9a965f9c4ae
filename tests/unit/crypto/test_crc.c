/* The checks of S3: known values, the fast way against the tables against the definition, and
 * joining. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "crypto/crc.h"

enum { KINDS = 3, ROOM_BYTES = 4096 };

static const char digits[] = "123456789";

/* By the catalogue of parametrised CRC algorithms, and as S3 writes them. */
static const struct {
    enum gs3_crc_kind kind;
    uint64_t polynomial, ones, check;
    const char *text;
} known[KINDS] = {
    {GS3_CRC64NVME, 0x9a6c9329ac4bc9b5, UINT64_MAX, 0xae8b14860a799888, "rosUhgp5mIg="},
    {GS3_CRC32, 0xedb88320, UINT32_MAX, 0xcbf43926, "y/Q5Jg=="},
    {GS3_CRC32C, 0x82f63b78, UINT32_MAX, 0xe3069283, "4waSgw=="},
};

/* The definition, bit by bit. */
static uint64_t define(size_t which, const unsigned char *bytes, size_t length_bytes)
{
    uint64_t state = known[which].ones;
    for (size_t i = 0; i < length_bytes; i++) {
        state ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            state = state & 1 ? state >> 1 ^ known[which].polynomial : state >> 1;
    }
    return state ^ known[which].ones;
}

static void fill(unsigned char *bytes, size_t length_bytes)
{
    uint32_t number = 12345;
    for (size_t i = 0; i < length_bytes; i++) {
        number = number * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(number >> 24);
    }
}

static void crc_update_of_the_nine_digits_is_the_check_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        enum gs3_crc_kind kind = known[i].kind;
        assert_int_equal(gs3_crc_update(kind, 0, digits, 9), known[i].check);
        assert_int_equal(gs3_crc_update_portable(kind, 0, digits, 9), known[i].check);
        assert_int_equal(gs3_crc_update(kind, 0, "", 0), 0);
    }
}

static void crc_update_by_any_way_is_the_definition(void **state)
{
    (void)state;
    gs3_auto_free unsigned char *bytes = gs3_xmalloc(ROOM_BYTES);
    fill(bytes, ROOM_BYTES);
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t length = 0; length <= 700; length++) {
            const unsigned char *at = bytes + length % 67; /* every alignment */
            uint64_t expected = define(i, at, length);
            assert_int_equal(gs3_crc_update(known[i].kind, 0, at, length), expected);
            assert_int_equal(gs3_crc_update_portable(known[i].kind, 0, at, length), expected);
        }
        assert_int_equal(gs3_crc_update(known[i].kind, 0, bytes, ROOM_BYTES),
                         define(i, bytes, ROOM_BYTES));
    }
}

static void crc_update_at_every_alignment_is_the_tables_value(void **state)
{
    (void)state;
    gs3_auto_free unsigned char *bytes = gs3_xmalloc(ROOM_BYTES);
    fill(bytes, ROOM_BYTES);
    for (size_t i = 0; i < KINDS; i++)
        for (size_t first = 0; first < 64; first++)
            for (size_t length = 1; length + first <= ROOM_BYTES; length += 61)
                assert_int_equal(gs3_crc_update(known[i].kind, 77, bytes + first, length),
                                 gs3_crc_update_portable(known[i].kind, 77, bytes + first, length));
}

static void crc_update_in_pieces_is_that_of_the_whole(void **state)
{
    (void)state;
    gs3_auto_free unsigned char *bytes = gs3_xmalloc(ROOM_BYTES);
    fill(bytes, ROOM_BYTES);
    for (size_t i = 0; i < KINDS; i++) {
        uint64_t whole = gs3_crc_update(known[i].kind, 0, bytes, ROOM_BYTES);
        for (size_t piece = 1; piece < 300; piece += 7) {
            uint64_t crc = 0;
            for (size_t at = 0; at < ROOM_BYTES; at += piece)
                crc = gs3_crc_update(known[i].kind, crc, bytes + at,
                                     ROOM_BYTES - at < piece ? ROOM_BYTES - at : piece);
            assert_int_equal(crc, whole);
        }
    }
}

static void crc_combine_of_two_parts_is_that_of_the_whole(void **state)
{
    (void)state;
    gs3_auto_free unsigned char *bytes = gs3_xmalloc(ROOM_BYTES);
    fill(bytes, ROOM_BYTES);
    for (size_t i = 0; i < KINDS; i++) {
        enum gs3_crc_kind kind = known[i].kind;
        uint64_t whole = gs3_crc_update(kind, 0, bytes, ROOM_BYTES);
        for (size_t first = 0; first <= ROOM_BYTES; first += 31) {
            uint64_t a = gs3_crc_update(kind, 0, bytes, first);
            uint64_t b = gs3_crc_update(kind, 0, bytes + first, ROOM_BYTES - first);
            assert_int_equal(gs3_crc_combine(kind, a, b, ROOM_BYTES - first), whole);
        }
    }
}

/* 8 GiB of zeros: doubled from one byte, and as one step. */
static void crc_combine_of_large_parts_is_that_of_their_halves(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        enum gs3_crc_kind kind = known[i].kind;
        const uint64_t zero = gs3_crc_update(kind, 0, "", 1);
        uint64_t doubled = zero, added = zero;
        uint64_t length = 1;
        for (; length < UINT64_C(1) << 33; length *= 2)
            doubled = gs3_crc_combine(kind, doubled, doubled, length);
        for (uint64_t left = length - 1, step = 1; left > 0; left -= step, step = 1) {
            uint64_t part = zero;
            for (; step * 2 <= left; step *= 2)
                part = gs3_crc_combine(kind, part, part, step);
            added = gs3_crc_combine(kind, added, part, step);
        }
        assert_int_equal(added, doubled);
    }
}

static void crc_text_is_base64_of_the_big_endian_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        char text[GS3_CRC_TEXT_BYTES];
        uint64_t crc = 0;
        gs3_crc_format(known[i].kind, known[i].check, text);
        assert_string_equal(text, known[i].text);
        assert_int_equal(gs3_crc_parse(known[i].kind, text, &crc), 0);
        assert_int_equal(crc, known[i].check);
    }
}

static void crc_parse_of_what_is_no_check_fails(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "y/Q5Jg=",       "y/Q5Jg==x", "y/Q5Jh==",      "y/Q5 g==",
        "y/Q5Jg\n", "rosUhgp5mIg==", "rosUhgp5",  "rosUhgp5mIh=",  "rosUhgp5mIg=-2",
        "========", "y/Q5Jg==-3",    "y_Q5Jg==",  "\xc3\xa9/Q5Jg",
    };
    uint64_t crc;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(gs3_crc_parse(GS3_CRC64NVME, bad[i], &crc), -1);
        assert_int_equal(gs3_crc_parse(GS3_CRC32C, bad[i], &crc), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_update_of_the_nine_digits_is_the_check_value),
        cmocka_unit_test(crc_update_by_any_way_is_the_definition),
        cmocka_unit_test(crc_update_at_every_alignment_is_the_tables_value),
        cmocka_unit_test(crc_update_in_pieces_is_that_of_the_whole),
        cmocka_unit_test(crc_combine_of_two_parts_is_that_of_the_whole),
        cmocka_unit_test(crc_combine_of_large_parts_is_that_of_their_halves),
        cmocka_unit_test(crc_text_is_base64_of_the_big_endian_bytes),
        cmocka_unit_test(crc_parse_of_what_is_no_check_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
