#!/usr/bin/env bash
# Load balancers on a real engine: nginx and haproxy before members that come, go and are killed.
. "$(dirname "$0")/lib.sh"
uses real-balancer
write() { # MEMBERS BALANCERS
	cat >app.yaml <<-Y
	id: real-balancer
	location: my-docker-cloud
	services:
	- type: docker:busybox:latest
	  id: web
	  instances: $1
	  openPorts: 8080
	  command: mkdir -p /www/deep; hostname >/www/index.html; cp /www/index.html /www/deep; exec httpd -f -p 8080 -h /www
	Y
	[ "$2" = none ] || cat >>app.yaml <<-Y
	- {type: loadbalancer, id: nginx, members: web, portBindings: {18441: 80}}
	- {type: loadbalancer, id: haproxy, proxy: haproxy, portBindings: {18442: 80}, routes: [{path: /deep, members: web}]}
	Y
}
who() { for _ in 1 2 3 4 5 6 7 8 9; do page "http://127.0.0.1:$1/${2:-}" || return; done | sort -u; }
as_many() { # NUMBER PORT PATH
	same "$1" "$(who "$2" "${3:-}" | grep -c .)"
}
proxies() { running real-balancer nginx; running real-balancer haproxy; }
answers_always() { # PORT PATH
	local i
	for i in $(seq 60); do
		curl -sSf --max-time 10 -o /dev/null "http://127.0.0.1:$1/${2:-}" || { echo "the $i. request failed"; return 1; }
	done
}

write 2 none
check "deploys members" deploy app.yaml
write 2 both
check "deploys load balancers before them" deploy app.yaml
check "nginx uses both" as_many 2 18441
check "haproxy uses both" as_many 2 18442 deep/
check "what no route takes is not found" same 404 "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:18442/else)"
check "and all is as wanted" json '.changed == false' deploy app.yaml -o json

before=$(proxies)
write 3 both
check "a third member" deploy app.yaml
check "is all that there was to do" json '.changed == false' deploy app.yaml -o json
check "for nginx" until_true 30 as_many 3 18441
check "for haproxy" until_true 30 as_many 3 18442 deep/
check "which nobody was replaced for" kept "$before" "$(proxies)"
check "and that is all" json '.changed == false' deploy app.yaml -o json

victim=$(running real-balancer web | head -1)
answers_always 18441 >nginx.said 2>&1 &
one=$!
answers_always 18442 deep/ >haproxy.said 2>&1 &
other=$!
children+=("$one" "$other")
docker kill -s KILL "$victim" >/dev/null
check "one that is killed fails no request through nginx" wait "$one"
check "nor through haproxy" wait "$other"
check "destroys" destroy real-balancer
check "leaves nothing" nothing_of real-balancer
