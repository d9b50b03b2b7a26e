#!/usr/bin/env bash
# openstack-others.sh - what others do to an application on a real OpenStack: another owner takes it over, its server is paused,
# rebooted, rebuilt, and loses its port, rules of its security groups are deleted, two deploy it at one time; and it is rolled back.
# There is one server, and nothing is left. Run as three-targets.sh is.
. "$(dirname "$0")/lib.sh"
if [ -z "${OS_AUTH_URL:-}" ]; then
	echo "ok - openstack-others: skipped, no OpenStack"
	exit 0
fi
uses real-others
unset BERTH_CONTROLLER
left() { python3 "$root/tests/real/openstack/provide.py" left; }
servers() { left | grep -c '^server berth.real-others'; }
id_of() { left | sed -n 's/^server berth.real-others.web.1 \([^ ]*\).*/\1/p'; }
# Whoever is at work has the key.
ssh-keygen -q -t ed25519 -N '' -f key
lab="{type: openstack, cloud: envvars, image: debian-tiny, flavor: m1.tiny, user: debian, network: private, privateKeyFile: $work/key}"
written() { # WORD
	cat >web.yaml <<-Y
		id: real-others
		locations: {lab: $lab}
		services:
		- type: software
		  id: web
		  location: lab
		  ports: {http: 8080}
		  launch.command: |
		    echo $1 >index.html; cat /proc/sys/kernel/random/uuid >who
		    exec busybox httpd -f -p "\$BIND_ADDRESS:\$PORT_HTTP" -h .
		  policies: [{type: restarter, backoff: 200ms}]
		- {type: 'docker:busybox:latest', id: asker, location: my-docker-cloud, command: exec sleep 1000000, stopTimeout: 0s, links: [\$brooklyn:component("web")]}
	Y
}
elsewhere() { XDG_STATE_HOME=$work/elsewhere "$@"; }
somebody_else() { BERTH_OWNER=somebody-else XDG_STATE_HOME=$work/somebody-else "$@"; }
address() { left | sed -n 's/^floatingip \([^ ]*\) .*/\1/p'; }
# Through its floating IP, as whoever uses it does.
serves() { [ "$(curl -sS -m 5 "http://$(address):8080/")" = "$1" ]; }
who() { page "http://$(address):8080/who"; }
whole() { # WORD
	check "with one server, which serves $1" eval '[ "$(servers)" = 1 ] && until_true 30 serves '"$1"
	check "and there is nothing more to do" plan web.yaml --detailed-exitcode
}
# Rules are back before its machine is heard of again: that deploy may end without it.
sooner_or_later() { "$@" || "$@"; }
limit=400
written one
left >before

check "it is deployed" deploy web.yaml
whole one

written two
check "another version is deployed" deploy web.yaml
whole two
check "it is rolled back" berth rollback real-others -y "${to_engine[@]}"
written one
whole one

written three
first=$(id_of)
check "another owner is refused" exits 75 eval 'somebody_else deploy web.yaml >seen 2>&1'
cat seen >>log
check "and told whose it is" grep -q 'belongs to berth-tests' seen
check "he takes it over" somebody_else berth restart real-others -y --adopt "${to_engine[@]}" --location "lab=$lab"
check "also there" eval 'openstack security group show berth.real-others -f value -c description | grep -q somebody-else'
check "as it was" eval 'kept "$first" "$(id_of)" && until_true 30 serves one'
check "who had it is refused" exits 75 deploy web.yaml
written one
check "and takes it back" berth restart real-others -y --adopt "${to_engine[@]}"
whole one
check "as the same server" kept "$first" "$(id_of)"

check "somebody pauses it" openstack server pause "$first"
paused() { status real-others 2>&1 | tee seen | grep -q 'its server is PAUSED'; }
check "it is told" until_true 60 paused
check "a deploy lets it go on" deploy web.yaml
whole one
controller_start
check "a controller keeps it" deploy web.yaml
was=$(who)
check "it is paused again" openstack server pause "$first"
check "and goes on where it was" eval 'until_true 120 serves one && same "$was" "$(who)"'
check "it is rebooted" openstack server reboot --hard --wait "$first"
again() { serves one && fails same "$was" "$(who)"; }
check "and runs again" until_true 240 again
check "as the same server" eval 'kept "$first" "$(id_of)" && same 1 "$(servers)"'
controller_stop
script=openstack-others
whole one

check "it is rebuilt" openstack server rebuild --image debian-tiny --wait "$first"
another_key() { exits 69 eval 'status real-others >seen 2>&1' && grep -qi 'host key' seen; }
check "so it shows another host key, and is refused" until_true 120 another_key
cat seen >>log
remedy=$(grep -oE 'openstack server unset --property berth.hostkey [0-9a-f-]+' seen | head -n 1)
check "which can be agreed to" eval "$remedy"
check "then it is deployed" deploy web.yaml
whole one
check "as the same server" kept "$first" "$(id_of)"

rule=$(openstack security group rule list berth.real-others.web --ingress -f value -c ID | head -n 1)
check "somebody deletes the rule of its port" openstack security group rule delete "$rule"
check "nobody gets there" until_true 60 fails serves one
check "the plan tells" exits 2 eval 'plan web.yaml --detailed-exitcode >seen 2>&1'
cat seen >>log
check "which it is" grep -q 'a rule of its security group .berth.real-others.web. is gone' seen
check "and the deploy lets in again" deploy web.yaml
whole one
rule=$(openstack security group rule list berth.real-others --ingress -f value -c ID | head -n 1)
check "and that of SSH" openstack security group rule delete "$rule"
check "nobody knows what runs there" until_true 60 exits 69 status real-others
check "a deploy lets in again" sooner_or_later deploy web.yaml
whole one
check "as the same server" kept "$first" "$(id_of)"

port=$(openstack port list --server "$first" -f value -c ID)
check "its port is deleted" openstack port delete "$port"
check "it is told" until_true 60 exits 69 eval 'status real-others >seen 2>&1'
cat seen >>log
check "its server is deleted, then" openstack server delete --wait "$first"
elsewhere timeout $limit "$BERTH" deploy web.yaml -y "${to_engine[@]}" >second 2>&1 &
other=$!
children+=($other)
deploy web.yaml >first 2>&1
codes=$?
wait $other
codes="$codes $?"
cat first second >>log
check "of two who deploy it at one time one comes to its end" grep -qE '^(0 75|75 0)$' <<<"$codes"
check "and the other one is told of him" grep -q 'another deploy of .real-others. is under way' first second
whole one
check "also for the other one" elsewhere plan web.yaml --detailed-exitcode

check "all of it is destroyed" destroy real-others
check "and nothing is left" same "$(cat before)" "$(left)"
