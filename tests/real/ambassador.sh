#!/usr/bin/env bash
# A stand-in on a Docker engine for a process of this machine: its consumers know it by its own name and port, and none of them
# is restarted when the process is elsewhere; a controller follows it, too.
. "$(dirname "$0")/lib.sh"
uses real-ambassador real-beside
static_helper
blueprint() { # WORD
	cat <<-Y
		id: real-ambassador
		services:
		- type: process
		  id: back
		  location: localhost
		  link: ambassador
		  update: stop-first
		  stopTimeout: 1s
		  ports: {http: 18877}
		  env: {WORD: "$1"}
		  command: mkdir -p w; echo \$WORD >w/index.html; exec busybox httpd -f -p "\$BIND_ADDRESS:\$PORT_HTTP" -h w
		- type: docker:busybox:latest
		  id: front
		  location: my-docker-cloud
		  stopTimeout: 1s
		  links: [\$brooklyn:component("back")]
		  command: exec sleep 1000
	Y
}
stand_in=real-ambassador.back-for-my-docker-cloud.1
reads() { [ "$(docker exec real-ambassador.front.1 wget -qO- http://back:18877/)" = "$1" ]; }
id_of() { docker inspect -f '{{.Id}} {{.State.StartedAt}}' "$1"; }
holds() { [ "$(id_of real-ambassador.front.1)" = "$front" ] && [ "$(id_of $stand_in)" = "$relay" ]; }

blueprint one >one.yaml
blueprint two >two.yaml
shows() { plan one.yaml | grep -q "back-for-my-docker-cloud.1 at my-docker-cloud: create"; }
check "the plan shows the stand-in" shows
check "it deploys" deploy one.yaml
check "the consumer reaches the provider by its own name and port" reads one
check "deploying again changes nothing" json '.changed == false' deploy one.yaml -o json
front=$(id_of real-ambassador.front.1) relay=$(id_of $stand_in)
check "the provider is made anew" deploy two.yaml
check "and is reached" until_true 30 reads two
check "with no consumer restarted, nor the stand-in" holds
sed 's/^  link: ambassador$/  link: direct/' two.yaml >direct.yaml
check "it can be done without" deploy direct.yaml
check "then there is no stand-in" bash -c "! docker inspect $stand_in >/dev/null 2>&1"
check "and the provider is reached as it is published" until_true 30 reads two
check "it is destroyed" destroy real-ambassador
check "and nothing of it is left" bash -c '[ -z "$(docker ps -aq --filter label=berth.app=real-ambassador)" ]'

# Beside a process it is a process, at an address of its own.
beside() { # WORD
	cat <<-Y
		id: real-beside
		services:
		- type: docker:busybox:latest
		  id: back
		  location: my-docker-cloud
		  link: ambassador
		  stopTimeout: 1s
		  openPorts: 18878
		  command: "mkdir w; echo $1 >w/index.html; exec httpd -f -p 18878 -h w"
		- type: process
		  id: front
		  location: localhost
		  links: [\$brooklyn:component("back")]
		  command: while sleep 0.1; do echo "\$BACK_PORT_18878_TCP_ADDR:\$BACK_PORT_18878_TCP_PORT" >told; done
	Y
}
told() { berth exec "${to_engine[@]}" real-beside front -- cat told; }
reads_beside() { [ "$(page "http://$back/")" = "$1" ]; }
beside one >three.yaml
beside two >four.yaml
shows_process() { plan three.yaml | grep -q "back-for-localhost.1 at localhost: create"; }
check "the plan shows the one beside a process" shows_process
check "it deploys" deploy three.yaml
until_true 30 told >/dev/null
back=$(told)
check "its number is the provider's own, at an address of its own" grep -q '^127\.[0-9.]*:18878$' <<<"$back"
check "and it leads to the container" reads_beside one
check "deploying again changes nothing" json '.changed == false' deploy three.yaml -o json
processes() { status real-beside -o json | jq -r '.components[] | select(.location == "localhost") | .instances[].target_id'; }
processes >before
check "the container is made anew" deploy four.yaml
check "it is reached where it was" until_true 30 reads_beside two
check "and no process was begun again" same "$(processes)" "$(cat before)"
relay_of() { grep -lz 'BERTH_TREE=real-beside.back-for-localhost.1:' /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }
relay=$(relay_of)
again() { [ -n "$(relay_of)" ] && [ "$(relay_of)" != "$relay" ] && reads_beside two; }
check "it is killed" kill -KILL "$relay"
check "and is there again, and leads to the container" until_true 30 again
sed 's/^  link: ambassador$/  link: direct/' four.yaml >five.yaml
check "it can be done without" deploy five.yaml
direct() { told | grep -qv '^127\.[0-9.]*:18878$'; }
check "then the process is told the published number" until_true 30 direct
check "it is destroyed" destroy real-beside
