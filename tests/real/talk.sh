#!/usr/bin/env bash
# The talk's blueprint on a real engine: it answers, deploying again changes nothing, a lost part comes back, destroy
# leaves the engine as it was.
. "$(dirname "$0")/lib.sh"
uses real-talk
talk=$root/examples/talk.yaml
before=$(lists)

answers() { page "http://127.0.0.1/?$1" | tee /dev/stderr | grep -q "^visit $2 of $1: <svg"; }
unchanged() { json ".summary | .unchanged == 3 and .create + .start + .replace + .remove == 0" "$@"; }

check "validates" berth validate "$talk"
check "port 80 is free" fails bash -c 'exec 3<>/dev/tcp/127.0.0.1/80'
check "deploys" deploy "$talk" --app real-talk
check "answers on port 80 with data through redis and dnmonster" answers ann 1
check "and keeps it" answers ann 2
check "three components run" json '.state == "running" and ([.components[] | select(.state == "running")] | length) == 3' \
	status real-talk -o json
check "status tells the published port" \
	json '[.components[] | select(.id == "identidock") | .instances[0].ports[] | select(.port == 9090)][0].host_port == 80' \
	status real-talk -o json
check "status without an application lists it" json '.applications | any(.app == "real-talk")' status -o json

ids=$(running real-talk)
check "deploys again" json '.changed == false' deploy "$talk" --app real-talk -o json
check "nothing was touched" kept "$ids" "$(running real-talk)"
check "the plan is empty" unchanged plan "$talk" --app real-talk -o json
check "and says so by its exit" exits 0 plan "$talk" --app real-talk --detailed-exitcode

docker rm -f "$(running real-talk redis)" >/dev/null
check "a lost redis is seen" exits 2 plan "$talk" --app real-talk --detailed-exitcode
check "it comes back" deploy "$talk" --app real-talk
check "its consumer finds it" answers bob 1
check "the others stayed" same "$(grep -c . <<<"$ids")/2" \
	"$(running real-talk | grep -c .)/$(running real-talk | grep -cxF "$ids")"
docker stop -t 0 "$(running real-talk dnmonster)" >/dev/null
check "a stopped dnmonster is started" deploy "$talk" --app real-talk
check "and found again" answers cyd 1

check "its graph is drawn" bash -c '"$1" graph "$2" | grep -q redis' - "$BERTH" "$talk"
check "destroy --dry-run removes nothing" destroy real-talk --dry-run
check "all three still run" same 3 "$(count running real-talk)"
check "destroys" destroy real-talk
check "the engine's lists are as before" same "$before" "$(lists)"
check "destroying what is gone is fine or said plainly" bash -c '"$1" destroy real-talk -y "${@:2}"; [ $? -le 1 ]' - \
	"$BERTH" "${to_engine[@]}"
