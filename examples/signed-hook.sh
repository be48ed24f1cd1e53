#!/usr/bin/env bash
# Sends a request as a signed hook, from where there is no AWS identity (Standard Webhooks, symmetric signatures).
#
#   WEBHOOK_SECRET=whsec_… signed-hook.sh URL REQUEST [ID]
#
#   URL    where the HTTP API is, with its stage if it has one
#   REQUEST  the request as JSON
#   ID     names the run: sent again, the hook is the same run; default: a random one
#
# Prints the answer. Exit code: 0 accepted, otherwise curl's own. Needs bash, curl and openssl.
set -euo pipefail

url=${1:?usage: signed-hook.sh URL REQUEST [ID]} request=${2:?usage: signed-hook.sh URL REQUEST [ID]}
# No program that is called below has the key in its environment or on its command line, which everyone can see.
secret=${WEBHOOK_SECRET:?must be whsec_ and the key in base64}
unset WEBHOOK_SECRET
id=${3:-msg_$(openssl rand -hex 16)} time=$(date +%s)
key=$(printf %s "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1)

# Writes the key, filled up to SHA-256's block of 64 bytes, each byte combined with $1 (RFC 2104 §2; a key of a hook has
# 64 bytes at most). printf belongs to bash: it is no process.
pad() {
	local byte escaped block='' length=0
	for byte in $key; do
		printf -v escaped '\\x%02x' $((16#$byte ^ $1))
		block+=$escaped length=$((length + 1))
	done
	printf -v escaped '\\x%02x' "$1"
	for (( ; length < 64; length++)); do block+=$escaped; done
	printf %b "$block"
}
sha256() { openssl dgst -sha256 -binary; }
mac=$({ pad 0x5c && { pad 0x36 && printf '%s.%s.%s' "$id" "$time" "$request"; } | sha256; } | sha256 | openssl base64 -A)

curl --silent --show-error --fail-with-body --globoff --max-time 60 --url "${url%/}/hooks/snapshots" \
	--header 'content-type: application/json' --header "webhook-id: $id" --header "webhook-timestamp: $time" \
	--header "webhook-signature: v1,$mac" --data-raw "$request"
