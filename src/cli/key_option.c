#include "cli/key_option.h"

#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "crypto/secret.h"

enum { FILE_BYTES = 256, TEXT_BYTES = 44 }; /* of 32 bytes in base64 */

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* 44 characters, of which the last one is "=" and the one before leaves two bits at 0. */
static int decode(const char *text, unsigned char key[GS3_CUSTOMER_KEY_BYTES])
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t length = 0;
    for (size_t i = 0; i < TEXT_BYTES - 1; i++) {
        int value = base64_value(text[i]);
        if (value < 0)
            return -1;
        bits = (bits << 6 | (uint32_t)value) & 0x3FFF;
        bit_count += 6;
        if (bit_count < 8)
            continue;
        bit_count -= 8;
        key[length++] = (unsigned char)(bits >> bit_count);
    }
    return text[TEXT_BYTES - 1] == '=' && (bits & 3) == 0 ? 0 : -1;
}

static int take_bytes(const struct gs3_option *option, const char *path, const struct gs3_buf *file,
                      unsigned char key[GS3_CUSTOMER_KEY_BYTES], struct gs3_err *err)
{
    if (file->length_bytes != GS3_CUSTOMER_KEY_BYTES)
        return gs3_fail(err, GS3_EUSAGE,
                        "%s: %s has %zu bytes, a key has %d (of a file in base64 write file://)",
                        option->name, path, file->length_bytes, GS3_CUSTOMER_KEY_BYTES);
    memcpy(key, file->data, GS3_CUSTOMER_KEY_BYTES);
    return 0;
}

static int take_text(const struct gs3_option *option, const char *path, const struct gs3_buf *file,
                     unsigned char key[GS3_CUSTOMER_KEY_BYTES], struct gs3_err *err)
{
    const char *text = file->data ? file->data : "";
    size_t length = file->length_bytes;
    for (; length > 0 && gs3_ascii_is_space(*text); length--)
        text++;
    while (length > 0 && gs3_ascii_is_space(text[length - 1]))
        length--;
    if (length != TEXT_BYTES || decode(text, key))
        return gs3_fail(err, GS3_EUSAGE,
                        "%s: %s is not the base64 of %d bytes (of a file with the bytes "
                        "themselves write fileb://)",
                        option->name, path, GS3_CUSTOMER_KEY_BYTES);
    return 0;
}

int gs3_key_option_read(const struct gs3_option *option, const char *value,
                        unsigned char key[GS3_CUSTOMER_KEY_BYTES], struct gs3_err *err)
{
    bool is_text = gs3_str_has_prefix(value, "file://");
    if (!is_text && !gs3_str_has_prefix(value, "fileb://"))
        return gs3_fail(err, GS3_EUSAGE,
                        "%s takes a file, as fileb://PATH (32 bytes) or file://PATH (base64), "
                        "never the key itself: if that was one, replace it, the shell's history "
                        "has it now",
                        option->name);
    const char *path = value + strlen(is_text ? "file://" : "fileb://");
    gs3_auto_buf struct gs3_buf file = GS3_BUF_INIT(FILE_BYTES);
    struct gs3_file_read_opts opts = {.maximum_bytes = FILE_BYTES, .class = GS3_EUSAGE};
    int failed = gs3_file_read(path, &opts, &file, err);
    if (failed)
        gs3_wrap(err, "%s", option->name);
    else
        failed = is_text ? take_text(option, path, &file, key, err)
                         : take_bytes(option, path, &file, key, err);
    if (file.data)
        gs3_secret_wipe(file.data, file.capacity_bytes);
    return failed ? -1 : 0;
}
