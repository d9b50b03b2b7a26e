#!/usr/bin/env bash
# Policies from outside: listed, suspended, resumed and set while a controller keeps the application, and without one.
. "$(dirname "$0")/lib.sh"
uses real-policies
unset BERTH_CONTROLLER
cat >app.yaml <<Y
id: real-policies
location: here
services:
- type: process
  id: web
  command: echo \$\$ >$work/pid; exec sleep 1000
  policies: [{type: restarter, backoff: 1s}]
  effectors:
    greet: 'echo "hello \$NAME"; exit \$CODE'
    note: [touch, $work/noted]
    greet-all: {command: 'echo "hello \$NAME"', parameters: {NAME: everybody}}
- type: process
  id: site
  command: mkdir -p w; echo "hello there" >w/index.html; exec busybox httpd -f -p "\$BIND_ADDRESS:\$PORT_HTTP" -h w
  ports: {http: auto}
  effectors: {hello: {http: {method: GET, path: '/\${PAGE}'}, parameters: {PAGE: index.html}}}
Y
up() {
	"$BERTH" serve >>serve.log 2>&1 &
	serve=$!
	children+=("$serve")
	until_true 30 kept true
}
down() {
	kill -TERM "$serve"
	wait "$serve"
}
said() { berth policy list real-policies -o json | jq -r "$1"; }
kept() { [ "$(said .kept)" = "$1" ]; }
runs() { [ "$(berth status real-policies -o json | jq -r .state)" = running ]; }
is_down() { ! runs; }
end_it() {
	kill -9 "$(cat pid)" && until_true 30 is_down
}
# For so long as its restarter would need at most.
stays_down() {
	local end=$((SECONDS + 4))
	while [ $SECONDS -lt $end ]; do
		is_down || return 1
		sleep 0.2
	done
}
restarter='.policies[] | select(.policy == "restarter")'

check "deploys" berth deploy app.yaml --location here=localhost -y
check "it is listed, and waits for a controller" bash -c '"$@" | grep -q "They act while .berth serve. keeps"' - "$BERTH" policy list real-policies
check "what it is set to is told" same 1s "$(said "$restarter | .config.backoff")"
check "suspended without a controller" berth policy suspend real-policies web restarter
check "a controller keeps it" up
check "it is suspended there, too" same true "$(said "$restarter | .suspended")"
check "the process is killed" end_it
check "a suspended policy does nothing" stays_down
check "resumed" berth policy resume real-policies restarter
check "it acts on what is so" until_true 30 runs
check "set by the API's client" berth policy set real-policies restarter backoff=7s
check "it counts" same 7s "$(said "$restarter | .config.backoff")"
check "a key that is not there is 64" exits 64 berth policy set real-policies restarter bckoff=7s
check "an effector is run in the instance" bash -c '"$@" | grep -q "  | hello you$"' - "$BERTH" invoke real-policies web greet NAME=you CODE=0
check "its code decides" exits 1 berth invoke real-policies web greet CODE=4
check "a list is executed as it is" berth invoke real-policies web note
check "it did it" test -e noted
check "one that is not there is told" exits 64 berth invoke real-policies web gret
check "a parameter may have a default" bash -c '"$@" | grep -q "  | hello everybody$"' - "$BERTH" invoke real-policies web greet-all
check "or be given" bash -c '"$@" | grep -q "  | hello you$"' - "$BERTH" invoke real-policies web greet-all NAME=you
check "one that there is not is 64" exits 64 berth invoke real-policies web greet-all NMAE=you
check "an effector may be a request" bash -c '"$@" | grep -q "  | hello there$"' - "$BERTH" invoke real-policies site hello
check "whose status decides" exits 1 berth invoke real-policies site hello PAGE=none
check "its answer is kept" bash -c '"$@" | grep -q "hello was answered with 404"' - "$BERTH" events real-policies
check "and every component has restart" berth invoke real-policies web restart
check "the store is backed up beside its controller" berth backup copy.db
check "for its owner alone" same 600 "$(stat -c %a copy.db)"
check "nothing is restored while a controller has the store" exits 75 berth restore copy.db
check "the controller ends" down
check "set to something else" berth policy set real-policies restarter backoff=9s
check "and restored when it has ended" berth restore copy.db
check "what was set is remembered" same 7s "$(said "$restarter | .config.backoff")"
check "it is an event" bash -c '"$@" | grep -q "restarter set: backoff=7s"' - "$BERTH" events real-policies
check "what was restored is destroyed" berth destroy real-policies -y
