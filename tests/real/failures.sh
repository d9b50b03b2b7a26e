#!/usr/bin/env bash
# What goes wrong, and what is said about it.
. "$(dirname "$0")/lib.sh"
uses real-crash real-missing real-taken real-partly
blueprint() { # ID SERVICES
	printf 'id: %s\nlocation: my-docker-cloud\nservices:\n%s\n' "$1" "$2" >"$1.yaml"
}
tells() { # CODE PATTERN COMMAND...: the exit, and what it prints
	local want=$1 pattern=$2 got=0
	shift 2
	"$@" >told 2>&1 || got=$?
	cat told
	[ "$got" = "$want" ] || { echo "exit $got, not $want"; return 1; }
	grep -qiE -e "$pattern" told || { echo "nothing said of: $pattern"; return 1; }
}

blueprint real-crash '- {type: "docker:busybox:latest", id: bad, command: "echo going down with $((6*7)); exit 3"}'
start=$SECONDS
check "a component that keeps exiting fails" tells 1 'going down with 42' deploy real-crash.yaml
# The time-out would be five minutes.
check "after three exits, not at a time-out" test $((SECONDS - start)) -lt 240
check "naming the exit code" grep -qE '\b3\b' told
check "the same in JSON, with its log" \
	json '.failures[0] | .component == "bad" and (.log | any(test("going down with 42")))' eval 'deploy real-crash.yaml -o json || [ $? = 1 ]'
check "status says so" json '.components[0].state | test("broken|starting")' status real-crash -o json
blueprint real-crash '- {type: "docker:busybox:latest", id: bad, stopSignal: KILL, command: "exec sleep 1000"}'
check "the next deploy goes on from there" deploy real-crash.yaml
check "one container" same 1 "$(count containers real-crash)"
check "destroys" destroy real-crash

blueprint real-missing '- {type: "docker:no-such-image-anywhere:9", id: gone}'
check "a missing image is named" tells 1 'no-such-image-anywhere:9' deploy real-missing.yaml
check "nothing of it runs" same "" "$(running real-missing)"
check "destroys what was prepared" destroy real-missing
check "nothing is left of it" nothing_of real-missing

blueprint real-partly '- {type: "docker:busybox:latest", id: good, stopSignal: KILL, command: [sleep, "1000"]}
- {type: "docker:no-such-image-anywhere:9", id: gone}
- {type: "docker:busybox:latest", id: later, stopSignal: KILL, command: [sleep, "1000"], links: [$brooklyn:component("gone")]}'
check "what can run does" tells 1 'gone' deploy real-partly.yaml
check "and stays" same 1 "$(count running real-partly good)"
check "what waits for the missing was not started" same "" "$(running real-partly later)"
check "destroys that too" destroy real-partly

python3 -m http.server 18391 --bind 0.0.0.0 >/dev/null 2>&1 &
children+=($!)
until_true 30 bash -c 'exec 3<>/dev/tcp/127.0.0.1/18391' 2>/dev/null
blueprint real-taken '- {type: "docker:clockercentral/dnmonster:1.0", id: web, portBindings: {18391: 8080}}'
check "a port in use is named" tells '1' '18391' deploy real-taken.yaml
check "destroys that as well" destroy real-taken

check "no engine there is 69" tells 69 'nothing-here.sock' berth plan "$root/examples/talk.yaml" --location my-docker-cloud=docker:unix:///nothing-here.sock
check "an unbound location is 65, with the remedy" tells 65 '--location' berth plan "$root/examples/talk.yaml"
printf 'id: a\nservices:\n- type: docker:x\n  openPort: 1\n- type: docker:y\n  memry: 1\n' >wrong.yaml
check "all errors at once, with their places" tells 65 'wrong\.yaml:4:[0-9]+: error: ' berth validate wrong.yaml
check "the second one too" grep -qE 'wrong\.yaml:6:[0-9]+: error: ' told
if [ "$(id -u)" = 0 ]; then
	chmod 711 "$work"
	denied() { setpriv --reuid 65534 --regid 65534 --clear-groups env XDG_STATE_HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent HOME=/nonexistent "$BERTH" plan /dev/stdin "${to_engine[@]}" <"$root/examples/talk.yaml"; }
	if setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$BERTH"; then
		check "a socket without rights is 77, with the group as remedy" tells 77 'group' denied
	fi
fi
