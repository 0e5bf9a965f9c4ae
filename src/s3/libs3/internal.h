/* What the two files of the libs3 module share. They are linked into $libdir/gs3/libs3.so and into
 * nothing else, and use nothing of gs3 but s3/module.h.
 *
 * libs3 2.0 keeps its curl handles to itself, and some of what it sets on them gs3 cannot have:
 * it follows redirects to wherever a store says, takes proxies from the environment, waits five
 * minutes for a connection, and reads answers into arrays whose bounds it gets wrong (a store that
 * sends more than 157 metadata headers writes behind one). Its percent encoding turns a space into
 * "+" and reads before a table for every byte over 127. So hook.c stands between libs3 and libcurl:
 * the dynamic loader finds the module's curl_easy_setopt and urlEncode before the originals, since
 * libs3 is a dependency of the module. Both are checked at run time, and without them nothing is
 * sent. */
#ifndef GS3_S3_LIBS3_INTERNAL_H
#define GS3_S3_LIBS3_INTERNAL_H

#include <curl/curl.h>
#include <libs3.h>

#include "s3/module.h"

#define GS3_MODULE_EXPORT __attribute__((visibility("default")))

typedef CURLcode (*gs3_v2_setopt)(CURL *curl, CURLoption option, ...);

/* libcurl's own functions: of the libcurl that libs3 uses. */
struct gs3_v2_hook {
    const struct gs3_v2_settings *settings;
    gs3_v2_setopt setopt;
};

int gs3_v2_hook_init(struct gs3_v2_hook *hook, const struct gs3_v2_settings *settings);

/* Around the call of libs3 that sets `send` up, on the thread that makes it. */
void gs3_v2_hook_begin(const struct gs3_v2_hook *hook, struct gs3_v2_send *send);
void gs3_v2_hook_end(void);

/* The other name that libs3 finds here; curl.h has declared curl_easy_setopt. */
int urlEncode(char *dest, const char *src, int maximum);

#endif
