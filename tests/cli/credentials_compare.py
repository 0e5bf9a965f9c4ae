#!/usr/bin/python3
"""Compares the credentials that gs3 chooses with those of `aws configure export-credentials` (Debian's
awscli 2), on the same files and variables, the services being the simulator's.

    credentials_compare.py PROGRAM URL     PROGRAM: tests/unit/aws/dump_config; URL: of gs3-sim

One TAP line a configuration. The AWS CLI runs inside this process, once a row: starting it forty
times would take the test's minute. Exit 77 when it is not there.
"""
import contextlib
import datetime
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request

HOME = tempfile.mkdtemp(prefix="gs3-credentials.")
os.environ["HOME"] = HOME  # the CLI looks once for its caches, when it is loaded

try:
    from awscli import clidriver
    from awscli.customizations.configure import exportcreds  # noqa: F401
    import botocore.session
    import botocore.utils
except ImportError:
    print("1..0 # SKIP the AWS CLI (2.9 or newer) is not installed")
    sys.exit(77)

URL = sys.argv[2] if len(sys.argv) > 2 else ""
IN_AN_HOUR = (datetime.datetime.utcnow() + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
IN_A_MINUTE = (datetime.datetime.utcnow() + datetime.timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
AN_HOUR_AGO = (datetime.datetime.utcnow() - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def keys(name):
    return f"aws_access_key_id = {name}\naws_secret_access_key = SECRET\n"


def env_keys(name, **more):
    return {"AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": "SECRET", **more}


def process(document):
    """A profile's credential_process that writes `document`."""
    text = document if isinstance(document, str) else json.dumps(document)
    return f"credential_process = printf %s '{text}'\n"


def good(**changes):
    document = {"Version": 1, "AccessKeyId": "PROCESS", "SecretAccessKey": "SECRET"}
    document.update(changes)
    return {name: value for name, value in document.items() if value is not None}


SESSION = (f"[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = us-east-1\n")
SSO = "sso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Operators\n"
LEGACY = ("sso_start_url = https://corp.example/start\nsso_region = us-east-1\n"
          "sso_account_id = 123456789012\nsso_role_name = Operators\n")


def sso_file(key, **changes):
    """The file that `aws sso login` leaves."""
    document = {"startUrl": "https://corp.example/start", "region": "us-east-1",
                "accessToken": "sim-sso-token", "expiresAt": IN_AN_HOUR}
    document.update(changes)
    name = hashlib.sha1(key.encode()).hexdigest()
    return {f".aws/sso/cache/{name}.json": json.dumps(document)}


RENEWABLE = {"clientId": "sim-sso-client", "clientSecret": "sim-sso-client-secret",
             "refreshToken": "sim-sso-refresh", "registrationExpiresAt": IN_AN_HOUR}
SSO_KEY, ECS_KEY, EKS_KEY, IMDS_KEY = ("SIMKEYSSOX0000000004", "SIMKEYECSX0000000009",
                                       "SIMKEYEKSX0000000010", "SIMKEYIMDS0000000008")
ECS = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": URL + "/v2/credentials/ecs"}
EKS = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": URL + "/v1/credentials"}
ROLE_PATH = "/latest/meta-data/iam/security-credentials/Instance"
IMDS = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": URL + "/", "AWS_EC2_METADATA_DISABLED": "false"}


def sso_cached(expiration):
    name = hashlib.sha1(b'{"accountId":"123456789012","roleName":"Operators","sessionName":"corp"}').hexdigest()
    return {f".aws/cli/cache/{name}.json": json.dumps({
        "ProviderType": "sso",
        "Credentials": {"AccessKeyId": "CACHED", "SecretAccessKey": "SECRET", "SessionToken": "TOKEN",
                        "Expiration": expiration}})}


ANY = "any"  # whatever the AWS CLI chooses


ROLE = "role_arn = arn:aws:iam::123456789012:role/Deploy\n"
BASE = ("[base]\naws_access_key_id = SIMKEYUSER0000000001\n"
        "aws_secret_access_key = sim-secret-user-0123456789012345678901\n")
BASE_ENV = {"AWS_ACCESS_KEY_ID": "SIMKEYUSER0000000001",
            "AWS_SECRET_ACCESS_KEY": "sim-secret-user-0123456789012345678901"}


def row(name, expect, config="", credentials="", env=None, profile=None, files=None, faults=(),
        differs=None, role=False):
    """`expect`: the access key that gs3 chooses, None when it finds none, ANY: what the CLI does. `differs`: why the AWS
    CLI does not choose the same. `role`: needs the simulator's AssumeRole."""
    return dict(name=name, expect=expect, config=config, credentials=credentials, env=env or {},
                profile=profile, files=files or {}, faults=faults, differs=differs, role=role)


def D(text):
    return "[default]\n" + text


ROWS = [
    # the environment
    row("nothing at all", None),
    row("the environment", "ENV", env=env_keys("ENV")),
    row("the environment with a token", "ENV", env=env_keys("ENV", AWS_SESSION_TOKEN="TOKEN")),
    row("the environment before the shared file", "ENV", credentials=D(keys("FILE")), env=env_keys("ENV")),
    row("the environment before AWS_PROFILE", "ENV", credentials="[dev]\n" + keys("DEV"),
        env=env_keys("ENV", AWS_PROFILE="dev")),
    row("--profile before the environment", "DEV", credentials="[dev]\n" + keys("DEV"),
        env=env_keys("ENV"), profile="dev"),
    row("--profile before AWS_PROFILE", "DEV", credentials="[dev]\n" + keys("DEV") + "[two]\n" + keys("TWO"),
        env={"AWS_PROFILE": "two"}, profile="dev"),
    row("AWS_PROFILE", "DEV", credentials="[dev]\n" + keys("DEV") + D(keys("FILE")),
        env={"AWS_PROFILE": "dev"}),
    row("AWS_PROFILE before AWS_DEFAULT_PROFILE", "DEV",
        credentials="[dev]\n" + keys("DEV") + "[two]\n" + keys("TWO"),
        env={"AWS_PROFILE": "dev", "AWS_DEFAULT_PROFILE": "two"}),
    row("half a credential in the environment", None, credentials=D(keys("FILE")),
        env={"AWS_ACCESS_KEY_ID": "ENV"}),
    row("the other half in the environment", None, credentials=D(keys("FILE")),
        env={"AWS_SECRET_ACCESS_KEY": "SECRET"}, differs="the CLI looks for the key's id alone"),
    row("the environment before SSO", "ENV", config=D(SSO) + SESSION, env=env_keys("ENV"),
        files=sso_file("corp")),
    row("the environment before a container", "ENV", env={**env_keys("ENV"), **ECS}),
    row("the environment before the instance", "ENV", env={**env_keys("ENV"), **IMDS}),
    # the two files
    row("the shared file", "FILE", credentials=D(keys("FILE"))),
    row("the configuration file", "CONFIG", config=D(keys("CONFIG"))),
    row("the shared file before the configuration file", "FILE", config=D(keys("CONFIG")),
        credentials=D(keys("FILE"))),
    row("half a credential in the shared file", None, config=D(keys("CONFIG")),
        credentials=D("aws_access_key_id = FILE\n")),
    row("half a credential in the configuration file", None, config=D("aws_access_key_id = CONFIG\n")),
    row("a profile that is not there", None, credentials=D(keys("FILE")), profile="nowhere"),
    row("a syntax error", None, config="[default\n" + keys("CONFIG")),
    row("a setting twice", None, credentials=D(keys("FILE") + keys("FILE"))),
    # a process
    row("a process", "PROCESS", config=D(process(good()))),
    row("a process with a token and an expiration", "PROCESS",
        config=D(process(good(SessionToken="TOKEN", Expiration=IN_AN_HOUR)))),
    row("the shared file before a process", "FILE", config=D(process(good())), credentials=D(keys("FILE"))),
    row("a process before the configuration file", "PROCESS", config=D(process(good()) + keys("CONFIG"))),
    row("a process before a container", "PROCESS", config=D(process(good())), env=ECS),
    row("a process in the shared file", "PROCESS", credentials=D(process(good()))),
    row("a process with quotes and a shell's words", "PROCESS",
        config=D('credential_process = "printf" %s%.0s%.0s "' + json.dumps(good()).replace('"', '\\"')
                 + '" "$(id)" \'&&\'\n')),
    row("a process with an open quote", None, config=D("credential_process = printf 'x\n")),
    row("a process that fails", None, config=D("credential_process = false\n")),
    row("a process that is not there", None, config=D("credential_process = /nowhere/at-all x\n")),
    row("a process that writes nothing", None, config=D("credential_process = true\n")),
    row("a process that writes garbage", None, config=D(process("garbage"))),
    row("a process that writes half", None, config=D(process(json.dumps(good())[:-5]))),
    row("a process of another version", None, config=D(process(good(Version=2)))),
    row("a process without a version", None, config=D(process(good(Version=None)))),
    row("a process with half a credential", None, config=D(process(good(SecretAccessKey=None)))),
    row("a process whose credentials have expired", None,
        config=D(process(good(SessionToken="T", Expiration=AN_HOUR_AGO)))),
    row("a process with no time for an expiration", None,
        config=D(process(good(SessionToken="T", Expiration="soon")))),
    # SSO
    row("SSO by a session", SSO_KEY, config=D(SSO) + SESSION, files=sso_file("corp")),
    row("SSO without a session", SSO_KEY, config=D(LEGACY),
        files=sso_file("https://corp.example/start")),
    row("SSO with a time of the CLI's older versions", SSO_KEY, config=D(LEGACY),
        files=sso_file("https://corp.example/start", expiresAt=IN_AN_HOUR[:-1] + "UTC")),
    row("SSO before the shared file", SSO_KEY, config=D(SSO) + SESSION, credentials=D(keys("FILE")),
        files=sso_file("corp")),
    row("SSO before a process", SSO_KEY, config=D(SSO + process(good())) + SESSION, files=sso_file("corp")),
    row("SSO of a named profile", SSO_KEY, config="[profile dev]\n" + SSO + SESSION, profile="dev",
        env=env_keys("ENV"), files=sso_file("corp")),
    row("SSO renews its token", SSO_KEY, config=D(SSO) + SESSION,
        files=sso_file("corp", accessToken="old", expiresAt=AN_HOUR_AGO, **RENEWABLE)),
    row("SSO renews a token that is about to expire", SSO_KEY, config=D(SSO) + SESSION,
        files=sso_file("corp", accessToken="old", expiresAt=IN_A_MINUTE, **RENEWABLE)),
    row("SSO goes on with a token that cannot be renewed but lasts", SSO_KEY, config=D(SSO) + SESSION,
        files=sso_file("corp", expiresAt=IN_A_MINUTE, **{**RENEWABLE, "refreshToken": "spent"})),
    row("SSO with an expired token", None, config=D(SSO) + SESSION,
        files=sso_file("corp", accessToken="old", expiresAt=AN_HOUR_AGO)),
    row("SSO with an expired token and registration", None, config=D(SSO) + SESSION,
        files=sso_file("corp", accessToken="old", expiresAt=AN_HOUR_AGO,
                       **{**RENEWABLE, "registrationExpiresAt": AN_HOUR_AGO})),
    row("SSO without a login, beside the shared file", None, config=D(SSO) + SESSION,
        credentials=D(keys("FILE"))),
    row("SSO with a token that is not accepted", None, config=D(SSO) + SESSION,
        files=sso_file("corp", accessToken="unknown")),
    row("SSO with a role that is not given", None,
        config=D(SSO.replace("Operators", "Admins")) + SESSION, files=sso_file("corp")),
    row("SSO with a token file that is no JSON", None, config=D(SSO) + SESSION,
        files={name: text[:-9] for name, text in sso_file("corp").items()}),
    row("SSO without its section", None, config=D(SSO), files=sso_file("corp")),
    row("SSO whose profile contradicts its section", None,
        config=D(SSO + "sso_region = eu-west-1\n") + SESSION, files=sso_file("corp")),
    row("SSO without a role's name", None,
        config=D(SSO.replace("sso_role_name = Operators\n", "")) + SESSION, files=sso_file("corp")),
    row("SSO without a start URL", None, config=D(LEGACY.replace("sso_start_url", "other")),
        files=sso_file("corp")),
    row("a session of SSO alone gives no credentials", "PROCESS",
        config=D("sso_session = corp\n" + process(good())) + SESSION, files=sso_file("corp")),
    row("SSO by the CLI's cache", "CACHED", config=D(SSO) + SESSION, files=sso_cached(IN_AN_HOUR)),
    row("SSO with a cache that is about to expire", SSO_KEY, config=D(SSO) + SESSION,
        files={**sso_cached(IN_A_MINUTE), **sso_file("corp")}),
    row("SSO with a cache that is no JSON", SSO_KEY, config=D(SSO) + SESSION,
        files={**{name: text[:-9] for name, text in sso_cached(IN_AN_HOUR).items()}, **sso_file("corp")},
        differs="2.9 ends with a KeyError"),
    # a container
    row("a container", ECS_KEY, env=ECS),
    row("the shared file before a container", "FILE", credentials=D(keys("FILE")), env=ECS),
    row("the configuration file before a container", "CONFIG", config=D(keys("CONFIG")), env=ECS),
    row("a container before the instance", ECS_KEY, env={**ECS, **IMDS}),
    row("a container with a token", EKS_KEY, env={**EKS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "sim-pod-token"}),
    row("a container with a token's file", EKS_KEY,
        env={**EKS, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": HOME + "/token"},
        files={"token": "sim-pod-token"}, differs="2.9 does not know the variable"),
    row("a container with a token's file that ends with a line feed", None,
        env={**EKS, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": HOME + "/token"},
        files={"token": "sim-pod-token\n"}),
    row("a container with a wrong token", None,
        env={**EKS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong"}),
    row("a container on a host that is not allowed", None,
        env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.1.1/v2/credentials/ecs"}),
    row("a container with an unknown path", None,
        env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": URL + "/v2/credentials/unknown"}),
    row("a container that answers garbage", None, env=ECS, faults=[{"fault": "garbage"}]),
    row("a container without a token in its answer", None, env=ECS, faults=[{"fault": "missing", "arg": "Token"}]),
    row("a container whose credentials have expired", None,
        env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": URL + "/v2/credentials/old"}),
    # the instance
    row("the instance", IMDS_KEY, env=IMDS),
    row("the instance by settings of the profile", IMDS_KEY,
        config=D(f"ec2_metadata_service_endpoint = {URL}/\nmetadata_service_num_attempts = 2\n"),
        env={"AWS_EC2_METADATA_DISABLED": "false"}),
    row("the instance, with version 1 disabled", IMDS_KEY, config=D("ec2_metadata_v1_disabled = true\n"), env=IMDS),
    row("the shared file before the instance", "FILE", credentials=D(keys("FILE")), env=IMDS),
    row("the instance with --profile", IMDS_KEY, config="[profile dev]\nregion = us-east-1\n", profile="dev",
        env={**IMDS, **env_keys("ENV")}),
    row("the instance, disabled", None, env={**IMDS, "AWS_EC2_METADATA_DISABLED": "TRUE"}),
    row("the instance without a role", None, env=IMDS,
        faults=[{"fault": "status", "arg": "404", "path_prefix": "/latest/meta-data/"}]),
    row("the instance that refuses", None, env=IMDS, faults=[{"fault": "bad-auth"}]),
    row("the instance with version 1 alone", None, env=IMDS,
        faults=[{"fault": "status", "arg": "403", "path_prefix": "/latest/api/"}]),
    row("the instance that answers garbage", None, env=IMDS,
        faults=[{"fault": "garbage", "path_prefix": ROLE_PATH}]),
    row("the instance that answers half", None, env=IMDS, 
        faults=[{"fault": "malformed", "arg": "truncate", "path_prefix": ROLE_PATH}]),
    row("the instance whose role is broken", None, env=IMDS,
        faults=[{"fault": "missing", "arg": "AccessKeyId"}]),
    row("an instance that nobody answers for", None,
        env={"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9/"}),
    row("no address for the instance", None,
        env={"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "not an address"}),
    # roles: the broken ones fail whatever the simulator knows
    row("a role without a source", None, config=D("role_arn = arn:aws:iam::123456789012:role/Deploy\n")),
    row("a role with two sources", None,
        config=D("role_arn = arn:aws:iam::123456789012:role/Deploy\nsource_profile = base\n"
                 "credential_source = Environment\n") + "[profile base]\n" + keys("BASE")),
    row("a role whose source is not there", None,
        config=D("role_arn = arn:aws:iam::123456789012:role/Deploy\nsource_profile = nowhere\n")),
    row("roles in a circle", None,
        config="[profile a]\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = b\n"
               "[profile b]\nrole_arn = arn:aws:iam::123456789012:role/B\nsource_profile = a\n", profile="a"),
    row("a role whose source has half a credential", None,
        config=D("role_arn = arn:aws:iam::123456789012:role/Deploy\nsource_profile = base\n"),
        credentials="[base]\naws_access_key_id = BASE\n"),
    row("a role of an unknown source", None,
        config=D("role_arn = arn:aws:iam::123456789012:role/Deploy\ncredential_source = Moon\n")),
    row("a web identity without its file", None,
        env={"AWS_WEB_IDENTITY_TOKEN_FILE": HOME + "/nowhere",
             "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/Deploy"}),
    # roles that are given
    row("a role with a source profile", ANY, role=True, config=D(ROLE + "source_profile = base\n"),
        credentials=BASE),
    row("a role before the profile's own keys", ANY, role=True,
        config=D(ROLE + "source_profile = base\n"), credentials=BASE + D(keys("FILE"))),
    row("a role whose source is its own profile", ANY, role=True,
        config=D(ROLE + "source_profile = default\n"), credentials=BASE.replace("[base]", "[default]")),
    row("a role of a role", ANY, role=True,
        config=D(ROLE + "source_profile = middle\n") + "[profile middle]\n" + ROLE
        + "source_profile = base\n", credentials=BASE),
    row("a role by the environment", ANY, role=True,
        config=D("region = us-east-1\n") + "[profile dev]\n" + ROLE + "credential_source = Environment\n",
        profile="dev", env=BASE_ENV),
    row("a role by a container", ANY, role=True, config=D(ROLE + "credential_source = EcsContainer\n"),
        env=ECS),
    row("a role by the instance", ANY, role=True,
        config=D(ROLE + "credential_source = Ec2InstanceMetadata\n"), env=IMDS),
    row("a role by SSO", ANY, role=True, differs="2.9 cannot use SSO as a role's source: a trace",
        config=D(ROLE + "source_profile = sso\n") + "[profile sso]\n" + SSO + SESSION,
        files=sso_file("corp")),
    row("a role by a process", ANY, role=True,
        config=D(ROLE + "source_profile = base\n") + "[profile base]\n"
        + process(good(AccessKeyId="SIMKEYUSER0000000001",
                       SecretAccessKey="sim-secret-user-0123456789012345678901"))),
    row("a role with an external id, a session name and a duration", ANY, role=True,
        config=D(ROLE + "source_profile = base\nexternal_id = 42\nrole_session_name = alice\n"
                 "duration_seconds = 900\n"), credentials=BASE),
    row("the environment before a role", "ENV", config=D(ROLE + "source_profile = base\n"),
        credentials=BASE, env=env_keys("ENV")),
    row("a web identity by variables", ANY, role=True, files={"token": "sim-web-token-alice"},
        env={"AWS_WEB_IDENTITY_TOKEN_FILE": HOME + "/token",
             "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/Web"}),
    row("a web identity by a profile", ANY, role=True, files={"token": "sim-web-token-alice"},
        config=D(f"role_arn = arn:aws:iam::123456789012:role/Web\nweb_identity_token_file = {HOME}/token\n")),
]


def reset(case):
    """The files of one row, and the simulator's faults."""
    for entry in os.listdir(HOME):
        path = f"{HOME}/{entry}"
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    files = {".aws/config": case["config"], ".aws/credentials": case["credentials"], **case["files"]}
    for name, text in files.items():
        path = f"{HOME}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
    post("/_sim/reset", b"")
    if case["faults"]:
        post("/_sim/fault", json.dumps(list(case["faults"])).encode())


def post(path, body):
    with urllib.request.urlopen(urllib.request.Request(URL + path, data=body, method="POST")) as answer:
        answer.read()


def environment(case):
    return {"HOME": HOME, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_SSO": URL,
            "AWS_ENDPOINT_URL_SSO_OIDC": URL, "AWS_ENDPOINT_URL_STS": URL,
            "AWS_MAX_ATTEMPTS": "1", **case["env"]}


def teach_endpoints():
    """2.9 does not know the variables yet that say where a service is: the same, at the one place
    where all its clients are made. And a container's retry need not wait here."""
    create = botocore.session.Session.create_client

    def create_client(self, service, *args, **kwargs):
        url = os.environ.get("AWS_ENDPOINT_URL_" + service.upper().replace("-", "_"))
        if url:
            kwargs.setdefault("endpoint_url", url)
        return create(self, service, *args, **kwargs)

    botocore.session.Session.create_client = create_client
    botocore.utils.ContainerMetadataFetcher.SLEEP_TIME = 0


def by_aws(case):
    data = os.environ.get("AWS_DATA_PATH", "")  # the CLI's own, set when it was loaded
    os.environ.clear()
    os.environ.update(environment(case), AWS_DATA_PATH=data)
    output, errors = io.StringIO(), io.StringIO()
    command = ["configure", "export-credentials"] + (["--profile", case["profile"]] if case["profile"] else [])
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            status = clidriver.create_clidriver().main(command)
    except Exception as error:  # what the CLI does not catch ends it with a trace
        return None, repr(error)
    if status != 0:
        return None, errors.getvalue().strip()
    return json.loads(output.getvalue())["AccessKeyId"], "chosen"


def by_gs3(program, case):
    command = [program] + ([case["profile"]] if case["profile"] else [])
    output = subprocess.run(command, env=environment(case), capture_output=True, check=True,
                            timeout=60).stdout
    result = json.loads(output)
    if "access_key" in result:
        return result["access_key"], "by " + result["provider"]
    return None, result.get("credentials_error") or result["error"]


def of_role(case, result):
    """A session's key is another one each time: its role stands for it, and what it was asked with."""
    if not case["role"] or not result[0]:
        return result
    with urllib.request.urlopen(URL + "/_sim/sessions") as answer:
        for session in json.load(answer):
            if session["key"] == result[0]:
                name = session["arn"].rsplit("/", 1)
                made_up = name[1].startswith(("gs3-session-", "botocore-session-"))
                return name[0] + ("" if made_up else "/" + name[1]), result[1]
    return None, f"{result[0]} is no session"


def problems(case, ours, theirs):
    lines = []
    expect = case["expect"]
    if (ours[0] is None) if expect is ANY else ours[0] != expect:
        lines.append(f"gs3: {ours[0]} instead of {expect}: {ours[1]}")
    if ours[0] is None and (not ours[1] or "\n" in ours[1]):
        lines.append(f"gs3 does not say why in one line: {ours[1]!r}")
    if case["differs"] is None and theirs[0] != ours[0]:
        lines.append(f"gs3: {ours[0]}, {ours[1]}; aws: {theirs[0]}, {theirs[1]}")
    if case["differs"] is not None and theirs[0] == ours[0]:
        lines.append(f"the AWS CLI does the same after all: \"{case['differs']}\" is not true")
    return lines


def main():
    program = os.path.abspath(sys.argv[1])
    failed = 0
    teach_endpoints()
    for number, case in enumerate(ROWS, 1):
        reset(case)
        ours = of_role(case, by_gs3(program, case))
        reset(case)
        theirs = of_role(case, by_aws(case))
        lines = problems(case, ours, theirs)
        print(f"{'not ok' if lines else 'ok'} {number} {case['name']}: {ours[0] or ours[1]}")
        for line in lines:
            print(f"# {line}")
        failed += bool(lines)
    print(f"1..{len(ROWS)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
