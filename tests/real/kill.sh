#!/usr/bin/env bash
# Killed at any instant, a deploy goes on the next time: one container a component, with the store or without it.
. "$(dirname "$0")/lib.sh"
uses real-kill
cat >ten.yaml <<'Y'
id: real-kill
location: my-docker-cloud
services:
Y
for i in $(seq 10); do printf -- '- {type: "docker:busybox:latest", id: s%s, stopSignal: KILL, command: [sleep, "1000"]}\n' "$i" >>ten.yaml; done
# A killed program must not leave half a file of counters where others are summed.
export GCOV_PREFIX=$work/counters
one_each() {
	docker ps -a --filter label=berth.app=real-kill --format '{{.Label "berth.component"}} {{.State}}' | sort >each
	for i in $(seq 10); do echo "s$i running"; done | sort | diff - each
}
networks() { docker network ls -q --filter label=berth.app=real-kill | grep -c .; }
killed() { (timeout -s KILL "$1" "$BERTH" deploy ten.yaml "${to_engine[@]}" -y >/dev/null 2>&1) 2>/dev/null; }
before=$(lists)

for round in 1 2; do
	for i in 1 2 3 4; do
		# From before the first request to about the last.
		killed "$(awk -v r=$RANDOM 'BEGIN { printf "%.3f", 0.02 + 1.6 * r / 32768 }')"
	done
	[ $round = 1 ] || rm -rf "$XDG_STATE_HOME/berth"
	check "deploys after four kills (round $round)" deploy ten.yaml
	check "one container each (round $round)" one_each
	check "one network (round $round)" same 1 "$(networks)"
	[ $round = 2 ] || check "destroys (round 1)" destroy real-kill
done
rm -rf "$XDG_STATE_HOME/berth"
ids=$(running real-kill)
check "without the store a deploy finds all" deploy ten.yaml
check "and touches none" kept "$ids" "$(running real-kill)"
rm -rf "$XDG_STATE_HOME/berth"
check "without the store destroy finds all" destroy real-kill
check "the engine's lists are as before" same "$before" "$(lists)"
