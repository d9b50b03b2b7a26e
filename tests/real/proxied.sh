#!/usr/bin/env bash
# Connections outlive what their proxy is told: kept ones, downloads and upgraded ones; and certificates change under them.
. "$(dirname "$0")/lib.sh"
uses real-proxied
server=$root/tests/support/connections.py
certificate() { # NAME
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout key.pem -out certificate.pem >/dev/null 2>&1
}
write() { # MEMBERS
	cat >app.yaml <<-Y
	id: real-proxied
	location: localhost
	services:
	- {type: process, id: web, instances: $1, ports: {http: auto}, command: exec python3 "$server" serve \$PORT_HTTP}
	- {type: process, id: other, ports: {http: auto}, command: exec python3 "$server" serve \$PORT_HTTP}
	- {type: loadbalancer, id: nginx, members: other, routes: [{path: /, members: web}]}
	- {type: loadbalancer, id: haproxy, proxy: haproxy, members: web}
	- {type: loadbalancer, id: plain, proxy: haproxy, protocol: tcp, members: web}
	- {type: loadbalancer, id: nginx-tls, members: web, tls: {certificate: certificate.pem, key: key.pem}}
	- {type: loadbalancer, id: haproxy-tls, proxy: haproxy, members: web, tls: {certificate: certificate.pem, key: key.pem}}
	Y
}
at() { port_of real-proxied "$1"; }
page_of() { [ "$(page "http://127.0.0.1:$(at "$1")/")" = serve ]; }
begin() { # BALANCER
	python3 "$server" keep "$(at "$1")" 12 >"$1.said" 2>&1 &
	declare -g "kept_${1//-/_}=$!"
	children+=($!)
}
connected() { grep -q connected "$1.said"; }
held() { # BALANCER
	local kept=kept_${1//-/_}
	wait "${!kept}"
	local code=$?
	cat "$1.said"
	return $code
}
presents() { # BALANCER NAME
	openssl s_client -connect "127.0.0.1:$(at "$1")" </dev/null 2>/dev/null | openssl x509 -noout -subject | grep -q "CN *= *$2\$"
}
certificate first
write 1
check "deploys" deploy app.yaml
[ $failed = 0 ] || exit 1
for balancer in nginx haproxy plain; do
	check "$balancer answers" until_true 20 page_of "$balancer"
	begin "$balancer"
done
for balancer in nginx haproxy plain; do
	check "through $balancer all is connected" until_true 20 connected "$balancer"
done
for members in 3 2 3; do
	write $members
	check "$members members" deploy app.yaml
done
for balancer in nginx haproxy plain; do
	check "nothing through $balancer was cut off" held "$balancer"
done

for balancer in nginx-tls haproxy-tls; do
	check "$balancer presents its certificate" until_true 20 presents "$balancer" first
done
sed -n 2p key.pem >needles
certificate second
sed -n 2p key.pem >>needles
check "another certificate" deploy app.yaml
for balancer in nginx-tls haproxy-tls; do
	check "$balancer presents the other one" until_true 20 presents "$balancer" second
done
shown() {
	local one
	cat /proc/[0-9]*/cmdline
	berth status real-proxied -o json
	plan app.yaml -o json
	for one in nginx-tls haproxy-tls; do berth logs real-proxied "$one"; done
	cat "$work/log"
} 2>/dev/null
stored() { cat "$XDG_STATE_HOME"/berth/*; } 2>/dev/null
check "there is something to be searched" grep -q real-proxied <(shown)
check "no key is in an argument, a log or a document" fails grep -aqFf needles <(shown)
check "nor in the store" fails grep -aqFf needles <(stored)
folder_of() { dirname "$(find "$work/state/berth/run/real-proxied" -path "*/$1*" -name tls.pem)"; }
good=$(cd "$(folder_of nginx-tls)" && sha256sum tls.pem tls.pem.key)
echo "not a certificate" >certificate.pem
deploy app.yaml >refused.said 2>&1
check "one that is none is refused where it is named" grep -q "^app.yaml:9:.*holds no certificate" refused.said
check "by validate, too" fails berth validate app.yaml
check "and the good one lies where it did" same "$good" "$(cd "$(folder_of nginx-tls)" && sha256sum tls.pem tls.pem.key)"
for balancer in nginx-tls haproxy-tls; do
	kill -KILL "$(cat "$(folder_of "$balancer")"/*.pid | head -1)"
	check "so $balancer comes back with it" until_true 20 presents "$balancer" second
done
# What berth takes for good and a proxy does not.
certificate first
openssl genpkey -algorithm X25519 -out other.pem
openssl x509 -new -subj /CN=third -force_pubkey <(openssl pkey -in other.pem -pubout) -CA certificate.pem -CAkey key.pem -out certificate.pem
mv other.pem key.pem
deploy app.yaml >refused.said 2>&1
check "one that cannot sign is refused by nginx in its own words" grep -q "unknown certificate type" refused.said
check "and by haproxy in its" grep -q "Fatal errors found" refused.said
for balancer in nginx-tls haproxy-tls; do
	check "$balancer goes on with what it had" presents "$balancer" second
done
check "destroys" destroy real-proxied
