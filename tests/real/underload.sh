#!/usr/bin/env bash
# A component is replaced while its consumer is under load: not one request fails.
. "$(dirname "$0")/lib.sh"
uses real-underload
write() { # COLOUR
	cat >app.yaml <<-Y
	id: real-underload
	location: my-docker-cloud
	services:
	- type: docker:front:1
	  id: front
	  portBindings: {18393: 80}
	  stopSignal: QUIT
	  links: {artist: \$brooklyn:component("artist")}
	  files:
	    /etc/front.conf:
	      content: |
	        daemon off;
	        worker_processes 1;
	        error_log /dev/stderr warn;
	        events { worker_connections 512; }
	        http {
	          access_log off;
	          resolver 127.0.0.11 valid=1s ipv6=off;
	          server {
	            listen 80;
	            location / {
	              set \$to "artist";
	              proxy_pass http://\$to:8080/;
	              proxy_next_upstream off;
	            }
	          }
	        }
	- type: docker:clockercentral/dnmonster:1.0
	  id: artist
	  openPorts: [8080]
	  env: {COLOUR: $1}
	Y
}
artist() { running real-underload artist; }
answers() { page "http://127.0.0.1:18393/?$1" | tee /dev/stderr | grep -q "<svg"; }
load() { # SECONDS
	wrk -t1 -c8 -d"$1" --timeout 10s --latency http://127.0.0.1:18393/ >wrk.txt 2>&1 &
	load=$!
	children+=("$load")
}
none_failed() {
	wait "$load"
	cat wrk.txt
	grep -qE '^ +[1-9][0-9]* requests in' wrk.txt && ! grep -qE 'Socket errors|Non-2xx' wrk.txt
}

write red
check "deploys" deploy app.yaml
check "answers" until_true 30 answers first
load 4
check "the load alone: no request fails" none_failed

before=$(artist)
load 12
write blue
check "replaced under load" deploy app.yaml
check "by another container" fails same "$before" "$(artist)"
check "which carries the settled name" same real-underload.artist.1 "$(docker inspect -f '{{slice .Name 1}}' "$(artist)")"
check "and not one request failed" none_failed
echo "# $(grep -E 'requests in|Requests/sec' wrk.txt | tr -s ' ' | tr '\n' ' ')"
check "answers" answers last
