#include "text/uri.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { HOST_BYTES = 253, LABEL_BYTES = 63, QUOTE_BYTES = 300 };

static bool is_unreserved(char c)
{
    return gs3_ascii_is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

int gs3_uri_encode(struct gs3_buf *out, const char *text, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
        bool is_plain = is_unreserved(*text) || (keep_slash && *text == '/');
        if (is_plain ? gs3_buf_putc(out, *text) : gs3_buf_append(out, escape, sizeof escape))
            return -1;
    }
    return 0;
}

int gs3_uri_decode(struct gs3_buf *out, const char *text)
{
    for (; *text; text++) {
        char byte = *text;
        if (byte == '%') {
            int high = gs3_ascii_hex_value(text[1]);
            int low = high < 0 ? -1 : gs3_ascii_hex_value(text[2]);
            if (low < 0 || high + low == 0)
                return -1;
            byte = (char)(high << 4 | low);
            text += 2;
        }
        if (gs3_buf_putc(out, byte))
            return -1;
    }
    return 0;
}

/* How much of the text may be shown: not a query, and not what stands where a port should, which
 * is a password whose "@" was forgotten. */
static size_t shown_length(const char *text)
{
    size_t length = strcspn(text, "?#");
    const char *slashes = strstr(text, "://");
    const char *host = slashes && slashes + 3 <= text + length ? slashes + 3 : text;
    const char *colon = host + (host[0] == '[' ? strcspn(host, "]?#") : strcspn(host, ":?#"));
    if (*colon == ']')
        colon++;
    if (*colon != ':' || colon >= text + length)
        return length;
    size_t digits = strspn(colon + 1, "0123456789");
    bool is_port = colon[1 + digits] == '\0' || colon[1 + digits] == '/';
    return is_port ? length : (size_t)(colon + 1 - text);
}

/* The text for a message: printable, of bounded length, and without what may hold a password. */
static int refuse(const char *text, enum gs3_err_class class, struct gs3_err *err, const char *what)
{
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(QUOTE_BYTES);
    const char *at = strrchr(text, '@');
    size_t length = shown_length(at ? at : text);
    gs3_auto_free char *part = gs3_xstrndup(at ? at : text, length);
    if (at)
        gs3_buf_puts(&shown, "***");
    bool is_cut = (at ? at : text)[length] != '\0';
    if (gs3_utf8_append_printable(&shown, part) || is_cut) {
        shown.maximum_bytes += sizeof "..." - 1;
        gs3_buf_puts(&shown, "...");
    }
    return gs3_fail(err, class, "\"%s\": %s", gs3_buf_string(&shown), what);
}

/* Names what a caller most likely did wrong; NULL when the characters are all fit for an
 * origin. */
static const char *find_fault(const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7F)
            return "white space or a control character is not allowed here";
        if ((unsigned char)*c >= 0x80)
            return "not ASCII: write an international name as xn--...";
        if (*c == '@')
            return "a user part is not allowed here";
        if (*c == '?')
            return "a query is not allowed here";
        if (*c == '#')
            return "a fragment is not allowed here";
        if (*c == '\\' || *c == '%')
            return "\\ and % are not allowed here";
    }
    return NULL;
}

static bool is_loopback_v4(const unsigned char address[4])
{
    return address[0] == 127;
}

/* "[…]": canonical spelling into `origin`. The unspecified address reaches this machine too,
 * under a name that does not say so. */
static const char *read_ipv6(const char *host, size_t length, struct gs3_origin *origin)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (length < 4 || length - 2 >= sizeof text || host[length - 1] != ']')
        return "not an IPv6 address in brackets";
    memcpy(text, host + 1, length - 2);
    text[length - 2] = '\0';
    if (inet_pton(AF_INET6, text, &address) != 1)
        return "not an IPv6 address in brackets";
    if (IN6_IS_ADDR_UNSPECIFIED(&address))
        return "the unspecified address is no host";
    if (!inet_ntop(AF_INET6, &address, text, sizeof text))
        return "not an IPv6 address in brackets";
    snprintf(origin->host, sizeof origin->host, "[%s]", text);
    origin->is_loopback = IN6_IS_ADDR_LOOPBACK(&address) ||
                          (IN6_IS_ADDR_V4MAPPED(&address) && is_loopback_v4(address.s6_addr + 12));
    return NULL;
}

/* Whether the resolver would take the name for an IPv4 address ("127.1", "0x7f000001"): its
 * last label is a number, decimal or hexadecimal. */
static bool ends_in_number(const char *host)
{
    const char *last = strrchr(host, '.');
    last = last ? last + 1 : host;
    if (last[0] == '0' && last[1] == 'x')
        return last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
    return last[strspn(last, "0123456789")] == '\0';
}

static const char *check_labels(const char *host)
{
    for (const char *label = host;;) {
        size_t length = strcspn(label, ".");
        if (length == 0)
            return label[0] || label == host ? "the host has an empty label"
                                             : "the host ends in a dot";
        if (length > LABEL_BYTES)
            return "a label of the host is over 63 characters";
        if (label[0] == '-' || label[length - 1] == '-')
            return "a label of the host starts or ends with a hyphen";
        for (size_t i = 0; i < length; i++)
            if (!gs3_ascii_is_alnum(label[i]) && label[i] != '-' && label[i] != '_')
                return "the host holds a character that no host name has";
        if (!label[length])
            return NULL;
        label += length + 1;
    }
}

static const char *read_name(const char *host, size_t length, struct gs3_origin *origin)
{
    unsigned char address[4];
    if (length > HOST_BYTES)
        return "the host is over 253 characters";
    memcpy(origin->host, host, length);
    origin->host[length] = '\0';
    gs3_str_lower(origin->host);
    const char *fault = check_labels(origin->host);
    if (fault)
        return fault;
    if (!ends_in_number(origin->host)) {
        origin->is_loopback = gs3_str_equal(origin->host, "localhost") ||
                              gs3_str_has_suffix(origin->host, ".localhost");
        return NULL;
    }
    /* inet_pton takes only the four-number spelling, without leading zeros. */
    if (inet_pton(AF_INET, origin->host, address) != 1)
        return "not an IPv4 address in its usual spelling";
    if (address[0] == 0)
        return "the unspecified address is no host";
    origin->is_loopback = is_loopback_v4(address);
    return NULL;
}

/* ":port" or nothing, up to the end of the authority. */
static const char *read_port(const char *text, size_t length, struct gs3_origin *origin)
{
    unsigned default_port = gs3_str_equal(origin->scheme, "https") ? 443 : 80;
    origin->port = default_port;
    if (length > 0) {
        char digits[6];
        uint64_t port;
        size_t count = length - 1;
        if (count >= sizeof digits)
            return "the port is not a number from 1 to 65535";
        memcpy(digits, text + 1, count);
        digits[count] = '\0';
        if (gs3_str_to_u64(digits, 65535, &port) || port == 0)
            return "the port is not a number from 1 to 65535";
        origin->port = (unsigned)port;
    }
    origin->is_default_port = origin->port == default_port;
    return NULL;
}

/* Reads what follows the scheme. */
static const char *read_authority(const char *text, struct gs3_origin *origin)
{
    size_t length = strcspn(text, "/");
    if (text[length] && text[length + 1])
        return "a path is not allowed here: give scheme, host and port only";
    bool is_ipv6 = text[0] == '[';
    size_t host = is_ipv6 ? strcspn(text, "]") + 1 : strcspn(text, ":/");
    if (host > length)
        return "not an IPv6 address in brackets";
    if (host == 0)
        return "the host is missing";
    if (host < length && text[host] != ':')
        return "only a port may follow an address in brackets";
    const char *fault = is_ipv6 ? read_ipv6(text, host, origin) : read_name(text, host, origin);
    return fault ? fault : read_port(text + host, length - host, origin);
}

int gs3_origin_parse(const char *text, enum gs3_err_class class, struct gs3_origin *origin,
                     struct gs3_err *err)
{
    static const char *const schemes[] = {"http", "https"};
    struct gs3_origin found = {.port = 0};
    const char *fault = find_fault(text);
    if (fault)
        return refuse(text, class, err, fault);
    size_t scheme = strcspn(text, ":");
    for (size_t i = 0; i < 2; i++)
        if (strlen(schemes[i]) == scheme && strncasecmp(text, schemes[i], scheme) == 0)
            memcpy(found.scheme, schemes[i], scheme + 1);
    if (!found.scheme[0] || !gs3_str_has_prefix(text + scheme, "://"))
        return refuse(text, class, err, "it must start with https:// or http://");
    fault = read_authority(text + scheme + 3, &found);
    if (fault)
        return refuse(text, class, err, fault);
    *origin = found;
    return 0;
}

bool gs3_origin_equal(const struct gs3_origin *a, const struct gs3_origin *b)
{
    return gs3_str_equal(a->scheme, b->scheme) && gs3_str_equal(a->host, b->host) &&
           a->port == b->port;
}

char *gs3_origin_format(const struct gs3_origin *origin)
{
    if (origin->is_default_port)
        return gs3_xasprintf("%s://%s", origin->scheme, origin->host);
    return gs3_xasprintf("%s://%s:%u", origin->scheme, origin->host, origin->port);
}
