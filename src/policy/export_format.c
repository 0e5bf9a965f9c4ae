/* The forms of a document: JSON as AWS's own tools take it, and CloudFormation's templates. */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/export_internal.h"

/* cJSON indents with tabs, and writes none otherwise: those of a text are escaped. */
char *gs3_export_print(const cJSON *value, unsigned indent)
{
    enum { PRINTED_BYTES = 8 * 1024 * 1024 };
    gs3_auto_free char *text = cJSON_Print(value);
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(PRINTED_BYTES);
    bool is_line_start = false;
    for (const char *c = text; *c; c++) {
        if (*c == '\t') {
            gs3_buf_puts(&out, is_line_start ? "  " : " ");
            continue;
        }
        is_line_start = *c == '\n';
        gs3_buf_putc(&out, *c);
        for (unsigned i = 0; is_line_start && i < indent; i++)
            gs3_buf_puts(&out, "  ");
    }
    return gs3_buf_take(&out);
}

static int too_long(struct gs3_err *err)
{
    return gs3_fail(err, GS3_EGENERAL, "the documents are too long to print");
}

static int render_json(const struct gs3_export *export, struct gs3_buf *out, struct gs3_err *err)
{
    if (export->count > 1) {
        enum { NAMES_BYTES = 600 };
        gs3_auto_buf struct gs3_buf names = GS3_BUF_INIT(NAMES_BYTES);
        for (size_t i = 0; i < export->count; i++)
            gs3_buf_printf(&names, "%s%s", i ? ", " : "", export->documents[i].name);
        return gs3_fail(err, GS3_EUSAGE,
                        "json has one document, and these would be %zu (%s): choose one with %s, "
                        "or another --format",
                        export->count, gs3_buf_string(&names),
                        export->kind == GS3_EXPORT_BUCKET ? "--bucket" : "--environment");
    }
    gs3_auto_free char *text = gs3_export_print(export->documents[0].body, 0);
    return gs3_buf_printf(out, "%s\n", text) ? too_long(err) : 0;
}

/* ---- CloudFormation */

/* A logical id has letters and digits alone: the number keeps "a-b" from being "ab". */
static char *logical_id(const char *what, size_t number, const char *name)
{
    char *id = gs3_xasprintf("%s%zu%s", what, number, name);
    char *out = id;
    bool is_start = false;
    for (const char *in = id; *in; in++) {
        if (!gs3_ascii_is_alnum(*in)) {
            is_start = true;
            continue;
        }
        *out++ = is_start ? (char)toupper((unsigned char)*in) : *in;
        is_start = false;
    }
    *out = '\0';
    return id;
}

static cJSON *add_resource(cJSON *template, const char *what, const char *name, const char *type)
{
    cJSON *resources = cJSON_GetObjectItemCaseSensitive(template, "Resources");
    gs3_auto_free char *id = logical_id(what, (size_t)cJSON_GetArraySize(resources) + 1, name);
    cJSON *resource = cJSON_AddObjectToObject(resources, id);
    cJSON_AddStringToObject(resource, "Type", type);
    return cJSON_AddObjectToObject(resource, "Properties");
}

static void add_parameter(cJSON *template, const char *name, const char *type,
                          const char *description)
{
    cJSON *parameters = cJSON_GetObjectItemCaseSensitive(template, "Parameters");
    if (!parameters)
        parameters = cJSON_AddObjectToObject(template, "Parameters");
    cJSON *parameter = cJSON_AddObjectToObject(parameters, name);
    cJSON_AddStringToObject(parameter, "Type", type);
    cJSON_AddStringToObject(parameter, "Description", description);
}

static cJSON *reference(const char *name)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "Ref", name);
    return object;
}

static void add_reference(cJSON *properties, const char *property, const char *parameter)
{
    cJSON_AddItemToObject(properties, property, reference(parameter));
}

static void add_reference_list(cJSON *properties, const char *property, const char *parameter)
{
    cJSON_AddItemToArray(cJSON_AddArrayToObject(properties, property), reference(parameter));
}

static void add_copy(cJSON *properties, const char *property, const cJSON *value)
{
    cJSON_AddItemToObject(properties, property, cJSON_Duplicate(value, true));
}

static void form_document(cJSON *template, const struct gs3_export *export,
                          const struct gs3_export_document *document)
{
    gs3_auto_free char *role = gs3_export_role_name(export, document->name);
    cJSON *properties = NULL;
    if (export->kind == GS3_EXPORT_BUCKET) {
        properties = add_resource(template, "Bucket", document->name, "AWS::S3::BucketPolicy");
        cJSON_AddStringToObject(properties, "Bucket", document->name);
        add_copy(properties, "PolicyDocument", document->body);
    } else if (export->kind == GS3_EXPORT_TRUST) {
        properties = add_resource(template, "Role", document->name, "AWS::IAM::Role");
        cJSON_AddStringToObject(properties, "RoleName", role);
        add_copy(properties, "AssumeRolePolicyDocument", document->body);
    } else {
        properties = add_resource(template, "Permissions", document->name, "AWS::IAM::RolePolicy");
        cJSON_AddStringToObject(properties, "RoleName", role);
        cJSON_AddStringToObject(properties, "PolicyName", "gs3");
        add_copy(properties, "PolicyDocument", document->body);
    }
}

static void form_scp(cJSON *template, const cJSON *body)
{
    cJSON *properties = add_resource(template, "Guard", "", "AWS::Organizations::Policy");
    add_parameter(template, "TargetIds", "CommaDelimitedList",
                  "Accounts, organizational units or the root");
    cJSON_AddStringToObject(properties, "Name", "gs3");
    cJSON_AddStringToObject(properties, "Type", "SERVICE_CONTROL_POLICY");
    add_copy(properties, "Content", body);
    add_reference(properties, "TargetIds", "TargetIds");
}

static void form_endpoint(cJSON *template, const cJSON *body)
{
    cJSON *properties = add_resource(template, "Endpoint", "", "AWS::EC2::VPCEndpoint");
    add_parameter(template, "VpcId", "AWS::EC2::VPC::Id", "The VPC of the endpoint");
    add_parameter(template, "RouteTableIds", "CommaDelimitedList", "Its route tables");
    add_reference(properties, "VpcId", "VpcId");
    add_reference(properties, "RouteTableIds", "RouteTableIds");
    cJSON_AddStringToObject(properties, "VpcEndpointType", "Gateway");
    cJSON *service = cJSON_AddObjectToObject(properties, "ServiceName");
    cJSON_AddStringToObject(service, "Fn::Sub", "com.amazonaws.${AWS::Region}.s3");
    add_copy(properties, "PolicyDocument", body);
}

static void form_trail(cJSON *template, const cJSON *body)
{
    cJSON *properties = add_resource(template, "Trail", "", "AWS::CloudTrail::Trail");
    add_parameter(template, "TrailBucket", "String", "The bucket that the trail writes to");
    cJSON_AddStringToObject(properties, "TrailName", "gs3");
    add_reference(properties, "S3BucketName", "TrailBucket");
    cJSON_AddTrueToObject(properties, "IsLogging");
    cJSON_AddTrueToObject(properties, "IsMultiRegionTrail");
    cJSON_AddTrueToObject(properties, "IncludeGlobalServiceEvents");
    cJSON_AddTrueToObject(properties, "EnableLogFileValidation");
    add_copy(properties, "AdvancedEventSelectors", body);
}

static void form_rules(cJSON *template, const cJSON *body)
{
    const cJSON *rule = NULL, *member = NULL;
    add_parameter(template, "TopicArn", "String", "The SNS topic that is told");
    cJSON_ArrayForEach(rule, body)
    {
        cJSON *properties = add_resource(template, "Rule", "", "AWS::Events::Rule");
        cJSON_ArrayForEach(member, rule) add_copy(properties, member->string, member);
        cJSON *target = cJSON_CreateObject();
        cJSON_AddItemToArray(cJSON_AddArrayToObject(properties, "Targets"), target);
        cJSON_AddStringToObject(target, "Id", "topic");
        add_reference(target, "Arn", "TopicArn");
    }
}

/* CloudFormation writes the members of a metric filter with capitals. */
static void add_capitalized(cJSON *properties, const cJSON *object)
{
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, object)
    {
        gs3_auto_free char *name = gs3_xstrdup(member->string);
        name[0] = (char)toupper((unsigned char)name[0]);
        if (!cJSON_IsArray(member)) {
            add_copy(properties, name, member);
            continue;
        }
        cJSON *list = cJSON_AddArrayToObject(properties, name), *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        add_capitalized(item, cJSON_GetArrayItem(member, 0));
    }
}

static void form_alarms(cJSON *template, const cJSON *body)
{
    const cJSON *item = NULL, *member = NULL;
    add_parameter(template, "TopicArn", "String", "The SNS topic that is told");
    add_parameter(template, "LogGroupName", "String", "The log group that the trail writes to");
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(body, "MetricFilters"))
    {
        cJSON *properties = add_resource(template, "Filter", "", "AWS::Logs::MetricFilter");
        add_capitalized(properties, item);
        add_reference(properties, "LogGroupName", "LogGroupName");
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(body, "MetricAlarms"))
    {
        cJSON *properties = add_resource(template, "Alarm", "", "AWS::CloudWatch::Alarm");
        cJSON_ArrayForEach(member, item) add_copy(properties, member->string, member);
        add_reference_list(properties, "AlarmActions", "TopicArn");
    }
}

int gs3_export_cloudformation(const struct gs3_export *export, struct gs3_buf *out)
{
    cJSON *template = cJSON_CreateObject();
    cJSON_AddStringToObject(template, "AWSTemplateFormatVersion", "2010-09-09");
    cJSON_AddStringToObject(template, "Description",
                            "Written by gs3 policy export. Metadata says what this can enforce "
                            "and what it cannot.");
    cJSON *metadata = cJSON_AddObjectToObject(template, "Metadata");
    cJSON *notes = cJSON_AddArrayToObject(metadata, "Gs3Notes");
    for (size_t i = 0; i < export->notes.count; i++)
        cJSON_AddItemToArray(notes, cJSON_CreateString(export->notes.items[i]));
    cJSON_AddObjectToObject(template, "Resources");
    for (size_t i = 0; i < export->count; i++) {
        const cJSON *body = export->documents[i].body;
        switch (export->kind) {
        case GS3_EXPORT_BUCKET:
        case GS3_EXPORT_TRUST:
        case GS3_EXPORT_PERMISSIONS: form_document(template, export, &export->documents[i]); break;
        case GS3_EXPORT_SCP: form_scp(template, body); break;
        case GS3_EXPORT_VPCE: form_endpoint(template, body); break;
        case GS3_EXPORT_EVENT_SELECTORS: form_trail(template, body); break;
        case GS3_EXPORT_EVENTBRIDGE: form_rules(template, body); break;
        case GS3_EXPORT_ALARM: form_alarms(template, body); break;
        }
    }
    gs3_auto_free char *text = gs3_export_print(template, 0);
    cJSON_Delete(template);
    return gs3_buf_printf(out, "%s\n", text);
}

int gs3_export_render(const struct gs3_export *export, enum gs3_export_format format,
                      struct gs3_buf *out, struct gs3_err *err)
{
    if (export->count == 0)
        return gs3_fail(err, GS3_EUSAGE, "nothing to export: no environment governs the buckets");
    if (format == GS3_EXPORT_JSON)
        return render_json(export, out, err);
    int failed = format == GS3_EXPORT_TERRAFORM ? gs3_export_terraform(export, out)
                                                : gs3_export_cloudformation(export, out);
    return failed ? too_long(err) : 0;
}
