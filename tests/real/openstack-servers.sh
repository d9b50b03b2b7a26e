#!/usr/bin/env bash
# openstack-servers.sh - software on servers of a real OpenStack: berth is killed at each change and each wait of a server's making
# and removal, its floating IP, key pair, security groups and server group included, and there is one server and nothing is left; a
# server that somebody deletes is made anew, by a deploy and by a controller. Run as three-targets.sh is.
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
  lab: {type: openstack, cloud: envvars, imageNameRegex: debian-tiny, flavor: m1.tiny, network: private, serverGroup: soft-anti-affinity}
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
# Killed at each change that it asks for, one after the other, and begun again, until it comes to its end.
# Whoever knows the cloud by another address has other keys, so what is asked in between goes the same way.
cut_off() { CUT_OFF=cut timeout 900 python3 "$root/tests/real/openstack/cut_off.py" $((20000 + $$ % 8000)) "$BERTH" "$@"; }
page_there() { "$@" exec real-servers web -- cat index.html; }
runs_it() { [ "$(page_there "${1:-berth}")" = 'from the server' ]; }
check "it is killed at each change of its making" cut_off deploy web.yaml -y
cat cut >>log
for change in v2.0/security-groups security-group-rules os-keypairs os-server-groups servers floatingips servers/ID/metadata; do
	check "that of $change among them" grep -q "^POST .*/$change\b" cut
done
check "there is one server" same 1 "$(servers)"
check "that runs what it is to run" runs_it cut_off
check "the next deploy changes nothing" eval 'cut_off plan web.yaml | grep -q "^No changes. real-servers is as the blueprint says.$"'
check "it is killed at each change of its removal" cut_off destroy real-servers -y
cat cut >>log
for change in servers floatingips os-keypairs os-server-groups security-groups; do
	check "that of $change among them" grep -q "^DELETE .*/$change/" cut
done
check "and nothing is left" same "$(cat before)" "$(left)"

for step in 'its server is BUILD' 'waiting for its host key' 'waiting for its machine to answer' starting; do
	check "it is killed when it says: $step" killed_at "$step"
done
: >said
"$BERTH" deploy web.yaml -y >said 2>&1 &
asked=$!
check "it is interrupted while its server is made" eval 'until_true 240 grep -q "its server is BUILD\|waiting for its" said && kill -INT $asked'
ended() { ! kill -0 $asked 2>/dev/null; }
check "which is not waited for" until_true 15 ended
check "the next one goes on" berth deploy web.yaml -y
check "with one server" same 1 "$(servers)"
check "that runs what it is to run" runs_it
check "a second deploy changes nothing" berth plan web.yaml --detailed-exitcode
first=$(id_of)
check "somebody deletes the server" openstack server delete --wait "$first"
check "the plan makes another one" eval "berth plan web.yaml | grep -q 'web.1 at lab: create'"
check "so does the deploy" berth deploy web.yaml -y
check "which is another one" fails same "$first" "$(id_of)"
second=$(id_of)
controller_start
check "a controller keeps it" berth deploy web.yaml -y
pid() { berth exec real-servers web -- sh -c "ps | awk '/[h]ttpd -f/ { print \$1 }'"; }
was=$(pid)
check "what it runs is ended" berth exec real-servers web -- kill -KILL "$was"
begun_again() { [ -n "$(pid)" ] && fails same "$was" "$(pid)" && runs_it; }
check "and begun again there" until_true 60 begun_again
check "as the same server" same "$second" "$(id_of)"
check "the server is deleted again" openstack server delete --wait "$second"
another() { [ -n "$(id_of)" ] && fails same "$second" "$(id_of)" && berth status real-servers | grep -q ' running '; }
check "and the controller has another one" until_true 300 another
check "all of it is destroyed" berth destroy real-servers -y
controller_stop
check "and nothing is left" same "$(cat before)" "$(left)"
