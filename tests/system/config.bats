#!/usr/bin/env bats
# What gs3 reads from the AWS CLI's configuration files is what the AWS CLI itself reads from them.
# Needs no server; skipped where the AWS CLI or the test program is not there.

@test "the configuration files read as the AWS CLI reads them" {
    local top=${BATS_TEST_DIRNAME}/../.. program
    program=${GS3_DUMP_CONFIG:-$top/tests/unit/aws/dump_config}
    [[ -x $program ]] || skip "$program is not built (make check builds it)"
    [[ -x /usr/bin/python3 ]] || skip "python3 is not installed"
    run /usr/bin/python3 "$BATS_TEST_DIRNAME/lib/config_compare.py" "$program"
    [[ $status != 77 ]] || skip "the AWS CLI is not installed"
    printf '%s\n' "$output" | grep -v '^ok' || true
    [[ $status == 0 ]]
}
