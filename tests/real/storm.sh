#!/usr/bin/env bash
# storm.sh [--minutes N] [--seed S]: containers, processes, the engine and the controller are killed, stopped, hung and
# removed at random under load, for a minute unless told otherwise. At each rest, and in the end, every component runs exactly
# once, nothing is left over, each link leads to what it names, and the controller has not grown.
. "$(dirname "$0")/lib.sh"
uses real-storm
unset BERTH_CONTROLLER BERTH_TOKEN_FILE BERTH_CA
minutes=1 seed=$$
while [ $# -gt 0 ]; do
	case $1 in
	--minutes) minutes=$2 ;;
	--seed) seed=$2 ;;
	*) echo "usage: storm.sh [--minutes N] [--seed S]" >&2; exit 64 ;;
	esac
	shift 2
done
RANDOM=$seed
echo "# storm.sh --minutes $minutes --seed $seed"
socket=$work/c.sock
mark=storm-$$-$seed
by() { BERTH_CONTROLLER=unix:$socket berth "$@"; }

# --- the application ------------------------------------------------------------------------------------------------

# Servers say who they are to whoever connects; a client of each has its link.
policies='[{type: restarter, backoff: 200ms, backoffMax: 2s, breakerAfter: 0}]'
docker_servers=(d1 d2 d3 d4 d5 d6 d7 d8 d9 d10)
local_servers=(l1 l2 l3 l4 l5)
clients=() # NAME PROVIDERS...
blueprint() {
	local i name
	echo "id: real-storm"
	echo "services:"
	for name in "${docker_servers[@]}"; do
		cat <<-Y
			- type: docker:busybox:latest
			  id: $name
			  location: my-docker-cloud
			  openPorts: 8080
			  stopTimeout: 1s
			  command: mkdir -p /w; echo $name >/w/index.html; exec httpd -f -p 8080 -h /w
			  healthCheck: {http: {port: 8080, path: /}, interval: 1s, timeout: 2s, retries: 3}
			  policies: $policies
		Y
	done
	for name in "${local_servers[@]}"; do
		cat <<-Y
			- type: process
			  id: $name
			  location: here
			  ports: {http: auto}
			  stopTimeout: 1s
			  env: {STORM: $mark-$name}
			  command: mkdir -p w; echo $name >w/index.html; exec busybox httpd -f -p "\$BIND_ADDRESS:\$PORT_HTTP" -h w
			  healthCheck: {http: {port: http, path: /}, interval: 1s, timeout: 2s, retries: 3}
			  policies: $policies
		Y
	done
	for i in 1 2 3 4 5 6 7 8 9 10; do
		cat <<-Y
			- type: docker:busybox:latest
			  id: e$i
			  location: my-docker-cloud
			  stopTimeout: 1s
			  command: [sleep, "100000"]
			  links: {near: \$brooklyn:component("d$i"), far: \$brooklyn:component("l$(((i - 1) % 5 + 1))")}
			  policies: $policies
		Y
	done
	for i in 1 2 3 4 5; do
		cat <<-Y
			- type: process
			  id: m$i
			  location: here
			  stopTimeout: 1s
			  env: {STORM: $mark-m$i}
			  command: [sleep, "100000"]
			  links: {near: \$brooklyn:component("l$i"), far: \$brooklyn:component("d$i")}
			  policies: $policies
		Y
	done
}
blueprint >app.yaml
sed -n 's/^  id: //p' app.yaml | sort >wanted
sed -n 's/^  id: \([de].*\)/\1/p' app.yaml | sort >wanted.docker
sed -n 's/^  id: \([lm].*\)/\1/p' app.yaml | sort >wanted.local
to=(--location "my-docker-cloud=docker:$BERTH_TEST_DOCKER" --location here=localhost)
deployed() { by deploy app.yaml "${to[@]}" -y "$@"; }

# --- the controller and the engine ----------------------------------------------------------------------------------

get() { curl -sS -m 10 --unix-socket "$socket" "http://c$1"; }
ready() { get /readyz 2>/dev/null | grep -q '^ready'; }
begin() {
	env --default-signal=INT,TERM,HUP GCOV_PREFIX="$work/counters" "$BERTH" serve --state "$work/state/berth" --listen "unix:$socket" >>serve.log 2>&1 &
	serve=$!
	children+=("$serve")
}
up() {
	begin
	until_true 30 ready
}
die() {
	kill -KILL "$serve" 2>/dev/null
	wait "$serve" 2>/dev/null
	# Its number may be somebody else's before all this has ended.
	children=(${loader:+"$loader"})
}
engine_pid() { cat "$BERTH_BED/dockerd.pid"; }
engine() { limit=20 timeout 20 docker "$@" >/dev/null 2>&1; }
engine_answers() { timeout 5 docker version >/dev/null 2>&1; }
engine_again() { # SIGNAL
	"$root/scripts/bed" again "$1" >>bed.log 2>&1
}

# --- who there is ---------------------------------------------------------------------------------------------------

# "NAME PID" of each process of ours that is not a helper of berth.
processes() {
	local file pid
	for file in /proc/[0-9]*/environ; do
		pid=${file#/proc/}
		pid=${pid%/environ}
		name=$(tr '\0' '\n' 2>/dev/null <"$file" | sed -n "s/^STORM=$mark-//p")
		[ -z "$name" ] || [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = berth-helper ] || echo "$name $pid"
	done
}
keepers() {
	local file
	for file in /proc/[0-9]*/environ; do
		tr '\0' '\n' 2>/dev/null <"$file" | grep -qx BERTH_APP=real-storm || continue
		file=${file%/environ}
		[ "$(cat "$file/comm" 2>/dev/null)" != berth-helper ] || echo "${file#/proc/}"
	done
}
any_of() { [ $# -eq 0 ] || { shift $((RANDOM % $#)); echo "$1"; }; }
# One word a container, here and below.
# shellcheck disable=SC2046
a_container() { any_of $(timeout 10 docker ps -q --filter label=berth.app=real-storm 2>/dev/null); }
# shellcheck disable=SC2046
a_process() { any_of $(processes | cut -d' ' -f2); }

# --- what is done to them -------------------------------------------------------------------------------------------

blow() {
	local one roll=$((RANDOM % 100))
	if [ $roll -lt 22 ]; then
		one=$(a_container) && [ -n "$one" ] && echo "docker kill $one" && engine kill "$one"
	elif [ $roll -lt 32 ]; then
		one=$(a_container) && [ -n "$one" ] && echo "docker stop $one" && engine stop -t 1 "$one"
	elif [ $roll -lt 46 ]; then
		one=$(a_container) && [ -n "$one" ] && echo "docker rm $one" && engine rm -f "$one"
	elif [ $roll -lt 50 ]; then
		one=$(timeout 10 docker ps -q --filter label=berth.component=d$((RANDOM % 10 + 1))) && [ -n "$one" ] && echo "docker pause $one" && engine pause "$one"
	elif [ $roll -lt 70 ]; then
		one=$(a_process) && [ -n "$one" ] && echo "kill $one" && kill -KILL "$one"
	elif [ $roll -lt 74 ]; then
		one=$(processes | sed -n "s/^l$((RANDOM % 5 + 1)) //p" | head -n 1) && [ -n "$one" ] && echo "hang $one" && kill -STOP "$one"
	elif [ $roll -lt 80 ]; then
		# shellcheck disable=SC2046
		one=$(any_of $(keepers)) && [ -n "$one" ] && echo "kill keeper $one" && kill -KILL "$one"
	elif [ $roll -lt 88 ]; then
		[ $spared = no ] && echo "kill the controller" && die && sleep "0.$((RANDOM % 10))" && begin
	elif [ $roll -lt 92 ]; then
		one=$(engine_pid) && echo "hang the engine" && kill -STOP "$one" && sleep $((RANDOM % 4 + 1)) && kill -CONT "$one"
	elif [ $roll -lt 94 ]; then
		echo "the engine again" && engine_again TERM
	elif [ $roll -lt 97 ]; then
		echo "deploy" && limit=30 deployed --timeout 20s >>deploys.log 2>&1
	else
		one=$(any_of $(cat wanted)) && echo "restart $one" && limit=30 by restart real-storm "$one" >>deploys.log 2>&1
	fi
	return 0
}
blows() { # SECONDS
	local end=$((SECONDS + $1))
	while [ $SECONDS -lt $end ]; do
		blow >>blows.log 2>&1
		sleep "0.$((RANDOM % 8 + 1))"
	done
}
# Somebody looks all the time.
load() {
	while sleep 0.3; do
		get /v1/applications/real-storm >load 2>&1
		get /metrics >load 2>&1
	done
}

# --- what is to be so when nobody does anything ---------------------------------------------------------------------

one_container_each() {
	timeout 20 docker ps -a --filter label=berth.app=real-storm --format '{{.Label "berth.component"}} {{.State}}' | sort >each.docker
	sed 's/$/ running/' wanted.docker | diff - each.docker
}
one_process_each() { processes | cut -d' ' -f1 | sort | diff wanted.local -; }
one_keeper_each() { same "$(grep -c . wanted.local)" "$(keepers | grep -c .)"; }
all_run() { one_container_each && one_process_each && one_keeper_each && same running "$(by status real-storm -o json | jq -r .state)"; }
nobody_ill() { [ "$(by status real-storm -o json | jq '[.components[].sensors | select(."service.isUp" != true)] | length')" = 0 ]; }
nothing_else() {
	same 1 "$(docker network ls -q --filter label=berth.app=real-storm | grep -c .)" &&
		same "" "$(docker volume ls -q --filter label=berth.app=real-storm | grep -v '^berth\.')" &&
		same "$(cat wanted.local)" "$(find "$work/state/berth/run/real-storm" -mindepth 1 -maxdepth 1 -name '[a-z]*' -printf '%f\n' | cut -d. -f1 | sort)"
}
# What httpd at an address says, from inside a container or here.
asked='printf "GET / HTTP/1.0\r\n\r\n" | timeout 5 busybox nc -w 5 "$1" "$2" | tail -n 1'
link_of() { # ALIAS: its address and port, from standard input's variables
	sed -n "s/^$1_PORT=tcp:\/\/\(.*\):\([0-9]*\)$/\1 \2/p"
}
follows() { # CONSUMER ALIAS PROVIDER
	local at said pid
	case $1 in
	e*)
		at=$(docker exec "real-storm.$1.1" env | link_of "$2")
		# shellcheck disable=SC2086
		said=$(docker exec "real-storm.$1.1" sh -c "$asked" - $at)
		;;
	*)
		pid=$(processes | sed -n "s/^$1 //p")
		at=$(tr '\0' '\n' <"/proc/$pid/environ" | link_of "$2")
		# shellcheck disable=SC2086
		said=$(sh -c "$asked" - $at)
		;;
	esac
	[ "$said" = "$3" ] || { echo "$1's $2 is at $at, and that is '$said', not $3"; return 1; }
}
links_follow() {
	local i bad=0
	for i in 1 2 3 4 5 6 7 8 9 10; do
		follows "e$i" NEAR "d$i" || bad=1
		follows "e$i" FAR "l$(((i - 1) % 5 + 1))" || bad=1
	done
	for i in 1 2 3 4 5; do
		follows "m$i" NEAR "l$i" || bad=1
		follows "m$i" FAR "d$i" || bad=1
	done
	return $bad
}
descriptors() { find "/proc/$serve/fd" -mindepth 1 | wc -l; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$serve/status"; }
size() { echo "$(memory) KiB, $(descriptors) descriptors"; }
rest() { # WHAT
	check "$1: the controller is there" until_true 30 ready
	check "$1: every component runs, once" until_true 90 all_run
	check "$1: all are well" until_true 30 nobody_ill
	check "$1: nothing else is there" until_true 20 nothing_else
	check "$1: links follow" until_true 60 links_follow
	echo "# $1: $(grep -c . blows.log) blows, the controller has $(size)"
}

# --- the storm ------------------------------------------------------------------------------------------------------

spared=no
: >blows.log
check "a controller" up
check "all is deployed" until_true 70 deployed
rest "before"
load 2>/dev/null &
loader=$!
children+=("$loader")
part=$((minutes * 60 / 4))
blows "$part"
rest "first quarter"
blows $((part / 2))
# A deploy that knows nothing waits for what hangs.
check "nothing hangs" until_true 60 nobody_ill
die
rm -f "$work/state/berth/berth.db"*
check "without its store the controller comes back" up
check "and what runs is deployed again" until_true 60 deployed --adopt
blows $((part / 2))
rest "second quarter"
# Its own size counts over one life.
spared=yes
blows $((part / 2))
rest "the controller is spared"
before=$(memory) open=$(descriptors)
blows $((part + part / 2))
rest "in the end"
# A sanitizer keeps for a while what was let go of.
if grep -q __asan_init "$BERTH"; then most=256; else most=4; fi
check "it has not grown by $most MiB" [ $((($(memory) - before) / 1024)) -lt $most ]
# A process that this life began takes two descriptors more (its pidfd and what it was begun by) than one that it found.
check "nor by descriptors" [ "$(descriptors)" -le $((open + 2 + 2 * $(wc -l <wanted.local))) ]
check "it ends" bash -c 'kill -TERM "$1"; timeout 30 tail --pid="$1" -f /dev/null' - "$serve"
check "all is destroyed" berth destroy real-storm -y "${to[@]}"
check "nothing is left at the engine" nothing_of real-storm
check "nor on this machine" same "" "$(processes)$(keepers)"
