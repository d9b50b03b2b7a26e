#!/usr/bin/env bash
# names.sh - what a process on a machine calls those that it is linked to: names of its own where the machine lets it have
# them, which follow in place who moves; variables alone elsewhere. The plan tells which.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - names: skipped, not root"
	exit 0
fi
uses real-names
. "$root/tests/real/machine.bash"
afterwards() {
	iptables -D FORWARD -i "v$$-+" -o "v$$-+" -j ACCEPT 2>/dev/null
	machine_ends 1
	machine_ends 2
}
check "two machines come up" machine 1
check "the second one" machine 2
echo 1 >/proc/sys/net/ipv4/ip_forward
iptables -I FORWARD -i "v$$-+" -o "v$$-+" -j ACCEPT 2>/dev/null
blueprint() { # WHERE the store is, USER on the first machine
	cat <<-Y
	id: real-names
	locations:
	  one: {ssh: {user: $2, host: $(address 1), privateKeyFile: $work/key, knownHosts: $work/known_hosts}}
	  two: {ssh: {user: root, host: $(address 2), privateKeyFile: $work/key, knownHosts: $work/known_hosts}}
	services:
	- type: process
	  id: store
	  location: $1
	  ports: {http: 6390}
	  command: exec busybox nc -ll -p 6390 -e /bin/echo stored
	- type: process
	  id: asker
	  location: one
	  links: [\$brooklyn:component("store")]
	  onChange: none
	  command: while :; do echo "\$(busybox nc -w 2 store 6390 </dev/null) by name"; sleep 0.2; done
	- type: process
	  id: nobody
	  location: one
	  user: nobody
	  links: [\$brooklyn:component("store")]
	  command: while :; do getent hosts store; sleep 0.2; done
	Y
}
blueprint two root >app.yaml
planned() { # NAME
	json "[.changes[] | select(.component == \"asker\").links[].name] == [$1]" berth plan app.yaml -o json
}
check "the plan tells the name" planned '"store"'
check "in words, too" bash -c '"$1" plan app.yaml | grep -q "link store by published at .*:6390, called store$"' - "$BERTH"
deployed() { limit=60 berth deploy app.yaml -y; }
check "deployed" deployed
check "the last lines tell it" bash -c '"$1" status real-names | grep -q "link asker -> store by published at .*:6390, called store$"' - "$BERTH"
says() { berth logs real-names "$1" --tail 3 | grep -qx "$2"; }
check "the name leads to the other machine" until_true 60 says asker 'stored by name'
check "for another user's process as well" until_true 60 says nobody "$(address 2) *store"
check "the machine knows no such name" bash -c '! ip netns exec "m$1-1" getent hosts store' - $$
check "a command in it does" same "$(address 2) store" "$(berth exec real-names asker -- sh -c 'getent hosts store | tr -s " "')"
check "a second deploy changes nothing" bash -c '"$1" deploy app.yaml -y | grep -q "No changes"' - "$BERTH"
begun() { berth status real-names -o json | jq -c '.components[] | select(.id == "asker").instances[0].started'; }
moved() {
	local before
	before=$(begun)
	blueprint one root >app.yaml
	berth deploy app.yaml -y && until_true 60 berth exec real-names asker -- sh -c 'getent hosts store | grep -q "^127.0.0.1 "' &&
		until_true 60 says asker 'stored by name' && same "$before" "$(begun)"
}
check "who moves is followed in place" moved
check "and nothing more is to be done" bash -c '"$1" deploy app.yaml -y | grep -q "No changes"' - "$BERTH"
check "gone" berth destroy real-names -y
