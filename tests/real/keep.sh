#!/usr/bin/env bash
# Kept alive: what ends on a real engine runs again, whoever was killed; what was stopped stays so; nothing is doubled.
. "$(dirname "$0")/lib.sh"
uses real-keep
unset BERTH_CONTROLLER BERTH_TOKEN_FILE BERTH_CA
socket=$work/c.sock
by() { BERTH_CONTROLLER=unix:$socket berth "$@"; }
get() { curl -sS -m 10 --unix-socket "$socket" "http://c$1"; }
ready() { get /readyz | grep -q '^ready'; }
up() {
	env --default-signal=INT,TERM,HUP "$BERTH" serve --state "$work/state/berth" --listen "unix:$socket" >>serve.log 2>&1 &
	serve=$!
	children+=("$serve")
	until_true 20 ready
}
die() {
	kill -KILL "$serve"
	wait "$serve" 2>/dev/null
}
cat >app.yaml <<'Y'
id: real-keep
location: my-docker-cloud
services:
- {type: "docker:redis:3", id: db, openPorts: 6379, policies: [{type: restarter, backoff: 200ms, breakerAfter: 0}]}
- type: docker:busybox:latest
  id: web
  command: [sh, -c, "trap 'exit 0' TERM; sleep 1000 & wait"]
  links: {redis: $brooklyn:component("db")}
  policies: [{type: restarter, backoff: 200ms, breakerAfter: 0}]
- {type: "docker:busybox:latest", id: loose, stopSignal: KILL, command: [sleep, "1000"]}
Y
one() { running real-keep "$1"; }
runs() { [ "$(one "$1" | wc -l)" = 1 ]; }
# Sooner or later within three seconds.
still_runs() { timeout 3 bash -c 'until [ -n "$(docker ps -q --filter label=berth.app=real-keep --filter "label=berth.component=$1")" ]; do sleep 0.2; done' - "$1"; }
all_run() { runs db && runs web; }
restart_of() { docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' "$(containers real-keep "$1")"; }
# Docker takes a container that was killed by its own command for one that is to stay so.
murder() { docker kill "$(one "$1")" >/dev/null; }

check "serves" up
check "deploys" by deploy app.yaml "${to_engine[@]}" -y
check "restarts of what has a restarter are not the engine's" same no "$(restart_of web)"
check "those of what has none are" same unless-stopped "$(restart_of loose)"
check "status is as always" same running "$(by status real-keep -o json | jq -r .state)"
db=$(containers real-keep db)
check "what is killed" murder db
check "runs again" until_true 30 runs db
check "and is the same one" same "$db" "$(containers real-keep db)"
check "its events say so" until_true 30 bash -c '"$1" events real-keep --controller "unix:$2" | grep -q restarting' - "$BERTH" "$socket"
check "both at once" bash -c 'docker kill "$@" >/dev/null' - "$(one db)" "$(one web)"
check "run again" until_true 30 all_run

check "what is stopped" by stop real-keep web
check "stays so" fails still_runs web
die
check "for the next controller, too" up
check "which it was told" fails still_runs web
check "until it is started" by start real-keep web
check "then it is kept again" murder web
check "and runs" until_true 30 runs web

check "what is removed" docker rm -f "$(one web)"
check "is made again" until_true 20 runs web

murder db
die
check "the controller is killed and comes back" up
check "and what ended meanwhile runs" until_true 30 all_run
before=$(containers real-keep)
die
check "comes back" up
check "and touches nothing that runs" kept "$before" "$(running real-keep)"

die
rm -rf "$work/state/berth"
check "without its store it comes back" up
check "and what runs is deployed again" by deploy app.yaml "${to_engine[@]}" -y
check "without another container" kept "$before" "$(running real-keep)"
check "and is kept again" murder db
check "as before" until_true 30 runs db

ended() {
	kill -TERM "$serve"
	wait "$serve"
}
check "it ends" ended
check "and restarts are the engine's again" same unless-stopped "$(restart_of web)"
check "all still run" all_run
check "nothing is left in the end" bash -c '"$1" destroy real-keep -y "${@:2}" --adopt' - "$BERTH" "${to_engine[@]}"
check "of it" nothing_of real-keep
