/*
 * The control endpoint under /_sim/: faults on and off, the request log. Its own requests are never
 * logged and no fault applies to them.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static void refuse(struct sim_answer *answer, unsigned status, const char *why)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error", why);
    sim_answer_json(answer, status, body);
}

static void done(struct sim_answer *answer)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddTrueToObject(body, "ok");
    sim_answer_json(answer, 200, body);
}

/* One object, or an array of them; the first bad one stops, and the ones before it stay. */
static void post_fault(struct sim *sim, const struct sim_request *req, struct sim_answer *answer)
{
    cJSON *body = cJSON_Parse(req->body.data);
    char *why = NULL;
    int result = -1;
    if (cJSON_IsArray(body)) {
        result = 0;
        const cJSON *item = NULL;
        cJSON_ArrayForEach(item, body)
        {
            if (result == 0)
                result = sim_fault_add_json(sim, item, &why);
        }
    } else {
        result = sim_fault_add_json(sim, body, &why);
    }
    if (result == 0)
        done(answer);
    else
        refuse(answer, 400, why ? why : "not a JSON object");
    free(why);
    cJSON_Delete(body);
}

/* ?path_prefix=, ?method= and ?persona= narrow it. */
static void get_requests(const struct sim *sim, const struct sim_request *req,
                         struct sim_answer *answer)
{
    const char *prefix = sim_pairs_get(&req->args, "path_prefix");
    const char *method = sim_pairs_get(&req->args, "method");
    const char *persona = sim_pairs_get(&req->args, "persona");
    cJSON *body = cJSON_CreateObject();
    cJSON *list = cJSON_CreateArray();
    int count = 0;
    const cJSON *entry = NULL;
    cJSON_ArrayForEach(entry, sim->requests)
    {
        if ((prefix && !sim_starts_with(sim_json_string(entry, "path"), prefix)) ||
            (method && strcmp(sim_json_string(entry, "method"), method) != 0) ||
            (persona && strcmp(sim_json_string(entry, "persona"), persona) != 0))
            continue;
        count++;
        cJSON_AddItemToArray(list, cJSON_Duplicate(entry, true));
    }
    cJSON_AddNumberToObject(body, "count", count);
    cJSON_AddItemToObject(body, "requests", list);
    sim_answer_json(answer, 200, body);
}

/* Everything as after the start, save the request log file and the sequence numbers. */
static void reset(struct sim *sim)
{
    sim_faults_clear(sim);
    sim_accounts_forget(sim);
    sim_sts_sessions_forget(sim);
    sim_script_free(sim->script);
    sim->script = NULL;
    sim_store_free(sim->store);
    sim->store = NULL;
    sim_log_clear(sim);
}

void sim_control_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer)
{
    const char *what = req->path_decoded + strlen("/_sim/");
    bool post = strcmp(req->method, "POST") == 0;
    bool get = strcmp(req->method, "GET") == 0;
    if (post && strcmp(what, "fault") == 0) {
        post_fault(sim, req, answer);
    } else if (get && (strcmp(what, "fault") == 0 || strcmp(what, "faults") == 0)) {
        sim_answer_json(answer, 200, sim_faults_list(sim));
    } else if (post && strcmp(what, "reset") == 0) {
        reset(sim);
        done(answer);
    } else if (post && strcmp(what, "forget") == 0) {
        sim_log_clear(sim);
        done(answer);
    } else if (get && strcmp(what, "requests") == 0) {
        get_requests(sim, req, answer);
    } else if (get && strcmp(what, "objects") == 0) {
        sim_answer_json(answer, 200, sim_store_list(sim));
    } else if (get && strcmp(what, "sessions") == 0) {
        sim_answer_json(answer, 200, sim_sts_sessions_list(sim));
    } else if (post && strcmp(what, "expire") == 0) {
        sim_sts_sessions_expire(sim);
        done(answer);
    } else if (strcmp(req->method, "PUT") == 0 && sim_starts_with(what, "objects/")) {
        sim_store_put(sim, req, what + strlen("objects/"), answer);
    } else if (get && strcmp(what, "ready") == 0) {
        done(answer);
    } else {
        refuse(answer, 404,
               "POST fault, expire, reset or forget; GET faults, requests, objects, sessions or "
               "ready; "
               "PUT "
               "objects/NAME (see tests/sim/README.md)");
    }
}
