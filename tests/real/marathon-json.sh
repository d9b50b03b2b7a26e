#!/usr/bin/env bash
# What people have in Marathon's own form, deployed as it is: a group on a double of Marathon, an app on a Docker engine and on this machine.
. "$(dirname "$0")/lib.sh"
uses shop solo
port=$((26000 + $$ % 5000))
url=http://127.0.0.1:$port
"$root/tests/doubles/marathon/run" --quiet --published --listen 127.0.0.1:$port --docker "$DOCKER_HOST" >double.log 2>&1 &
children+=($!)
check "a double of Marathon is there" until_true 60 curl -sf "$url/ping"

cat >marathon.json <<'J'
{
	"id": "/shop",
	"groups": [
		{
			"id": "db",
			"apps": [{
				"id": "keeper", "cpus": 0.1, "mem": 32, "instances": 1,
				"cmd": "mkdir /w && echo kept >/w/it && exec httpd -f -p 8080 -h /w",
				"container": {
					"type": "DOCKER",
					"docker": {"image": "busybox:latest", "network": "BRIDGE",
						"portMappings": [{"containerPort": 8080, "hostPort": 0, "servicePort": 10500, "name": "http"}]}
				},
				"healthChecks": [{"protocol": "HTTP", "path": "/it", "portIndex": 0, "intervalSeconds": 1, "gracePeriodSeconds": 30}],
				"readinessChecks": [{"portName": "http", "path": "/it", "intervalSeconds": 2, "timeoutSeconds": 1}]
			}]
		}
	],
	"apps": [{
		"id": "web", "cpus": 0.1, "mem": 32.0, "disk": 0, "instances": 2,
		"args": ["sh", "-c", "echo $COLOUR on $PORT0; exec sleep 1000"],
		"container": {"docker": {"image": "busybox:latest"}},
		"portDefinitions": [{"port": 0, "name": "http"}],
		"env": {"COLOUR": "blue"},
		"labels": {"tier": "front"},
		"dependencies": ["db"],
		"upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.5},
		"constraints": []
	}]
}
J
cat >solo.json <<'J'
{"id": "/solo", "cmd": "echo here >it; exec sleep 1000", "cpus": 0.1, "mem": 16, "constraints": [["hostname", "UNIQUE"]]}
J
cat >contained.json <<'J'
{"app": {"id": "/solo", "cpus": 0.1, "mem": 16, "version": "2020-01-01T00:00:00.000Z", "tasksRunning": 0,
	"cmd": "exec httpd -f -p 8080", "upgradeStrategy": {"minimumHealthCapacity": 0},
	"container": {"docker": {"image": "busybox:latest"}, "portMappings": [{"containerPort": 8080, "hostPort": 0}]},
	"networks": [{"mode": "container/bridge"}]}}
J
on_double() { timeout 120 "$BERTH" "$@" --location "cloud=marathon:$url"; }
app() { curl -sf -o app.json "$url/v2/apps/shop/$1" && jq -e ".app | $2" app.json; }
warned() { "$BERTH" validate "$1" "${@:3}" 2>&1 | grep -qF -- "$2"; }
changed() { jq '.apps[0].env.COLOUR = "green" | .apps[0].instances = 1' marathon.json >changed.json; }

check "it is valid without a location, which is said" warned marathon.json "nothing says where \`marathon\` is"
check "and with one" on_double validate marathon.json
check "its plan shows the components" on_double plan marathon.json
check "it is deployed" on_double deploy marathon.json -y
check "under the ids that it has itself" app web '.tasksRunning == 2'
check "and those of its groups" app db-keeper '.tasksRunning == 1 and .tasksHealthy == 1'
check "with what Marathon alone reads" app db-keeper '.container.portMappings[0] | .servicePort == 10500 and .name == "http"'
check "a command is one" app db-keeper '.cmd | startswith("mkdir")'
check "with the network that it asks for" app web '.networks[0].mode == "host" and .portDefinitions[0].name == "http"'
check "a second deploy changes nothing" on_double plan marathon.json --detailed-exitcode
check "who names it knows where it is" timeout 60 "$BERTH" status shop
changed
check "a changed one is an update" on_double deploy changed.json -y
check "of what it says" app web '.instances == 1 and .env.COLOUR == "green"'
check "all is destroyed by the file" on_double destroy marathon.json -y
none_left() { curl -sf -o apps.json "$url/v2/apps" && jq -e ".apps == []" apps.json; }
check "no app is left" until_true 20 none_left

check "on this machine an app is a process" timeout 60 "$BERTH" deploy solo.json --location here=localhost -y
check "what Marathon alone reads is warned of" warned solo.json "\`constraints\` of \`solo\` has no effect here" --location here=localhost
check "and goes" timeout 60 "$BERTH" destroy solo -y
check "what Marathon told of an app is deployed on an engine" timeout 120 "$BERTH" deploy contained.json -y "${to_engine[@]}"
check "where it runs with a port of the host" sh -c "docker port \$(docker ps -qf label=berth.app=solo) 8080"
check "and goes, too" timeout 60 "$BERTH" destroy solo -y "${to_engine[@]}"
finish
