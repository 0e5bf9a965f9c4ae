#include <string.h>

#include "aws/credentials_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/time.h"
#include "text/utf8.h"

static void wipe(cJSON *json)
{
    /* Strict documents are at most GS3_JSON_DEPTH deep; those of credentials have two levels. */
    for (cJSON *item = json ? json->child : NULL; item; item = item->next) {
        if (cJSON_IsString(item))
            gs3_secret_wipe(item->valuestring, strlen(item->valuestring));
        for (cJSON *inner = item->child; inner; inner = inner->next)
            if (cJSON_IsString(inner))
                gs3_secret_wipe(inner->valuestring, strlen(inner->valuestring));
    }
}

void gs3_credential_json_release(cJSON **json)
{
    wipe(*json);
    cJSON_Delete(*json);
    *json = NULL;
}

cJSON *gs3_credential_json_parse(const char *text, size_t length_bytes, struct gs3_err *err)
{
    if (length_bytes == 0) {
        gs3_fail(err, GS3_ECONFIG, "it is empty");
        return NULL;
    }
    /* The parser's own message may quote what it stumbled over. */
    cJSON *json = gs3_json_parse(text, length_bytes, NULL);
    if (json && cJSON_IsObject(json))
        return json;
    gs3_fail(err, GS3_ECONFIG, "it is not a JSON object");
    gs3_credential_json_release(&json);
    return NULL;
}

int64_t gs3_credential_now_s(void)
{
    return gs3_clock_wall_ms(&gs3_clock_system) / 1000;
}

int gs3_credential_time_parse(const char *text, int64_t *seconds)
{
    if (!gs3_str_has_suffix(text, "UTC"))
        return gs3_time_parse_iso(text, seconds);
    gs3_auto_free char *zoned = gs3_xasprintf("%.*sZ", (int)(strlen(text) - 3), text);
    return gs3_time_parse_iso(zoned, seconds);
}

static int take_string(const cJSON *object, const char *name, bool is_optional,
                       struct gs3_secret *secret, struct gs3_err *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (is_optional && (!item || cJSON_IsNull(item)))
        return 0;
    const char *value = gs3_json_string(object, name);
    if (!value)
        return gs3_fail(err, GS3_ECONFIG, "%s is %s", name, item ? "not text" : "missing");
    gs3_secret_set(secret, value, strlen(value));
    return 0;
}

int gs3_credentials_fill_json(struct gs3_credentials *credentials, const cJSON *object,
                              const char *token_name, bool is_short, const char *source,
                              struct gs3_err *err)
{
    gs3_auto_secret struct gs3_secret id = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret secret = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret token = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret expiration = GS3_SECRET_INIT;
    int64_t expires_s = 0;
    if (take_string(object, "AccessKeyId", false, &id, err) ||
        take_string(object, "SecretAccessKey", false, &secret, err) ||
        take_string(object, token_name, is_short, &token, err) ||
        take_string(object, "Expiration", is_short, &expiration, err))
        return -1;
    if (gs3_secret_is_set(&expiration) && gs3_credential_time_parse(expiration.text, &expires_s))
        return gs3_fail(err, GS3_ECONFIG, "Expiration is no time of ISO 8601 with a zone");
    if (gs3_credentials_fill(credentials, &id, &secret, &token, source, err) < 0)
        return -1;
    credentials->expires_s = expires_s;
    return 1;
}

void gs3_credential_json_append(struct gs3_buf *out, const char *text)
{
    size_t left = strlen(text);
    gs3_buf_putc(out, '"');
    while (left > 0) {
        uint32_t point = 0;
        size_t length = gs3_utf8_decode(text, left, &point);
        if (length == 0) { /* no UTF-8: Python would have refused the file */
            point = 0xfffd;
            length = 1;
        }
        if (point == '"' || point == '\\')
            gs3_buf_printf(out, "\\%c", (int)point);
        else if (point >= ' ' && point <= '~')
            gs3_buf_putc(out, (char)point);
        else if (point == '\t')
            gs3_buf_puts(out, "\\t");
        else if (point == '\n')
            gs3_buf_puts(out, "\\n");
        else if (point == '\r')
            gs3_buf_puts(out, "\\r");
        else if (point == '\b')
            gs3_buf_puts(out, "\\b");
        else if (point == '\f')
            gs3_buf_puts(out, "\\f");
        else if (point < 0x10000)
            gs3_buf_printf(out, "\\u%04x", (unsigned)point);
        else
            gs3_buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((point - 0x10000) >> 10)),
                           (unsigned)(0xdc00 + ((point - 0x10000) & 0x3ff)));
        text += length;
        left -= length;
    }
    gs3_buf_putc(out, '"');
}
