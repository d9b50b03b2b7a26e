# shellcheck shell=bash
# lib.sh - what the end-to-end scripts share. Each is run by itself with BERTH (the program) and BERTH_TEST_DOCKER (a real
# engine, unix:///...) set, prints `ok` and `not ok` lines, cleans up after itself and ends with 1 when something was not ok.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${BERTH:?the program to try}" "${BERTH_TEST_DOCKER:?a Docker engine, as unix:///...}"
case $BERTH in /*) ;; *) BERTH=$PWD/$BERTH ;; esac
export DOCKER_HOST=$BERTH_TEST_DOCKER NO_COLOR=1
engine_socket=${BERTH_TEST_DOCKER#unix://}

script=$(basename "$0" .sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/berth-real-$script.XXXXXX") || exit 1
export XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config XDG_RUNTIME_DIR=$work/run
# No logins, no contexts of whoever runs the tests.
export DOCKER_CONFIG=$work/config.docker
# One owner for all runs: what an interrupted one left claimed does not stop the next.
export BERTH_OWNER=berth-tests
mkdir -p "$XDG_STATE_HOME" "$XDG_CONFIG_HOME" "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
cd "$work" || exit 1

# For what runs berth's helper in containers: one built with sanitizers needs libraries, which it would not find there.
static_helper() {
	local own
	own=$(dirname "$BERTH")/libexec/berth-helper
	export BERTH_HELPER=$own
	[ -x "$own-static" ] || return 0
	BERTH_HELPER=$work/berth-helper # a keeper is known by that name
	cp "$own-static" "$BERTH_HELPER"
}

to_engine=(--location "my-docker-cloud=docker:$BERTH_TEST_DOCKER")
apps=()
children=()
failed=0

# The applications that this script makes; removed at its end whatever happened, and what one left whose engine died. Then
# comes `afterwards`, when there is a function of that name.
uses() {
	local app
	apps+=("$@")
	for app; do forget "$app"; done
}

finish() {
	local app child
	trap - EXIT INT TERM
	[ -z "${through:-}" ] || controller_stop
	for child in ${children[@]+"${children[@]}"}; do
		kill "$child" 2>/dev/null
	done
	# A controller gives its store up when what flies is finished.
	for child in ${children[@]+"${children[@]}"}; do
		timeout 20 tail -s 0.1 --pid="$child" -f /dev/null
	done
	for app in ${apps[@]+"${apps[@]}"}; do
		timeout "${limit:-60}" "$BERTH" destroy "$app" -y --volumes --adopt "${to_engine[@]}" --location here=localhost >/dev/null 2>&1
		forget "$app"
	done
	! declare -F afterwards >/dev/null || afterwards
	cd /
	if [ $failed = 0 ]; then rm -rf "$work"; else echo "# left for you: $work"; fi
	exit $((failed > 0))
}
trap finish EXIT
trap 'exit 1' INT TERM

# By the engine itself, for when berth could not.
forget() {
	local ids
	ids=$(docker ps -aq --filter "label=berth.app=$1")
	# One word an id, here and below.
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker rm -fv $ids >/dev/null 2>&1
	ids=$(docker network ls -q --filter "label=berth.app=$1")
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker network rm $ids >/dev/null 2>&1
	ids=$(docker volume ls -q --filter "label=berth.app=$1")
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker volume rm -f $ids >/dev/null 2>&1
	# An engine that is killed may forget the labels of what it just made.
	docker volume rm -f "berth.claim.$1" "berth.lease.$1" >/dev/null 2>&1
	return 0
}

# check WHAT COMMAND...: one line of the result; what the command printed only when it fails.
check() {
	local what=$1
	shift
	printf '== %s: %s\n' "$what" "$*" >>"$work/log"
	if "$@" >"$work/said" 2>&1; then
		echo "ok - $script: $what"
	else
		echo "not ok - $script: $what"
		echo "#   $*"
		tail -n 12 "$work/said" | sed 's/^/#   /'
		failed=$((failed + 1))
	fi
	cat "$work/said" >>"$work/log"
}
fails() { ! "$@"; }
exits() { # CODE COMMAND...
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$want" ] || { echo "exit $got, not $want"; return 1; }
}
same() { [ "$1" = "$2" ] || { printf 'not the same:\n%s\n--\n%s\n' "$1" "$2"; return 1; }; }
# Pages of the documentation, word for word: their files are written, their commands typed, and what comes is what they show.
pages() { # PAGE...
	local page name
	mkdir -p "$work/bin" "$work/home"
	ln -sf "$BERTH" "$work/bin/berth"
	for page in "$@"; do
		name=$(basename "$page" .md)
		# One word an application.
		# shellcheck disable=SC2046
		uses $(sed -n 's/^id: //p' "$page" | sort -u)
		mkdir "$work/$name"
		cd "$work/$name" || return
		env -u BERTH_OWNER HOME="$work/home" PATH="$work/bin:$PATH" BERTH_PROGRESS=quiet python3 "$root/tests/support/page.py" "$name" "$page" ||
			failed=$((failed + 1))
		cd "$work" || return
	done
}
# The same, and something.
kept() { [ -n "$1" ] && same "$1" "$2"; }

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

berth() { timeout "${limit:-90}" "$BERTH" "$@"; }
deploy() { berth deploy "$@" "${to_engine[@]}" -y; }
plan() { berth plan "$@" "${to_engine[@]}"; }
status() { berth status "$@" "${to_engine[@]}"; }
destroy() { berth destroy "$@" "${to_engine[@]}" -y; }
page() { curl -sS --max-time 30 "$1"; }

# json FILTER COMMAND...: what the command prints holds for jq's filter.
json() {
	local filter=$1
	shift
	"$@" >"$work/json" || return
	[ -s "$work/json" ] || { echo "nothing was printed"; return 1; }
	jq -e "$filter" "$work/json" || { cat "$work/json"; return 1; }
}
# The port that an instance listens on, by component.
port_of() { berth status "$1" -o json "${to_engine[@]}" | jq -r ".components[] | select(.id == \"$2\") | .instances[0].ports[0].port"; }
address_of() { berth status "$1" -o json "${to_engine[@]}" | jq -r ".components[] | select(.id == \"$2\") | .instances[0].address"; }

containers() { docker ps -aq --no-trunc --filter "label=berth.app=$1" ${2:+--filter "label=berth.component=$2"} | sort; }
running() { docker ps -q --no-trunc --filter "label=berth.app=$1" ${2:+--filter "label=berth.component=$2"} | sort; }
count() { "$@" | grep -c .; }
# Everything an engine has, but for images.
lists() {
	docker ps -a --no-trunc --format 'container {{.ID}} {{.Names}}' | sort
	docker network ls --no-trunc --format 'network {{.ID}} {{.Name}}' | sort
	docker volume ls --format 'volume {{.Name}}' | sort
}
nothing_of() { same "" "$(containers "$1")$(docker network ls -q --filter "label=berth.app=$1")"; }

# A second way to the engine that writes down every request.
wire_start() {
	python3 "$root/tests/support/wire.py" "$work/wire.sock" "$engine_socket" "$work/wire.log" &
	wire=$!
	children+=("$wire")
	to_wire=(--location "my-docker-cloud=docker:unix://$work/wire.sock")
	until_true 30 test -S "$work/wire.sock"
}
wire_stop() {
	kill "$wire"
	wait "$wire" 2>/dev/null
	rm -f "$work/wire.sock"
}
requests() { sed -E 's,^(\w+) (/v[0-9.]+)?(/[^?]*).*,\1 \3,' "$work/wire.log"; }
only_reads() {
	[ -s "$work/wire.log" ] || { echo "not one request was seen"; return 1; }
	! grep -vE '^(GET|HEAD) ' "$work/wire.log"
}

# With BERTH_THROUGH=controller everything is asked of one that has the store, and must come to the same.
controller_ready() { curl -sf -m 30 --unix-socket "$work/controller.sock" http://c/readyz >/dev/null; }
controller_start() {
	env --default-signal=INT,TERM,HUP "$BERTH" serve --state "$XDG_STATE_HOME/berth" --listen "unix:$work/controller.sock" >>"$work/serve.log" 2>&1 &
	through=$!
	until_true 20 controller_ready || exit 1
	export BERTH_CONTROLLER=unix:$work/controller.sock
	script="$script through a controller"
}
controller_stop() {
	unset BERTH_CONTROLLER
	kill "$through" 2>/dev/null
	wait "$through" 2>/dev/null
}
[ "${BERTH_THROUGH:-}" != controller ] || controller_start
