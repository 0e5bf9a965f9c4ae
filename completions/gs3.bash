# bash completion for gs3, written by `gs3 completion bash`
_gs3_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}
_gs3_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
_gs3() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i
    COMPREPLY=()
    # Words are cut at "=" and ":". What follows a colon is part of s3://…, of an
    # address or of a ticket: nothing of it is known here.
    [[ $cur == : || $prev == : ]] && return
    if [[ $cur == = ]]; then cur=
    elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --output|--endpoint-url|--profile|--region|--ca-bundle)
            [[ ${COMP_WORDS[i+1]} == = ]] && ((i++))
            ((i++)) ;;
        cp|mv|put|completion) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    case $prev in
    --ticket) return ;;
    --purpose) return ;;
    --environment) return ;;
    --department) return ;;
    --policy) _gs3_files; return ;;
    --output) _gs3_words 'text json'; return ;;
    --metadata) return ;;
    --content-type) return ;;
    --cache-control) return ;;
    --content-disposition) return ;;
    --content-encoding) return ;;
    --content-language) return ;;
    --expires) return ;;
    --endpoint-url) return ;;
    --profile) return ;;
    --region) return ;;
    --ca-bundle) _gs3_files; return ;;
    esac
    case $command in
    cp)
        if [[ $cur == -* ]]; then _gs3_words '--ticket --purpose --environment --department --policy --explain --output --dryrun --quiet --only-show-errors --no-progress --no-overwrite --metadata --content-type --cache-control --content-disposition --content-encoding --content-language --expires --no-guess-mime-type --endpoint-url --profile --region --no-verify-ssl --ca-bundle --debug --help --version'
        else _gs3_files; fi ;;
    mv)
        if [[ $cur == -* ]]; then _gs3_words '--ticket --purpose --environment --department --policy --explain --output --dryrun --quiet --only-show-errors --no-progress --no-overwrite --metadata --content-type --cache-control --content-disposition --content-encoding --content-language --expires --no-guess-mime-type --endpoint-url --profile --region --no-verify-ssl --ca-bundle --debug --help --version'
        else _gs3_files; fi ;;
    put)
        if [[ $cur == -* ]]; then _gs3_words '--ticket --purpose --environment --department --policy --explain --output --dryrun --quiet --only-show-errors --no-progress --no-overwrite --metadata --content-type --cache-control --content-disposition --content-encoding --content-language --expires --no-guess-mime-type --endpoint-url --profile --region --no-verify-ssl --ca-bundle --debug --help --version'
        else _gs3_files; fi ;;
    completion)
        if [[ $cur == -* ]]; then _gs3_words '--help --version'
        else _gs3_words 'bash zsh fish'; fi ;;
    '') _gs3_words 'cp mv put completion --output --endpoint-url --profile --region --no-verify-ssl --ca-bundle --debug --help --version' ;;
    esac
}
complete -F _gs3 gs3
