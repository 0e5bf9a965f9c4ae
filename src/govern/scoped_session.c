#include "govern/scoped_session.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/model.h"
#include "text/utf8.h"

enum { NAME_MINIMUM = 2, NAME_MAXIMUM = 64, TAG_CHARACTERS = 256, TAG_BYTES = 1024 };

char *gs3_session_name(const char *operator)
{
    gs3_auto_buf struct gs3_buf name = GS3_BUF_INIT(NAME_MAXIMUM);
    for (const char *c = operator; *c; c++)
        if (gs3_buf_putc(&name, gs3_ascii_is_alnum(*c) || strchr("_+=,.@-", *c) ? *c : '-'))
            break;
    while (name.length_bytes < NAME_MINIMUM)
        gs3_buf_putc(&name, '-');
    return gs3_buf_take(&name);
}

/* STS asks for letters and digits of any language; which of the rest of Unicode are some is left to
 * it, but for what no name has. */
static bool is_of_a_tag(uint32_t c)
{
    if (c > 0x7F)
        return !gs3_utf8_is_unsafe(c);
    return gs3_ascii_is_alnum((char)c) || strchr(" _.:/=+-@", (int)c);
}

char *gs3_session_tag_value(const char *value)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(TAG_BYTES);
    size_t left = strlen(value), count = 0;
    while (left > 0 && count++ < TAG_CHARACTERS) {
        uint32_t character = 0;
        size_t used = gs3_utf8_decode(value, left, &character);
        bool stays = used > 0 && is_of_a_tag(character);
        int full = stays ? gs3_buf_append(&out, value, used) : gs3_buf_putc(&out, '_');
        if (full)
            break;
        used = used > 0 ? used : 1;
        value += used;
        left -= used;
    }
    return gs3_buf_take(&out);
}

void gs3_scoped_session_release(struct gs3_scoped_session *session)
{
    free(session->role_arn);
    free(session->name);
    free(session->policy);
    gs3_pairs_release(&session->tags);
    *session = (struct gs3_scoped_session){.role_arn = NULL};
}

static int take_name(struct gs3_scoped_session *session, const struct gs3_pairs *facts,
                     struct gs3_err *err)
{
    const char *operator= gs3_pairs_get(facts, "operator");
    if (gs3_str_is_empty(operator))
        return gs3_fail(err, GS3_EREFUSED,
                        "refused: nobody knows who the operator is, whose name the session has");
    session->name = gs3_session_name(operator);
    return 0;
}

int gs3_scoped_session_build(const struct gs3_permit *permit, const struct gs3_session_scope *scope,
                             struct gs3_scoped_session *session, struct gs3_err *err)
{
    const struct gs3_session_rule *rule = NULL;
    const struct gs3_pairs *facts = gs3_permit_facts(permit);
    *session = (struct gs3_scoped_session){.role_arn = NULL};
    if (gs3_permit_session(permit, &rule, err))
        return -1;
    if (!rule)
        return 1;
    gs3_auto_buf struct gs3_buf policy = GS3_BUF_INIT(GS3_SESSION_POLICY_BYTES);
    if (gs3_session_policy_build(scope, &policy, err))
        return -1;
    session->role_arn = gs3_xstrdup(rule->role_arn);
    session->duration_s = rule->duration_s;
    session->policy = gs3_buf_take(&policy);
    if (take_name(session, facts, err)) {
        gs3_scoped_session_release(session);
        return -1;
    }
    for (size_t i = 0; i < facts->count; i++) {
        const struct gs3_pair *fact = &facts->items[i];
        /* The role's trust policy compares the three. */
        bool is_operator = gs3_str_equal(fact->name, "operator");
        gs3_auto_free char *value =
            is_operator ? gs3_xstrdup(session->name) : gs3_session_tag_value(fact->value);
        gs3_pairs_add(&session->tags, fact->name, value);
    }
    return 0;
}

struct gs3_sts_role gs3_scoped_session_role(const struct gs3_scoped_session *session)
{
    return (struct gs3_sts_role){
        .role_arn = session->role_arn,
        .session_name = session->name,
        .source_identity = session->name,
        .duration_s = session->duration_s,
        .policy = session->policy,
        .tags = &session->tags,
    };
}
