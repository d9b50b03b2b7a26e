#!/usr/bin/env bash
# openstack-kept.sh - a controller keeps machines of a real OpenStack, with a load balancer on a Docker engine before them: one that
# is switched off is switched on, one that is deleted is made anew, a cluster of them grows and shrinks with its load, while Nova,
# Neutron and Keystone may go and come, and the controller may be killed meanwhile. Run as three-targets.sh is.
. "$(dirname "$0")/lib.sh"
if [ -z "${OS_AUTH_URL:-}" ]; then
	echo "ok - openstack-kept: skipped, no OpenStack"
	exit 0
fi
uses real-kept-cloud
unset BERTH_CONTROLLER
bed=$root/tests/real/openstack/bed
services=(nova-api neutron keystone)
afterwards() {
	local service
	for service in "${services[@]}"; do "$bed" service running "$service" || "$bed" service start "$service"; done
}
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
    command: |
      echo from the server >index.html; cat /proc/sys/kernel/random/uuid >who
      exec busybox httpd -f -p "$BIND_ADDRESS:$PORT_HTTP" -h .
    sensors: {load: {pushed: true, staleAfter: 1h}}
  policies:
  - {type: restarter, backoff: 200ms}
  - {type: replacer, jitter: 0}
  - {type: autoscaler, metric: load, lower: 10, upper: 50, min: 1, max: 2, downDelay: 0s, upCooldown: 0s, downCooldown: 0s}
- {type: loadbalancer, id: front, location: my-docker-cloud, members: web, portBindings: {18513: 80}}
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
	[ "$(by status real-kept-cloud -o json | jq -r '[.components[] | select(.id == "web") | .instances[] | select(.state == "running")] | length')" = "$1" ]
}
# How many answer behind the load balancer.
answering() { # HOW MANY
	[ "$(for _ in 1 2 3 4 5 6; do page http://127.0.0.1:18513/who || return; done | sort -u | grep -c .)" = "$1" ]
}
served() { [ "$(by exec real-kept-cloud web -- cat index.html)" = 'from the server' ]; }

check "a controller begins" start_it
check "it has a cluster of one machine" by deploy web.yaml -y "${to_engine[@]}"
check "which runs" runs 1
check "and answers through the engine's load balancer" until_true 60 answering 1
first=$(ids)
check "somebody switches it off" openstack server stop "$first"
off() { left | grep -q "$first SHUTOFF"; }
check "it is off" until_true 120 off
check "it is switched on again, and runs what it did" until_true 240 served
check "as the same one" same "$first" "$(ids)"

check "Nova, Neutron and Keystone stop" "$bed" service stop "${services[@]}"
check "that is seen" until_true 120 fails runs 1
check "they are back" "$bed" service start "${services[@]}"
check "so does the machine" until_true 240 runs 1
check "the same one" same "$first" "$(ids)"

check "the load is high" load 90
check "another machine is made" until_true 120 count_is 2
# A build whose Neutron is away is given up by Nova itself, and stays in BUILD for ever: ten minutes would have to pass here.
check "Nova stops meanwhile" "$bed" service stop nova-api
check "the machine that there was is asked still" until_true 60 answering 1
check "it is back" "$bed" service start nova-api
check "there are two machines" until_true 400 runs 2
check "and no third" count_is 2
check "both answer through the load balancer" until_true 60 answering 2
check "the load is low" load 1
check "there is one again" until_true 300 count_is 1
check "which runs" until_true 60 runs 1
check "and answers alone" until_true 60 answering 1

second=$(ids)
check "the controller is killed" eval 'kill -KILL $through; wait $through 2>/dev/null; true'
check "and the server deleted" openstack server delete --wait "$second"
check "another controller begins" start_it
another() { count_is 1 && fails same "$second" "$(ids)" && served; }
check "and makes another server" until_true 300 another
check "all of it is destroyed" by destroy real-kept-cloud -y
check "and nothing is left" same "$(cat before)" "$(left)"
