/* Prints, as one JSON object, what gs3 reads from the environment and the AWS CLI's files, and the
 * credentials that it chooses: for tests/system/config.bats and tests/cli/credentials.bats, which
 * compare it with what the AWS CLI itself reads and chooses.
 *
 *   dump_config [PROFILE]
 *
 * It shows the secret key too: never give it real credentials. */
#include <stdio.h>
#include <stdlib.h>

#include "aws/credentials.h"
#include "base/mem.h"
#include "text/json.h"

enum { OUTPUT_BYTES = 8 << 20 };

static const char *get(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static void put(struct gs3_buf *out, const char *name, const char *value)
{
    gs3_buf_puts(out, out->length_bytes > 1 ? "," : "");
    gs3_json_append_string(out, name);
    gs3_buf_putc(out, ':');
    gs3_json_append_string(out, value);
}

static void put_settings(struct gs3_buf *out, const struct gs3_pairs *settings)
{
    gs3_buf_puts(out, ",\"settings\":{");
    for (size_t i = 0; i < settings->count; i++) {
        gs3_buf_puts(out, i > 0 ? "," : "");
        gs3_json_append_string(out, settings->items[i].name);
        gs3_buf_putc(out, ':');
        gs3_json_append_string(out, settings->items[i].value);
    }
    gs3_buf_putc(out, '}');
}

static void put_credentials(struct gs3_buf *out, const struct gs3_credential_source *source)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_credentials credentials;
    if (gs3_credentials_find(source, &credentials, &err)) {
        put(out, "credentials_error", err.message);
        return;
    }
    put(out, "access_key", credentials.access_key_id);
    put(out, "secret_key", credentials.secret_access_key.text);
    put(out, "token", credentials.session_token.text);
    put(out, "provider", credentials.source);
    gs3_buf_printf(out, ",\"expires_s\":%lld", (long long)credentials.expires_s);
    gs3_credentials_release(&credentials);
}

int main(int argc, char **argv)
{
    const struct gs3_env env = {.get = get};
    const struct gs3_aws_config_opts opts = {.profile = argc > 1 ? argv[1] : NULL};
    struct gs3_aws_config config;
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(OUTPUT_BYTES);
    gs3_buf_putc(&out, '{');
    if (gs3_aws_config_load(&env, &opts, &config, &err)) {
        put(&out, "error", err.message);
    } else {
        const struct gs3_http_opts http_opts = {.user_agent = "gs3/test",
                                                .proxy_http = config.proxy_http,
                                                .proxy_https = config.proxy_https,
                                                .no_proxy = config.no_proxy};
        struct gs3_http *http = gs3_http_new(&http_opts, NULL);
        const struct gs3_credential_source source = {.env = &env, .config = &config, .http = http};
        put(&out, "profile", config.profile.name);
        put(&out, "region", config.region);
        put(&out, "endpoint_s3", config.endpoint_s3);
        put(&out, "ca_bundle", config.ca_bundle);
        put_settings(&out, &config.profile.settings);
        put_credentials(&out, &source);
        gs3_http_free(http);
        gs3_aws_config_release(&config);
    }
    puts(gs3_buf_string(&out));
    puts("}");
    return 0;
}
