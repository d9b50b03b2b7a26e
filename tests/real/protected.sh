#!/usr/bin/env bash
# What is protected on a real engine stays whatever is lost of what is remembered here, until a blueprint lets it go.
. "$(dirname "$0")/lib.sh"
uses real-protected
write() { # FILE DB-EXTRA
	printf 'id: real-protected\nlocation: my-docker-cloud\nservices:\n' >"$1"
	printf -- '- {type: "docker:busybox:latest", id: web, stopSignal: KILL, command: [sleep, "1000"]}\n' >>"$1"
	[ -z "${2:-}" ] || printf -- '- {type: "docker:busybox:latest", id: db, stopSignal: KILL, command: [sleep, "1000"], volumes: ["data:/data"]%s}\n' "$2" >>"$1"
}
write guarded.yaml ", protect: true"
write plain.yaml " "
write dropped.yaml
db() { docker ps -q --no-trunc --filter name=real-protected.db.1; }
gone() { rm -rf "$XDG_STATE_HOME/berth"; }
elsewhere() { XDG_STATE_HOME=$work/elsewhere BERTH_OWNER=somebody-else "$@"; }
check "deployed" deploy guarded.yaml
before=$(db)
gone
check "with the store lost it is not removed by a blueprint without it" exits 65 berth deploy dropped.yaml "${to_engine[@]}" -y
check "nor destroyed by name" exits 1 berth destroy real-protected "${to_engine[@]}" -y --volumes
check "nor by the blueprint that protects it" exits 1 berth destroy guarded.yaml "${to_engine[@]}" -y --volumes
check "nor by another owner who takes it over" elsewhere exits 1 berth destroy real-protected --adopt "${to_engine[@]}" -y --volumes
check "it is the same one" same "$before" "$(db)"
check "a blueprint that lets it go changes nothing else" deploy plain.yaml
check "and it is the same one still" same "$before" "$(db)"
check "then it can be taken out" deploy dropped.yaml
check "and is gone" same "" "$(db)"
# A name that somebody took since the plan was saved.
check "a plan is saved" berth plan plain.yaml "${to_engine[@]}" --out saved
docker run -d --name real-protected.db.1 busybox:latest sleep 1000 >/dev/null
check "it is refused when a stranger has a name that it needs" exits 75 berth deploy saved -y
docker rm -f real-protected.db.1 >/dev/null
check "destroyed" destroy real-protected --volumes
check "nothing is left" nothing_of real-protected
