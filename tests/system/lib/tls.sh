#!/usr/bin/env bash
# Make the certificates of the test servers: tls.sh DIR
#
# DIR/ca.pem signs DIR/server.pem (key: server.key), which is good for every name a test server has
# on loopback. DIR/other-ca.pem signs nothing a server shows; DIR/wrong-host.pem (key: server.key)
# is of the good CA but for another name; DIR/expired.pem (key: server.key) is of the good CA and
# out of date. Depends on openssl; writes into DIR only.
set -euo pipefail

(($# == 1)) || { printf 'usage: tls.sh DIR\n' >&2; exit 2; }
umask 077
mkdir -p "$1"
dir=$(cd "$1" && pwd)
log=$dir/tls.log

openssl_()
{
    # The machine's openssl.cnf and variables of the caller have no say in a test certificate.
    if ! OPENSSL_CONF="$dir/openssl.cnf" openssl "$@" 2>>"$log"; then
        printf 'tls.sh: openssl %s failed: %s\n' "$1" "$(tail -n 1 "$log")" >&2
        exit 1
    fi
}

cat >"$dir/openssl.cnf" <<'CNF'
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:s3.localhost,DNS:*.s3.localhost,DNS:localhost,IP:127.0.0.1,IP:::1
[wrong_host]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:elsewhere.invalid
[signer]
database = ./index.txt
new_certs_dir = .
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
CNF

ca()
{
    openssl_ req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/$1.key" \
        -out "$dir/$1.pem" -days 30 -subj "/CN=gs3 test $1" -extensions ca
}

ca ca
ca other-ca
openssl_ req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/server.key" \
    -out "$dir/server.csr" -subj "/CN=s3.localhost"
issue()
{
    local name=$1 section=$2
    shift 2
    # `ca`, not `x509 -req`: only it can date a certificate back.
    (cd "$dir" && openssl_ ca -batch -notext -config openssl.cnf -name signer -cert ca.pem \
        -keyfile ca.key -in server.csr -out "$name.pem" -extensions "$section" "$@")
}
: >"$dir/index.txt"
issue server server -days 30
issue wrong-host wrong_host -days 30
issue expired server -startdate 20200101000000Z -enddate 20200201000000Z
