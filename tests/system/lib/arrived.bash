# shellcheck shell=bash
# Whether many files or objects are what they were, wherever they are now. A manifest is the output
# of md5sum, names relative. `load lib/arrived` after `load lib/common`. Depends on common.bash, jq.

# manifest_of DIRECTORY: each file below it.
manifest_of()
{
    (cd "$1" && find . -type f ! -name '.gs3-*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0r md5sum --)
}

# objects_of BUCKET PREFIX: each object below it, as a manifest would name it; what multipart
# uploads have for an ETag is fetched. What was read stays in $BATS_TEST_TMPDIR/heads.
objects_of()
{
    local bucket=$1 prefix=$2 sum key
    s3read heads "$bucket" "$prefix" >"$BATS_TEST_TMPDIR/heads"
    jq -r --arg prefix "$prefix" '"\(.etag | gsub("\""; ""))  \(.key | ltrimstr($prefix))"' \
        "$BATS_TEST_TMPDIR/heads" |
        while IFS= read -r line; do
            sum=${line%% *} key=${line#*  }
            [[ $sum != *-* ]] || sum=$(s3read get "$bucket" "$prefix$key" | md5sum | cut -c 1-32)
            printf '%s  %s\n' "$sum" "$key"
        done | LC_ALL=C sort -k 2
}

# ungoverned NAME=VALUE...: of what the last objects_of read, the keys of objects whose metadata
# lacks one of these.
ungoverned()
{
    jq -r '($ARGS.positional | map(split("=") | {(.[0]): .[1]}) | add) as $want |
            select([.metadata[($want | keys[])]?] != [$want | keys[] as $k | $want[$k]]) | .key' \
            "$BATS_TEST_TMPDIR/heads" --args -- "$@"
}

# not_in MANIFEST MANIFEST: the names of the first that the second does not have with the same sum;
# with_other_sum: those that it has with another one.
not_in()
{
    LC_ALL=C comm -23 <(LC_ALL=C sort "$1") <(LC_ALL=C sort "$2") | cut -c 35-
}

with_other_sum()
{
    LC_ALL=C join -j 1 -o 0 <(not_in "$1" "$2" | LC_ALL=C sort) <(cut -c 35- "$2" | LC_ALL=C sort)
}
