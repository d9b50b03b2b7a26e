#!/usr/bin/env bash
# Load balancers on a real engine: nginx and haproxy before members that come, go and are killed.
. "$(dirname "$0")/lib.sh"
uses real-balancer real-copies
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

# What it was told while others were still being started is known to have ended well.
cat >copies.yaml <<'Y'
id: real-copies
location: here
services:
- type: cluster
  id: shop
  initialSize: 2
  memberSpec:
    type: org.apache.brooklyn.entity.stock.BasicApplication
    brooklyn.children:
    - {type: process, id: db, command: [sleep, "1000"]}
    - {type: process, id: web, instances: 2, command: 'exec busybox httpd -f -p "$BIND_ADDRESS:$PORT_HTTP" -h .', ports: {http: auto}}
- {type: loadbalancer, id: front, members: $brooklyn:component("shop-web"), port: 18097}
Y
to_here=(--location here=localhost)
check "over copies on this machine" berth deploy copies.yaml "${to_here[@]}" -y
check "they are stopped" berth stop real-copies shop -y "${to_here[@]}"
check "and started" berth start real-copies shop "${to_here[@]}"
check "all of it runs" json '.state == "running"' berth status real-copies -o json "${to_here[@]}"
check "and nothing is left to do" berth plan copies.yaml "${to_here[@]}" --detailed-exitcode
check "the copies go" berth destroy real-copies -y "${to_here[@]}"
