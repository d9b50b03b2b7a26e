#!/usr/bin/env bash
# What berth sends to Marathons from 1.1 to 1.11, against what is published of their bodies: a double refuses and counts what deviates.
. "$(dirname "$0")/lib.sh"
uses published
port=$((31000 + $$ % 1500))
url=http://127.0.0.1:$port

cat >app.yaml <<'Y'
id: published
location: cluster
services:
- type: docker:busybox:latest
  id: front
  openPorts: [8080, 53/udp]
  publish: 8080
  instances: 2
  cpus: 0.1
  memory: 16m
  user: root
  stopTimeout: 2s
  volumes: ["/tmp:/host:ro"]
  labels: {tier: front}
  env: {COLOUR: blue}
  command: mkdir /w; echo there >/w/it; exec httpd -f -p 8080 -h /w
  healthCheck: {http: {port: 8080, path: /it}, interval: 1s, startPeriod: 20s}
- type: docker:busybox:latest
  id: checked
  openPorts: 8080
  links: [$brooklyn:component("front")]
  entrypoint: [/bin/sh, -c]
  command: ["mkdir /w; echo there >/w/it; exec httpd -f -p 8080 -h /w"]
  healthCheck: {tcp: {port: 8080}, interval: 1s, startPeriod: 20s}
  marathon:
    constraints: [[hostname, LIKE, ".*"]]
    upgradeStrategy: {minimumHealthCapacity: 0.5, maximumOverCapacity: 0.5}
    fetch: []
    readinessChecks: [{portName: p8080, path: /it, httpStatusCodesForReady: [200], intervalSeconds: 2, timeoutSeconds: 1}]
- type: docker:busybox:latest
  id: asked
  command: exec sleep 1000
  healthCheck: {command: ["true"], interval: 1s}
- type: docker:busybox:latest
  id: hosted
  openPorts: 18500
  command: exec httpd -f -p $PORT0
  marathon: {networks: [{mode: host}]}
- {type: process, id: worker, command: exec httpd -f -p $PORT_ADMIN_PORT, ports: {Admin_Port: auto}}
Y
sed 's/blue/green/' app.yaml >changed.yaml
on_it() { timeout 60 "$BERTH" "$@" --location "cluster={type: marathon, url: \"$url\", image: \"busybox:latest\"}"; }
none_deviate() { curl -sf -o double.json "$url/double" && { jq -e '.deviations == []' double.json || { jq -r '.deviations[]' double.json; false; }; }; }

begin() { # VERSION
	"$root/tests/doubles/marathon/run" --quiet --published --version "$1" --listen 127.0.0.1:$port --docker "$DOCKER_HOST" 2>>double.log &
	double=$! children+=($!)
	check "a double of $1 is there" until_true 60 curl -sf "$url/ping"
}

begin 1.11.26
check "what deviates is refused" sh -c "curl -s -X POST -H 'Content-Type: application/json' -d '{\"id\":\"/x\",\"cmd\":\"x\",\"cpu\":1}' $url/v2/apps | grep -q 'no such member'"
check "and listed" sh -c "curl -s $url/double | grep -q '/cpu: no such member'"
kill "$double"
check "and the double ends with 1" fails wait "$double"
for version in ${BERTH_MARATHON_VERSIONS:-1.1.1 1.4.12 1.5.11 1.11.26}; do
	begin "$version"
	check "$version: an application is deployed" on_it deploy app.yaml -y
	check "$version: changed" on_it deploy changed.yaml -y
	if [ "$version" = 1.11.26 ]; then
		check "$version: scaled" on_it scale published front 1
		check "$version: restarted" on_it restart published asked
		check "$version: stopped" on_it stop published
		check "$version: started" on_it start published
	fi
	check "$version: and destroyed" on_it destroy published -y
	check "$version: nothing of it deviates" none_deviate
	kill "$double"
	check "$version: so the double ends well" wait "$double"
done
finish
