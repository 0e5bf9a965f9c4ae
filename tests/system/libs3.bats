#!/usr/bin/env bats
# Signature Version 2 by the libs3 module, against a store that verifies it: the truth table and the
# odd keys as over Version 4; what it cannot have, refused by name before anything is asked; the
# module's file, loaded where it is wanted and only from where gs3 was installed.

# shellcheck disable=SC2154,SC2034 # status, output, stderr: set by run; truth_*, tls: for the libs
load lib/common
load lib/truth
load lib/keys

# The module is put where this build looks for it: a directory of the build's own.
setup_file()
{
    : >"$BATS_FILE_TMPDIR/decisions"
    [[ -n ${GS3_LIBS3_MODULE:-} && -e $GS3_LIBS3_MODULE ]] || return 0
    [[ ! -e $GS3_MODULEDIR/libs3.so ]] || return 0
    mkdir -p "$GS3_MODULEDIR" 2>/dev/null && [[ -w $GS3_MODULEDIR ]] || return 0
    install -m 644 "$GS3_LIBS3_MODULE" "$GS3_MODULEDIR/libs3.so"
    : >"$BATS_FILE_TMPDIR/installed"
}

teardown_file()
{
    [[ ! -e $BATS_FILE_TMPDIR/installed ]] || rm -f "$GS3_MODULEDIR/libs3.so"
}

needs_module()
{
    [[ -e ${GS3_MODULEDIR:-/nonexistent}/libs3.so ]] ||
        skip 'no libs3 module: configure found no libs3, or $libdir cannot be written'
}

# The tests that change the module's file need it to be this file's own.
needs_own_module()
{
    [[ -e $BATS_FILE_TMPDIR/installed ]] || skip 'the module in $libdir is not of this test'
}

setup()
{
    sim_reset
    keys_settings=$'signature_version = s3\n'
    printf '[default]\n%s' "$keys_settings" >"$(client_home)/.aws/config"
    truth_tags=
    tls=()
    work=$BATS_TEST_TMPDIR/keys
    mkdir -p "$work"
    truth_work=$BATS_TEST_TMPDIR/work
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
}

teardown()
{
    truth_end
    [[ ! -e $BATS_FILE_TMPDIR/installed ]] ||
        install -m 644 "$GS3_LIBS3_MODULE" "$GS3_MODULEDIR/libs3.so"
}

development()
{
    make_buckets dev-one dev-two
    GS3T_ENV+=(GS3_TICKET=OPS-2 GS3_PURPOSE=keys GS3_DEPARTMENT=storage)
}

# rows ENVIRONMENT OPERATION...: rows of the truth table.
rows()
{
    local environment=$1 operation
    shift
    needs_module
    truth_start
    for operation in "$@"; do
        sim_reset
        "$environment" "$operation"
    done
}

@test "production, up" { rows production cp-up mv-up put-up put-stdin; }
@test "production, down" { rows production cp-down mv-down; }
@test "production, across" { rows production cp-across mv-across; }
@test "staging, up" { rows staging cp-up mv-up put-up put-stdin; }
@test "staging, down" { rows staging cp-down mv-down; }
@test "staging, across" { rows staging cp-across mv-across; }
@test "an unmapped bucket, every operation" {
    rows unmapped cp-up cp-down cp-across mv-up mv-down mv-across put-up put-stdin
}

@test "from one environment to another" {
    local operation
    needs_module
    truth_start
    for operation in cp-across mv-across; do
        crossing "$operation" prod-data staging-data
        sim_reset
        crossing "$operation" staging-data prod-data
        sim_reset
    done
}

@test "every key survives up, across and down: path style" {
    needs_module
    KEYS+=("$(long_key)")
    development
    copies
}

@test "every key survives moves up, across and down: virtual-hosted" {
    needs_module
    KEYS+=("$(long_key)")
    development
    virtual_hosted moves
}
