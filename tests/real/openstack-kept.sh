#!/usr/bin/env bash
# openstack-kept.sh - a controller keeps machines of a real OpenStack: one that is switched off is switched on, one that is
# deleted is made anew, a cluster of them grows and shrinks with its load, and the controller may be killed meanwhile. Run as
# three-targets.sh is.
. "$(dirname "$0")/lib.sh"
if [ -z "${OS_AUTH_URL:-}" ]; then
	echo "ok - openstack-kept: skipped, no OpenStack"
	exit 0
fi
uses real-kept-cloud
unset BERTH_CONTROLLER
left() { python3 "$root/tests/real/openstack/provide.py" left; }
ids() { left | sed -n 's/^server berth.real-kept-cloud.* \([^ ]*\) [A-Z]*$/\1/p'; }
count_is() { [ "$(ids | wc -l)" = "$1" ]; }
cat >web.yaml <<'Y'
id: real-kept-cloud
locations:
  lab: {type: openstack, cloud: envvars, imageNameRegex: debian-tiny, flavor: m1.tiny, user: debian, network: private}
services:
- type: cluster
  id: web
  initialSize: 1
  location: lab
  memberSpec:
    type: process
    ports: {http: 8080}
    command: echo from the server >index.html; exec busybox httpd -f -p "$BIND_ADDRESS:$PORT_HTTP" -h .
    sensors: {load: {pushed: true, staleAfter: 1h}}
  policies:
  - {type: restarter, backoff: 200ms}
  - {type: replacer, jitter: 0}
  - {type: autoscaler, metric: load, lower: 10, upper: 50, min: 1, max: 2, downDelay: 0s, upCooldown: 0s, downCooldown: 0s}
Y
left >before
limit=300
start_it() {
	env --default-signal=INT,TERM,HUP "$BERTH" serve --state "$XDG_STATE_HOME/berth" --listen "unix:$work/c.sock" >>"$work/serve.log" 2>&1 &
	through=$!
	children+=("$through")
	until_true 30 curl -sf -m 30 --unix-socket "$work/c.sock" http://c/readyz -o /dev/null
}
by() { BERTH_CONTROLLER=unix:$work/c.sock berth "$@"; }
load() {
	curl -sSf -m 30 --unix-socket "$work/c.sock" -X PUT -d "{\"value\": $1}" \
		http://c/v1/applications/real-kept-cloud/components/web/sensors/load
}
runs() { # HOW MANY
	[ "$(by status real-kept-cloud -o json | jq -r '[.components[].instances[] | select(.state == "running")] | length')" = "$1" ]
}
served() { [ "$(by exec real-kept-cloud web -- cat index.html)" = 'from the server' ]; }

check "a controller begins" start_it
check "it has a cluster of one machine" by deploy web.yaml -y
check "which runs" runs 1
first=$(ids)
check "somebody switches it off" openstack server stop "$first"
off() { left | grep -q "$first SHUTOFF"; }
check "it is off" until_true 120 off
check "it is switched on again, and runs what it did" until_true 240 served
check "as the same one" same "$first" "$(ids)"

check "the load is high" load 90
check "there are two machines" until_true 300 runs 2
check "and no third" count_is 2
check "the load is low" load 1
check "there is one again" until_true 300 count_is 1
check "which runs" until_true 60 runs 1

second=$(ids)
check "the controller is killed" eval 'kill -KILL $through; wait $through 2>/dev/null; true'
check "and the server deleted" openstack server delete --wait "$second"
check "another controller begins" start_it
another() { count_is 1 && fails same "$second" "$(ids)" && served; }
check "and makes another server" until_true 300 another
check "all of it is destroyed" by destroy real-kept-cloud -y
check "and nothing is left" same "$(cat before)" "$(left)"
