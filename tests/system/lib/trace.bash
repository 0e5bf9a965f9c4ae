# shellcheck shell=bash
# What a bats file loads to run in a tenth less time, or much less where it computes in bash:
# `load lib/trace` (common.bash does).
#
# Bats notes the stack before every command of a test, in a DEBUG trap of some thirty commands: a
# tenth to a quarter of a millisecond each, more than what most commands take. The line that failed
# is known all the same when it fails: where a command did (ERR), and where a test's time was up.
# Written for Bats 1.8; where another has other names for these, its own go on.

bats_debug_trap() { trap - DEBUG; }

_trace_here()
{
    local status=$?
    if [[ -z ${BATS_DEBUG_LAST_STACK_TRACE_IS_VALID:-} ]]; then
        bats_capture_stack_trace
        # But for the trap's own function.
        BATS_DEBUG_LAST_STACK_TRACE=("${BATS_DEBUG_LAST_STACK_TRACE[@]:1}")
        BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
    fi
    return "$status"
}

bats_error_trap()
{
    _trace_here || bats_check_status_from_trap
}

# shellcheck disable=SC2034 # Bats reads it
bats_timeout_trap()
{
    _trace_here || true
    BATS_TIMED_OUT=1
    exit 1
}
