#!/usr/bin/env bash
# three-targets.sh - one blueprint over three unlike targets: redis in a machine of a real OpenStack, dnmonster on a double of
# Marathon, identidock on a real Docker engine, each reached by whoever is linked to it; killed midway, moved, and gone again
# without anything left. Run by `./run-tests openstack`, or tests/real/openstack/bed run env BERTH=... tests/real/three-targets.sh
. "$(dirname "$0")/lib.sh"
bed=$root/tests/real/openstack/bed
if [ -z "${OS_AUTH_URL:-}" ]; then
	echo "ok - three-targets: skipped, no OpenStack"
	exit 0
fi
uses real-three
static_helper
left() { python3 "$root/tests/real/openstack/provide.py" left; }
# It answers until all is gone: who does not know what it has takes nothing away.
afterwards() { kill "$doubling"; }
port=$((26000 + $$ % 5000))
url=http://127.0.0.1:$port
"$root/tests/doubles/marathon/run" --quiet --published --listen 127.0.0.1:$port --docker "$DOCKER_HOST" --kill-grace 0 --offer-delay 0.1 \
	--start-delay 0 --relaunch-delay 0.2 >double.log 2>&1 &
doubling=$!
check "a double of Marathon is there" until_true 60 curl -sf "$url/ping"
# The names of the example, and the redis that the guest has.
sed 's/^id: .*/id: real-three/; s/install.version: .*/install.version: 7/' "$root/examples/three-targets/three-targets.yaml" >three.yaml
cat >locations.yaml <<Y
my-mesos-cluster: marathon:$url
my-openstack-cloud: {type: openstack, cloud: envvars, imageNameRegex: debian-tiny, flavor: m1.tiny, user: debian, network: private, autoAssignFloatingIp: true}
Y
on_all() { timeout 300 "$BERTH" "$@" "${to_engine[@]}"; }
left >before
servers() { left | grep -c '^server berth.real-three'; }
visits() { page "http://127.0.0.1/?$1" | tee visited; }
visited() { visits "$1" | grep -q "^visit $2 of $1: <svg"; }
# PROTOCOL PORT SOURCE of each rule that lets in to the component's machine, of the group by its name.
rules() {
	"$bed" client security group rule list "berth.real-three.$1" --ingress -f json |
		jq -r '.[] | "\(.["IP Protocol"]) \(.["Port Range"]) \(.["IP Range"])"' | sort
}

check "it is planned" eval 'on_all plan three.yaml >planned'
cat planned >>log
check "with redis on the OpenStack" grep -q '^+ redis.1 at my-openstack-cloud: create' planned
check "dnmonster on the Marathon" grep -q '^+ dnmonster.1 at my-mesos-cluster: create' planned
check "identidock on the Docker engine" grep -q '^+ identidock.1 at my-docker-cloud: create' planned
check "linked through an address that is published" grep -qE '^ +link redis by published at .*6379' planned
check "to a port that is opened to it, and it is said to whom" grep -qE '^ +opens 6379/tcp to identidock, from everywhere' planned
check "nothing was made for that" same "$(cat before)" "$(left)"
for seconds in 3 8 15 25; do
	timeout -s KILL "$seconds" "$BERTH" deploy three.yaml -y "${to_engine[@]}" >>killed 2>&1
done
check "killed four times on its way, it is deployed" on_all deploy three.yaml -y
check "on one machine" same 1 "$(servers)"
check "a visit is counted on the machine, and gets its monster" until_true 60 visited gordon 1
check "so is the next" visited gordon 2
check "the machine lets in to redis, and to nothing else of it" same "tcp 6379:6379 0.0.0.0/0" "$(rules redis)"
check "a second deploy changes nothing" on_all plan three.yaml --detailed-exitcode
check "what runs there can be looked at" eval 'on_all exec real-three redis -- redis-cli -h 127.0.0.1 ping 2>&1 || on_all logs real-three redis | grep -q .'

# The engine has an image of another one.
sed '/id: redis/,/install/ { s/location: .*/location: my-docker-cloud/; s/version: .*/version: 3/ }' three.yaml >moved.yaml
for seconds in 2 4 8; do
	timeout -s KILL "$seconds" "$BERTH" deploy moved.yaml -y "${to_engine[@]}" >>killed 2>&1
done
check "killed three times on its way, redis moves to the engine" on_all deploy moved.yaml -y
check "where there is one" same 1 "$(count running real-three redis)"
check "identidock finds it there" until_true 60 visited gordon 1
check "and its machine is gone" same 0 "$(servers)"
for seconds in 5 12 20; do
	timeout -s KILL "$seconds" "$BERTH" deploy three.yaml -y "${to_engine[@]}" >>killed 2>&1
done
check "killed three times, it moves back" on_all deploy three.yaml -y
check "to one machine" same "1 0" "$(servers) $(count running real-three redis)"
check "and is found" until_true 60 visited gordon 1

check "all of it is destroyed" on_all destroy real-three -y
check "no container is left" nothing_of real-three
left >after
check "and nothing on the OpenStack" diff before after
