#!/usr/bin/python3
"""Compares what gs3 reads from the AWS CLI's files with what the AWS CLI (Debian's awscli 2)
reads from them.

    config_compare.py PROGRAM      PROGRAM: tests/unit/aws/dump_config

One TAP line a configuration. Exit 77 when the AWS CLI's packages are not there.
"""
import json
import os
import subprocess
import sys
import tempfile

try:
    import awscli  # noqa: F401 - brings its own botocore
    import botocore.session
    from botocore import exceptions
except ImportError:
    print("1..0 # SKIP the AWS CLI is not installed")
    sys.exit(77)

KEYS = "aws_access_key_id = AKID\naws_secret_access_key = SECRET\n"
SECRETS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")

# name, configuration file, credentials file, environment, --profile, what is expected besides
# agreement: None; "stricter" (gs3 refuses what the AWS CLI accepts).
CASES = [
    ("nothing at all", None, None, {}, None, None),
    ("the default profile", "[default]\nregion = eu-west-1\n", "[default]\n" + KEYS, {}, None, None),
    ("keys in the configuration file", "[default]\nregion=eu-west-1\n" + KEYS, None, {}, None, None),
    ("the credentials file wins", "[default]\n" + KEYS,
     "[default]\naws_access_key_id = OTHER\naws_secret_access_key = HIDDEN\n", {}, None, None),
    ("a named profile", "[profile dev]\nregion = us-west-2\n", "[dev]\n" + KEYS, {}, "dev", None),
    ("a profile of the credentials file alone", None, "[dev]\n" + KEYS, {}, "dev", None),
    ("a bare section of the configuration file is no profile", "[dev]\nregion = us-west-2\n",
     None, {}, "dev", None),
    ("a profile that is not there", "[default]\n", None, {}, "nowhere", None),
    ("AWS_PROFILE", "[profile dev]\nregion = us-west-2\n" + KEYS, None, {"AWS_PROFILE": "dev"},
     None, None),
    ("AWS_PROFILE that is not there", "[default]\n", None, {"AWS_PROFILE": "nowhere"}, None, None),
    ("AWS_DEFAULT_PROFILE", "[profile dev]\nregion = us-west-2\n", None,
     {"AWS_DEFAULT_PROFILE": "dev"}, None, None),
    ("AWS_PROFILE before AWS_DEFAULT_PROFILE",
     "[profile dev]\nregion = us-west-2\n[profile two]\nregion = us-west-1\n", None,
     {"AWS_DEFAULT_PROFILE": "two", "AWS_PROFILE": "dev"}, None, None),
    ("AWS_REGION before AWS_DEFAULT_REGION before the profile", "[default]\nregion = us-west-2\n",
     None, {"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-south-1"}, None, None),
    ("AWS_DEFAULT_REGION", "[default]\nregion = us-west-2\n", None,
     {"AWS_DEFAULT_REGION": "eu-south-1"}, None, None),
    ("environment credentials", "[default]\n" + KEYS, None,
     {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "ENVSECRET",
      "AWS_SESSION_TOKEN": "ENVTOKEN"}, None, None),
    ("environment credentials with AWS_PROFILE", "[profile dev]\n" + KEYS, None,
     {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "ENVSECRET", "AWS_PROFILE": "dev"},
     None, None),
    ("--profile before environment credentials", "[profile dev]\n" + KEYS, None,
     {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "ENVSECRET"}, "dev", None),
    ("a key without a secret in the environment", "[default]\n" + KEYS, None,
     {"AWS_ACCESS_KEY_ID": "ENV"}, None, None),
    ("a secret without a key in the environment", "[default]\n" + KEYS, None,
     {"AWS_SECRET_ACCESS_KEY": "ENV"}, None, "stricter"),
    ("half a credential in a file", None, "[default]\naws_access_key_id = AKID\n", {}, None, None),
    ("a session token", None, "[default]\n" + KEYS + "aws_session_token = TOKEN==\n", {}, None,
     None),
    ("the token's old name", None, "[default]\n" + KEYS + "aws_security_token = TOKEN==\n", {},
     None, None),
    ("two different tokens", None,
     "[default]\n" + KEYS + "aws_security_token = ONE\naws_session_token = TWO\n", {}, None,
     "stricter"),
    ("a nested block", "[default]\ns3 =\n  addressing_style = path\n  max_bandwidth = 1MB/s\n",
     None, {}, None, None),
    ("a nested block with comments and blank lines",
     "[default]\ns3 =\n\n  # a comment\n  addressing_style = path\n\n\t; another\n"
     "  max_queue_size=7\nregion = eu-west-1\n", None, {}, None, None),
    ("a nested block with a line that is no setting", "[default]\ns3 =\n  addressing_style\n",
     None, {}, None, None),
    ("a nested name twice with one value", "[default]\ns3 =\n  a = 1\n  a = 1\n", None, {}, None,
     None),
    ("a nested name twice with two values", "[default]\ns3 =\n  a = 1\n  a = 2\n", None, {}, None,
     "stricter"),
    ("a block in the credentials file replaces the other",
     "[default]\ns3 =\n  a = 1\n  b = 2\n", "[default]\ns3 =\n  c = 3\n", {}, None, None),
    ("a value replaces a block", "[default]\ns3 =\n  a = 1\n", "[default]\ns3 = flat\n", {}, None,
     None),
    ("comments", "# one\n; two\n[default]\n  # three\nregion = eu-west-1\n;four\n", None, {}, None,
     None),
    ("no comment behind a value", "[default]\noutput = json # not a comment ; nor this\n", None,
     {}, None, None),
    ("a comment behind a section", "[default] # yes\nregion = eu-west-1\n", None, {}, None, None),
    ("quotes are part of a value", "[default]\noutput = \"json\"\n", None, {}, None, None),
    ("a colon for an equals sign", "[default]\nregion: eu-west-1\n", None, {}, None, None),
    ("equals signs in a value", "[default]\nx = a = b == c\n", None, {}, None, None),
    ("upper-case names", "[default]\nREGION = eu-west-1\nOutput = text\n", None, {}, None, None),
    ("an empty value", "[default]\noutput =\nregion = eu-west-1\n", None, {}, None, None),
    ("a value over two lines", "[default]\nx = one\n  two\n\n  three\nregion = eu-west-1\n", None,
     {}, None, None),
    ("indented settings", "[default]\n  region = eu-west-1\n  output = json\n", None, {}, None,
     None),
    ("an indented section", "[default]\noutput = json\n\n   [profile dev]\n   region = x\n",
     None, {}, None, None),
    ("tabs", "[default]\n\tregion\t=\teu-west-1\t\n\ts3\t=\n\t\taddressing_style\t=\tpath\n", None,
     {}, None, None),
    ("CRLF", "[default]\r\nregion = eu-west-1\r\ns3 =\r\n  a = b\r\n", "[default]\r\n" +
     KEYS.replace("\n", "\r\n"), {}, None, None),
    ("old Macintosh line ends", "[default]\rregion = eu-west-1\r", None, {}, None, None),
    ("no line end at the end", "[default]\nregion = eu-west-1", None, {}, None, None),
    ("a byte order mark", "\ufeff[default]\nregion = eu-west-1\n", None, {}, None, None),
    ("a section twice", "[default]\nregion = a\n[default]\noutput = b\n", None, {}, None, None),
    ("a setting twice", "[default]\nregion = a\nregion = a\n", None, {}, None, None),
    ("a setting twice in two cases", "[default]\nregion = a\nREGION = b\n", None, {}, None, None),
    ("a setting without a section", "region = eu-west-1\n[default]\n", None, {}, None, None),
    ("a line that is nothing", "[default]\nregion\n", None, {}, None, None),
    ("an open bracket", "[default\nregion = eu-west-1\n", None, {}, None, None),
    ("an empty section", "[]\nregion = eu-west-1\n", None, {}, None, None),
    ("a value without a name", "[default]\n= eu-west-1\n", None, {}, None, None),
    ("a syntax error in a profile that is not used", "[default]\n[profile dev]\nnonsense\n", None,
     {}, None, None),
    ("a syntax error in the credentials file", "[default]\n", "nonsense\n", {}, None, None),
    ("a quoted profile name", '[profile "my dev"]\nregion = eu-west-1\n', None, {}, "my dev", None),
    ("a profile name in single quotes", "[profile 'my dev']\nregion = eu-west-1\n", None, {},
     "my dev", None),
    ("an escaped profile name", "[profile my\\ dev]\nregion = eu-west-1\n", None, {}, "my dev",
     None),
    ("a profile name of two words without quotes", "[profile my dev]\nregion = eu-west-1\n", None,
     {}, "my dev", None),
    ("a profile name with an open quote", '[profile "dev]\nregion = eu-west-1\n', None, {}, "dev",
     None),
    ("a profile name with white space about", "[profile   dev  ]\nregion = eu-west-1\n", None, {},
     "dev", None),
    ("profile default by its long name", "[profile default]\nregion = eu-west-1\n", None, {}, None,
     None),
    ("a profile by two spellings", "[profile dev]\nregion = a-1\n[profile 'dev']\nregion = b-1\n",
     None, {}, "dev", "stricter"),
    ("a profile name of the credentials file with a prefix", None, "[profile dev]\n" + KEYS, {},
     "profile dev", None),
    ("a name with a dot is no nested setting", "[default]\ns3.addressing_style = path\n", None, {},
     None, None),
    ("Python's defaults section", "[DEFAULT]\nregion = eu-west-1\noutput = text\n"
     "[default]\noutput = json\n", None, {}, None, None),
    ("Python's defaults section alone", "[DEFAULT]\nregion = eu-west-1\n", None, {}, None, None),
    ("sections of other kinds", "[preview]\ncloudfront = true\n[plugins]\nx = y\n"
     "[sso-session corp]\nsso_region = us-east-1\n[services dev]\ns3 =\n  endpoint_url = https://x\n"
     "[default]\nregion = eu-west-1\n", None, {}, None, None),
    ("names that are not ASCII", "[profile d\u00e9v]\nregion = eu-west-1\nx = \u00fc\n", None, {},
     "d\u00e9v", None),
    ("a control character", "[default]\nx = a\x01b\n", None, {}, None, "stricter"),
    ("a source profile without a role, beside static keys", "[default]\nsource_profile = x\n" +
     KEYS, None, {}, None, None),
    ("a process", "[default]\ncredential_process = /bin/false\n", None, {}, None, None),
    ("static keys of the credentials file before a process",
     "[default]\ncredential_process = /bin/false\n", "[default]\n" + KEYS, {}, None, None),
    ("a process before static keys of the configuration file",
     "[default]\ncredential_process = /bin/false\n" + KEYS, None, {}, None, None),
    ("SSO", "[default]\nsso_start_url = https://x\nsso_region = us-east-1\n"
     "sso_account_id = 1\nsso_role_name = r\n", None, {}, None, None),
    ("SSO before static keys", "[default]\nsso_start_url = https://x\nsso_region = us-east-1\n"
     "sso_account_id = 1\nsso_role_name = r\n", "[default]\n" + KEYS, {}, None, None),
    ("a web identity", "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\n"
     "web_identity_token_file = /nowhere\n", None, {}, None, None),
    ("a web identity in the environment", "[default]\n" + KEYS, None,
     {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r"},
     None, None),
    ("a web identity in the environment and --profile", "[profile dev]\n" + KEYS, None,
     {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r"},
     "dev", None),
    ("AWS_CA_BUNDLE before the profile", "[default]\nca_bundle = /a\n", None,
     {"AWS_CA_BUNDLE": "/b"}, None, None),
    ("a CA bundle of the profile", "[default]\nca_bundle = /a\n", None, {}, None, None),
]


def flatten(settings):
    flat = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{key}": text for key, text in value.items()})
        elif name not in SECRETS and "." not in name:
            flat[name] = value
    return flat


def by_aws(environment, profile):
    """What botocore reads; `error` or `credentials_error` when it cannot."""
    os.environ.clear()
    os.environ.update(environment)
    result = {}
    try:
        session = botocore.session.Session(profile=profile)
        result["settings"] = flatten(session.get_scoped_config())
        result["region"] = session.get_config_variable("region")
        result["ca_bundle"] = session.get_config_variable("ca_bundle")
    except (exceptions.BotoCoreError, ValueError) as error:
        return {"error": str(error)}
    try:
        credentials = session.get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials else None
        if frozen:
            result.update(access_key=frozen.access_key, secret_key=frozen.secret_key,
                          token=frozen.token)
        else:
            result["credentials_error"] = "none"
    except Exception as error:  # a provider may fail in any way
        result["credentials_error"] = str(error)
    return result


def by_gs3(program, environment, profile):
    command = [program] + ([profile] if profile else [])
    output = subprocess.run(command, env=environment, capture_output=True, check=True,
                            timeout=60).stdout
    return json.loads(output)


def differences(expected, ours, kind):
    """Lines that say where the two differ."""
    if "error" in expected or "error" in ours:
        if kind == "stricter":
            return [] if "error" in ours and "error" not in expected else ["is not stricter"]
        same = ("error" in expected) == ("error" in ours)
        return [] if same else [f"aws: {expected.get('error')}", f"gs3: {ours.get('error')}"]
    lines = []
    if kind == "stricter":
        return [] if "credentials_error" in ours else ["is not stricter"]
    else:
        names = ["settings", "region", "ca_bundle", "access_key", "secret_key", "token"]
        if ("credentials_error" in expected) != ("credentials_error" in ours):
            lines.append(f"aws: {expected.get('credentials_error')}")
            lines.append(f"gs3: {ours.get('credentials_error')}")
    for name in names:
        if expected.get(name) != ours.get(name):
            lines.append(f"{name}: aws {expected.get(name)!r}, gs3 {ours.get(name)!r}")
    return lines


def run_case(program, directory, case):
    name, config, credentials, extra, profile, kind = case
    environment = {
        "HOME": directory, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
        "AWS_CONFIG_FILE": f"{directory}/config",
        "AWS_SHARED_CREDENTIALS_FILE": f"{directory}/credentials",
        "AWS_EC2_METADATA_DISABLED": "true", **extra,
    }
    for file, text in (("config", config), ("credentials", credentials)):
        path = f"{directory}/{file}"
        if os.path.exists(path):
            os.remove(path)
        if text is not None:
            with open(path, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
    return differences(by_aws(environment, profile), by_gs3(program, environment, profile), kind)


def main():
    program = os.path.abspath(sys.argv[1])
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        for number, case in enumerate(CASES, 1):
            lines = run_case(program, directory, case)
            print(f"{'not ok' if lines else 'ok'} {number} {case[0]}")
            for line in lines:
                print(f"# {line}")
            failed += bool(lines)
    print(f"1..{len(CASES)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
