#include "cli/grants_option.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"

enum { HEADER_BYTES = 8 * 1024 };

/* The form, and what happens to whoever puts --grants in front of the addresses. */
#define FORM                                                                                       \
    "--grants takes PERMISSION=TYPE=ID[,TYPE=ID...] words up to the next option: put it behind "   \
    "the source and the destination"

static char **permission_of(struct gs3_grants *grants, const char *name, size_t name_bytes)
{
    const struct {
        const char *name;
        char **value;
    } permissions[] = {
        {"read", &grants->read},
        {"readacl", &grants->read_acl},
        {"writeacl", &grants->write_acl},
        {"full", &grants->full},
    };
    for (size_t i = 0; i < sizeof permissions / sizeof *permissions; i++)
        if (strlen(permissions[i].name) == name_bytes &&
            memcmp(permissions[i].name, name, name_bytes) == 0)
            return permissions[i].value;
    return NULL;
}

/* As S3's documentation spells it; NULL: no type of a grantee. */
static const char *type_of(const char *name)
{
    static const char *const types[] = {"id", "emailAddress", "uri"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (gs3_str_equal_nocase(types[i], name))
            return types[i];
    return NULL;
}

/* The value stands in quotes in the header: what could end them, or the header, is no part of an
 * id, an address or a URI. */
static bool is_plain(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
            return false;
    return *text != '\0';
}

/* One "TYPE=ID", which is cut in place. */
static int append_grantee(struct gs3_buf *header, char *text, struct gs3_err *err)
{
    char *id = strchr(text, '=');
    if (!id)
        return gs3_fail(err, GS3_EUSAGE, FORM);
    *id++ = '\0';
    const char *type = type_of(text);
    if (!type)
        return gs3_fail(err, GS3_EUSAGE, "--grants: a grantee is id=, emailaddress= or uri=");
    if (!is_plain(id))
        return gs3_fail(err, GS3_EUSAGE,
                        "--grants: what follows %s= is printable ASCII without blanks, quotes and "
                        "backslashes",
                        type);
    if (gs3_buf_printf(header, "%s%s=\"%s\"", header->length_bytes ? ", " : "", type, id))
        return gs3_fail(err, GS3_EUSAGE, "--grants: more than %d bytes for one permission",
                        HEADER_BYTES);
    return 0;
}

int gs3_grants_add(struct gs3_grants *grants, const char *word, struct gs3_err *err)
{
    const char *equals = strchr(word, '=');
    if (!equals)
        return gs3_fail(err, GS3_EUSAGE, FORM);
    char **value = permission_of(grants, word, (size_t)(equals - word));
    if (!value)
        return gs3_fail(err, GS3_EUSAGE,
                        "--grants: the permission is read, readacl, writeacl or full");
    gs3_auto_buf struct gs3_buf header = GS3_BUF_INIT(HEADER_BYTES);
    gs3_auto_free char *grantees = gs3_xstrdup(equals + 1);
    if (*value)
        gs3_buf_puts(&header, *value);
    char *rest = grantees;
    for (char *grantee = strsep(&rest, ","); grantee; grantee = strsep(&rest, ","))
        if (append_grantee(&header, grantee, err))
            return -1;
    free(*value);
    *value = gs3_buf_take(&header);
    return 0;
}

void gs3_grants_release(struct gs3_grants *grants)
{
    free(grants->read);
    free(grants->read_acl);
    free(grants->write_acl);
    free(grants->full);
    *grants = (struct gs3_grants){.read = NULL};
}
