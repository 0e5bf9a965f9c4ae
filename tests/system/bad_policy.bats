#!/usr/bin/env bats
# A policy that is missing, broken, ambiguous or hostile is no policy: status 5, one line with its
# file, line and column, at once, and nobody is asked. And the system's policy: locked it stands
# alone, unlocked both must allow.

# Names of the libraries, which read and set them; each test is a subshell; `${…}` in a policy is
# to stay as it is.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031,SC2016
load lib/common
load lib/faults

setup()
{
    sim_reset
    fault_start
    policy=$BATS_TEST_TMPDIR/policy.yaml
    good=$BATS_TEST_TMPDIR/good.yaml
    cp "$policy" "$good"
}

teardown()
{
    end_stall
    [[ -z ${system_made:-} ]] || rm -rf "$GS3_SYSCONFDIR/gs3"
}

# invalid CASE PATTERN [POLICY]: the policy is refused with 5 in less than a second, naming PATTERN.
invalid()
{
    fault_run mv up.txt s3://prod-data/x --ticket CHG0030001 --purpose 'a good purpose' \
        --policy "${3:-$policy}"
    failed "$1" 5 "$2" || return 1
    ((fault_ms < 2000)) || fault_fail "took $fault_ms ms"
}

# text CASE PATTERN: the policy from standard input.
text()
{
    cat >"$policy"
    invalid "$1" "$2"
}

# edited CASE PATTERN SED_SCRIPT: the good policy, changed.
edited()
{
    sed "$3" "$good" >"$policy"
    ! cmp -s "$policy" "$good" || { printf '%s: nothing was changed\n' "$1"; return 1; }
    invalid "$1" "$2"
}

nobody_asked()
{
    nothing_moved || return 1
    assert_equal "$(requests_since "$fault_mark" | grep ' gs3/')" '' 'requests to S3'
    assert_equal "$(sim_requests)" '' 'requests to the ticket systems'
}

PLACE='policy[.]yaml:[0-9]+:[0-9]+: '

@test "no policy at all, or none at that path" {
    GS3T_ENV=("${GS3T_ENV[@]/GS3_POLICY=*/NOTHING=}")
    fault_run mv up.txt s3://prod-data/x --ticket CHG0030001 --purpose 'a good purpose'
    failed 'no policy' 5 'no policy: install .*/gs3/policy[.]yaml, or name one with --policy'
    invalid missing "$BATS_TEST_TMPDIR/none.yaml: .*No such file" "$BATS_TEST_TMPDIR/none.yaml"
    invalid empty-name '.' ' '
    invalid under-a-file 'Not a directory' "$good/x"
    ln -s nowhere "$BATS_TEST_TMPDIR/dangling"
    invalid dangling 'No such file' "$BATS_TEST_TMPDIR/dangling"
    ln -s loop "$BATS_TEST_TMPDIR/loop"
    invalid loop 'symbolic links' "$BATS_TEST_TMPDIR/loop"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    invalid fifo 'regular file' "$BATS_TEST_TMPDIR/fifo"
    invalid device 'regular file' /dev/zero
    invalid stdin 'No such file|regular file' /dev/fd/9
    if [[ $(id -u) == 0 ]]; then
        GS3T_WRAP=(setpriv '--bounding-set=-dac_override,-dac_read_search' --inh-caps=-all --)
        "${GS3T_WRAP[@]}" true 2>/dev/null || GS3T_WRAP=()
    fi
    chmod 000 "$policy"
    [[ $(id -u) == 0 && ${#GS3T_WRAP[@]} == 0 ]] || invalid unreadable 'Permission denied'
    chmod 600 "$policy"
    nobody_asked
}

@test "what is no YAML, or no policy: the place" {
    : | text empty 'policy[.]yaml'
    text 'a word' "$PLACE" <<<'allow'
    text 'a list' "$PLACE" <<<'- allow'
    text comment 'policy[.]yaml' <<<'# nothing'
    text tabs "$PLACE" <<<$'apiVersion: gs3/v1\n\tserial: 1'
    text 'open quote' "$PLACE" <<<'apiVersion: "gs3/v1'
    text 'open bracket' "$PLACE" <<<'endpoints: [a, b'
    text indentation "$PLACE" <<<$'apiVersion: gs3/v1\n  serial: 1'
    text json-like "$PLACE" <<<'{"apiVersion": "gs3/v1", "serial": 1'
    edited 'no apiVersion' 'apiVersion' '/^apiVersion/d'
    edited 'another apiVersion' "$PLACE.*apiVersion" 's|gs3/v1|gs3/v2|'
    edited 'no serial' 'serial' '/^serial/d'
    edited 'a serial that is none' "$PLACE.*serial" 's|^serial: 1|serial: one|'
    edited 'a negative serial' "$PLACE.*serial" 's|^serial: 1|serial: -1|'
    edited 'no environments' 'environments' '/^environments:/,$d'
    nobody_asked
}

@test "what YAML allows and a policy does not" {
    edited 'duplicate key' "$PLACE.*(twice|duplicate)" 's|^serial: 1|&\nserial: 2|'
    edited 'an environment twice' "$PLACE.*(twice|duplicate)" 's|^  staging:|  production:|'
    edited anchor "$PLACE" 's|^endpoints:|endpoints: \&a|'
    edited alias "$PLACE" 's|risk-level: .*|risk-level: *a|'
    edited 'merge key' "$PLACE" 's|extends: nonproduction|<<: *nonproduction|'
    edited tag "$PLACE" 's|^serial: 1|serial: !!int 1|'
    edited 'tag of a class' "$PLACE" 's|^serial: 1|serial: !!python/object/apply:os.system [id]|'
    edited 'second document' "$PLACE" '$a\---\napiVersion: gs3/v1'
    edited directive "$PLACE" '1i %TAG ! tag:evil,2000:\n---'
    edited 'unknown key' "$PLACE.*\"?allow_all" 's|^serial: 1|&\nallow_all: true|'
    edited 'unknown key of an environment' "$PLACE.*approved" 's|    governance_level: high|&\n    approved: [yes]|'
    edited 'key in another case' "$PLACE" 's|^serial|Serial|'
    edited 'Norway' "$PLACE.*locked" 's|^serial: 1|&\nlocked: no|'
    edited 'yes for true' "$PLACE" 's|required: true|required: yes|'
    edited 'octal' "$PLACE" 's|^serial: 1|serial: 0o17|'
    edited 'a null' "$PLACE" 's|^serial: 1|serial: ~|'
    edited 'an expansion' "$PLACE" 's|^serial: 1|serial: ${SERIAL}|'
    printf 'apiVersion: gs3/v1\nserial: 1\nx: "a\\0b"\n' | text NUL "$PLACE"
    printf 'apiVersion: gs3/v1\nserial: 1\n\0' | text 'a NUL byte' 'policy[.]yaml'
    printf 'apiVersion: gs3/v1\nserial: 1 # \xff\n' | text 'no UTF-8' 'policy[.]yaml'
    iconv -f UTF-8 -t UTF-16 "$good" | text UTF-16 'policy[.]yaml'
    edited 'bidi control' "$PLACE" 's|name: jira|name: "ji\xe2\x80\xaera"|'
    nobody_asked
}

@test "rules that say nothing, or two things" {
    edited 'no ticket_for' "$PLACE.*ticket_for" '/^  production:/,/^  staging:/{/ticket_for/d}'
    edited 'no match' "$PLACE.*match" '/^  staging:/,/^  development:/{/match/d}'
    edited 'empty match' "$PLACE" 's|match: \[{bucket: "staging-\*"}\]|match: []|'
    edited 'no governance_level' "$PLACE.*governance_level" 's|governance_level: high|description: high|'
    edited 'unknown action' "$PLACE" 's|ticket_for: \[read, write, delete\]|ticket_for: [read, right]|'
    edited 'unknown system' "$PLACE" 's|system: cab|system: cap|'
    edited 'unknown template' "$PLACE" 's|extends: nonproduction|extends: none|'
    edited 'unknown state' "$PLACE" 's|state: \[[a-z, ]*\]|state: [done]|'
    edited 'a bad pattern' "$PLACE" 's|pattern: "^CHG.*|pattern: "^CHG[0-9"|'
    edited 'two globs of one rank' "$PLACE.*" 's|"staging-\*"|"prod-*"|'
    edited 'globs that overlap' "$PLACE.*" 's|{bucket: "staging-\*"}|{bucket: "prod?*"}, {bucket: "*-data"}|'
    edited 'a prefix with a glob' "$PLACE" 's|prefix: live/|prefix: "live*"|'
    edited 'a URL in the clear' "$PLACE.*https" "s|url: http.*|url: http://acme.service-now.com|"
    edited 'an endpoint of AWS' "$PLACE" 's|^endpoints:|&\n  - https://s3.amazonaws.com|'
    edited 'an endpoint with a path' "$PLACE" 's|^endpoints:|&\n  - https://s3.example/prod-data|'
    edited 'a command in a user policy' "$PLACE.*only in the system policy" \
        's|{env: SN_PASSWORD}|{command: [/bin/echo, x]}|'
    edited 'a file in a user policy' "$PLACE.*only in the system policy" \
        's|{env: SN_PASSWORD}|{file: /etc/hostname}|'
    edited 'locked in a user policy' "$PLACE.*locked" 's|^serial: 1|&\nlocked: true|'
    edited 'a reserved metadata key' "$PLACE" 's|metadata_key: jira-ticket-id|metadata_key: gs3-decision|'
    nobody_asked
}

@test "deep, wide, long, and built to explode: milliseconds" {
    {
        printf 'apiVersion: gs3/v1\nserial: 1\nx: '
        head -c 33 /dev/zero | tr '\0' '['
        head -c 33 /dev/zero | tr '\0' ']'
    } | text '33 levels' 'policy[.]yaml'
    { printf 'x: '; head -c 40000 /dev/zero | tr '\0' '['; } | text '40,000 levels' 'policy[.]yaml'
    for ((i = 0; i < 250; i++)); do printf '%*s- \n' "$i" ''; done | text 'levels by indentation' 'policy[.]yaml'
    { for ((i = 0; i < 6000; i++)); do printf 'a%d: &a%d x\n' "$i" "$i"; done; } | text '6,000 anchors' 'policy[.]yaml'
    head -c 40000 /dev/zero | tr '\0' '&' | text '40,000 ampersands' 'policy[.]yaml'
    {
        printf 'a: &a [x,x,x,x,x,x,x,x,x]\n'
        for c in b c d e f g h i; do printf '%s: &%s [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n' "$c" "$c"; done
    } | text 'a billion laughs' 'policy[.]yaml'
    { cat "$good"; head -c 70000 /dev/zero | tr '\0' '#'; } | text 'over 64 KiB' 'larger than 64 KiB'
    head -c 60000 /dev/zero | tr '\0' '?' | text 'question marks' 'policy[.]yaml'
    for ((i = 0; i < 9000; i++)); do printf 'k%d:\n' "$i"; done | text 'many keys' 'policy[.]yaml'
    { printf '"'; head -c 60000 /dev/zero | tr '\0' a; printf '": 1\n'; } | text 'a long key' 'policy[.]yaml'
    edited 'a pattern that explodes' "$PLACE" 's|pattern: "^CHG.*|pattern: "^((((a{1,99}){1,99}){1,99}){1,99})$"|'
    nobody_asked
}

@test "a directory of policies" {
    local dir=$BATS_TEST_TMPDIR/policy.d
    mkdir "$dir"
    invalid empty 'has no [*].yaml or [*].yml file' "$dir"
    cp "$good" "$dir/README"
    cp "$good" "$dir/.hidden.yaml"
    cp "$good" "$dir/policy.yaml~"
    invalid 'no policy by its name' 'has no [*].yaml or [*].yml file' "$dir"
    cp "$good" "$dir/a.yaml"
    fault_run cp up.txt s3://prod-data/x --ticket CHG0030001 --purpose 'a good purpose' --policy "$dir"
    fault_case='one file'
    [[ $status == 0 ]] || fault_fail 'not done'
    s3write delete prod-data x
    fault_mark=$(requests_mark)
    printf 'apiVersion: gs3/v1\nserial: 1\n' >"$dir/b.yaml"
    invalid 'two serials' 'serial' "$dir"
    printf 'apiVersion: gs3/v1\nenvironments:\n  staging:\n    match: [{bucket: "other-*"}]\n    governance_level: standard\n    ticket_for: []\n' >"$dir/b.yaml"
    invalid 'a name twice' 'b[.]yaml:[0-9]+:[0-9]+: .*staging.*(twice|a[.]yaml)' "$dir"
    printf 'apiVersion: gs3/v1\nenvironments:\n  loose:\n    match: [{bucket: "prod-*"}]\n    governance_level: standard\n    ticket_for: []\n' >"$dir/b.yaml"
    invalid 'a bucket twice' '[ab][.]yaml:[0-9]+:[0-9]+: ' "$dir"
    printf 'apiVersion: gs3/v1\nenvironments:\n  loose:\n    match: [{bucket: "prod-data"}]\n    governance_level: standard\n    ticket_for: [}\n' >"$dir/b.yaml"
    invalid 'a broken one' 'b[.]yaml:[0-9]+:[0-9]+: ' "$dir"
    rm "$dir/b.yaml"
    ln -s nowhere "$dir/b.yaml"
    invalid 'a dangling link' 'b[.]yaml' "$dir"
    rm "$dir/b.yaml"
    mkfifo "$dir/b.yaml"
    invalid 'a FIFO' 'regular file' "$dir"
    rm "$dir/b.yaml"
    for ((i = 0; i < 65; i++)); do printf 'apiVersion: gs3/v1\n' >"$dir/x$i.yaml"; done
    invalid 'too many' 'more than 64 policy files' "$dir"
    nothing_moved
}

# system_policy: the system's policy from standard input, or a skip. Not in a pipe: it would be
# forgotten what to remove.
system_policy()
{
    [[ -n ${GS3_SYSCONFDIR:-} ]] || skip 'GS3_SYSCONFDIR does not name the sysconfdir of the build'
    [[ ! -e $GS3_SYSCONFDIR/gs3 || -n ${system_made:-} ]] || skip "$GS3_SYSCONFDIR/gs3 is in use"
    mkdir -p "$GS3_SYSCONFDIR/gs3" 2>/dev/null || skip "$GS3_SYSCONFDIR cannot be written"
    system_made=1
    cat >"$GS3_SYSCONFDIR/gs3/policy.yaml"
}

# The system's rules: a purpose of its own, no ticket; its ticket systems could not be loopback's.
system_text()
{
    cat <<POLICY
apiVersion: gs3/v1
serial: 7
$1
endpoints: [$GS3T_S3_HTTP]
environments:
  production:
    match: [{bucket: "prod-*"}]
    governance_level: high
    ticket_for: []
    identity: {source: os}
    metadata:
      purpose: {required: true, min_length: 12}
POLICY
}

moved_by() { fault_run mv up.txt s3://prod-data/x --ticket CHG0030001 "$@"; }

@test "a locked system policy stands alone: no --policy, no GS3_POLICY" {
    system_policy < <(system_text 'locked: true')
    moved_by --purpose 'a good long purpose'
    failed GS3_POLICY 5 "$GS3_SYSCONFDIR/gs3/policy.yaml is locked: --policy and GS3_POLICY are refused"
    moved_by --purpose 'a good long purpose' --policy "$good"
    failed --policy 5 'is locked'
    moved_by --purpose 'a good long purpose' --policy "$GS3_SYSCONFDIR/gs3/policy.yaml"
    failed 'its own path' 5 'is locked'
    with GS3_POLICY= moved_by --purpose 'a good long purpose' --policy ''
    [[ $status != 0 ]] || fault_fail 'an empty --policy'
    nobody_asked
    GS3T_ENV=("${GS3T_ENV[@]/GS3_POLICY=*/NOTHING=}")
    fault_run mv up.txt s3://prod-data/x --purpose 'too short'
    failed 'its rules' 3 "$GS3_SYSCONFDIR/gs3/policy.yaml:[0-9]+: production/metadata/purpose"
    fault_run mv up.txt s3://staging-data/x --purpose 'a good long purpose'
    failed 'its environments' 3 'is in no environment of'
    fault_run cp up.txt s3://prod-data/x --purpose 'a good long purpose'
    fault_case=alone
    [[ $status == 0 ]] || fault_fail 'not done'
}

@test "an unlocked system policy and the user's: both must allow, and both are named" {
    local digests
    system_policy < <(system_text '')
    moved_by --purpose 'too short'
    failed "the system's rule" 3 "$GS3_SYSCONFDIR/gs3/policy.yaml:[0-9]+: production/metadata/purpose"
    fault_run mv up.txt s3://prod-data/x --purpose 'a good long purpose'
    failed "the user's rule" 3 'policy.yaml:[0-9]+: production/tickets: .*needs a ticket'
    fault_ticket=CHG0030003
    fault_run mv up.txt s3://prod-data/x --ticket CHG0030003 --purpose 'a good long purpose'
    failed "the user's ticket" 3 "$policy:[0-9]+: production/change-request"
    fault_run mv up.txt s3://staging-data/x --ticket OPS-2 --purpose 'a good long purpose' --department x
    failed "a bucket that the system's does not know" 3 "in no environment of $GS3_SYSCONFDIR/gs3/policy.yaml"
    # A policy of the user's that allows everything loosens nothing.
    sed -e 's/ticket_for: .*/ticket_for: []/' -e 's/purpose: {.*/purpose: {required: true}/' "$good" >"$policy"
    fault_run mv up.txt s3://prod-data/x --purpose 'too short'
    failed 'a loose one' 3 "$GS3_SYSCONFDIR/gs3/policy.yaml:[0-9]+: production/metadata/purpose"
    nothing_moved
    cp "$good" "$policy"
    fault_run cp up.txt s3://prod-data/x --ticket CHG0030001 --purpose 'a good long purpose'
    fault_case='both allow'
    [[ $status == 0 ]] || fault_fail 'not done'
    digests=$(sha256 "$GS3_SYSCONFDIR/gs3/policy.yaml" | cut -c 1-12)+$(sha256 "$policy" | cut -c 1-12)
    assert_equal "$(head_metadata prod-data x | jq -r '[."gs3-policy", ."change-request-id"] | join(" ")')" \
        "$digests CHG0030001"
}

@test "a system policy that is broken, doubled, or asks this machine for tickets stops everything" {
    system_policy <<<'locked: [}'
    moved_by --purpose 'a good long purpose'
    failed broken 5 "$GS3_SYSCONFDIR/gs3/policy.yaml:[0-9]+:[0-9]+: "
    system_policy <"$good"
    moved_by --purpose 'a good long purpose'
    failed loopback 5 "$GS3_SYSCONFDIR/gs3/policy.yaml:[0-9]+:[0-9]+: .*is on this machine"
    system_policy < <(system_text '')
    mkdir "$GS3_SYSCONFDIR/gs3/policy.d"
    moved_by --purpose 'a good long purpose'
    failed both 5 'policy.yaml and .*policy.d are both there: keep one'
    rm "$GS3_SYSCONFDIR/gs3/policy.yaml"
    moved_by --purpose 'a good long purpose'
    failed 'an empty policy.d' 5 'has no [*].yaml or [*].yml file'
    rmdir "$GS3_SYSCONFDIR/gs3/policy.d"
    ln -s nowhere "$GS3_SYSCONFDIR/gs3/policy.yaml"
    moved_by --purpose 'a good long purpose'
    failed 'a dangling link' 5 'policy.yaml'
    nobody_asked
}

@test "a system policy's file and command credentials are for root's files alone" {
    [[ $(id -u) == 0 ]] || skip 'only root can make files of root'
    system_policy < <(system_text 'ticket_systems: {cab: {type: servicenow, url: "https://cab.invalid", credentials: {username: {env: SN_USERNAME}, password: {command: [/bin/echo, x]}}}}')
    chmod 666 "$GS3_SYSCONFDIR/gs3/policy.yaml"
    moved_by --purpose 'a good long purpose'
    failed 'writable by others' 5 'only root can write'
    chmod 644 "$GS3_SYSCONFDIR/gs3/policy.yaml"
    chown 65534 "$GS3_SYSCONFDIR/gs3/policy.yaml"
    moved_by --purpose 'a good long purpose'
    failed "another's file" 5 'belongs to root'
    nothing_moved
    chown 0 "$GS3_SYSCONFDIR/gs3/policy.yaml"
    fault_run cp up.txt s3://prod-data/x --ticket CHG0030001 --purpose 'a good long purpose'
    fault_case="root's"
    [[ $status == 0 ]] || fault_fail 'not done'
}
