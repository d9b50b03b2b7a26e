#!/usr/bin/env bash
# An OpenStack is looked at, by a recorded one that answers over the wire: who we are there, what there is and what lacks,
# what is wrong with a login. Nothing is placed there, and that is said before anything is touched.
. "$(dirname "$0")/lib.sh"
at=127.0.0.1:18990
begins() { # OPTIONS...
	"$root/tests/doubles/openstack/run" --listen $at --log "$work/asked" "$@" 2>>double.log &
	serving=$!
	children+=($serving)
	until_true 30 answers
}
ends() { kill $serving && wait $serving 2>/dev/null; }
answers() { curl -sS -m 5 -o /dev/null "http://$at/5000/v3" 2>/dev/null; }
mkdir -p config/openstack
cat >config/openstack/clouds.yaml <<Y
clouds:
  lab:
    auth:
      auth_url: http://$at/5000
      username: demo
      project_name: demo
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
Y
cat >config/openstack/secure.yaml <<Y
clouds: {lab: {auth: {password: demopass}}}
Y
begins
check "a cloud of clouds.yaml answers" eval 'berth locations check openstack:lab >seen'
cat seen >>log
check "who we are is told" grep -q '^user *demo$' seen
check "in which project" grep -q '^project *demo$' seen
check "which services there are" grep -q '^services *identity, placement, compute, network, image$' seen
check "which Nova is spoken" grep -q '^microversion *low 2.1, high 2.93, spoken 2.93$' seen
check "quotas, with what is used" grep -q '^quotas *instances 0 of 10, cores 0 of 20, memory 0 of 51200, keypairs at$' seen
check "Neutron's, too" eval 'tr -s " \n" " " <seen | grep -q "ports 2 of 500, floatingIps 0 of 50,"'
check "images" grep -q '^images *debian-tiny$' seen
check "flavors" grep -q 'm1.tiny (cores 1, memory 256, disk 1)' seen
check "networks" grep -q '^networks *private, public (external, shared)$' seen
check "nothing lacks" fails grep -q '^missing' seen
check "in eight requests" same "$(grep -vc '/5000/v3$' asked)" 8
check "programs are told all of it" eval 'berth locations check openstack:lab -o json | jq -e ".locations[0].about | .project == \"demo\" and (.flavors | length) == 4 and .missing == [] and .quotas[0].limit == 10"'
check "Brooklyn's map says the same" eval 'berth locations check lab --location "lab={\"jclouds:openstack-nova\": {endpoint: \"http://$at/5000/v2.0\", identity: \"demo:demo\", credential: \"env:MINE\", region: RegionOne}}" >/dev/null 2>seen; grep -q "MINE. is not set" seen'
check "what a machine would be made of" eval 'berth locations check lab --location "lab={type: openstack, cloud: lab, imageNameRegex: debian-tiny, minRam: 256, user: debian, autoAssignFloatingIp: true}" | tr -s " \n" " " | grep -q "machine image debian-tiny, flavor m1.tiny, networks private, reached by a floating IP of public "'
check "and what of it is not there" eval 'berth locations check lab --location "lab={type: openstack, cloud: lab, image: windows}" | tr -s " \n" " " | grep -q "missing there is no image .windows.; there are .debian-tiny."'
check "and OS_ variables, by the name envvars" env OS_AUTH_URL="http://$at/5000/v3" OS_USERNAME=demo OS_PASSWORD=demopass OS_PROJECT_NAME=demo \
	OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default "$BERTH" locations check openstack:envvars
check "a cloud that nobody wrote down is refused with those that are" eval '! berth locations check openstack:lap 2>seen; grep -q "has no cloud .lap." seen && grep -q "it has .lab." seen'

sed -i s/demopass/wrongpass/ config/openstack/secure.yaml
check "a wrong password ends with 77" exits 77 eval 'berth locations check openstack:lab >seen 2>&1'
check "in Keystone's own words" grep -q 'The request you have made requires authentication' seen
check "and the password is nowhere" fails grep -rq wrongpass seen state
sed -i s/wrongpass/demopass/ config/openstack/secure.yaml

cat >shop.yaml <<Y
id: shop
services:
- type: docker:redis:3
  id: redis
  location: openstack:lab
Y
: >asked
for verb in plan deploy; do
	check "$verb refuses to place a container there" exits 65 eval "berth $verb shop.yaml >seen 2>&1"
	check "with its place and the reason" grep -q 'shop.yaml:3:3: error: .redis. cannot go to a location of type openstack: it is a component of type docker:IMAGE' seen
done
check "and nobody was asked anything" same "$(wc -l <asked)" 0
ends

echo '{"flavors":[]}' >none.json
begins --answer "/8774/v2.1/flavors/detail=none.json"
check "what lacks is told" eval 'berth locations check openstack:lab | grep -q "^missing *there is no flavor$"'
ends
begins --without 8774
check "a service that is away ends with 69" exits 69 eval 'berth locations check openstack:lab >seen 2>&1'
check "and is named" grep -q "cannot find out which Nova it is: GET http://$at/8774/v2.1/: the service is not there (HTTP 503)" seen
ends
