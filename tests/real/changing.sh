#!/usr/bin/env bash
# Changing what runs on a real engine: what an edit does to it, and what happens when the new one does not get ready.
. "$(dirname "$0")/lib.sh"
uses real-changing
export CANARY=wagtail-$$
port=18391
write() { # COLOUR WEB-EXTRA DB-EXTRA MONSTER-EXTRA
	cat >app.yaml <<-Y
	id: real-changing
	location: my-docker-cloud
	services:
	- type: docker:clockercentral/identidock:1.3
	  id: web
	  portBindings: {$port: 9090}
	  links: {redis: \$brooklyn:component("db"), dnmonster: \$brooklyn:component("artist")}
	  ${2:-}
	- type: docker:redis:3
	  id: db
	  openPorts: [6379]
	  volumes: ["data:/data"]
	  ${3:-}
	- type: docker:clockercentral/dnmonster:1.0
	  id: artist
	  openPorts: [8080]
	  env: {COLOUR: $1}
	  ${4:-}
	- {type: "docker:busybox:latest", id: seed, job: true, command: "exit 0", dependsOn: {db: ready}}
	Y
}
state() { status real-changing -o json | jq -r ".components[] | select(.id == \"$1\") | .state"; }
answers() { page "http://127.0.0.1:$port/?$1" | tee /dev/stderr | grep -q "<svg"; }
ids() { running real-changing "$1"; }
others() { ids web; ids db; }
env_of() { docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' "$(ids "$1")"; }
names() { docker ps -a --format '{{.Names}}' --filter label=berth.app=real-changing | sort | tr '\n' ' '; }
all_named=$(echo real-changing.{artist,db,seed,web}.1 | tr '\n' ' ')

write red
check "deploys" deploy app.yaml
check "a job that is done has finished" same finished "$(state seed)"
check "a finished job does not run again" json '.changed == false' deploy app.yaml -o json

before=$(others) artist=$(ids artist)
write blue
check "the plan names the line and has no outage" bash -c '
	set -o pipefail; timeout 60 "$BERTH" plan app.yaml "$@" --detailed-exitcode >plan.txt; [ $? = 2 ] &&
	grep -qE "env.COLOUR: red -> blue \(app.yaml:[0-9]+\)" plan.txt && grep -q "answers before the old one goes" plan.txt' - "${to_engine[@]}"
check "an edit" deploy app.yaml
check "leaves the others" kept "$before" "$(others)"
check "replaces the edited one" fails same "$artist" "$(ids artist)"
check "which its consumer finds by the same name" answers blue
check "settles the names" same "$all_named" "$(names)"
check "and is all" json '.changed == false' deploy app.yaml -o json

check "rolls back" berth rollback real-changing -y
check "to what it was" bash -c 'docker inspect "$1" | grep -qF COLOUR=red' - "$(ids artist)"
check "and forward again" berth rollback real-changing -y
check "which are four revisions" same 4 "$(berth history real-changing -o json | jq '.revisions | length')"
before=$(ids web)
write blue 'command: "exit 3"'
check "one that keeps ending on a fixed port" exits 1 deploy app.yaml
check "gives it back to the old one" until_true 30 answers crash
check "which is the same container" kept "$before" "$(ids web)"
write blue 'env: {A: b}'
sed -i 's/identidock:1.3/identidock:not-here/' app.yaml
check "an image that is not there" exits 1 deploy app.yaml
check "stops nothing" answers missing
write blue
check "as it was, nothing changes" json '.changed == false' deploy app.yaml -o json

artist=$(ids artist)
write blue '' '' 'memory: 64m'
check "a limit" deploy app.yaml
check "changes in place" kept "$artist" "$(ids artist)"
check "at the engine too" same $((64 << 20)) "$(docker inspect -f '{{.HostConfig.Memory}}' "$artist")"
write blue '' '' ''
check "a limit taken away" deploy app.yaml
check "without another container" kept "$artist" "$(ids artist)"
# An engine of this age cannot take one away: it gets one that nothing reaches.
check "is none" bash -c '[ "$1" = 0 ] || [ "$1" -gt $((1 << 60)) ]' - "$(docker inspect -f '{{.HostConfig.Memory}}' "$artist")"

write blue '' '' 'files: {/etc/token: {secret: "env:CANARY", mode: "0400"}}'
check "a secret in a file" deploy app.yaml
check "arrives" same "$CANARY" "$(docker exec "$(ids artist)" cat /etc/token)"
check "with its mode" same 400 "$(docker exec "$(ids artist)" stat -c %a /etc/token)"
check "and is in no inspection" bash -c '! docker inspect "$1" | grep -qF "$2"' - "$(ids artist)" "$CANARY"

write blue '' '' 'files: {/etc/page: {content: one}}
  onChange: {signal: USR1}'
check "a file that is followed by a signal" deploy app.yaml
artist=$(ids artist)
write blue '' '' 'files: {/etc/page: {content: two}}
  onChange: none'
check "and one that is not" deploy app.yaml
check "are written in place" same two "$(docker exec "$(ids artist)" cat /etc/page)"
check "into the same container" kept "$artist" "$(ids artist)"
check "once" json '.changed == false' deploy app.yaml -o json

write blue '' 'protect: true'
check "protects the database" deploy app.yaml
db=$(ids db)
write blue '' 'protect: true
  env: {A: b}'
check "which then is not replaced" fails deploy app.yaml
check "nor destroyed" fails destroy real-changing
check "but runs on" kept "$db" "$(ids db)"
write blue
check "until the protection is taken away" deploy app.yaml
check "which changes nothing else" kept "$db" "$(ids db)"

before=$(containers real-changing)
check "stop" berth stop real-changing "${to_engine[@]}" -y
check "stops all" same "" "$(running real-changing)"
check "and keeps them" kept "$before" "$(containers real-changing)"
check "says so" same stopped "$(state web)"
check "start" berth start real-changing "${to_engine[@]}"
check "starts them again" answers again
check "the very same" kept "$before" "$(containers real-changing)"
artist=$(docker inspect -f '{{.State.StartedAt}}' "$(ids artist)")
check "restart of one" berth restart real-changing artist "${to_engine[@]}" -y
check "restarts it" fails same "$artist" "$(docker inspect -f '{{.State.StartedAt}}' "$(ids artist)")"
check "scale" berth scale real-changing artist 3 "${to_engine[@]}" -y
check "makes more" same 3 "$(count ids artist)"
check "a deploy goes back to what the file says" deploy app.yaml
check "which is one" same 1 "$(count ids artist)"
check "what has a fixed port is not scaled" fails berth scale real-changing web 2 "${to_engine[@]}" -y

# What was begun goes on with a controller, whoever is killed, and the store is its own.
if [ -n "${through:-}" ]; then
	check "destroyed" destroy real-changing --volumes
	check "nothing is left" nothing_of real-changing
	exit
fi

# Killed at any time in an update, the last one wins.
for after in 0.1 0.25 0.4 0.6 0.9 1.3 2.1; do
	write "c$after"
	( limit=$after; timeout -s KILL "$after" "$BERTH" deploy app.yaml "${to_engine[@]}" -y >/dev/null 2>&1 ) 2>/dev/null
done
check "after seven kills a deploy" deploy app.yaml
check "leaves one artist" same 1 "$(count containers real-changing artist)"
check "of the last colour" bash -c 'grep -qx COLOUR=c2.1 <<<"$1"' - "$(env_of artist)"
check "with settled names" same "$all_named" "$(names)"
check "that is found" answers killed

# Somebody else, on another machine: another store.
elsewhere() { XDG_STATE_HOME=$work/elsewhere BERTH_OWNER=somebody-else "$@"; }
check "another owner is refused" elsewhere exits 75 deploy app.yaml --set artist.instances=2
check "and told whose it is" grep -qE "belongs to berth-tests" log
check "with the store lost nothing changes" bash -c 'rm -rf "$XDG_STATE_HOME/berth"; [ "$(timeout 90 "$BERTH" deploy app.yaml "$@" -y -o json | jq .changed)" = false ]' - "${to_engine[@]}"
check "destroyed by another owner who takes it over" elsewhere berth destroy real-changing --adopt "${to_engine[@]}" -y --volumes
check "nothing is left" nothing_of real-changing
check "nor a claim, a lease or a volume" same "" "$(docker volume ls -q --filter label=berth.app=real-changing)"
