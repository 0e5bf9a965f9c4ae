#!/usr/bin/env bats
# What of a copy's source rides along, by --copy-props and --metadata-directive, in one request and in
# parts; and sources in an archive, which cannot be read before they are restored.

# shellcheck disable=SC2154,SC2030,SC2031 # status, out, err: set by the libraries
load lib/common
load lib/proxy
load lib/trees

setup()
{
    trees_start
    make_buckets dev-data dev-copy
    printf '[default]\ns3 =\n  multipart_threshold = 5MB\n  multipart_chunksize = 5MB\n' \
        >"$(client_home)/.aws/config"
    cd "$work" || return
    printf 'small\n' >small
    head -c 6000000 /dev/urandom >large
    proxy_start
}

teardown()
{
    proxy_end
}

source_object()
{
    s3write put dev-data "$1" "$1" 'content-type: text/x-source' 'cache-control: max-age=60' \
        'content-language: de' 'x-amz-meta-color: blue' 'x-amz-tagging: a=1&b=two%20words'
}

# What rode along: [content-type, cache-control, content-language, color, tags].
rode_along()
{
    jq -cS --argjson tags "$(s3read tags dev-copy "$1")" \
        '[.headers["content-type"], .headers["cache-control"], .headers["content-language"],
            .metadata.color, $tags]' <<<"$(s3read head dev-copy "$1")"
}

# rides SIZE WANTED [OPTION]...
rides()
{
    local size=$1 want=$2
    shift 2
    proxy_forget
    tree_ends 0 cp "s3://dev-data/$size" s3://dev-copy/ "$@"
    assert_equal "$(rode_along "$size")" "$want" "$size, $*" || return 1
    assert_equal "$(s3read head dev-copy "$size" | jq -r '.metadata["jira-ticket-id"]')" OPS-2
    assert_object_bytes dev-copy "$size" "$size"
}

BINARY='"binary/octet-stream"'
TAGS='{"a":"1","b":"two words"}'

@test "--copy-props: nothing, the properties, or the tags as well; whole and in parts" {
    local size
    for size in small large; do
        source_object "$size"
        rides "$size" '["text/x-source","max-age=60","de","blue",'"$TAGS]"
        rides "$size" '["text/x-source","max-age=60","de","blue",'"$TAGS]" --copy-props all
        rides "$size" '["text/x-source","max-age=60","de","blue",{}]' \
            --copy-props metadata-directive
        rides "$size" "[$BINARY,null,null,null,{}]" --copy-props none
    done
}

@test "options of the user's replace what rides along, and nothing else of it" {
    local size
    for size in small large; do
        source_object "$size"
        rides "$size" '["text/csv","max-age=60","de","blue",'"$TAGS]" --content-type text/csv
        rides "$size" '["text/x-source","max-age=60","de","red",'"$TAGS]" --metadata color=red
        rides "$size" '["text/x-source","max-age=60","de","blue",{"c":"3"}]' --tags c=3
        rides "$size" '["text/csv",null,null,"red",'"$TAGS]" --metadata-directive REPLACE \
            --content-type text/csv --metadata color=red
    done
}

@test "tags that are too long for a header go in a request of their own" {
    local i
    local -a tags=()
    for i in 0 1 2 3 4 5 6 7 8 9; do tags+=("key$i=$(printf '%0250d' "$i")"); done
    s3write put dev-data large large
    s3write settags dev-data large "${tags[@]}"
    tree_ends 0 cp s3://dev-data/large s3://dev-copy/
    assert_equal "$(s3read tags dev-copy large)" "$(s3read tags dev-data large)"
    assert_equal "$(proxy_asked '.op == "CreateMultipartUpload"' |
        jq -r '.headers["x-amz-tagging"]')" null
    assert_equal "$(proxy_count PutObjectTagging)" 1
}

@test "an archived source is skipped with a warning, unless somebody says otherwise" {
    local class
    printf 'a\n' >a
    for class in GLACIER DEEP_ARCHIVE; do
        s3write put dev-data t/old small "x-amz-storage-class: $class" \
            --then put dev-data t/new a --then put dev-data t/instant a \
            'x-amz-storage-class: GLACIER_IR'
        tree_ends 2 cp s3://dev-data/t/old down
        [[ $err == *warning*'t/old'* && ! -e down ]] || tree_fail 'no warning'
        tree_ends 2 mv s3://dev-data/t/ s3://dev-copy/t/ --recursive
        assert_equal "$(s3read list dev-data | jq -r .)" t/old "$class: what is left"
        assert_equal "$(s3read list dev-copy | jq -sr 'join(" ")')" 't/instant t/new'
        [[ $err == *warning*'t/old'* ]] || tree_fail 'no warning'
        tree_ends 0 cp s3://dev-data/t/ s3://dev-copy/t/ --recursive --ignore-glacier-warnings
        [[ $err != *warning* ]] || tree_fail 'a warning'
        # This server does not archive, so that asking it all the same succeeds.
        tree_ends 0 mv s3://dev-data/t/old down --force-glacier-transfer
        assert_same_bytes down small
        assert_equal "$(s3read list dev-data)" '' 'objects'
        rm -f down
        make_buckets dev-data dev-copy
    done
}
