#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "net/internal.h"

/* The host and port without the scheme: what a certificate or a name server is about. */
static const char *host_of(const struct gs3_http_call *call)
{
    const char *slashes = strstr(call->origin, "//");
    return slashes ? slashes + 2 : call->origin;
}

/* Whether curl's words may repeat the proxy's address, and with it a password. */
static bool may_show_proxy(const struct gs3_http_call *call)
{
    bool is_https = gs3_str_has_prefix(call->origin, "https:");
    const char *proxy = is_https ? call->http->proxy_https : call->http->proxy_http;
    return proxy && strchr(proxy, '@') && strcasestr(call->easy->error_text, "proxy");
}

/* curl's own words, for codes that say little by themselves. */
static const char *detail_of(const struct gs3_http_call *call, CURLcode code)
{
    if (may_show_proxy(call))
        return "the proxy cannot be used: check the proxy settings";
    return call->easy->error_text[0] ? call->easy->error_text : curl_easy_strerror(code);
}

static void fail_tls(struct gs3_http_call *call, CURLcode code)
{
    const char *bundle = call->request.tls.ca_bundle;
    if (code == CURLE_SSL_CACERT_BADFILE) {
        gs3_fail(&call->err, GS3_ECONFIG, "the CA bundle %s cannot be used: %s",
                 bundle ? bundle : "of the system", detail_of(call, code));
        return;
    }
    gs3_fail(&call->err, GS3_ESERVICE, "the certificate of %s is not trusted: %s (CA: %s)",
             host_of(call), detail_of(call, code), bundle ? bundle : "the system's");
}

static void fail_connect(struct gs3_http_call *call, CURLcode code)
{
    long connect_errno = 0;
    curl_easy_getinfo(call->easy->curl, CURLINFO_OS_ERRNO, &connect_errno);
    if (connect_errno > 0)
        gs3_fail_errno(&call->err, GS3_ETRANSIENT, (int)connect_errno,
                       "cannot connect to %s: check the address and that the service is up",
                       call->origin);
    else
        gs3_fail(&call->err, GS3_ETRANSIENT, "cannot connect to %s: %s", call->origin,
                 detail_of(call, code));
}

static void fail_timeout(struct gs3_http_call *call)
{
    double connected_s = 0;
    curl_easy_getinfo(call->easy->curl, CURLINFO_PRETRANSFER_TIME, &connected_s);
    gs3_fail(&call->err, GS3_ETRANSIENT,
             connected_s > 0 ? "%s did not answer in time: try again later"
                             : "cannot connect to %s in time: check the address and the network",
             call->origin);
    call->err.sys_errno = ETIMEDOUT; /* lets a judge tell slow from broken */
}

static void fail_cut(struct gs3_http_call *call, CURLcode code)
{
    gs3_fail(&call->err, GS3_ETRANSIENT, "the connection to %s was cut: %s", call->origin,
             detail_of(call, code));
}

void gs3_http_failure_set(struct gs3_http_call *call, CURLcode code)
{
    if (call->is_fatal)
        return;
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        gs3_fail(&call->err, GS3_ETRANSIENT,
                 "cannot resolve the host name of %s: check the address and the network",
                 call->origin);
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
        gs3_fail(&call->err, GS3_ETRANSIENT,
                 "cannot resolve the proxy's host name for %s: check the proxy settings",
                 call->origin);
        break;
    case CURLE_COULDNT_CONNECT: fail_connect(call, code); break;
    case CURLE_OPERATION_TIMEDOUT: fail_timeout(call); break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: fail_tls(call, code); break;
    case CURLE_SSL_CONNECT_ERROR:
        gs3_fail(&call->err, GS3_ETRANSIENT, "TLS with %s failed: %s", host_of(call),
                 detail_of(call, code));
        break;
    case CURLE_PARTIAL_FILE:
        gs3_fail(&call->err, GS3_ETRANSIENT, "the answer of %s ended before its length",
                 call->origin);
        break;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SEND_FAIL_REWIND: fail_cut(call, code); break;
    default:
        gs3_fail(&call->err, GS3_ESERVICE, "the answer of %s cannot be used: %s", call->origin,
                 detail_of(call, code));
        break;
    }
}
