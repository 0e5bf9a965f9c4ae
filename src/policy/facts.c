#include "policy/facts.h"

#include "base/mem.h"

const char *gs3_operation_name(enum gs3_operation operation)
{
    switch (operation) {
    case GS3_OPERATION_COPY: return "copy";
    case GS3_OPERATION_MOVE: return "move";
    case GS3_OPERATION_PUT: return "put";
    }
    return "copy";
}

static void person_release(struct gs3_person *person)
{
    free(person->user_name);
    free(person->email);
    free(person->account_id);
    free(person->display_name);
}

void gs3_ticket_release(struct gs3_ticket *ticket)
{
    free(ticket->system);
    free(ticket->requested_id);
    free(ticket->id);
    free(ticket->tracking_system);
    free(ticket->table);
    free(ticket->state);
    free(ticket->raw_state);
    free(ticket->approval);
    free(ticket->status);
    free(ticket->status_category);
    free(ticket->issue_type);
    free(ticket->project);
    free(ticket->type);
    free(ticket->risk);
    free(ticket->summary);
    person_release(&ticket->assignee);
    person_release(&ticket->requester);
    *ticket = (struct gs3_ticket){0};
}
