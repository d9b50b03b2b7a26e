#!/usr/bin/env bash
# Aliases, expressions, a named volume, a secret: another blueprint of the same images.
. "$(dirname "$0")/lib.sh"
uses real-variation
export CANARY=goldfinch-$$
cat >variation.yaml <<'Y'
id: real-variation
location: my-docker-cloud
services:
- type: docker:clockercentral/identidock:1.3
  id: web
  publish: [9090]
  env:
    STAGE: trial
    SHOWN: $brooklyn:formatString("http://%s/x", $berth:endpoint("artist", 8080))
    API_TOKEN: $berth:secret("env:CANARY")
  links:
    redis: $brooklyn:component("db")
    dnmonster: $brooklyn:component("artist")
- {type: "docker:redis:3", id: db, openPorts: [6379], volumes: ["data:/data"], env: {ROLE: cache}}
- {type: "docker:clockercentral/dnmonster:1.0", id: artist, openPorts: [8080], env: {COLOUR: red}}
Y
url() {
	status real-variation -o json | jq -r '.components[] | select(.id == "web") | .instances[0].ports[]
		| select(.port == 9090) | "http://\(.host_address):\(.host_port)"'
}
answers() { page "$(url)/?$1" | tee /dev/stderr | grep -q "^visit $2 of $1: <svg"; }
env_of() { docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' "$(running real-variation "$1")"; }
has() { env_of web | grep -qE "$1" || { env_of web | grep -v "$CANARY"; return 1; }; }
ask_db() { docker exec "$(running real-variation db)" sh -c "printf '$1\r\nQUIT\r\n' | nc 127.0.0.1 6379"; }
host_port() { url | grep -oE '[0-9]+$'; }
nowhere() {
	! { plan variation.yaml -o json; status real-variation -o json; berth events real-variation -o json; berth graph variation.yaml
		limit=60 berth logs real-variation web "${to_engine[@]}"; cat "$XDG_STATE_HOME"/berth/*; } 2>&1 | grep -aqF "$CANARY"
}

check "deploys" deploy variation.yaml
check "answers on the port that berth picked" answers eve 1
check "published on one address" fails bash -c '[[ $1 == *0.0.0.0* ]]' - "$(url)"
check "the alias is in the variables" has '^REDIS_PORT_6379_TCP_PORT=6379$'
check "so is the address as a name" has '^REDIS_PORT_6379_TCP_ADDR=redis$'
check "what the blueprint gave the target is copied" has '^REDIS_ENV_ROLE=cache$'
check "an expression in env" has '^SHOWN=http://[a-z0-9.-]+:8080/x$'
check "the secret arrives" has "^API_TOKEN=$CANARY$"
check "and is nowhere else" nowhere
quiet_logs() { limit=60 berth logs real-variation web "${to_engine[@]}"; }
check "logs of one that said nothing end by themselves" quiet_logs
check "the secret is in no label" bash -c '! docker inspect -f "{{json .Config.Labels}}" "$1" | grep -qF "$2"' - \
	"$(running real-variation web)" "$CANARY"

ids=$(running real-variation) port=$(host_port)
check "deploys again" deploy variation.yaml
check "nothing was touched" kept "$ids" "$(running real-variation)"
sed -i -e 's/STAGE: trial/STAGE: show/' variation.yaml
check "a changed variable names its line" \
	json '.changes[] | select(.component == "web") | .action == "replace" and (.because | any(.line == 8))' plan variation.yaml -o json
check "only its component is replaced" deploy variation.yaml
check "the others stayed" same "$(grep -vxF "$(running real-variation web)" <<<"$(running real-variation)")" \
	"$(grep -xF "$(running real-variation)" <<<"$ids")"
check "the port picked is kept" kept "$port" "$(host_port)"
check "and answers" answers fay 1

check "data is written" bash -c 'grep -q OK <<<"$1"' - "$(ask_db 'SET k kept\r\nSAVE')"
destroyed() { destroy real-variation | tee /dev/stderr | grep -qi volume; }
check "destroy tells which volume it keeps" destroyed
check "nothing else is left" nothing_of real-variation
check "deploys on the kept volume" deploy variation.yaml
check "the data is there" bash -c 'grep -q kept <<<"$1"' - "$(ask_db 'GET k')"
check "destroys with its volumes" destroy real-variation --volumes
check "no volume is left" same "" "$(docker volume ls -q --filter label=berth.app=real-variation)"
