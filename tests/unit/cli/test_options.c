/* cli: what every option of cp, mv and put says, taken and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/secret_check.h"
#include "cli/tags_option.h"
#include "cli/transfer_options.h"

enum { WORDS = 24, WORD_BYTES = 3000 };

struct run {
    char words[WORDS][WORD_BYTES];
    struct gs3_args args;
    struct gs3_transfer_options options;
    struct gs3_plan_opts plan;
    struct gs3_err err;
};

/* One command line, its words split at blanks; 0, or -1 with the error. */
static int start(struct run *run, const char *line)
{
    char *argv[WORDS + 1] = {run->words[0]};
    int argc = 1;
    gs3_auto_free char *copy = gs3_xstrdup(line);
    char *rest = copy;
    *run = (struct run){.err = GS3_ERR_INIT};
    for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " ")) {
        assert_true(argc < WORDS && strlen(word) < WORD_BYTES);
        argv[argc] = memcpy(run->words[argc], word, strlen(word) + 1);
        argc++;
    }
    argv[argc] = NULL;
    if (gs3_args_parse(argc, argv, &run->args, &run->err))
        return -1;
    return gs3_transfer_options_read(&run->args, &run->options, &run->plan, &run->err);
}

static void end(struct run *run)
{
    gs3_transfer_options_release(&run->options);
    gs3_args_release(&run->args);
}

static void take(struct run *run, const char *line)
{
    if (start(run, line))
        fail_msg("%s: %s", line, run->err.message);
}

/* Refused as usage, with `said` in the message. */
static void refuse(const char *line, const char *said)
{
    struct run run;
    if (!start(&run, line))
        fail_msg("%s: is taken", line);
    assert_int_equal(run.err.class, GS3_EUSAGE);
    if (!strstr(run.err.message, said))
        fail_msg("%s: %s", line, run.err.message);
    end(&run);
}

static void gs3_args_parse_takes_optional_values(void **state)
{
    (void)state;
    static const struct {
        const char *line, *value;
        size_t positional_count;
    } cases[] = {
        {"cp a s3://b/k --sse", "AES256", 2},
        {"cp --sse --dryrun a s3://b/k", "AES256", 2},
        {"cp --sse aws:kms a s3://b/k", "aws:kms", 2},
        {"cp --sse=aws:kms:dsse a s3://b/k", "aws:kms:dsse", 2},
        {"cp --sse=AES256 a s3://b/k", "AES256", 2},
        {"cp --sse aws:kms a s3://b/k --sse", "AES256", 2},
        {"cp --sse -- a s3://b/k", "AES256", 2},
        {"put --sse - s3://b/k", "AES256", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        take(&run, cases[i].line);
        assert_string_equal(run.options.write.sse, cases[i].value);
        assert_ptr_equal(run.plan.write, &run.options.write);
        assert_int_equal(run.args.positional_count, cases[i].positional_count);
        end(&run);
    }
    refuse("cp --sse a s3://b/k", "--sse takes AES256, aws:kms or aws:kms:dsse; without");
    refuse("cp a s3://b/k --sse=", "--sse takes AES256");
    refuse("cp a s3://b/k --request-payer bucket-owner", "--request-payer takes requester;");
}

static void gs3_args_parse_takes_words_up_to_the_next_option(void **state)
{
    (void)state;
    struct run run;
    take(&run, "cp a s3://b/k --grants read=id=one full=id=two,uri=http://x/y --dryrun");
    assert_string_equal(run.options.write.grant_read, "id=\"one\"");
    assert_string_equal(run.options.write.grant_full_control, "id=\"two\", uri=\"http://x/y\"");
    assert_null(run.options.write.grant_read_acp);
    assert_true(run.plan.is_dryrun);
    end(&run);
    take(&run, "cp --grants read=id=one readacl=emailaddress=a@b.example -- a s3://b/k");
    assert_string_equal(run.options.write.grant_read_acp, "emailAddress=\"a@b.example\"");
    assert_int_equal(run.args.positional_count, 2);
    end(&run);
    /* The last time counts, as in aws-cli. */
    take(&run, "cp --grants=full=id=one a s3://b/k --grants read=ID=two read=id=three");
    assert_null(run.options.write.grant_full_control);
    assert_string_equal(run.options.write.grant_read, "id=\"two\", id=\"three\"");
    assert_int_equal(run.args.given_count, 3);
    end(&run);
}

static void gs3_transfer_options_read_refuses_unclear_grants(void **state)
{
    (void)state;
    refuse("cp a s3://b/k --grants", "--grants needs a value");
    refuse("cp a s3://b/k --grants --dryrun", "--grants needs a value");
    refuse("cp --grants read=id=one a s3://b/k", "behind the source and the destination");
    refuse("cp a s3://b/k --grants read", "PERMISSION=TYPE=ID");
    refuse("cp a s3://b/k --grants read=one", "PERMISSION=TYPE=ID");
    refuse("cp a s3://b/k --grants write=id=one", "read, readacl, writeacl or full");
    refuse("cp a s3://b/k --grants Read=id=one", "read, readacl, writeacl or full");
    refuse("cp a s3://b/k --grants read=user=one", "id=, emailaddress= or uri=");
    refuse("cp a s3://b/k --grants read=id=", "printable ASCII");
    refuse("cp a s3://b/k --grants read=id=one,", "PERMISSION=TYPE=ID");
    refuse("cp a s3://b/k --grants read=id=a\",uri=\"b", "printable ASCII");
    refuse("cp a s3://b/k --grants read=id=a\nx", "printable ASCII");
    refuse("cp a s3://b/k --acl private --grants read=id=one", "exclude each other");
}

static void gs3_transfer_options_read_keeps_the_order_of_filters(void **state)
{
    (void)state;
    struct run run;
    take(&run, "cp d s3://b --recursive --exclude * --include=*.csv --ticket T-1 --exclude x*");
    assert_true(run.options.is_recursive);
    assert_int_equal(run.options.filter_count, 3);
    assert_false(run.options.filters[0].includes);
    assert_string_equal(run.options.filters[0].pattern, "*");
    assert_true(run.options.filters[1].includes);
    assert_string_equal(run.options.filters[1].pattern, "*.csv");
    assert_string_equal(run.options.filters[2].pattern, "x*");
    size_t index = 0;
    assert_string_equal(gs3_args_next(&run.args, GS3_OPT_TICKET, &index), "T-1");
    assert_null(gs3_args_next(&run.args, GS3_OPT_TICKET, &index));
    end(&run);
}

static void gs3_transfer_options_accept_filters_one_object(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool accepts;
    } cases[] = {
        {"cp d/a.csv s3://b", true},
        {"cp d/a.csv s3://b --exclude *.csv", false},
        {"cp d/a.csv s3://b --exclude d/*", true}, /* the root is "d" already */
        {"cp d/a.csv s3://b --exclude * --include a.*", true},
        {"cp /d/a.csv s3://b --exclude /d/*", false},
        {"cp s3://b/d/a.csv x --exclude a.csv", false},
        {"cp s3://b/d/a.csv x --exclude a --include *", true},
        {"cp - s3://b/k --exclude *", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        struct gs3_location source = {.kind = GS3_LOCATION_LOCAL};
        take(&run, cases[i].line);
        assert_int_equal(gs3_location_parse(run.args.positional[0], &source, &run.err), 0);
        if (gs3_transfer_options_accept(&run.options, &source) != cases[i].accepts)
            fail_msg("%s", cases[i].line);
        gs3_location_release(&source);
        end(&run);
    }
}

static void gs3_transfer_options_read_lets_the_later_symlink_option_count(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool follows;
    } cases[] = {
        {"cp d s3://b", true},
        {"cp d s3://b --no-follow-symlinks", false},
        {"cp d s3://b --no-follow-symlinks --follow-symlinks", true},
        {"cp d s3://b --follow-symlinks --no-follow-symlinks", false},
        {"cp s3://b/k d --no-follow-symlinks", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        take(&run, cases[i].line);
        assert_int_equal(run.options.follow_symlinks, cases[i].follows);
        end(&run);
    }
}

static void gs3_transfer_options_read_without_options_is_the_default(void **state)
{
    (void)state;
    struct run run;
    take(&run, "cp a s3://b/k");
    assert_false(run.options.is_recursive);
    assert_int_equal(run.options.page_size, 0);
    assert_int_equal(run.options.filter_count, 0);
    assert_int_equal(run.options.case_conflict, GS3_CASE_CONFLICT_IGNORE);
    assert_int_equal(run.options.color, GS3_COLOR_AUTO);
    assert_int_equal(run.options.read_timeout_s, 0);
    assert_null(run.options.source_region);
    assert_null(run.plan.tags);
    assert_null(run.plan.customer_key);
    assert_null(run.plan.copy_source_key);
    assert_null(run.plan.write->acl);
    assert_null(run.plan.write->sse);
    assert_int_equal(run.plan.copy_props, GS3_COPY_PROPS_DEFAULT);
    assert_int_equal(run.plan.checksum, GS3_S3_CHECKSUM_NONE);
    assert_false(run.plan.replaces_metadata || run.plan.resumes || run.plan.wants_checksum);
    end(&run);
}

static void gs3_transfer_options_read_fills_the_plan(void **state)
{
    (void)state;
    struct run run;
    take(&run, "cp s3://a/k s3://b/k --copy-props metadata-directive --metadata-directive REPLACE "
               "--checksum-algorithm SHA256 --verify md5 --force-glacier-transfer "
               "--ignore-glacier-warnings --tags a=b --metadata m=1 --source-region eu-west-1");
    assert_int_equal(run.plan.copy_props, GS3_COPY_PROPS_METADATA);
    assert_true(run.plan.replaces_metadata && run.plan.checks_md5);
    assert_int_equal(run.plan.checksum, GS3_S3_CHECKSUM_SHA256);
    assert_true(run.plan.force_glacier_transfer && run.plan.ignore_glacier_warnings);
    assert_string_equal(gs3_pairs_get(run.plan.tags, "a"), "b");
    assert_string_equal(gs3_pairs_get(run.plan.metadata, "m"), "1");
    assert_string_equal(run.options.source_region, "eu-west-1");
    end(&run);
    take(&run, "put a s3://b/k --acl bucket-owner-full-control --storage-class GLACIER_IR "
               "--sse aws:kms --sse-kms-key-id alias/x --website-redirect /other --resume "
               "--expected-size 5 --no-overwrite --no-guess-mime-type --request-payer");
    assert_string_equal(run.plan.write->acl, "bucket-owner-full-control");
    assert_string_equal(run.plan.write->storage_class, "GLACIER_IR");
    assert_string_equal(run.plan.write->sse_kms_key_id, "alias/x");
    assert_string_equal(run.plan.write->website_redirect, "/other");
    assert_int_equal(run.plan.expected_size_bytes, 5);
    assert_true(run.plan.resumes && run.plan.no_overwrite && run.plan.no_guess_mime_type);
    assert_true(run.options.request_payer);
    end(&run);
}

/* Each choice stands for the value of the same place. */
static void gs3_transfer_options_read_maps_choices_to_their_values(void **state)
{
    (void)state;
    for (int i = GS3_S3_CHECKSUM_CRC64NVME; i <= GS3_S3_CHECKSUM_SHA256; i++) {
        struct run run;
        gs3_auto_free char *line = gs3_xasprintf("cp a s3://b/k --checksum-algorithm %s",
                                                 gs3_s3_checksum_name((enum gs3_s3_checksum)i));
        take(&run, line);
        assert_int_equal(run.plan.checksum, i);
        end(&run);
    }
    static const char *const modes[] = {"ignore", "skip", "warn", "error"};
    for (int i = GS3_CASE_CONFLICT_IGNORE; i <= GS3_CASE_CONFLICT_ERROR; i++) {
        struct run run;
        gs3_auto_free char *line = gs3_xasprintf("cp s3://b d --case-conflict %s", modes[i]);
        take(&run, line);
        assert_int_equal(run.options.case_conflict, i);
        end(&run);
    }
    static const char *const colors[] = {"auto", "on", "off"};
    for (int i = GS3_COLOR_AUTO; i <= GS3_COLOR_OFF; i++) {
        struct run run;
        gs3_auto_free char *line = gs3_xasprintf("--color %s cp s3://b/k d", colors[i]);
        take(&run, line);
        assert_int_equal(run.options.color, i);
        end(&run);
    }
    static const char *const props[] = {"default", "none", "metadata-directive", "all"};
    for (int i = 0; i < 4; i++) {
        struct run run;
        gs3_auto_free char *line = gs3_xasprintf("cp s3://b/k s3://b/l --copy-props %s", props[i]);
        take(&run, line);
        assert_int_equal(run.plan.copy_props, i == 3 ? GS3_COPY_PROPS_DEFAULT : i);
        end(&run);
    }
}

static void gs3_transfer_options_read_takes_numbers(void **state)
{
    (void)state;
    struct run run;
    take(&run, "cp s3://b/k d --page-size 50 --progress-frequency 7 --cli-read-timeout 30 "
               "--cli-connect-timeout 0 --progress-multiline --no-progress --no-sign-request");
    assert_int_equal(run.options.page_size, 50);
    assert_int_equal(run.options.progress_interval_s, 7);
    assert_int_equal(run.options.read_timeout_s, 30);
    assert_int_equal(run.options.connect_timeout_s, GS3_TIMEOUT_NEVER);
    assert_true(run.options.is_progress_multiline && run.options.no_progress);
    assert_true(run.options.no_sign_request);
    end(&run);
    take(&run, "cp s3://b/k d --page-size 5000");
    assert_int_equal(run.options.page_size, 1000);
    end(&run);
    refuse("cp s3://b/k d --page-size 0", "--page-size takes a number from 1 ");
    refuse("cp s3://b/k d --page-size -5", "--page-size takes a number");
    refuse("cp s3://b/k d --page-size 5x", "--page-size takes a number");
    refuse("cp - s3://b/k --expected-size 5GB", "--expected-size takes a number");
    refuse("cp - s3://b/k --expected-size 99999999999999999999", "--expected-size takes");
    refuse("cp a s3://b/k --cli-read-timeout 1.5", "--cli-read-timeout takes a number");
    refuse("cp a s3://b/k --progress-frequency -1", "--progress-frequency takes a number");
}

static void gs3_transfer_options_read_refuses_what_does_not_fit(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"cp a s3://b/k --checksum-mode ENABLED", "is only for downloads"},
        {"cp s3://a/k s3://b/k --checksum-mode ENABLED", "is only for downloads"},
        {"cp s3://b/k a --checksum-algorithm CRC32", "is only for uploads and copies"},
        {"cp s3://b/k a --tags a=b", "is only for uploads and copies"},
        {"cp a s3://b/k --sse-c-copy-source --sse-c-copy-source-key fileb://k", "only for copies"},
        {"cp a s3://b/k --sse-kms-key-id x", "--sse-kms-key-id needs --sse aws:kms"},
        {"cp a s3://b/k --sse --sse-kms-key-id x", "--sse-kms-key-id needs --sse aws:kms"},
        {"cp a s3://b/k --sse --sse-c --sse-c-key fileb://k", "exclude each other"},
        {"cp s3://a/k s3://b/k --metadata-directive COPY --metadata a=b", "adds yours"},
        {"cp s3://a/k s3://b/k --metadata-directive COPY --content-type a/b", "--content-type"},
        {"cp a s3://b/k --website-redirect other", "--website-redirect takes /KEY"},
        {"cp a s3://b/k --website-redirect ftp://x/", "--website-redirect takes /KEY"},
        {"cp a s3://b/k --acl public", "--acl takes private, "},
        {"cp a s3://b/k --storage-class standard", "--storage-class takes STANDARD, "},
        {"cp a s3://b/k --verify sha1", "--verify takes md5"},
        {"cp s3://a/k s3://b/k --source-region evil.example/", "--source-region takes"},
        {"cp s3://a/k s3://b/k --source-region=", "--source-region takes"},
        {"cp - s3://b/k --resume", "a stream cannot be resumed"},
        {"put - s3://b/k --resume", "a stream cannot be resumed"},
        {"mv a s3://b/k --expected-size 5", "unknown option --expected-size"},
        {"put a s3://b/k --page-size 5", "unknown option --page-size"},
        {"put a s3://b/k --checksum-mode ENABLED", "unknown option --checksum-mode"},
        {"put a s3://b/k --case-conflict skip", "unknown option --case-conflict"},
        {"cp a s3://b/k --recursive=yes", "--recursive takes no value"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        refuse(lines[i][0], lines[i][1]);
    gs3_auto_free char *target = gs3_xmalloc(2100);
    memset(target, 'x', 2099);
    target[2099] = '\0';
    gs3_auto_free char *line = gs3_xasprintf("cp a s3://b/k --website-redirect /%s", target);
    refuse(line, "at most 2048 bytes");
}

/* As in aws-cli: what only another direction uses has no effect. */
static void gs3_transfer_options_read_takes_options_of_another_direction(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "cp s3://b/k a --acl private --sse aws:kms --storage-class GLACIER --no-guess-mime-type",
        "cp a s3://b/k --metadata-directive COPY --metadata a=b --copy-props none",
        "cp a s3://b/k --source-region eu-west-1 --ignore-glacier-warnings --page-size 5",
        "cp s3://a/k s3://b/k --metadata-directive COPY",
        "cp s3://a/k s3://b/k --metadata-directive REPLACE --metadata a=b",
        "cp a s3://b/k --case-conflict error --expected-size 10",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct run run;
        take(&run, lines[i]);
        end(&run);
    }
}

static void expect_tags(const char *text, const char *said)
{
    gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
    struct gs3_err err = GS3_ERR_INIT;
    int failed = gs3_tags_option_parse(text, &tags, &err);
    assert_int_equal(failed, said ? -1 : 0);
    if (said && !strstr(err.message, said))
        fail_msg("%s: %s", text, err.message);
}

static void gs3_tags_option_parse_keeps_to_the_rules_of_s3(void **state)
{
    (void)state;
    expect_tags("a=1", NULL);
    expect_tags("a=", NULL);
    expect_tags("a=b=c,d=e f", NULL);
    expect_tags("cost:center=a/b@c_d.e+f-g", NULL);
    expect_tags("Stra\xC3\x9F"
                "e=\xE6\x97\xA5",
                NULL);
    expect_tags("key=1,Key=2", NULL);
    expect_tags("a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,j=10", NULL);
    expect_tags("a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,j=10,k=11", "at most 10 tags");
    expect_tags("", "KEY=VALUE");
    expect_tags("a", "KEY=VALUE");
    expect_tags("=1", "KEY=VALUE");
    expect_tags("a=1,", "KEY=VALUE");
    expect_tags("a=1,a=2", "given twice");
    expect_tags("aws:x=1", "AWS's own");
    expect_tags("AWS:x=1", "AWS's own");
    expect_tags("a&b=1", "a key holds");
    expect_tags("a=b;c", "a value holds");
    expect_tags("a=b\nc", "a value holds");
    expect_tags("a=\xFF", "a value holds");
    expect_tags("a=\xE2\x80\xAE", "a value holds"); /* turns the text around */
}

static void gs3_tags_option_parse_counts_characters(void **state)
{
    (void)state;
    static const struct {
        int key, value;
        const char *said;
    } cases[] = {
        {128, 256, NULL},
        {129, 1, "a key has at most 128"},
        {1, 257, "a value has at most 256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(4096);
        for (int j = 0; j < cases[i].key; j++)
            gs3_buf_puts(&text, "\xC3\xA9");
        gs3_buf_putc(&text, '=');
        for (int j = 0; j < cases[i].value; j++)
            gs3_buf_puts(&text, "\xE6\x97\xA5");
        expect_tags(gs3_buf_string(&text), cases[i].said);
    }
}

static void write_file(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* `bytes` in a file, read as raw bytes or as text. */
static void expect_key(bool is_text, const char *bytes, size_t length, const char *said)
{
    char path[] = "/tmp/gs3-test-XXXXXX";
    struct run run;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_file(path, bytes, length);
    gs3_auto_free char *line = gs3_xasprintf("cp a s3://b/k --sse-c --sse-c-key %s://%s",
                                             is_text ? "file" : "fileb", path);
    if (said) {
        refuse(line, said);
    } else {
        take(&run, line);
        assert_ptr_equal(run.plan.customer_key, &run.options.customer_key_view);
        assert_memory_equal(run.plan.customer_key->bytes, "0123456789abcdef\xFF\x00ZYXWVUTSRQPONM",
                            GS3_CUSTOMER_KEY_BYTES);
        gs3_transfer_options_release(&run.options);
        static const unsigned char wiped[GS3_CUSTOMER_KEY_BYTES];
        assert_memory_equal(run.options.customer_key, wiped, sizeof wiped);
        end(&run);
    }
    unlink(path);
}

static void gs3_key_option_read_takes_bytes_and_base64(void **state)
{
    (void)state;
    static const char key[] = "0123456789abcdef\xFF\x00ZYXWVUTSRQPONM!";
    static const char text[] = "MDEyMzQ1Njc4OWFiY2RlZv8AWllYV1ZVVFNSUVBPTk0=";
    static const char loose[] = "MDEyMzQ1Njc4OWFiY2RlZv8AWllYV1ZVVFNSUVBPTk1=";
    static const char url[] = "MDEyMzQ1Njc4OWFiY2RlZv-AWllYV1ZVVFNSUVBPTk0=";
    gs3_auto_free char *lines = gs3_xasprintf(" \n%s\r\n", text);
    char large[300] = "";
    memset(large, 'A', sizeof large);
    expect_key(false, key, 32, NULL);
    expect_key(true, text, 44, NULL);
    expect_key(true, lines, strlen(lines), NULL);
    expect_key(false, key, 31, "has 31 bytes, a key has 32");
    expect_key(false, key, 33, "has 33 bytes, a key has 32");
    expect_key(false, text, 44, "has 44 bytes, a key has 32");
    expect_key(false, "", 0, "has 0 bytes");
    expect_key(false, large, sizeof large, "larger than the maximum");
    expect_key(true, "", 0, "is not the base64 of 32 bytes");
    expect_key(true, key, 32, "is not the base64 of 32 bytes");
    expect_key(true, text, 43, "is not the base64 of 32 bytes");
    expect_key(true, loose, 44, "is not the base64 of 32 bytes");
    expect_key(true, url, 44, "is not the base64 of 32 bytes");
}

static void gs3_key_option_read_takes_no_key_from_the_command_line(void **state)
{
    (void)state;
    static const char *const keys[] = {"0123456789abcdef0123456789abcdef",
                                       "MDEyMzQ1Njc4OWFiY2RlZv8AWllYV1ZVVFNSUVBPTk0=", "", "key",
                                       "FILEB://key"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct run run;
        gs3_auto_free char *line = gs3_xasprintf("cp a s3://b/k --sse-c --sse-c-key=%s", keys[i]);
        assert_int_equal(start(&run, line), -1);
        assert_int_equal(run.err.class, GS3_EUSAGE);
        assert_non_null(strstr(run.err.message, "--sse-c-key takes a file"));
        assert_true(strlen(keys[i]) < 4 || !strstr(run.err.message, keys[i]));
        end(&run);
    }
    refuse("cp a s3://b/k --sse-c", "--sse-c is given without --sse-c-key");
    refuse("cp a s3://b/k --sse-c-key fileb://k", "--sse-c-key is given without --sse-c");
    refuse("cp s3://a/k s3://b/k --sse-c-copy-source", "without --sse-c-copy-source-key");
    refuse("cp a s3://b/k --sse-c --sse-c-key fileb:///nonexistent/key", "cannot open");
    refuse("cp a s3://b/k --sse-c --sse-c-key fileb:///", "not a regular file");
}

static const char *no_variable(void *context, const char *name)
{
    (void)context;
    (void)name;
    return NULL;
}

/* Also where another value counts. */
static void gs3_secret_check_looks_at_every_value(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"cp a s3://b/k --exclude topsecretkey42 --exclude x", "--exclude"},
        {"cp a s3://b/k --tags a=topsecretkey42 --tags a=b", "--tags"},
        {"cp a s3://b/k --grants read=id=topsecretkey42 --grants read=id=x", "--grants"},
        {"cp a s3://b/k --ticket topsecretkey42", "--ticket"},
        {"cp topsecretkey42 s3://b/k", "an argument"},
    };
    struct gs3_env env = {.get = no_variable};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct run run;
        take(&run, lines[i][0]);
        assert_int_equal(gs3_secret_check(&run.args, &env, "topsecretkey42", &run.err), -1);
        assert_true(gs3_str_has_prefix(run.err.message, lines[i][1]));
        assert_null(strstr(run.err.message, "topsecret"));
        end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_args_parse_takes_optional_values),
        cmocka_unit_test(gs3_args_parse_takes_words_up_to_the_next_option),
        cmocka_unit_test(gs3_transfer_options_read_refuses_unclear_grants),
        cmocka_unit_test(gs3_transfer_options_read_keeps_the_order_of_filters),
        cmocka_unit_test(gs3_transfer_options_accept_filters_one_object),
        cmocka_unit_test(gs3_transfer_options_read_lets_the_later_symlink_option_count),
        cmocka_unit_test(gs3_transfer_options_read_without_options_is_the_default),
        cmocka_unit_test(gs3_transfer_options_read_fills_the_plan),
        cmocka_unit_test(gs3_transfer_options_read_maps_choices_to_their_values),
        cmocka_unit_test(gs3_transfer_options_read_takes_numbers),
        cmocka_unit_test(gs3_transfer_options_read_refuses_what_does_not_fit),
        cmocka_unit_test(gs3_transfer_options_read_takes_options_of_another_direction),
        cmocka_unit_test(gs3_tags_option_parse_keeps_to_the_rules_of_s3),
        cmocka_unit_test(gs3_tags_option_parse_counts_characters),
        cmocka_unit_test(gs3_key_option_read_takes_bytes_and_base64),
        cmocka_unit_test(gs3_key_option_read_takes_no_key_from_the_command_line),
        cmocka_unit_test(gs3_secret_check_looks_at_every_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
