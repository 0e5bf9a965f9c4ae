#include "text/size.h"

#include <stddef.h>
#include <string.h>

#include "base/str.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit SIZES[] = {
    {"", 1},
    {"KiB", 1ULL << 10},
    {"MiB", 1ULL << 20},
    {"GiB", 1ULL << 30},
    {"TiB", 1ULL << 40},
    {"PiB", 1ULL << 50},
};

static const struct unit DURATIONS[] = {
    {"s", 1},
    {"m", 60},
    {"h", 3600},
    {"d", 86400},
};

static int parse(const char *text, const struct unit *units, size_t count, uint64_t *out)
{
    uint64_t number;
    char digits[24];
    size_t length = strspn(text, "0123456789");
    if (length >= sizeof digits)
        return -1;
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (gs3_str_to_u64(digits, UINT64_MAX, &number))
        return -1;
    for (size_t i = 0; i < count; i++) {
        uint64_t product;
        if (!gs3_str_equal(text + length, units[i].name))
            continue;
        if (__builtin_mul_overflow(number, units[i].factor, &product))
            return -1;
        *out = product;
        return 0;
    }
    return -1;
}

int gs3_size_parse(const char *text, uint64_t *bytes)
{
    return parse(text, SIZES, sizeof SIZES / sizeof *SIZES, bytes);
}

int gs3_duration_parse(const char *text, uint64_t *seconds)
{
    return parse(text, DURATIONS, sizeof DURATIONS / sizeof *DURATIONS, seconds);
}

/* aws-cli's human_readable_size: the first unit in which the number rounds to under 1024. */
int gs3_size_append(struct gs3_buf *out, uint64_t bytes)
{
    static const char prefixes[] = "KMGTPE";
    if (bytes == 1)
        return gs3_buf_puts(out, "1 Byte");
    if (bytes < 1024)
        return gs3_buf_printf(out, "%u Bytes", (unsigned)bytes);
    double value = (double)bytes / 1024;
    size_t i = 0;
    for (; value >= 1023.5 && prefixes[i + 1]; i++)
        value /= 1024;
    return gs3_buf_printf(out, "%.1f %ciB", value, prefixes[i]);
}
