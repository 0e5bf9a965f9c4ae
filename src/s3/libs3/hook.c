#include <curl/curl.h>
/* curl's type-checking macro would make a declaration of ours impossible. */
#undef curl_easy_setopt

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "s3/libs3/internal.h"

enum { URL_BYTES = 12 * 1024 };

/* The one thing that libs3 gives no argument for: whose handle is being set up. */
static _Thread_local const struct gs3_v2_hook *current_hook;
static _Thread_local struct gs3_v2_send *current_send;

void gs3_v2_hook_begin(const struct gs3_v2_hook *hook, struct gs3_v2_send *send)
{
    current_hook = hook;
    current_send = send;
}

void gs3_v2_hook_end(void)
{
    current_hook = NULL;
    current_send = NULL;
}

/* libcurl is what libs3 was linked with, which need not be the one that gs3 uses: looked up from
 * libs3's own file. */
static gs3_v2_setopt find_setopt(void)
{
    Dl_info info;
    if (!dladdr((void *)S3_initialize, &info) || !info.dli_fname)
        return NULL;
    void *libs3 = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    gs3_v2_setopt setopt = libs3 ? (gs3_v2_setopt)dlsym(libs3, "curl_easy_setopt") : NULL;
    if (libs3)
        dlclose(libs3); /* the module keeps it */
    return setopt == (gs3_v2_setopt)curl_easy_setopt ? NULL : setopt;
}

int gs3_v2_hook_init(struct gs3_v2_hook *hook, const struct gs3_v2_settings *settings)
{
    hook->settings = settings;
    hook->setopt = find_setopt();
    return hook->setopt ? 0 : -1;
}

static size_t read_body(char *buffer, size_t size, size_t count, void *context)
{
    struct gs3_v2_send *send = context;
    long got = send->read(send->context, buffer, size * count);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static int seek_body(void *context, curl_off_t offset, int origin)
{
    struct gs3_v2_send *send = context;
    if (origin != SEEK_SET || offset < 0 || send->rewind(send->context, (uint64_t)offset))
        return CURL_SEEKFUNC_FAIL;
    return CURL_SEEKFUNC_OK;
}

static size_t take_head(char *line, size_t size, size_t count, void *context)
{
    struct gs3_v2_send *send = context;
    return send->head(send->context, line, size * count) ? 0 : size * count;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct gs3_v2_send *send = context;
    return send->write(send->context, bytes, size * count) ? 0 : size * count;
}

static int look(void *context, curl_off_t download, curl_off_t downloaded, curl_off_t upload,
                curl_off_t uploaded)
{
    (void)download;
    (void)downloaded;
    (void)upload;
    (void)uploaded;
    struct gs3_v2_send *send = context;
    return send->is_given_up(send->context) ? 1 : 0;
}

/* What gs3 wants of a handle, whatever libs3 sets: done with the last option that it always sets,
 * the URL. */
static CURLcode set_ours(const struct gs3_v2_hook *hook, struct gs3_v2_send *send, CURL *curl)
{
    const struct gs3_v2_settings *settings = hook->settings;
    CURLcode code = hook->setopt(curl, CURLOPT_XFERINFOFUNCTION, look);
#define SET(option, value) code = code ? code : hook->setopt(curl, option, value)
    SET(CURLOPT_XFERINFODATA, send);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_SEEKFUNCTION, seek_body);
    SET(CURLOPT_SEEKDATA, send);
    SET(CURLOPT_ERRORBUFFER, send->error);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_USERAGENT, settings->user_agent);
    SET(CURLOPT_PROXY, settings->proxy);
    SET(CURLOPT_NOPROXY, settings->no_proxy);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, settings->stall_timeout_ms ? 1L : 0L);
    SET(CURLOPT_LOW_SPEED_TIME, (long)((settings->stall_timeout_ms + 999) / 1000));
    SET(CURLOPT_SSL_VERIFYHOST, 0L); /* only ever used where the user said --no-verify-ssl */
    if (send->verb == GS3_V2_PUT || send->verb == GS3_V2_COPY)
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)send->body_bytes);
#undef SET
    send->is_hooked = code == CURLE_OK;
    return code;
}

/* A listing's keys are asked for percent-encoded: XML cannot carry them all. */
static CURLcode set_url(const struct gs3_v2_hook *hook, struct gs3_v2_send *send, CURL *curl,
                        const char *url)
{
    char longer[URL_BYTES];
    CURLcode code = set_ours(hook, send, curl);
    if (code || send->verb != GS3_V2_LIST)
        return code ? code : hook->setopt(curl, CURLOPT_URL, url);
    int length = snprintf(longer, sizeof longer, "%s&encoding-type=url", url);
    if (length < 0 || (size_t)length >= sizeof longer)
        return CURLE_URL_MALFORMAT;
    return hook->setopt(curl, CURLOPT_URL, longer);
}

/* libs3's own callbacks are left out: nothing that a store sends reaches its readers. */
static CURLcode set_pointer(const struct gs3_v2_hook *hook, struct gs3_v2_send *send, CURL *curl,
                            CURLoption option, void *value)
{
    switch ((int)option) {
    case CURLOPT_HEADERDATA:
    case CURLOPT_READDATA:
    case CURLOPT_WRITEDATA: return hook->setopt(curl, option, send);
    case CURLOPT_HEADERFUNCTION: return hook->setopt(curl, option, take_head);
    case CURLOPT_READFUNCTION: return hook->setopt(curl, option, read_body);
    case CURLOPT_WRITEFUNCTION: return hook->setopt(curl, option, take_body);
    case CURLOPT_URL: return set_url(hook, send, curl, value);
    default: return hook->setopt(curl, option, value);
    }
}

static CURLcode set_long(const struct gs3_v2_hook *hook, CURL *curl, CURLoption option, long value)
{
    switch ((int)option) {
    case CURLOPT_FOLLOWLOCATION:
    case CURLOPT_NOPROGRESS:
    case CURLOPT_LOW_SPEED_LIMIT:
    case CURLOPT_LOW_SPEED_TIME: return CURLE_OK; /* set_ours */
    default: return hook->setopt(curl, option, value);
    }
}

GS3_MODULE_EXPORT CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    const struct gs3_v2_hook *hook = current_hook;
    struct gs3_v2_send *send = current_send;
    CURLcode code = CURLE_UNKNOWN_OPTION;
    va_list arguments;
    if (!hook || !send)
        return CURLE_FAILED_INIT;
    va_start(arguments, option);
    if ((int)option < CURLOPTTYPE_OBJECTPOINT)
        code = set_long(hook, curl, option, va_arg(arguments, long));
    else if ((int)option < CURLOPTTYPE_OFF_T)
        code = set_pointer(hook, send, curl, option, va_arg(arguments, void *));
    else if ((int)option < CURLOPTTYPE_BLOB)
        code = hook->setopt(curl, option, va_arg(arguments, curl_off_t));
    va_end(arguments);
    return code;
}

/* As S3 reads it: everything but A-Z a-z 0-9 - _ . ~ and the slash. `dest` has three bytes for each
 * of `maximum`, and one. */
GS3_MODULE_EXPORT int urlEncode(char *dest, const char *src, int maximum)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/";
    static const char hex[] = "0123456789ABCDEF";
    int length = 0;
    for (; src && *src; src++) {
        unsigned char byte = (unsigned char)*src;
        if (++length > maximum)
            return 0;
        if (strchr(plain, byte)) {
            *dest++ = *src;
            continue;
        }
        *dest++ = '%';
        *dest++ = hex[byte >> 4];
        *dest++ = hex[byte & 15];
    }
    *dest = '\0';
    return 1;
}
