#include "cli/transfer_options.h"

#include <string.h>

#include "aws/endpoint.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/metadata_option.h"
#include "cli/tags_option.h"
#include "crypto/secret.h"
#include "text/time.h"

enum {
    PAGE_KEYS_MAXIMUM = 1000, /* what S3 gives at most, whatever it is asked for */
    SECONDS_MAXIMUM = 1000000,
    REDIRECT_BYTES = 2048,
};

#define UPLOADS   (1U << GS3_UPLOAD)
#define DOWNLOADS (1U << GS3_DOWNLOAD)
#define COPIES    (1U << GS3_COPY)

static bool is_given(const struct gs3_args *args, enum gs3_option_id id)
{
    return args->values[id] != NULL;
}

/* The place of the value among the option's choices; -1: not given. */
static int choice_of(const struct gs3_args *args, enum gs3_option_id id)
{
    const char *value = args->values[id];
    for (int i = 0; value && gs3_options[id].choices[i]; i++)
        if (gs3_str_equal(gs3_options[id].choices[i], value))
            return i;
    return -1;
}

/* Leaves *number as it is where the option was not given. */
static int read_number(const struct gs3_args *args, enum gs3_option_id id, uint64_t minimum,
                       uint64_t maximum, uint64_t *number, struct gs3_err *err)
{
    const char *value = args->values[id];
    if (value && (gs3_str_to_u64(value, maximum, number) || *number < minimum))
        return gs3_fail(err, GS3_EUSAGE, "%s takes a number from %llu to %llu",
                        gs3_options[id].name, (unsigned long long)minimum,
                        (unsigned long long)maximum);
    return 0;
}

/* As in aws-cli 0 means that there is no limit; here, 0 means that nothing was said. */
static int read_timeout(const struct gs3_args *args, enum gs3_option_id id, uint32_t *seconds,
                        struct gs3_err *err)
{
    uint64_t number = 0;
    if (read_number(args, id, 0, SECONDS_MAXIMUM, &number, err))
        return -1;
    *seconds = is_given(args, id) && number == 0 ? GS3_TIMEOUT_NEVER : (uint32_t)number;
    return 0;
}

/* A header value that came from argv: no control characters, nothing but printable ASCII. */
static int read_text(const struct gs3_args *args, enum gs3_option_id id, const char **out,
                     struct gs3_err *err)
{
    const char *value = args->values[id];
    for (const char *c = value; c && *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7E)
            return gs3_fail(err, GS3_EUSAGE, "%s takes printable ASCII only", gs3_options[id].name);
    *out = value;
    return 0;
}

static int read_header(const struct gs3_args *args, enum gs3_option_id id, char **out,
                       struct gs3_err *err)
{
    const char *value = NULL;
    if (read_text(args, id, &value, err))
        return -1;
    *out = gs3_xstrdup_or_null(value);
    return 0;
}

/* HTTP's date format, from ISO 8601 or from itself. */
static char *read_expires(const char *text, struct gs3_err *err)
{
    int64_t seconds;
    if (gs3_time_parse_iso(text, &seconds) && gs3_time_parse_http(text, &seconds)) {
        gs3_fail(err, GS3_EUSAGE, "--expires takes a time such as 2026-12-31T23:59:59Z");
        return NULL;
    }
    char formatted[GS3_TIME_TEXT_BYTES];
    gs3_time_format_http(seconds, formatted);
    return gs3_xstrdup(formatted);
}

static int read_properties(const struct gs3_args *args, struct gs3_s3_properties *properties,
                           struct gs3_err *err)
{
    if (read_header(args, GS3_OPT_CONTENT_TYPE, &properties->content_type, err) ||
        read_header(args, GS3_OPT_CACHE_CONTROL, &properties->cache_control, err) ||
        read_header(args, GS3_OPT_CONTENT_DISPOSITION, &properties->content_disposition, err) ||
        read_header(args, GS3_OPT_CONTENT_ENCODING, &properties->content_encoding, err) ||
        read_header(args, GS3_OPT_CONTENT_LANGUAGE, &properties->content_language, err))
        return -1;
    const char *expires = args->values[GS3_OPT_EXPIRES];
    return expires && !(properties->expires = read_expires(expires, err)) ? -1 : 0;
}

static int read_metadata(const struct gs3_args *args, struct gs3_transfer_options *options,
                         struct gs3_err *err)
{
    const char *metadata = args->values[GS3_OPT_METADATA];
    const char *tags = args->values[GS3_OPT_TAGS];
    if (metadata && gs3_metadata_option_parse(metadata, &options->metadata, err))
        return -1;
    return tags ? gs3_tags_option_parse(tags, &options->tags, err) : 0;
}

static int read_grants(const struct gs3_args *args, struct gs3_transfer_options *options,
                       struct gs3_err *err)
{
    size_t index = 0;
    const char *word;
    while ((word = gs3_args_next(args, GS3_OPT_GRANTS, &index)))
        if (gs3_grants_add(&options->grants, word, err))
            return -1;
    options->write.grant_read = options->grants.read;
    options->write.grant_read_acp = options->grants.read_acl;
    options->write.grant_write_acp = options->grants.write_acl;
    options->write.grant_full_control = options->grants.full;
    return 0;
}

static int read_redirect(const struct gs3_args *args, const char **out, struct gs3_err *err)
{
    if (read_text(args, GS3_OPT_WEBSITE_REDIRECT, out, err))
        return -1;
    const char *target = *out;
    if (target && target[0] != '/' && !gs3_str_has_prefix(target, "http://") &&
        !gs3_str_has_prefix(target, "https://"))
        return gs3_fail(err, GS3_EUSAGE,
                        "--website-redirect takes /KEY, or a URL of http or https");
    if (target && strlen(target) > REDIRECT_BYTES)
        return gs3_fail(err, GS3_EUSAGE, "--website-redirect takes at most %d bytes",
                        REDIRECT_BYTES);
    return 0;
}

static int read_write_options(const struct gs3_args *args, struct gs3_transfer_options *options,
                              struct gs3_err *err)
{
    struct gs3_s3_write_options *write = &options->write;
    write->acl = args->values[GS3_OPT_ACL];
    write->storage_class = args->values[GS3_OPT_STORAGE_CLASS];
    write->sse = args->values[GS3_OPT_SSE];
    if (read_grants(args, options, err) || read_redirect(args, &write->website_redirect, err) ||
        read_text(args, GS3_OPT_SSE_KMS_KEY_ID, &write->sse_kms_key_id, err))
        return -1;
    if (write->sse_kms_key_id && (!write->sse || !gs3_str_has_prefix(write->sse, "aws:kms")))
        return gs3_fail(err, GS3_EUSAGE, "--sse-kms-key-id needs --sse aws:kms");
    return 0;
}

/* An algorithm and the file with its key: each needs the other. */
static int read_key(const struct gs3_args *args, enum gs3_option_id method, enum gs3_option_id file,
                    unsigned char key[GS3_CUSTOMER_KEY_BYTES], bool *has_key, struct gs3_err *err)
{
    const char *value = args->values[file];
    if (is_given(args, method) != (value != NULL))
        return gs3_fail(err, GS3_EUSAGE, "%s is given without %s: each needs the other",
                        gs3_options[value ? file : method].name,
                        gs3_options[value ? method : file].name);
    if (value && gs3_key_option_read(&gs3_options[file], value, key, err))
        return -1;
    *has_key = value != NULL;
    return 0;
}

static int read_keys(const struct gs3_args *args, struct gs3_transfer_options *options,
                     struct gs3_err *err)
{
    options->customer_key_view.bytes = options->customer_key;
    options->copy_source_key_view.bytes = options->copy_source_key;
    return read_key(args, GS3_OPT_SSE_C, GS3_OPT_SSE_C_KEY, options->customer_key,
                    &options->has_customer_key, err) ||
                   read_key(args, GS3_OPT_SSE_C_COPY_SOURCE, GS3_OPT_SSE_C_COPY_SOURCE_KEY,
                            options->copy_source_key, &options->has_copy_source_key, err)
               ? -1
               : 0;
}

/* Both options are one setting, so that the later one counts; and both lists are one list. */
static void read_tree(const struct gs3_args *args, struct gs3_transfer_options *options)
{
    options->is_recursive = is_given(args, GS3_OPT_RECURSIVE);
    options->follow_symlinks = true;
    options->filters = gs3_xcalloc(args->given_count + 1, sizeof *options->filters);
    for (size_t i = 0; i < args->given_count; i++) {
        const struct gs3_given *given = &args->given[i];
        enum gs3_option_id id = given->option->id;
        if (id == GS3_OPT_FOLLOW_SYMLINKS || id == GS3_OPT_NO_FOLLOW_SYMLINKS)
            options->follow_symlinks = id == GS3_OPT_FOLLOW_SYMLINKS;
        if (id == GS3_OPT_INCLUDE || id == GS3_OPT_EXCLUDE)
            options->filters[options->filter_count++] = (struct gs3_filter){
                .includes = id == GS3_OPT_INCLUDE,
                .pattern = given->value,
            };
    }
    if (is_given(args, GS3_OPT_CASE_CONFLICT))
        options->case_conflict = (enum gs3_case_conflict)choice_of(args, GS3_OPT_CASE_CONFLICT);
}

static int read_numbers(const struct gs3_args *args, struct gs3_transfer_options *options,
                        struct gs3_plan_opts *plan, struct gs3_err *err)
{
    uint64_t page = 0, interval = 0;
    if (read_number(args, GS3_OPT_PAGE_SIZE, 1, UINT32_MAX, &page, err) ||
        read_number(args, GS3_OPT_PROGRESS_FREQUENCY, 0, SECONDS_MAXIMUM, &interval, err) ||
        read_number(args, GS3_OPT_EXPECTED_SIZE, 0, INT64_MAX, &plan->expected_size_bytes, err) ||
        read_timeout(args, GS3_OPT_CLI_READ_TIMEOUT, &options->read_timeout_s, err) ||
        read_timeout(args, GS3_OPT_CLI_CONNECT_TIMEOUT, &options->connect_timeout_s, err))
        return -1;
    options->page_size = page < PAGE_KEYS_MAXIMUM ? (unsigned)page : PAGE_KEYS_MAXIMUM;
    options->progress_interval_s = (uint32_t)interval;
    return 0;
}

static int read_connection(const struct gs3_args *args, struct gs3_transfer_options *options,
                           struct gs3_err *err)
{
    options->source_region = args->values[GS3_OPT_SOURCE_REGION];
    options->request_payer = is_given(args, GS3_OPT_REQUEST_PAYER);
    options->no_sign_request = is_given(args, GS3_OPT_NO_SIGN_REQUEST);
    /* It becomes part of a host's name. */
    if (options->source_region && !gs3_region_is_valid(options->source_region))
        return gs3_fail(err, GS3_EUSAGE, "--source-region takes the name of a region");
    return 0;
}

static void read_progress(const struct gs3_args *args, struct gs3_transfer_options *options)
{
    options->no_progress = is_given(args, GS3_OPT_NO_PROGRESS);
    options->is_progress_multiline = is_given(args, GS3_OPT_PROGRESS_MULTILINE);
    if (is_given(args, GS3_OPT_COLOR))
        options->color = (enum gs3_color)choice_of(args, GS3_OPT_COLOR);
}

/* 1 << enum gs3_direction; 0 when the two ends are not there or not clear. */
static unsigned direction_of(const struct gs3_args *args)
{
    if (args->positional_count != 2)
        return 0;
    bool from_s3 = gs3_str_has_prefix(args->positional[0], "s3://");
    bool to_s3 = gs3_str_has_prefix(args->positional[1], "s3://");
    return from_s3 && to_s3 ? COPIES : from_s3 ? DOWNLOADS : to_s3 ? UPLOADS : 0;
}

static int check_direction(const struct gs3_args *args, struct gs3_err *err)
{
    static const struct {
        enum gs3_option_id id;
        unsigned directions;
        const char *what;
    } rules[] = {
        {GS3_OPT_CHECKSUM_MODE, DOWNLOADS, "downloads"},
        {GS3_OPT_CHECKSUM_ALGORITHM, UPLOADS | COPIES, "uploads and copies"},
        {GS3_OPT_SSE_C_COPY_SOURCE, COPIES, "copies from s3:// to s3://"},
        {GS3_OPT_TAGS, UPLOADS | COPIES, "uploads and copies: a file has no tags"},
    };
    unsigned direction = direction_of(args);
    for (size_t i = 0; i < sizeof rules / sizeof *rules && direction; i++)
        if (is_given(args, rules[i].id) && !(rules[i].directions & direction))
            return gs3_fail(err, GS3_EUSAGE, "%s is only for %s", gs3_options[rules[i].id].name,
                            rules[i].what);
    return 0;
}

/* S3 would refuse the first two after the decision; the third would lose what the user said. */
static int check_conflicts(const struct gs3_args *args, struct gs3_err *err)
{
    static const enum gs3_option_id replaced[] = {
        GS3_OPT_METADATA,         GS3_OPT_CONTENT_TYPE,     GS3_OPT_CACHE_CONTROL,
        GS3_OPT_CONTENT_LANGUAGE, GS3_OPT_CONTENT_ENCODING, GS3_OPT_CONTENT_DISPOSITION,
        GS3_OPT_EXPIRES,
    };
    if (is_given(args, GS3_OPT_ACL) && is_given(args, GS3_OPT_GRANTS))
        return gs3_fail(err, GS3_EUSAGE, "--acl and --grants exclude each other: S3 takes one");
    if (is_given(args, GS3_OPT_SSE) && is_given(args, GS3_OPT_SSE_C))
        return gs3_fail(err, GS3_EUSAGE, "--sse and --sse-c exclude each other: S3 takes one");
    const char *directive = args->values[GS3_OPT_METADATA_DIRECTIVE];
    bool copies_all = gs3_str_equal(directive, "COPY") && (direction_of(args) & COPIES);
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced && copies_all; i++)
        if (is_given(args, replaced[i]))
            return gs3_fail(err, GS3_EUSAGE,
                            "--metadata-directive COPY takes everything from the source, so that "
                            "%s has no place: leave COPY out, and gs3 keeps what the source has "
                            "and adds yours",
                            gs3_options[replaced[i]].name);
    return 0;
}

/* A stream is gone once it was read: nothing could go on with it. */
static int check_stream(const struct gs3_args *args, struct gs3_err *err)
{
    for (size_t i = 0; i < args->positional_count && is_given(args, GS3_OPT_RESUME); i++)
        if (gs3_str_equal(args->positional[i], "-"))
            return gs3_fail(err, GS3_EUSAGE, "--resume: a stream cannot be resumed");
    return 0;
}

static void fill_plan(const struct gs3_args *args, const struct gs3_transfer_options *options,
                      struct gs3_plan_opts *plan)
{
    const char *props = args->values[GS3_OPT_COPY_PROPS];
    plan->properties = &options->properties;
    plan->metadata = &options->metadata;
    plan->tags = is_given(args, GS3_OPT_TAGS) ? &options->tags : NULL;
    plan->write = &options->write;
    plan->customer_key = options->has_customer_key ? &options->customer_key_view : NULL;
    plan->copy_source_key = options->has_copy_source_key ? &options->copy_source_key_view : NULL;
    plan->copy_props = gs3_str_equal(props, "none")                 ? GS3_COPY_PROPS_NONE
                       : gs3_str_equal(props, "metadata-directive") ? GS3_COPY_PROPS_METADATA
                                                                    : GS3_COPY_PROPS_DEFAULT;
    plan->replaces_metadata = gs3_str_equal(args->values[GS3_OPT_METADATA_DIRECTIVE], "REPLACE");
    plan->checksum = (enum gs3_s3_checksum)(choice_of(args, GS3_OPT_CHECKSUM_ALGORITHM) + 1);
    plan->checks_md5 = is_given(args, GS3_OPT_VERIFY);
    plan->wants_checksum = is_given(args, GS3_OPT_CHECKSUM_MODE);
    plan->force_glacier_transfer = is_given(args, GS3_OPT_FORCE_GLACIER_TRANSFER);
    plan->ignore_glacier_warnings = is_given(args, GS3_OPT_IGNORE_GLACIER_WARNINGS);
    plan->resumes = is_given(args, GS3_OPT_RESUME);
    plan->no_overwrite = is_given(args, GS3_OPT_NO_OVERWRITE);
    plan->no_guess_mime_type = is_given(args, GS3_OPT_NO_GUESS_MIME_TYPE);
    plan->is_dryrun = is_given(args, GS3_OPT_DRYRUN);
}

int gs3_transfer_options_read(const struct gs3_args *args, struct gs3_transfer_options *options,
                              struct gs3_plan_opts *plan, struct gs3_err *err)
{
    *options = (struct gs3_transfer_options){.follow_symlinks = true};
    read_tree(args, options);
    read_progress(args, options);
    if (check_direction(args, err) || check_conflicts(args, err) || check_stream(args, err) ||
        read_numbers(args, options, plan, err) || read_connection(args, options, err) ||
        read_properties(args, &options->properties, err) || read_metadata(args, options, err) ||
        read_write_options(args, options, err) || read_keys(args, options, err))
        return -1;
    fill_plan(args, options, plan);
    return 0;
}

bool gs3_transfer_options_accept(const struct gs3_transfer_options *options,
                                 const struct gs3_location *source)
{
    const struct gs3_filters filters = {.items = options->filters, .count = options->filter_count};
    if (source->kind == GS3_LOCATION_STREAM)
        return true;
    gs3_auto_free char *whole = source->kind == GS3_LOCATION_S3
                                    ? gs3_xasprintf("%s/%s", source->bucket, source->key)
                                    : gs3_location_absolute(source->path);
    char *slash = strrchr(whole, '/');
    const char *name = slash ? slash + 1 : whole;
    gs3_auto_free char *root = gs3_xstrndup(whole, (size_t)(name - whole));
    return gs3_filters_accept(&filters, root, name);
}

void gs3_transfer_options_release(struct gs3_transfer_options *options)
{
    gs3_secret_wipe(options->customer_key, sizeof options->customer_key);
    gs3_secret_wipe(options->copy_source_key, sizeof options->copy_source_key);
    gs3_s3_properties_release(&options->properties);
    gs3_pairs_release(&options->metadata);
    gs3_pairs_release(&options->tags);
    gs3_grants_release(&options->grants);
    free(options->filters);
    *options = (struct gs3_transfer_options){.follow_symlinks = true};
}
