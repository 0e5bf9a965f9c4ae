/* Times: every field checked, and the C library as the second opinion on the calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text/time.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct parse_case {
    const char *text;
    int64_t seconds; /* -1: refused */
};

static void check(int (*parse)(const char *, int64_t *), const struct parse_case *cases,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t seconds = -1;
        int result = parse(cases[i].text, &seconds);
        if (seconds != cases[i].seconds || result != (cases[i].seconds < 0 ? -1 : 0))
            fail_msg("\"%s\": %d, %lld", cases[i].text, result, (long long)seconds);
    }
}

static void time_parse_servicenow_is_strict(void **state)
{
    static const struct parse_case cases[] = {
        {"1970-01-01 00:00:00", 0},
        {"2026-11-21 03:22:20", 1795231340},
        {"2024-02-29 23:59:59", 1709251199},
        {"2000-02-29 00:00:00", 951782400},
        {"9999-12-31 23:59:59", 253402300799},
        {"1969-12-31 23:59:59", -1},
        {"2023-02-29 00:00:00", -1},
        {"2100-02-29 00:00:00", -1},
        {"2026-02-30 00:00:00", -1},
        {"2026-04-31 00:00:00", -1},
        {"2026-00-01 00:00:00", -1},
        {"2026-13-01 00:00:00", -1},
        {"2026-01-00 00:00:00", -1},
        {"2026-01-32 00:00:00", -1},
        {"2026-01-01 24:00:00", -1},
        {"2026-01-01 00:60:00", -1},
        {"2026-01-01 00:00:60", -1},
        {"2026-1-01 00:00:00", -1},
        {"2026-01-01T00:00:00", -1},
        {"2026-01-01 00:00:00Z", -1},
        {"2026-01-01 00:00:00 ", -1},
        {" 2026-01-01 00:00:00", -1},
        {"2026-01-01 00:00", -1},
        {"2026-01-01", -1},
        {"+026-01-01 00:00:00", -1},
        {"12026-01-01 00:00:00", -1},
        {"21/11/2026 03:22:20", -1},
        {"", -1},
    };
    (void)state;
    check(gs3_time_parse_servicenow, cases, COUNT(cases));
}

static void time_parse_http_is_strict(void **state)
{
    static const struct parse_case cases[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sat, 21 Nov 2026 03:22:20 GMT", 1795231340},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        {"Fri, 21 Nov 2026 03:22:20 GMT", -1}, /* it was a Saturday */
        {"Sat, 21 nov 2026 03:22:20 GMT", -1},
        {"Sat, 21 Foo 2026 03:22:20 GMT", -1},
        {"Sat, 21 Nov 2026 03:22:20 UTC", -1},
        {"Sat, 21 Nov 2026 03:22:20 +0000", -1},
        {"Sat, 21 Nov 2026 03:22:20 GMT ", -1},
        {"Sat, 21 Nov 2026 03:22:20", -1},
        {"Sat,21 Nov 2026 03:22:20 GMT", -1},
        {"Sat, 1 Nov 2026 03:22:20 GMT", -1},
        {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
        {"Sun Nov  6 08:49:37 1994", -1},
        {"Sat, 31 Nov 2026 03:22:20 GMT", -1},
        {"Sat", -1},
        {"", -1},
    };
    (void)state;
    check(gs3_time_parse_http, cases, COUNT(cases));
}

static void time_parse_iso_takes_fractions_and_offsets(void **state)
{
    static const struct parse_case cases[] = {
        {"2026-11-21T03:22:20Z", 1795231340},
        {"2026-11-21T03:22Z", 1795231320},
        {"2026-11-21T03:22:20.999999999Z", 1795231340},
        {"2026-11-21T03:22:20.0+0000", 1795231340},
        {"2026-11-21T05:22:20.123+0200", 1795231340},
        {"2026-11-21T05:22:20+02:00", 1795231340},
        {"2026-11-20T21:52:20-05:30", 1795231340},
        {"2026-11-21T03:22:20-00:00", 1795231340},
        {"1970-01-01T00:00:00+00:01", -1}, /* before 1970 in UTC */
        {"9999-12-31T23:59:59-00:01", -1}, /* after 9999 in UTC */
        {"2026-11-21T03:22:20", -1},
        {"2026-11-21T03:22:20.Z", -1},
        {"2026-11-21T03:22:20,5Z", -1},
        {"2026-11-21T03:22:20z", -1},
        {"2026-11-21t03:22:20Z", -1},
        {"2026-11-21 03:22:20Z", -1},
        {"2026-11-21T03:22", -1},
        {"2026-11-21T03Z", -1},
        {"2026-11-21T03:22.5Z", -1},
        {"2026-11-21T03:22:Z", -1},
        {"2026-11-21T03:22:20ZZ", -1},
        {"2026-11-21T03:22:20+02", -1},
        {"2026-11-21T03:22:20+2:00", -1},
        {"2026-11-21T03:22:20+24:00", -1},
        {"2026-11-21T03:22:20+02:60", -1},
        {"2026-11-21T03:22:20+02:0", -1},
        {"2026-11-21T03:22:20 +02:00", -1},
        {"2026-11-21T23:59:60Z", -1},
        {"20261121T032220Z", -1},
        {"2026-11-21", -1},
        {"", -1},
    };
    (void)state;
    check(gs3_time_parse_iso, cases, COUNT(cases));
}

static void check_formats(int64_t seconds)
{
    char expected[GS3_TIME_TEXT_BYTES];
    char found[GS3_TIME_TEXT_BYTES];
    struct tm fields;
    int64_t back = -1;
    time_t value = (time_t)seconds;
    assert_non_null(gmtime_r(&value, &fields));
    strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &fields);
    gs3_time_format_iso(seconds, found);
    assert_string_equal(found, expected);
    assert_int_equal(gs3_time_parse_iso(found, &back), 0);
    assert_int_equal(back, seconds);
    strftime(expected, sizeof expected, "%Y%m%dT%H%M%SZ", &fields);
    gs3_time_format_amz(seconds, found);
    assert_string_equal(found, expected);
    strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &fields);
    gs3_time_format_http(seconds, found);
    assert_string_equal(found, expected);
    assert_int_equal(gs3_time_parse_http(found, &back), 0);
    assert_int_equal(back, seconds);
}

/* Every 6 days and some seconds over 8,000 years, and each end. */
static void time_format_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t seconds = 0; seconds <= 253402300799; seconds += 550007)
        check_formats(seconds);
    check_formats(253402300799);
    for (int64_t day = 19722; day < 19722 + 366 + 365; day++) { /* 2024 and 2025, day by day */
        check_formats(day * 86400);
        check_formats(day * 86400 + 86399);
    }
}

static void time_format_out_of_range_is_held_to_the_ends(void **state)
{
    char text[GS3_TIME_TEXT_BYTES];
    (void)state;
    gs3_time_format_iso(-1, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    gs3_time_format_iso(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    gs3_time_format_amz(INT64_MIN, text);
    assert_string_equal(text, "19700101T000000Z");
    gs3_time_format_http(INT64_MAX, text);
    assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_parse_servicenow_is_strict),
        cmocka_unit_test(time_parse_http_is_strict),
        cmocka_unit_test(time_parse_iso_takes_fractions_and_offsets),
        cmocka_unit_test(time_format_agrees_with_the_c_library),
        cmocka_unit_test(time_format_out_of_range_is_held_to_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
