#!/usr/bin/env bash
# Processes of this machine: linked, outliving the command, found again without the store, gone after destroy.
. "$(dirname "$0")/lib.sh"
uses real-here
cat >here.yaml <<'Y'
id: real-here
location: localhost
services:
- type: process
  id: db
  ports: {tcp: auto}
  command: "exec redis-server --port $PORT_TCP --bind $BIND_ADDRESS --save '' --appendonly no"
- type: process
  id: probe
  links: {db: $brooklyn:component("db")}
  env: {AT: $berth:address("db"), ON: $berth:port("db")}
  command: "redis-cli -h $AT -p $ON set here $DB_PORT; echo said; (sleep 1001; true) & exec sleep 1000"
Y
redis() { timeout 30 redis-cli -h "$(address_of real-here db)" -p "$port" "$@"; }
said() { redis get here | tee /dev/stderr | grep -qx "tcp://$(address_of real-here db):$port"; }
pids() { status real-here -o json | jq -r '.components[].instances[].target_id' | sort; }
nobody() { same "" "$(grep -la "BERTH_APP=real-here" /proc/[0-9]*/environ 2>/dev/null)"; }

check "deploys" deploy here.yaml
port=$(port_of real-here db)
check "a port was allotted" test "${port:-0}" -gt 0
check "the consumer reached it by its variables" until_true 30 said
check "logs" bash -c '"$@" | grep -q said' - "$BERTH" logs real-here probe
ids=$(pids)
check "deploys again" json '.changed == false' deploy here.yaml -o json
check "the same processes" kept "$ids" "$(pids)"
rm -rf "$XDG_STATE_HOME"/berth/berth.db*
check "found again without the store" deploy here.yaml
check "still the same" kept "$ids" "$(pids)"
check "with what they know" said
rm -rf "$XDG_STATE_HOME/berth"
check "found again without their run directories" deploy here.yaml
check "the very same" kept "$ids" "$(pids)"
redis shutdown nosave >/dev/null 2>&1
check "an ended process is started" deploy here.yaml
check "on the port it had" kept "$port" "$(port_of real-here db)"
check "and answers" until_true 30 redis ping
address=$(address_of real-here db)
cat >own.yaml <<Y
id: real-here-own
location: localhost
services:
- type: process
  id: db
  openPorts: $port
  command: "exec redis-server --port $port --bind \$BIND_ADDRESS --save '' --appendonly no"
Y
redis shutdown nosave >/dev/null 2>&1
check "destroys" destroy real-here
check "whose port has no name listens where it says" deploy own.yaml
check "and is known there" same "$port" "$(port_of real-here-own db)"
check "destroys that" destroy real-here-own
check "no process of it is left" nobody
check "its port is free" fails timeout 5 redis-cli -h "$address" -p "$port" ping
