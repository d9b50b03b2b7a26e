#!/usr/bin/env bash
# The examples do what they say: each is valid, and the quickstart's page counts its visitors in redis.
. "$(dirname "$0")/lib.sh"
uses real-quickstart
for one in "$root"/examples/*.yaml; do
	! grep -q '^services:' "$one" || check "$(basename "$one") is valid" berth validate "$one"
done
cp -r "$root/examples/quickstart" .
sed 's/^id: .*/id: real-quickstart/' "$root/examples/quickstart.yaml" >quickstart.yaml
url() {
	status real-quickstart -o json | jq -r '.components[] | select(.id == "front") | .instances[0]
		| "http://\(.address // "127.0.0.1"):\(.ports[0] | .host_port // .port)/"'
}
visit() { page "$(url)" | tee /dev/stderr | grep -q "Visit $1,"; }
check "the quickstart deploys" deploy quickstart.yaml
check "its page counts" visit 1
check "in redis" visit 2
check "deploys again" json '.changed == false' deploy quickstart.yaml -o json
check "and goes on counting" visit 3
check "destroys" destroy real-quickstart

# Names from files: beside the blueprint first, then the user's.
uses real-named
mkdir -p "$XDG_CONFIG_HOME/berth"
sed 's,^my-docker-cloud:.*,my-docker-cloud: docker:unix:///nothing-here.sock,' "$root/examples/locations.sample.yaml" >"$XDG_CONFIG_HOME/berth/locations.yaml"
cp "$root/examples/talk.yaml" .
check "a name from the user's file" exits 69 berth plan talk.yaml --app real-named
printf 'my-docker-cloud: docker:%s\n' "$DOCKER_HOST" >locations.yaml
check "the one beside the blueprint is first" berth plan talk.yaml --app real-named
check "locations lists the built-in one" bash -c '"$1" locations | grep -q localhost' - "$BERTH"
check "locations check asks" bash -c '"$@" | grep -q 20.10 || "$@" | grep -qi docker' - "$BERTH" locations check my-docker-cloud "${to_engine[@]}"
check "types knows the talk's" bash -c '"$1" types | grep -q docker' - "$BERTH"
check "version" bash -c '"$1" version | grep -qE "[0-9]+\.[0-9]+\.[0-9]+"' - "$BERTH"
