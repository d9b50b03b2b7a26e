#!/usr/bin/env bash
# Containers linked to processes of this machine, and the other way round.
. "$(dirname "$0")/lib.sh"
uses real-inward real-outward
cat >inward.yaml <<'Y'
id: real-inward
services:
- type: process
  id: db
  location: localhost
  ports: {tcp: auto}
  command: "exec redis-server --port $PORT_TCP --bind $BIND_ADDRESS --protected-mode no --save '' --appendonly no"
- type: docker:busybox:latest
  id: asker
  location: my-docker-cloud
  links: [$brooklyn:component("db")]
  command: 'a=${DB_PORT#tcp://}; printf "SET inward yes\r\nQUIT\r\n" | nc -w 3 ${a%:*} ${a##*:}; exec sleep 1000'
Y
cat >outward.yaml <<'Y'
id: real-outward
services:
- type: docker:redis:3
  id: db
  location: my-docker-cloud
  openPorts: 6379
- type: process
  id: asker
  location: localhost
  links: [$brooklyn:component("db")]
  command: 'a=${DB_PORT#tcp://}; redis-cli -h ${a%:*} -p ${a##*:} set outward yes; exec sleep 1000'
Y
inward() { timeout 30 redis-cli -h "$(address_of real-inward db)" -p "$(port_of real-inward db)" get inward | grep -qx yes; }
outward() { docker exec "$(running real-outward db)" sh -c 'printf "GET outward\r\nQUIT\r\n" | nc 127.0.0.1 6379' | grep -q yes; }

check "a container linked to a process deploys" deploy inward.yaml
check "and reaches it" until_true 30 inward
check "deploys again" json '.changed == false' deploy inward.yaml -o json
check "destroys" destroy real-inward
check "a process linked to a container deploys" deploy outward.yaml
check "and reaches it through a published port" until_true 30 outward
one_address() { docker port "$(running real-outward db)" | tee /dev/stderr | grep -q . && ! docker port "$(running real-outward db)" | grep -qF '0.0.0.0'; }
check "published on one address" one_address
check "deploys again" json '.changed == false' deploy outward.yaml -o json
check "destroys" destroy real-outward
check "nothing is left" nothing_of real-outward
