#!/usr/bin/env bash
# Many apps of one blueprint on a double of Marathon: what goes over the wire when they are deployed, planned, looked at.
. "$(dirname "$0")/lib.sh"
uses real-many
per_level=${BERTH_MANY:-16} # of two levels
port=$((26000 + $$ % 5000))
url=http://127.0.0.1:$port
"$root/tests/doubles/marathon/run" --quiet --published --listen 127.0.0.1:$port --docker "$DOCKER_HOST" --wire double.wire --kill-grace 0 \
	--cpus 1000 --mem 1000000 >double.log 2>&1 &
children+=($!)
check "a double of Marathon is there" until_true 60 curl -sf "$url/ping"

printf 'id: real-many\nlocation: cluster\nservices:\n' >many.yaml
for i in $(seq "$per_level"); do
	printf -- '- {type: "docker:busybox:latest", id: a%s, command: [sleep, "1000"], memory: 8m, env: {N: "%s"}}\n' "$i" "$i"
	printf -- '- {type: "docker:busybox:latest", id: b%s, command: [sleep, "1000"], memory: 8m, links: [$brooklyn:component("a%s")]}\n' "$i" "$i"
done >>many.yaml
on_double() { timeout 900 "$BERTH" "$@" --location cluster=marathon:$url; }
seen() { # COMMAND...: its requests are in `asked`
	: >double.wire
	"$@" || return
	grep -vE '^GET /(ping|double)' double.wire | sort >asked
}
said() { grep -cE "$1" asked; }
changes() { grep -E '^(PUT|POST|DELETE|PATCH) /v2/(apps|groups/real-many( |\?)|groups/real-many/[^b])' asked; }
one_a_level() { changes; [ "$(changes | wc -l)" = 2 ] && [ "$(said '^PUT /v2/apps\?partialUpdate=false 200 ')" = 2 ]; }
few_beyond() { [ "$(($(wc -l <asked) - 2))" -le $((2 * 2 * per_level)) ]; }
two() { cat asked; [ "$(wc -l <asked)" = 2 ]; }
within() { [ "$(awk '{sum += $NF} END {print sum}' asked)" -le $((30000 * 2 * per_level)) ]; }
count() { curl -sf "$url/v2/$1" | jq -e ".$1 | length == $2"; }
foreign() { curl -sf "$url/v2/apps/real-many/theirs" | jq -e '.app.cmd == "exec sleep 1000"'; }
no_apps() { curl -sf "$url/v2/apps" | jq -e '.apps == []'; }

check "somebody else has an app in the group" curl -sf -X POST -H 'Content-Type: application/json' \
	-d '{"id":"/real-many/theirs","cmd":"exec sleep 1000","cpus":0.1,"mem":16}' "$url/v2/apps"
check "$((2 * per_level)) apps on two levels are deployed" seen on_double deploy many.yaml -y
check "each level by one change of all its apps" one_a_level
check "and at most two requests an app beyond" few_beyond
echo "# $((2 * per_level)) apps: $(wc -l <asked) requests: $(awk '{split($2, p, "?"); n[$1 " " p[1]]++} END {for (k in n) printf "%sx %s, ", n[k], k}' asked)"
check "each is there once" count tasks $((2 * per_level + 1))
check "and what is somebody else's is as it was" foreign
check "a plan of what runs" seen on_double plan many.yaml --detailed-exitcode
check "asks twice" two
check "a status" seen on_double status real-many
check "asks twice, too" two
check "and reads little" within
echo "# status: $(awk '{sum += $NF} END {print sum}' asked) bytes in $(wc -l <asked) requests"
check "all is destroyed" on_double destroy real-many -y
check "but what is somebody else's" foreign
check "which goes, too" curl -sf -X DELETE "$url/v2/apps/real-many/theirs"
check "no app is left" until_true 60 no_apps
