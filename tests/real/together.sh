#!/usr/bin/env bash
# Two at once, and Ctrl-C.
. "$(dirname "$0")/lib.sh"
uses real-together
# Ten, and one that is ready when it is told so: as long as it is not, a deploy is under way.
cat >ten.yaml <<'Y'
id: real-together
location: my-docker-cloud
services:
- {type: "docker:busybox:latest", id: gate, command: "until [ -e /open ]; do sleep 0.1; done; exec httpd -f -p 80", openPorts: 80, stopSignal: KILL}
Y
for i in $(seq 10); do printf -- '- {type: "docker:busybox:latest", id: s%s, stopSignal: KILL, command: [sleep, "1000"]}\n' "$i" >>ten.yaml; done
begun() { [ "$(count running real-together gate)" = 1 ]; }
opened() { docker exec "$(running real-together gate)" touch /open; }

env --default-signal=INT "$BERTH" deploy ten.yaml "${to_engine[@]}" -y >first.log 2>&1 &
first=$!
check "a deploy is under way" until_true 60 begun
second() {
	"$BERTH" deploy ten.yaml "${to_engine[@]}" -y >second.log 2>&1
	local code=$?
	cat second.log
	[ $code = 75 ] && grep -q "$first" second.log
}
check "a second deploy of one application is 75 and names the holder" second
check "it can come to its end" opened
check "the first is not disturbed" wait $first
check "all run" same 11 "$(count running real-together)"
check "destroys" destroy real-together

env --default-signal=INT "$BERTH" deploy ten.yaml "${to_engine[@]}" -y >first.log 2>&1 &
first=$!
check "another one is under way" until_true 60 begun
kill -INT $first
check "Ctrl-C ends it with 130" exits 130 wait $first
check "what flew is finished" test "$(count containers real-together)" -le 11
opened
check "the next deploy goes on" deploy ten.yaml
check "one container each" same 11 "$(count containers real-together)"

env --default-signal=INT "$BERTH" destroy real-together "${to_engine[@]}" -y >first.log 2>&1 &
first=$!
sleep 0.1
kill -INT $first
sleep 0.05
kill -INT $first
wait $first
check "Ctrl-C twice leaves at once, with 130 (or it was done)" bash -c '[ $1 = 130 ] || [ $1 = 0 ]' - $?
check "the next destroy goes on" bash -c '"$@" || [ $? = 1 ]' - "$BERTH" destroy real-together "${to_engine[@]}" -y
check "nothing is left" nothing_of real-together
