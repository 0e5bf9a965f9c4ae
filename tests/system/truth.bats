#!/usr/bin/env bats
# The truth table: environment x condition of the ticket x operation. Of every cell the exit
# status; of every refused one that nothing changed, here or there; of every allowed one the whole
# metadata. What stands for a condition in each ticket system is the table in lib/truth.bash.
#
#   production: a change request for everything.
#   staging:    an issue or an incident for write and delete. Reading needs none; one that is given
#               is judged all the same, so only "none" becomes allowed.
#   unmapped:   refused whatever the ticket.

# shellcheck disable=SC2154,SC2034 # truth_*: set by lib/truth, or for it
load lib/common
load lib/truth

setup_file()
{
    : >"$BATS_FILE_TMPDIR/decisions"
}

setup()
{
    sim_reset
    truth_start
}

teardown() { truth_end; }

@test "production, cp up" { production cp-up; }
@test "production, cp down" { production cp-down; }
@test "production, cp across" { production cp-across; }
@test "production, mv up" { production mv-up; }
@test "production, mv down" { production mv-down; }
@test "production, mv across" { production mv-across; }
@test "production, put" { production put-up; }
@test "production, put of standard input" { production put-stdin; }

@test "staging, cp up" { staging cp-up; }
@test "staging, cp down" { staging cp-down; }
@test "staging, cp across" { staging cp-across; }
@test "staging, mv up" { staging mv-up; }
@test "staging, mv down" { staging mv-down; }
@test "staging, mv across" { staging mv-across; }
@test "staging, put" { staging put-up; }
@test "staging, put of standard input" { staging put-stdin; }

@test "an unmapped bucket, every operation" {
    local operation
    for operation in cp-up cp-down cp-across mv-up mv-down mv-across put-up put-stdin; do
        unmapped "$operation"
    done
}

@test "an unmapped bucket on one side of a copy or move" {
    local operation side
    for operation in cp-across mv-across; do
        for side in 'unmapped prod-data' 'prod-data unmapped' 'unmapped staging-data' \
            'staging-data unmapped'; do
            # shellcheck disable=SC2086 # two buckets
            truth_arguments "$operation" $side
            truth_refused "$side/$operation/good" CHG0030001 OPS-2
            truth_refused "$side/$operation/none"
        done
    done
    nobody_asked "the cells with an unmapped side"
    truth_unchanged
}

@test "production to staging, cp" { crossing cp-across prod-data staging-data; }
@test "production to staging, mv" { crossing mv-across prod-data staging-data; }
@test "staging to production, cp" { crossing cp-across staging-data prod-data; }
@test "staging to production, mv" { crossing mv-across staging-data prod-data; }

@test "production, every other change request that must not serve" {
    local id
    truth_arguments put-up prod-data prod-data
    for id in CHG0030004 CHG0030008 CHG0030009 CHG0030010 CHG0030011 CHG0030013 CHG0030015 \
        CHG0030016 CHG0030017 CHG0030018 CHG0030020 CHG0030021 CHG0030022 CHG0030023 CHG0030025 \
        CHG0030026 CHG0030027 CHG0030028 CHG0030034 CHG0030037 CHG0030039 CHG0030044 \
        chg0030001 'CHG0030001 ' ' CHG0030001' CHG0030001^ORnumber=CHG0030002 OPS-2 INC0010002 \
        cab:CHG0030003 'ＣＨＧ0030001'; do
        truth_refused "production/put/$id" "$id"
    done
    truth_unchanged
}

@test "staging, every other issue, incident and task that must not serve" {
    local id
    truth_arguments put-up staging-data staging-data
    # An answer about another key, or without a status, is none: that is 4, not in this table.
    for id in OPS-4 OPS-6 OPS-9 OPS-10 SEC-1 ops-2 'OPS-2 ' CHG0030001 \
        INC0010006 INC0010008 INC0010009 INC0010012 inc0010002 \
        SCTASK0010004 SCTASK0010007 SCTASK0010008 SCTASK0010009 SCTASK0010010; do
        truth_refused "staging/put/$id" "$id"
    done
    truth_unchanged
}

@test "shared-data/live/ is production, and what only looks like it is in no environment" {
    local key
    make_buckets shared-data
    truth_args=(put ./up.txt s3://shared-data/live/there.txt)
    truth_from='' truth_to='shared-data live/there.txt'
    truth_line='upload: ./up.txt to s3://shared-data/live/there.txt'
    truth_refused 'shared-data/live/unapproved' CHG0030003
    truth_schema production change CHG0030001
    run s3read status shared-data live/there.txt
    assert_equal "$output" 404
    truth_run CHG0030001
    truth_cell=shared-data/live/good
    [[ $status == 0 ]] || truth_fail 'not allowed'
    assert_equal "$(head_metadata shared-data live/there.txt |
        jq -cS 'del(.timestamp, ."gs3-decision")')" "$(truth_metadata "${truth_pairs[@]}")"
    s3read state shared-data >"$BATS_TEST_TMPDIR/shared"
    for key in there.txt lively/there.txt liv Live/there.txt /live/there.txt x/live/there.txt; do
        truth_args=(put ./up.txt "s3://shared-data/$key")
        truth_refused "shared-data/$key/good" CHG0030001
        assert_unchanged "$BATS_TEST_TMPDIR/shared" shared-data
    done
}

@test "every decision has an id of its own" {
    local all
    all=$(wc -l <"$BATS_FILE_TMPDIR/decisions")
    ((all >= 20))
    assert_equal "$(sort -u "$BATS_FILE_TMPDIR/decisions" | wc -l)" "$all"
}
