#!/usr/bin/env bash
# openstack-servers.sh - software on servers of a real OpenStack: berth is killed at each step of a server's making, its floating
# IP and its security groups included, and there is one server and nothing is left; a server that somebody deletes is made anew,
# by a deploy and by a controller. Run as three-targets.sh is.
. "$(dirname "$0")/lib.sh"
if [ -z "${OS_AUTH_URL:-}" ]; then
	echo "ok - openstack-servers: skipped, no OpenStack"
	exit 0
fi
uses real-servers
left() { python3 "$root/tests/real/openstack/provide.py" left; }
servers() { left | grep -c '^server berth.real-servers'; }
id_of() { left | sed -n 's/^server berth.real-servers.web.1 \([^ ]*\).*/\1/p'; }
cat >web.yaml <<'Y'
id: real-servers
locations:
  lab: {type: openstack, cloud: envvars, imageNameRegex: debian-tiny, flavor: m1.tiny, network: private}
services:
- type: software
  id: web
  location: lab
  ports: {http: 8080}
  launch.command: |
    echo from the server >index.html
    exec busybox httpd -f -p "$BIND_ADDRESS:$PORT_HTTP" -h .
  policies: [{type: restarter, backoff: 200ms}, {type: replacer, jitter: 0}]
Y
limit=300
left >before

# Begins to deploy, and is killed when it says these words.
killed_at() {
	: >said
	"$BERTH" deploy web.yaml -y >said 2>&1 &
	local pid=$!
	until_true 240 grep -q "$1" said
	local found=$?
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	return $found
}
for step in 'making its server' 'its server is BUILD' 'getting a floating IP' 'waiting for its host key' 'waiting for its machine to answer' starting; do
	check "it is killed when it says: $step" killed_at "$step"
	check "the next one goes on" berth deploy web.yaml -y
	check "with one server" same 1 "$(servers)"
	check "that runs what it is to run" eval "berth exec real-servers web -- cat index.html | grep -qx 'from the server'"
	check "it goes" berth destroy real-servers -y
	check "and leaves nothing" same "$(cat before)" "$(left)"
done

check "it is deployed once more" berth deploy web.yaml -y
check "a second deploy changes nothing" berth plan web.yaml --detailed-exitcode
first=$(id_of)
check "somebody deletes the server" "$root/tests/real/openstack/bed" client server delete --wait "$first"
check "the plan makes another one" eval "berth plan web.yaml | grep -q 'web.1 at lab: create'"
check "so does the deploy" berth deploy web.yaml -y
check "which is another one" fails same "$first" "$(id_of)"
second=$(id_of)
controller_start
check "a controller keeps it" berth deploy web.yaml -y
check "the server is deleted again" "$root/tests/real/openstack/bed" client server delete --wait "$second"
another() { [ -n "$(id_of)" ] && fails same "$second" "$(id_of)" && berth status real-servers | grep -q ' running '; }
check "and the controller has another one" until_true 150 another
check "all of it is destroyed" berth destroy real-servers -y
controller_stop
check "and nothing is left" same "$(cat before)" "$(left)"
