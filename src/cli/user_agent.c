#include "cli/user_agent.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { USER_AGENT_BYTES = 1024 };

struct agent {
    struct gs3_buf text;
    struct gs3_pairs seen; /* ids, which are case-sensitive: compared one by one */
};

static bool has_seen(const struct agent *agent, const char *id)
{
    for (size_t i = 0; i < agent->seen.count; i++)
        if (gs3_str_equal(agent->seen.items[i].name, id))
            return true;
    return false;
}

static void add_id(struct agent *agent, const char *id)
{
    gs3_auto_buf struct gs3_buf cleaned = GS3_BUF_INIT(USER_AGENT_BYTES);
    if (has_seen(agent, id))
        return;
    gs3_buf_puts(&cleaned, agent->seen.count ? "," : " app/");
    for (const char *c = id; *c; c++)
        gs3_buf_putc(&cleaned, gs3_ascii_is_alnum(*c) || strchr("-_.", *c) ? *c : '_');
    if (gs3_buf_puts(&agent->text, gs3_buf_string(&cleaned)) == 0)
        gs3_pairs_add(&agent->seen, id, "");
}

static void add_serving(struct agent *agent, const struct gs3_gate *gate)
{
    for (size_t i = 0; i < gate->policy_count; i++)
        for (size_t j = 0; j < gate->needs[i].count; j++)
            add_id(agent, gate->needs[i].items[j].id);
}

static void add_fitting(struct agent *agent, const struct gs3_session *session)
{
    const struct gs3_request *request = &session->request;
    for (size_t i = 0; i < request->ticket_count; i++) {
        bool fits = false;
        for (size_t j = 0; j < session->policies.count; j++)
            fits = fits || gs3_evaluate_fits(session->policies.items[j], &request->tickets[i]);
        if (fits)
            add_id(agent, request->tickets[i].id);
    }
}

char *gs3_user_agent_make(const struct gs3_session *session, bool is_prepared)
{
    struct agent agent = {.text = GS3_BUF_INIT(USER_AGENT_BYTES)};
    gs3_buf_puts(&agent.text, "gs3/" PACKAGE_VERSION);
    if (is_prepared)
        add_serving(&agent, &session->gate);
    if (!is_prepared || (session->options.is_recursive &&
                         !gs3_policies_are_uniform(&session->policies, &session->request)))
        add_fitting(&agent, session);
    gs3_pairs_release(&agent.seen);
    return gs3_buf_take(&agent.text);
}
