#!/usr/bin/env bats
# The S3 room by itself: every operation on the real server, over http, https and virtual-hosted.

load lib/common

@test "the S3 room's operations on the real server" {
    program=${GS3_TEST_SERVER:-$BATS_TEST_DIRNAME/../../tests/unit/s3/test_server}
    [[ -x $program ]] || skip "$program is not built: make check builds it"
    CMOCKA_MESSAGE_OUTPUT=STDOUT run "$program"
    echo "$output"
    [[ $status == 0 ]]
    [[ $output == *"[  PASSED  ]"* ]]
}
