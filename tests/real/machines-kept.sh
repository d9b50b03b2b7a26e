#!/usr/bin/env bash
# machines-kept.sh - software on a machine, its stand-in in a container and a consumer of that, kept by a controller that is killed,
# with a program that is killed while nobody looks after it and a stand-in that somebody removes.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - machines-kept: skipped, not root"
	exit 0
fi
uses real-machines-kept
static_helper
. "$root/tests/real/machine.bash"
afterwards() { machine_ends 1; }
check "a machine comes up" machine 1
cat >app.yaml <<Y
id: real-machines-kept
services:
- type: software
  id: back
  link: ambassador
  ports: {http: 18879}
  location:
    ssh: {host: $(address 1), user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts}
  install.command: echo installed >>~/installed; echo page >index.html
  launch.command: |
    cd \$INSTALL_DIR
    busybox httpd -f -p \$PORT_HTTP </dev/null >/dev/null 2>&1 &
    echo \$! >\$PID_FILE
  policies: [{type: restarter, backoff: 200ms}]
- type: docker:busybox:latest
  id: front
  location: my-docker-cloud
  stopTimeout: 1s
  links: [\$berth:component("back")]
  command: exec sleep 1000
  policies: [{type: restarter, backoff: 200ms}, {type: replacer, jitter: 0}]
Y
servers() { ip netns pids "m$$-1" | xargs -r ps -o pid=,args= -p | awk '/[h]ttpd -f -p 18879/ { print $1 }'; }
one_server() { [ "$(servers | wc -l)" = 1 ]; }
another() { one_server && [ "$(servers)" != "$program" ]; }
installed_once() { same 1 "$(wc -l <"$work/m1.root/installed")"; }
stand_in=real-machines-kept.back-for-my-docker-cloud.1
reads() { [ "$(docker exec real-machines-kept.front.1 wget -qO- http://back:18879/)" = page ]; }

controller_start
deployed() { limit=120 deploy app.yaml; }
check "a controller has software on a machine and a consumer in a container" deployed
check "who reaches it through its stand-in" until_true 60 reads
program=$(servers)
kill -9 "$program"
check "what is killed runs again" until_true 30 another
check "and is reached" until_true 30 reads

kill -9 "$through"
wait "$through" 2>/dev/null
program=$(servers)
check "the controller is killed, and what it kept runs on" one_server
check "and is reached as before" reads
kill -9 "$program"
script=machines-kept
controller_start
check "what was killed meanwhile runs again when there is one" until_true 60 another
check "once, from one installation" installed_once
check "and is reached" until_true 30 reads

check "somebody removes the stand-in" docker rm -f "$stand_in"
program=$(servers)
check "a deploy makes it again" deploy app.yaml
check "which leads there" until_true 60 reads
check "deploying again changes nothing" json '.changed == false' deploy app.yaml -o json
check "nor was anything begun anew" same "$program" "$(servers)"
check "destroys it" destroy real-machines-kept
check "nothing runs there" same "" "$(servers)"
controller_stop
