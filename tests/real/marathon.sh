#!/usr/bin/env bash
# One blueprint over a Docker engine, a double of Marathon and this machine: reached across, moved, killed, destroyed.
. "$(dirname "$0")/lib.sh"
uses real-across
static_helper
port=$((21000 + $$ % 5000))
url=http://127.0.0.1:$port
"$root/tests/doubles/marathon/run" --quiet --published --listen 127.0.0.1:$port --docker "$DOCKER_HOST" >double.log 2>&1 &
children+=($!)
check "a double of Marathon is there" until_true 60 curl -sf "$url/ping"

cat >across.yaml <<'Y'
id: real-across
services:
- type: docker:busybox:latest
  id: maker
  location: my-mesos-cluster
  openPorts: 8080
  memory: 32m
  command: "mkdir /w; echo made | tee /w/it; exec httpd -f -p 8080 -h /w"
- type: docker:busybox:latest
  id: front
  location: my-docker-cloud
  links: [$brooklyn:component("maker")]
  command: 'a=${MAKER_PORT#tcp://}; wget -q -O /got "http://$a/it"; exec sleep 1000'
- {type: process, id: local, location: here, command: exec sleep 1000}
Y
to_all=(--location my-mesos-cluster=marathon:$url --location here=localhost)
on_all() { timeout 120 "$BERTH" "$@" "${to_engine[@]}" "${to_all[@]}"; }
got() { docker exec "$(running real-across front)" cat /got | grep -qx made; }
by_name() { [ "$(docker exec "$(running real-across front)" wget -q -O - http://maker:8080/it)" = made ]; }
started() { docker inspect -f '{{.Id}} {{.State.StartedAt}}' "$(running real-across "$1")"; }
count() { curl -sf "$url/v2/$1" | jq -e ".$1 | length == $2"; }
task() { curl -sf "$url/v2/tasks" | jq -r '.tasks[0].id'; }
wrote() { on_all logs real-across maker | grep -q made; }
was_made_anew() { [ "$(task)" != "$before" ] && curl -sf "$url/v2/apps/real-across/maker" | jq -e '.app.tasksRunning == 1'; }

check "it is deployed over three targets" on_all deploy across.yaml -y
check "what runs on Docker reaches what runs on Marathon" until_true 30 got
check "what a task wrote is read from its agent" wrote
check "Mesos' masters lead to the same Marathon" timeout 60 "$BERTH" locations check "mesos:$(curl -sf "$url/v2/info" | jq -r '.marathon_config.mesos_leader_ui_url | rtrimstr("/")')"
check "a second deploy changes nothing" on_all plan across.yaml --detailed-exitcode
check "by its own name and number, though Marathon gave it another" by_name
before=$(task) held=$(started front)
check "a task is killed by others" curl -sf -X POST -H 'Content-Type: application/json' -d "{\"ids\":[\"$before\"]}" "$url/v2/tasks/delete"
check "Marathon makes another" until_true 60 was_made_anew
check "which the next deploy follows" on_all deploy across.yaml -y
check "so that it is reached" until_true 30 by_name
check "with no consumer restarted" same "$held" "$(started front)"
check "all is destroyed" on_all destroy real-across -y
check "no app is left" count apps 0
for seconds in 0.2 0.5 0.9 1.4 2; do
	timeout -s KILL "$seconds" "$BERTH" deploy across.yaml -y "${to_engine[@]}" "${to_all[@]}" >/dev/null 2>&1
done
check "killed five times, it is deployed" on_all deploy across.yaml -y
check "once" count apps 1
check "with one task" count tasks 1
check "and is destroyed" on_all destroy real-across -y
check "no group is left" count groups 0
