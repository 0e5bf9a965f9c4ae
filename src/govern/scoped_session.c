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

int gs3_scoped_roles_find(const struct gs3_permit *permit, struct gs3_scoped_roles *roles,
                          struct gs3_err *err)
{
    const struct gs3_environment *source = NULL, *destination = NULL;
    *roles = (struct gs3_scoped_roles){.main = NULL};
    if (gs3_permit_session(permit, GS3_ACTION_READ | GS3_ACTION_DELETE, &source, err) ||
        gs3_permit_session(permit, GS3_ACTION_WRITE, &destination, err))
        return -1;
    roles->main_is_source = source && !destination;
    roles->main = destination ? destination : source;
    if (!roles->main)
        return 0;
    roles->duration_s = roles->main->session.duration_s;
    if (!source || !destination)
        return 0;
    if (!gs3_str_equal(source->session.role_arn, destination->session.role_arn))
        roles->source = source;
    else if (source->session.duration_s < roles->duration_s)
        roles->duration_s = source->session.duration_s;
    return 0;
}

/* The source's environment asked for what stands behind `source-`, where it is not the
 * destination's as well; its role's trust policy knows it by its own name. */
static const char *source_fact(const struct gs3_pairs *facts, const char *key)
{
    gs3_auto_free char *source = gs3_xasprintf("source-%s", key);
    const char *value = gs3_pairs_get(facts, source);
    return value ? value : gs3_pairs_get(facts, key);
}

static void add_tag(struct gs3_scoped_session *session, const char *key, const char *value)
{
    if (!value || gs3_pairs_has(&session->tags, key))
        return;
    gs3_auto_free char *clean = gs3_session_tag_value(value);
    gs3_pairs_add(&session->tags, key, clean);
}

static void add_tags(struct gs3_scoped_session *session, const struct gs3_pairs *facts,
                     const struct gs3_environment *environment, bool is_source)
{
    if (is_source) {
        for (size_t i = 0; i < environment->ticket_count; i++) {
            const char *key = environment->tickets[i].metadata_key;
            add_tag(session, key, source_fact(facts, key));
        }
        add_tag(session, "environment", environment->name);
    }
    for (size_t i = 0; i < facts->count; i++) {
        const struct gs3_pair *fact = &facts->items[i];
        /* The role's trust policy compares the three. */
        if (strcmp(fact->name, "operator") == 0)
            gs3_pairs_add(&session->tags, fact->name, session->name);
        else if (!is_source || strcmp(fact->name, "gs3-decision") == 0)
            add_tag(session, fact->name, fact->value);
    }
}

/* S3 copies with the writer's session, which has to read the source then. */
static struct gs3_session_scope scope_of(const struct gs3_scoped_roles *roles, bool is_source,
                                         const struct gs3_session_scope *all)
{
    struct gs3_session_scope scope = *all;
    if (is_source)
        scope.destination.resource = NULL;
    else
        scope.has_source_session = roles->source != NULL;
    return scope;
}

int gs3_scoped_session_build(const struct gs3_permit *permit, const struct gs3_scoped_roles *roles,
                             bool is_source, const struct gs3_session_scope *scope,
                             struct gs3_scoped_session *session, struct gs3_err *err)
{
    const struct gs3_environment *environment = is_source ? roles->source : roles->main;
    const struct gs3_pairs *facts = gs3_permit_facts(permit);
    const struct gs3_session_scope own = scope_of(roles, is_source, scope);
    *session = (struct gs3_scoped_session){.role_arn = NULL};
    gs3_auto_buf struct gs3_buf policy = GS3_BUF_INIT(GS3_SESSION_POLICY_BYTES);
    if (gs3_session_policy_build(&own, &policy, err) || take_name(session, facts, err))
        return -1;
    session->role_arn = gs3_xstrdup(environment->session.role_arn);
    session->duration_s = is_source ? environment->session.duration_s : roles->duration_s;
    session->policy = gs3_buf_take(&policy);
    add_tags(session, facts, environment, is_source || roles->main_is_source);
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
