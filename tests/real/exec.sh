#!/usr/bin/env bash
# Commands inside: on a real engine and on this machine, by pipes and at a terminal, with every way out.
. "$(dirname "$0")/lib.sh"
uses real-exec-there real-exec-here
cat >there.yaml <<'Y'
id: real-exec-there
location: my-docker-cloud
services:
- {type: docker:busybox, id: web, instances: 2, env: {STAGE: prod}, command: "trap exit TERM; sleep 100000 & wait"}
- {type: docker:busybox, id: echo, openPorts: 7, command: "exec nc -ll -p 7 -e /bin/cat"}
Y
cat >here.yaml <<'Y'
id: real-exec-here
location: localhost
services:
- {type: process, id: web, instances: 2, env: {STAGE: prod}, command: "exec sleep 100000"}
- {type: process, id: echo, ports: {echo: auto}, command: "exec python3 ROOT/tests/support/echo.py $BIND_ADDRESS $PORT_ECHO"}
Y
sed -i "s|ROOT|$root|" here.yaml
there() { local app=real-exec-there; with "$@"; }
here() { local app=real-exec-here; with "$@"; }
# with [FLAGS] COMPONENT ARGUMENT...: exec in the application of the moment.
with() {
	local flags=()
	while [ "${1#-}" != "$1" ]; do
		flags+=("$1")
		shift
	done
	berth exec ${flags[@]+"${flags[@]}"} "${to_engine[@]}" "$app" "$@"
}
# says TEXT COMMAND...: that and nothing else on standard output.
says() {
	local want=$1
	shift
	same "$want" "$("$@")"
}
typist() { # WHERE STEP... : a shell there, at a terminal
	local app=real-exec-$1
	shift
	timeout 90 python3 "$root/tests/support/typist.py" 33x77 "$@" -- "$BERTH" exec -it "${to_engine[@]}" "$app" web -- "${typed[@]}" |
		tee "$work/screen"
	return "${PIPESTATUS[0]}"
}
typed=(sh)
# Both streams, apart.
apart() {
	"$1" web -- sh -c 'echo out; echo err >&2; echo more' >"$work/out" 2>"$work/err" || return
	same $'out\nmore' "$(cat "$work/out")" && same err "$(cat "$work/err")"
}
# 100 MB there and back, compared on the way, by a program that stays small.
much() {
	/usr/bin/env bash -c 'head -c 100000000 /dev/zero | tr "\0" "x" | "$@" | tr -d "\n" | cksum' - \
		"$BERTH" exec -i "${to_engine[@]}" "real-exec-$1" web -- cat >"$work/sum" || return
	same "$(head -c 100000000 /dev/zero | tr '\0' 'x' | cksum)" "$(cat "$work/sum")"
}
# A sanitizer has memory of its own, and keeps for a while what was let go of.
small_kB=25000
! grep -q __asan_init "$BERTH" || small_kB=160000
# The most memory it ever had, in kB, while so much passed through it.
small() {
	head -c 100000000 /dev/zero | "$BERTH" exec -i "${to_engine[@]}" "real-exec-$1" web -- cat >"$work/flow" &
	local pid most=0 now
	pid=$!
	while now=$(awk '/VmHWM/ { print $2 }' /proc/$pid/status 2>/dev/null) && [ -n "$now" ]; do
		most=$now
		sleep 0.1
	done
	wait $pid || return
	echo "# $1: at most $most kB" >&3
	same 100000000 "$(stat -c %s "$work/flow")" && [ "$most" -gt 0 ] && [ "$most" -lt $small_kB ]
}
exec 3>&1
# Interrupted while it waits for a reader that does not read: a write that waits is not counted yet.
unread() {
	local pid reader code=0
	rm -f "$work/fifo"
	mkfifo "$work/fifo"
	sleep 1000 <"$work/fifo" &
	reader=$!
	"$BERTH" exec "${to_engine[@]}" "real-exec-$1" web -- yes >"$work/fifo" &
	pid=$!
	children+=("$reader" "$pid")
	until_true 60 awk '/^wchar/ { full = $2 > 49152 } END { exit !full }' "/proc/$pid/io" || code=1
	kill -TERM $pid
	exits 130 wait $pid || code=1
	kill "$reader"
	return $code
}

mkdir -p tree/sub && head -c 300000 /dev/urandom >tree/sub/bytes && ln -s bytes tree/sub/link && chmod 750 tree && chmod 640 tree/sub/bytes
looks() { (cd "$1" && find . -printf '%p %m %l\n' | sort && find . -type f -exec sha256sum {} +); }
round() {
	rm -rf back && berth cp "${to_engine[@]}" tree "real-exec-$1/web:/tmp/tree-$$" &&
		berth cp "${to_engine[@]}" "real-exec-$1/web:/tmp/tree-$$" back && same "$(looks tree)" "$(looks back)" &&
		berth cp "${to_engine[@]}" tree/sub "real-exec-$1/web/1:/tmp/tree-$$" &&
		$1 web -- test -f "/tmp/tree-$$/sub/bytes" && $1 web -- rm -r "/tmp/tree-$$"
}
renamed() {
	berth cp "${to_engine[@]}" tree/sub/bytes "real-exec-$1/web:/tmp/file-$$" && berth cp "${to_engine[@]}" "real-exec-$1/web:/tmp/file-$$" . &&
		cmp tree/sub/bytes "file-$$" && $1 web -- rm "/tmp/file-$$" && rm "file-$$"
}
# Leads some port of this machine to it; $local is that one.
leads() { # WHERE PORT
	local pid
	rm -f "led-$1"
	"$BERTH" port-forward "${to_engine[@]}" "real-exec-$1" echo "0:$2" >"led-$1" 2>"led-$1.errors" &
	forwarder=$!
	children+=("$forwarder")
	until_true 60 grep -q "leads to real-exec-$1.echo.1, port" "led-$1" || return
	local=$(sed -n 's/^127.0.0.1:\([0-9]*\) leads.*/\1/p' "led-$1")
}
check "deploys there" deploy there.yaml
check "deploys here" deploy here.yaml
for where in there here; do
	check "$where: its environment" says prod $where web -- sh -c 'echo $STAGE'
	check "$where: both streams, apart" apart $where
	check "$where: its exit code" exits 7 $where web -- sh -c 'exit 7'
	check "$where: a signal that ended it" exits 143 $where web -- sh -c 'kill -TERM $$'
	check "$where: flags after the command are the command's" says "a -o json" $where web echo a -o json
	check "$where: the instance that is named" says yes $where web/2 -- sh -c 'echo yes'
	check "$where: one that is not there" exits 125 $where web/3 -- true
	check "$where: a component that is not there" bash -c '"$@" 2>&1 | grep -q "did you mean .web"' - \
		"$BERTH" exec "${to_engine[@]}" real-exec-$where wbe -- true
	check "$where: a command that is not there" exits 127 $where web -- no-such-command
	check "$where: a file that is no command" exits 126 $where web -- /etc/passwd
	check "$where: nothing of it on standard output" same "" "$($where web -- no-such-command 2>/dev/null)"
	check "$where: a directory" says /tmp $where -w/tmp web -- pwd
	check "$where: a directory that is not there" exits 126 $where -w"$work/none" web -- pwd
	check "$where: input by a pipe" says hi bash -c 'echo hi | "$@"' - "$BERTH" exec -i "${to_engine[@]}" real-exec-$where web -- cat
	check "$where: no input without -i" says "0" bash -c 'echo hi | "$@"' - "$BERTH" exec "${to_engine[@]}" real-exec-$where web -- sh -c 'cat | wc -c | tr -d " "'
	check "$where: 100 MB both ways, unharmed" much $where
	check "$where: in little memory" small $where
	check "$where: output nobody wants" exits 141 bash -c '"$@" | head -1 >/dev/null; exit ${PIPESTATUS[0]}' - \
		"$BERTH" exec "${to_engine[@]}" real-exec-$where web -- yes
	check "$where: interrupted while nobody reads" unread $where
	check "$where: -t without a terminal" exits 64 $where -t web -- sh
	# Each line at its prompt: shells that edit lines lose what is typed before.
	check "$where: a terminal, its size, its keys" typist $where raw 'see:# ' 'type:stty size\n' 'see:33 77' 'see:# ' \
		size:40x100 'type:sleep 0.5; stty size\n' 'see:40 100' 'see:# ' 'type:echo re""ady; cat\n' see:ready \
		'type:x1\n' see:x1 see:x1 'type:\x03' 'see:# ' 'type:echo a""fter\n' see:after 'see:# ' 'type:exit 5\n' end
	check "$where: its exit code" grep -qx "exit 5" "$work/screen"
	check "$where: stopped and gone on with" typist $where raw 'see:# ' 'type:echo $((40+2))\n' see:42 'see:# ' \
		kill:TSTP stopped cooked fg raw 'type:echo $((40+3))\n' see:43 'see:# ' 'type:\x04'
	check "$where: ssh is a shell that reads its commands" same "prod 7" "$(echo 'echo $STAGE $((3 + 4))' | berth ssh "${to_engine[@]}" real-exec-$where web)"
	check "$where: ssh has a command's exit code" exits 7 berth ssh "${to_engine[@]}" real-exec-$where web -- sh -c 'exit 7'
	check "$where: ssh at a terminal" timeout 90 python3 "$root/tests/support/typist.py" 33x77 raw 'see:# ' 'type:stty size\n' 'see:33 77' \
		'see:# ' 'type:exit 5\n' end -- "$BERTH" ssh "${to_engine[@]}" real-exec-$where web
	check "$where: a folder goes in and comes out as it was" round $where
	check "$where: a file takes another name" renamed $where
	check "$where: what is not there cannot be copied" exits 1 bash -c '"$@" 2>&1 | grep -q "there is no /none" && exit 1' - \
		"$BERTH" cp "${to_engine[@]}" real-exec-$where/web:/none .
	# The one there takes one connection after the other.
	port=7 many=1
	[ $where = there ] || port=echo many=20
	check "$where: a port leads there" leads $where $port
	check "$where: many connections to a port" python3 "$root/tests/support/halves.py" "$local" $many 300000
	check "$where: and the next" python3 "$root/tests/support/halves.py" "$local" 1 10
	kill -TERM "$forwarder"
	check "$where: until it is interrupted" exits 130 wait "$forwarder"
	check "$where: nothing was wrong" same "" "$(cat "led-$where.errors")"
	typed=(sh -c 'echo be""gun; sleep 98765')
	for signal in TERM QUIT SEGV; do
		check "$where: the terminal is given back at SIG$signal" typist $where raw see:begun kill:$signal end cooked
	done
	check "$where: the terminal goes away" typist $where raw see:begun hang-up
	typed=(sh)
done
check "here: as somebody else" says nobody here -unobody web -- id -un
check "there: as somebody else" says 65534 there -u65534 web -- id -u
check "there: as somebody nobody knows" exits 126 there -unobody web -- true
check "a time limit" exits 124 berth exec --timeout 1s "${to_engine[@]}" real-exec-here web -- sleep 98765
check "here: what was dropped has ended" until_true 30 bash -c '! pgrep -f "^sleep 98765" >/dev/null || [ -n "$(docker ps -q)" ]'
check "here: background work ends with its instance" bash -c '"$@"' - "$BERTH" exec real-exec-here web -- sh -c 'setsid sleep 98766 >/dev/null 2>&1 & :'
check "it does" pgrep -f "^sleep 98766"
check "destroys here" destroy real-exec-here
check "it has" fails pgrep -f "^sleep 98766"
docker stop -t 0 real-exec-there.web.1 real-exec-there.web.2 >/dev/null
check "there: what does not run is told so" bash -c '"$@" 2>&1 | grep -q "is not running"' - "$BERTH" exec "${to_engine[@]}" real-exec-there web -- true
check "and has a code of its own" exits 125 there web -- true
check "destroys there" destroy real-exec-there
check "nothing is left" nothing_of real-exec-there
