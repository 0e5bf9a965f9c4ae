# shellcheck shell=bash
# Processes that outlive the script that starts them: to be sourced. A process is known by its
# directory (an absolute path) and a name; DIR/NAME.pid holds its pid, DIR/log/NAME.out what it
# prints. It is ours only while its environment carries our mark, GS3_TEST_PROCESS=DIR, so a pid
# that has long become another program's is never signalled. Depends on /proc, grep and setsid.

# process_launch DIR NAME PROGRAM [ARGUMENT]...: run it in a session of its own. $! is its pid.
process_launch()
{
    local dir=$1 name=$2
    shift 2
    # The process writes its pid itself, before it becomes PROGRAM. Every descriptor over 2 is
    # closed: bats waits for whoever holds its third one.
    # shellcheck disable=SC2016 # the inner shell expands these
    GS3_TEST_PROCESS=$dir setsid bash -c 'echo $$ >"$1/$2.pid"
        for fd in /proc/$$/fd/*; do
            fd=${fd##*/}; ((fd > 2)) && eval "exec $fd>&-"
        done
        shift 2; exec "$@"' \
        process_launch "$dir" "$name" "$@" >"$dir/log/$name.out" 2>&1 </dev/null &
}

# process_is_running DIR NAME
process_is_running()
{
    local pid
    pid=$(cat "$1/$2.pid" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] || return 1
    # The environment of a zombie is empty, and not there for a pid that is free.
    grep -qszxF -- "GS3_TEST_PROCESS=$1" "/proc/$pid/environ"
}

# process_end DIR NAME: end it and the session that it leads, at once. Status 1 and one line when
# it is still there after five seconds.
process_end()
{
    local dir=$1 name=$2 pid tries
    if process_is_running "$dir" "$name"; then
        pid=$(cat "$dir/$name.pid")
        kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
        for ((tries = 0; tries < 100; tries++)); do
            process_is_running "$dir" "$name" || break
            sleep 0.05
        done
        if ((tries == 100)); then
            printf 'process %s (%s of %s) does not end\n' "$pid" "$name" "$dir" >&2
            return 1
        fi
    fi
    rm -f "$dir/$name.pid"
}

# process_end_marked DIR: end whatever carries the mark of DIR, known by a pid file or not: a
# process of a start that was killed before it wrote one, or of a directory that was removed.
process_end_marked()
{
    local tries
    local -a pids
    for ((tries = 0; tries < 100; tries++)); do
        # Without the mark in this pipeline itself, should the caller have exported it.
        mapfile -t pids < <(unset GS3_TEST_PROCESS
            grep -lszxF -- "GS3_TEST_PROCESS=$1" /proc/[0-9]*/environ | sed 's/[^0-9]//g')
        ((${#pids[@]} > 0)) || return 0
        kill -KILL "${pids[@]}" 2>/dev/null || true
        sleep 0.02
    done
    printf 'processes of %s do not end: %s\n' "$1" "${pids[*]}" >&2
    return 1
}

# process_explain DIR NAME MESSAGE: the message and the last lines of what NAME printed and logged.
process_explain()
{
    local dir=$1 name=$2 file
    printf '%s\n' "$3" >&2
    for file in "$dir/log/$name.out" "$dir/log/$name.log"; do
        [[ -s $file ]] || continue
        printf 'the end of %s:\n' "$file" >&2
        tail -n 8 "$file" | cut -c 1-300 | sed 's/^/    /' >&2
    done
}
