#!/usr/bin/env bash
# web-machines.sh - a web cluster behind a load balancer, all of it on machines of a pool, in Brooklyn's words.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - web-machines: skipped, not root"
	exit 0
fi
uses real-web-machines
. "$root/tests/real/machine.bash"
afterwards() { for n in 1 2 3 4; do machine_ends $n; done; }
for n in 1 2 3 4; do check "machine $n comes up" machine $n; done

cat >app.yaml <<Y
id: real-web-machines
location:
  byon: {user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts, hosts: [$(address 1), $(address 2), $(address 3), $(address 4)]}
services:
- type: org.apache.brooklyn.entity.proxy.nginx.NginxController
  id: front
  brooklyn.config:
    loadbalancer.serverpool: \$brooklyn:component("web")
    proxy.http.port: 8010
- type: org.apache.brooklyn.entity.group.DynamicCluster
  id: web
  brooklyn.config:
    cluster.initial.size: 2
    dynamiccluster.memberspec:
      \$brooklyn:entitySpec:
        type: org.apache.brooklyn.entity.software.base.VanillaSoftwareProcess
        ports: {http: 8080}
        brooklyn.config:
          customize.command: mkdir www && hostname -I >www/index.html && ip -o -4 addr show dev eth0 >>www/index.html
          launch.command: exec busybox httpd -f -p \$BIND_ADDRESS:\$PORT_HTTP -h www
Y
deployed() { limit=120 berth deploy app.yaml -y; }
front() { berth status real-web-machines -o json | jq -r '.components[]|select(.id == "front").instances[0]|"\(.address):\(.ports[0].port)"'; }
# How many machines' pages come of twenty requests.
answering() {
	local at
	at=$(front)
	for _ in $(seq 20); do curl -sf -m 5 "http://$at/" | grep -o 'inet [0-9.]*'; done | sort -u | wc -l
}
answer() { [ "$(answering)" = "$1" ]; }

check "is valid" berth validate app.yaml
check "deploys" deployed
check "the balancer listens at its machine, where it was asked to" grep -qE "^$net\.[0-9]+:8010$" <(front)
check "both members are behind it" until_true 20 answer 2
check "a second deploy changes nothing" grep -q "No changes" <(deployed 2>&1)
check "a third member comes" berth scale real-web-machines web 3 -y
check "and is behind it" until_true 20 answer 3
check "members go" berth scale real-web-machines web 1 -y
check "and are not asked any more" until_true 20 answer 1
check "destroys" berth destroy real-web-machines -y
proxies() { local n; for n in 1 2 3 4; do ip netns pids "m$$-$n" | xargs -r ps -o args= -p; done | grep -cE 'nginx|httpd'; }
check "nothing of it is left" same 0 "$(proxies)"
