#!/usr/bin/env python3
"""Judges what `gs3 policy export` prints, independently of gs3.

    iam.py check KIND FILE            grammar: members, actions, keys, operators, ARNs, limits
    iam.py table FILE ROWS            evaluates a policy against a table of requests
    iam.py terraform FILE JSON...     balanced HCL whose jsonencode() bodies are these documents
    iam.py cloudformation FILE JSON...  a template whose policies are these documents, references resolved

ROWS: `ACTION RESOURCE WANTED [KEY=VALUE...]` a line; WANTED is allow, deny or neither; a value in
[a,b] is a list. Written from AWS's documentation of IAM's policy language ("Policy evaluation logic",
"IAM JSON policy elements: Condition operators").
"""
import fnmatch
import json
import re
import sys

ACTIONS = set("""
s3:* s3:*Object* s3:AbortMultipartUpload s3:BypassGovernanceRetention s3:DeleteBucket
s3:DeleteBucketPolicy s3:DeleteObject s3:DeleteObjectTagging s3:DeleteObjectVersion
s3:DeleteObjectVersionTagging s3:GetBucketLocation s3:GetObject s3:GetObjectAttributes
s3:GetObjectTagging s3:GetObjectVersion s3:GetObjectVersionTagging s3:ListBucket
s3:ListBucketMultipartUploads s3:ListBucketVersions s3:ListMultipartUploadParts
s3:PutAccountPublicAccessBlock s3:PutBucketAcl s3:PutBucketLogging
s3:PutBucketObjectLockConfiguration s3:PutBucketOwnershipControls s3:PutBucketPolicy
s3:PutBucketPublicAccessBlock s3:PutBucketVersioning s3:PutEncryptionConfiguration
s3:PutLifecycleConfiguration s3:PutObject s3:PutObjectAcl s3:PutObjectTagging
s3:PutObjectVersionTagging s3:PutReplicationConfiguration
sts:AssumeRole sts:SetSourceIdentity sts:TagSession
cloudtrail:DeleteTrail cloudtrail:PutEventSelectors cloudtrail:StopLogging cloudtrail:UpdateTrail
cloudwatch:DeleteAlarms cloudwatch:DisableAlarmActions cloudwatch:PutMetricAlarm
events:DeleteRule events:DisableRule events:PutRule events:RemoveTargets
guardduty:CreateFilter guardduty:DeleteDetector guardduty:DeleteMembers
guardduty:DisassociateFromAdministratorAccount guardduty:DisassociateFromMasterAccount
guardduty:DisassociateMembers guardduty:StopMonitoringMembers guardduty:UpdateDetector
guardduty:UpdateFilter guardduty:UpdateMemberDetectors
iam:AttachRolePolicy iam:DeleteRole iam:DeleteRolePolicy iam:DetachRolePolicy iam:PutRolePolicy
iam:TagRole iam:UntagRole iam:UpdateAssumeRolePolicy
""".split())
TAG_KEY = r"[A-Za-z0-9 _.:/=+@-]{1,128}"
KEYS = re.compile(
    rf"(s3:RequestObjectTag|aws:PrincipalTag|aws:RequestTag)/{TAG_KEY}"
    r"|s3:prefix|s3:x-amz-server-side-encryption(-aws-kms-key-id|-customer-algorithm)?"
    r"|aws:(SecureTransport|SourceVpce|ViaAWSService|PrincipalArn|TagKeys)"
    r"|sts:(SourceIdentity|RoleSessionName)")
OPERATORS = {"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "Bool", "ArnLike",
             "ArnNotLike", "Null"}
LIMITS = {"bucket": 20480, "trust": 2048, "permissions": 10240, "scp": 5120, "vpce": 20480}
MEMBERS = {"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"}


def as_list(value):
    return value if isinstance(value, list) else [value]


def split_operator(name):
    """(set prefix or "", the operator, whether IfExists)"""
    prefix, _, rest = name.rpartition(":")
    if_exists = rest.endswith("IfExists")
    return prefix, rest[:-len("IfExists")] if if_exists else rest, if_exists


# ---------------------------------------------------------------- grammar

def check_statement(kind, statement):
    yield from (f"unknown member {name}" for name in statement if name not in MEMBERS)
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Effect"
    if not re.fullmatch("[A-Za-z0-9]+", statement.get("Sid", "")):
        yield "Sid"
    for action in as_list(statement["Action"]):
        if action not in ACTIONS:
            yield f"action {action}"
    if (kind in ("bucket", "trust", "vpce")) != ("Principal" in statement):
        yield "Principal"
    resources = [name for name in ("Resource", "NotResource") if name in statement]
    if len(resources) != (0 if kind == "trust" else 1):
        yield "Resource"
    for name in resources:
        for arn in as_list(statement[name]):
            if arn != "*" and not re.fullmatch(r"arn:aws(-cn|-us-gov)?:[a-z0-9]+:[^:]*:[^:]*:.+", arn):
                yield f"ARN {arn}"
            if kind == "bucket" and not re.match(r"arn:aws[^:]*:s3:::[a-z0-9.-]+(/|$)", arn):
                yield f"{arn} is not of one bucket"
            if arn == "" or not as_list(statement[name]):
                yield "no resource"
    for operator, tests in statement.get("Condition", {}).items():
        prefix, plain, _ = split_operator(operator)
        if plain not in OPERATORS or prefix not in ("", "ForAnyValue", "ForAllValues"):
            yield f"operator {operator}"
        for key, values in tests.items():
            if not KEYS.fullmatch(key):
                yield f"key {key}"
            if not values or any(not isinstance(value, str) for value in as_list(values)):
                yield f"values of {key}"
            if plain in ("Null", "Bool") and values not in ("true", "false"):
                yield f"{key} is true or false"


def check_policy(kind, document):
    if set(document) != {"Version", "Statement"} or document["Version"] != "2012-10-17":
        yield "Version"
    if not document["Statement"]:
        yield "no statement"
    sids = [statement["Sid"] for statement in document["Statement"]]
    if len(set(sids)) != len(sids):
        yield "a Sid twice"
    for statement in document["Statement"]:
        yield from (f"{statement['Sid']}: {text}" for text in check_statement(kind, statement))
    size = len(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())
    if size > LIMITS[kind]:
        yield f"{size} bytes"


def check_selectors(document):
    for selector in document:
        if set(selector) != {"Name", "FieldSelectors"} or len(selector["Name"]) > 1000:
            yield "selector"
        for field in selector["FieldSelectors"]:
            if field["Field"] not in ("eventCategory", "resources.type", "resources.ARN"):
                yield field["Field"]
            (test,) = set(field) - {"Field"}
            if test not in ("Equals", "StartsWith") or not all(field[test]):
                yield test
    categories = [s["FieldSelectors"][0]["Equals"] for s in document]
    if categories != [["Management"], ["Data"]]:
        yield "categories"


def check_rules(document):
    for rule in document:
        if set(rule) != {"Name", "Description", "EventPattern"}:
            yield "members"
        if not re.fullmatch(r"[.A-Za-z0-9_-]{1,64}", rule["Name"]) or len(rule["Description"]) > 512:
            yield rule["Name"]
        if len(json.dumps(rule["EventPattern"], separators=(",", ":"))) > 2048:
            yield "too long"
        yield from check_pattern(rule["EventPattern"])


def check_pattern(pattern):
    """Leaves are lists of texts or of one-member matchers."""
    for name, value in pattern.items():
        if isinstance(value, dict):
            yield from check_pattern(value)
            continue
        if not isinstance(value, list) or not value:
            yield name
        for item in value:
            if isinstance(item, dict):
                (matcher,) = item
                if matcher not in ("prefix", "wildcard", "anything-but"):
                    yield matcher
                if "**" in json.dumps(item):
                    yield "two stars in a row"
            elif not isinstance(item, str):
                yield name


def check_alarms(document):
    if set(document) != {"MetricFilters", "MetricAlarms"}:
        yield "members"
    metrics = set()
    for item in document["MetricFilters"]:
        pattern = item["filterPattern"]
        if len(pattern) > 1024 or pattern.count("(") != pattern.count(")") \
                or not re.fullmatch(r"\{ .* \}", pattern):
            yield pattern
        (metric,) = item["metricTransformations"]
        metrics.add((metric["metricNamespace"], metric["metricName"]))
    for alarm in document["MetricAlarms"]:
        if (alarm["Namespace"], alarm["MetricName"]) not in metrics | {("AWS/Events", "MatchedEvents")}:
            yield f"{alarm['AlarmName']} watches no metric"
        if alarm["ComparisonOperator"] != "GreaterThanOrEqualToThreshold" or alarm["Threshold"] <= 0:
            yield alarm["AlarmName"]


def check(kind, document):
    if kind in LIMITS:
        return list(check_policy(kind, document))
    return list({"event-selectors": check_selectors, "eventbridge": check_rules,
                 "alarm": check_alarms}[kind](document))


# ---------------------------------------------------------------- evaluation

def like(pattern, text):
    """IAM's * and ?; ${*} and its kin are the characters themselves."""
    parts = re.split(r"(\$\{[*?$]\}|\*|\?)", pattern)
    wild = {"*": ".*", "?": "."}
    expression = "".join(wild.get(p) or re.escape(p[2] if p.startswith("${") else p) for p in parts)
    return re.fullmatch(expression, text, re.S) is not None


def arn_like(pattern, text):
    """Each of the six parts for itself."""
    a, b = pattern.split(":", 5), text.split(":", 5)
    return len(a) == len(b) and all(fnmatch.fnmatchcase(y, x) for x, y in zip(a, b))


def substitute(value, context):
    return re.sub(r"\$\{([a-z0-9]+:[^}]+)\}", lambda m: str(context.get(m[1], "\0")), value)


TESTS = {
    "StringEquals": (lambda p, t: p == t, False), "StringNotEquals": (lambda p, t: p == t, True),
    "StringLike": (like, False), "StringNotLike": (like, True),
    "ArnLike": (arn_like, False), "ArnNotLike": (arn_like, True),
    "Bool": (lambda p, t: p.lower() == t.lower(), False),
}


def condition_holds(operator, key, values, context):
    prefix, plain, if_exists = split_operator(operator)
    given = context.get(key)
    if plain == "Null":
        return (given is None) == (values == "true")
    test, is_negated = TESTS[plain]
    values = [substitute(value, context) for value in as_list(values)]
    if given is None:
        # A negated operator holds for a key that is not there, and so does ForAllValues.
        return if_exists or is_negated or prefix == "ForAllValues"

    def one(text):
        return any(test(value, text) for value in values) != is_negated
    results = [one(text) for text in as_list(given)]
    return any(results) if prefix == "ForAnyValue" else all(results)


def applies(statement, action, resource, context):
    if not any(like(pattern, action) for pattern in as_list(statement["Action"])):
        return False
    if "Resource" in statement and not any(like(p, resource) for p in as_list(statement["Resource"])):
        return False
    if "NotResource" in statement and any(like(p, resource) for p in as_list(statement["NotResource"])):
        return False
    return all(condition_holds(operator, key, values, context)
               for operator, tests in statement.get("Condition", {}).items()
               for key, values in tests.items())


def evaluate(document, action, resource, context):
    effects = {s["Effect"] for s in document["Statement"] if applies(s, action, resource, context)}
    return "deny" if "Deny" in effects else "allow" if "Allow" in effects else "neither"


def table(document, rows):
    count = 0
    for line in rows:
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        action, resource, wanted = words[:3]
        context = {"aws:SecureTransport": "true", "aws:ViaAWSService": "false"}
        for pair in words[3:]:
            key, _, value = pair.partition("=")
            context[key] = value[1:-1].split(",") if value.startswith("[") else value
        found = evaluate(document, action, resource, context)
        count += 1
        if found != wanted:
            yield f"{line.strip()}: {found}"
    print(f"{count} rows")


# ---------------------------------------------------------------- forms

def hcl_problems(text):
    """Brackets balance, strings end on their line, and no template is in any."""
    pairs, stack = {")": "(", "]": "[", "}": "{"}, []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        bare = re.sub(r'"(\\.|[^"\\])*"', "", line)
        for string in re.findall(r'"(?:\\.|[^"\\])*"', line):
            if re.search(r"(?<![$%])[$%]\{", string):
                yield f"{number}: a template in {string}"
        if '"' in bare:
            yield f"{number}: a string that does not end"
        for c in bare:
            if c in "([{":
                stack.append(c)
            elif c in pairs and (not stack or stack.pop() != pairs[c]):
                yield f"{number}: {c}"
    if stack:
        yield "brackets are left open"
    declared = set(re.findall(r'^variable "(\w+)"', text, re.M))
    yield from (f"var.{name} is not declared" for name in set(re.findall(r"\bvar\.(\w+)", text)) ^ declared)
    labels = re.findall(r'^resource "(\S+)" "(\S+)"', text, re.M)
    if not labels or len(set(labels)) != len(labels):
        yield "resources"
    if any(not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", label) for _, label in labels):
        yield "a label"


def hcl_documents(text):
    text = text.replace("$${", "${").replace("%%{", "%{")
    for match in re.finditer(r"jsonencode\(", text):
        yield json.JSONDecoder().raw_decode(text[match.end():])[0]


TYPES = {"AWS::S3::BucketPolicy": {"Bucket", "PolicyDocument"},
         "AWS::IAM::Role": {"RoleName", "AssumeRolePolicyDocument"},
         "AWS::IAM::RolePolicy": {"RoleName", "PolicyName", "PolicyDocument"},
         "AWS::Organizations::Policy": {"Name", "Type", "Content", "TargetIds"},
         "AWS::EC2::VPCEndpoint": {"VpcId", "ServiceName", "VpcEndpointType", "RouteTableIds",
                                   "PolicyDocument"},
         "AWS::CloudTrail::Trail": {"TrailName", "S3BucketName", "IsLogging", "IsMultiRegionTrail",
                                    "IncludeGlobalServiceEvents", "EnableLogFileValidation",
                                    "AdvancedEventSelectors"},
         "AWS::Events::Rule": {"Name", "Description", "EventPattern", "Targets"},
         "AWS::Logs::MetricFilter": {"FilterName", "FilterPattern", "MetricTransformations",
                                     "LogGroupName"},
         "AWS::CloudWatch::Alarm": {"AlarmName", "AlarmDescription", "Namespace", "MetricName",
                                    "Statistic", "Period", "EvaluationPeriods", "Threshold",
                                    "ComparisonOperator", "TreatMissingData", "Dimensions",
                                    "AlarmActions"}}
BODIES = ("PolicyDocument", "AssumeRolePolicyDocument", "Content", "AdvancedEventSelectors")


def references(value):
    if isinstance(value, dict):
        if set(value) == {"Ref"}:
            yield value["Ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def template_problems(template):
    if set(template) - {"Parameters"} != {"AWSTemplateFormatVersion", "Description", "Metadata",
                                          "Resources"}:
        yield "sections"
    if template["AWSTemplateFormatVersion"] != "2010-09-09" or len(template["Description"]) > 1024:
        yield "head"
    if not template["Metadata"]["Gs3Notes"] or not template["Resources"]:
        yield "empty"
    for name, resource in template["Resources"].items():
        if not re.fullmatch("[A-Za-z0-9]+", name):
            yield f"logical id {name}"
        known = TYPES[resource["Type"]]
        if not set(resource["Properties"]) <= known or not known - {"Dimensions"} <= set(resource["Properties"]):
            yield f"properties of {name}"
    if set(references(template["Resources"])) != set(template.get("Parameters", {})):
        yield "parameters"


def template_documents(template):
    for resource in template["Resources"].values():
        for name in BODIES:
            if name in resource["Properties"]:
                yield resource["Properties"][name]


def contains(found, wanted):
    """Each document is there, in order; of rules their patterns."""
    found = list(found)
    patterns = [rule["EventPattern"] for document in wanted if isinstance(document, list)
                for rule in document if "EventPattern" in rule]
    bodies = patterns or [d for d in wanted if not (isinstance(d, dict) and "MetricFilters" in d)]
    return [] if found == bodies else ["the documents are not those of the JSON form"]


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "check":
        with open(arguments[1], encoding="utf-8") as file:
            problems = check(arguments[0], json.load(file))
    elif command == "table":
        with open(arguments[0], encoding="utf-8") as file, open(arguments[1], encoding="utf-8") as rows:
            problems = list(table(json.load(file), rows))
    else:
        with open(arguments[0], encoding="utf-8") as file:
            text = file.read()
        wanted = []
        for name in arguments[1:]:
            with open(name, encoding="utf-8") as file:
                wanted.append(json.load(file))
        if command == "terraform":
            problems = list(hcl_problems(text)) + contains(
                hcl_documents(text), [d for d in wanted if not is_blocks(d)])
        else:
            template = json.loads(text)
            found = list(template_documents(template)) + [
                r["Properties"]["EventPattern"] for r in template["Resources"].values()
                if r["Type"] == "AWS::Events::Rule"]
            problems = list(template_problems(template)) + contains(found, wanted)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def is_blocks(document):
    """Selectors are blocks of Terraform's own, not JSON."""
    return isinstance(document, list) and "FieldSelectors" in document[0]


if __name__ == "__main__":
    sys.exit(main())
