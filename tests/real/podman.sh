#!/usr/bin/env bash
# Podman in the place of Docker: its service on a socket, with data, networks and a /run of its own.
. "$(dirname "$0")/lib.sh"
. "$root/scripts/packages.sh"
skip() {
	echo "ok - podman: skipped, $*"
	exit 0
}
command -v podman >/dev/null || skip "it is not installed (apt-get install podman netavark aardvark-dns)"
for one in netavark aardvark-dns; do
	[ -x "/usr/lib/podman/$one" ] || skip "its networks need $one (apt-get install $one)"
done

home=$work/podman
socket=$home/podman.sock
mkdir "$home"
# Limits that may always be set: its own are higher than some hosts allow.
cat >"$home/containers.conf" <<C
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[network]
network_backend = "netavark"
C
# shellcheck disable=SC2016
as_root env CONTAINERS_CONF="$home/containers.conf" unshare --mount sh -c \
	'mount -t tmpfs tmpfs /run && echo $$ >"$1" && shift && exec "$@"' - "$work/pid" \
	podman --root "$home/data" --runroot "$home/run" --tmpdir "$home/tmp" --network-config-dir "$home/net" \
	--cgroup-manager cgroupfs --events-backend file system service -t 0 "unix://$socket" >podman.log 2>&1 &
# Whatever lives in its mounts: the service, containers' keepers, who looks names up.
residents() {
	local home_of one
	home_of=$(as_root readlink "/proc/$(cat "$work/pid")/ns/mnt") || return
	for one in /proc/[0-9]*; do
		[ "$(as_root readlink "$one/ns/mnt" 2>/dev/null)" != "$home_of" ] || echo "${one#/proc/}"
	done
}
afterwards() {
	# One word a process.
	# shellcheck disable=SC2046
	as_root kill -KILL $(residents) 2>/dev/null
	wait 2>/dev/null
	as_root rm -rf "$home"
}
answers_ping() { as_root curl -s --max-time 5 --unix-socket "$socket" http://d/_ping | grep -q OK; }
until_true 60 answers_ping || { tail -n 3 podman.log; skip "its service does not come up here"; }
as_root chmod 666 "$socket"

docker save busybox:latest redis:3 clockercentral/dnmonster:1.0 clockercentral/identidock:1.3 >images.tar
export DOCKER_HOST=unix://$socket
to_engine=(--location "my-docker-cloud=docker:$DOCKER_HOST")
docker load -qi images.tar >/dev/null
rm images.tar
docker run --rm busybox true >run.log 2>&1 || { tail -n 2 run.log; skip "it cannot run a container here"; }

uses real-podman
cat >app.yaml <<'Y'
id: real-podman
location: my-docker-cloud
services:
- {type: "docker:redis:3", id: db, openPorts: 6379, volumes: ["data:/data"], stopTimeout: 1s}
- {type: "docker:clockercentral/dnmonster:1.0", id: artist, openPorts: 8080, stopTimeout: 1s}
- type: docker:clockercentral/identidock:1.3
  id: web
  portBindings: {18180: 9090}
  stopTimeout: 1s
  links:
    redis: $brooklyn:component("db")
    dnmonster: $brooklyn:component("artist")
Y
visit() { page "http://127.0.0.1:18180/?$1" | tee /dev/stderr | grep -q "^visit $2 of $1: <svg"; }
before=$(lists)
check "locations check says what it is" bash -c '"$@" | grep -q "Podman [0-9]"' - "$BERTH" locations check my-docker-cloud "${to_engine[@]}"
check "deploys" deploy app.yaml
check "answers on its port, with what it found by variables and by name" visit ann 1
check "all run" json '[.components[] | select(.state == "running")] | length == 3' status real-podman -o json
check "with the published port" json '[.components[].instances[0].ports[]? | select(.host_port == 18180)] | length == 1' \
	status real-podman -o json
ids=$(running real-podman)
check "deploys again, changing nothing" json '.changed == false' deploy app.yaml -o json
check "the same containers" kept "$ids" "$(running real-podman)"
check "logs" bash -c '"$@" | grep -qi redis' - "$BERTH" logs real-podman db "${to_engine[@]}"
check "exec" bash -c '"$@" | grep -qx 42' - "$BERTH" exec "${to_engine[@]}" real-podman web -- sh -c 'echo $((6 * 7))'
docker rm -f "$(running real-podman artist)" >/dev/null
check "a lost one comes back" deploy app.yaml
check "and is found by who stayed" visit ann 2
check "as both others did" same 2 "$(running real-podman | grep -cxF "$ids")"
sed 's/id: artist,/id: artist, env: {STYLE: new},/' app.yaml >changed.yaml
check "an update" deploy changed.yaml
check "is found too" visit ann 3
check "destroys" destroy real-podman
check "its volume stays, marked as its own" same real-podman.data "$(docker volume ls -q --filter label=berth.app=real-podman)"
check "and has the data" bash -c '"$1" deploy changed.yaml -y "${@:2}" >/dev/null && curl -s "http://127.0.0.1:18180/?ann" | grep "^visit 4"' \
	- "$BERTH" "${to_engine[@]}"
check "destroys the volume when asked" destroy real-podman --volumes
check "nothing is left" same "$before" "$(lists)"

printf 'id: real-podman\nlocation: my-docker-cloud\nservices:\n- {type: "docker:busybox:latest", id: bad, command: "echo so; exit 3"}\n' >bad.yaml
check "one that keeps exiting fails" exits 1 deploy bad.yaml
check "and goes" destroy real-podman
