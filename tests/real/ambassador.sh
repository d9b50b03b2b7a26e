#!/usr/bin/env bash
# A stand-in on a Docker engine for a process of this machine: its consumers know it by its own name and port, and none of them
# is restarted when the process is elsewhere; a controller follows it, too.
. "$(dirname "$0")/lib.sh"
uses real-ambassador
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
