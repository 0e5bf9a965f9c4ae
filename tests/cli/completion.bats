# The completions in the real shells: what is offered is what `gs3 COMMAND --help` lists.
# GS3 names the program, top_srcdir the source directory.
# shellcheck shell=bash disable=SC2001,SC2016,SC2034,SC2154 # bats sets status, output, stderr

load ../system/lib/trace

setup_file() {
    bats_require_minimum_version 1.5.0
    : "${GS3:?GS3 names the gs3 program}"
    export top_srcdir="${top_srcdir:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
    export DIR="$BATS_FILE_TMPDIR"
    # The program says what is tested, also when the committed files are stale (docs.bats says so).
    mkdir "$DIR/zsh"
    "$GS3" completion bash >"$DIR/gs3.bash"
    "$GS3" completion zsh >"$DIR/zsh/_gs3"
    "$GS3" completion fish >"$DIR/gs3.fish"
    mkdir "$DIR/files"
    touch "$DIR/files/plain.txt" "$DIR/files/two words.txt" "$DIR/files/star*.txt"
}

setup() {
    cd "$DIR/files" || return 1
}

# The options that `gs3 [COMMAND] --help` lists, one a line.
help_options() {
    "$GS3" "$@" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | sort
}

help_commands() {
    "$GS3" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p' | sort -u
}

same() { # WHAT WANTED: $output, sorted
    local got
    got=$(sort -u <<<"$output")
    if [ "$got" != "$2" ]; then
        printf '%s:\nwanted:\n%s\ngot:\n%s\n' "$1" "$2" "$got"
        return 1
    fi
}

# ---- bash: the words as readline cuts them (at white space, "=" and ":"), the last one to complete
in_bash() {
    bash --norc --noprofile -c '
        source "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9 COMP_KEY=9
        _gs3 2>/dev/null
        printf "%s\n" "${COMPREPLY[@]}"' bash "$DIR/gs3.bash" "$@"
}

# ---- zsh: a real line editor on a pseudo-terminal; what would be offered is written to a file
in_zsh() { # LINE
    cat >"$DIR/inner.zsh" <<'ZSH'
fpath=($DIR/zsh $fpath)
autoload -Uz compinit
compinit -u -D
unsetopt beep
PROMPT= RPROMPT=
zstyle ':completion:*' use-cache false
compadd() {
    local -a offered
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    builtin compadd -A offered "$@"
    print -rl -- $offered >>$DIR/offered
    builtin compadd "$@"
}
finish() { print done >$DIR/done; }
after() { comppostfuncs=(finish); zle complete-word; }
zle -N after
bindkey '^I' after
print ready >$DIR/ready
ZSH
    rm -f "$DIR/offered" "$DIR/done" "$DIR/ready"
    LINE=$1 zsh -f -c '
        zmodload zsh/zpty
        zpty inner zsh -f -i
        zpty -w inner "source $DIR/inner.zsh"
        await() { repeat 200; do [[ -e $1 ]] && return; sleep 0.05; done; return 1; }
        await $DIR/ready || { print "no line editor"; exit 1; }
        zpty -w -n inner "$LINE"$'\''\t'\''
        await $DIR/done || print "no completion came"
        zpty -d inner'
    [ ! -e "$DIR/offered" ] || grep . "$DIR/offered" || true
}

# ---- fish
in_fish() { # LINE
    fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$DIR/gs3.fish" "$1" | cut -f1
}

need() {
    command -v "$1" >/dev/null || skip "$1 is not installed"
}

# ------------------------------------------------------------------ bash

@test "bash: every option of every command, and nothing else" {
    for command in $(help_commands); do
        output=$(in_bash gs3 "$command" --)
        same "gs3 $command" "$(help_options "$command")"
    done
}

@test "bash: commands and global options come first" {
    output=$(in_bash gs3 '')
    same "gs3" "$({ help_commands; help_options; } | sort)"
    output=$(in_bash gs3 m)
    same "gs3 m" mv
}

@test "bash: the value of a global option is not taken for the command" {
    output=$(in_bash gs3 --profile cp m)
    same "gs3 --profile cp m" mv
    output=$(in_bash gs3 --profile = cp m)
    same "gs3 --profile=cp m" mv
    output=$(in_bash gs3 --region mv cp --dry)
    same "gs3 --region mv cp --dry" --dryrun
}

@test "bash: choices, with a blank and with =" {
    output=$(in_bash gs3 mv --output '')
    same "--output" "$(printf 'json\ntext')"
    output=$(in_bash gs3 mv --output =)
    same "--output=" "$(printf 'json\ntext')"
    output=$(in_bash gs3 mv --output = j)
    same "--output=j" json
}

@test "bash: a value that may be left out, several words, an option again" {
    output=$(in_bash gs3 mv --sse '')
    same "--sse" "$(printf 'AES256\naws:kms\naws:kms:dsse')"
    output=$(in_bash gs3 mv --sse = A)
    same "--sse=A" AES256
    output=$(in_bash gs3 mv --sse --dry)
    same "--sse --dry" --dryrun
    output=$(in_bash gs3 cp --grants read = id = a full = id = b --dry)
    same "--grants read=id=a full=id=b --dry" --dryrun
    output=$(in_bash gs3 cp --exclude a --excl)
    same "--exclude a --excl" --exclude
    output=$(in_bash gs3 cp --storage-class GLACIER)
    same "--storage-class GLACIER" "$(printf 'GLACIER\nGLACIER_IR')"
}

@test "bash: file names stay whole and are not expanded" {
    output=$(in_bash gs3 cp '')
    same "gs3 cp" "$(printf 'plain.txt\nstar*.txt\ntwo words.txt' | sort)"
    output=$(in_bash gs3 cp --policy pl)
    same "--policy pl" plain.txt
}

@test "bash: nothing is offered for text, for a bucket, and within a ticket" {
    for words in "cp --ticket p" "cp --purpose p" "cp s3 :" "cp s3 : //p" "cp --ticket cab : p"; do
        # shellcheck disable=SC2086 # the words of the line
        output=$(in_bash gs3 $words)
        same "gs3 $words" ""
    done
}

@test "bash: shells for gs3 completion" {
    output=$(in_bash gs3 completion '')
    same "gs3 completion" "$(printf 'bash\nfish\nzsh')"
}

@test "bash: the completion is bound to gs3" {
    run bash --norc --noprofile -c 'source "$1"; complete -p gs3' bash "$DIR/gs3.bash"
    [ "$status" -eq 0 ]
    [ "$output" = "complete -F _gs3 gs3" ]
}

@test "bash: the commands of a group, and their options" {
    output=$(in_bash gs3 policy '')
    same "gs3 policy" "$(printf 'export\nlint')"
    output=$(in_bash gs3 policy export --)
    same "gs3 policy export" "$(help_options policy export)"
    output=$(in_bash gs3 policy lint --)
    same "gs3 policy lint" "$(help_options policy lint)"
    output=$(in_bash gs3 policy export --kind event)
    same "gs3 policy export --kind event" "$(printf 'event-selectors\neventbridge')"
    output=$(in_bash gs3 policy lint pl)
    same "gs3 policy lint pl" plain.txt
}

# ------------------------------------------------------------------ zsh

@test "zsh: every option of every command, and nothing else" {
    need zsh
    for command in $(help_commands); do
        output=$(in_zsh "gs3 $command --")
        same "gs3 $command" "$(help_options "$command")"
    done
}

@test "zsh: commands, also behind the value of a global option" {
    need zsh
    output=$(in_zsh "gs3 ")
    same "gs3" "$(help_commands)"
    output=$(in_zsh "gs3 --profile cp m")
    same "gs3 --profile cp m" mv
}

@test "zsh: choices and shells" {
    need zsh
    output=$(in_zsh "gs3 mv --output ")
    same "--output" "$(printf 'json\ntext')"
    output=$(in_zsh "gs3 completion ")
    same "gs3 completion" "$(printf 'bash\nfish\nzsh')"
}

@test "zsh: a value that may be left out, several words, an option again" {
    need zsh
    # Files too: for zsh the value may be left out here as well.
    output=$(in_zsh "gs3 mv --sse " | grep -E '^(AES|aws)')
    same "--sse" "$(printf 'AES256\naws:kms\naws:kms:dsse')"
    output=$(in_zsh "gs3 mv --sse=A")
    same "--sse=A" AES256
    output=$(in_zsh "gs3 mv --sse --dry")
    same "--sse --dry" --dryrun
    output=$(in_zsh "gs3 cp --grants read=id=a full=id=b --dry")
    same "--grants read=id=a full=id=b --dry" --dryrun
    output=$(in_zsh "gs3 cp --exclude a --excl")
    same "--exclude a --excl" --exclude
    output=$(in_zsh "gs3 cp --storage-class GLACIER")
    same "--storage-class GLACIER" "$(printf 'GLACIER\nGLACIER_IR')"
}

@test "zsh: read with source it defines the completion" {
    need zsh
    run zsh -f -c 'autoload -Uz compinit; compinit -u -D; source $1; print -- $_comps[gs3]' \
        zsh "$DIR/zsh/_gs3"
    [ "$output" = _gs3 ]
}

@test "zsh: the commands of a group, and their options" {
    need zsh
    output=$(in_zsh "gs3 policy ")
    same "gs3 policy" "$(printf 'export\nlint')"
    output=$(in_zsh "gs3 policy export --")
    same "gs3 policy export" "$(help_options policy export)"
    output=$(in_zsh "gs3 policy lint --")
    same "gs3 policy lint" "$(help_options policy lint)"
    output=$(in_zsh "gs3 policy export --kind event")
    same "gs3 policy export --kind event" "$(printf 'event-selectors\neventbridge')"
}

# ------------------------------------------------------------------ fish

@test "fish: every option of every command, and nothing else" {
    need fish
    for command in $(help_commands); do
        output=$(in_fish "gs3 $command --")
        same "gs3 $command" "$(help_options "$command")"
    done
}

@test "fish: commands, also behind the value of a global option" {
    need fish
    output=$(in_fish "gs3 ")
    same "gs3" "$(help_commands)"
    output=$(in_fish "gs3 --profile cp m")
    same "gs3 --profile cp m" mv
    output=$(in_fish "gs3 --")
    same "gs3 --" "$(help_options)"
}

@test "fish: choices, files and shells" {
    need fish
    output=$(in_fish "gs3 mv --output ")
    same "--output" "$(printf 'json\ntext')"
    output=$(in_fish "gs3 cp --policy pl")
    same "--policy" plain.txt
    output=$(in_fish "gs3 completion ")
    same "gs3 completion" "$(printf 'bash\nfish\nzsh')"
}

@test "fish: a value that may be left out, several words, an option again" {
    need fish
    output=$(in_fish "gs3 mv --sse ")
    same "--sse" "$(printf 'AES256\naws:kms\naws:kms:dsse')"
    output=$(in_fish "gs3 mv --sse=A")
    same "--sse=A" --sse=AES256
    output=$(in_fish "gs3 mv --sse --dry")
    same "--sse --dry" --dryrun
    output=$(in_fish "gs3 cp --grants read=id=a full=id=b --dry")
    same "--grants read=id=a full=id=b --dry" --dryrun
    output=$(in_fish "gs3 cp --exclude a --excl")
    same "--exclude a --excl" --exclude
    output=$(in_fish "gs3 cp --storage-class GLACIER")
    same "--storage-class GLACIER" "$(printf 'GLACIER\nGLACIER_IR')"
}

@test "fish: the commands of a group, and their options" {
    need fish
    output=$(in_fish "gs3 policy ")
    same "gs3 policy" "$(printf 'export\nlint')"
    output=$(in_fish "gs3 policy export --")
    same "gs3 policy export" "$(help_options policy export)"
    output=$(in_fish "gs3 policy lint --")
    same "gs3 policy lint" "$(help_options policy lint)"
    output=$(in_fish "gs3 policy export --kind event")
    same "gs3 policy export --kind event" "$(printf 'event-selectors\neventbridge')"
}

@test "fish: nothing is offered for text" {
    need fish
    output=$(in_fish "gs3 cp --ticket p")
    same "--ticket p" ""
}

# ------------------------------------------------------------------ gs3 completion

@test "gs3 completion: another shell, none and two are usage errors" {
    for arguments in tcsh "" "bash zsh"; do
        # shellcheck disable=SC2086 # none, one or two words
        run -252 --separate-stderr "$GS3" completion $arguments
        [ -z "$output" ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}
