/* Any bytes as what a credential process, a container, an instance or a cache of the AWS CLI gives,
 * and as the setting that names the process. What is accepted can be signed with and written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_internal.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_header(const char *text)
{
    must(*text != '\0');
    for (; *text; text++)
        must(*text > ' ' && *text < 0x7f);
}

static void read_document(const char *text, size_t length, const char *token_name, bool is_short)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_credentials credentials = {.access_key_id = NULL};
    gs3_auto_credential_json cJSON *json = gs3_credential_json_parse(text, length, &err);
    must((json != NULL) == (err.class == GS3_OK));
    if (!json)
        return;
    int found = gs3_credentials_fill_json(&credentials, json, token_name, is_short, "fuzz", &err);
    must((found == 1) == (credentials.access_key_id != NULL));
    if (found == 1) {
        check_header(credentials.access_key_id);
        check_header(credentials.secret_access_key.text);
        if (gs3_secret_is_set(&credentials.session_token))
            check_header(credentials.session_token.text);
    } else {
        must(err.class == GS3_ECONFIG);
    }
    gs3_credentials_release(&credentials);
}

static void split(const char *text)
{
    size_t count = 0;
    char **words = gs3_shell_split(text, &count);
    size_t bytes = 0;
    for (size_t i = 0; words && i < count; i++) {
        bytes += strlen(words[i]);
        free(words[i]);
    }
    must(!words || (count > 0 && !words[count] && bytes <= strlen(text)));
    free(words);
}

static void write_and_read(const char *text)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(GS3_JSON_BYTES);
    gs3_credential_json_append(&out, text);
    gs3_auto_json cJSON *json = gs3_json_parse(gs3_buf_string(&out), out.length_bytes, NULL);
    must(json && cJSON_IsString(json));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    gs3_auto_free char *text = gs3_xstrndup((const char *)data, length);
    int64_t seconds;
    read_document((const char *)data, length, "SessionToken", true);
    read_document((const char *)data, length, "Token", false);
    gs3_credential_time_parse(text, &seconds);
    split(text);
    write_and_read(text);
    return 0;
}
