#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/files.h"
#include "aws/vectors.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/json.h"

static void assert_text(const char *got, const char *wanted)
{
    if (!gs3_str_equal(got, wanted))
        fail_msg("\"%s\" is not \"%s\"", got ? got : "(null)", wanted ? wanted : "(null)");
}

static void config_without_files_is_empty(void **state)
{
    (void)state;
    struct files files;
    struct gs3_aws_config config;
    files_init(&files);
    assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
    assert_text(config.profile.name, "default");
    assert_false(config.profile.exists);
    assert_null(config.region);
    assert_null(config.endpoint_s3);
    assert_null(config.ca_bundle);
    assert_int_equal(config.addressing, GS3_ADDRESSING_AUTO);
    assert_int_equal(config.payload_signing, GS3_PAYLOAD_SIGNING_DEFAULT);
    gs3_aws_config_release(&config);
    files_release(&files);
}

static void config_s3_settings_are_read(void **state)
{
    (void)state;
    struct files files;
    struct gs3_aws_config config;
    struct gs3_err err = GS3_ERR_INIT;
    files_init(&files);
    files_write(&files, "config",
                "[profile dev]\nregion = eu-west-1\nca_bundle = /ca.pem\n"
                "s3 =\n  addressing_style = virtual\n  payload_signing_enabled = True\n"
                "  signature_version = s3v4\n");
    files_set(&files, "HTTPS_PROXY", "http://upper:1");
    files_set(&files, "https_proxy", "http://lower:1");
    files_set(&files, "NO_PROXY", "localhost");
    if (files_load(&files, "dev", &config, &err))
        fail_msg("%s", err.message);
    assert_true(config.profile_is_explicit);
    assert_text(config.region, "eu-west-1");
    assert_text(config.ca_bundle, "/ca.pem");
    assert_int_equal(config.addressing, GS3_ADDRESSING_VIRTUAL);
    assert_int_equal(config.payload_signing, GS3_PAYLOAD_SIGNING_ON);
    assert_text(config.no_proxy, "localhost");
    assert_text(config.proxy_https, "http://lower:1");
    gs3_aws_config_release(&config);
    files_release(&files);
}

static void config_transfer_settings_have_the_units_of_the_aws_cli(void **state)
{
    (void)state;
    static const struct {
        const char *size;
        uint64_t bytes;
    } sizes[] = {{"8388608", 8388608}, {"8MB", 8388608},    {"8mib", 8388608}, {"8 MB", 8388608},
                 {"64KB", 65536},      {"1GB", 1073741824}, {"1", 1}};
    static const struct {
        const char *rate;
        uint64_t bytes_per_s;
    } rates[] = {{"64KB/s", 65536}, {"10MB/s", 10485760}, {"1MiB/s", 1048576},
                 {"100B/s", 100},   {"1048576", 1048576}, {"8Mb/s", 1048576}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct files files;
        struct gs3_aws_config config;
        struct gs3_err err = GS3_ERR_INIT;
        files_init(&files);
        gs3_auto_free char *text = gs3_xasprintf(
            "[default]\ns3 =\n  max_concurrent_requests = 20\n  max_queue_size = 5000\n"
            "  multipart_threshold = %s\n  multipart_chunksize = %s\n  max_bandwidth = %s\n"
            "  preferred_transfer_client = crt\n",
            sizes[i].size, sizes[i].size, rates[i % (sizeof rates / sizeof *rates)].rate);
        files_write(&files, "config", text);
        if (files_load(&files, NULL, &config, &err))
            fail_msg("%s", err.message);
        assert_int_equal(config.concurrent_requests_count, 20);
        assert_int_equal(config.queue_count, 5000);
        assert_int_equal(config.multipart_threshold_bytes, sizes[i].bytes);
        assert_int_equal(config.multipart_chunk_bytes, sizes[i].bytes);
        assert_int_equal(config.bandwidth_bytes_per_s,
                         rates[i % (sizeof rates / sizeof *rates)].bytes_per_s);
        gs3_aws_config_release(&config);
        files_release(&files);
    }
}

static void config_options_win(void **state)
{
    (void)state;
    struct files files;
    struct gs3_aws_config config;
    files_init(&files);
    files_write(&files, "config", "[default]\nregion = a-1\nca_bundle = /a\n");
    files_set(&files, "AWS_REGION", "b-1");
    files_set(&files, "AWS_CA_BUNDLE", "/b");
    files_set(&files, "AWS_ENDPOINT_URL_S3", "https://b");
    const struct gs3_aws_config_opts opts = {.region = "c-1",
                                             .endpoint = "https://c",
                                             .ca_bundle = "/c",
                                             .no_verify_tls = true,
                                             .no_sign_request = true,
                                             .read_timeout_ms = 5000,
                                             .connect_timeout_ms = 700};
    assert_int_equal(gs3_aws_config_load(&files.env, &opts, &config, NULL), 0);
    assert_text(config.region, "c-1");
    assert_text(config.endpoint_s3, "https://c");
    assert_null(config.endpoint_sts);
    assert_text(config.ca_bundle, "/c");
    assert_true(config.no_verify_tls);
    assert_true(config.no_sign_request);
    assert_int_equal(config.read_timeout_ms, 5000);
    assert_int_equal(config.connect_timeout_ms, 700);
    assert_false(config.profile_is_explicit);
    gs3_aws_config_release(&config);
    files_release(&files);
}

static void config_what_is_wrong_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *config, *variable, *value, *message;
    } cases[] = {
        {"[default]\nregion = us east\n", NULL, NULL, "config:2: region = us east: not the name"},
        {"[default]\nregion = evil.example/\n", NULL, NULL, "not the name of a region"},
        {"[default]\n", "AWS_REGION", "a.b", "AWS_REGION is not the name of a region"},
        {"[default]\ns3 =\n  addressing_style = both\n", NULL, NULL,
         "config:3: s3.addressing_style = both: auto, path or virtual is expected"},
        {"[default]\ns3 =\n  payload_signing_enabled = yes\n", NULL, NULL,
         "true or false is expected"},
        {"[default]\ns3 =\n  max_concurrent_requests = 0\n", NULL, NULL,
         "config:3: s3.max_concurrent_requests = 0: a whole number from 1 on is expected"},
        {"[default]\ns3 =\n  max_concurrent_requests = many\n", NULL, NULL, "a whole number"},
        {"[default]\ns3 =\n  max_queue_size = -1\n", NULL, NULL, "a whole number"},
        {"[default]\ns3 =\n  multipart_threshold = 8XB\n", NULL, NULL,
         "config:3: s3.multipart_threshold = 8XB: a size is expected"},
        {"[default]\ns3 =\n  multipart_chunksize = 0\n", NULL, NULL, "a size is expected"},
        {"[default]\ns3 =\n  multipart_chunksize = MB\n", NULL, NULL, "a size is expected"},
        {"[default]\ns3 =\n  multipart_chunksize = 9999999999TB\n", NULL, NULL, "a size"},
        {"[default]\ns3 =\n  max_bandwidth = fast\n", NULL, NULL,
         "config:3: s3.max_bandwidth = fast: a rate is expected"},
        {"[default]\ns3 =\n  max_bandwidth = 0B/s\n", NULL, NULL, "a rate is expected"},
        {"[default]\ns3 =\n  max_bandwidth = 10MB\n", NULL, NULL, "a rate is expected"},
        {"[default]\ns3 =\n  max_bandwidth = /s\n", NULL, NULL, "a rate is expected"},
        {"[default]\ns3 =\n  signature_version = v9\n", NULL, NULL,
         "config:3: s3.signature_version = v9: s3v4 or s3 is expected"},
        {"[default]\nmax_attempts = 0\n", NULL, NULL,
         "config:2: max_attempts = 0: a whole number from 1 to 100"},
        {"[default]\n", "AWS_MAX_ATTEMPTS", "many", "AWS_MAX_ATTEMPTS: a whole number"},
        {"[default]\nuse_fips_endpoint = yes\n", NULL, NULL,
         "config:2: use_fips_endpoint = yes: true or false"},
        {"[default]\n", "AWS_USE_DUALSTACK_ENDPOINT", "1",
         "AWS_USE_DUALSTACK_ENDPOINT: true or false is expected"},
        {"[default]\nservices = gone\n", NULL, NULL,
         "config:2: services = gone: there is no section of that name"},
        {"[default]\nnonsense\n", NULL, NULL, "/.aws/config:2: neither"},
        {"[default]\n", "AWS_PROFILE", "gone", "the config profile (gone) could not be found"},
        {"[default]\n", "AWS_CONFIG_FILE", "/tmp", "/tmp: not a regular file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct files files;
        struct gs3_aws_config config;
        struct gs3_err err = GS3_ERR_INIT;
        files_init(&files);
        files_write(&files, "config", cases[i].config);
        if (cases[i].variable)
            files_set(&files, cases[i].variable, cases[i].value);
        assert_int_equal(files_load(&files, NULL, &config, &err), -1);
        assert_int_equal(err.class, GS3_ECONFIG);
        if (!strstr(err.message, cases[i].message))
            fail_msg("\"%s\" does not hold \"%s\"", err.message, cases[i].message);
        files_release(&files);
    }
}

static void config_variants_of_endpoints_are_read(void **state)
{
    (void)state;
    struct files files;
    struct gs3_aws_config config;
    files_init(&files);
    files_write(&files, "config",
                "[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n"
                "s3 =\n  use_dualstack_endpoint = true\n  use_accelerate_endpoint = true\n");
    assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
    assert_true(config.use_fips && config.use_dualstack && config.s3_use_dualstack &&
                config.s3_use_accelerate);
    gs3_aws_config_release(&config);
    /* What a variable turns off again is off. */
    files_set(&files, "AWS_USE_FIPS_ENDPOINT", "false");
    files_set(&files, "AWS_USE_DUALSTACK_ENDPOINT", "FALSE");
    assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
    assert_true(!config.use_fips && !config.use_dualstack && config.s3_use_dualstack);
    gs3_aws_config_release(&config);
    files_set(&files, "AWS_USE_FIPS_ENDPOINT", "true");
    files_write(&files, "config", "[default]\n");
    assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
    assert_true(config.use_fips && !config.use_dualstack && !config.s3_use_accelerate);
    gs3_aws_config_release(&config);
    files_release(&files);
}

static void config_attempts_are_the_variables_then_the_profiles(void **state)
{
    (void)state;
    struct files files;
    struct gs3_aws_config config;
    files_init(&files);
    assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
    assert_int_equal(config.maximum_attempts, 0);
    gs3_aws_config_release(&config);
    files_write(&files, "config", "[default]\nmax_attempts = 7\nretry_mode = adaptive\n");
    assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
    assert_int_equal(config.maximum_attempts, 7);
    gs3_aws_config_release(&config);
    files_set(&files, "AWS_MAX_ATTEMPTS", "100");
    assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
    assert_int_equal(config.maximum_attempts, 100);
    gs3_aws_config_release(&config);
    files_release(&files);
}

static void config_endpoint_of_s3_control_is_its_own(void **state)
{
    (void)state;
    struct files files;
    struct gs3_aws_config config;
    files_init(&files);
    files_write(&files, "config",
                "[default]\nservices = x\n[services x]\ns3_control =\n"
                "  endpoint_url = https://file.example\n");
    assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
    assert_text(config.endpoint_s3_control, "https://file.example");
    gs3_aws_config_release(&config);
    files_set(&files, "AWS_ENDPOINT_URL", "https://all.example");
    files_set(&files, "AWS_ENDPOINT_URL_S3_CONTROL", "https://control.example");
    const struct gs3_aws_config_opts opts = {.endpoint = "https://option.example"};
    assert_int_equal(gs3_aws_config_load(&files.env, &opts, &config, NULL), 0);
    assert_text(config.endpoint_s3_control, "https://control.example");
    assert_text(config.endpoint_sts, "https://all.example");
    assert_text(config.endpoint_s3, "https://option.example");
    gs3_aws_config_release(&config);
    files_release(&files);
}

static void config_paths_are_expanded(void **state)
{
    (void)state;
    static const char *const spellings[] = {"~/.aws/other", "$HOME/.aws/other",
                                            "${HOME}/.aws/other", "${HOME}/$SUB/other"};
    struct files files;
    files_init(&files);
    files_write(&files, "config", "[default]\nregion = wrong-1\n");
    gs3_auto_free char *other = gs3_xasprintf("%s/.aws/other", files.directory);
    gs3_auto_free char *config_path = gs3_xasprintf("%s/.aws/config", files.directory);
    files_write(&files, "other", "[default]\nregion = right-1\n");
    files_set(&files, "SUB", ".aws");
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct gs3_aws_config config;
        files_set(&files, "AWS_CONFIG_FILE", spellings[i]);
        assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
        assert_text(config.region, "right-1");
        gs3_aws_config_release(&config);
    }
    /* What is not there, and a device, are empty files. */
    static const char *const absent[] = {"/dev/null", "/nowhere/at/all", "/dev/null/x", "$NONE"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        struct gs3_aws_config config;
        files_set(&files, "AWS_CONFIG_FILE", absent[i]);
        assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
        assert_null(config.region);
        gs3_aws_config_release(&config);
    }
    unlink(other);
    files_release(&files);
}

static void config_secrets_stay_out_of_the_settings(void **state)
{
    (void)state;
    struct files files;
    struct gs3_aws_config config;
    files_init(&files);
    files_write(&files, "config", "[default]\naws_access_key_id = A\naws_secret_access_key = B\n");
    files_write(&files, "credentials",
                "[default]\naws_access_key_id = C\naws_secret_access_key = D\n"
                "aws_session_token = E\n");
    assert_int_equal(files_load(&files, NULL, &config, NULL), 0);
    assert_int_equal(config.profile.settings.count, 0);
    assert_text(config.profile.config_access_key_id.text, "A");
    assert_text(config.profile.config_secret_access_key.text, "B");
    assert_text(config.profile.access_key_id.text, "C");
    assert_text(config.profile.secret_access_key.text, "D");
    assert_text(config.profile.session_token.text, "E");
    assert_false(gs3_secret_is_set(&config.profile.config_session_token));
    gs3_aws_config_release(&config);
    files_release(&files);
}

/* Writes one of the vectors' profiles or services into the file. */
static void put_settings(struct gs3_buf *out, const cJSON *settings)
{
    const cJSON *setting;
    cJSON_ArrayForEach(setting, settings)
    {
        if (cJSON_IsString(setting)) {
            gs3_buf_printf(out, "%s = %s\n", setting->string, setting->valuestring);
            continue;
        }
        gs3_buf_printf(out, "%s =\n", setting->string);
        const cJSON *nested;
        cJSON_ArrayForEach(nested, setting)
        {
            gs3_buf_printf(out, "  %s = %s\n", nested->string, nested->valuestring);
        }
    }
}

static void put_sections(struct gs3_buf *out, const cJSON *sections, const char *kind)
{
    const cJSON *section;
    cJSON_ArrayForEach(section, sections)
    {
        gs3_buf_printf(out, "[%s %s]\n", kind, section->string);
        put_settings(out, section);
    }
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Returns whether the case is about S3, whose endpoint this room reads. */
static bool check_endpoint_case(struct files *files, const cJSON *suite, const cJSON *one)
{
    if (!gs3_str_equal(gs3_json_string(one, "service"), "s3"))
        return false;
    const cJSON *client =
        member(member(suite, "client_configs"), gs3_json_string(one, "client_config"));
    const cJSON *variables =
        member(member(suite, "environments"), gs3_json_string(one, "environment"));
    gs3_pairs_release(&files->variables);
    files_set(files, "HOME", files->directory);
    const cJSON *variable;
    cJSON_ArrayForEach(variable, variables)
    {
        files_set(files, variable->string, variable->valuestring);
    }
    /* gs3 has no client configuration: its variable says the same. */
    if (member(client, "ignore_configured_endpoint_urls"))
        files_set(files, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    const struct gs3_aws_config_opts opts = {.profile = gs3_json_string(one, "profile"),
                                             .endpoint = gs3_json_string(client, "endpoint_url")};
    struct gs3_aws_config config;
    struct gs3_err err = GS3_ERR_INIT;
    if (gs3_aws_config_load(&files->env, &opts, &config, &err))
        fail_msg("%s: %s", gs3_json_string(one, "name"), err.message);
    const char *wanted = gs3_json_string(member(one, "output"), "endpointUrl");
    /* AWS's own endpoint is what the rules give when nothing is configured. */
    bool is_own = !wanted || strstr(wanted, ".amazonaws.com");
    if (!gs3_str_equal(config.endpoint_s3, is_own ? NULL : wanted))
        fail_msg("%s: \"%s\" is not \"%s\"", gs3_json_string(one, "name"), config.endpoint_s3,
                 wanted);
    gs3_aws_config_release(&config);
    return true;
}

static void config_configured_endpoints_match_the_vectors(void **state)
{
    (void)state;
    char path[PATH_MAX];
    if (!vectors_find("vectors/endpoints/configured-endpoint-profile-tests.json", path,
                      sizeof path))
        return;
    gs3_auto_free char *text = vectors_read(path);
    gs3_auto_json cJSON *json = gs3_json_parse(text, strlen(text), NULL);
    assert_non_null(json);
    size_t count = 0;
    const cJSON *suite;
    cJSON_ArrayForEach(suite, member(json, "testSuites"))
    {
        struct files files;
        gs3_auto_buf struct gs3_buf file = GS3_BUF_INIT(1 << 20);
        files_init(&files);
        put_sections(&file, member(suite, "profiles"), "profile");
        put_sections(&file, member(suite, "services"), "services");
        files_write(&files, "config", gs3_buf_string(&file));
        const cJSON *one;
        cJSON_ArrayForEach(one, member(suite, "endpointUrlTests"))
        {
            count += check_endpoint_case(&files, suite, one);
        }
        files_release(&files);
    }
    print_message("# %zu cases\n", count);
    assert_true(count >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_without_files_is_empty),
        cmocka_unit_test(config_s3_settings_are_read),
        cmocka_unit_test(config_transfer_settings_have_the_units_of_the_aws_cli),
        cmocka_unit_test(config_options_win),
        cmocka_unit_test(config_what_is_wrong_is_refused),
        cmocka_unit_test(config_variants_of_endpoints_are_read),
        cmocka_unit_test(config_attempts_are_the_variables_then_the_profiles),
        cmocka_unit_test(config_endpoint_of_s3_control_is_its_own),
        cmocka_unit_test(config_paths_are_expanded),
        cmocka_unit_test(config_secrets_stay_out_of_the_settings),
        cmocka_unit_test(config_configured_endpoints_match_the_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
