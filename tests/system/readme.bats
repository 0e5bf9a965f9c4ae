# What the README and the documents show happens so: the transcript is run again on real servers and
# compared by its shape, the JSON lines by their members, the lines of "could not decide" by their words.
# shellcheck shell=bash disable=SC2001,SC2016,SC2034,SC2154 # bats sets status, output, stderr
load lib/common

setup_file() { make_buckets prod-data; }

setup() {
    top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    sim_reset
    s3write bucket prod-data
    cd "$BATS_TEST_TMPDIR" || return 1
    sed -e "s|@S3_ENDPOINT@|$GS3T_S3_HTTP|" -e "s|@TICKET_URL@|$GS3T_SIM_URL|" \
        "$top/scripts/demo-policy.yaml" >policy.yaml
    GS3T_ENV=(GS3_POLICY=policy.yaml SN_USERNAME=gs3 SN_PASSWORD=sim-password)
}

teardown() { sim_reset; }

transcript() {
    awk '/^```console/ { inside = 1; next } /^```/ { if (inside) exit } inside' "$top/README.md"
}

# What differs from run to run: ids, digests, times, the user.
shape() {
    sed -E 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/; s/("gs3-policy": )"[0-9a-f]{12}"/\1DIGEST/
        s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/TIME/; s/"os:[^"]*"/"os:USER"/'
}

@test "the README's transcript is what happens" {
    gs3() { gs3_ "$@"; }
    aws() { aws_ "$@"; }
    # shellcheck disable=SC2034 # in the transcript's commands
    S3=$GS3T_S3_HTTP
    echo "the release" >release.txt
    transcript >wanted
    grep -c '^\$ ' wanted
    while IFS= read -r line; do
        case $line in
        '$ '*)
            printf '%s\n' "$line"
            status=0
            eval "${line#??}" 2>&1 </dev/null || status=$?
            printf '[exit status %s]\n' "$status" ;;
        '' | '== '*) printf '%s\n' "$line" ;;
        esac
    done <wanted >found
    diff -u <(shape <wanted) <(shape <found)
}

@test "the README's transcript has the headings and the commands of scripts/demo" {
    transcript | grep '^== ' | while IFS= read -r heading; do
        grep -qF -- "say \"$heading\"" "$top/scripts/demo"
    done
    for word in 'mv release.txt s3://prod-data/releases/' CHG0030003 CHG0030001 \
        'head-object --bucket prod-data' '--key releases/release.txt --query Metadata'; do
        transcript | grep -qF -- "$word"
        grep -qF -- "$word" "$top/scripts/demo"
    done
}

members() { jq -r 'keys_unsorted | join(" ")'; }

# The members of the lines that gs3(1) shows.
documented_members() { # TYPE
    awk '/^\.Sh JSON LINES/ { inside = 1 } /^\.Sh ENVIRONMENT/ { exit }
         inside && /^\.Bd/ { block = ""; next } inside && /^\.Ed/ { printf "%s%c", block, 0; next }
         inside { gsub(/\\e/, "\\"); block = block $0 }' "$top/man/gs3.1" |
        jq -Rrs --arg type "$1" 'split("\u0000")[] | select(startswith("{")) | fromjson
            | select(.type == $type)' | members
}

@test "the JSON lines have the members that gs3(1) shows" {
    echo one >release.txt
    run -0 --separate-stderr gs3_ mv release.txt s3://prod-data/releases/ --ticket CHG0030001 \
        --purpose "release of the week" --output json
    [ "${#lines[@]}" -eq 3 ]
    number=0
    for type in decision object summary; do
        assert_equal "$(jq -r .type <<<"${lines[number]}")" "$type"
        assert_equal "$(members <<<"${lines[number]}")" "$(documented_members "$type")" "$type"
        number=$((number + 1))
    done
    assert_equal "$(jq '.rules[0]' <<<"${lines[0]}" | members)" "rule file line passed message"
    echo two >release.txt
    run -3 --separate-stderr gs3_ mv release.txt s3://prod-data/releases/ --ticket CHG0030003 \
        --purpose "release of the week" --output json
    [ "${#lines[@]}" -eq 2 ]
    assert_equal "$(members <<<"${lines[0]}")" "$(documented_members decision)"
    assert_equal "$(members <<<"${lines[1]}")" "$(documented_members error)"
    assert_equal "$(jq -c '[.allowed, .metadata]' <<<"${lines[0]}")" '[false,{}]'
}

# A fault, and the words of docs/tickets.md that the line must have.
@test "the lines of docs/tickets.md are those that come when gs3 could not decide" {
    echo one >release.txt
    while IFS='|' read -r fault arg words; do
        sim_reset
        sim_fault "$fault" "$arg"
        run -4 --separate-stderr gs3_ mv release.txt s3://prod-data/x --ticket CHG0030001 \
            --purpose "release of the week"
        [ "${#stderr_lines[@]}" -eq 1 ]
        [ -e release.txt ]
        for part in "${words%% …*}" "${words#*… }"; do
            [[ "$stderr" == *"$part"* ]] || { echo "$fault: $stderr"; false; }
        done
        grep -qF -- "$words" "$top/docs/tickets.md" || { echo "docs/tickets.md lacks: $words"; false; }
    done <<'TABLE'
bad-auth||rejected the credentials (401)
forbidden||rejected the credentials
429|100|is throttling (429)
html||answered 200 with text/html … instead of JSON
redirect|https://elsewhere.example/|redirects … and gs3 never forwards credentials
two-rows||answered 2 records
malformed|comma|with malformed JSON
cutoff||ended before its length
no-date||no Date header
date-skew|600|the local clock is … s off
TABLE
    sim_reset
    sim_fault missing approval
    run -4 --separate-stderr gs3_ mv release.txt s3://prod-data/x --ticket CHG0030001 \
        --purpose "release of the week"
    [[ "$stderr" == *"without approval"* ]]
}
