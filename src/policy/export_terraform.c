/* Terraform: the same documents in jsonencode(), with the notes as comments above them. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/export_internal.h"

/* JSON is an expression of HCL but for "${" and "%{", which begin a template, and two escapes. */
static void append_value(struct gs3_buf *out, const cJSON *value, unsigned indent)
{
    gs3_auto_free char *text = gs3_export_print(value, indent);
    for (const char *c = text; *c; c++) {
        if ((*c == '$' || *c == '%') && c[1] == '{') {
            gs3_buf_putc(out, *c);
        } else if (*c == '\\' && (c[1] == 'b' || c[1] == 'f')) {
            gs3_buf_puts(out, c[1] == 'b' ? "\\u0008" : "\\u000c");
            c++;
            continue;
        } else if (*c == '\\') {
            gs3_buf_putc(out, *c++);
        }
        gs3_buf_putc(out, *c);
    }
}

static void append_attribute(struct gs3_buf *out, const char *name, const cJSON *value)
{
    gs3_buf_printf(out, "  %s = ", name);
    append_value(out, value, 1);
    gs3_buf_putc(out, '\n');
}

static void append_text(struct gs3_buf *out, const char *name, const char *text)
{
    cJSON *value = cJSON_CreateString(text);
    append_attribute(out, name, value);
    cJSON_Delete(value);
}

static void append_document(struct gs3_buf *out, const char *name, const cJSON *document)
{
    gs3_buf_printf(out, "  %s = jsonencode(", name);
    append_value(out, document, 1);
    gs3_buf_puts(out, ")\n");
}

/* A label has letters, digits, "_" and "-", and no digit first. */
static void begin_resource(struct gs3_buf *out, const char *type, const char *name)
{
    gs3_auto_free char *label = gs3_xstrdup(name);
    for (char *c = label; *c; c++)
        if (!gs3_ascii_is_alnum(*c) && *c != '-')
            *c = '_';
    const char *prefix = gs3_str_has_prefix(label, "gs3") ? "" : "gs3_";
    gs3_buf_printf(out, "\nresource \"%s\" \"%s%s\" {\n", type, prefix, label);
}

static void append_variable(struct gs3_buf *out, const char *name, const char *description)
{
    gs3_buf_printf(out, "\nvariable \"%s\" {\n  type        = string\n  description = \"%s\"\n}\n",
                   name, description);
}

static void end_resource(struct gs3_buf *out)
{
    gs3_buf_puts(out, "}\n");
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void form_document(struct gs3_buf *out, const struct gs3_export *export,
                          const struct gs3_export_document *document)
{
    gs3_auto_free char *role = gs3_export_role_name(export, document->name);
    if (export->kind == GS3_EXPORT_BUCKET) {
        begin_resource(out, "aws_s3_bucket_policy", document->name);
        append_text(out, "bucket", document->name);
        append_document(out, "policy", document->body);
    } else if (export->kind == GS3_EXPORT_TRUST) {
        begin_resource(out, "aws_iam_role", document->name);
        append_text(out, "name", role);
        append_document(out, "assume_role_policy", document->body);
    } else {
        begin_resource(out, "aws_iam_role_policy", document->name);
        append_text(out, "name", "gs3");
        append_text(out, "role", role);
        append_document(out, "policy", document->body);
    }
    end_resource(out);
}

static void form_scp(struct gs3_buf *out, const cJSON *body)
{
    append_variable(out, "gs3_target_id", "account, organizational unit or root");
    begin_resource(out, "aws_organizations_policy", "gs3");
    append_text(out, "name", "gs3");
    append_text(out, "type", "SERVICE_CONTROL_POLICY");
    append_document(out, "content", body);
    end_resource(out);
    begin_resource(out, "aws_organizations_policy_attachment", "gs3");
    gs3_buf_puts(out, "  policy_id = aws_organizations_policy.gs3.id\n"
                      "  target_id = var.gs3_target_id\n");
    end_resource(out);
}

static void form_endpoint(struct gs3_buf *out, const cJSON *body)
{
    append_variable(out, "gs3_vpc_endpoint_id", "the VPC endpoint of S3");
    begin_resource(out, "aws_vpc_endpoint_policy", "gs3");
    gs3_buf_puts(out, "  vpc_endpoint_id = var.gs3_vpc_endpoint_id\n");
    append_document(out, "policy", body);
    end_resource(out);
}

static void append_selector(struct gs3_buf *out, const cJSON *selector)
{
    const cJSON *field = NULL;
    gs3_buf_puts(out, "  advanced_event_selector {\n  ");
    append_attribute(out, "name", cJSON_GetObjectItemCaseSensitive(selector, "Name"));
    cJSON_ArrayForEach(field, cJSON_GetObjectItemCaseSensitive(selector, "FieldSelectors"))
    {
        const cJSON *equals = cJSON_GetObjectItemCaseSensitive(field, "Equals");
        const cJSON *starts = cJSON_GetObjectItemCaseSensitive(field, "StartsWith");
        gs3_buf_puts(out, "    field_selector {\n      field = ");
        append_value(out, cJSON_GetObjectItemCaseSensitive(field, "Field"), 3);
        gs3_buf_printf(out, "\n      %s = ", equals ? "equals" : "starts_with");
        append_value(out, equals ? equals : starts, 3);
        gs3_buf_puts(out, "\n    }\n");
    }
    gs3_buf_puts(out, "  }\n");
}

static void form_trail(struct gs3_buf *out, const cJSON *body)
{
    const cJSON *selector = NULL;
    append_variable(out, "gs3_trail_bucket", "the bucket that the trail writes to");
    begin_resource(out, "aws_cloudtrail", "gs3");
    gs3_buf_puts(out, "  name = \"gs3\"\n  s3_bucket_name = var.gs3_trail_bucket\n"
                      "  is_multi_region_trail = true\n  include_global_service_events = true\n"
                      "  enable_log_file_validation = true\n");
    cJSON_ArrayForEach(selector, body) append_selector(out, selector);
    end_resource(out);
}

static void form_rules(struct gs3_buf *out, const cJSON *body)
{
    const cJSON *rule = NULL;
    append_variable(out, "gs3_topic_arn", "the SNS topic that is told");
    cJSON_ArrayForEach(rule, body)
    {
        const char *name = text_of(rule, "Name");
        begin_resource(out, "aws_cloudwatch_event_rule", name);
        append_text(out, "name", name);
        append_text(out, "description", text_of(rule, "Description"));
        append_document(out, "event_pattern",
                        cJSON_GetObjectItemCaseSensitive(rule, "EventPattern"));
        end_resource(out);
        begin_resource(out, "aws_cloudwatch_event_target", name);
        gs3_buf_printf(out,
                       "  rule = aws_cloudwatch_event_rule.%s.name\n"
                       "  arn = var.gs3_topic_arn\n",
                       name);
        end_resource(out);
    }
}

static void append_filter(struct gs3_buf *out, const cJSON *filter)
{
    const cJSON *metric =
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(filter, "metricTransformations"), 0);
    begin_resource(out, "aws_cloudwatch_log_metric_filter", text_of(filter, "filterName"));
    append_text(out, "name", text_of(filter, "filterName"));
    append_text(out, "pattern", text_of(filter, "filterPattern"));
    gs3_buf_puts(out, "  log_group_name = var.gs3_log_group_name\n  metric_transformation {\n  ");
    append_text(out, "name", text_of(metric, "metricName"));
    gs3_buf_puts(out, "  ");
    append_text(out, "namespace", text_of(metric, "metricNamespace"));
    gs3_buf_puts(out, "  ");
    append_text(out, "value", text_of(metric, "metricValue"));
    gs3_buf_puts(out, "  }\n");
    end_resource(out);
}

/* AWS's names of an alarm's members, and Terraform's. */
static const struct {
    const char *aws, *terraform;
} alarm_members[] = {{"AlarmName", "alarm_name"},
                     {"AlarmDescription", "alarm_description"},
                     {"Namespace", "namespace"},
                     {"MetricName", "metric_name"},
                     {"Statistic", "statistic"},
                     {"Period", "period"},
                     {"EvaluationPeriods", "evaluation_periods"},
                     {"Threshold", "threshold"},
                     {"ComparisonOperator", "comparison_operator"}};

static void append_alarm(struct gs3_buf *out, const cJSON *alarm)
{
    begin_resource(out, "aws_cloudwatch_metric_alarm", text_of(alarm, "AlarmName"));
    for (size_t i = 0; i < sizeof alarm_members / sizeof *alarm_members; i++)
        append_attribute(out, alarm_members[i].terraform,
                         cJSON_GetObjectItemCaseSensitive(alarm, alarm_members[i].aws));
    append_text(out, "treat_missing_data", text_of(alarm, "TreatMissingData"));
    const cJSON *dimension =
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(alarm, "Dimensions"), 0);
    if (dimension)
        gs3_buf_printf(out, "  dimensions = { %s = \"%s\" }\n", text_of(dimension, "Name"),
                       text_of(dimension, "Value"));
    gs3_buf_puts(out, "  alarm_actions = [var.gs3_topic_arn]\n");
    end_resource(out);
}

static void form_alarms(struct gs3_buf *out, const cJSON *body)
{
    const cJSON *item = NULL;
    append_variable(out, "gs3_topic_arn", "the SNS topic that is told");
    append_variable(out, "gs3_log_group_name", "the log group that the trail writes to");
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(body, "MetricFilters"))
        append_filter(out, item);
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(body, "MetricAlarms"))
        append_alarm(out, item);
}

int gs3_export_terraform(const struct gs3_export *export, struct gs3_buf *out)
{
    int failed = gs3_buf_puts(out, "# Written by gs3 policy export.\n");
    for (size_t i = 0; i < export->notes.count; i++)
        failed |= gs3_buf_printf(out, "# - %s\n", export->notes.items[i]);
    for (size_t i = 0; i < export->count; i++) {
        const cJSON *body = export->documents[i].body;
        switch (export->kind) {
        case GS3_EXPORT_BUCKET:
        case GS3_EXPORT_TRUST:
        case GS3_EXPORT_PERMISSIONS: form_document(out, export, &export->documents[i]); break;
        case GS3_EXPORT_SCP: form_scp(out, body); break;
        case GS3_EXPORT_VPCE: form_endpoint(out, body); break;
        case GS3_EXPORT_EVENT_SELECTORS: form_trail(out, body); break;
        case GS3_EXPORT_EVENTBRIDGE: form_rules(out, body); break;
        case GS3_EXPORT_ALARM: form_alarms(out, body); break;
        }
    }
    /* What is appended at once is shorter than this: with as much left, nothing was left out. */
    enum { PIECE_BYTES = 64 * 1024 };
    return failed || out->length_bytes + PIECE_BYTES > out->maximum_bytes ? -1 : 0;
}
