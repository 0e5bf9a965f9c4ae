#!/usr/bin/python3 -IS
"""STS before the test server, as AWS's is and Ceph's is not; and requests with what it gave out.

Ceph assumes roles and enforces session policies, but answers 405 to session tags, knows no source
identity and no GetCallerIdentity. So this stands in between: it answers GetCallerIdentity itself,
checks and records what an AssumeRole has in AWS, and has Ceph do the rest. Signatures are checked
by Ceph for the requests that it forwards, which it signs itself; gs3's are checked by the units.

    serve PORT_FILE LOG ARN      the log has one JSON object for each request: action, agent, form,
                                 and of an AssumeRole the credentials that were given
    role NAME BUCKET...          make the role, which may do anything in these buckets
    as LOG                       requests with the last credentials of the log, one a line of
                                 standard input: STATUS METHOD BUCKET KEY|- [NAME=VALUE]..., the
                                 last being query parameters; exit 1 and a line for each that was
                                 answered with another status

A role whose name ends in "denied" is AccessDenied, in "packed" PackedPolicyTooLarge. The sessions of
one that ends in "brief" are said to end after ten seconds: AWS gives none for less than 15 minutes.
"""

import datetime
import http.server
import importlib.util
import json
import os
import pathlib
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("s3", pathlib.Path(__file__).with_name("s3.py"))
s3 = importlib.util.module_from_spec(spec)
spec.loader.exec_module(s3)

NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":%s}]}'
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":'
    '["arn:aws:iam:::user/test"]},"Action":["sts:AssumeRole"]}]}'
)


def call(form):
    """One request of IAM or STS to the test server, by the test user."""
    # Ceph takes a + for itself.
    body = urllib.parse.urlencode(form, quote_via=urllib.parse.quote).encode()
    kind = [("content-type", b"application/x-www-form-urlencoded")]
    status, _, data = s3.Server().request("POST", "", headers=kind, body=body)
    return status, data


def problem(form):
    """What AWS would say against an AssumeRole: (status, code, message), or None."""
    role = form.get("RoleArn", "")
    if role.endswith("denied"):
        return 403, "AccessDenied", f"User: arn:aws:iam::123456789012:user/x is not authorized to perform: sts:AssumeRole on resource: {role}"
    if role.endswith("packed"):
        return 400, "PackedPolicyTooLarge", "Packed policy consumes 110% of allotted space"
    for name in ("RoleSessionName", "SourceIdentity"):
        if not NAME.fullmatch(form.get(name, "")):
            return 400, "ValidationError", f"{name} is {form.get(name)!r}"
    if not re.fullmatch(r"[\t\n\r\x20-\xff]{1,2048}", form.get("Policy", "")):
        return 400, "ValidationError", "Policy"
    if not 900 <= int(form.get("DurationSeconds", "0")) <= 43200:
        return 400, "ValidationError", "DurationSeconds"
    number = 1
    while f"Tags.member.{number}.Key" in form:
        value = form[f"Tags.member.{number}.Value"]
        if len(value) > 256 or not re.fullmatch(r"[\w .:/=+@-]*", value):
            return 400, "ValidationError", f"tag value {value!r}"
        number += 1
    return None


def assume(form, entry):
    wrong = problem(form)
    if wrong:
        return wrong[0], error(*wrong[1:])
    kept = ("Action", "Version", "RoleArn", "RoleSessionName", "DurationSeconds", "Policy")
    status, data = call([(name, form[name]) for name in kept if name in form])
    if status == 200:
        names = (b"AccessKeyId", b"SecretAccessKey", b"SessionToken", b"Expiration")
        entry["credentials"] = {n.decode(): s3.field(data, n).decode() for n in names}
        if form["RoleArn"].endswith("brief"):
            soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=10)
            entry["credentials"]["Expiration"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")
        # Ceph's answer has other elements around the same ones.
        inner = "".join(f"<{n}>{v}</{n}>" for n, v in entry["credentials"].items())
        data = (
            f"<AssumeRoleResponse {XMLNS}><AssumeRoleResult><Credentials>{inner}</Credentials>"
            "</AssumeRoleResult></AssumeRoleResponse>"
        ).encode()
    return status, data


def error(code, message):
    return (
        f"<ErrorResponse {XMLNS}><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{message}</Message></Error></ErrorResponse>"
    ).encode()


def identity(arn):
    return (
        f"<GetCallerIdentityResponse {XMLNS}><GetCallerIdentityResult><Arn>{arn}</Arn>"
        "<UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
        "</GetCallerIdentityResponse>"
    ).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        entry = {"action": form.get("Action"), "agent": self.headers["user-agent"], "form": form}
        if form.get("Action") == "GetCallerIdentity":
            status, data = 200, identity(self.server.arn)
        elif form.get("Action") == "AssumeRole":
            status, data = assume(form, entry)
        else:
            status, data = 400, error("InvalidAction", "unknown")
        with open(self.server.log, "a", encoding="utf-8") as log:
            print(json.dumps(entry), file=log)
        self.send_response(status)
        self.send_header("content-type", "text/xml")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def serve(port_file, log, arn):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.log, server.arn = log, arn
    pathlib.Path(port_file + ".new").write_text(str(server.server_port), encoding="ascii")
    os.rename(port_file + ".new", port_file)
    server.serve_forever()


def role(name, *buckets):
    call([("Action", "DeleteRolePolicy"), ("RoleName", name), ("PolicyName", "all")])
    call([("Action", "DeleteRole"), ("RoleName", name)])
    arns = json.dumps([f"arn:aws:s3:::{b}{end}" for b in buckets for end in ("", "/*")])
    for form in (
        [("Action", "CreateRole"), ("RoleName", name), ("Path", "/"),
         ("AssumeRolePolicyDocument", TRUST)],
        [("Action", "PutRolePolicy"), ("RoleName", name), ("PolicyName", "all"),
         ("PolicyDocument", ALL % arns)],
    ):
        status, data = call(form)
        if status != 200:
            raise s3.Failure(f"{form[0][1]}: HTTP {status}: {data[:300]}")


def send_as(log):
    given, failed = None, False
    for line in pathlib.Path(log).read_text(encoding="utf-8").splitlines():
        given = json.loads(line).get("credentials", given)
    server = s3.Server()
    server.access_key, server.secret_key = given["AccessKeyId"], given["SecretAccessKey"]
    token = [("x-amz-security-token", given["SessionToken"].encode())]
    for line in sys.stdin.read().splitlines():
        expected, method, bucket, key, *query = line.split()
        pairs = [(name, value.encode()) for name, _, value in (q.partition("=") for q in query)]
        key = b"" if key == "-" else os.fsencode(key)
        body = b"other" if method == "PUT" else b""
        status = server.request(method, bucket, key, query=pairs, headers=token, body=body)[0]
        if str(status) != expected:
            print(f"as the session: {line}: HTTP {status}")
            failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    commands = {"serve": serve, "role": role, "as": send_as}
    try:
        commands[sys.argv[1]](*sys.argv[2:])
    except s3.Failure as cause:
        sys.exit(f"sts.py: {cause}")
