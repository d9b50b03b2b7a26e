#!/usr/bin/env bash
# A deploy that no agent has room for is given up, told of, corrected and taken away, each in seconds: on a double of Marathon.
. "$(dirname "$0")/lib.sh"
uses real-overtake
port=$((16000 + $$ % 4000))
url=http://127.0.0.1:$port
"$root/tests/doubles/marathon/run" --quiet --listen 127.0.0.1:$port --docker "$DOCKER_HOST" --kill-grace 0 --offer-interval 0.4 >double.log 2>&1 &
children+=($!)
check "a double of Marathon is there" until_true 60 curl -sf "$url/ping"

write() { # MEMORY
	cat >over.yaml <<-Y
		id: real-overtake
		location: cluster
		services:
		- {type: "docker:busybox:latest", id: big, command: exec sleep 1000, memory: $1}
		- {type: "docker:busybox:latest", id: fine, command: exec sleep 1000, memory: 16m}
	Y
}
on_double() { timeout 90 "$BERTH" "$@" --location cluster=marathon:$url; }
gives_up() { ! on_double deploy over.yaml -y --timeout 6s >told 2>&1; }
once() { cat told; [ "$(grep -c 'none with 900 GiB' told)" -ge 1 ] && [ "$(grep -c 'starting .*none with 900 GiB' told)" = 1 ]; }
within() { # SECONDS COMMAND...
	local began=$SECONDS most=$1
	shift
	"$@" && [ $((SECONDS - began)) -le "$most" ]
}
count() { curl -sf "$url/v2/$1" | jq -e ".$1 | length == $2"; }
held() { curl -sf "$url/v2/tasks" | jq -r '.tasks[] | select(.appId == "/real-overtake/fine") | .id'; }
change_by_hand() { curl -sf -X PUT -H 'Content-Type: application/json' -d '{"mem":900000}' "$url/v2/apps/real-overtake/big"; }
deployment() { curl -sf "$url/v2/deployments" | jq -r '.[0].id'; }
waits() { timeout 8 "$BERTH" deploy over.yaml -y --location cluster=marathon:$url >told 2>&1; cat told; grep -q "waits for deployment $before" told; }

write 900g
check "what no agent has room for is given up at its time" gives_up
check "the reason is told once" once
check "a status tells how many run, and why no more" grep -qE '^big: 0 of 1 tasks run: [0-9]+ offers?, none with 900 GiB' <(on_double status real-overtake)
before=$(held)
write 16m
check "a corrected one overtakes it" within 30 on_double deploy over.yaml -y
check "both run" count tasks 2
check "who was well is left alone" same "$before" "$(held)"
check "a second deploy changes nothing" on_double plan over.yaml --detailed-exitcode
check "somebody asks by hand for more than there is room for" change_by_hand
before=$(deployment)
write 24m
check "which a deploy waits for" waits
check "and does not end" same "$before" "$(deployment)"
check "somebody takes that back" curl -sf -X DELETE "$url/v2/deployments/$before"
write 900g
check "once more it is given up" gives_up
check "it is destroyed meanwhile" within 30 on_double destroy real-overtake -y
check "no app is left" count apps 0
