#!/usr/bin/env bash
# Takes snapshots and waits for their end: a gate before a deploy.
#
#   take-and-wait.sh URL REQUEST [KEY]
#
#   URL    where the HTTP API is, with its stage if it has one: the stack's output ApiUrl
#   REQUEST  the request as JSON: '{"projectId":"…","clusters":["prod-a"]}'
#   KEY    idempotency key: the same key and request is the same run, whatever is sent twice; default: a random one
#
# Signs by the credentials of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION; without them
# it doesn't sign. Gives up after WAIT_MINUTES (default 180). Needs bash and curl 7.75 or later.
#
# Exit code: 0 every snapshot is completed, or skipped as the request allows (onConflict skip, minimumAgeMinutes, a cluster
# found by all or tags that can't have one), 1 one is not, or nobody can tell, 2 the call was wrong.
set -euo pipefail

if [ $# -lt 2 ]; then
	echo "usage: take-and-wait.sh URL REQUEST [KEY]" >&2
	exit 2
fi
url=${1%/}
request=$2
key=${3:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}
give_up=$((SECONDS + ${WAIT_MINUTES:-180} * 60))

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# The secret key goes by a file that only we can read: a command line is seen by everyone on the machine.
(
	umask 077
	if [ -n "${AWS_ACCESS_KEY_ID:-}" ]; then
		printf 'aws-sigv4 = "aws:amz:%s:execute-api"\n' "${AWS_REGION:?must be set beside AWS_ACCESS_KEY_ID}"
		printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
		if [ -n "${AWS_SESSION_TOKEN:-}" ]; then
			printf 'header = "x-amz-security-token: %s"\n' "$AWS_SESSION_TOKEN"
		fi
	fi >"$dir/curlrc"
)

# Sends a request. Leaves $dir/headers and $dir/body, and the status in $status: 000 where no answer came.
send() {
	: >"$dir/headers"
	: >"$dir/body"
	status=$(curl --silent --globoff --max-time 60 --config "$dir/curlrc" --dump-header "$dir/headers" --output "$dir/body" \
		--write-out '%{http_code}' "$@") || status=000
}

header() {
	tr -d '\r' <"$dir/headers" | awk -v name="$1:" '
		tolower(substr($0, 1, length(name))) == name { value = substr($0, length(name) + 1); sub(/^ */, "", value) }
		END { print value }'
}

# Sleeps as long as the answer asks, else $1 seconds.
pause() {
	local seconds
	seconds=$(header retry-after)
	case $seconds in '' | *[!0-9]*) seconds=$1 ;; esac
	# In base ten, whatever it begins with, and within what bash can add.
	seconds=$((10#${seconds:0:9}))
	if [ $((SECONDS + seconds)) -gt "$give_up" ]; then
		echo "not ended in time; the run goes on: ${run_url:-it may not have started}" >&2
		exit 1
	fi
	sleep "$seconds"
}

fail() {
	echo "$1 (HTTP $status)" >&2
	cat "$dir/body" >&2
	echo >&2
	exit "${2:-1}"
}

# The key makes it safe to send the request again when an answer is lost.
for attempt in 1 2 3 4 5 6 7 8 9 10; do
	send --header 'content-type: application/json' --header "idempotency-key: $key" --header 'prefer: wait=20' \
		--data-raw "$request" --url "$url/snapshots"
	if grep -q 'problem:atlas-refused' "$dir/body"; then fail "Atlas refused the snapshot"; fi
	case $status in
	202) break ;;
	000 | 429 | 500 | 502 | 503 | 504)
		if [ "$attempt" = 10 ]; then fail "the request was not accepted"; fi
		echo "no good answer (HTTP $status), sending the same request again" >&2
		pause 5
		;;
	*) fail "the request was not accepted" 2 ;;
	esac
done

# Calls are signed: they go to the API that was named, whatever place an answer names.
origin=$(printf %s "$url" | sed -E 's#^(https?://[^/?\#]+).*#\1#')
location=$(header location)
case $location in
"$origin"/*) run_url=$location ;;
//*) fail "the answer names a place that is not on $origin" ;;
/*) run_url=$origin$location ;;
*) fail "the answer names a place that is not on $origin" ;;
esac
echo "run $run_url"

# A run may be listed only seconds after it was accepted.
listed_by=$((SECONDS + 60))
pause 2
while :; do
	send --url "$run_url"
	case $status in
	200)
		state=$(grep -o '"status":"[A-Z]*"' "$dir/body" | head -n 1 | cut -d '"' -f 4 || true)
		targets=$(grep -o '"clusterName":"[^"]*","state":"[A-Z]*"' "$dir/body" | cut -d '"' -f 4,8 | tr '"\n' '= ' || true)
		if [ "$state $targets" != "${last:-}" ]; then echo "$state $targets"; fi
		last="$state $targets"
		case $state in
		SUCCEEDED) exit 0 ;;
		FAILED) fail "not every snapshot is completed or skipped" ;;
		esac
		;;
	404) if [ "$SECONDS" -gt "$listed_by" ]; then fail "the run is not known"; fi ;;
	000 | 429 | 500 | 502 | 503 | 504) echo "no good answer (HTTP $status), asking again" >&2 ;;
	*) fail "the run can't be read" ;;
	esac
	pause 10
done
