#include "base/buf.h"
#include "base/mem.h"
#include "cli/doctor_internal.h"

enum { NAMES_BYTES = 1000 };

/* Classes as a transfer would have them: nothing set is configuration, everything else undecided.
 */
static const char *remedy_of(const struct gs3_doctor_ticket *ticket)
{
    const struct gs3_err *err = &ticket->ask.err;
    if (err->class == GS3_ECONFIG)
        return "see \"Credentials for a ticketing system\" in gs3(1)";
    if (err->http_status == 401 || err->http_status == 403)
        return "set working credentials, and let the account read the system's tickets";
    if (err->http_status)
        return "see that url in the policy leads to the API, past any login page";
    return "check url in the policy, the network, proxies, and the system's CA";
}

static char *what_it_reads(const struct gs3_doctor_ticket *ticket)
{
    struct gs3_buf text = GS3_BUF_INIT(NAMES_BYTES);
    const struct gs3_strings *tables = &ticket->system->tables;
    if (ticket->system->type == GS3_SYSTEM_JIRA)
        gs3_buf_printf(&text, "authenticated as %s", ticket->probe.account);
    else
        gs3_buf_puts(&text, "authenticated, reads ");
    for (size_t i = 0; ticket->system->type != GS3_SYSTEM_JIRA && i < tables->count; i++)
        gs3_buf_printf(&text, "%s%s", i ? ", " : "", tables->items[i]);
    return gs3_buf_take(&text);
}

static void check_ticket(struct gs3_doctor *doctor, const struct gs3_doctor_ticket *ticket)
{
    const struct gs3_ticket_probe *probe = &ticket->probe;
    gs3_auto_free char *name = gs3_xasprintf("ticket:%s", ticket->system->name);
    gs3_auto_free char *source =
        gs3_xasprintf("%s%s%s", ticket->system->url, probe->source ? ", " : "",
                      probe->source ? probe->source : "");
    struct gs3_check check = {.name = name, .source = source};
    if (ticket->ask.has_failed) {
        check.status = GS3_CHECK_FAILED;
        check.class = ticket->ask.err.class;
        check.remedy = remedy_of(ticket);
        gs3_doctor_note(doctor, &check, "%s", ticket->ask.err.message);
        return;
    }
    gs3_auto_free char *reads = what_it_reads(ticket);
    if (probe->hidden) {
        check.status = GS3_CHECK_WARNING;
        check.remedy = "give the account the right to read them, or every ticket is \"not found\"";
        gs3_doctor_note(doctor, &check, "authenticated, and sees not one row of %s", probe->hidden);
    } else if (!probe->has_server_time) {
        check.status = GS3_CHECK_WARNING;
        check.remedy = "see what takes the Date header away: no window can be judged without it";
        gs3_doctor_note(doctor, &check, "%s, and does not say what time it is", reads);
    } else {
        gs3_doctor_note(doctor, &check, "%s", reads);
    }
}

void gs3_doctor_check_tickets(struct gs3_doctor *doctor)
{
    if (doctor->policies.count == 0)
        gs3_doctor_skip(doctor, "ticket", "there is no policy that names a ticketing system");
    for (size_t i = 0; i < doctor->ticket_count; i++)
        check_ticket(doctor, &doctor->tickets[i]);
}
