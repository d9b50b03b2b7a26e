#!/usr/bin/env bash
# machines-wire.sh [more] - a machine reached by SSH while that goes wrong: its wire is cut or falls silent, its sshd ends or stands
# still, its disk is full, its shell talks, and berth itself is killed. What was deployed is installed once and runs once, and
# what cannot be done is told with what helps. `more`: at more places, and what takes minutes.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - machines-wire: skipped, not root"
	exit 0
fi
uses real-machines-wire
. "$root/tests/real/machine.bash"
afterwards() { machine_ends 1; }
more=${1:-}
check "a machine comes up" machine 1
there=$(address 1)
port=$((20000 + $$ % 20000))
echo pass >mode
python3 "$root/tests/support/unsteady.py" "127.0.0.1:$port" "$there:22" "$PWD/mode" >wire.said &
children+=($!)
check "and a wire to it" until_true 20 grep -q ready wire.said
echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "m1/host.pub")" >>known_hosts
remotely() { ssh -n -i key -o UserKnownHostsFile=known_hosts -o BatchMode=yes "root@$there" "$@"; }

# Its software writes down that it was installed; each one is another.
blueprint() { # NAME [OPTION...]
	cat >app.yaml <<-Y
		id: real-machines-wire
		locations:
		  there: {ssh: {host: 127.0.0.1, port: $port, user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts${2:+, $2}}}
		location: there
		services:
		- type: software
		  id: store
		  ports: {http: 6390}
		  install.command: sleep 0.2; echo installed >>~/installed.$1
		  customize.command: echo $1 >kind
		  launch.command: exec busybox nc -ll -p 6390 -e /bin/cat kind
	Y
}
deployed() { limit=100 berth deploy app.yaml -y; }
programs() { ip netns pids "m$$-1" | xargs -r ps -o args= -p | grep -c '^busybox nc -ll'; }
once() { # NAME
	same installed "$(remotely cat "installed.$1")" && same 1 "$(programs)" &&
		json '[.components[].instances[].state] == ["running"]' berth status real-machines-wire -o json
}

check "without any of that it is deployed" eval 'blueprint plain && deployed && once plain'
says() { # WORDS... : the next deploy fails, and says all of them
	local word
	! deployed >failed.out 2>&1 || { echo "it was deployed"; return 1; }
	for word; do grep -qi -- "$word" failed.out || { cat failed.out; return 1; }; done
}
in_the_door() {
	blueprint door && echo "cut 2000" >mode && says 'ended the connection while saying who it is' && same 0 "$(remotely 'cat installed.door 2>/dev/null | wc -l')"
	deployed && once door
}
check "one that breaks before we are let in is told of, and the next deploy is well" in_the_door
cuts="3500 7000 16000 36000 40000"
[ -z "$more" ] || cuts=$(seq 500 1500 60000)
for at in $cuts; do
	cut_at() { blueprint "cut$at" && echo "cut $at" >mode && deployed && once "cut$at"; }
	check "a connection that breaks after $at bytes" cut_at
done
stalls=9000
[ -z "$more" ] || stalls="1000 4000 9000 20000 38000"
for at in $stalls; do
	stalled() { blueprint "stall$at" && echo "stall $at" >mode && deployed && once "stall$at"; }
	check "one that falls silent after $at bytes is given up" stalled
done

sshds() { ip netns pids "m$$-1" | xargs -r ps -o pid=,args= -p | awk -v what="$1" 'index($0, what) { print $1 }'; }
sessions_end() {
	blueprint sessions
	deployed &
	local deploy=$! turn
	for turn in 1 2 3; do
		sleep 0.3
		sshds 'sshd: root@' | xargs -r kill -9
		sshds 'sshd-session: root@' | xargs -r kill -9
	done
	wait $deploy && once sessions
}
check "sessions whose sshd is killed three times" sessions_end
stands_still() {
	blueprint still
	deployed &
	local deploy=$!
	sleep 0.4
	sshds sshd | xargs -r kill -STOP
	sleep 3
	sshds sshd | xargs -r kill -CONT
	wait $deploy && once still
}
check "an sshd that stands still for a while" stands_still

# Killed at any time: what one began the next one goes on with.
moments="0.05 0.15 0.3 0.5 0.7 1.0"
[ -z "$more" ] || moments=$(seq 0.02 0.06 2)
killed() {
	blueprint killed
	for at in $moments; do timeout -s KILL "$at" "$BERTH" deploy app.yaml -y >/dev/null 2>&1; done
	deployed && once killed
}
check "berth killed again and again" killed

talks() {
	remotely 'echo "echo Welcome to this machine" >>.bashrc' && blueprint talks && deployed || return
	remotely 'rm .bashrc' && once talks
}
check "a login shell that talks" talks
check "nothing of it is left" berth destroy real-machines-wire -y
small() { # SIZE OPTIONS
	remotely "umount .small 2>/dev/null; mkdir -p .small && mount -t tmpfs -o size=$1,$2 none .small"
}
no_room() { small 8k rw && blueprint small "directory: .small" && says 'cannot write to' 'make room'; }
check "a disk without room is named, with what helps" no_room
read_only() { small 1m ro && blueprint small "directory: .small" && says 'cannot write to' 'read-only' 'directory'; }
check "and so is a home that cannot be written to" read_only
filled() {
	small 400k rw && blueprint full "directory: .small" && berth plan app.yaml &&
		remotely 'dd if=/dev/zero of=.small/fill bs=1k count=1000 2>/dev/null; true' && says 'cannot' && same 0 "$(programs)"
}
check "one that fills up makes nothing, and runs nothing unseen" filled
room_again() { remotely rm -f .small/fill && deployed && once full && berth destroy real-machines-wire -y; }
check "with room again it is deployed once" room_again
refuses() {
	remotely 'sed -i "s/^/command=\"echo not for you\" /" /etc/berth/allowed' && blueprint refused &&
		says 'does not run what berth asks for' 'not for you' '/bin/sh'
}
check "a machine that runs only a command of its own is told of" refuses
