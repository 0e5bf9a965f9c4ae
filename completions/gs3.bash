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
        --output|--color|--endpoint-url|--profile|--region|--cli-read-timeout|--cli-connect-timeout|--ca-bundle)
            [[ ${COMP_WORDS[i+1]} == = ]] && ((i++))
            ((i++)) ;;
        cp|mv|put|doctor|completion|policy) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    [[ $command == policy ]] && for ((i++; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        export|lint) command+=" ${COMP_WORDS[i]}"; break ;;
        esac
    done
    case $prev in
    --ticket) return ;;
    --purpose) return ;;
    --environment) return ;;
    --department) return ;;
    --policy) _gs3_files; return ;;
    --output) _gs3_words 'text json'; return ;;
    --progress-frequency) return ;;
    --color) _gs3_words 'auto on off'; return ;;
    --include) return ;;
    --exclude) return ;;
    --case-conflict) _gs3_words 'ignore skip warn error'; return ;;
    --page-size) return ;;
    --expected-size) return ;;
    --metadata) return ;;
    --metadata-directive) _gs3_words 'COPY REPLACE'; return ;;
    --copy-props) _gs3_words 'none metadata-directive default all'; return ;;
    --tags) return ;;
    --content-type) return ;;
    --cache-control) return ;;
    --content-disposition) return ;;
    --content-encoding) return ;;
    --content-language) return ;;
    --expires) return ;;
    --website-redirect) return ;;
    --acl) _gs3_words 'private public-read public-read-write authenticated-read aws-exec-read bucket-owner-read log-delivery-write bucket-owner-full-control'; return ;;
    --grants) return ;;
    --storage-class) _gs3_words 'STANDARD REDUCED_REDUNDANCY STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER DEEP_ARCHIVE GLACIER_IR'; return ;;
    --sse) [[ $cur == -* ]] || { _gs3_words 'AES256 aws:kms aws:kms:dsse'; return; } ;;
    --sse-kms-key-id) return ;;
    --sse-c) [[ $cur == -* ]] || { _gs3_words 'AES256'; return; } ;;
    --sse-c-key) return ;;
    --sse-c-copy-source) [[ $cur == -* ]] || { _gs3_words 'AES256'; return; } ;;
    --sse-c-copy-source-key) return ;;
    --checksum-algorithm) _gs3_words 'CRC64NVME CRC32 CRC32C SHA1 SHA256'; return ;;
    --checksum-mode) _gs3_words 'ENABLED'; return ;;
    --verify) _gs3_words 'md5'; return ;;
    --request-payer) [[ $cur == -* ]] || { _gs3_words 'requester'; return; } ;;
    --endpoint-url) return ;;
    --profile) return ;;
    --region) return ;;
    --source-region) return ;;
    --cli-read-timeout) return ;;
    --cli-connect-timeout) return ;;
    --ca-bundle) _gs3_files; return ;;
    --kind) _gs3_words 'bucket trust permissions scp vpce event-selectors eventbridge alarm'; return ;;
    --format) _gs3_words 'json terraform cloudformation'; return ;;
    --bucket) return ;;
    --principal) return ;;
    --role-arn) return ;;
    --exempt-role) return ;;
    --vpc-endpoint) return ;;
    --partition) _gs3_words 'aws aws-cn aws-us-gov'; return ;;
    esac
    case $command in
    'cp')
        if [[ $cur == -* ]]; then _gs3_words '--ticket --purpose --environment --department --policy --explain --output --dryrun --quiet --only-show-errors --no-progress --progress-frequency --progress-multiline --color --recursive --include --exclude --follow-symlinks --no-follow-symlinks --case-conflict --page-size --no-overwrite --resume --expected-size --metadata --metadata-directive --copy-props --tags --content-type --cache-control --content-disposition --content-encoding --content-language --expires --no-guess-mime-type --website-redirect --acl --grants --storage-class --sse --sse-kms-key-id --sse-c --sse-c-key --sse-c-copy-source --sse-c-copy-source-key --checksum-algorithm --checksum-mode --verify --ignore-glacier-warnings --force-glacier-transfer --request-payer --endpoint-url --profile --region --source-region --no-sign-request --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --debug --help --version'
        else _gs3_files; fi ;;
    'mv')
        if [[ $cur == -* ]]; then _gs3_words '--ticket --purpose --environment --department --policy --explain --output --dryrun --quiet --only-show-errors --no-progress --progress-frequency --progress-multiline --color --recursive --include --exclude --follow-symlinks --no-follow-symlinks --case-conflict --page-size --no-overwrite --resume --metadata --metadata-directive --copy-props --tags --content-type --cache-control --content-disposition --content-encoding --content-language --expires --no-guess-mime-type --website-redirect --acl --grants --storage-class --sse --sse-kms-key-id --sse-c --sse-c-key --sse-c-copy-source --sse-c-copy-source-key --checksum-algorithm --checksum-mode --verify --ignore-glacier-warnings --force-glacier-transfer --request-payer --endpoint-url --profile --region --source-region --no-sign-request --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --debug --help --version'
        else _gs3_files; fi ;;
    'put')
        if [[ $cur == -* ]]; then _gs3_words '--ticket --purpose --environment --department --policy --explain --output --dryrun --quiet --only-show-errors --no-progress --progress-frequency --progress-multiline --color --recursive --include --exclude --follow-symlinks --no-follow-symlinks --no-overwrite --resume --expected-size --metadata --tags --content-type --cache-control --content-disposition --content-encoding --content-language --expires --no-guess-mime-type --website-redirect --acl --grants --storage-class --sse --sse-kms-key-id --sse-c --sse-c-key --checksum-algorithm --verify --request-payer --endpoint-url --profile --region --no-sign-request --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --debug --help --version'
        else _gs3_files; fi ;;
    'doctor')
        if [[ $cur == -* ]]; then _gs3_words '--policy --output --endpoint-url --profile --region --no-verify-ssl --ca-bundle --debug --help --version'; fi ;;
    'completion')
        if [[ $cur == -* ]]; then _gs3_words '--help --version'
        else _gs3_words 'bash zsh fish'; fi ;;
    'policy export')
        if [[ $cur == -* ]]; then _gs3_words '--environment --policy --sse --sse-kms-key-id --kind --format --bucket --principal --role-arn --exempt-role --vpc-endpoint --partition --system --help --version'
        else _gs3_files; fi ;;
    'policy lint')
        if [[ $cur == -* ]]; then _gs3_words '--system --help --version'
        else _gs3_files; fi ;;
    policy)
        if [[ $cur == -* ]]; then _gs3_words '--help --version'
        else _gs3_words 'export lint'; fi ;;
    '') _gs3_words 'cp mv put doctor completion policy --output --color --endpoint-url --profile --region --no-sign-request --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --debug --help --version' ;;
    esac
}
complete -F _gs3 gs3
