#include "text/time.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

enum { DAY_SECONDS = 86400 };
static const int64_t LAST_SECOND = 253402300799; /* 9999-12-31T23:59:59Z */

static const char WEEKDAYS[] = "SunMonTueWedThuFriSat";
static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct fields {
    int64_t year, month, day, hour, minute, second;
};

/* Days since 1970-01-01 of a proleptic Gregorian date: March is month 0, so that the leap
 * day is the last of its year. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted = month > 2 ? year : year - 1;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719468;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int to_seconds(const struct fields *f, int64_t *seconds)
{
    static const unsigned char month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (f->year < 1970 || f->month < 1 || f->month > 12 || f->day < 1)
        return -1;
    int64_t last = month_days[f->month - 1] + (f->month == 2 && is_leap(f->year));
    if (f->day > last || f->hour > 23 || f->minute > 59 || f->second > 59)
        return -1;
    *seconds = days_from_date(f->year, f->month, f->day) * DAY_SECONDS + f->hour * 3600 +
               f->minute * 60 + f->second;
    return 0;
}

/* Exactly `count` digits at `*text`, which moves on. */
static int take_digits(const char **text, int count, int64_t *value)
{
    *value = 0;
    for (; count > 0; count--, (*text)++) {
        if (!gs3_ascii_is_digit(**text))
            return -1;
        *value = *value * 10 + (**text - '0');
    }
    return 0;
}

static int take_char(const char **text, char wanted)
{
    if (**text != wanted)
        return -1;
    (*text)++;
    return 0;
}

/* One of the three-letter names in `names`; its index. */
static int take_name(const char **text, const char *names, int64_t *index)
{
    for (size_t i = 0; names[i]; i += 3)
        if (strncmp(*text, names + i, 3) == 0) {
            *index = (int64_t)(i / 3);
            *text += 3;
            return 0;
        }
    return -1;
}

static int take_date(const char **text, struct fields *f)
{
    if (take_digits(text, 4, &f->year) || take_char(text, '-') || take_digits(text, 2, &f->month) ||
        take_char(text, '-'))
        return -1;
    return take_digits(text, 2, &f->day);
}

static int take_minutes(const char **text, struct fields *f)
{
    if (take_digits(text, 2, &f->hour) || take_char(text, ':'))
        return -1;
    return take_digits(text, 2, &f->minute);
}

static int take_time(const char **text, struct fields *f)
{
    if (take_minutes(text, f) || take_char(text, ':'))
        return -1;
    return take_digits(text, 2, &f->second);
}

/* Atlassian's X-RateLimit-Reset stops at the minutes (2026-11-21T03:22Z), as ISO 8601 allows. */
static int take_iso_time(const char **text, struct fields *f)
{
    f->second = 0;
    if (take_minutes(text, f))
        return -1;
    if (**text != ':')
        return 0;
    (*text)++;
    if (take_digits(text, 2, &f->second))
        return -1;
    if (**text != '.')
        return 0;
    (*text)++;
    if (!gs3_ascii_is_digit(**text))
        return -1;
    while (gs3_ascii_is_digit(**text))
        (*text)++;
    return 0;
}

int gs3_time_parse_servicenow(const char *text, int64_t *seconds)
{
    struct fields f;
    if (take_date(&text, &f) || take_char(&text, ' ') || take_time(&text, &f) || *text)
        return -1;
    return to_seconds(&f, seconds);
}

int gs3_time_parse_http(const char *text, int64_t *seconds)
{
    struct fields f;
    int64_t weekday;
    int64_t found;
    if (take_name(&text, WEEKDAYS, &weekday) || take_char(&text, ',') || take_char(&text, ' ') ||
        take_digits(&text, 2, &f.day) || take_char(&text, ' ') ||
        take_name(&text, MONTHS, &f.month) || take_char(&text, ' ') ||
        take_digits(&text, 4, &f.year) || take_char(&text, ' ') || take_time(&text, &f) ||
        !gs3_str_equal(text, " GMT"))
        return -1;
    f.month++;
    if (to_seconds(&f, &found) || (found / DAY_SECONDS + 4) % 7 != weekday)
        return -1;
    *seconds = found;
    return 0;
}

/* "Z", "+hh:mm" or "+hhmm": seconds that local time is ahead of UTC. */
static int take_offset(const char **text, int64_t *offset)
{
    int64_t hours;
    int64_t minutes;
    *offset = 0;
    char sign = **text;
    if (sign == '\0')
        return -1;
    (*text)++;
    if (sign == 'Z')
        return 0;
    if ((sign != '+' && sign != '-') || take_digits(text, 2, &hours))
        return -1;
    if (**text == ':')
        (*text)++;
    if (take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
        return -1;
    *offset = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return 0;
}

int gs3_time_parse_iso(const char *text, int64_t *seconds)
{
    struct fields f;
    int64_t local;
    int64_t offset;
    if (take_date(&text, &f) || take_char(&text, 'T') || take_iso_time(&text, &f) ||
        take_offset(&text, &offset) || *text || to_seconds(&f, &local))
        return -1;
    int64_t utc = local - offset;
    if (utc < 0 || utc > LAST_SECOND)
        return -1;
    *seconds = utc;
    return 0;
}

/* The fields of a time, held to the years that the formats can write. */
static struct fields from_seconds(int64_t seconds, unsigned *weekday)
{
    if (seconds < 0)
        seconds = 0;
    if (seconds > LAST_SECOND)
        seconds = LAST_SECOND;
    int64_t days = seconds / DAY_SECONDS;
    int64_t rest = seconds % DAY_SECONDS;
    *weekday = (unsigned)((days + 4) % 7);
    int64_t year = 1970 + days / 366;
    while (days >= days_from_date(year + 1, 1, 1))
        year++;
    int64_t month = 1;
    while (month < 12 && days >= days_from_date(year, month + 1, 1))
        month++;
    return (struct fields){
        .year = year,
        .month = month,
        .day = days - days_from_date(year, month, 1) + 1,
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };
}

/* Writes `count` decimal digits. */
static char *put_digits(char *out, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + count;
}

static char *put_text(char *out, const char *text, size_t count)
{
    memcpy(out, text, count);
    return out + count;
}

static char *put_clock(char *out, const struct fields *f)
{
    out = put_digits(out, f->hour, 2);
    *out++ = ':';
    out = put_digits(out, f->minute, 2);
    *out++ = ':';
    return put_digits(out, f->second, 2);
}

void gs3_time_format_iso(int64_t seconds, char out[GS3_TIME_TEXT_BYTES])
{
    unsigned weekday;
    struct fields f = from_seconds(seconds, &weekday);
    out = put_digits(out, f.year, 4);
    *out++ = '-';
    out = put_digits(out, f.month, 2);
    *out++ = '-';
    out = put_digits(out, f.day, 2);
    *out++ = 'T';
    out = put_clock(out, &f);
    memcpy(out, "Z", 2);
}

void gs3_time_format_amz(int64_t seconds, char out[GS3_TIME_TEXT_BYTES])
{
    unsigned weekday;
    struct fields f = from_seconds(seconds, &weekday);
    out = put_digits(out, f.year, 4);
    out = put_digits(out, f.month, 2);
    out = put_digits(out, f.day, 2);
    *out++ = 'T';
    out = put_digits(out, f.hour, 2);
    out = put_digits(out, f.minute, 2);
    out = put_digits(out, f.second, 2);
    memcpy(out, "Z", 2);
}

void gs3_time_format_http(int64_t seconds, char out[GS3_TIME_TEXT_BYTES])
{
    unsigned weekday;
    struct fields f = from_seconds(seconds, &weekday);
    out = put_text(out, WEEKDAYS + (size_t)weekday * 3, 3);
    out = put_text(out, ", ", 2);
    out = put_digits(out, f.day, 2);
    *out++ = ' ';
    out = put_text(out, MONTHS + (size_t)(f.month - 1) * 3, 3);
    *out++ = ' ';
    out = put_digits(out, f.year, 4);
    *out++ = ' ';
    out = put_clock(out, &f);
    memcpy(out, " GMT", 5);
}
