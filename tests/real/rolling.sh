#!/usr/bin/env bash
# Twenty members behind a load balancer are replaced one after the other under load: not one request fails.
. "$(dirname "$0")/lib.sh"
uses real-rolling
write() { # COLOUR
	cat >app.yaml <<-Y
	id: real-rolling
	location: my-docker-cloud
	services:
	- type: cluster
	  id: web
	  initialSize: 20
	  memberSpec:
	    type: docker:busybox:latest
	    openPorts: 8080
	    stopTimeout: 1s
	    env: {COLOUR: $1}
	    command: mkdir -p /www; echo "\$COLOUR" >/www/index.html; exec httpd -f -p 8080 -h /www
	- {type: loadbalancer, id: nginx, members: web, portBindings: {18471: 80}, drainTimeout: 500ms}
	- {type: loadbalancer, id: haproxy, proxy: haproxy, members: web, portBindings: {18472: 80}, drainTimeout: 500ms}
	Y
}
declare -A port=([nginx]=18471 [haproxy]=18472)
load() { # SECONDS
	local proxy
	for proxy in nginx haproxy; do
		wrk -t1 -c4 -d"$1" --timeout 30s --latency "http://127.0.0.1:${port[$proxy]}/" >"wrk.$proxy" 2>&1 &
		declare -g "load_$proxy=$!"
		children+=($!)
	done
}
through() { # PROXY: not one request failed
	local load=load_$1
	kill -INT "${!load}"
	wait "${!load}"
	cat "wrk.$1"
	grep -qE '^ +[1-9][0-9]* requests in' "wrk.$1" && ! grep -qE 'Socket errors|Non-2xx' "wrk.$1"
}
colours() { for _ in $(seq 60); do page "http://127.0.0.1:${port[$1]}/"; done | sort -u; }
only() { same "$2" "$(colours "$1")"; }
limit=600
write red
check "twenty are deployed" deploy app.yaml
check "and take requests" only nginx red
before=$(running real-rolling web)
load 900
write blue
check "all of them are replaced" deploy app.yaml
check "twenty are there" same 20 "$(count running real-rolling web)"
check "none of those of before" same "" "$(comm -12 <(echo "$before") <(running real-rolling web))"
check "not one request through nginx failed" through nginx
check "nor through haproxy" through haproxy
check "nginx sends to the new ones alone" until_true 30 only nginx blue
check "and so does haproxy" until_true 30 only haproxy blue
check "which is all" json '.changed == false' deploy app.yaml -o json
check "destroys" destroy real-rolling
check "leaves nothing" nothing_of real-rolling
