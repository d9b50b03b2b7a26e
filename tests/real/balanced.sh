#!/usr/bin/env bash
# A web cluster behind load balancers is sized by its load, 1 -> 5 -> 1, and not one request fails: not while members come
# and go, nor while one of them is killed, nor while the controller is away. BERTH_LOAD_LONG=1 adds loads of other shapes, and
# kills a proxy, a member and the controller in turns of chance (BERTH_LOAD_TURNS of them; BERTH_LOAD_SEED is whose).
. "$(dirname "$0")/lib.sh"
uses real-balanced
unset BERTH_CONTROLLER BERTH_TOKEN_FILE BERTH_CA
socket=$work/c.sock
by() { BERTH_CONTROLLER=unix:$socket berth "$@"; }
ready() { curl -sf -m 5 --unix-socket "$socket" http://c/readyz >/dev/null; }
up() {
	env --default-signal=INT,TERM,HUP "$BERTH" serve --state "$work/state/berth" --listen "unix:$socket" >>serve.log 2>&1 &
	serve=$!
	children+=("$serve")
	until_true 30 ready
}
die() {
	kill -KILL "$serve"
	wait "$serve" 2>/dev/null
}

# The example, with another proxy beside its own, and whoever is killed is started again at once.
sed -e 's/^id: .*/id: real-balanced/' -e 's/^location: .*/location: my-docker-cloud/' -e 's/id: front/id: nginx/' -e 's/8080: 80/18461: 80/' \
	-e 's/{type: restarter}/{type: restarter, backoff: 200ms, breakerAfter: 0}/' "$root/examples/balanced.yaml" >app.yaml
cat >>app.yaml <<'Y'
- type: loadbalancer
  id: haproxy
  proxy: haproxy
  members: web
  portBindings: {18462: 80}
  policies: [{type: restarter, backoff: 200ms, breakerAfter: 0}]
Y
declare -A port=([nginx]=18461 [haproxy]=18462)
size() { [ "$(running real-balanced web | wc -l)" = "$1" ]; }
answers() { [ "$(page "http://127.0.0.1:${port[$1]}/")" = "well served" ]; }
both_answer() { answers nginx && answers haproxy; }
# load CONNECTIONS SECONDS: as many requests under way as that, half of them at each proxy.
load() {
	local proxy
	for proxy in nginx haproxy; do
		wrk -t1 -c$((($1 + 1) / 2)) -d"$2" --timeout 30s --latency "http://127.0.0.1:${port[$proxy]}/" >"wrk.$proxy" 2>&1 &
		declare -g "load_$proxy=$!"
		children+=($!)
	done
}
through() { # PROXY: not one request failed
	local load=load_$1
	wait "${!load}"
	cat "wrk.$1"
	grep -qE '^ +[1-9][0-9]* requests in' "wrk.$1" && ! grep -qE 'Socket errors|Non-2xx' "wrk.$1"
}
none_failed() { through nginx && through haproxy; }
# Docker takes a container that was killed by its own command for one that is to stay so: its policy starts it again.
murder() { docker kill -s KILL "$1" >/dev/null; }
# All five are sent to, by every worker there is: those of before know fewer, and serve what they have to its end.
five_listed() {
	[ "$(docker exec real-balanced.nginx.1 grep -cE '[[:space:]]server .*:80 ' /etc/nginx/nginx.conf)" = 5 ] &&
		[ "$(docker exec real-balanced.haproxy.1 grep -cE '[[:space:]]server .*:80 ' /usr/local/etc/haproxy/haproxy.cfg)" = 5 ] &&
		! docker top real-balanced.nginx.1 -eo pid,args | grep -q 'shutting down' &&
		[ "$(docker top real-balanced.haproxy.1 -eo pid,comm | grep -c haproxy)" = 2 ]
}
any_of() { running real-balanced "$1" | shuf -n 1; }
runs_again() { [ "$(docker inspect -f '{{.State.Running}}' "$1")" = true ]; }

check "serves" up
check "deploys" by deploy app.yaml "${to_engine[@]}" -y
check "answers through both" until_true 30 both_answer
proxies="$(running real-balanced nginx) $(running real-balanced haproxy)"
load 40 45
check "grows to five" until_true 40 size 5
check "to all of which both proxies send" until_true 30 five_listed
victim=$(any_of web)
check "a member is killed" murder "$victim"
die
sleep 1
check "the controller is killed, and back" up
check "the member runs again" until_true 30 runs_again "$victim"
check "not one request failed, through either" none_failed
check "there were five until the end" size 5
load 2 20
check "shrinks to one" until_true 60 size 1
check "not one request failed" none_failed
check "both proxies are those of before" same "$proxies" "$(running real-balanced nginx) $(running real-balanced haproxy)"

if [ "${BERTH_LOAD_LONG:-}" = 1 ]; then
	shape() { # NAME CONNECTIONS...
		local name=$1 connections
		shift
		for connections; do
			load "$connections" 3
			check "$name: $connections under way, not one failed" none_failed
			echo "# $name: $connections under way, $(running real-balanced web | wc -l) members"
		done
	}
	shape sine 4 10 24 38 46 50 46 38 24 10 4
	shape spike 2 60 60 2 2 2 2
	shape noise 8 10 7 11 9 8 12 7 10 9

	RANDOM=${BERTH_LOAD_SEED:-$$}
	echo "# BERTH_LOAD_SEED=${BERTH_LOAD_SEED:-$$}"
	several() { [ "$(running real-balanced web | wc -l)" -ge 2 ]; }
	for turn in $(seq "${BERTH_LOAD_TURNS:-12}"); do
		killed="" other=nginx
		load $((24 + RANDOM % 24)) 25
		sleep $((1 + RANDOM % 4))
		case $((RANDOM % 4)) in
		0) killed=nginx other=haproxy; murder "$(any_of nginx)" ;;
		1) killed=haproxy; murder "$(any_of haproxy)" ;;
		2) # Of one alone nobody takes the requests over.
			check "turn $turn: there are several" until_true 20 several
			check "turn $turn: a member is killed" murder "$(any_of web)"
			;;
		3)
			die
			sleep $((RANDOM % 3))
			check "turn $turn: the controller is back" up
			;;
		esac
		if [ -n "$killed" ]; then
			check "turn $turn: not one failed through $other" through "$other"
			wait "$load_nginx" "$load_haproxy"
			check "turn $turn: $killed is back" until_true 30 answers "$killed"
		else
			check "turn $turn: not one failed" none_failed
		fi
	done
	load 2 20
	check "in the end it shrinks to one" until_true 60 size 1
	check "and none failed" none_failed
fi
check "destroys" by destroy real-balanced "${to_engine[@]}" -y
check "leaves nothing" nothing_of real-balanced
