#!/usr/bin/env bash
# machines.sh - machines reached by SSH: each a network namespace with a root, processes and an sshd of its own. What is
# placed there answers from elsewhere, is wired, is kept, outlives us, and is once there whatever dies in between.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - machines: skipped, not root"
	exit 0
fi
uses real-machines real-machines-user
. "$root/tests/real/machine.bash"
afterwards() {
	iptables -D FORWARD -i "v$$-+" -o "v$$-+" -j ACCEPT 2>/dev/null
	machine_ends 1
	machine_ends 2
}
processes() { ip netns pids "m$$-$1" | xargs -r ps -o args= -p | grep -E "$2"; }

check "two machines come up" machine 1
check "the second one" machine 2
echo 1 >/proc/sys/net/ipv4/ip_forward
# An engine beside them forwards nothing that is not its own.
iptables -I FORWARD -i "v$$-+" -o "v$$-+" -j ACCEPT 2>/dev/null
cat >app.yaml <<Y
id: real-machines
location:
  byon: {user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts, hosts: [$(address 1), $(address 2)]}
services:
- type: software
  id: store
  ports: {http: 6390}
  install.command: echo installed >>marks
  launch.command: exec busybox nc -ll -p 6390 -e /bin/echo stored
- type: process
  id: asker
  links: [\$brooklyn:component("store")]
  command: while :; do busybox nc -w 2 "\$STORE_PORT_6390_TCP_ADDR" "\$STORE_PORT_6390_TCP_PORT" </dev/null; sleep 0.2; done
Y
deployed() { limit=120 berth deploy app.yaml -y; }
one_of_each() { berth status real-machines -o json | jq -e '[.components[].instances[]] | length == 2 and all(.state == "running")'; }
check "is a blueprint" berth validate app.yaml
check "a pool gives each component a machine" deployed
check "each is there once" one_of_each
check "on machines of their own" json '[.components[].location] | unique | length == 2' berth status real-machines -o json
heard() { berth logs real-machines asker | grep -qx stored; }
check "one reaches the other by its address" until_true 60 heard
pids() { ip netns pids "m$$-1" "m$$-2" 2>/dev/null | sort; }
again() {
	local before
	before=$(berth status real-machines -o json | jq -c '[.components[].instances[].started]')
	berth deploy app.yaml -y | grep -q 'No changes' &&
		same "$before" "$(berth status real-machines -o json | jq -c '[.components[].instances[].started]')"
}
check "a second deploy changes nothing" again
check "a command runs there" same hello "$(berth exec real-machines asker -- /bin/echo hello)"
check "with its variables" bash -c '[ -n "$1" ]' - "$(berth exec real-machines asker -- sh -c 'echo $STORE_PORT_6390_TCP_ADDR')"
check "a shell there reads its commands" same 7 "$(echo 'echo $((3 + 4))' | berth ssh real-machines store)"
copied() {
	mkdir -p tree && head -c 300000 /dev/urandom >tree/bytes && chmod 640 tree/bytes && ln -sf bytes tree/link
	berth cp tree real-machines/store:tree && rm -rf back && berth cp real-machines/store:tree back && cmp tree/bytes back/bytes &&
		same 640 "$(stat -c %a back/bytes)" && same bytes "$(readlink back/link)"
}
check "a folder goes there and comes back" copied
strike() { ip netns pids "m$$-$1" | xargs -r ps -o pid=,args= -p | awk -v what="$2" 'index($0, what) { print $1 }' | xargs -r kill -9; }
# What a command there writes into the log of what runs there has its time, too.
in_folder() { "$BERTH" exec real-machines asker -- sh -c "cd \"\$HOME/.berth/real-machines/asker.1\" && $1"; }
timed() {
	local size first
	marked() { [ "$(in_folder 'tail -n 1 times' | cut -d' ' -f2)" -ge "$1" ]; }
	later() { [ "$(date +%s)" -gt "$1" ]; }
	since() { "$BERTH" logs real-machines asker --since "$(($(date +%s) - $1))s"; }
	size=$(in_folder 'echo early >>log && wc -c <log') && until_true 60 marked "$size" || return
	first=$(($(date +%s) + 2))
	until_true 60 later "$first"
	in_folder 'echo late >>log'
	since "$first" >since && grep -qx late since && ! grep -q early since && since "$((first - 3600))" | grep -qx early
}
check "logs since a time" timed
echoes() {
	"$BERTH" exec -i real-machines asker -- python3 - 127.0.0.1 7777 <"$root/tests/support/echo.py" >/dev/null 2>&1 &
	children+=("$!")
	"$BERTH" port-forward real-machines asker 0:7777 >led 2>led.errors &
	forwarder=$!
	children+=("$forwarder")
	until_true 60 grep -q 'leads to real-machines.asker.1, port 7777' led || return
	local=$(sed -n 's/^127.0.0.1:\([0-9]*\) leads.*/\1/p' led)
	until_true 60 python3 "$root/tests/support/halves.py" "$local" 1 10
}
check "a port on its loopback" echoes
check "many connections to it" python3 "$root/tests/support/halves.py" "$local" 20 300000
kill -TERM "$forwarder"
check "until it is interrupted" exits 130 wait "$forwarder"
strike 1 "python3 - 127"
strike 2 "python3 - 127"
came_back() {
	local before
	before=$(processes 1 'nc -ll' | wc -l)
	[ "$before" -gt 0 ] || return 1
	strike 1 'nc -ll'
	until_true 30 processes 1 'nc -ll' && until_true 30 one_of_each
}
check "what is killed there runs again" came_back
killed() {
	local at
	berth destroy real-machines -y || return
	for at in 0.2 0.5 0.9 1.4 2.2; do timeout -s KILL "$at" "$BERTH" deploy app.yaml -y >/dev/null 2>&1; done
	deployed && one_of_each
}
check "killed five times: one of each" killed
check "what is there is found without the store" bash -c 'rm -rf "$1"; exec "$2" deploy app.yaml -y' - "$XDG_STATE_HOME/berth" "$BERTH"
check "and is still one of each" one_of_each

changed_key() {
	ssh-keygen -qt ed25519 -N '' -f other <<<y
	cp known_hosts kept
	for n in 1 2; do echo "$(address $n) $(cut -d' ' -f1,2 other.pub)"; done >known_hosts
	local said=0
	berth plan app.yaml >changed.out 2>&1 || said=$?
	cp kept known_hosts
	[ $said != 0 ] && grep -qi 'host key' changed.out
}
check "a changed host key is refused" changed_key
unknown_key() {
	: >known_hosts
	local said=0
	berth plan app.yaml >unknown.out 2>&1 || said=$?
	cp kept known_hosts
	[ $said != 0 ] && grep -qi 'host key' unknown.out
}
check "an unknown host key is refused" unknown_key
gone() {
	berth destroy real-machines -y && ! processes 1 'nc|sleep 0' && ! processes 2 'nc|sleep 0'
}
check "nothing is left" gone

# As another user, with words that su would take for its own; and what a launch leaves behind is asked before it is killed.
cat >user.yaml <<Y
id: real-machines-user
location:
services:
- type: process
  id: nobodys
  user: nobody
  command: [sh, -c, 'echo "\$(id -un) [\$0] [\$1]" >said; exec sleep 3800', -u, -c]
- type: software
  id: daemons
  launch.command: setsid sh -c 'trap "echo asked >>\$RUN_DIR/asked; exit 0" TERM; echo up >\$RUN_DIR/up; while sleep 0.1; do :; done' &
  checkRunning.command: test -f up
  run.dir: /tmp/real-machines-daemons
Y
sed -i "s|^location:.*|location: {ssh: {host: $(address 1), user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts, directory: /tmp/real-machines-folder}}|" user.yaml
check "another user's process has its words" berth deploy user.yaml -y
check "and its own folder" same "nobody [-u] [-c]" "$(berth exec real-machines-user nobodys -- cat said)"
stopped() {
	local began=$SECONDS
	berth stop real-machines-user daemons -y && [ $((SECONDS - began)) -lt 8 ] &&
		berth exec -u root real-machines-user nobodys -- grep -qx asked /tmp/real-machines-daemons/asked
}
check "a daemon that its launch left is asked to end" stopped
check "all of it goes" berth destroy real-machines-user -y
