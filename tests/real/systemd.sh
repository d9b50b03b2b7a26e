#!/usr/bin/env bash
# systemd.sh - a machine with systemd: what berth keeps there is a service, which is there again after it was killed and after
# the machine was booted anew, with no berth in sight; what was stopped, or ended, stays so.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - systemd: skipped, not root"
	exit 0
fi
. "$root/tests/real/machine.bash"
if ! has_systemd; then
	echo "ok - systemd: skipped, it cannot be had here"
	exit 0
fi
uses real-systemd
afterwards() { systemd_ends 1; }
check "a machine" machine 1 unbooted
check "with systemd" systemd_boots 1
[ $failed = 0 ] || exit
cat >app.yaml <<Y
id: real-systemd
location: {ssh: {host: $(address 1), user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts}}
services:
- {type: process, id: always, restart: always, command: exec sleep 9101}
- {type: process, id: failing, restart: on-failure, command: exec sleep 9102}
- {type: process, id: never, restart: "no", command: exec sleep 9103}
- {type: process, id: stopped, restart: always, command: exec sleep 9104}
- {type: process, id: home, restart: always, env: {A: "it's 50% \$HOME"}, command: 'echo "\$A \$HOME"; exec sleep 9105'}
- {type: process, id: job, job: true, restart: on-failure, command: 'echo once >>"\$HOME/done"'}
Y
deployed() { limit=120 berth deploy "${1:-app.yaml}" -y; }
count() { ip netns pids "m$$-1" 2>/dev/null | xargs -r ps -o args= -p | grep -c "sleep 910$1\$"; }
there() { same "$2" "$(count "$1")"; } # WHICH HOW-MANY
services() { ls "$work/m1.units" | grep -c '^berth-'; }
strike() { ip netns pids "m$$-1" | xargs -r ps -o pid=,args= -p | awk -v what="$1" 'index($0, what) { print $1 }' | xargs -r kill -9; }
once() { same 1 "$(grep -c . "$work/m1.root/done")"; }
as_wanted() { berth deploy app.yaml -y | grep -q 'No changes'; }

check "a check tells of it" json '.locations[0].details|test("with systemd")' berth locations check "byon:(hosts=\"$(address 1)\",user=root,privateKeyFile=$work/key,knownHosts=$work/known_hosts)" -o json
check "deploys" deployed
check "as services" same 6 "$(services)"
check "each runs" there 1 1
check "its variables are as they are" bash -c '"$@" | grep -qxF "it'"'"'s 50% \$HOME /root"' - "$BERTH" logs real-systemd home
check "all is as wanted" as_wanted
strike 'sleep 9101'
check "what is killed runs again" until_true 30 there 1 1
strike keep_unit
check "so does it when what keeps it is killed" until_true 30 there 1 1
check "all of them" until_true 30 there 2 1
check "what is not to run again does not" there 3 0
check "once each" same 1 "$(count 5)"
check "starts what was not to run again" deployed
check "it runs" there 3 1
check "stops" berth stop real-systemd stopped
check "that one" there 4 0

machine_dies 1
check "the machine is booted anew" systemd_boots 1
check "what is always to run does, with nobody's help" until_true 60 there 1 1
check "what is to run again does" until_true 60 there 2 1
check "what was stopped stays so" there 4 0
check "what is never to run again does not" there 3 0
check "nor does a job that was done" once
check "it is found again" same running "$(berth status real-systemd -o json | jq -r '.components[]|select(.id == "always").state')"
check "a deploy starts the rest" deployed
check "all of it" there 3 1
check "destroys" berth destroy real-systemd -y
check "no service is left" same 0 "$(services)"
check "nothing runs" same 0 "$(count .)"
