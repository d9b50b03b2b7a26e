#!/usr/bin/env bash
# The API against its own description: everything asked rightly and wrongly, by everybody; many who watch.
. "$(dirname "$0")/lib.sh"
uses real-api
unset BERTH_CONTROLLER BERTH_TOKEN_FILE BERTH_CA
socket=$work/c.sock
port=18994
get() { curl -sS -m 20 --unix-socket "$socket" "http://c$1"; }
by() { BERTH_CONTROLLER=unix:$socket berth "$@"; }
ready() { get /readyz | grep -q '^ready'; }
fuzz() { timeout 300 python3 "$root/tests/support/api_fuzz.py" "$@"; }
certify() { # NAME SUBJECT AUTHORITY EXTENSIONS
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" &&
		openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial "${@:5}" -out "$1.pem" -extfile <(printf '%s\n' "$4")
}
{
	for authority in ca foreign; do
		openssl req -x509 -newkey rsa:2048 -nodes -keyout $authority.key -out $authority.pem -days 2 -subj /CN=$authority
	done
	certify server /CN=localhost ca subjectAltName=DNS:localhost -days 2
	certify foreigner /CN=foreigner/OU=admin foreign extendedKeyUsage=clientAuth -days 2
	certify ann /CN=ann/OU=admin ca extendedKeyUsage=clientAuth -days 2
	certify long /CN=long/OU=admin-of-all-that-there-is-anywhere-in-here ca extendedKeyUsage=clientAuth -days 2
	certify other /CN=other/OU=owner ca extendedKeyUsage=clientAuth -days 2
	openssl req -newkey rsa:2048 -nodes -keyout expired.key -out expired.csr -subj /CN=expired/OU=admin
	mkdir -p demo && touch demo/index.txt && echo 01 >demo/serial
	printf '[ca]\ndefault_ca=d\n[d]\ndir=demo\ndatabase=demo/index.txt\nserial=demo/serial\nnew_certs_dir=demo\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\norganizationalUnitName=optional\n[c]\nextendedKeyUsage=clientAuth\n' >ca.conf
	openssl ca -batch -config ca.conf -extensions c -cert ca.pem -keyfile ca.key -in expired.csr -out expired.pem -notext -startdate 20200101000000Z -enddate 20200102000000Z
} >openssl.log 2>&1
cat >tokens <<'T'
token-of-one-who-reads read robot
token-of-one-who-operates operate ops
token-of-one-who-may-all admin chief
T
chmod 600 tokens
lean=${ASAN_OPTIONS:-}${ASAN_OPTIONS:+:}quarantine_size_mb=4
ASAN_OPTIONS=$lean "$BERTH" serve --state "$work/state/berth" --listen "unix:$socket" --listen "tcp:127.0.0.1:$port" --tls-cert server.pem \
	--tls-key server.key --client-ca ca.pem --token-file tokens >serve.log 2>&1 &
serve=$!
children+=($serve)
check "serves" until_true 20 ready

# --- the description
get /v1/openapi.json >openapi.json
check "each schema is one" python3 -c '
import json, jsonschema
document = json.load(open("openapi.json"))
schemas = document["components"]["schemas"]
for schema in schemas.values():
    jsonschema.Draft202012Validator.check_schema(schema)
used = set()
def look(value):
    if isinstance(value, dict):
        if "$ref" in value:
            used.add(value["$ref"].split("/")[-1])
        for inner in value.values():
            look(inner)
    elif isinstance(value, list):
        for inner in value:
            look(inner)
look(document)
assert used <= set(schemas), used - set(schemas)
assert set(schemas) <= used, set(schemas) - used'
check "no document is only some object" jq -e '
	[.paths | to_entries[] | select(.key != "/v1/schema" and .key != "/v1/openapi.json") | .value[].responses | to_entries[] | select(.key < "300")
	| .value.content["application/json"].schema? // empty | select(."$ref" == null)] == []' openapi.json

# --- asked
check "whoever may all" fuzz "unix:$socket" --rounds 16 --seed "${SEED:-1}"
check "each by a token" fuzz "https://localhost:$port" --ca ca.pem --tokens tokens --rounds 4 --seed "${SEED:-2}"
check "it lives" ready
check "and tells nobody's token" fails grep -q token-of serve.log

# --- strangers with certificates
routes() { jq -r '.paths | to_entries[] | .key as $p | .value | to_entries[] | select(.value."x-berth-role" != "nobody") | "\(.key) \($p)"' openapi.json; }
refused() { # NAME: at every route, or before anything is said
	local method path code
	while read -r method path; do
		code=$(curl -sS -m 30 -X "${method^^}" -o /dev/null -w '%{http_code}' --cacert ca.pem --cert "$1.pem" --key "$1.key" "https://localhost:$port${path//[\{\}]/}" 2>>curl.log)
		case $code in
		401 | 403 | 000) ;;
		*) echo "$1: $method $path: $code"; return 1 ;;
		esac
	done < <(routes)
}
check "our authority's certificate is let in" same 200 "$(curl -sS -m 30 -o /dev/null -w '%{http_code}' --cacert ca.pem --cert ann.pem --key ann.key https://localhost:$port/v1/version)"
check "one of a foreign authority nowhere" refused foreigner
check "one that has expired nowhere" refused expired
check "one of another role nowhere" refused other
check "nor one of a role that is longer than any" refused long

# --- many who watch
cat >chatty.yaml <<'Y'
id: real-api
location: here
services:
- {type: process, id: web, command: "yes 0123456789abcdefghijklmnopqrstuvwxyz | head -n 10000; while :; do echo again; sleep 0.2; done"}
Y
check "one that has much to say" by deploy chatty.yaml --location here=localhost -y
op=$(curl -sS --unix-socket "$socket" -H 'Content-Type: application/json' -d '{"verb": "logs", "app": "real-api", "follow": true}' http://c/v1/operations | jq -r .id)
memory() { awk '/VmRSS/ {print $2}' "/proc/$serve/status"; }
most_kb=200000
[ -z "${ASAN_OPTIONS:-}" ] || most_kb=600000
python3 "$root/tests/support/guest.py" "$socket" watchers "/v1/operations/$op/events" 480 20 25 >watchers.txt &
watchers=$!
watching() { get /metrics | grep -q '^berth_watchers 500'; }
check "500 watch, 20 of them read nothing" until_true 60 watching
check "one more is told to come later" same 503 "$(curl -s -m 30 -o /dev/null -w '%{http_code}' --unix-socket "$socket" "http://c/v1/operations/$op/events")"
quick() { for _ in $(seq 20); do curl -sf -m 30 --unix-socket "$socket" http://c/healthz >/dev/null || return 1; done; }
check "others are answered" quick
check "memory is bounded" test "$(memory)" -lt $most_kb
wait $watchers
check "whoever reads gets all of it" json '.read == 480 and .least >= 10000' cat watchers.txt
echo "# $(cat watchers.txt), $(memory) kB"

# --- as many who watch what is recorded, by a token that may read: nobody who operates is held up
export GUEST_CA=ca.pem GUEST_TOKEN=token-of-one-who-reads
python3 "$root/tests/support/guest.py" "localhost:$port" watchers /v1/events 480 20 60 >records.txt &
watchers=$!
check "500 watch what is recorded, 20 of them read nothing" until_true 60 watching
code() { curl -sS -m 30 -o /dev/null -w '%{http_code}' --cacert ca.pem -H "Authorization: Bearer $1" "${@:2}" "https://localhost:$port/v1/events"; }
check "one more who only reads is told to come later" same 503 "$(code $GUEST_TOKEN -H 'Accept: text/event-stream')"
let_in() { # TOKEN: to what only ends with who asks
	curl -sN -m 60 -o /dev/null -D let_in.txt --cacert ca.pem -H "Authorization: Bearer $1" -H 'Accept: text/event-stream' "https://localhost:$port/v1/events" &
	local asks=$! come
	until_true 30 grep -q '^HTTP.* 200' let_in.txt
	come=$?
	kill $asks
	return $come
}
check "who operates is let in" let_in token-of-one-who-operates
check "they are no operations" test "$(get /metrics | sed -n 's/^berth_operations_running //p')" -lt 5
check "a change goes on" by restart real-api
check "and status, and why" bash -c '"$@" status real-api && "$@" why real-api' - env "BERTH_CONTROLLER=unix:$socket" "$BERTH"
check "others are answered all the while" quick
echo "# $(memory) kB with 500 who watch"
check "memory is bounded then, too" test "$(memory)" -lt $most_kb
wait $watchers
check "whoever reads gets each record" json '.read == 480 and .records >= 2' cat records.txt
unset GUEST_CA GUEST_TOKEN
check "it lives on" ready
check "gone" by destroy real-api -y
