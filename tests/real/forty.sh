#!/usr/bin/env bash
# Forty applications on one engine, each with its network.
. "$(dirname "$0")/lib.sh"
before=$(lists)
for i in $(seq 40); do
	uses "real-forty-$i"
	cat >"f$i.yaml" <<-Y
		id: real-forty-$i
		location: my-docker-cloud
		services:
		- {type: "docker:busybox:latest", id: s, stopSignal: KILL, command: [sleep, "1000"]}
	Y
done
# Four at a time.
all() {
	local i at pids=()
	for i in $(seq 40); do
		"$@" "$i" &
		pids+=($!)
		[ ${#pids[@]} -lt 4 ] && [ "$i" -lt 40 ] && continue
		for at in "${pids[@]}"; do wait "$at" || { echo "one of the four up to $i"; return 1; }; done
		pids=()
	done
}
up() { deploy "f$1.yaml"; }
down() { destroy "real-forty-$1"; }
check "forty deploys" all up
check "forty containers run" same 40 "$(docker ps --format '{{.Label "berth.app"}}' | grep -c '^real-forty-')"
check "status knows them all" json '[.applications[] | select(.app | startswith("real-forty-"))] | length == 40' status -o json
check "forty destroys" all down
check "the engine's lists are as before" same "$before" "$(lists)"
