#!/usr/bin/env bash
# openstack-faults.sh - what goes wrong at a real OpenStack meanwhile: a quota is used up, an image is deleted, tokens are revoked,
# its host, Nova, Neutron and Keystone are stopped, a machine shows another host key. Each is told in its own words, and what comes after goes on
# with the one server that there is. Run as three-targets.sh is.
. "$(dirname "$0")/lib.sh"
if [ -z "${OS_AUTH_URL:-}" ]; then
	echo "ok - openstack-faults: skipped, no OpenStack"
	exit 0
fi
uses real-cloud real-other
bed=$root/tests/real/openstack/bed
left() { python3 "$root/tests/real/openstack/provide.py" left; }
servers() { left | grep -c '^server berth.real-cloud'; }
id_of() { left | sed -n 's/^server berth.real-cloud.web.1 \([^ ]*\).*/\1/p'; }
services=(nova-api neutron keystone)
admin() { "$bed" as-admin openstack "$@"; }
afterwards() {
	admin quota set --instances 10 --floating-ips 50 --secgroups 10 "$OS_PROJECT_NAME"
	admin user set --enable "$OS_PROJECT_NAME"
	admin image delete debian-doomed
	for service in "${services[@]}" nova-compute; do
		"$bed" service running "$service" || "$bed" service start "$service"
	done
} >/dev/null 2>&1
# written IMAGE [LINE...]
written() {
	cat >web.yaml <<-Y
		id: real-cloud
		locations:
		  lab: {type: openstack, cloud: envvars, image: $1, flavor: m1.tiny, user: debian, network: private}
		services:
		- type: process
		  id: web
		  location: lab
		  ports: {http: 8080}
		  command: echo from the server >index.html; exec busybox httpd -f -p "\$BIND_ADDRESS:\$PORT_HTTP" -h .
	Y
	[ -z "${2:-}" ] || printf '  %s\n' "${@:2}" >>web.yaml
}
serves() { [ "$(berth exec real-cloud web -- cat index.html)" = 'from the server' ]; }
# Whose host or Nova was away meanwhile may have come to nothing; the deploy after that makes another one.
sooner_or_later() { "$@" || "$@"; }
whole() { # WHAT [HOW]
	check "$1" ${2:-} berth deploy web.yaml -y
	check "with one server, which runs it" eval '[ "$(servers)" = 1 ] && serves'
}
gone() {
	check "it goes" berth destroy real-cloud -y
	check "and leaves nothing" same "$(cat before)" "$(left)"
}
# Begins to deploy, and is left to it once it says these words.
begun() { # WORDS
	: >told
	timeout $limit "$BERTH" deploy web.yaml -y >told 2>&1 &
	deploying=$!
	children+=($!)
	until_true 240 grep -q "$1" told
}
ended() { wait $deploying; }
limit=400
written debian-tiny
left >before

check "somebody takes all instances" admin quota set --instances 0 "$OS_PROJECT_NAME"
check "which is no reason against a plan" berth plan web.yaml
check "a deploy is refused" exits 1 eval 'berth deploy web.yaml -y >seen 2>&1'
cat seen >>log
check "in Nova's words" grep -qi 'quota exceeded for instances' seen
check "there is no server" same 0 "$(servers)"
gone
lacks() { berth locations check web.yaml | tr -s ' \n' ' ' | grep -q "the quota of $1 is used up"; }
check "and all floating IPs" admin quota set --instances 10 --floating-ips 0 "$OS_PROJECT_NAME"
check "a check tells" lacks floatingIps
check "a deploy is refused for that" exits 1 eval 'berth deploy web.yaml -y >seen 2>&1'
cat seen >>log
check "in Neutron's words" grep -qi "quota exceeded for resources: ..floatingip" seen
first=$(id_of)
check "and so are security groups" admin quota set --floating-ips 50 --secgroups 0 "$OS_PROJECT_NAME"
check "another application is refused" exits 1 eval 'sed "s/^id: .*/id: real-other/" web.yaml >other.yaml; berth deploy other.yaml -y >seen 2>&1'
cat seen >>log
check "in Neutron's words" grep -qi "quota exceeded for resources: ..security_group" seen
check "a check tells" lacks securityGroups
check "there is room again" admin quota set --secgroups 10 "$OS_PROJECT_NAME"
whole "the next deploy goes on"
check "with the server that there was" kept "$first" "$(id_of)"
gone

properties=$(admin image show debian-tiny -f json | jq -r '.properties | .kernel_id, .ramdisk_id, .os_command_line')
{ read -r kernel && read -r initrd && read -r line; } <<<"$properties"
truncate -s 1M disk
check "there is another image" admin image create --public --file disk --disk-format raw --container-format bare --min-ram 192 \
	--property "kernel_id=$kernel" --property "ramdisk_id=$initrd" --property "os_command_line=$line" debian-doomed
written debian-doomed
whole "it is made of that"
check "the image is deleted" admin image delete debian-doomed
check "what runs is not changed for it" berth plan web.yaml --detailed-exitcode
check "its server is deleted" openstack server delete --wait "$(id_of)"
check "another one cannot be made" fails eval 'berth deploy web.yaml -y >seen 2>&1'
cat seen >>log
check "and it is told why" grep -q "there is no image .debian-doomed." seen
written debian-tiny
whole "with an image that there is, it can"

check "while a new one is made" eval 'berth destroy real-cloud -y && begun "its server is BUILD"'
check "all tokens are revoked" eval 'admin user set --disable "$OS_USERNAME" && admin user set --enable "$OS_USERNAME" && "$bed" service stop memcached && "$bed" service start memcached'
check "it is deployed all the same" ended
check "with one server" same 1 "$(servers)"

check "while a new one is made again" eval 'berth destroy real-cloud -y && begun "its server is BUILD"'
check "Nova's host stops, and is back" eval '"$bed" service stop nova-compute && "$bed" service start nova-compute'
check "it is deployed, or says that it does not answer" eval 'ended || grep -q "came to nothing" told'
cat told >>log
whole "the next deploy has it all" sooner_or_later

check "while another one is made" eval 'berth destroy real-cloud -y && begun "its server is BUILD"'
check "Nova stops, and is back" eval '"$bed" service stop nova-api && "$bed" service start nova-api'
check "its host key is waited for" until_true 240 grep -q "waiting for its host key" told
check "Nova, Neutron and Keystone stop" "$bed" service stop "${services[@]}"
check "nothing is known of what is there" exits 69 eval 'berth status real-cloud >seen 2>&1'
check "they are back" "$bed" service start "${services[@]}"
check "it is deployed all the same" ended
cat told >>log
check "with one server, which runs it" eval '[ "$(servers)" = 1 ] && serves'
check "the next deploy changes nothing" berth plan web.yaml --detailed-exitcode

check "Neutron stops" "$bed" service stop neutron
check "nothing can be taken away" exits 69 eval 'berth destroy real-cloud -y >seen 2>&1'
cat seen >>log
check "and it is told what was asked of whom" grep -qE 'cannot list (servers|security groups): GET http' seen
check "it is back" "$bed" service start neutron
whole "a deploy has it all"

address=$(left | sed -n 's/^floatingip \([^ ]*\) .*/\1/p')
check "its machine gets another host key" eval 'berth exec real-cloud web -- sh -c "sudo rm /var/lib/host_key && sync" && openstack server reboot --hard --wait "$(id_of)"'
shown() { ssh-keyscan -T 5 "$address" 2>/dev/null | grep -q .; }
check "and answers" until_true 120 shown
check "it is refused" exits 69 eval 'berth status real-cloud >seen 2>&1'
cat seen >>log
check "for that key" grep -qi 'host key' seen
check "and so is a deploy" exits 69 berth deploy web.yaml -y
check "its server is deleted then" openstack server delete --wait "$(id_of)"
whole "another one takes its place"
gone
