#!/usr/bin/env bash
# The command that tells a proxy is begun while a member comes: it is the one that tells, nothing of it is left where berth is
# killed, and a proxy that was restarted meanwhile is told all the same.
. "$(dirname "$0")/lib.sh"
uses real-told
cat >app.yaml <<'Y'
id: real-told
location: my-docker-cloud
services:
- type: cluster
  id: web
  initialSize: 1
  memberSpec: {type: "docker:busybox:latest", openPorts: 8080, command: "sleep 5; exec httpd -f -p 8080", stopTimeout: 1s}
- {type: loadbalancer, id: front, members: web}
Y
waiting() { docker top real-told.front.1 -eo pid,args | grep -c 'sh -c'; }
one_waits() { [ "$(waiting)" = 1 ]; }
none_waits() { [ "$(waiting)" = 0 ]; }
grow() { # SIZE
	"$BERTH" scale real-told web "$1" "${to_engine[@]}" -y >grow.log 2>&1 &
	growing=$!
	children+=("$growing")
}
listed() { [ "$(docker exec real-told.front.1 grep -cE '[[:space:]]server .*:8080 ' /etc/nginx/nginx.conf)" = "$1" ]; }

check "deploys" berth deploy app.yaml "${to_engine[@]}" -y
check "at rest nothing waits in the proxy's container" none_waits
grow 2
check "it is begun while the member comes" until_true 30 one_waits
kill -KILL "$growing"
wait "$growing" 2>/dev/null
check "nothing of it is left of a berth that was killed" until_true 10 none_waits
grow 2
check "begun again" until_true 30 one_waits
check "what waits is what tells" wait "$growing"
check "of both" listed 2
check "and ends" until_true 10 none_waits
grow 3
check "begun for the third" until_true 30 one_waits
check "the proxy is restarted meanwhile" docker restart -t 1 real-told.front.1
check "it is told all the same" wait "$growing"
check "of all three" listed 3
check "destroys" berth destroy real-told "${to_engine[@]}" -y
check "leaves nothing" nothing_of real-told
