#!/usr/bin/env bash
# The double of Marathon that other tests lean on: Debian's own client drives it, its switches do what they say, and it leaves nothing.
. "$(dirname "$0")/lib.sh"
if ! /usr/bin/python3 -c 'import marathon' 2>/dev/null; then
	echo "ok - $script: skipped, there is no client here (scripts/packages.sh names it)"
	exit 0
fi
double=$root/tests/doubles/marathon
at=127.0.0.1:18971
leader=http://$at
standby=http://127.0.0.1:18972
master=http://127.0.0.1:18973
get() { curl -sS -m 20 "$@"; }
send() { curl -sS -m 20 -o "$work/answer" -w '%{http_code}' -X "$1" -H 'Content-Type: application/json' -d "$3" "$leader$2"; }
switch() { get -X POST -d "$2" "$leader/double/$1" >/dev/null; }
begins() { # OPTIONS...
	in_its_own_time --kill-grace 0 --offer-delay 0.1 --start-delay 0 --relaunch-delay 0.5 --restart-takes 0.5 "$@"
}
in_its_own_time() { # OPTIONS...
	"$double/run" --listen $at --standby 127.0.0.1:18972 --mesos 127.0.0.1:18973 --docker "$DOCKER_HOST" "$@" 2>>double.log &
	serving=$!
	children+=($serving)
	until_true 30 answers
}
# The share, and every deviation, are shown either way. The real one agrees with its own recordings on 95 % of the statuses and 87 %
# of the shapes at least; five points below that are enough.
agrees() { # RECORDING
	timeout 300 "$double/agree" --docker "$DOCKER_HOST" --least-status 0.9 --least 0.82 "$leader" "$1" >agreed 2>&1
}
answers() { [ "$(get "$leader/ping" 2>/dev/null)" = pong ]; }
left() { docker ps -aq --filter "label=double.marathon=$at"; }
none_left() { [ -z "$(left)" ]; }
afterwards() {
	local ids
	ids=$(left)
	# One word an id.
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker rm -f $ids >/dev/null 2>&1
}
settled() { [ "$(get "$leader/v2/deployments")" = "[]" ]; }
tasks() { get "$leader/v2/tasks" | jq -r '[.tasks[] | select(.state == "TASK_RUNNING")] | length'; }
tasks_are() { [ "$(tasks)" = "$1" ]; }

docker run -d --label "double.marathon=$at" busybox sleep 1000 >/dev/null
begins
check "what a killed one left is gone when one starts at its place" none_left
for step in reading life kills locks groups events refusals; do
	check "Debian's client: $step" timeout 120 /usr/bin/python3 "$double/drive" "$leader" $step
done

app='{"id":"/s","cmd":"echo from the inside; exec sleep 1000","cpus":0.1,"mem":32}'
switch faults '["POST /v2/apps drop"]'
check "an answer can be dropped after its effect" fails send POST /v2/apps "$app"
check "and the effect is there" same "$(get "$leader/v2/apps/s" | jq -r .app.id)" /s
switch faults '["GET /v2/info status=503 before", "GET /v2/info cut=700"]'
check "another status can be sent" same "$(get -o answer -w '%{http_code}' "$leader/v2/info")" 503
check "an answer can be cut" fails get "$leader/v2/info"
check "and each fault is over when it has happened" same "$(get -o answer -w '%{http_code}' "$leader/v2/info")" 200
until_true 30 settled
until_true 30 tasks_are 1

check "a standby passes on, and says so" grep -qi '^X-Marathon-Via: 1.1 127.0.0.1:18972' <(get -D - -o answer "$standby/v2/apps/s")
check "it sends readers of events to the leader" same "$(get -o answer -w '%{http_code} %{redirect_url}' "$standby/v2/events?a=b")" \
	"302 $leader/v2/events?a=b"
check "the master knows the framework" same "$(get "$master/master/state" | jq -r '.frameworks[0].name')" marathon
task=$(get "$leader/v2/tasks" | jq -r '.tasks[0].id')
check "and its task, which an agent has the output of" grep -q 'from the inside' <(
	folder=$(get "$master/slave(1)/state" | jq -r '.frameworks[0].executors[0].directory')
	get -G --data-urlencode "path=$folder/stdout" --data-urlencode offset=0 "$master/files/read"
)
same_task() { [ "$(get "$leader/v2/tasks" 2>/dev/null | jq -r '.tasks[0].id' 2>/dev/null)" = "$task" ]; }
check "a leader can step down" same "$(send DELETE /v2/leader '')" 200
until_true 10 fails answers
takes_its_place() { python3 -c 'import socket; socket.socket().bind(("127.0.0.1", 18971))' 2>/dev/null; }
check "nobody takes its place meanwhile" fails takes_its_place
check "the next one comes" until_true 30 answers
check "and has the same task" until_true 30 same_task

kill -9 $serving
wait $serving 2>/dev/null
check "a killed one leaves its container" fails none_left
begins --version 1.7.236
check "which the next one removes" none_left
check "Debian's client, of an older one: what it does not read of the newest" timeout 120 /usr/bin/python3 "$double/drive" "$leader" old
send POST /v2/apps "$app" >/dev/null
until_true 30 tasks_are 1
kill -TERM $serving
wait $serving
check "one that is asked to end takes all along" none_left

if [ -d "${BERTH_MARATHON_RECORDINGS:-}" ]; then
	# One word a file.
	# shellcheck disable=SC2046
	check "what the real one answered is understood" "$(dirname "$BERTH")/tests/marathon-read" "$BERTH_MARATHON_RECORDINGS"/*.raw \
		$(printf '%s\n' "$BERTH_MARATHON_RECORDINGS"/*.jsonl | grep -v '\.times\.jsonl$')
	for one in "$BERTH_MARATHON_RECORDINGS"/*.jsonl; do
		case $one in *.times.jsonl) continue ;; esac
		in_its_own_time
		check "it agrees with the real one: $(basename "$one" .jsonl)" agrees "$one"
		sed 's/^/# /' agreed
		kill -TERM $serving
		wait $serving
	done
else
	echo "ok - $script: skipped, no recordings of a real one (BERTH_MARATHON_RECORDINGS)"
fi
