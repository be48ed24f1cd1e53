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
id=${3:-msg_$(openssl rand -hex 16)} time=$(date +%s)
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
mac=$(printf '%s.%s.%s' "$id" "$time" "$request" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

curl --silent --show-error --fail-with-body --max-time 60 "${url%/}/hooks/snapshots" \
	--header 'content-type: application/json' --header "webhook-id: $id" --header "webhook-timestamp: $time" \
	--header "webhook-signature: v1,$mac" --data-binary "$request"
