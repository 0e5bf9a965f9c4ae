# What people read is true: options, examples, policies, links and generated files.
# GS3 names the program, top_srcdir the source directory. Nothing here uses the network: every example
# meets a policy that refuses it before anyone is asked.
# shellcheck shell=bash disable=SC2001,SC2016,SC2034,SC2154 # bats sets status, output, stderr

load ../system/lib/trace

setup_file() {
    bats_require_minimum_version 1.5.0
    : "${GS3:?GS3 names the gs3 program}"
    export top_srcdir="${top_srcdir:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
    export DIR="$BATS_FILE_TMPDIR"
    mkdir "$DIR/home" "$DIR/work" "$DIR/bin"
    write_refusing_policy >"$DIR/refusing.yaml"
    write_wrapper >"$DIR/bin/gs3"
    chmod +x "$DIR/bin/gs3"
}

setup() {
    cd "$DIR/work" || return 1
    unset "${!GS3_@}" "${!AWS_@}" "${!SN_@}" "${!SERVICENOW_@}" "${!JIRA_@}" CI NETRC
    unset http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
    export HOME="$DIR/home" AWS_REGION=eu-central-1
}

# Every bucket needs a ticket that no example has; the systems are those that the examples name.
write_refusing_policy() {
    cat <<'YAML'
apiVersion: gs3/v1
serial: 1
ticket_systems:
  cab: {type: servicenow, url: "https://acme.service-now.com"}
  helpdesk: {type: servicenow, url: "https://acme.service-now.com"}
  jira: {type: jira, url: "https://acme.atlassian.net"}
environments:
  everything:
    match: [{bucket: "*"}]
    governance_level: high
    ticket_for: [read, write, delete]
    tickets:
      - {name: never, system: cab, pattern: "NEVER[0-9]+", active: true, metadata_key: ticket-id}
YAML
}

# In front of the program on PATH: the examples' own words, but refused, and with the status noted.
write_wrapper() {
    cat <<'SH'
#!/usr/bin/env bash
extra=() asks=()
for word in "$@"; do
    case $word in
    # It would ask servers: its words are read, and no more.
    doctor) asks=(--help) ;;
    cp | mv | put) extra=(--dryrun --policy "$DIR/refusing.yaml") ;;
    --help) extra=(); break ;;
    esac
done
for word in "$@"; do
    [[ $word =~ ^[a-z-]+\.(txt|tar|csv)$ && ! -e $word ]] && : >"$word"
done
# The refusing policy, also where the example names a policy of its own: the last one counts.
"$GS3" "$@" "${extra[@]}" "${asks[@]}"
status=$?
echo "$status ${extra[0]:-none} gs3 $*" >>"$DIR/statuses"
exit "$status"
SH
}

pages() {
    find "$top_srcdir/man" -name '*.[0-9]' | sort
}

documents() {
    find "$top_srcdir"/{README,CHANGELOG,CONTRIBUTING}.md "$top_srcdir/docs" -name '*.md' | sort
}

# The fenced blocks of LANGUAGE in a document: the text of one, up to a NUL.
fenced() { # LANGUAGE FILE
    awk -v start="\`\`\`$1" '
        inside && /^```/ { inside = 0; printf "%c", 0; next }
        inside { print }
        $0 == start { inside = 1 }' "$2"
}

# The literal blocks of a manual page, as they are shown.
literal() { # FILE
    awk '/^\.Bd -literal/ { inside = 1; next }
         /^\.Ed/ { if (inside) printf "%c", 0; inside = 0; next }
         inside { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print }' "$1"
}

# Lines that begin with "$ " and run gs3, whole: a backslash at the end goes on.
commands() {
    awk '{ sub(/\r$/, "") }
         more { line = line "\n" $0 }
         !more && /^\$ / { line = substr($0, 3); more = 1 }
         more && !/\\$/ { more = 0; if (line ~ /(^|[|&;] *)(export|gs3) /) printf "%s%c", line, 0 }'
}

help_options() {
    "$GS3" "$@" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | sort
}

# What a page gives an entry of its own.
page_options() {
    sed -n 's/^\.It Fl Fl \([a-z-]*\).*/--\1/p' "$1" | sort
}

same() { # WHAT WANTED GOT
    diff -u --label "$1: wanted" --label "$1: found" <(echo "$2") <(echo "$3")
}

# ------------------------------------------------------------------ manual pages

@test "the manual pages pass mandoc's lint" {
    command -v mandoc >/dev/null || skip "mandoc is not installed"
    # shellcheck disable=SC2046 # names without blanks
    run mandoc -T lint -W warning $(pages)
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "every option of a command stands in its manual page, and the reverse" {
    for command in cp mv put doctor "policy export" "policy lint"; do
        # shellcheck disable=SC2086 # one word or two
        same "gs3-${command/ /-}(1)" "$(help_options $command)" \
            "$(page_options "$top_srcdir/man/gs3-${command/ /-}.1")"
    done
    same "gs3(1)" "$(help_options)" "$(page_options "$top_srcdir/man/gs3.1")"
}

@test "every command has a page, or an entry in gs3(1)" {
    "$GS3" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p' >"$DIR/commands"
    [ -s "$DIR/commands" ]
    while read -r command; do
        grep -q "^\.It Ic $command\>" "$top_srcdir/man/gs3.1"
    done <"$DIR/commands"
}

@test "every variable that stands for an option is named in the manual pages" {
    for command in cp mv put doctor "policy export"; do
        # shellcheck disable=SC2086 # one word or two
        "$GS3" $command --help | sed -n 's/.* (\([A-Z0-9_]*\))$/\1/p' >"$DIR/variables"
        [ -s "$DIR/variables" ]
        while read -r variable; do
            grep -q "^\.Ev $variable" "$top_srcdir/man/gs3-${command/ /-}.1"
            grep -q "^\.It Ev.* $variable\>" "$top_srcdir/man/gs3.1"
        done <"$DIR/variables"
    done
}

@test "no manual page speaks of an option that does not exist" {
    { help_options && help_options cp && help_options doctor && help_options policy export; } | sort -u >"$DIR/known"
    for page in $(pages); do
        grep -oE '\<Fl Fl [a-z-]+' "$page" | sed 's/^Fl Fl /--/' | sort -u | while read -r option; do
            grep -qxF -e "$option" "$DIR/known" || { echo "$page: $option"; false; }
        done
    done
}

# The words of every array of that name in the policy's sources.
words_of() { # ARRAY
    cat "$top_srcdir"/src/policy/*.c | awk -v array="$1" '
        $0 ~ "[ *]" array "\\[\\] = \\{" || (array == "sections" && /^} sections\[\] = /) { inside = 1; sub(/.*= /, "") }
        inside { print }
        inside && /};/ { inside = 0 }' | grep -oE '"[A-Za-z_-]+"' | tr -d '"' | sort -u
}

@test "every key of a policy is described in gs3-policy(5)" {
    for array in keys names kinds sections; do
        words=$(words_of "$array")
        [ -n "$words" ]
        for word in $words; do
            grep -qE "^\.(It )?Ic .*\<$word\>" "$top_srcdir/man/gs3-policy.5" ||
                { echo "gs3-policy(5) lacks $word"; false; }
        done
    done
}

@test "every word that a condition takes is described in gs3-policy(5)" {
    for array in change_states task_states servicenow_approvals jira_approvals status_categories \
        windows operators levels sources system_types servicenow_tables; do
        words=$(words_of "$array")
        [ -n "$words" ]
        for word in $words; do
            grep -qE "^\.(It )?(Ic|Cm|Ql) .*\<$word\>" "$top_srcdir/man/gs3-policy.5" ||
                { echo "gs3-policy(5) lacks $word"; false; }
        done
    done
}

@test "every governance key is described in gs3-policy(5)" {
    words=$(words_of table_keys)
    [ -n "$words" ]
    for word in $words gs3-policy gs3-decision gs3-previous gs3-test source-environment; do
        grep -qE "^\.(It|Ic|Ql) .*\<$word\>|^\.Ic .*$word" "$top_srcdir/man/gs3-policy.5" ||
            { echo "gs3-policy(5) lacks $word"; false; }
    done
}

@test "the README and gs3(1) have the same exit statuses" {
    page=$(sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It \([0-9]*\)$/\1/p' "$top_srcdir/man/gs3.1")
    readme=$(sed -n '/^## Exit statuses/,/^## /s/^| \([0-9]*\) |.*/\1/p' "$top_srcdir/README.md")
    [ -n "$page" ]
    same "exit statuses" "$page" "$readme"
}

# ------------------------------------------------------------------ examples

run_examples() { # WHAT: commands on standard input, NUL between them
    local command wanted status kind rest count=0
    cp "$top_srcdir/policies/example.yaml" policy.yaml # what the examples of gs3 policy read
    : >"$DIR/statuses"
    while IFS= read -r -d '' command; do
        # shellcheck disable=SC2016 # for the inner shell
        PATH="$DIR/bin:$PATH" S3=https://s3.example.com timeout 60 \
            bash -c "$command" </dev/null >"$DIR/example.out" 2>&1 || true
    done
    while read -r status kind rest; do
        count=$((count + 1))
        wanted=0
        [ "$kind" = none ] || wanted=3
        if [ "$status" != "$wanted" ]; then
            echo "$1: status $status, $wanted was expected: $rest"
            return 1
        fi
    done <"$DIR/statuses"
    echo "$count" >"$DIR/count"
}

@test "the examples of the manual pages run up to the refusal" {
    for page in $(pages); do
        literal "$page" | tr '\0' '\n' | commands | run_examples "$page"
        [ "$(cat "$DIR/count")" -gt 0 ]
    done
}

@test "the examples of the documents run up to the refusal" {
    total=0
    for document in $(documents); do
        fenced console "$document" | tr '\0' '\n' | commands | run_examples "$document"
        total=$((total + $(cat "$DIR/count")))
    done
    [ "$total" -ge 3 ]
}

# ------------------------------------------------------------------ policies

# A bucket that no policy names: a policy that loads refuses it with 3, one that does not is a 5.
loads() { # PATH WHAT
    touch probe.txt
    run -3 --separate-stderr "$GS3" cp probe.txt s3://zz.in-no-policy/probe.txt --dryrun --policy "$1"
    if [[ "$stderr" != *"is in no environment of"* ]]; then
        printf '%s: %s\n' "$2" "$stderr"
        return 1
    fi
}

# A part of a policy is completed: sections of the top beside what they may refer to, keys of an
# environment within one.
complete() { # DIRECTORY: a block on standard input
    local block first
    block=$(cat)
    first=$(grep -m1 -oE '^[A-Za-z_]+:' <<<"$block" || true)
    mkdir -p "$1"
    case $first in
    apiVersion:) printf '%s\n' "$block" >"$1/block.yaml" && return ;;
    ticket_systems: | templates: | environments: | endpoints:)
        printf 'apiVersion: gs3/v1\n%s\n' "$block" >"$1/block.yaml" ;;
    tickets: | metadata: | identity: | session: | tags: | limits: | delete:)
        {
            printf 'apiVersion: gs3/v1\nenvironments:\n  part:\n    match: [{bucket: part}]\n'
            printf '    governance_level: high\n    ticket_for: []\n'
            sed 's/^/    /' <<<"$block"
        } >"$1/block.yaml" ;;
    *) return 1 ;;
    esac
    {
        printf 'apiVersion: gs3/v1\nserial: 1\n'
        printf 'environments:\n  beside:\n    match: [{bucket: beside}]\n'
        printf '    governance_level: high\n    ticket_for: []\n'
        [ "$first" = ticket_systems: ] || sed -n '/^ticket_systems:/,/^environments:/{/^environments:/d;p}' \
            "$DIR/refusing.yaml"
    } >"$1/beside.yaml"
}

check_blocks() { # WHAT: blocks on standard input, NUL between them
    local block count=0
    while IFS= read -r -d '' block; do
        grep -qE '^(apiVersion|ticket_systems|templates|environments|endpoints|tickets|metadata|'\
'identity|session|tags|limits|delete):' <<<"$block" || continue
        count=$((count + 1))
        rm -rf "$DIR/policy"
        complete "$DIR/policy" <<<"$block"
        loads "$DIR/policy" "$1, policy $count"
    done
    echo "$count" >"$DIR/count"
}

@test "every policy and part of one in the documents loads" {
    total=0
    for document in $(documents); do
        fenced yaml "$document" | check_blocks "$document"
        total=$((total + $(cat "$DIR/count")))
        # A fenced yaml block that is no policy would not be tested.
        same "$document" "$(fenced yaml "$document" | tr -cd '\0' | wc -c)" "$(cat "$DIR/count")"
    done
    [ "$total" -ge 8 ]
}

@test "every policy and part of one in the manual pages loads" {
    literal "$top_srcdir/man/gs3-policy.5" | check_blocks "gs3-policy(5)"
    [ "$(cat "$DIR/count")" -ge 5 ]
}

@test "every policy to begin with loads" {
    shopt -s nullglob
    policies=("$top_srcdir"/policies/*.yaml)
    [ "${#policies[@]}" -gt 0 ]
    for policy in "${policies[@]}"; do
        if grep -q '^serial:' "$policy"; then
            loads "$policy" "$policy"
            continue
        fi
        # A part that goes beside production's.
        rm -rf "$DIR/policy"
        mkdir "$DIR/policy"
        cp "$policy" "$top_srcdir/policies/production.yaml" "$DIR/policy"
        loads "$DIR/policy" "$policy"
    done
}

@test "the README's policy in ten lines has ten, and refuses for want of a ticket" {
    fenced yaml "$top_srcdir/README.md" | tr -d '\0' >policy.yaml
    [ "$(wc -l <policy.yaml)" -eq 10 ]
    touch report.csv
    run -3 --separate-stderr "$GS3" cp report.csv s3://prod-data/report.csv --dryrun --policy policy.yaml
    [ -z "$output" ]
    [[ "$stderr" == "gs3: refused by policy: policy.yaml:10: production/tickets: "* ]]
}

@test "the error that the documents quote is the one that comes" {
    touch report.csv
    for document in "$top_srcdir/docs/policy-guide.md" "$top_srcdir/man/gs3-policy.5"; do
        quoted=$(grep -hoE 'gs3: policy\.yaml:[0-9]+:[0-9]+: .*' "$document")
        place=${quoted#gs3: policy.yaml:} place=${place%%: *}
        {
            fenced yaml "$document"
            literal "$document"
        } | awk 'BEGIN { RS = "\0" } /^apiVersion/ && /approval/ { printf "%s", $0; exit }' |
            sed 's/ approval:/ aproval:/' >policy.yaml
        run -5 --separate-stderr "$GS3" cp report.csv s3://prod-data/x --dryrun --policy policy.yaml
        # The place is the example's own.
        [[ "$place" =~ ^[0-9]+:[0-9]+$ ]]
        [[ "$stderr" =~ ^gs3:\ policy\.yaml:[0-9]+:9:\  ]]
        [ "${stderr#gs3: policy.yaml:*:*: }" = "${quoted#gs3: policy.yaml:*:*: }" ]
    done
}

# ------------------------------------------------------------------ the rest

@test "links within the documents lead somewhere" {
    for document in $(documents); do
        grep -oE '\]\([^)]+\)' "$document" | sed 's/^](//; s/)$//' | sort -u | while read -r link; do
            case $link in
            http://* | https://*) continue ;;
            esac
            target=${link%%#*}
            if [ -n "$target" ] && [ ! -e "$(dirname "$document")/$target" ]; then
                echo "$document: $link"
                false
            fi
        done
    done
}

@test "files that the documents name are there" {
    for document in $(documents); do
        grep -oE '`(\./)?(src|scripts|tests|docs|policies|completions|man)/[A-Za-z0-9._/-]*`' "$document" |
            tr -d '`' | sort -u | while read -r path; do
            [ -e "$top_srcdir/$path" ] || { echo "$document: $path"; false; }
        done
    done
}

@test "the committed completions are what the program prints" {
    for pair in bash:gs3.bash zsh:_gs3 fish:gs3.fish; do
        diff -u "$top_srcdir/completions/${pair#*:}" <("$GS3" completion "${pair%%:*}") ||
            { echo "run: make completions"; false; }
    done
}

@test "the version of the program is the one of the change log" {
    run "$GS3" --version
    [ "$status" -eq 0 ]
    version=${output#gs3 }
    grep -q "^## ${version//./\\.}\>" "$top_srcdir/CHANGELOG.md"
}
