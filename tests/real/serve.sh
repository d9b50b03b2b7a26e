#!/usr/bin/env bash
# The controller: its API by curl, the commands through it, guests that do not behave, deaths, and who is let in.
. "$(dirname "$0")/lib.sh"
uses real-serve real-served
unset BERTH_CONTROLLER BERTH_TOKEN_FILE BERTH_CA
chmod 711 "$work" # a stranger is to get as far as the socket
socket=$work/c.sock
guest() { python3 "$root/tests/support/guest.py" "$socket" "$@"; }
ask() { curl -sS -m 20 --unix-socket "$socket" "$@"; }
get() { ask "http://c$1"; }
post() { ask -H 'Content-Type: application/json' -d "${2:-}" "${@:3}" "http://c$1"; }
status_of() { ask -o /dev/null -w '%{http_code}' "$@"; }
says() { [ "$("${@:2}")" = "$1" ] || { echo "not $1 but $("${@:2}")"; return 1; }; }
by() { BERTH_CONTROLLER=unix:$socket berth "$@"; }
alone() { BERTH_CONTROLLER=none berth "$@"; }
ready() { get /readyz | grep -q ready; }
# What a sanitizer keeps to find faults by is not the program's.
lean=${ASAN_OPTIONS:-}${ASAN_OPTIONS:+:}quarantine_size_mb=4
most_kb=200000
[ -z "${ASAN_OPTIONS:-}" ] || most_kb=600000
up() { # [FLAGS...]
	# What it would say to a blueprint's questions is nobody's but its own.
	ASAN_OPTIONS=$lean env --default-signal=INT,TERM,HUP REAL_COLOUR=of-the-controller REAL_SECRET=of-the-controller \
		"$BERTH" serve --state "$work/state/berth" --listen "unix:$socket" "$@" >>serve.log 2>&1 &
	serve=$!
	children+=("$serve")
	until_true 30 ready
}
down() { # SIGNAL: and its exit
	kill "-$1" "$serve"
	wait "$serve" 2>/dev/null
}

cat >app.yaml <<'Y'
id: real-serve
location: here
services:
- type: process
  id: web
  command: cat words; echo "colour $COLOUR secret $SECRET"; sleep 1000
  env: {COLOUR: '$berth:env("REAL_COLOUR")', SECRET: '$berth:secret("env:REAL_SECRET")'}
  files: {words: {source: words.txt}}
- {type: process, id: echo, command: sleep 1000}
Y
echo "words of a file" >words.txt
export REAL_COLOUR=blue REAL_SECRET=hushhush
body() { jq -n --rawfile blueprint "$1" --arg here "$PWD" '{blueprint: $blueprint, file: "app.yaml", folder: $here, locations: ["here=localhost"]}'; }

# --- one controller, one store
check "serves within 10 s" up
check "what it keeps is private" same "" "$(find "$work/state/berth" -perm /077 -type f)"
check "its socket is" same 600 "$(stat -c %a "$socket")"
second() {
	local code=0
	timeout 10 "$BERTH" serve --state "$work/state/berth" --listen "unix:$work/other.sock" >second.log 2>&1 || code=$?
	cat second.log
	[ $code = 75 ] && grep -q "process $serve of" second.log
}
check "a second one on the same store is 75 and says who has it" second
check "and nothing of the first is touched" ready
plain_tcp() {
	local code=0
	timeout 30 "$BERTH" serve --state "$work/s2" --listen tcp:127.0.0.1:18999 >tcp.log 2>&1 || code=$?
	cat tcp.log
	[ $code = 64 ] && grep -q TLS tcp.log && grep -q token tcp.log
}
check "TCP without TLS and tokens is refused" plain_tcp
check "an address that is none is refused" exits 64 timeout 30 "$BERTH" serve --state "$work/s2" --listen carrier-pigeon

# --- the description
get /v1/openapi.json >openapi.json
check "it is OpenAPI 3.1" jq -e '.openapi == "3.1.0" and (.paths | length) > 25' openapi.json
check "every reference in it leads somewhere" jq -e \
	'[.. | objects | ."$ref"? // empty | ltrimstr("#/components/schemas/")] - (.components.schemas | keys) == []' openapi.json
check "every operation says what it answers" jq -e \
	'[.paths[][] | select((.responses | length) < 2 or .operationId == null)] == []' openapi.json
every_path() { jq -r '.paths | to_entries[] | .key as $p | .value | keys[] | "\(.) \($p)"' openapi.json; }
chmod 666 "$socket"
strangers() {
	local method path code seen=0
	while read -r method path; do
		path=$(sed 's/{[^}]*}/real-serve/g' <<<"$path")
		code=$(setpriv --reuid 65534 --regid 65534 --clear-groups curl -s -m 30 -X "${method^^}" -o /dev/null -w '%{http_code}' --unix-socket "$socket" "http://c$path")
		case $path in
		/healthz | /readyz) [ "$code" = 200 ] || { echo "$path: $code"; return 1; } ;;
		*) [ "$code" = 403 ] || { echo "a stranger's $method $path: $code"; return 1; } ;;
		esac
		seen=$((seen + 1))
	done < <(every_path)
	[ $seen -ge 30 ]
}
check "another user is refused at every route" strangers
check "and learns not even which paths there are" same 403 \
	"$(setpriv --reuid 65534 --regid 65534 --clear-groups curl -s -m 30 -o /dev/null -w '%{http_code}' --unix-socket "$socket" http://c/nowhere)"
setpriv --reuid 65534 --regid 65534 --clear-groups curl -s -m 20 -o /dev/null --unix-socket "$socket" 'http://c/nowhere[1-200]'
refusals() { grep -c 'audit: .* -> 403' serve.log; }
check "many of them are no flood in it" test "$(refusals)" -le 60
check "refusals are in the log" grep -q 'audit: user 65534 (process [0-9]*) .* -> 403' serve.log
chmod 600 "$socket"

# --- by curl
check "no path is 404" same 404 "$(status_of http://c/nowhere)"
check "no method is 405 and says which there are" bash -c 'curl -sSi --unix-socket "$1" -X PUT http://c/v1/applications | grep -i "^allow: GET, POST"' - "$socket"
check "a member that is none is 400 with a hint" bash -c '[[ $(curl -sS --unix-socket "$1" -H "Content-Type: application/json" -d "{\"bluprint\": \"\"}" http://c/v1/plan | jq -r .remedy) == *blueprint* ]]' - "$socket"
check "what is no JSON is 415" same 415 "$(status_of -d 'a: b' http://c/v1/plan)"
check "a blueprint that is not valid is 422 with its diagnostics" \
	json '.status == 422 and .outcome == 65 and .diagnostics[0].range.start.line == 1' post /v1/plan '{"blueprint": "services: 5"}'
check "an application that nobody knows is 404" same 404 "$(status_of http://c/v1/applications/real-nobody)"
body app.yaml >deploy.json
alien() { # FILE: what becomes of the request
	local one
	one=/v1/operations/$(post /v1/applications "$(cat "$1")" | jq -r .id)
	until_true 30 bash -c 'curl -sS --unix-socket "$1" "http://c$2" | jq -e ".state == \"done\"" >/dev/null' - "$socket" "$one"
	get "$one"
}
sed 's/..berth:env([^)]*)/blue/' deploy.json >blue.json
check "a blueprint that asks the environment is refused without one, and told how" json \
	'.outcome == 65 and (.message | test("REAL_COLOUR.*request")) and (.remedy | test("`environment`")) and .result.missing_environment == ["REAL_COLOUR"]' alien deploy.json
check "one with a secret, too" json \
	'.outcome == 65 and (.message | test("REAL_SECRET.*request")) and (.remedy | test("`environment`")) and .result.missing_environment == ["REAL_SECRET"]' alien blue.json
check "nothing was made of them" same 404 "$(status_of http://c/v1/applications/real-serve)"
check "a time without end is one" same 200 "$(status_of "http://c/v1/applications?timeout_ms=9223372036854775807")"
check "the environment can come with it" same 202 "$(jq '.environment = ["REAL_COLOUR=red", "REAL_SECRET=s"]' deploy.json | status_of -H 'Content-Type: application/json' -H 'Idempotency-Key: one' -d @- http://c/v1/applications)"
id=$(get /v1/operations | jq -r '.operations[-1].id')
again() { jq '.environment = ["REAL_COLOUR=red", "REAL_SECRET=s"]' deploy.json | ask -H 'Content-Type: application/json' -H 'Idempotency-Key: one' -d @- http://c/v1/applications; }
check "the same key and body is the same operation" json ".id == \"$id\"" again
check "another body under it is 422" same 422 "$(status_of -H 'Content-Type: application/json' -H 'Idempotency-Key: one' -d '{}' http://c/v1/applications)"
keyed() { status_of -H 'Content-Type: application/json' -H 'Idempotency-Key: two' "${@:2}" -d '{}' "http://c/v1/applications/real-serve/restart$1"; }
check "a rehearsal by a key" same 202 "$(keyed '?dry_run=true')"
check "is not what the same without it is answered with" same 422 "$(keyed '')"
check "nor for another revision" same 422 "$(keyed '?dry_run=true' -H 'If-Match: "1"')"
check "but for itself" same 202 "$(keyed '?dry_run=true')"
ask -N "http://c/v1/operations/$id/events" >events.txt
check "its events come as they are made, and end" grep -q '^event: done' events.txt
check "they are numbered from 1 on" same "$(seq "$(grep -c '^id: ' events.txt)")" "$(sed -n 's/^id: //p' events.txt)"
check "who comes again goes on where it was" same "id: 3" "$(ask -N -H 'Last-Event-ID: 2' "http://c/v1/operations/$id/events" | head -1)"
check "its result is the document of deploy" json '.outcome == 0 and .result.outcome == "ok" and (.result.components | length) == 2' get "/v1/operations/$id"
check "it runs" json '.state == "running"' get /v1/applications/real-serve
logged() { get /v1/applications/real-serve/logs >logs.txt; cat logs.txt; grep -q 'colour red secret s$' logs.txt && grep -q 'words of a file' logs.txt; }
check "with what the request said, and files of its folder" until_true 30 logged
check "no secret is in the controller's log" fails grep -q 'hushhush\|secret s$' serve.log
check "a read that was asked for stays in no list" json '[.operations[] | select(.verb == "status")] == []' get /v1/operations
check "it is destroyed" same 202 "$(status_of -X DELETE http://c/v1/applications/real-serve)"
gone() { [ "$(status_of http://c/v1/applications/real-serve)" = 404 ]; }
check "and is gone" until_true 20 gone
check "who changed what is in the log" grep -q 'audit: user 0 (process [0-9]*) at unix:.*: DELETE /v1/applications/real-serve -> 202, destroy real-serve' serve.log
check "it counts" bash -c 'curl -sS --unix-socket "$1" http://c/metrics | grep -q "^berth_operations_total{verb=\"deploy\",outcome=\"0\"} 1"' - "$socket"
check "OpenMetrics where that is asked for" same "# EOF" "$(ask -H 'Accept: application/openmetrics-text' http://c/metrics | tail -1)"

# --- meant for one revision alone
app=http://c/v1/applications/real-serve
jq '.locations = ["here=localhost"] | .environment = ["REAL_COLOUR=red", "REAL_SECRET=s"]' deploy.json >red.json
jq '.environment = ["REAL_COLOUR=green", "REAL_SECRET=s"]' red.json >green.json
posted() { ask -H 'Content-Type: application/json' "$@"; }
answer() { posted -o answer.json -w '%{http_code}' "$@"; }
idle() { [ "$(get /v1/operations | jq '[.operations[] | select(.state == "running")] | length')" = 0 ]; }
check "what is to be new is deployed" same 202 "$(answer -H 'If-None-Match: *' -d @red.json http://c/v1/applications)"
check "to its end" until_true 20 idle
check "once" same 412 "$(answer -H 'If-None-Match: *' -d @green.json http://c/v1/applications)"
tag() { ask -D - -o /dev/null "$app" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p'; }
seen=$(tag)
check "an application has a tag, which begins with its revision" bash -c '[[ $1 =~ ^\"1-[0-9a-f]{16}\"$ ]]' - "$seen"
check "who knows it is told that nothing is new" same 304 "$(answer -H "If-None-Match: $seen" "$app")"
check "who knows another one gets the document" same 200 "$(answer -H 'If-None-Match: "1-0000000000000000"' "$app")"
check "a change for that tag is made" same 202 "$(answer -H "If-Match: $seen" -d @green.json http://c/v1/applications)"
check "to the end" until_true 20 idle
check "it is revision 2 then" json '.revision == 2' ask "$app"
stale() {
	local verb body
	for verb in stop start restart scale rollback destroy policies invoke; do
		body='{}'
		case $verb in
		scale) body='{"components": ["echo"], "count": 2}' ;;
		policies) body='{"name": "restarter", "action": "suspend"}' ;;
		invoke) body='{"components": ["echo"], "name": "restart"}' ;;
		esac
		same 412 "$(answer -H "If-Match: $seen" -d "$body" "$app/$verb")" || { echo "$verb"; return 1; }
		jq -e '.status == 412 and .outcome == 75 and (.detail | test("revision 2 by now")) and .remedy != ""' answer.json || return 1
	done
	same 412 "$(answer -H "If-Match: $seen" -X DELETE "$app")" && same 412 "$(answer -H "If-Match: $seen" -d @red.json http://c/v1/applications)"
}
check "every change for the tag before is 412, and says why" stale
check "and changed nothing" json '.revision == 2 and .state == "running"' ask "$app"
check "a tag that is none matches nothing" same 412 "$(answer -H 'If-Match: "nonsense"' -X DELETE "$app")"
check "the revision alone will do" same 202 "$(answer -H 'If-Match: "2"' -X DELETE "$app")"
check "then it is gone" until_true 20 gone

# --- what was recorded
records() { exec timeout 60 curl -sN --unix-socket "$socket" -H 'Accept: text/event-stream' "$@"; }
get "/v1/events" >all.json
last=$(jq '.events[-1].number' all.json)
check "what was recorded has numbers" jq -e '[.events[].number] | . == sort and length > 4' all.json
records -H "Last-Event-ID: $((last - 2))" http://c/v1/events >followed.txt &
following=$!
two_records() { [ "$(grep -c '^event: record' followed.txt)" -ge 2 ]; }
check "who comes again with the last of them gets those after it" until_true 30 two_records
check "under their own numbers" same "$((last - 1)) $last" "$(sed -n 's/^id: //p' followed.txt | head -2 | xargs)"
check "each as it is written down" same "$(jq -c '.events[-1]' all.json)" "$(sed -n 's/^data: //p' followed.txt | sed -n 2p | jq -c .)"
kill $following

# --- the store
backup() { [ "$(ask -o backup.db -w '%{http_code}' http://c/v1/backup)" = 200 ] && "$BERTH" restore --state "$work/restored" backup.db; }
check "a backup comes as one file, which can be restored" backup
check "and leaves nothing beside the store" same "" "$(find "$work/state/berth" -name '.backup*')"

# --- the commands
here=(--location here=localhost)
check "a deploy through it" by deploy app.yaml "${here[@]}"
check "with our environment" until_true 30 bash -c '"$1" logs real-serve web --controller "unix:$2" | grep -q "colour blue secret"' - "$BERTH" "$socket"
check "the secret came too" same hushhush "$(by exec real-serve web -- sh -c 'echo $SECRET')"
check "and is in no answer" fails bash -c 'curl -sS --unix-socket "$1" http://c/v1/operations | grep hushhush' - "$socket"
check "a second one changes nothing" json '.changed == false' by deploy app.yaml "${here[@]}" -o json
check "plan is 0" exits 0 by plan app.yaml "${here[@]}" --detailed-exitcode
check "plan is 2 with a change" exits 2 by plan app.yaml "${here[@]}" --set echo.command='sleep 2000' --detailed-exitcode
# But for what only who keeps it can tell: what is sensed of it.
unkept() { sed -E 's/,"service\.state":"[a-z-]*","service\.state\.expected":"[a-z-]*","service\.problems":\{\}//g'; }
for what in "status real-serve" "plan app.yaml ${here[*]}" "why real-serve" "history real-serve" "graph real-serve" "locations" "status nobody" "validate app.yaml"; do
	# One word a word.
	# shellcheck disable=SC2086
	check "$what is the same alone" same "$(alone $what -o json 2>&1 | unkept; echo "${PIPESTATUS[0]}")" "$(by $what -o json 2>&1 | unkept; echo "${PIPESTATUS[0]}")"
done
check "a file with a mistake is told as alone" same "$(echo 'services: 5' | alone plan - 2>&1; echo $?)" "$(echo 'services: 5' | by plan - 2>&1; echo $?)"
check "exec's code is the command's" exits 7 by exec real-serve web -- sh -c 'exit 7'
check "its output is, byte for byte" same "$(printf '\377\001' | od -c)" "$(by exec real-serve web -- printf '\377\001' | od -c)"
check "its errors are apart" same "" "$(by exec real-serve web -- sh -c 'echo e >&2' 2>/dev/null)"
head -c 3000000 /dev/urandom >random
check "its input too, however long" same "$(sha256sum <random)" "$(by exec -i real-serve web -- sha256sum <random)"
check "an instance that is not there is 125" exits 125 by exec real-serve web/9 -- true
check "scale" by scale real-serve echo 2
check "two run" json '[.components[] | select(.id == "echo").instances[]] | length == 2' by status real-serve -o json
check "stop, start, restart" bash -c '"$1" stop real-serve echo && "$1" start real-serve && "$1" restart real-serve web' - "$BERTH"
check "and the new one has our secret, not the controller's" same hushhush "$(by exec real-serve web -- sh -c 'echo $SECRET')"
check "rollback" by rollback real-serve -y
check "with our secret" same hushhush "$(by exec real-serve web -- sh -c 'echo $SECRET')"
check "wait" by wait real-serve --for running --timeout 10s
check "wait for what does not come is 124" exits 124 by wait real-serve --for gone --timeout 1s
check "events" bash -c '"$1" events real-serve | grep -q running' - "$BERTH"
check "without a word it is found by its store" bash -c '"$1" status real-serve >/dev/null && grep -c "POST /v1/operations" "$2"' - "$BERTH" serve.log
followed() {
	BERTH_CONTROLLER=unix:$socket env --default-signal=INT "$BERTH" logs -f real-serve web >followed.txt 2>&1 &
	local pid=$!
	until_true 30 grep -q colour followed.txt || return 1
	kill -INT $pid
	wait $pid
	until_true 30 no_logs
}
no_logs() {
	[ "$(get /v1/operations | jq -r '[.operations[] | select(.verb == "logs" and .state == "running")] | length')" = 0 ]
}
check "logs -f comes and goes, and leaves nothing behind" followed
check "--controller that is none is 64" exits 64 berth status --controller telepathy
check "where nobody answers it is 69" exits 69 berth status --controller "unix:$work/nobody.sock"
check "destroy" by destroy real-serve -y

# --- much, and guests that do not behave
cat >chatty.yaml <<'Y'
id: real-serve
location: here
services:
- {type: process, id: chatty, command: "yes 0123456789abcdefghijklmnopqrstuvwxyz | head -n 400000; sleep 1000"}
Y
guest slow 60 >slow.txt &
slow=$!
guest slow-body 90 >slow-body.txt &
slow_body=$!
check "a chatty one" by deploy chatty.yaml "${here[@]}"
quiet() { [ "$(alone logs real-serve | wc -l)" = 400000 ]; }
check "has said all" until_true 30 quiet
check "16 MB of log come through whole" same "$(alone logs real-serve | sha256sum)" "$(by logs real-serve | sha256sum)"
post /v1/operations '{"verb": "logs", "app": "real-serve", "follow": true}' >op.json
python3 "$root/tests/support/guest.py" "$socket" stalled "/v1/operations/$(jq -r .id op.json)/events" 20 60 &
children+=($!)
watching() { get /metrics | grep "^berth_watchers"; get /metrics | grep -q '^berth_watchers 20'; }
check "20 who read nothing" until_true 30 watching
check "do not keep others from being answered" bash -c 'for i in $(seq 20); do curl -sf -m 30 --unix-socket "$1" http://c/healthz >/dev/null || exit 1; done' - "$socket"
small() { grep VmRSS "/proc/$serve/status"; [ "$(awk '/VmRSS/ {print $2}' "/proc/$serve/status")" -lt $most_kb ]; }
check "take bounded memory" small
let_go() { get /metrics | grep -q '^berth_watchers 0'; }
check "and are let go" until_true 50 let_go
printf 'GARBAGE\r\n\r\n' >garbage
printf 'GET / HTTP/1.1\r\n\r\n' >no-host
{ printf 'GET /healthz HTTP/1.1\r\nHost: c\r\nX: '; head -c 100000 /dev/zero | tr '\0' x; printf '\r\n\r\n'; } >long-head
{ printf 'POST /v1/plan HTTP/1.1\r\nHost: c\r\nContent-Length: 5000000\r\n\r\n'; } >long-body
{ printf 'POST /v1/plan HTTP/1.1\r\nHost: c\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'; } >two-lengths
{ printf 'POST /v1/plan HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'; for _ in $(seq 80); do printf '10000\r\n'; head -c 65536 /dev/zero | tr '\0' ' '; printf '\r\n'; done; printf '0\r\n\r\n'; } >long-chunks
check "garbage is no request" bash -c '[ "$1" = closed ] || [ "$1" = 400 ]' - "$(guest raw garbage)"
check "no host is 400" says 400 guest raw no-host
check "a head that is too long is refused" says 431 guest raw long-head
check "a body that is too long is refused before it comes" says 413 guest raw long-body
check "or after, when nobody said how long it is" says 413 guest raw long-chunks
check "a body with two lengths is refused" says 400 guest raw two-lengths
wait $slow $slow_body
counted() { grep -q 'audit: [0-9]* more were refused within that minute' serve.log; }
check "how many were refused and not told is told by a minute later" until_true 70 counted
check "who takes too long for a head is shut out" test "$(cat slow.txt)" -le 55
check "and for a body" test "$(cat slow-body.txt)" -le 85
check "it lives on" ready
check "gone" by destroy real-serve -y

# --- ends
cat >long.yaml <<'Y'
id: real-serve
location: here
services:
Y
for i in $(seq 6); do
	printf -- '- {type: process, id: s%s, command: "trap \x27\x27 TERM; while :; do sleep 1; done", stopTimeout: 2s, dependsOn: [%s]}\n' "$i" "$([ "$i" = 1 ] || echo "s$((i - 1))")" >>long.yaml
done
begun() { [ "$(alone status real-serve -o json "${here[@]}" | jq '[.components[].instances[]?] | length')" -ge 1 ]; }
interrupted() {
	by deploy long.yaml "${here[@]}" >deploy.log 2>&1 &
	local client=$! code=0
	until_true 30 begun || return 1
	kill -TERM "$serve"
	wait "$serve" || code=$?
	[ $code = 0 ] || { echo "serve: $code"; tail serve.log; return 1; }
	code=0
	wait $client || code=$?
	cat deploy.log
	[ $code = 130 ]
}
check "SIGTERM finishes or records what flies, and the client is told" interrupted
check "its socket is gone" test ! -e "$socket"
check "it starts again" up
check "a deploy goes on from there" by deploy long.yaml "${here[@]}"
each_once() { by status real-serve -o json | jq -e '([.components[].instances[]] | length) == 6 and .state == "running"'; }
check "each is there once" each_once
check "gone again" by destroy real-serve -y
killed() {
	by deploy long.yaml "${here[@]}" >deploy.log 2>&1 &
	local client=$! code=0
	until_true 30 begun || return 1
	down KILL
	up || return 1
	wait $client || code=$?
	cat deploy.log
	# It waits for ten seconds, in which a loaded machine may have none yet.
	[ $code = 0 ] || grep -q 'does not answer any more' deploy.log || return 1
	grep -q 'goes on; its controller was killed' serve.log
}
check "the next controller goes on with it, and the client with that one" killed
check "each is there once all the same" until_true 60 each_once
ended() { get "/v1/operations/$1" | jq -e '.state == "done"' >/dev/null; }
first_one() { alone status real-serve -o json "${here[@]}" | jq -r '.components[] | select(.id == "s1").instances[0].target_id'; }
resumed() {
	by destroy real-serve -y >/dev/null 2>&1
	local id again one
	id=$(post /v1/applications "$(body long.yaml)" -H 'Idempotency-Key: killed' | jq -r .id)
	until_true 30 begun || return 1
	one=$(first_one)
	down KILL
	up || return 1
	again=$(post /v1/applications "$(body long.yaml)" -H 'Idempotency-Key: killed' | jq -r .id)
	[ "$again" = "$id" ] || { echo "$again, not $id"; return 1; }
	until_true 60 ended "$id" || return 1
	get "/v1/operations/$id" | tee ended.json | jq -e '.outcome == 0 and .verb == "deploy" and .app == "real-serve" and (.result.components | length) == 6' >/dev/null ||
		{ cat ended.json; return 1; }
	get "/v1/operations/$id/events" | grep -q '^event: done' && [ "$(first_one)" = "$one" ]
}
check "an operation is the same one with the next controller, and leaves what runs alone" resumed
check "once again each is there once" each_once
ended_once() {
	down KILL
	up && says '{"format_version":"1","operations":[]}' get /v1/operations
}
check "one that has ended is not begun again" ended_once
ctrl_c() {
	local code=0
	by destroy real-serve -y >/dev/null 2>&1
	BERTH_CONTROLLER=unix:$socket env --default-signal=INT "$BERTH" deploy long.yaml "${here[@]}" >deploy.log 2>&1 &
	local client=$!
	until_true 30 begun || return 1
	kill -INT $client
	wait $client || code=$?
	cat deploy.log
	[ $code = 130 ] && [ "$(get /v1/operations | jq -r '.operations[-1] | .state, .outcome' | xargs)" = "done 130" ]
}
check "Ctrl-C ends the operation there, too" ctrl_c
check "nothing is left" by destroy real-serve -y

# --- a real engine
cat >engine.yaml <<'Y'
id: real-served
location: my-docker-cloud
services:
- {type: "docker:redis:3", id: db, openPorts: 6379}
- {type: "docker:busybox:latest", id: web, stopSignal: KILL, command: [sh, -c, "echo linked to $DB_HOST; exec sleep 1000"], env: {DB_HOST: '$brooklyn:component("db").attributeWhenReady("host.name")'}, links: {redis: '$brooklyn:component("db")'}}
Y
check "deploys to an engine" by deploy engine.yaml "${to_engine[@]}" -y
check "both run" same 2 "$(count running real-served)"
check "status is the same alone" same "$(alone status real-served -o json | unkept | jq -S .components)" "$(by status real-served -o json | unkept | jq -S .components)"
check "exec there" same "$(docker exec "$(running real-served web)" hostname)" "$(by exec real-served web -- hostname)"
check "destroys there" by destroy real-served -y
check "nothing of it is left" nothing_of real-served

# --- a service manager
check "ends" down TERM
# What NOTIFY_SOCKET and its kin are for.
told() {
	python3 "$root/tests/support/guest.py" "$work/notify" manager "$BERTH" serve --state "$work/s3" >told.txt 2>>serve.log || return 1
	cat told.txt
	[ "$(head -1 told.txt)" = READY=1 ] && grep -qx WATCHDOG=1 told.txt && grep -qx RELOADING=1 told.txt && grep -qx STOPPING=1 told.txt
}
check "it tells that it is ready, lives, reads anew and ends" told
python3 "$root/tests/support/guest.py" "$work/given.sock" activate "$BERTH" serve --state "$work/s4" >>serve.log 2>&1 &
given=$!
children+=($given)
check "it takes a socket that listens already" until_true 30 curl -sf --unix-socket "$work/given.sock" http://c/healthz
kill $given
wait $given

# --- its log, and what it reads again
mkdir -p "$XDG_CONFIG_HOME/berth"
known=$XDG_CONFIG_HOME/berth/locations.yaml
echo "first: localhost" >"$known"
ASAN_OPTIONS=$lean env --default-signal=TERM,HUP "$BERTH" serve --state "$work/s6" --listen "unix:$socket" --log-format json 2>json.log &
serve=$!
children+=($serve)
check "serves with a log in JSON" until_true 30 ready
locations() { get /v1/locations | jq -r '[.locations[].name] | sort | join(" ")'; }
check "it knows what is configured" same "first localhost" "$(locations)"
echo "second: localhost" >"$known"
check "as it was when it began" same "first localhost" "$(locations)"
kill -HUP $serve
knows_second() { [ "$(locations)" = "localhost second" ]; }
check "SIGHUP: what is configured now" until_true 30 knows_second
for broken in "third: {type: nonsense}" "third: [" "third: first"; do
	echo "$broken" >"$known"
	before=$(grep -c 'all is as before' json.log)
	kill -HUP $serve
	refused() { [ "$(grep -c 'all is as before' json.log)" -gt "$before" ]; }
	check "with $broken it says that nothing is read again" until_true 30 refused
	check "and why" bash -c 'tail -1 json.log | jq -e ".level == \"error\" and (.message | test(\"locations.yaml\"))"'
	check "and knows what it knew" knows_second
done
rm "$known"
ask -o /dev/null "http://c/v1/nothing%0Aaudit:%20somebody%20else" -X DELETE
check "a line is a line, whatever is asked for" json '.path | contains("somebody else")' tail -1 json.log
check "each of them is JSON" jq -es 'all(.[]; has("time") and has("level") and has("about") and has("message"))' json.log
check "what is in words is in pieces too" json '.about == "audit" and .status == "404" and .method == "DELETE" and .level == "warning"' tail -1 json.log
check "it ends" down TERM
ASAN_OPTIONS=$lean JOURNAL_STREAM=$(stat -c %d:%i json.log) env --default-signal=TERM "$BERTH" serve --state "$work/s6" --listen "unix:$socket" --log-format logfmt 2>>json.log &
serve=$!
children+=($serve)
check "serves under the journal, with logfmt" until_true 30 ready
check "each line has its priority" bash -c 'tail -1 json.log | grep -qE "^<6>time=[0-9TZ:.-]+ level=info about=server msg=\"listening on unix:"'
check "it ends again" down TERM

# --- elsewhere
certificate() { # NAME SUBJECT EXTENSIONS
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" &&
		openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$1.pem" -extfile <(printf '%s\n' "${@:3}")
}
{
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=berth-tests
	certificate server /CN=localhost subjectAltName=DNS:localhost,IP:127.0.0.1 extendedKeyUsage=serverAuth
	certificate ann /CN=ann/OU=admin extendedKeyUsage=clientAuth
	certificate not-a-client /CN=ben/OU=admin extendedKeyUsage=serverAuth
} >>openssl.log 2>&1
reading=token-of-one-who-reads operating=token-of-one-who-operates
printf 'token-of-a-namesake read robot\n%s read robot\n# a remark\n%s operate ops\n' $reading $operating >tokens
echo $operating >token
chmod 600 token
port=18990
url=https://localhost:$port
tls() { curl -sS -m 10 --cacert ca.pem "$@"; }
code_of() { tls -o /dev/null -w '%{http_code}' "$@"; }
with() { echo "Authorization: Bearer $1"; }
tcp=(--listen "tcp:127.0.0.1:$port" --tls-cert server.pem --tls-key server.key --client-ca clients.pem --token-file tokens)
cp ca.pem clients.pem
chmod 644 tokens
check "tokens that others can read are refused" exits 64 timeout 30 "$BERTH" serve --state "$work/s5" "${tcp[@]}"
chmod 600 tokens
check "listens on TCP with TLS" up "${tcp[@]}"
check "anybody may ask whether it lives" same 200 "$(code_of $url/healthz)"
check "nobody without a token anything else" same 401 "$(code_of $url/v1/applications)"
check "nor with a wrong one" same 401 "$(code_of -H "$(with token-of-somebody-else)" $url/v1/applications)"
check "who reads may read" same 200 "$(code_of -H "$(with $reading)" $url/v1/applications)"
check "but not the whole store" same 403 "$(code_of -H "$(with $operating)" $url/v1/backup)"
check "and change nothing" same 403 "$(code_of -H "$(with $reading)" -X DELETE $url/v1/applications/real-serve)"
check "nor name a place or a blueprint" same 403 "$(code_of -H "$(with $reading)" "$url/v1/applications?locations=x=docker")"
check "nor begin what changes by another way" same 403 "$(code_of -H "$(with $reading)" -H 'Content-Type: application/json' -d '{"verb": "gc", "remove": true}' $url/v1/operations)"
check "a certificate of our authority is let in" same 200 "$(code_of --cert ann.pem --key ann.key $url/v1/version)"
check "one that is not for clients is not" same 401 "$(code_of --cert not-a-client.pem --key not-a-client.key $url/v1/version)"
check "TLS 1.1 is too old" fails tls --tls-max 1.1 $url/healthz
# What somebody else runs is theirs.
check "one to look into" by deploy app.yaml "${here[@]}" -y
run_secretly() { tls -H "$(with $operating)" -H 'Content-Type: application/json' -d '{"verb": "exec", "app": "real-serve", "components": ["web"], "command": ["sh", "-c", "echo $SECRET"]}' $url/v1/operations; }
theirs=$(run_secretly | jq -r .id)
secret_of() { tls -N -H "$(with "$1")" "$url/v1/operations/$theirs/events" | grep -c hushhush; }
sees_secret() { [ "$(secret_of $operating)" = 1 ]; }
check "who operates sees what an exec wrote" until_true 30 sees_secret
check "who reads does not" same 403 "$(code_of -H "$(with $reading)" "$url/v1/operations/$theirs/events")"
check "but that it was run" json '.verb == "exec" and .state == "done" and has("result") == false' tls -H "$(with $reading)" "$url/v1/operations/$theirs"
check "another one of their name is somebody else" same 403 "$(code_of -H "$(with token-of-a-namesake)" "$url/v1/operations/$(tls -H "$(with $reading)" -H 'Content-Type: application/json' -d '{"verb": "wait", "app": "real-serve"}' $url/v1/operations | jq -r .id)/events")"
check "and gone" by destroy real-serve -y
remote=(--controller $url --ca "$work/ca.pem" --token-file "$work/token")
cat >plain.yaml <<'Y'
id: real-serve
location: here
services:
- {type: process, id: web, command: sleep 1000, env: {COLOUR: '$berth:env("REAL_COLOUR")'}}
Y
check "a deploy from elsewhere" berth deploy plain.yaml "${here[@]}" "${remote[@]}" -y
check "files of this machine are refused, and why" bash -c '"$@" 2>&1 | grep -q "of this machine"' - "$BERTH" deploy app.yaml "${here[@]}" "${remote[@]}" -y
ends_and_says() { # CODE WORDS COMMAND...
	local code=0
	"${@:3}" >said.log 2>&1 || code=$?
	cat said.log
	[ $code = "$1" ] && grep -qe "$2" said.log
}
check "without a token it is 77" ends_and_says 77 '--token-file FILE' berth status --controller $url --ca "$work/ca.pem"
check "who is not vouched for is not spoken to" ends_and_says 77 '--ca FILE' berth status --controller $url --token-file "$work/token"
check "a port that is taken is 75" ends_and_says 75 'ss -ltnp' timeout 30 "$BERTH" serve --state "$work/s6" "${tcp[@]}"
check "destroyed from elsewhere" berth destroy real-serve "${remote[@]}" -y
# --- watched while it is told to read its files again
echo "token-of-one-who-leaves read leaver" >>tokens
kill -HUP "$serve"
watch() { tls -m 60 -N -H "$(with "$1")" -H 'Accept: text/event-stream' "$url/v1/events" >/dev/null 2>&1 & children+=($!); }
leaver_in() { [ "$(code_of -H "$(with token-of-one-who-leaves)" $url/v1/version)" = 200 ]; }
check "one more may come in" until_true 30 leaver_in
watch $reading
stays=$!
watch token-of-one-who-leaves
leaves=$!
watching() { get /metrics | grep -q "^berth_watchers $1\$"; }
check "two watch" until_true 30 watching 2
sed -i /leaver/d tokens
kill -HUP "$serve"
check "whose token is gone sees no more" until_true 30 watching 1
check "who may go on does" kill -0 $stays
check "and the other one is shut out" fails kill -0 $leaves
# Each time the certificates of the time before that go, with whoever came by them.
for _ in 1 2 3; do
	watch $reading
	before=$(grep -c 'are read again' serve.log)
	kill -HUP "$serve"
	again_read() { [ "$(grep -c 'are read again' serve.log)" -gt "$before" ]; }
	check "reads again under a watch" until_true 30 again_read
done
check "and lives" ready
kill $stays "${children[@]: -3}" 2>/dev/null
echo "token-of-one-who-is-new read new" >>tokens
certificate server /CN=localhost subjectAltName=DNS:localhost,IP:127.0.0.1 extendedKeyUsage=serverAuth >>openssl.log 2>&1
serial() { openssl s_client -connect localhost:$port </dev/null 2>/dev/null | openssl x509 -noout -serial; }
kill -HUP "$serve"
new_one() { [ "$(code_of -H "$(with token-of-one-who-is-new)" $url/v1/version)" = 200 ]; }
check "SIGHUP: a new token" until_true 30 new_one
check "and a new certificate" same "$(openssl x509 -in server.pem -noout -serial)" "$(serial)"
# The authority of those with certificates is another one now.
tls -m 60 -N --cert ann.pem --key ann.key -H 'Accept: text/event-stream' $url/v1/events >/dev/null 2>&1 &
children+=($!)
check "one watches by a certificate" until_true 30 watching 1 # those before have been noticed to be gone
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out clients.pem -days 2 -subj /CN=others >>openssl.log 2>&1
kill -HUP "$serve"
check "who came by one of another authority is let go" until_true 30 watching 0
check "and not let in again" same 401 "$(code_of --cert ann.pem --key ann.key $url/v1/version)"
echo broken >server.pem
kill -HUP "$serve"
check "with a broken one all is as before" until_true 30 grep -q 'cannot be opened with this certificate' serve.log
check "and is served" new_one
check "no token is in the log" fails grep -q 'token-of' serve.log
check "ends well" down TERM

# --- a store that it cannot use
cannot_serve() { # WORDS REMEDY: it ends with 1, says so, and never was ready
	local code=0
	NOTIFY_SOCKET=@$work/none timeout 20 "$BERTH" serve --state "$work/s7" --listen "unix:$work/other.sock" >refused.log 2>&1 || code=$?
	cat refused.log
	[ $code = 1 ] && grep -q "$1" refused.log && grep -q "$2" refused.log && ! grep -q listening refused.log
}
mkdir -p "$work/s7"
XDG_STATE_HOME=$work/s8 alone deploy plain.yaml "${here[@]}" -y >/dev/null 2>&1
XDG_STATE_HOME=$work/s8 alone destroy real-serve -y >/dev/null 2>&1
cp "$work/s8/berth/berth.db" "$work/s7/berth.db"
python3 -c 'import sqlite3, sys; store = sqlite3.connect(sys.argv[1]); store.execute("pragma user_version = 99"); store.commit()' "$work/s7/berth.db"
check "one of a newer berth is refused at once" cannot_serve 'was written by berth' 'or later'
head -c 8192 /dev/zero | tr '\0' x >"$work/s7/berth.db"
rm -f "$work/s7"/berth.db-*
check "a damaged one too" cannot_serve 'is damaged' 'move it'
check "and its socket is not there" test ! -e "$work/other.sock"
