#!/usr/bin/env bash
# An engine over TCP, used from another network namespace: the addresses of its containers are somebody else's there, who
# answers. Readiness is found out by a helper in the application's network, which leaves with the deploy.
. "$(dirname "$0")/lib.sh"
. "$root/scripts/packages.sh"
PATH=$PATH:/usr/sbin:/sbin
uses real-remote real-remote-2
static_helper

# --- the other place: a link to here, and whoever has all of the containers' addresses there ---------------------

far=berth-far-$$
link=bf$(($$ % 100000))
leave() {
	trap - EXIT INT TERM
	as_root ip link del "$link" 2>/dev/null
	[ ! -e "/run/netns/$far" ] || as_root ip netns del "$far"
	finish
}
trap leave EXIT
far_root() { as_root nsenter --net="/run/netns/$far" "$@"; }
there=(nsenter --net="/run/netns/$far")
[ "$(id -u)" = 0 ] || there=(sudo -E "${there[@]}" setpriv --reuid "$(id -u)" --regid "$(id -g)" --init-groups)
make_far() {
	as_root ip netns add "$far" && as_root ip link add "$link" type veth peer name engine netns "$far" &&
		as_root ip addr add 198.19.0.1/30 dev "$link" && as_root ip link set "$link" up &&
		far_root ip addr add 198.19.0.2/30 dev engine && far_root ip link set engine up && far_root ip link set lo up &&
		far_root ip route add local 10.213.0.0/16 dev lo
}
# Its own port and page for every address, but for those that this test plays.
cat >impostor.py <<'P'
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open(sys.argv[1], "a").write(self.path + "\n")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"an impostor\n")
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Page).serve_forever()
P

make_far || { echo "not ok - $script: no other network namespace can be made"; exit 1; }
"${there[@]}" python3 impostor.py "$work/impostor.log" &
children+=($!)
python3 "$root/tests/support/wire.py" 198.19.0.1:2375 "$engine_socket" "$work/wire.log" &
children+=($!)
to_engine=(--location "my-docker-cloud=docker:tcp://198.19.0.1:2375")
berth() { "${there[@]}" timeout "${limit:-90}" "$BERTH" "$@"; }
until_true 30 "${there[@]}" curl -s --max-time 2 http://198.19.0.1:2375/_ping >ping || {
	echo "not ok - $script: the engine is not reached from there"
	exit 1
}

# --- a deploy ---------------------------------------------------------------------------------------------------

# blueprint COMMAND [CHECK]: a page served as the command says, and one who needs it.
blueprint() {
	cat <<-Y
		id: real-remote
		location: my-docker-cloud
		services:
		- type: docker:busybox:latest
		  id: page
		  command: [sh, -c, "$1"]
		  openPorts: 8080
		  ${2:-}
		- type: docker:busybox:latest
		  id: reader
		  command: [sh, -c, "trap exit TERM; sleep 1000 & wait"]
		  links: [\$brooklyn:component("page")]
	Y
}
serve='httpd -f -p 8080 -h /www & wait'
late="trap exit TERM; mkdir /www; echo ok >/www/ok; sleep 2; date +%s >/since; $serve"
blueprint "$late" 'healthCheck: {http: {path: /ok}}' >http.yaml
blueprint "$late" >tcp.yaml
blueprint 'trap exit TERM; sleep 1000 & wait' >mute.yaml
blueprint "trap exit TERM; mkdir /www; $serve" 'healthCheck: {http: {path: /ok}}' >refusing.yaml

# What it said is kept for the next checks.
telling() {
	local code=0
	"$@" >told 2>&1 || code=$?
	cat told
	return $code
}
told() { grep -E "$1" told; }
helpers() { docker ps -aq --filter label=berth.helper; }
no_helper() { same "" "$(helpers)"; }
one_helper() { [ "$(count helpers)" = 1 ]; }
# The reader was started when the page was there, not before.
in_turn() {
	local since started
	since=$(docker exec "$(running real-remote page)" cat /since)000000000 || return
	started=$(date -d "$(docker inspect -f '{{.State.StartedAt}}' "$(running real-remote reader)")" +%s%N)
	echo "served since $since, needed since $started"
	[ "$started" -gt "$since" ]
}
ways() { jq -r '.changes[] | "\(.component): \(.readiness)"' "$1"; }
requests_of() { grep -cE "$1" "$work/wire.log"; }

image=berth-helper:$(sha256sum "$BERTH_HELPER" | cut -c1-12)
docker image rm "$image" >/dev/null 2>&1
check "somebody else answers at such an address there" until_true 30 "${there[@]}" curl -sS --max-time 5 http://10.213.0.2:8080/ok
: >impostor.log
plan http.yaml -o json >plan.json
check "the plan says how the page will be asked" same "page: http /ok, by a helper in its network" "$(ways plan.json | head -1)"
check "deploys, the page asked" deploy http.yaml
check "no helper is left" no_helper
check "the page was there when it was needed" in_turn
echo "# with the image loaded: $(requests_of .) requests, $(requests_of attach) connections to a helper"
check "a second deploy has nothing to do" json '.changed == false' deploy http.yaml -o json
check "and makes no helper" same 1 "$(requests_of attach)"
check "destroys" destroy real-remote
check "nothing is left" nothing_of real-remote
check "deploys, the port asked" deploy tcp.yaml
check "the port was open when it was needed" in_turn
check "the image was given to the engine once" same 1 "$(requests_of '/images/load')"
check "destroys again" destroy real-remote
check "nobody there was asked instead" same "" "$(cat impostor.log)"

# --- who does not answer -------------------------------------------------------------------------------------------

# Until it was asked: with more time where five seconds are too few for that.
gives_up() { # FILE WORDS
	local time
	for time in 5s 60s; do
		exits 124 telling deploy "$1" --timeout $time || return
		! grep -qE "$2" told || return 0
	done
	return 1
}
check "one that does not listen is not ready, in the words of the network" gives_up mute.yaml 'page.*: 10\.213\.[0-9.]+:8080: connection refused'
check "no helper is left" until_true 30 no_helper
check "destroys what is not ready" destroy real-remote
check "one that answers wrongly is not ready, in its own words" gives_up refusing.yaml 'page.*: http://10\.213\.[0-9.]+:8080/ok answered 404: '
check "destroys that too" destroy real-remote
check "nothing is left of it" nothing_of real-remote

# --- killed ----------------------------------------------------------------------------------------------------------

# One line, so that the shell says nothing of the end.
begin_mute() { ("${there[@]}" sh -c 'echo $$ >pid; exec "$@"' sh "$BERTH" deploy mute.yaml "$@" "${to_engine[@]}" -y >/dev/null 2>&1 & wait $!) 2>/dev/null & }
kill_it() { as_root kill -KILL "$(cat pid)"; }

# Before anybody listens to the helper: it is not asked for a minute, and leaves then.
begin_mute --app real-remote-2
check "a helper is made" until_true 30 one_helper
check "the deploy is killed at once" kill_it
killed_at=$SECONDS
early=$(docker ps -aq --filter label=berth.app=real-remote-2 --filter label=berth.helper)
helpers() { docker ps -aq --filter label=berth.helper --filter label=berth.app=real-remote; }

listened=$(requests_of attach)
begin_mute
asks() { [ "$(requests_of attach)" -gt "$listened" ] && one_helper; }
check "a helper asks" until_true 30 asks
check "the deploy is killed" kill_it
check "the helper leaves by itself" until_true 30 no_helper
check "another deploy goes on" deploy tcp.yaml
check "destroys that" destroy real-remote

# What was made and never started is found again.
docker create --name berth.helper.real-remote --label berth.app=real-remote --label berth.helper=probe "$image" >/dev/null
check "one that was left is no instance" json 'all(.changes[]; .action == "create")' plan tcp.yaml -o json
check "deploys with it" deploy tcp.yaml
check "and removes it" until_true 30 no_helper
docker create --name berth.helper.real-remote --label berth.app=real-remote --label berth.helper=probe "$image" >/dev/null
check "destroys with it" destroy real-remote
check "nothing is left, nor that" nothing_of real-remote
check "the image stays" docker image inspect "$image"

# --- where it cannot be ------------------------------------------------------------------------------------------------

docker run -d --name berth.helper.real-remote --network none busybox sleep 1000 >/dev/null
running_id() { docker inspect -f '{{if .State.Running}}{{.Id}}{{end}}' berth.helper.real-remote; }
stranger=$(running_id)
check "a stranger of the helper's name is no hindrance" telling deploy tcp.yaml
check "it is warned of" told 'readiness cannot be verified from here: .*berth.helper.real-remote. is there already'
check "and left alone" kept "$stranger" "$(running_id)"
docker rm -f "$stranger" >/dev/null
check "destroys beside it" destroy real-remote
BERTH_HELPER=/nonexistent plan tcp.yaml -o json >plan.json
check "without the helper program the plan says so" same "page: tcp, not verifiable" "$(ways plan.json | head -1)"

early_left() { same "" "$(docker ps -aq --filter "id=$early")"; }
check "the helper that nobody listened to has left" until_true $((killed_at + 150 - SECONDS)) early_left
check "destroys what it belonged to" destroy real-remote-2
