/* The module that sends to stores of Signature Version 2: libs3, in a shared object of its own.
 *
 * Linked in, libs3 would bring libxml2, ICU and a second libcurl into every start: so it is loaded
 * only for a profile with `signature_version = s3`, from the directory gs3 was installed with, and
 * from nowhere else. libs3 signs and sends; what a store answers is handed out as it comes and read
 * by this room, as every answer is. This header is what both sides are compiled with. */
#ifndef GS3_S3_MODULE_H
#define GS3_S3_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pairs.h"

/* Raised with every change of what follows; the release is compared too. */
#define GS3_S3_MODULE_ABI    1u
#define GS3_S3_MODULE_SYMBOL "gs3_s3_module"

enum { GS3_V2_ERROR_BYTES = 256 }; /* as libcurl wants them */

enum gs3_v2_verb { GS3_V2_PUT, GS3_V2_GET, GS3_V2_HEAD, GS3_V2_COPY, GS3_V2_DELETE, GS3_V2_LIST };

enum gs3_v2_acl {
    GS3_V2_ACL_PRIVATE,
    GS3_V2_ACL_PUBLIC_READ,
    GS3_V2_ACL_PUBLIC_READ_WRITE,
    GS3_V2_ACL_AUTHENTICATED_READ,
};

/* Of the one store that a run talks to. Strings must live until the close. */
struct gs3_v2_settings {
    const char *host; /* with its port */
    bool is_https, is_path_style;
    const char *user_agent;
    const char *proxy, *no_proxy;                  /* "": none, whatever the environment says */
    uint32_t connect_timeout_ms, stall_timeout_ms; /* 0: none */
};

/* One request. Strings are read by the start alone; the rest must live until is_done. */
struct gs3_v2_send {
    enum gs3_v2_verb verb;
    const char *access_key, *secret_key;
    const char *bucket, *key;               /* key: raw bytes; NULL for a list */
    const char *source_bucket, *source_key; /* copy: percent-encoded */
    const char *content_type, *cache_control, *content_encoding; /* NULL: not sent */
    enum gs3_v2_acl acl;
    const struct gs3_pairs *metadata;   /* put, copy */
    const char *if_match;               /* get; NULL: none */
    uint64_t range_first, range_length; /* get; length 0: all */
    const char *prefix, *marker;        /* list; marker NULL: from the start */
    int page_size;                      /* list */
    uint64_t body_bytes;                /* put */

    /* Fills up to `room` bytes of the body; 0 ends it, -1 gives the request up. */
    long (*read)(void *context, char *buffer, size_t room);
    int (*rewind)(void *context, uint64_t offset); /* of the body */
    /* A line of the answer's head as it came, the status line too; bytes of its body. -1 gives up.
     */
    int (*head)(void *context, const char *line, size_t length_bytes);
    int (*write)(void *context, const char *bytes, size_t length_bytes);
    bool (*is_given_up)(void *context); /* asked at least once a second */
    void *context;

    /* What came of it. */
    bool is_hooked; /* the module sees what libs3 does; otherwise it must not be sent */
    bool is_done;
    bool has_failed;                /* no complete answer came, or nothing was sent */
    const char *what;               /* libs3's name for it */
    char error[GS3_V2_ERROR_BYTES]; /* libcurl's words; "" */
};

struct gs3_v2;      /* libs3, set up for one store */
struct gs3_v2_line; /* requests of one thread, driven together */

struct gs3_s3_module {
    unsigned abi;
    size_t send_bytes, settings_bytes; /* of the two structures above */
    const char *release;               /* of gs3 */
    /* Once a process, before any line; close after the last one. NULL with a reason in `why`. */
    struct gs3_v2 *(*open)(const struct gs3_v2_settings *settings, char *why, size_t room);
    void (*close)(struct gs3_v2 *v2);
    struct gs3_v2_line *(*line_new)(const struct gs3_v2 *v2);
    void (*line_free)(struct gs3_v2_line *line); /* with none under way */
    void (*start)(struct gs3_v2_line *line, struct gs3_v2_send *send);
    /* Drives all that was started, and waits at most `wait_ms` for something to do. */
    void (*turn)(struct gs3_v2_line *line, int wait_ms);
};

/* Loads DIRECTORY/libs3.so. It and its directory must be what a package manager leaves: of root or
 * of whoever owns the running program, and not writable by anybody else. It stays loaded.
 * NULL and GS3_ECONFIG. */
const struct gs3_s3_module *gs3_s3_module_load(const char *directory, struct gs3_err *err);

#endif
