#!/usr/bin/env bash
# pool.sh - a pool of machines: one that does not answer is left out, what may run there is not made again, clusters grow over
# those that are free and give them back, and a machine that was booted anew runs what it ran.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - pool: skipped, not root"
	exit 0
fi
uses real-pool real-pool-cluster real-pool-kept real-pool-scaled
. "$root/tests/real/machine.bash"
afterwards() { for n in 1 2 3; do machine_ends $n; done; }
running() { # N WHAT: how many processes there say so
	ip netns pids "m$$-$1" 2>/dev/null | xargs -r ps -o args= -p | grep -cE "$2"
}
all_running() { local sum=0 n; for n in 1 2 3; do sum=$((sum + $(running $n "$1"))); done; echo $sum; }
for n in 1 2 3; do check "machine $n comes up" machine $n; done

pool() { # APP
	cat <<-Y
	id: $1
	location:
	  byon: {user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts, hosts: [$(address 1), $(address 2), $(address 3)]}
	services:
	Y
}
one() { echo "- {type: process, id: $1, restart: always, command: exec sleep 9$2}"; }
{ pool real-pool; one a 001; } >app.yaml
{ pool real-pool; one a 001; one b 002; } >two.yaml
deployed() { limit=120 berth deploy "$@" -y; }
state_of() { berth status real-pool -o json | jq -r --arg id "$1" '.components[]|select(.id == $id).instances[0].state'; }
unanswered() { deployed "$1" >said.out 2>&1; [ $? = "$2" ]; }

machine_dies 1
check "a machine that does not answer is left out" deployed app.yaml
check "its component runs on another one" same 1 "$(running 2 'sleep 9001')"
check "status says why" json '.unreachable[0]|(.location|test("'"$(address 1)"'")) and (.error|length) > 0' berth status real-pool -o json
check "so do the events" bash -c '"$@" | grep -q machine-left-out' - "$BERTH" events real-pool
machine_dies 2
check "a plan does not call what may run on one that died unchanged" json '.unknown|map(.instance) == ["real-pool.a.1"]' berth plan two.yaml -o json
check "what may run there is said not to be known" unanswered two.yaml 69
check "which is told" grep -q 'nobody knows whether it runs' said.out
check "it is not made elsewhere" same 0 "$(running 3 'sleep 9001')"
check "others are" same 1 "$(running 3 'sleep 9002')"
check "its state is unknown" same unknown "$(state_of a)"
machine_boots 2
check "the machine comes back, with a boot of its own: it runs again" deployed two.yaml
check "there" same 1 "$(running 2 'sleep 9001')"
check "and once" same 1 "$(all_running 'sleep 9001')"
machine_boots 1
check "destroys all" berth destroy real-pool -y
check "nothing of it runs" same 0 "$(all_running 'sleep 900')"

{
	pool real-pool-cluster
	echo "- {type: cluster, id: web, initialSize: 1, memberSpec: {type: process, restart: always, command: exec sleep 9003}}"
} >cluster.yaml
scaled() { limit=120 berth scale real-pool-cluster web "$1" -y >said.out 2>&1; }
spread() { local n; for n in 1 2 3; do [ "$(running $n 'sleep 9003')" -le 1 ] || return 1; done; same "$1" "$(all_running 'sleep 9003')"; }
held() { # how many machines are held
	local n sum=0
	for n in 1 2 3; do [ ! -e "$work/m$n.root/.berth/.host" ] || sum=$((sum + 1)); done
	echo $sum
}
checked() { berth locations check "byon:(hosts=\"$(address 1),$(address 2),$(address 3)\",user=root,privateKeyFile=$work/key,knownHosts=$work/known_hosts)" -o json; }
check "a check asks each machine at once" json '.locations|length == 3 and all(.reachable)' checked
check "a cluster over the pool" deployed cluster.yaml
check "grows" scaled 3
check "one member to a machine" spread 3
check "no further than there are machines" fails scaled 4
check "which is said" grep -q 'no machine for another member' said.out
check "and keeps what it has" spread 3
check "shrinks" scaled 1
check "to one" spread 1
check "the other machines are free again" same 1 "$(held)"
check "destroys it" berth destroy real-pool-cluster -y
check "all are free" same 0 "$(held)"

# Kept by a controller.
{
	pool real-pool-kept
	cat <<-Y
	- type: cluster
	  id: web
	  initialSize: 2
	  memberSpec: {type: process, restart: always, command: exec sleep 9004}
	  policies:
	  - {type: restarter, backoff: 200ms}
	  - {type: replacer, unseenAfter: 8s, jitter: 0}
	Y
} >kept.yaml
controller_start
kept() { same "$1" "$(all_running 'sleep 9004')"; }
home_of() { berth status real-pool-kept -o json | jq -r --arg n "real-pool-kept.web.$1" '.components[].instances[]|select(.name == $n).location'; }
number_of() { for n in 1 2 3; do case $1 in *"$(address $n)") echo $n ;; esac; done; }
strike() { ip netns pids "m$$-$1" | xargs -r ps -o pid=,args= -p | awk -v what="$2" 'index($0, what) { print $1 }' | xargs -r kill -9; }
check "a controller has a cluster over the pool" deployed kept.yaml
check "it has its members" until_true 60 kept 2
first=$(number_of "$(home_of 1)")
strike "$first" 'sleep 9004'
check "one that is killed runs again" until_true 60 kept 2
machine_dies "$first"
machine_boots "$first"
check "one whose machine is booted anew runs again" until_true 90 kept 2
check "on that machine" until_true 60 same 1 "$(running "$first" 'sleep 9004')"
unplugged "$first"
check "one on a machine that is silent for as long as its replacer says is made elsewhere" until_true 150 kept 3
moved() { [ "$(number_of "$(home_of 1)")" != "$first" ] && berth status real-pool-kept -o json | jq -e '[.components[].instances[]|select(.state == "running")] | length == 2'; }
check "and is there from then on" until_true 60 moved
plugged "$first"
check "what was left on it goes when it is back" until_true 150 kept 2
check "that one alone" same 0 "$(running "$first" 'sleep 9004')"
check "a change of nothing" deployed kept.yaml
check "changes nothing" kept 2
check "destroys all that" berth destroy real-pool-kept -y
check "nothing is left" kept 0
# An autoscaler that always asks for more.
{
	pool real-pool-scaled
	cat <<-Y
	- type: cluster
	  id: web
	  initialSize: 1
	  memberSpec:
	    type: process
	    restart: always
	    command: exec sleep 9005
	    sensors: {load: {command: echo 100, period: 1s}}
	  policies: [{type: autoscaler, metric: load, lower: 10, upper: 50, min: 1, max: 9, upCooldown: 1s}]
	Y
} >scaled.yaml
check "a cluster that is to grow" deployed scaled.yaml
grown() { same 3 "$(all_running 'sleep 9005')"; }
check "grows to what there is" until_true 120 grown
said_so() { berth status real-pool-scaled | grep -q 'no machine for another member'; }
check "its status says that there is no more" until_true 60 said_so
check "and so do the events" bash -c '"$@" | grep -q no-capacity' - "$BERTH" events real-pool-scaled
check "which keeps what there is" grown
check "destroys the last of them" berth destroy real-pool-scaled -y
check "all machines are free" same 0 "$(held)"
controller_stop
