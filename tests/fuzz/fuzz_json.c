/* Any bytes through the JSON reader. What it accepts, scan and cJSON must agree on, and the
 * document that cJSON writes from it must be accepted again; any text must be writable. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "text/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void must(int condition)
{
    if (!condition)
        abort();
}

static void write_and_read(const char *text)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(GS3_JSON_BYTES);
    must(gs3_json_append_string(&out, text) == 0);
    gs3_auto_json cJSON *json = gs3_json_parse(out.data, out.length_bytes, NULL);
    must(json && cJSON_IsString(json));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_json cJSON *json = gs3_json_parse((const char *)data, length, &err);
    must((gs3_json_check((const char *)data, length, NULL) == 0) == (json != NULL));
    must((json != NULL) == (err.class == GS3_OK));
    if (json) {
        gs3_auto_free char *printed = cJSON_PrintUnformatted(json);
        must(printed && gs3_json_check(printed, strlen(printed), NULL) == 0);
    }
    gs3_auto_free char *text = gs3_xstrndup((const char *)data, length);
    write_and_read(text);
    return 0;
}
