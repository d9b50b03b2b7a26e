#!/usr/bin/env bash
# Webhooks: who is told what, by receivers that fail first, and what is never told to whom.
. "$(dirname "$0")/lib.sh"
uses real-webhook
unset BERTH_CONTROLLER BERTH_TOKEN_FILE BERTH_CA
socket=$work/c.sock
get() { curl -sS -m 20 --unix-socket "$socket" "http://c$1"; }
by() { BERTH_CONTROLLER=unix:$socket berth "$@"; }
ready() { get /readyz | grep -q '^ready'; }
serves() { "$BERTH" serve --state "$work/state/berth" --listen "unix:$socket" --webhook-file hooks --webhook-ca ca.pem "$@" >>serve.log 2>&1 & serve=$!; children+=("$serve"); }
number() { get /metrics | sed -n "s/^$1 //p"; }
secret=a-secret-of-enough-letters
{
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=berth-tests
	for name in localhost elsewhere; do
		openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
		openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out $name.pem -extfile <(
			printf '%s\n' subjectAltName=DNS:$name extendedKeyUsage=serverAuth
		)
	done
} >openssl.log 2>&1
receiver() { # PORT FILE FAILURES [NAME]
	python3 "$root/tests/support/receiver.py" "$1" "$2" $secret "$3" ${4:+"$4.pem" "$4.key"} &
	children+=($!)
	until_true 30 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null
}

echo "https://localhost:18981/a/path-that-is-secret $secret" >hooks
chmod 644 hooks
check "a file that others can read is refused" exits 64 timeout 30 "$BERTH" serve --state "$work/s2" --webhook-file hooks
chmod 600 hooks
echo "https://localhost:18981/ short" >bad
echo "gopher://localhost $secret" >bad2
echo "https://localhost:18981/ $secret failure,birthday" >bad3
chmod 600 bad bad2 bad3
for bad in bad bad2 bad3; do
	check "so is one with a line that is none ($bad)" exits 64 timeout 30 "$BERTH" serve --state "$work/s2" --webhook-file $bad
done
{
	echo "# those who want to know"
	echo "https://localhost:18981/a/path-that-is-secret $secret"
	echo "http://127.0.0.1:18982/ $secret failure"
	echo "https://localhost:18983/ $secret"
} >hooks
check "one that fails four times" receiver 18981 all.txt 4 localhost
check "one that hears of failures alone" receiver 18982 failures.txt 0
check "one with a certificate for somebody else" receiver 18983 never.txt 0 elsewhere
serves
check "serves" until_true 20 ready
cat >app.yaml <<'Y'
id: real-webhook
location: here
services:
- {type: process, id: web, command: "if [ -e broken ]; then exit 1; fi; sleep 1000", dir: DIRECTORY, policies: [{type: restarter, backoff: 100ms, breakerAfter: 2, breakerPause: 2s, stableFor: 1s}]}
Y
sed -i "s,DIRECTORY,$work," app.yaml
check "deploys" by deploy app.yaml --location here=localhost
process() { by status real-webhook -o json | jq -r '.components[0].instances[0].target_id' | cut -d: -f1; }
kill -KILL "$(process)"
told() { [ -e "$1" ] && jq -se "any(.[]; .what == \"$2\")" "$1" >/dev/null; }
check "a failure is told, though it was refused before" until_true 40 told all.txt failure
check "and the recovery after it" until_true 20 told all.txt recovery
check "in that order, each once" same "failure recovery" "$(jq -r .what all.txt | xargs)"
check "with all that is known" jq -se '.[0] | .app == "real-webhook" and .component == "web" and .instance == "real-webhook.web.1" and (.text | length) > 0 and (.time | test("^20")) and .format_version == "1"' all.txt
check "signatures are right" fails grep -h forged all.txt failures.txt
check "who wants failures alone gets no more" same failure "$(jq -r .what failures.txt | xargs)"
touch broken
kill -KILL "$(process)"
check "a breaker that opens is told" until_true 40 told all.txt breaker
rm broken
check "and that it is closed" until_true 60 told all.txt breaker-closed
running() { [ "$(by status real-webhook -o json | jq -r .state)" = running ]; }
check "the keeping goes on all the while" until_true 20 running
check "who is not vouched for is told nothing" test ! -e never.txt
check "but what it missed is counted, and waits" test "$(number berth_webhook_notices_waiting)" -ge 2
check "what was taken is counted" test "$(number 'berth_webhook_notices_total{result="delivered"}')" -ge 5
check "the log says who does not take them" grep -q 'webhook at https://localhost:18983: .*tried again' serve.log
check "and neither the path nor the secret" fails grep -e path-that-is-secret -e $secret serve.log
echo "http://127.0.0.1:18982/ $secret recovery" >hooks
read_again() { grep -q 'webhooks and locations are read again' serve.log; }
kill -HUP "$serve"
check "SIGHUP: others from now on" until_true 30 read_again
kill -KILL "$(process)"
check "who hear what they want now" until_true 20 told failures.txt recovery
check "gone" by destroy real-webhook -y
