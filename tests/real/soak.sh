#!/usr/bin/env bash
# soak.sh [--minutes N] [--seed S] [--faults PERCENT]: a controller for hours, or for some seconds unless told otherwise. It
# keeps applications on a real engine, where so many of the calls fail (5 %), and on this machine. What runs is killed at a
# slow pace, applications are deployed, edited, scaled and destroyed, policies act, and those who watch come and go. Its size is
# noted each minute; from the first quarter on it has no more memory and no more descriptors, and in the end all is there once.
. "$(dirname "$0")/lib.sh"
unset BERTH_CONTROLLER BERTH_TOKEN_FILE BERTH_CA
minutes=0 seed=$$ faults=5
while [ $# -gt 0 ]; do
	case $1 in
	--minutes) minutes=$2 ;;
	--seed) seed=$2 ;;
	--faults) faults=$2 ;;
	*) echo "usage: soak.sh [--minutes N] [--seed S] [--faults PERCENT]" >&2; exit 64 ;;
	esac
	shift 2
done
RANDOM=$seed
echo "# soak.sh --minutes $minutes --seed $seed --faults $faults"
# Of a short run the first operations are the most that it has to remember, so it may grow by more; and a sanitizer keeps for
# a while what was let go of.
if [ "$minutes" -gt 0 ]; then seconds=$((minutes * 60)) note_every=60 pause=20 more_kb=1024; else seconds=12 note_every=3 pause=2 more_kb=2048; fi
if grep -q __asan_init "$BERTH"; then more_kb=16384; fi
# A long run and a short one can go on at one time.
kept=real-soak-$minutes-kept here=real-soak-$minutes-here both=real-soak-$minutes-both guest=real-soak-$minutes-guest
all=("$kept" "$here" "$both" "$guest")
uses "${all[@]}"
socket=$work/c.sock
mark=soak-$$-$seed
by() { BERTH_CONTROLLER=unix:$socket berth "$@"; }

# --- the applications -----------------------------------------------------------------------------------------------

declare -A version # of each, which an edit changes
for app in "${all[@]}"; do version[$app]=1; done
restarter='{type: restarter, backoff: 200ms, backoffMax: 2s, breakerAfter: 0}'
replacer='{type: replacer, backoff: 500ms, backoffMax: 2s, breakerAfter: 0}'
look='{type: periodic, effector: look, period: 20s}'
in_container() { # NAME POLICIES [LINES]: a server, which says who it is
	cat <<-Y
		- type: docker:busybox:latest
		  id: $1
		  location: my-docker-cloud
		  openPorts: 8080
		  stopTimeout: 1s
		  command: mkdir -p /w; echo $1 >/w/index.html; exec httpd -f -p 8080 -h /w
		  healthCheck: {http: {port: 8080, path: /}, interval: 5s, timeout: 3s}
		  policies: [$2]
		  ${3:-}
	Y
}
in_process() { # NAME POLICIES [LINES]: the same on this machine
	cat <<-Y
		- type: process
		  id: $1
		  location: here
		  ports: {http: auto}
		  stopTimeout: 1s
		  env: {SOAK: $mark, VERSION: "${version[$app]}"}
		  command: mkdir -p w; echo $1 >w/index.html; exec busybox httpd -f -p "\$BIND_ADDRESS:\$PORT_HTTP" -h w
		  healthCheck: {http: {port: http, path: /}, interval: 5s, timeout: 3s}
		  policies: [$2]
		  ${3:-}
	Y
}
blueprint_of() { # APP
	local app=$1
	echo "id: $app"
	echo "services:"
	case $app in
	"$kept")
		in_container d1 "$restarter, $look" 'effectors: {look: {http: {method: GET, port: 8080, path: /index.html}}}'
		in_container d2 "$replacer"
		in_container d3 "$restarter" 'links: {near: $brooklyn:component("d1")}'
		cat <<-Y
			- type: docker:busybox:latest
			  id: e1
			  location: my-docker-cloud
			  stopTimeout: 1s
			  env: {VERSION: "${version[$app]}"}
			  command: while :; do seq 300 | xargs echo; sleep 5; done
			  links: {near: \$brooklyn:component("d2"), also: \$brooklyn:component("d3")}
			  policies: [$restarter, {type: periodic, effector: note, period: 30s}, {type: periodic, effector: restart, period: 4m}]
			  effectors: {note: 'echo noted; exit \$((\$\$ % 2))'}
		Y
		;;
	"$here")
		in_process l1 "$restarter, $look" 'effectors: {look: {http: {method: GET, port: http, path: /index.html}}}'
		in_process l2 "$replacer"
		cat <<-Y
			- type: process
			  id: m1
			  location: here
			  stopTimeout: 1s
			  env: {SOAK: $mark, VERSION: "${version[$app]}"}
			  command: [python3, -uc, "import time\nwhile True: print('word ' * 200); time.sleep(5)"]
			  links: {near: \$brooklyn:component("l1"), also: \$brooklyn:component("l2")}
			  policies: [$restarter, {type: periodic, effector: note, period: 30s}]
			  effectors: {note: [echo, noted]}
		Y
		;;
	"$both")
		in_container d "$restarter" "env: {VERSION: \"${version[$app]}\"}"$'\n  instances: 2'
		in_process l "$restarter" $'instances: 2\n  links: {far: $brooklyn:component("d")}'
		;;
	"$guest")
		in_container d "$restarter" "env: {VERSION: \"${version[$app]}\"}"
		in_process l "$replacer"
		;;
	esac
}
to=(--location "my-docker-cloud=docker:unix://$work/engine.sock" --location here=localhost)
deployed() { # APP [FLAGS...]: as it is said to be now
	blueprint_of "$1" >"$1.yaml"
	by deploy "$1.yaml" "${to[@]}" -y --timeout 40s "${@:2}"
}
edited() {
	version[$1]=$((version[$1] + 1))
	deployed "$@"
}
printf '%s running\n' "$kept".{d1,d2,d3,e1} "$both".{d,d} "$guest.d" | sort >wanted.containers
printf '%s\n' "$here".{l1,l2,m1} "$both".{l,l} "$guest.l" | sort >wanted.processes

# --- the wire and the controller ------------------------------------------------------------------------------------

wire() {
	python3 "$root/tests/support/faulty_wire.py" "$work/engine.sock" "$engine_socket" "$seed" "$(printf '0.%02d' "$faults")" 2>wire.log &
	children+=("$!")
	until_true 30 test -S "$work/engine.sock"
}
get() { curl -sS -m 10 --unix-socket "$socket" "${@:2}" "http://c$1"; }
post() { get "$1" -H 'Content-Type: application/json' -d "$2"; }
ready() { get /readyz 2>/dev/null | grep -q '^ready'; }
up() {
	ASAN_OPTIONS=${ASAN_OPTIONS:-}${ASAN_OPTIONS:+:}quarantine_size_mb=4 GCOV_PREFIX="$work/counters" env --default-signal=INT,TERM,HUP \
		"$BERTH" serve --state "$work/state/berth" --listen "unix:$socket" >>serve.log 2>&1 &
	serve=$!
	children+=("$serve")
	until_true 30 ready
}

# --- who there is ---------------------------------------------------------------------------------------------------

engine() { curl -sS -m 20 -X "$1" --unix-socket "$engine_socket" "http://docker/v1.41/containers$2"; }
any_of() { [ $# -eq 0 ] || { shift $((RANDOM % $#)); echo "$1"; }; }
an_app() { any_of "$kept" "$here" "$both"; }
# One word a container, or process, here and below.
# shellcheck disable=SC2046
a_container() { # [LETTER]: whose component's name begins with it
	any_of $(engine GET /json | jq -r --arg app "real-soak-$minutes-" --arg letter "${1:-}" \
		'.[] | select((.Labels."berth.app" // "" | startswith($app)) and (.Labels."berth.component" // "" | startswith($letter))) | .Id')
}
# "APP.COMPONENT PROCESS" of each of ours, ...
processes() {
	local file pid name
	for file in $(grep -lsa "SOAK=$mark" /proc/[0-9]*/environ); do
		pid=${file#/proc/} pid=${pid%/environ}
		name=$(tr '\0' '\n' 2>/dev/null <"$file" | sed -n 's/^BERTH_TREE=//p' | cut -d. -f1,2)
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = berth-helper ] || echo "$name $pid"
	done
}
# ... and of each keeper.
keepers() { pgrep -af "^[^ ]*/berth-helper $work/" | sed -n 's,^\([0-9]*\) .*/run/\([^/]*\)/\([^.]*\)\..*,\2.\3 \1,p'; }
# shellcheck disable=SC2046
a_process() { any_of $(processes | cut -d' ' -f2); }
# shellcheck disable=SC2046
a_keeper() { any_of $(keepers | cut -d' ' -f2); }

# --- what happens to them -------------------------------------------------------------------------------------------

killed() {
	local one roll=$((RANDOM % 50))
	if [ $roll -lt 14 ]; then
		one=$(a_container) && [ -n "$one" ] && echo "kill container $one" && engine POST "/$one/kill"
	elif [ $roll -lt 18 ]; then
		one=$(a_container) && [ -n "$one" ] && echo "stop container $one" && engine POST "/$one/stop?t=1"
	elif [ $roll -lt 25 ]; then
		one=$(a_container) && [ -n "$one" ] && echo "remove container $one" && engine DELETE "/$one?force=1"
	elif [ $roll -lt 28 ]; then
		one=$(a_container d) && [ -n "$one" ] && echo "pause container $one" && engine POST "/$one/pause"
	elif [ $roll -lt 42 ]; then
		one=$(a_process) && [ -n "$one" ] && echo "kill process $one" && kill -KILL "$one"
	elif [ $roll -lt 45 ]; then
		one=$(a_process) && [ -n "$one" ] && echo "hang process $one" && kill -STOP "$one"
	else
		one=$(a_keeper) && [ -n "$one" ] && echo "kill keeper $one" && kill -KILL "$one"
	fi
}
changed() {
	local one roll=$((RANDOM % 36))
	case $roll in
	[0-4]) edited "$both" ;;
	[5-7]) edited "$kept" ;;
	[8-9]) edited "$here" ;;
	1[0-4]) by scale "$both" "$(any_of d l)" $((RANDOM % 3 + 1)) --timeout 40s -y ;;
	1[5-6]) by restart "$(an_app)" -y --timeout 40s ;;
	1[7-8]) one=$(an_app) && by stop "$one" -y --timeout 40s && by start "$one" -y --timeout 40s ;;
	19) by rollback "$(an_app)" -y --timeout 40s ;;
	2[0-2]) by destroy "$guest" -y --timeout 40s ;;
	2[3-5]) edited "$guest" ;;
	2[6-7]) by invoke "$kept" e1 note --timeout 20s ;;
	28) by invoke "$here" l1 look --timeout 20s ;;
	29) by policy suspend "$kept" restarter ;;
	3[0-1]) by policy resume "$kept" restarter ;;
	32) by policy set "$(any_of "$here" "$both")" restarter "backoff=$((RANDOM % 400 + 100))ms" ;;
	33) get /v1/backup -o backup.db ;;
	34) kill -HUP "$serve" ;;
	35) by gc --location "my-docker-cloud=docker:unix://$work/engine.sock" --timeout 20s ;;
	esac
	echo "change $roll"
}
# Somebody watches for a while: what comes is read, ...
watches() {
	timeout $((RANDOM % 40 + 3)) curl -sN --unix-socket "$socket" -H 'Accept: text/event-stream' "http://c$1" >/dev/null 2>&1 &
}
# ... or it is asked for and not read.
stalls() {
	timeout 90 python3 "$root/tests/support/guest.py" "$socket" stalled "$1" 3 $((RANDOM % 60 + 5)) >/dev/null 2>&1 &
}
logs_of() { post /v1/operations "{\"verb\": \"logs\", \"app\": \"$1\", \"follow\": true, \"tail\": 400}" | jq -r .id; }
watched() {
	local roll=$((RANDOM % 24))
	case $roll in
	[0-2]) watches /v1/events ;;
	[3-4]) watches "/v1/applications/$(an_app)/events" ;;
	[5-6]) watches "/v1/operations/$(logs_of "$(any_of "$here" "$kept")")/events" ;;
	[7-8]) stalls "/v1/operations/$(logs_of "$here")/events" ;;
	9) stalls "/v1/events" ;;
	10) timeout $((RANDOM % 20 + 2)) "$BERTH" logs -f "$(an_app)" --controller "unix:$socket" >/dev/null 2>&1 & ;;
	1[1-2]) get "/v1/applications/$(an_app)" ;;
	13) get /metrics ;;
	14) by status ;;
	15) by why "$(an_app)" ;;
	16) by history "$(an_app)" ;;
	17) by events "$(an_app)" --tail 100 ;;
	18) by plan "$both.yaml" "${to[@]}" ;;
	19) by exec "$here" m1 -- seq 2000 ;;
	20) by exec "$kept" d1 -- seq 2000 ;;
	21) by validate "$kept.yaml" ;;
	22) get "/v1/nothing" ;;
	23) by logs "$kept" e1 --tail 200 ;;
	esac
	echo "watch $roll"
}
blow() {
	local roll=$((RANDOM % 100))
	if [ $roll -lt 45 ]; then killed; elif [ $roll -lt 75 ]; then changed; else watched; fi
	return 0
}
begun=$SECONDS blows=0
blows() { # SECONDS
	local end=$((SECONDS + $1))
	while [ $SECONDS -lt $end ]; do
		blow >>blows.log 2>&1
		blows=$((blows + 1))
		[ $SECONDS -lt $next ] || note
		sleep "$(((RANDOM % (2 * pause) + pause) / 10)).$((RANDOM % 10))"
	done
}

# --- its size -------------------------------------------------------------------------------------------------------

of_status() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$serve/status"; }
descriptors() { find "/proc/$serve/fd" -mindepth 1 | wc -l; }
kilobytes() { echo $((($(stat -c %s "$1" 2>/dev/null || echo 0) + 1023) / 1024)); }
row() { printf "# %8s %6s %9s %5s %8s %7s %6s %6s %s\n" "$@"; }
head_of_table() { row second blows RssAnon open threads store WAL CPU ""; }
next=0
note() { # [WORDS]
	local store=$work/state/berth/berth.db
	row $((SECONDS - begun)) $blows "$(of_status RssAnon)" "$(descriptors)" "$(of_status Threads)" "$(kilobytes "$store")" "$(kilobytes "$store-wal")" \
		"$(ps -o times= -p "$serve" | tr -d ' ')" "${1:-}"
	next=$((SECONDS + note_every))
}

# --- what is to be so when nothing happens --------------------------------------------------------------------------

# Nobody else knows which edit, size or suspension was the last.
as_said() {
	local app
	for app in "${all[@]}"; do
		deployed "$app" || return
	done
	by policy resume "$kept" restarter
}
containers_once() {
	timeout 20 docker ps -a --filter label=berth.app --format '{{.Label "berth.app"}}.{{.Label "berth.component"}} {{.State}}' |
		grep "^real-soak-$minutes-" | sort | diff wanted.containers -
}
processes_once() { processes | cut -d' ' -f1 | sort | diff wanted.processes -; }
keepers_once() { keepers | cut -d' ' -f1 | sort | diff wanted.processes -; }
# What local processes have here: a folder each.
folders_once() { find "$work/state/berth/run" -mindepth 2 -maxdepth 2 -name '[a-z]*' -printf '%P\n' | sed 's,/,.,' | cut -d. -f1,2 | sort | diff wanted.processes -; }
all_well() {
	local app
	for app in "${all[@]}"; do
		json '.state == "running" and ([.components[].sensors | select(."service.isUp" != true)] == [])' by status "$app" -o json || return
	done
}
nothing_else() {
	same 3 "$(docker network ls --filter label=berth.app --format '{{.Label "berth.app"}}' | grep -c "^real-soak-$minutes-")" &&
		same "" "$(docker volume ls --filter label=berth.app --format '{{.Name}}' | grep "real-soak-$minutes-" | grep -v '^berth\.')"
}
all_once() { containers_once && processes_once && keepers_once && folders_once && all_well && nothing_else; }
nobody_watches() { get /metrics | grep -q '^berth_watchers 0'; }
# A process that was begun by this controller takes it two more than one that was found.
no_more_descriptors() { [ "$(descriptors)" -le $((open + 2 * $(grep -c . wanted.processes))) ] || { ls -l "/proc/$serve/fd"; return 1; }; }
no_more_threads() { [ "$(of_status Threads)" -le "$threads" ]; }
# It takes a look now and then, and no more.
worked() { awk '{ print $14 + $15 }' "/proc/$serve/stat"; }
at_rest() {
	local before
	before=$(worked)
	sleep 1
	[ $(($(worked) - before)) -le 5 ]
}
rest() { # WHAT
	check "$1: all is deployed as it is said to be" until_true 180 as_said
	check "$1: all is there, once, and well" until_true 120 all_once
	check "$1: nobody watches any more" until_true 120 nobody_watches
	check "$1: what follows from that is done" until_true 60 at_rest
	note "$1"
}

# --- the soak -------------------------------------------------------------------------------------------------------

check "a wire with faults" wire
check "a controller" up
head_of_table
rest "before"
# What it remembers of operations that are over has a bound, which a long run is to begin at.
[ "$minutes" = 0 ] || check "it has all to remember that it ever has" bash -c 'for i in {1..260}; do timeout 60 "$@" >/dev/null || exit; done' - \
	"$BERTH" exec "$here" m1 --controller "unix:$socket" -- seq 2000
blows $((seconds / 4))
rest "after the first quarter"
before=$(of_status RssAnon) open=$(descriptors) threads=$(of_status Threads)
for quarter in second third last; do
	blows $((seconds / 4))
	[ "$minutes" = 0 ] && [ $quarter != last ] || rest "after the $quarter quarter"
done
most=$((before + before / 10 + more_kb))
check "it has not grown: no more than $most KiB" [ "$(of_status RssAnon)" -le $most ]
check "nor by descriptors" until_true 60 no_more_descriptors
check "nor by threads" until_true 60 no_more_threads
check "what is not finished of the store is no more than 8 MiB" [ "$(kilobytes "$work/state/berth/berth.db-wal")" -le 8192 ]
check "it ends" bash -c 'kill -TERM "$1"; timeout 30 tail --pid="$1" -f /dev/null' - "$serve"
for app in "${all[@]}"; do
	check "$app is destroyed" berth destroy "$app" -y "${to_engine[@]}" --location here=localhost
	check "nothing of it is left at the engine" nothing_of "$app"
done
check "nor on this machine" same "" "$(processes)$(keepers)"
