/* The AWS configuration: environment and the shared files, as the AWS CLI v2 reads them.
 *
 * Values come with their source, so that messages can say where a wrong one stands. Depends on
 * base, text, crypto (secrets). Never uses the network; the environment is handed in. */
#ifndef GS3_AWS_CONFIG_H
#define GS3_AWS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"
#include "base/err.h"
#include "base/pairs.h"
#include "crypto/secret.h"

/* One profile, merged: the credentials file wins over the configuration file. Nested
 * settings are named with a dot ("s3.addressing_style"). */
struct gs3_aws_profile {
    char *name;
    struct gs3_pairs settings; /* without the three secrets' values: see below */
    struct gs3_pairs places;   /* setting → "file:line" */
    struct gs3_secret access_key_id, secret_access_key,
        session_token; /* static, from the credentials file */
    struct gs3_secret config_access_key_id, config_secret_access_key,
        config_session_token; /* config file */
    /* The section [sso-session NAME] that sso_session names, with the places of its settings. */
    struct gs3_pairs sso_session, sso_session_places;
    bool has_sso_session;
    bool exists;
};

struct gs3_aws_config_opts {
    const char *profile;  /* --profile; NULL: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default" */
    const char *region;   /* --region */
    const char *endpoint; /* --endpoint-url */
    const char *ca_bundle;
    bool no_verify_tls;
    bool no_sign_request;        /* --no-sign-request */
    uint32_t read_timeout_ms;    /* --cli-read-timeout; 0: the default, UINT32_MAX: none */
    uint32_t connect_timeout_ms; /* --cli-connect-timeout; likewise */
};

struct gs3_aws_config {
    struct gs3_aws_profile profile;
    bool profile_is_explicit; /* by --profile: the environment's credentials are skipped */
    char *region;             /* NULL: none found */
    char *endpoint_s3;  /* NULL: AWS's own. By the CLI's order: --endpoint-url, AWS_ENDPOINT_URL_S3,
                           AWS_ENDPOINT_URL, services section, profile;
                           ignore_configured_endpoint_urls */
    char *endpoint_sts; /* never --endpoint-url */
    char *endpoint_s3_control;                      /* likewise */
    char *endpoint_sso, *endpoint_sso_oidc;         /* likewise */
    char *endpoint_cloudtrail, *endpoint_guardduty; /* likewise */
    bool use_fips, use_dualstack;                   /* of every service */
    bool s3_use_dualstack, s3_use_accelerate;
    bool s3_ignores_arn_region; /* use_arn_region = false: another region's ARN is refused */
    char *
        ca_bundle; /* S3 alone: --ca-bundle, AWS_CA_BUNDLE, profile ca_bundle; NULL: the system's */
    bool no_verify_tls; /* S3 alone */
    enum { GS3_ADDRESSING_AUTO, GS3_ADDRESSING_PATH, GS3_ADDRESSING_VIRTUAL } addressing;
    enum {
        GS3_PAYLOAD_SIGNING_DEFAULT,
        GS3_PAYLOAD_SIGNING_ON,
        GS3_PAYLOAD_SIGNING_OFF
    } payload_signing;
    char *signature_version; /* "s3v4", or "s3": Signature Version 2, by the libs3 module */
    char *proxy_http, *proxy_https, *no_proxy;
    bool no_sign_request; /* S3 alone: requests carry no signature, and need no credentials */
    uint32_t read_timeout_ms, connect_timeout_ms; /* S3 alone; 0: the default, UINT32_MAX: none */
    unsigned maximum_attempts; /* of one request to S3 (max_attempts); 0: not set */
    /* The keys under "s3 ="; 0: not set. Sizes of the AWS CLI are of 1024 (8MB, 8MiB). */
    unsigned concurrent_requests_count; /* max_concurrent_requests */
    unsigned queue_count;               /* max_queue_size */
    uint64_t multipart_threshold_bytes;
    uint64_t multipart_chunk_bytes; /* multipart_chunksize; S3's own limits are not looked at */
    uint64_t bandwidth_bytes_per_s; /* max_bandwidth, both directions together */
};

/* A file that is not there is fine; a profile that was named and is not there is GS3_ECONFIG, as is
 * a syntax error (file:line). Bounded: 1 MiB a file, 10,000 lines… */
int gs3_aws_config_load(const struct gs3_env *env, const struct gs3_aws_config_opts *opts,
                        struct gs3_aws_config *config, struct gs3_err *err);
void gs3_aws_config_release(struct gs3_aws_config *config);

/* Another profile of the same two files, which are read again; a profile that is not there is no
 * error: `exists` says it. Released with gs3_aws_profile_release in any case. */
int gs3_aws_profile_load(const struct gs3_env *env, const char *name,
                         struct gs3_aws_profile *profile, struct gs3_err *err);
void gs3_aws_profile_release(struct gs3_aws_profile *profile);

/* A path that begins with "~/", below the home directory; NULL when there is none. Caller frees. */
char *gs3_aws_home_path(const struct gs3_env *env, const char *path);
/* What "~" stands for: HOME, or the user's directory; NULL: neither. */
const char *gs3_aws_home_directory(const struct gs3_env *env);

/* `config` for --source-region: `region` and no custom endpoint of S3. A view: what it points to is
 * `config`'s, or `region` itself, and it is never released. */
struct gs3_aws_config gs3_aws_config_at_region(const struct gs3_aws_config *config, char *region);

#endif
