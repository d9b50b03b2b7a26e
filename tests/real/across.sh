#!/usr/bin/env bash
# One blueprint over a Docker engine, a double of Marathon, this machine and one reached by SSH: each of them is linked to what
# is somewhere else, by the number that this says of itself; and follows it when it moves.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - across: skipped, not root"
	exit 0
fi
uses real-four
. "$root/tests/real/machine.bash"
static_helper
# Marathon is gone by then, so that nobody destroys what a failure left here.
afterwards() {
	local left
	machine_ends 1
	left=$(grep -lzE '^BERTH_(APP=real-four|TREE=real-four\..*)$' /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3)
	# One word a process.
	# shellcheck disable=SC2086
	[ -z "$left" ] || kill -KILL $left 2>/dev/null
}
port=$((26000 + $$ % 5000))
url=http://127.0.0.1:$port
"$root/tests/doubles/marathon/run" --quiet --published --listen 127.0.0.1:$port --docker "$DOCKER_HOST" --kill-grace 0 --offer-delay 0.1 \
	--start-delay 0 --relaunch-delay 0.2 >double.log 2>&1 &
children+=($!)
check "a machine comes up" machine 1
check "a double of Marathon is there" until_true 60 curl -sf "$url/ping"

# A page of each tells what the page of the one behind it tells: front, far, near, maker, store.
cat >four.yaml <<Y
id: real-four
locations:
  my-machine: {ssh: {host: $(address 1), user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts}}
  my-mesos-cluster: "marathon:$url"
  here: localhost
services:
- type: docker:busybox:latest
  id: store
  location: my-docker-cloud
  openPorts: 8081
  stopTimeout: 1s
  command: "mkdir /w; echo stored >/w/page; exec httpd -f -p 8081 -h /w"
- type: docker:busybox:latest
  id: maker
  location: my-mesos-cluster
  openPorts: 8082
  memory: 32m
  links: [\$brooklyn:component("store")]
  command: 'mkdir /w; until wget -qO /w/page "http://\${STORE_PORT#tcp://}/page"; do sleep 0.1; done; exec httpd -f -p 8082 -h /w'
- type: process
  id: near
  location: here
  link: ambassador
  stopTimeout: 1s
  ports: {http: 18083}
  links: [\$brooklyn:component("maker")]
  files: {w/cgi-bin/page: {mode: "0755", content: "#!/bin/sh\necho; exec busybox wget -qO- http://\${MAKER_PORT#tcp://}/page\n"}}
  command: exec busybox httpd -f -p "\$BIND_ADDRESS:\$PORT_HTTP" -h w
- type: process
  id: far
  location: my-machine
  link: ambassador
  stopTimeout: 1s
  ports: {http: 18084}
  links: [\$brooklyn:component("near"), \$brooklyn:component("maker")]
  files: {w/cgi-bin/page: {mode: "0755", content: "#!/bin/sh\necho; exec busybox wget -qO- http://\${NEAR_PORT#tcp://}/cgi-bin/page\n"}}
  command: exec busybox httpd -f -p "\$BIND_ADDRESS:\$PORT_HTTP" -h w
- type: docker:busybox:latest
  id: front
  location: my-docker-cloud
  stopTimeout: 1s
  links: [\$brooklyn:component("far"), \$brooklyn:component("maker")]
  command: exec sleep 1000
Y
on_all() { timeout 120 "$BERTH" "$@" "${to_engine[@]}"; }
asks() { docker exec "$(running real-four front)" wget -qO- "$1"; }
all_answer() { [ "$(asks http://far:18084/cgi-bin/page)" = stored ]; }
maker_answers() { [ "$(asks http://maker:8082/page)" = stored ]; }
shows() { on_all plan four.yaml | tee plan.said | grep -q "maker-for-$1.1 at $1: create"; }
task() { curl -sf "$url/v2/tasks" | jq -r '.tasks[0].id'; }
# Who runs, but for what Marathon runs.
who() { on_all status real-four -o json | jq -r '.components[] | select(.location != "my-mesos-cluster") | .instances[].target_id'; }
numbers() { on_all status real-four -o json | jq -c '[.components[] | select(.id | startswith("maker-for-") | not) | .links[] | select(.to | startswith("maker-for-")) | .port] | unique'; }
settled() { on_all plan four.yaml --detailed-exitcode; }
moved() { [ "$(task)" != "$before" ] && curl -sf "$url/v2/apps/real-four/maker" | jq -e '.app.tasksRunning == 1'; }
moves() { curl -sf -X POST -H 'Content-Type: application/json' -d "{\"ids\":[\"$before\"]}" "$url/v2/tasks/delete"; }
count() { curl -sf "$url/v2/$1" | jq -e ".$1 | length == $2"; }
nothing_far() { [ -z "$(ip netns pids "m$$-1" | xargs -r ps -o args= -p | grep -E 'httpd|helper-|machine-')" ]; }

for place in here my-machine my-docker-cloud; do check "the plan shows the stand-in at $place" shows $place; done
check "it is deployed over four targets" on_all deploy four.yaml -y
check "one request goes through all of them" until_true 30 all_answer
check "by the number that the provider says of itself" same '[8082]' "$(numbers)"
check "a second deploy changes nothing" settled
who >before.who
before=$(task)
check "a task is killed by others" moves
check "Marathon makes another" until_true 60 moved
check "which the next deploy follows" on_all deploy four.yaml -y
check "so that it is reached" until_true 30 all_answer
check "and nobody was begun again" same "$(cat before.who)" "$(who)"
for seconds in 0.2 0.6 1.2; do
	on_all destroy real-four -y >/dev/null 2>&1
	(timeout -s KILL "$seconds" "$BERTH" deploy four.yaml -y "${to_engine[@]}") >/dev/null 2>&1
done
check "killed three times, it is deployed" on_all deploy four.yaml -y
check "and one request goes through all" until_true 30 all_answer
check "with one task" count tasks 1

controller_start
check "a controller keeps it" on_all deploy four.yaml -y
who >before.who
before=$(task)
check "a task is killed under it" moves
check "Marathon makes another one" until_true 60 moved
check "which everybody reaches" until_true 30 all_answer
check "and nobody is begun again" same "$(cat before.who)" "$(who)"
check "it is destroyed" on_all destroy real-four -y
check "no app is left" count apps 0
check "no container" nothing_of real-four
check "and nothing on the machine" until_true 10 nothing_far
