#!/usr/bin/env bash
# What a load balancer can be told, by both proxies on a real engine: weights, clients that stay with their member, hosts and
# paths, connections that are not HTTP, and TLS whose certificate changes under its connections.
. "$(dirname "$0")/lib.sh"
uses real-entrances
server=$root/tests/support/connections.py

certificate() { # NAME, into certificate.pem and the variable that the key is taken from
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=DNS:$1.test" -keyout key.pem -out certificate.pem >/dev/null 2>&1
	ENTRANCE_KEY=$(cat key.pem)
	export ENTRANCE_KEY
	sed -n 2p key.pem >>needles
	rm key.pem
}
member() { # ID INSTANCES
	cat <<-Y
	- type: docker:busybox:latest
	  id: $1
	  instances: $2
	  openPorts: [8080, 7]
	  stopTimeout: 1s
	  command: mkdir -p /www/api; echo "$1 \$(hostname)" >/www/index.html; cp /www/index.html /www/api; nc -ll -p 7 -e cat & exec httpd -f -p 8080 -h /www
	Y
}
balancers() { # ID FIRST-PORT LISTENS KEYS: nginx at that port of the host, and haproxy at the next one
	echo "- {type: loadbalancer, id: nginx-$1, portBindings: {$2: $3}, $4}"
	echo "- {type: loadbalancer, id: haproxy-$1, proxy: haproxy, portBindings: {$(($2 + 1)): $3}, $4}"
}
write() { # MEMBERS
	{
		printf 'id: real-entrances\nlocation: my-docker-cloud\nservices:\n'
		member web "$1"
		member api 1
		balancers heavy 18500 80 'members: [{component: web, weight: 1}, {component: api, weight: 12}]'
		balancers source 18502 80 'members: web, sticky: source'
		echo '- {type: loadbalancer, id: haproxy-cookie, proxy: haproxy, portBindings: {18505: 80}, members: web, sticky: cookie}'
		balancers hosts 18506 80 'members: web, routes: [{host: api.test, members: api}, {path: /api, members: api}, {host: "*.wild.test", members: api}]'
		balancers tcp 18508 9 'members: [{component: web, port: 7}], protocol: tcp, port: 9'
		balancers tls 18510 443 'members: web, tls: {certificate: certificate.pem, key: {secret: "env:ENTRANCE_KEY"}}'
	} >app.yaml
}
answers() { [ "$(curl -s --max-time 10 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1/")" = 200 ]; }
# ask PORT HOST PATH: who it was.
ask() { curl -sS --max-time 10 --resolve "$2:$1:127.0.0.1" "http://$2:$1/${3:-}" | cut -d' ' -f1; }
# Three members of a weight of 1 and one of 12: four in five of two turns go to that one, but for who was asked before.
weighed() { # PORT
	local api
	api=$(for _ in $(seq 30); do ask "$1" any.test; done | grep -c api)
	[ "$api" -ge 22 ] && [ "$api" -le 26 ] || { echo "$api of 30"; return 1; }
}
by_one() { # PORT: all of a client's requests
	same 1 "$(for _ in $(seq 12); do page "http://127.0.0.1:$1/"; done | sort -u | wc -l)"
}
by_cookie() {
	rm -f "jar.$1"
	same 1 "$(for _ in $(seq 12); do curl -sS --max-time 10 -b "jar.$1" -c "jar.$1" http://127.0.0.1:18505/; done | sort -u | wc -l)"
}
spread() { same "$2" "$(for _ in $(seq 12); do page "http://127.0.0.1:$1/"; done | sort -u | wc -l)"; }
echoed() { # PORT
	python3 - "$1" <<-'P'
	import socket, sys
	with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as talk:
	    for word in (b"not HTTP\x00\xff\n", b"at all\n"):
	        talk.sendall(word)
	        heard = b""
	        while len(heard) < len(word):
	            more = talk.recv(100)
	            if not more:
	                sys.exit("cut off")
	            heard += more
	        if heard != word:
	            sys.exit(f"{heard!r}, not {word!r}")
	P
}
presents() { # PORT NAME
	openssl s_client -connect "127.0.0.1:$1" </dev/null 2>/dev/null | openssl x509 -noout -subject | grep -q "CN *= *$2\$"
}
secured() { # PORT: with the certificate as the only one that is trusted
	curl -sS --max-time 10 --cacert certificate.pem --resolve "$2.test:$1:127.0.0.1" "https://$2.test:$1/" | grep -q '^web '
}

certificate first
write 3
check "deploys" deploy app.yaml
[ $failed = 0 ] || exit 1
for proxy in nginx haproxy; do
	[ $proxy = nginx ] && next=0 || next=1
	for at in 18500 18502 18506; do
		check "$proxy answers at $((at + next))" until_true 30 answers $((at + next))
	done
	check "$proxy: four in five go to who weighs that much" until_true 30 weighed $((18500 + next))
	check "$proxy: a client stays with its member by its address" by_one $((18502 + next))
	check "$proxy: another host has members of its own" same api "$(ask $((18506 + next)) api.test)"
	check "$proxy: so have all hosts of an ending" same api "$(ask $((18506 + next)) any.wild.test)"
	check "$proxy: and a path" same api "$(ask $((18506 + next)) else.test api/)"
	check "$proxy: others go to the rest" same web "$(ask $((18506 + next)) else.test)"
	check "$proxy: connections of any kind" until_true 30 echoed $((18508 + next))
	check "$proxy: presents its certificate" until_true 30 presents $((18510 + next)) first
	check "$proxy: and speaks by it" secured $((18510 + next)) first
done
check "haproxy: a client stays with its member by a cookie" by_cookie 1
check "one without a cookie does not" until_true 30 spread 18505 3

# Its connections are kept while the certificate changes: the next one has the new one.
for at in 18510 18511; do
	python3 "$server" keep-tls $at 8 >"tls.$at" 2>&1 &
	declare "kept_$at=$!"
	children+=($!)
done
connected() { grep -q connected "tls.$1"; }
for at in 18510 18511; do check "a connection by TLS at $at" until_true 20 connected $at; done
before=$(running real-entrances)
certificate second
check "another certificate and key" deploy app.yaml
check "nobody was replaced for it" kept "$before" "$(running real-entrances)"
for at in 18510 18511; do
	check "at $at it is presented" until_true 30 presents $at second
	check "and spoken by" secured $at second
	kept=kept_$at
	check "nothing there was cut off" wait "${!kept}"
done

shown() {
	cat /proc/[0-9]*/cmdline
	berth status real-entrances -o json
	plan app.yaml -o json
	berth history real-entrances -o json
	for one in nginx-tls haproxy-tls; do
		berth logs real-entrances $one "${to_engine[@]}"
		docker inspect "real-entrances.$one.1"
	done
	cat "$work/log"
} 2>/dev/null
stored() { cat "$XDG_STATE_HOME"/berth/*; } 2>/dev/null
check "there is something to be searched" grep -q haproxy-tls <(shown)
check "neither key is in an argument, a log, a document or a container's description" fails grep -aqFf needles <(shown)
check "nor in the store" fails grep -aqFf needles <(stored)
check "destroys" destroy real-entrances
check "leaves nothing" nothing_of real-entrances
