# fish completion for gs3, written by `gs3 completion fish`
function __gs3_command
    set -l words (commandline -opc)
    set -e words[1]
    set -l is_value 0
    set -l group
    for word in $words
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $word
            case --output --color --endpoint-url --profile --region --cli-read-timeout --cli-connect-timeout --ca-bundle
                set is_value 1
            case '-*'
                continue
            case '*'
                if test -n "$group"
                    echo "$group $word"
                    return 0
                else if contains -- $word policy
                    set group $word
                    continue
                end
                echo $word
                return 0
        end
    end
    test -n "$group"
    and echo $group
end
function __gs3_command_is
    set -l command (__gs3_command)
    and contains -- $command $argv
end
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a cp -d 'copy files to S3, objects to files, or objects to others'
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a mv -d 'as cp, and delete each source once its destination was read back'
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a put -d 'write files or standard input to S3'
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a doctor -d 'say what was found, what is wrong and what to do: credentials, policy, tickets, endpoints'
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a completion -d 'print the completion for a shell'
complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a policy
complete -c gs3 -f -n '__gs3_command_is policy' -a export -d 'print the AWS documents that back the policy'
complete -c gs3 -f -n '__gs3_command_is policy' -a lint -d 'read a policy, and say where it is wrong'
complete -c gs3 -f -n '__gs3_command_is completion' -a 'bash zsh fish'
complete -c gs3 -n '__gs3_command_is cp mv put' -l ticket -d 'change request, incident or issue that covers the operation; repeatable' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l purpose -d 'why the operation is done' -x
complete -c gs3 -n '__gs3_command_is cp mv put "policy export"' -l environment -d 'refuse unless the policy says the buckets belong to NAME; an export: NAME alone' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l department -d 'the department that the operation is done for' -x
complete -c gs3 -n '__gs3_command_is cp mv put doctor "policy export"' -l policy -d 'policy file, or directory of policy files' -r -F
complete -c gs3 -n '__gs3_command_is cp mv put' -l explain -d 'print the decision rule by rule, with the policy\'s file and line'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put doctor' -l output -d 'what the lines are; json is one object a line' -x -a 'text json'
complete -c gs3 -n '__gs3_command_is cp mv put' -l dryrun -d 'decide, and say what would be done, without doing it'
complete -c gs3 -n '__gs3_command_is cp mv put' -l quiet -d 'print errors only'
complete -c gs3 -n '__gs3_command_is cp mv put' -l only-show-errors -d 'print errors and warnings only'
complete -c gs3 -n '__gs3_command_is cp mv put' -l no-progress -d 'print no progress'
complete -c gs3 -n '__gs3_command_is cp mv put' -l progress-frequency -d 'print progress every so many seconds' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l progress-multiline -d 'print progress on a new line each time'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l color -d 'whether the progress has colors' -x -a 'auto on off'
complete -c gs3 -n '__gs3_command_is cp mv put' -l recursive -d 'everything below a directory or a prefix'
complete -c gs3 -n '__gs3_command_is cp mv put' -l include -d 'take in what matches; repeatable, the last match of --include and --exclude wins' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l exclude -d 'leave out what matches; repeatable, the last match of --include and --exclude wins' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l follow-symlinks -d 'upload what symbolic links lead to (the default)'
complete -c gs3 -n '__gs3_command_is cp mv put' -l no-follow-symlinks -d 'leave symbolic links out of an upload'
complete -c gs3 -n '__gs3_command_is cp mv' -l case-conflict -d 'what to do with keys of a recursive download that differ in case alone' -x -a 'ignore skip warn error'
complete -c gs3 -n '__gs3_command_is cp mv' -l page-size -d 'keys in one page of a listing, at most 1000' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l no-overwrite -d 'leave a destination that exists as it is, and keep the source'
complete -c gs3 -n '__gs3_command_is cp mv put' -l resume -d 'go on with what an interrupted run has left of large objects'
complete -c gs3 -n '__gs3_command_is cp put' -l expected-size -d 'how long a stream will be' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l metadata -d 'user metadata: KEY=VALUE,..., a JSON object, or file://PATH' -x
complete -c gs3 -n '__gs3_command_is cp mv' -l metadata-directive -d 'whether a copy keeps its source\'s metadata and properties' -x -a 'COPY REPLACE'
complete -c gs3 -n '__gs3_command_is cp mv' -l copy-props -d 'what of its source a copy keeps' -x -a 'none metadata-directive default all'
complete -c gs3 -n '__gs3_command_is cp mv put' -l tags -d 'object tags of the destination, at most 10' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l content-type -d 'Content-Type of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l cache-control -d 'Cache-Control of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l content-disposition -d 'Content-Disposition of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l content-encoding -d 'Content-Encoding of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l content-language -d 'Content-Language of the destination' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l expires -d 'Expires of the destination: ISO 8601 or an HTTP date' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l no-guess-mime-type -d 'do not guess the Content-Type of an upload from its name'
complete -c gs3 -n '__gs3_command_is cp mv put' -l website-redirect -d 'where a website\'s request for the destination is sent: /KEY or a URL' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l acl -d 'canned access control list of the destination' -x -a 'private public-read public-read-write authenticated-read aws-exec-read bucket-owner-read log-delivery-write bucket-owner-full-control'
complete -c gs3 -n '__gs3_command_is cp mv put' -l grants -d 'rights on the destination: read, readacl, writeacl or full, for id=, emailaddress= or uri=' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l storage-class -d 'storage class of the destination' -x -a 'STANDARD REDUCED_REDUNDANCY STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER DEEP_ARCHIVE GLACIER_IR'
complete -c gs3 -n '__gs3_command_is cp mv put "policy export"' -l sse -d 'encryption by the store, without a value by AES256' -x -a 'AES256 aws:kms aws:kms:dsse'
complete -c gs3 -n '__gs3_command_is cp mv put "policy export"' -l sse-kms-key-id -d 'the KMS key of --sse aws:kms' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l sse-c -d 'encrypt or read the object with a key of yours' -x -a 'AES256'
complete -c gs3 -n '__gs3_command_is cp mv put' -l sse-c-key -d 'file with the key of --sse-c: 32 bytes, or with file:// their base64' -x
complete -c gs3 -n '__gs3_command_is cp mv' -l sse-c-copy-source -d 'read the source of a copy with a key of yours' -x -a 'AES256'
complete -c gs3 -n '__gs3_command_is cp mv' -l sse-c-copy-source-key -d 'file with the key of --sse-c-copy-source, as for --sse-c-key' -x
complete -c gs3 -n '__gs3_command_is cp mv put' -l checksum-algorithm -d 'checksum that the store keeps of an upload or a copy' -x -a 'CRC64NVME CRC32 CRC32C SHA1 SHA256'
complete -c gs3 -n '__gs3_command_is cp mv' -l checksum-mode -d 'verify a download by the checksum that the store keeps' -x -a 'ENABLED'
complete -c gs3 -n '__gs3_command_is cp mv put' -l verify -d 'compare the bytes once more, which is slow' -x -a 'md5'
complete -c gs3 -n '__gs3_command_is cp mv' -l ignore-glacier-warnings -d 'skip archived objects without a warning'
complete -c gs3 -n '__gs3_command_is cp mv' -l force-glacier-transfer -d 'try archived objects too'
complete -c gs3 -n '__gs3_command_is cp mv put' -l request-payer -d 'agree to pay for the requests' -x -a 'requester'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put doctor' -l endpoint-url -d 'S3 endpoint other than AWS\'s own; the policy must list it' -x
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put doctor' -l profile -d 'profile of the AWS configuration' -x
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put doctor' -l region -d 'AWS region' -x
complete -c gs3 -n '__gs3_command_is cp mv' -l source-region -d 'region of a copy\'s source, when it is another one' -x
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l no-sign-request -d 'send requests to S3 without a signature'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l cli-read-timeout -d 'how long an answer may stand still; 0: for ever' -x
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put' -l cli-connect-timeout -d 'how long a connection may take; 0: for ever' -x
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put doctor' -l no-verify-ssl -d 'do not verify the S3 endpoint\'s certificate (never the ticketing system\'s)'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put doctor' -l ca-bundle -d 'CA certificates for the S3 endpoint (never for the ticketing system)' -r -F
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put doctor' -l debug -d 'print what is sent and answered, secrets left out, on standard error'
complete -c gs3 -n '__gs3_command_is "policy export"' -l kind -d 'which document' -x -a 'bucket trust permissions scp vpce event-selectors eventbridge alarm'
complete -c gs3 -n '__gs3_command_is "policy export"' -l format -d 'how it is written; json by default' -x -a 'json terraform cloudformation'
complete -c gs3 -n '__gs3_command_is "policy export"' -l bucket -d 'this bucket alone, one that a pattern of the policy stands for too; repeatable' -x
complete -c gs3 -n '__gs3_command_is "policy export"' -l principal -d 'trust: who may assume the role; repeatable' -x
complete -c gs3 -n '__gs3_command_is "policy export"' -l role-arn -d 'trust, permissions, scp: the environment\'s role' -x
complete -c gs3 -n '__gs3_command_is "policy export"' -l exempt-role -d 'bucket, scp: a role that is not denied, such as one for emergencies; repeatable' -x
complete -c gs3 -n '__gs3_command_is "policy export"' -l vpc-endpoint -d 'bucket: deny what does not come through this VPC endpoint; repeatable' -x
complete -c gs3 -n '__gs3_command_is "policy export"' -l partition -d 'AWS partition; aws by default' -x -a 'aws aws-cn aws-us-gov'
complete -c gs3 -n '__gs3_command_is "policy export" "policy lint"' -l system -d 'read the named policy as the system\'s, which may be locked'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put doctor completion policy "policy export" "policy lint"' -l help -d 'print the usage and end'
complete -c gs3 -n 'not __gs3_command >/dev/null; or __gs3_command_is cp mv put doctor completion policy "policy export" "policy lint"' -l version -d 'print the version and end'
