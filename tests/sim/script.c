/*
 * Scripted answers, for what no healthy server does: a JSON list of steps, read again when the file
 * changes. The first step that matches and is not used up answers. See README.md for the members of
 * a step and of an answer.
 */
#include "sim.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct sim_script {
    cJSON *steps;
    struct stat seen;
};

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void sim_script_free(struct sim_script *script)
{
    if (!script)
        return;
    cJSON_Delete(script->steps);
    free(script);
}

/* NULL, with answer set, when the file is there no more or is no list: a broken test, which must
 * show. */
static struct sim_script *current_script(struct sim *sim, struct sim_answer *answer)
{
    struct stat now;
    bool there = stat(sim->script_path, &now) == 0;
    if (there && sim->script && same_file(&sim->script->seen, &now))
        return sim->script;
    sim_script_free(sim->script);
    sim->script = NULL;
    char *text = there ? sim_file_read(sim->script_path, NULL) : NULL;
    cJSON *steps = text ? cJSON_Parse(text) : NULL;
    free(text);
    if (!cJSON_IsArray(steps)) {
        char *why = sim_printf("gs3-sim: script %s: %s\n", sim->script_path,
                               there ? "not a JSON list" : strerror(errno));
        fputs(why, stderr);
        sim_answer_text(answer, 500, "text/plain", why);
        free(why);
        cJSON_Delete(steps);
        return NULL;
    }
    sim->script = sim_alloc(sizeof(*sim->script));
    sim->script->steps = steps;
    sim->script->seen = now;
    return sim->script;
}

/* "" wants no query at all; "a&b=c" wants these arguments, whatever else there is. */
static bool query_fits(const struct sim_request *req, const char *wanted)
{
    if (wanted[0] == '\0')
        return req->query[0] == '\0';
    struct sim_pairs terms = {0};
    sim_form_parse(&terms, wanted);
    bool fits = true;
    for (size_t i = 0; i < terms.count && fits; i++) {
        const char *value = sim_pairs_get(&req->args, terms.items[i].name);
        fits =
            value && (terms.items[i].value[0] == '\0' || strcmp(value, terms.items[i].value) == 0);
    }
    sim_pairs_release(&terms);
    return fits;
}

/* A pattern as of the shell; true: it is there; null or false: it is not. */
static bool headers_fit(const struct sim_request *req, const cJSON *wanted)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, wanted)
    {
        const char *value = sim_pairs_get(&req->headers, item->string);
        bool fits = false;
        if (cJSON_IsString(item))
            fits = value && fnmatch(item->valuestring, value, 0) == 0;
        else
            fits = (value != NULL) == (cJSON_IsTrue(item) != 0);
        if (!fits)
            return false;
    }
    return true;
}

static bool path_fits(const struct sim_request *req, const cJSON *step)
{
    const char *path = sim_json_string(step, "path");
    const char *prefix = sim_json_string(step, "path_prefix");
    if (path && strcmp(path, req->path) != 0 && strcmp(path, req->path_decoded) != 0)
        return false;
    return !prefix || sim_starts_with(req->path, prefix) ||
           sim_starts_with(req->path_decoded, prefix);
}

static bool step_fits(const struct sim_request *req, const cJSON *step)
{
    const char *method = sim_json_string(step, "method");
    const char *query = sim_json_string(step, "query");
    const char *contains = sim_json_string(step, "body_contains");
    return (!method || strcmp(method, req->method) == 0) && path_fits(req, step) &&
           (!query || query_fits(req, query)) &&
           headers_fit(req, cJSON_GetObjectItemCaseSensitive(step, "headers")) &&
           (!contains || (req->body.data && strstr(req->body.data, contains) != NULL));
}

/* Counts a use in the document itself: the count lives and dies with the script as it was read. */
static int64_t count_use(cJSON *object)
{
    int64_t used = sim_json_integer(object, "_used", 0) + 1;
    cJSON_DeleteItemFromObjectCaseSensitive(object, "_used");
    cJSON_AddNumberToObject(object, "_used", (double)used);
    return used;
}

/* The answer whose turn it is: each link of the chain serves its "times" (1), the last one for
 * ever. */
static cJSON *take_answer(cJSON *step)
{
    cJSON *answer = cJSON_GetObjectItemCaseSensitive(step, "answer");
    while (true) {
        cJSON *then = cJSON_GetObjectItemCaseSensitive(answer, "then");
        if (!then || sim_json_integer(answer, "_used", 0) < sim_json_integer(answer, "times", 1))
            break;
        answer = then;
    }
    if (answer)
        count_use(answer);
    return answer;
}

/* A path in a script is relative to it. Caller frees. */
static char *beside_script(const struct sim *sim, const char *file)
{
    const char *slash = strrchr(sim->script_path, '/');
    int dir_len = slash && file[0] != '/' ? (int)(slash - sim->script_path + 1) : 0;
    return sim_printf("%.*s%s", dir_len, sim->script_path, file);
}

static void fill_body(const struct sim *sim, const cJSON *from, struct sim_answer *answer)
{
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(from, "body");
    const char *file = sim_json_string(from, "body_file");
    const char *error = sim_json_string(from, "error");
    if (error)
        sim_answer_s3_error(answer, answer->status, error, "scripted");
    if (cJSON_IsString(body)) {
        sim_buf_release(&answer->body);
        sim_buf_adds(&answer->body, body->valuestring);
    } else if (body) {
        sim_answer_json(answer, answer->status, cJSON_Duplicate(body, true));
    } else if (file) {
        char *path = beside_script(sim, file);
        size_t len = 0;
        char *text = sim_file_read(path, &len);
        sim_buf_release(&answer->body);
        if (text)
            sim_buf_add(&answer->body, text, len);
        else
            fprintf(stderr, "gs3-sim: body_file %s: %s\n", path, strerror(errno));
        free(text);
        free(path);
    }
}

static void fill_headers(const cJSON *from, struct sim_answer *answer)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(from, "headers"))
    {
        sim_pairs_remove(&answer->headers, item->string);
        int64_t length = 0;
        if (cJSON_IsString(item) && sim_equal_fold(item->string, "Content-Length") &&
            sim_number_parse(item->valuestring, &length)) {
            answer->has_length = true;
            answer->length = (uint64_t)length;
        } else if (cJSON_IsString(item)) {
            sim_pairs_add(&answer->headers, item->string, item->valuestring);
        }
    }
}

static void fill_delivery(const struct sim *sim, const cJSON *from, struct sim_answer *answer)
{
    const char *hold = sim_json_string(from, "hold");
    int64_t cutoff = sim_json_integer(from, "close_after_bytes", -1);
    const char *raw = sim_json_string(from, "raw");
    answer->has_cutoff = cutoff >= 0;
    answer->cutoff_bytes = cutoff >= 0 ? (uint64_t)cutoff : 0;
    answer->delay_ms = (uint64_t)sim_json_integer(from, "delay_ms", 0);
    answer->hold = hold ? beside_script(sim, hold) : NULL;
    answer->drip_ms = (uint64_t)sim_json_integer(from, "drip_ms", 0);
    answer->drip_bytes = (size_t)sim_json_integer(from, "drip_bytes", 1);
    answer->date_skew_s = sim_json_integer(from, "date_skew", 0);
    answer->chunked = sim_json_true(from, "chunked");
    answer->endless = sim_json_true(from, "endless");
    answer->reset = sim_json_true(from, "reset");
    answer->hang_up = sim_json_true(from, "hang_up");
    answer->no_date = sim_json_true(from, "no_date");
    if (raw) {
        sim_buf_release(&answer->body);
        sim_buf_adds(&answer->body, raw);
        answer->raw = true;
    }
}

/* "pass": true lets the persona answer first; what the script says then changes that answer. */
static void give(struct sim *sim, const struct sim_request *req, const cJSON *from,
                 struct sim_answer *answer)
{
    bool pass = sim_json_true(from, "pass");
    if (pass)
        sim_persona_answer(sim, req, answer);
    answer->status =
        (unsigned)sim_json_integer(from, "status", pass ? (int64_t)answer->status : 200);
    fill_body(sim, from, answer);
    fill_headers(from, answer);
    fill_delivery(sim, from, answer);
}

/* False when there is no script or no step of it fits. */
bool sim_script_answers(struct sim *sim, const struct sim_request *req, struct sim_answer *answer)
{
    if (!sim->script_path)
        return false;
    struct sim_script *script = current_script(sim, answer);
    if (!script)
        return true;
    cJSON *step = NULL;
    cJSON_ArrayForEach(step, script->steps)
    {
        int64_t times = sim_json_integer(step, "times", -1);
        if ((times >= 0 && sim_json_integer(step, "_used", 0) >= times) || !step_fits(req, step))
            continue;
        count_use(step);
        give(sim, req, take_answer(step), answer);
        return true;
    }
    return false;
}
