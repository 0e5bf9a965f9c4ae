/* The settings of S3 itself: the keys under "s3 =", as the AWS CLI reads them. */
#include <string.h>

#include "aws/config_internal.h"
#include "base/mem.h"
#include "base/str.h"

/* More requests at once, or waiting, than any machine has use for is a slip of the pen. */
enum { COUNT_MAXIMUM = 1000000, NUMBER_BYTES = 24 };

/* "s3" asks for Signature Version 2: such a profile is never signed in another way. */
static int read_signature_version(struct gs3_aws_loader *loader)
{
    static const char *const names[] = {"s3.signature_version", "signature_version"};
    for (size_t i = 0; i < 2; i++) {
        const char *version = gs3_aws_setting_get(loader, names[i]);
        if (!version || strcmp(version, "s3v4") == 0 || strcmp(version, "v4") == 0)
            continue;
        if (strcmp(version, "s3") != 0)
            return gs3_aws_setting_refuse(loader, names[i], "s3v4 or s3 is expected");
        loader->config->signature_version = gs3_xstrdup("s3");
        return 0;
    }
    loader->config->signature_version = gs3_xstrdup("s3v4");
    return 0;
}

static int read_addressing(struct gs3_aws_loader *loader)
{
    struct gs3_aws_config *config = loader->config;
    const char *style = gs3_aws_setting_get(loader, "s3.addressing_style");
    if (!style || strcmp(style, "auto") == 0)
        config->addressing = GS3_ADDRESSING_AUTO;
    else if (strcmp(style, "path") == 0)
        config->addressing = GS3_ADDRESSING_PATH;
    else if (strcmp(style, "virtual") == 0)
        config->addressing = GS3_ADDRESSING_VIRTUAL;
    else
        return gs3_aws_setting_refuse(loader, "s3.addressing_style",
                                      "auto, path or virtual is expected");
    return 0;
}

static int read_payload_signing(struct gs3_aws_loader *loader)
{
    static const char name[] = "s3.payload_signing_enabled";
    bool is_on;
    if (!gs3_aws_setting_get(loader, name))
        return 0;
    if (gs3_aws_setting_bool(loader, name, &is_on))
        return -1;
    loader->config->payload_signing = is_on ? GS3_PAYLOAD_SIGNING_ON : GS3_PAYLOAD_SIGNING_OFF;
    return 0;
}

/* Digits and, as the AWS CLI has it, a unit of 1024: "8MB", "8mib", "8 MB". -1: neither, or 0. */
static int parse_size(const char *text, size_t length, uint64_t *bytes)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {
        {"", 0},    {"kb", 10},  {"kib", 10}, {"mb", 20},  {"mib", 20},
        {"gb", 30}, {"gib", 30}, {"tb", 40},  {"tib", 40},
    };
    char digits[NUMBER_BYTES];
    size_t count = strspn(text, "0123456789");
    if (count == 0 || count > length || count >= sizeof digits)
        return -1;
    memcpy(digits, text, count);
    digits[count] = '\0';
    size_t gap = count;
    while (gap < length && text[gap] == ' ')
        gap++;
    gs3_auto_free char *unit = gs3_str_lower(gs3_xstrndup(text + gap, length - gap));
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        uint64_t factor = UINT64_C(1) << units[i].shift;
        if (strcmp(unit, units[i].name) != 0)
            continue;
        if (gs3_str_to_u64(digits, INT64_MAX / factor, bytes) || *bytes == 0)
            return -1;
        *bytes *= factor;
        return 0;
    }
    return -1;
}

static int read_size(struct gs3_aws_loader *loader, const char *name, uint64_t *bytes)
{
    const char *text = gs3_aws_setting_get(loader, name);
    if (text && parse_size(text, strlen(text), bytes))
        return gs3_aws_setting_refuse(loader, name, "a size is expected, as 8MB or 8388608");
    return 0;
}

/* "10MB/s", or "80Mb/s" in bits; the letter's case tells them apart. */
static int parse_rate(const char *text, uint64_t *bytes_per_s)
{
    size_t length = strlen(text);
    bool is_bits = gs3_str_has_suffix(text, "b/s");
    if (!is_bits && !gs3_str_has_suffix(text, "B/s"))
        return gs3_str_to_u64(text, INT64_MAX, bytes_per_s) || *bytes_per_s == 0 ? -1 : 0;
    /* "100B/s" has no unit but the byte, "10MB/s" has one. */
    bool has_unit = length > 3 && gs3_ascii_is_alpha(text[length - 4]);
    if (parse_size(text, length - (has_unit ? 2 : 3), bytes_per_s))
        return -1;
    if (is_bits)
        *bytes_per_s /= 8;
    return *bytes_per_s > 0 ? 0 : -1;
}

static int read_rate(struct gs3_aws_loader *loader, const char *name, uint64_t *bytes_per_s)
{
    const char *text = gs3_aws_setting_get(loader, name);
    if (text && parse_rate(text, bytes_per_s))
        return gs3_aws_setting_refuse(loader, name, "a rate is expected, as 10MB/s or 80Mb/s");
    return 0;
}

static int read_count(struct gs3_aws_loader *loader, const char *name, unsigned *count)
{
    const char *text = gs3_aws_setting_get(loader, name);
    uint64_t number = 0;
    if (text && (gs3_str_to_u64(text, COUNT_MAXIMUM, &number) || number == 0))
        return gs3_aws_setting_refuse(loader, name, "a whole number from 1 on is expected");
    *count = (unsigned)number;
    return 0;
}

/* preferred_transfer_client and its kin choose among the AWS CLI's own engines. */
static int read_transfer(struct gs3_aws_loader *loader)
{
    struct gs3_aws_config *config = loader->config;
    if (read_count(loader, "s3.max_concurrent_requests", &config->concurrent_requests_count) ||
        read_count(loader, "s3.max_queue_size", &config->queue_count) ||
        read_size(loader, "s3.multipart_threshold", &config->multipart_threshold_bytes) ||
        read_size(loader, "s3.multipart_chunksize", &config->multipart_chunk_bytes))
        return -1;
    return read_rate(loader, "s3.max_bandwidth", &config->bandwidth_bytes_per_s);
}

int gs3_aws_config_read_s3(struct gs3_aws_loader *loader)
{
    return read_addressing(loader) || read_payload_signing(loader) || read_transfer(loader) ||
                   read_signature_version(loader)
               ? -1
               : 0;
}
