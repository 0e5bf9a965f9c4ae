/* Object tags: the metadata that the environment wants in a form that AWS's policies can test. */
#include "base/str.h"
#include "policy/evaluation.h"
#include "policy/object_tag.h"
#include "policy/parse.h"

/* A metadata value that no tag can hold stops the operation: cut or cleaned it would say something
 * else than the metadata does. */
static const char *value_problem(const char *value)
{
    int count = gs3_object_tag_length(value);
    if (count < 0)
        return "cannot be a tag: of ASCII, S3 takes letters, digits, blanks and + - = . _ : / @";
    return count > GS3_OBJECT_TAG_VALUE_CHARACTERS ? "cannot be a tag: it has over 256 characters"
                                                   : NULL;
}

/* Tag keys are case-sensitive, and still no reader should have to tell `Operator` from
 * `operator`. */
static bool is_users(const struct gs3_request *request, const char *key)
{
    return request->user_tags && gs3_pairs_has(request->user_tags, key);
}

static void add_tag(struct gs3_evaluation *evaluation, const struct gs3_environment *in,
                    const char *key)
{
    struct gs3_decision *decision = evaluation->decision;
    const char *value = gs3_pairs_get(&decision->metadata, key);
    gs3_auto_free char *rule = gs3_xasprintf("tags/%s", key);
    if (is_users(evaluation->request, key)) {
        gs3_evaluation_note(evaluation, GS3_EREFUSED, in, rule, &in->tags_place,
                            "tag %s is the policy's own: leave it out of --tags", key);
        return;
    }
    if (gs3_str_is_empty(value)) /* what the object does not carry is no tag either */
        return;
    const char *problem = value_problem(value);
    if (problem)
        gs3_evaluation_note(evaluation, GS3_EREFUSED, in, rule, &in->tags_place, "%s \"%s\" %s",
                            key, gs3_show(value).text, problem);
    else
        gs3_pairs_add(&decision->tags, key, value);
}

static void check_count(struct gs3_evaluation *evaluation, const struct gs3_environment *in)
{
    const struct gs3_pairs *users = evaluation->request->user_tags;
    size_t given = users ? users->count : 0, injected = evaluation->decision->tags.count;
    if (given + injected > GS3_OBJECT_TAGS)
        gs3_evaluation_note(evaluation, GS3_EREFUSED, in, "tags", &in->tags_place,
                            "%zu tags of --tags and %zu of the policy: an object has at most %d",
                            given, injected, GS3_OBJECT_TAGS);
    else if (injected > 0)
        gs3_evaluation_note(evaluation, GS3_OK, in, "tags", &in->tags_place,
                            "%zu object tags are injected", injected);
}

void gs3_evaluation_tags(struct gs3_evaluation *evaluation)
{
    const struct gs3_usage *target = &evaluation->usages[0];
    const struct gs3_environment *in = target->environment;
    if (!target->is_target || !(target->actions & GS3_ACTION_WRITE))
        return; /* no object is written, or in no environment */
    for (size_t i = 0; i < in->tags.count; i++)
        add_tag(evaluation, in, in->tags.items[i]);
    check_count(evaluation, in);
}
