#include "aws/arn.h"

#include <stdlib.h>
#include <string.h>

#include "aws/sts.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { SHOWN_BYTES = 300 };

static int refuse(const char *text, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(SHOWN_BYTES);
    if (gs3_utf8_append_printable(&shown, text))
        gs3_buf_puts(&shown, "...");
    return gs3_fail(err, GS3_EINVALID,
                    "\"%s\" is not the ARN of a user, an assumed role, a federated user or root",
                    gs3_buf_string(&shown));
}

/* Printable ASCII without white space, which is all that IAM allows in names and paths. */
static bool has_only_names(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return true;
}

bool gs3_arn_split(char *text, struct gs3_arn *arn)
{
    char **fields[] = {NULL, &arn->partition, &arn->service, &arn->region, &arn->account};
    if (strlen(text) > GS3_ARN_BYTES || !has_only_names(text))
        return false;
    for (size_t i = 0; i < 5; i++) {
        char *colon = strchr(text, ':');
        if (!colon)
            return false;
        *colon = '\0';
        if (i == 0 && strcmp(text, "arn") != 0)
            return false;
        if (i > 0)
            *fields[i] = text;
        text = colon + 1;
    }
    arn->resource = text;
    return true;
}

bool gs3_arn_is_partition(const char *text)
{
    return gs3_str_has_prefix(text, "aws") && (!text[3] || text[3] == '-') &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")] == '\0';
}

bool gs3_arn_is_account(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

/* IAM's names: letters, digits and +=,.@_- */
static bool is_name(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!gs3_ascii_is_alnum(*c) && !strchr("+=,.@_-", *c))
            return false;
    return *text != '\0';
}

/* "user/PATH/NAME", "assumed-role/ROLE/SESSION", "federated-user/NAME", "root". */
static bool take_resource(const struct gs3_arn *arn, struct gs3_caller *caller)
{
    bool is_iam = strcmp(arn->service, "iam") == 0;
    bool is_sts = strcmp(arn->service, "sts") == 0;
    const char *resource = arn->resource;
    const char *name = strrchr(resource, '/');
    name = name ? name + 1 : resource;
    if (is_iam && strcmp(resource, "root") == 0) {
        caller->kind = GS3_CALLER_ROOT;
    } else if (is_iam && gs3_str_has_prefix(resource, "user/")) {
        caller->kind = GS3_CALLER_USER;
    } else if (is_sts && gs3_str_has_prefix(resource, "federated-user/")) {
        caller->kind = GS3_CALLER_FEDERATED;
        name = resource + strlen("federated-user/");
    } else if (is_sts && gs3_str_has_prefix(resource, "assumed-role/")) {
        const char *role = resource + strlen("assumed-role/");
        size_t length = strcspn(role, "/");
        caller->kind = GS3_CALLER_ROLE;
        caller->role_name = gs3_xstrndup(role, length);
        /* STS leaves the role's path out, so there is one more part and no other. */
        if (!is_name(caller->role_name) || role[length] != '/')
            return false;
        name = role + length + 1;
    } else {
        return false;
    }
    caller->name = gs3_xstrdup(name);
    return is_name(name);
}

int gs3_caller_parse_arn(const char *arn, struct gs3_caller *caller, struct gs3_err *err)
{
    *caller = (struct gs3_caller){.account = NULL};
    gs3_auto_free char *copy = gs3_xstrdup(arn);
    struct gs3_arn fields = {.partition = NULL};
    bool is_fine = gs3_arn_split(copy, &fields) && gs3_arn_is_partition(fields.partition) &&
                   !*fields.region && gs3_arn_is_account(fields.account) &&
                   take_resource(&fields, caller);
    if (!is_fine) {
        gs3_caller_release(caller);
        return refuse(arn, err);
    }
    caller->account = gs3_xstrdup(fields.account);
    caller->arn = gs3_xstrdup(arn);
    return 0;
}
