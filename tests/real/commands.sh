#!/usr/bin/env bash
# The commands about what runs already: wait, why, events -f, status -w, gc, stop, start, restart, scale, kept plans, blueprints
# behind a URL.
. "$(dirname "$0")/lib.sh"
uses real-commands
A=real-commands
cat >shop.yaml <<'Y'
id: real-commands
location: my-docker-cloud
services:
- type: docker:redis:3
  id: db
  openPorts: 6379
  volumes: ["data:/data"]
- type: docker:busybox:latest
  id: web
  command: "trap 'exit 0' TERM; echo here I am; while :; do sleep 0.2; done"
  links: [$brooklyn:component("db")]
Y
why() { berth why "$@" "${to_engine[@]}"; }
wait_for() { berth wait "$A" --for "$@" "${to_engine[@]}"; }
said() { grep -q "$1" "$2" || { cat "$2"; return 1; }; }
# background NAME COMMAND...: goes on beside the script, its output in NAME.
background() {
	local name=$1
	shift
	timeout 120 "$@" >"$name" 2>&1 &
	children+=("$!")
	last=$!
}
ended_well() { # PID SECONDS
	until_true "$2" fails kill -0 "$1" && wait "$1"
}

check "nobody waits for what nobody knows" exits 1 wait_for running --timeout 60s
check "but it is gone" wait_for gone --timeout 60s
background events "$BERTH" events -f "$A" -o json
check "deploys" deploy shop.yaml
check "events come as they are recorded" until_true 30 said '"what":"running"' events
check "one object a line" until_true 30 jq -e -s 'length >= 2 and all(.[]; .app == "real-commands")' events
kill "$last"
check "wait: running" wait_for running --timeout 60s
check "wait: healthy" wait_for healthy --timeout 60s
check "wait: nothing of it is a job" exits 64 wait_for finished --timeout 60s
check "why: all is as wanted" json '.findings == []' why "$A" -o json
check "why: of one component all the same" json '.findings[0].why == "it is as wanted"' why "$A" db -o json

docker stop -t 5 "$A.web.1" >/dev/null
check "wait: in vain, with the reason" exits 124 wait_for running --timeout 2s
check "why: it ended, with its code and its log" json '.findings | length == 1 and (.[0].why | contains("ended with code 0")) and
	(.[0].log | index("here I am")) and .[0].who == "you"' why "$A" -o json
background waiting "$BERTH" wait "$A" --timeout 60s "${to_engine[@]}"
background lines "$BERTH" status "$A" -w "${to_engine[@]}"
watching=$last
until_true 30 said "web.1  stopped" lines
docker start "$A.web.1" >/dev/null
check "wait: it hears of a start by other hands" ended_well "${children[-2]}" 30
check "status -w: a line for each change" until_true 30 said "web.1  running" lines
kill "$watching"
check "status: exit code" status "$A" --exit-code
docker rm -f "$A.web.1" >/dev/null
check "why: it is not there any more" json '.findings[0].why | contains("it is not there any more; it ran at ")' why "$A" -o json
check "status: exit code of what is missing" exits 1 status "$A" --exit-code
check "deploys what was missing" deploy shop.yaml
check "why: a place that does not answer" exits 69 berth why "$A" --location my-docker-cloud=docker:unix:///nowhere.sock
check "wait: a place that does not answer" exits 69 wait_for running --location my-docker-cloud=docker:unix:///nowhere.sock

# --- stopped, started, more of it ---
stopped() { [ -z "$(running "$A" web)" ] && [ -n "$(containers "$A" web)" ]; }
ids=$(containers "$A")
check "stop: one component" berth stop "$A" web "${to_engine[@]}"
check "it is kept" stopped
check "why: berth stopped it" json '.findings[0].why | contains("`berth stop` ended it")' why "$A" -o json
check "start" berth start "$A" "${to_engine[@]}"
check "the same containers" kept "$ids" "$(running "$A")"
check "restart" berth restart "$A" web "${to_engine[@]}"
check "the same after that" kept "$ids" "$(running "$A")"
check "scale" berth scale "$A" web 3 "${to_engine[@]}"
check "three of them" same 3 "$(count running "$A" web)"
check "what is no number is refused" exits 64 berth scale "$A" web many "${to_engine[@]}"

# --- a plan that is kept ---
check "a plan is kept" plan shop.yaml --out shop.plan
check "for its owner alone" same 600 "$(stat -c %a shop.plan)"
check "and goes back to what the file says" berth deploy shop.plan "${to_engine[@]}" -y
check "one of them" same 1 "$(count running "$A" web)"
check "once done it is stale" exits 75 berth deploy shop.plan "${to_engine[@]}" -y

# --- a blueprint behind a URL ---
python3 -u -m http.server --bind 127.0.0.1 0 >server 2>&1 &
children+=($!)
until_true 30 said "port" server
port=$(grep -oE 'port [0-9]+' server | grep -oE '[0-9]+')
check "a blueprint behind a URL" json '[.changes[].action] | unique == ["unchanged"]' plan "http://127.0.0.1:$port/shop.yaml" -o json
check "one that is not there" exits 64 plan "http://127.0.0.1:$port/nowhere.yaml"

# --- what nobody owns ---
gc() { berth gc --location my-docker-cloud "${to_engine[@]}" "$@"; }
kinds() { gc -o json | jq -r --arg app "$A" '[.found[] | select(.app == $app) | .kind] | sort | join(" ")'; }
only_ours() { gc -o json | jq -e --arg app "$A" 'all(.found[]; .app == $app)' >/dev/null; }
docker volume rm "berth.claim.$A" >/dev/null
check "what our store knows is owned without its claim" same "" "$(kinds)"
rm -rf "$XDG_STATE_HOME/berth"
check "why: without the store" json '.unknown != [] and .findings == []' why "$A" -o json
check "without both it is found" bash -c '[[ $1 == "instance instance"*volume ]]' - "$(kinds)"
check "and only shown" same 2 "$(count running "$A")"
check "removing it must be agreed to" exits 64 gc --delete
if only_ours; then # else it is somebody's engine
	check "removed" gc --delete -y
	check "nothing of it is left" nothing_of "$A"
	check "but its data" same volume "$(kinds)"
	command=$(gc | sed -n 's/.*`berth \(destroy [^`]*\)`.*/\1/p')
	# The words of the command.
	# shellcheck disable=SC2086
	check "which the command that it names removes" berth $command -y
	check "all of it" same "" "$(kinds)"
fi
check "deploys once more" deploy shop.yaml
sed 's/^  id: db$/&\n  location: fake/' shop.yaml >moved.yaml
check "a move that leaves data behind is refused" exits 65 eval 'deploy moved.yaml >refused 2>&1'
# shellcheck disable=SC2016
check "in words" said '`db` would move from my-docker-cloud to fake without its data: `data` (/data) stays at my-docker-cloud' refused
check "it is planned without" eval 'plan moved.yaml --leave-data >moved'
check "and says what is left behind" said 'data at risk .*stays at my-docker-cloud' moved
background gone "$BERTH" wait "$A" --for gone "${to_engine[@]}"
check "destroy names its data and the command" bash -c '"$@" | grep -F "berth destroy real-commands --volumes --location my-docker-cloud=docker:"' - \
	"$BERTH" destroy "$A" -y "${to_engine[@]}"
check "wait: gone" ended_well "$last" 10
