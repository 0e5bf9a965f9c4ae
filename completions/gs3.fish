# fish completion for gs3, written by `gs3 completion fish`
function __gs3_command
    set -l words (commandline -opc)
    set -e words[1]
    set -l is_value 0
    for word in $words
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $word
            case --output --endpoint-url --profile --region --ca-bundle
                set is_value 1
            case '-*'
                continue
            case '*'
                echo $word
                return 0
        end
    end
    return 1
end
function __gs3_command_is
    set -l command (__gs3_command)
    and contains -- $command $argv
end
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a cp -d 'copy a file to S3, an object to a file, or an object to another'
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a mv -d 'as cp, and delete the source once the destination was read back'
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a put -d 'write a file or standard input to S3'
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a completion -d 'print the completion for a shell'
complete -c gs3 -f -n '__gs3_command_is completion' -a 'bash zsh fish'
complete -c gs3 -n '__gs3_command_is cp mv put' -l ticket -d 'change request, incident or issue that covers the operation; repeatable' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l purpose -d 'why the operation is done' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l environment -d 'refuse unless the policy says the buckets belong to NAME' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l department -d 'the department that the operation is done for' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l policy -d 'policy file, or directory of policy files' -r -F
complete -c gs3 -n '__gs3_command_is cp mv put' -l explain -d 'print the decision rule by rule, with the policy\'s file and line'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l output -d 'text, or json with one object a line' -x -a 'text json'
complete -c gs3 -n '__gs3_command_is cp mv put' -l dryrun -d 'decide, and say what would be done, without doing it'
complete -c gs3 -n '__gs3_command_is cp mv put' -l quiet -d 'print errors only'
complete -c gs3 -n '__gs3_command_is cp mv put' -l only-show-errors -d 'print errors and warnings only'
complete -c gs3 -n '__gs3_command_is cp mv put' -l no-progress -d 'print no progress (this version prints none)'
complete -c gs3 -n '__gs3_command_is cp mv put' -l no-overwrite -d 'leave a destination that exists as it is, and keep the source'
complete -c gs3 -n '__gs3_command_is cp mv put' -l metadata -d 'user metadata: KEY=VALUE,..., a JSON object, or file://PATH' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l content-type -d 'Content-Type of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l cache-control -d 'Cache-Control of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l content-disposition -d 'Content-Disposition of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l content-encoding -d 'Content-Encoding of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l content-language -d 'Content-Language of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l expires -d 'Expires of the destination: ISO 8601 or an HTTP date' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l no-guess-mime-type -d 'do not guess the Content-Type of an upload from its name'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l endpoint-url -d 'S3 endpoint other than AWS\'s own; the policy must list it' -x
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l profile -d 'profile of the AWS configuration' -x
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l region -d 'AWS region' -x
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l no-verify-ssl -d 'do not verify the S3 endpoint\'s certificate (never the ticketing system\'s)'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l ca-bundle -d 'CA certificates for the S3 endpoint (never for the ticketing system)' -r -F
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l debug -d 'print what is sent and answered, secrets left out, on standard error'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put completion' -l help -d 'print the usage and end'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put completion' -l version -d 'print the version and end'
