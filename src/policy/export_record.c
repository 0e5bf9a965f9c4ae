/* What AWS records and tells: data events, rules for findings and for what went around gs3, alarms.
 *
 * Everything here sees the user agent, which anybody can forge: it finds those who do not hide. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/export_internal.h"
#include "text/glob.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { SELECTOR_VALUES = 500, EVENT_PATTERN_BYTES = 2048, FILTER_BYTES = 1024 };

static const char *const read_events[] = {"GetObject"};
static const char *const write_events[] = {"PutObject", "CopyObject", "CompleteMultipartUpload"};
static const char *const delete_events[] = {"DeleteObject", "DeleteObjects"};
/* GuardDuty's types for S3; what is retired is in archives alone. */
static const char *const finding_types[] = {
    "AttackSequence:S3/", "Discovery:S3/", "Exfiltration:S3/",
    "Impact:S3/",         "Object:S3/",    "PenTest:S3/",
    "Policy:S3/",         "Stealth:S3/",   "UnauthorizedAccess:S3/"};
static const char finding_rule[] = "gs3-guardduty-s3";

static void add_texts(cJSON *object, const char *name, const char *const *texts, size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(texts[i]));
}

static void add_text_list(cJSON *object, const char *name, const char *text)
{
    add_texts(object, name, &text, 1);
}

/* ---- event-selectors */

static cJSON *add_selector(cJSON *selectors, const char *name, const char *category)
{
    cJSON *selector = cJSON_CreateObject();
    cJSON_AddItemToArray(selectors, selector);
    cJSON_AddStringToObject(selector, "Name", name);
    cJSON *fields = cJSON_AddArrayToObject(selector, "FieldSelectors");
    cJSON *field = cJSON_CreateObject();
    cJSON_AddItemToArray(fields, field);
    cJSON_AddStringToObject(field, "Field", "eventCategory");
    add_text_list(field, "Equals", category);
    return fields;
}

/* CloudTrail compares beginnings: a pattern counts up to its first star. */
static void add_start(const struct gs3_export_opts *opts, const char *bucket, const char *prefix,
                      struct gs3_strings *starts)
{
    gs3_auto_free char *arn = gs3_export_bucket_arn(opts, bucket);
    size_t plain = strcspn(bucket, "*?");
    if (bucket[plain]) {
        arn[strlen(arn) - strlen(bucket) + plain] = '\0';
        gs3_strings_add_new(starts, arn);
        return;
    }
    gs3_auto_free char *start = gs3_xasprintf("%s/%s", arn, prefix);
    gs3_strings_add_new(starts, start);
}

static void find_starts(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                        struct gs3_strings *starts)
{
    for (size_t i = 0; i < opts->buckets.count; i++)
        add_start(opts, opts->buckets.items[i], "", starts);
    for (size_t i = 0; i < policy->environment_count && opts->buckets.count == 0; i++) {
        const struct gs3_environment *environment = &policy->environments[i];
        for (size_t j = 0; j < environment->match_count; j++)
            if (gs3_export_has_environment(opts, environment))
                add_start(opts, environment->matches[j].bucket, environment->matches[j].prefix,
                          starts);
    }
}

int gs3_export_event_selectors(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                               struct gs3_export *out, struct gs3_err *err)
{
    gs3_auto_strings struct gs3_strings buckets = {.count = 0};
    gs3_auto_strings struct gs3_strings starts = {.count = 0};
    if (gs3_export_buckets(policy, opts, &buckets, err))
        return -1;
    find_starts(policy, opts, &starts);
    if (starts.count > SELECTOR_VALUES)
        return gs3_fail(err, GS3_EGENERAL,
                        "a trail's selectors take at most %d values and the policy has %zu: "
                        "export one environment at a time",
                        SELECTOR_VALUES, starts.count);
    cJSON *selectors = cJSON_CreateArray();
    gs3_export_add(out, "gs3", selectors);
    add_selector(selectors, "management events", "Management");
    cJSON *fields = add_selector(selectors, "objects governed by gs3", "Data");
    cJSON *type = cJSON_CreateObject();
    cJSON_AddItemToArray(fields, type);
    cJSON_AddStringToObject(type, "Field", "resources.type");
    add_text_list(type, "Equals", "AWS::S3::Object");
    cJSON *arn = cJSON_CreateObject();
    cJSON_AddItemToArray(fields, arn);
    cJSON_AddStringToObject(arn, "Field", "resources.ARN");
    add_texts(arn, "StartsWith", (const char *const *)starts.items, starts.count);
    gs3_export_note(out, "can: have CloudTrail record every read, write and delete of governed "
                         "objects, with the user agent and the source identity");
    gs3_export_note(out, "cannot: record user metadata, or refuse anything. Session tags stand on "
                         "the AssumeRole event alone");
    gs3_export_note(out, "a trail has one set of selectors: this replaces it, so management events "
                         "are in it too. Patterns count up to their first * or ?, and a prefix "
                         "also begins longer names: more is recorded, never less");
    return 0;
}

/* ---- eventbridge */

/* EventBridge has * alone; two in a row are an error there. */
static char *star_pattern(const char *bucket)
{
    char *text = gs3_xstrdup(bucket), *out = text;
    for (const char *in = bucket; *in; in++) {
        char c = *in == '?' ? '*' : *in;
        if (c != '*' || out == text || out[-1] != '*')
            *out++ = c;
    }
    *out = '\0';
    return text;
}

static cJSON *add_rule(cJSON *rules, const char *name, const char *description, const char *source,
                       const char *detail_type)
{
    cJSON *rule = cJSON_CreateObject();
    cJSON_AddItemToArray(rules, rule);
    cJSON_AddStringToObject(rule, "Name", name);
    cJSON_AddStringToObject(rule, "Description", description);
    cJSON *pattern = cJSON_AddObjectToObject(rule, "EventPattern");
    add_text_list(pattern, "source", source);
    add_text_list(pattern, "detail-type", detail_type);
    return cJSON_AddObjectToObject(pattern, "detail");
}

static void add_findings_rule(cJSON *rules)
{
    cJSON *detail = add_rule(rules, finding_rule, "GuardDuty findings about S3", "aws.guardduty",
                             "GuardDuty Finding");
    cJSON *types = cJSON_AddArrayToObject(detail, "type");
    for (size_t i = 0; i < COUNT_OF(finding_types); i++) {
        cJSON *type = cJSON_CreateObject();
        cJSON_AddStringToObject(type, "prefix", finding_types[i]);
        cJSON_AddItemToArray(types, type);
    }
}

static void add_buckets(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                        const struct gs3_environment *environment, cJSON *names)
{
    struct gs3_export_opts own = *opts;
    gs3_auto_strings struct gs3_strings buckets = {.count = 0};
    own.environment = environment->name;
    for (size_t i = 0; i < opts->buckets.count; i++)
        if (gs3_export_is_governed(policy, &own, opts->buckets.items[i]))
            gs3_strings_add_new(&buckets, opts->buckets.items[i]);
    for (size_t i = 0; i < environment->match_count && opts->buckets.count == 0; i++)
        gs3_strings_add_new(&buckets, environment->matches[i].bucket);
    for (size_t i = 0; i < buckets.count; i++) {
        if (gs3_glob_is_literal(buckets.items[i])) {
            cJSON_AddItemToArray(names, cJSON_CreateString(buckets.items[i]));
            continue;
        }
        gs3_auto_free char *pattern = star_pattern(buckets.items[i]);
        cJSON *name = cJSON_CreateObject();
        cJSON_AddStringToObject(name, "wildcard", pattern);
        cJSON_AddItemToArray(names, name);
    }
}

static void add_around_rule(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                            const struct gs3_environment *environment, cJSON *rules)
{
    gs3_auto_free char *name = gs3_xasprintf("gs3-around-%.50s", environment->name);
    cJSON *detail = add_rule(rules, name, "objects touched by another client than gs3", "aws.s3",
                             "AWS API Call via CloudTrail");
    add_text_list(detail, "eventSource", "s3.amazonaws.com");
    const struct {
        unsigned action;
        const char *const *events;
        size_t count;
    } groups[] = {{GS3_ACTION_READ, read_events, COUNT_OF(read_events)},
                  {GS3_ACTION_WRITE, write_events, COUNT_OF(write_events)},
                  {GS3_ACTION_DELETE, delete_events, COUNT_OF(delete_events)}};
    cJSON *events = cJSON_AddArrayToObject(detail, "eventName");
    for (size_t i = 0; i < COUNT_OF(groups); i++)
        for (size_t j = 0; j < groups[i].count && (environment->ticket_for & groups[i].action); j++)
            cJSON_AddItemToArray(events, cJSON_CreateString(groups[i].events[j]));
    cJSON *parameters = cJSON_AddObjectToObject(detail, "requestParameters");
    add_buckets(policy, opts, environment, cJSON_AddArrayToObject(parameters, "bucketName"));
    cJSON *agents = cJSON_AddArrayToObject(detail, "userAgent");
    cJSON *agent = cJSON_CreateObject();
    cJSON_AddItemToArray(agents, agent);
    cJSON *but = cJSON_AddObjectToObject(agent, "anything-but");
    cJSON_AddStringToObject(but, "wildcard", "*gs3/*");
}

int gs3_export_eventbridge(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                           struct gs3_export *out, struct gs3_err *err)
{
    gs3_auto_strings struct gs3_strings buckets = {.count = 0};
    if (gs3_export_buckets(policy, opts, &buckets, err))
        return -1;
    cJSON *rules = cJSON_CreateArray(), *rule = NULL;
    gs3_export_add(out, "gs3", rules);
    add_findings_rule(rules);
    for (size_t i = 0; i < policy->environment_count; i++)
        if (gs3_export_has_environment(opts, &policy->environments[i]) &&
            policy->environments[i].ticket_for)
            add_around_rule(policy, opts, &policy->environments[i], rules);
    gs3_export_note(out, "can: tell of GuardDuty's findings about S3, and of objects in governed "
                         "buckets that another client than gs3 touched");
    gs3_export_note(out, "cannot: refuse anything, see a ticket, tags or metadata, or find a "
                         "client that calls itself gs3/: a user agent can be forged");
    gs3_export_note(out, "needs a trail with data events of these buckets (--kind event-selectors) "
                         "and GuardDuty's S3 Protection. Findings are not limited to governed "
                         "buckets, and prefixes of the policy are not looked at");
    cJSON_ArrayForEach(rule, rules)
    {
        if (gs3_export_check_size(cJSON_GetObjectItemCaseSensitive(rule, "EventPattern"),
                                  "the event pattern",
                                  cJSON_GetObjectItemCaseSensitive(rule, "Name")->valuestring,
                                  EVENT_PATTERN_BYTES, err))
            return -1;
    }
    return 0;
}

/* ---- alarm */

/* CloudWatch knows * at the end and in front of a text alone. */
static void append_any(struct gs3_buf *text, const char *field, const struct gs3_strings *values)
{
    gs3_buf_puts(text, " && (");
    for (size_t i = 0; i < values->count; i++) {
        const char *value = values->items[i];
        size_t plain = strcspn(value, "*?");
        gs3_buf_printf(text, "%s($.%s = \"%.*s%s\")", i ? " || " : "", field, (int)plain, value,
                       value[plain] ? "*" : "");
    }
    gs3_buf_putc(text, ')');
}

struct measure {
    const char *name, *metric, *value;
    struct gs3_strings events;
    double threshold;
    const char *description;
};

static int add_filter(cJSON *filters, const struct measure *measure,
                      const struct gs3_strings *buckets, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(64 * 1024);
    gs3_buf_puts(&text, "{ ($.eventSource = \"s3.amazonaws.com\") && ($.userAgent != \"*gs3/*\")");
    append_any(&text, "eventName", &measure->events);
    append_any(&text, "requestParameters.bucketName", buckets);
    gs3_buf_puts(&text, " }");
    if (text.length_bytes > FILTER_BYTES)
        return gs3_fail(err, GS3_EGENERAL,
                        "the metric filter %s would have %zu characters and AWS takes at most %d: "
                        "export one environment at a time, or name fewer buckets with --bucket",
                        measure->name, text.length_bytes, FILTER_BYTES);
    cJSON *filter = cJSON_CreateObject();
    cJSON_AddItemToArray(filters, filter);
    cJSON_AddStringToObject(filter, "filterName", measure->name);
    cJSON_AddStringToObject(filter, "filterPattern", gs3_buf_string(&text));
    cJSON *metrics = cJSON_AddArrayToObject(filter, "metricTransformations");
    cJSON *metric = cJSON_CreateObject();
    cJSON_AddItemToArray(metrics, metric);
    cJSON_AddStringToObject(metric, "metricName", measure->metric);
    cJSON_AddStringToObject(metric, "metricNamespace", "gs3");
    cJSON_AddStringToObject(metric, "metricValue", measure->value);
    return 0;
}

static cJSON *add_alarm(cJSON *alarms, const char *name, const char *description,
                        const char *namespace, const char *metric, double threshold)
{
    enum { PERIOD_SECONDS = 300 };
    cJSON *alarm = cJSON_CreateObject();
    cJSON_AddItemToArray(alarms, alarm);
    cJSON_AddStringToObject(alarm, "AlarmName", name);
    cJSON_AddStringToObject(alarm, "AlarmDescription", description);
    cJSON_AddStringToObject(alarm, "Namespace", namespace);
    cJSON_AddStringToObject(alarm, "MetricName", metric);
    cJSON_AddStringToObject(alarm, "Statistic", "Sum");
    cJSON_AddNumberToObject(alarm, "Period", PERIOD_SECONDS);
    cJSON_AddNumberToObject(alarm, "EvaluationPeriods", 1);
    cJSON_AddNumberToObject(alarm, "Threshold", threshold);
    cJSON_AddStringToObject(alarm, "ComparisonOperator", "GreaterThanOrEqualToThreshold");
    cJSON_AddStringToObject(alarm, "TreatMissingData", "notBreaching");
    return alarm;
}

static int add_measures(cJSON *filters, cJSON *alarms, const struct gs3_strings *buckets,
                        struct gs3_err *err)
{
    struct measure measures[] = {
        {"gs3-downloads-around",
         "DownloadsAroundGs3",
         "1",
         {(char **)(uintptr_t)read_events, COUNT_OF(read_events)},
         100,
         "100 downloads in five minutes from governed buckets without gs3"},
        {"gs3-bytes-around",
         "BytesDownloadedAroundGs3",
         "$.additionalEventData.bytesTransferredOut",
         {(char **)(uintptr_t)read_events, COUNT_OF(read_events)},
         10737418240.0,
         "10 GiB in five minutes out of governed buckets without gs3"},
        {"gs3-deletes-around",
         "DeletesAroundGs3",
         "1",
         {(char **)(uintptr_t)delete_events, COUNT_OF(delete_events)},
         10,
         "10 deletes in five minutes from governed buckets without gs3"},
    };
    for (size_t i = 0; i < COUNT_OF(measures); i++) {
        if (add_filter(filters, &measures[i], buckets, err))
            return -1;
        add_alarm(alarms, measures[i].name, measures[i].description, "gs3", measures[i].metric,
                  measures[i].threshold);
    }
    return 0;
}

int gs3_export_alarm(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                     struct gs3_export *out, struct gs3_err *err)
{
    gs3_auto_strings struct gs3_strings buckets = {.count = 0};
    if (gs3_export_buckets(policy, opts, &buckets, err))
        return -1;
    cJSON *body = cJSON_CreateObject();
    gs3_export_add(out, "gs3", body);
    cJSON *filters = cJSON_AddArrayToObject(body, "MetricFilters");
    cJSON *alarms = cJSON_AddArrayToObject(body, "MetricAlarms");
    if (add_measures(filters, alarms, &buckets, err))
        return -1;
    cJSON *finding = add_alarm(alarms, finding_rule, "GuardDuty has a finding about S3",
                               "AWS/Events", "MatchedEvents", 1);
    cJSON *dimensions = cJSON_AddArrayToObject(finding, "Dimensions");
    cJSON *dimension = cJSON_CreateObject();
    cJSON_AddItemToArray(dimensions, dimension);
    cJSON_AddStringToObject(dimension, "Name", "RuleName");
    cJSON_AddStringToObject(dimension, "Value", finding_rule);
    gs3_export_note(out, "can: tell of many downloads, of many bytes and of many deletes in five "
                         "minutes by other clients than gs3, and of GuardDuty's findings");
    gs3_export_note(out, "cannot: refuse anything, or find a client that calls itself gs3/: a user "
                         "agent can be forged");
    gs3_export_note(out, "needs a trail with data events (--kind event-selectors) that goes to a "
                         "log group, and the rule gs3-guardduty-s3 (--kind eventbridge). The "
                         "thresholds are to begin with: set them by what is usual");
    return 0;
}
