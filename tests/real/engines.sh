#!/usr/bin/env bash
# Any engine that the docker program reaches is reached: by TLS, contexts and docker's variables; and when one is not,
# the reason is told.
. "$(dirname "$0")/lib.sh"
. "$root/scripts/packages.sh"
export RES_OPTIONS="timeout:1 attempts:1"
uses real-engines

tells() { # CODE PATTERN COMMAND...: the exit, and what it prints
	local want=$1 pattern=$2 got=0
	shift 2
	"$@" >"${told:=told}" 2>&1 || got=$?
	cat "$told"
	[ "$got" = "$want" ] || { echo "exit $got, not $want"; return 1; }
	grep -qiE -e "$pattern" "$told" || { echo "nothing said of: $pattern"; return 1; }
}
look() { # SPEC [VARIABLE=VALUE...]: asks the engine there, without the variables of this script
	local spec=$1
	shift
	env -u DOCKER_HOST "$@" timeout 60 "$BERTH" locations check "$spec"
}

# --- certificates ---------------------------------------------------------------------------------------------------

authority() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1-key.pem" -out "$1.pem" -days 2 \
		-subj "/CN=$1" 2>/dev/null
}
certificate() { # NAME AUTHORITY USE [NAMES [DAYS]]
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1-key.pem" -out "$1.csr" -subj "/CN=$1" \
		2>/dev/null
	printf 'extendedKeyUsage=%sAuth\n%s\n' "$3" "${4:+subjectAltName=$4}" >"$1.cnf"
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2-key.pem" -CAcreateserial -days "${5:-2}" -extfile "$1.cnf" \
		-out "$1.pem" 2>/dev/null
}
folder() { # NAME AUTHORITY [CERTIFICATE]: as DOCKER_CERT_PATH has it
	mkdir -p "$1"
	cp "$2.pem" "$1/ca.pem"
	[ -z "${3:-}" ] || { cp "$3.pem" "$1/cert.pem"; cp "$3-key.pem" "$1/key.pem"; }
}
authority ours
authority other
certificate server ours server "IP:127.0.0.1,IP:127.0.0.2,DNS:localhost"
certificate expired ours server "IP:127.0.0.1" -1
certificate elsewhere ours server "DNS:engine.example"
certificate client ours client
certificate stranger other client
folder good ours client
folder nobody ours
folder wrong ours stranger
folder unknown other client

# --- what listens ---------------------------------------------------------------------------------------------------

# The stand-ins see a /run of their own, so that the engine of this machine, if there is one, is not met.
mkdir own
: >fronts
with_own_run() { as_root nsenter --mount="/proc/$fronts/ns/mnt" "$@"; }
tls=tls=$work/server.pem,$work/server-key.pem
# shellcheck disable=SC2016
as_root unshare --mount sh -c 'mount -t tmpfs tmpfs /run && mkdir -p /run/podman /run/user/7/podman && echo $$ >pid &&
	exec python3 "$@"' - "$root/tests/support/fronts.py" default=/run/docker.sock:engine environment="$work/own/environment.sock:engine" \
	context="$work/own/context.sock:engine" current="$work/own/current.sock:engine" \
	plain2375=127.0.0.1:2375:engine tls2376="127.0.0.1:2376,$tls:engine" plain2376=127.0.0.2:2376:engine \
	tls2375="127.0.0.2:2375,$tls:engine" remote=198.18.0.1:2375:engine proxy=127.0.0.9:3128:proxy \
	page=127.0.0.3:2380:page redirect=127.0.0.3:2381:redirect silent=127.0.0.3:2382:silent \
	expired="127.0.0.1:2383,tls=$work/expired.pem,$work/expired-key.pem:engine" \
	elsewhere="127.0.0.1:2384,tls=$work/elsewhere.pem,$work/elsewhere-key.pem:engine" \
	bed="127.0.0.1:2385,$tls,ca=$work/ours.pem:relay=$engine_socket" bare="127.0.0.1:2386:relay=$engine_socket" >fronts 2>fronts.log &
until_true 30 grep -q ready fronts
fronts=$(cat pid)

# It takes its ten seconds beside the rest.
told=unanswered.told tells 69 'unanswered for 10 s' look docker:tcp://127.0.0.3:2382 >unanswered 2>&1 &
unanswered=$!

# --- where docker goes, berth goes ----------------------------------------------------------------------------------

mkdir home home/.docker current nocontext broken bad
context() { # NAME OPTIONS
	DOCKER_CONFIG=$work/home/.docker docker context create "$1" --docker "$2" >/dev/null 2>&1
}
context one "host=unix://$work/own/context.sock"
context now "host=unix://$work/own/current.sock"
context tls "host=tcp://127.0.0.1:2376,ca=$work/ours.pem"
context lax "host=tcp://127.0.0.2:2375,skip-tls-verify=true"
for one in current nocontext broken bad; do
	mkdir "$one/.docker"
	cp -r home/.docker/contexts "$one/.docker/"
done
echo '{"currentContext": "now"}' >current/.docker/config.json
echo '{"currentContext": "nope"}' >nocontext/.docker/config.json
echo '{"currentContext": ' >broken/.docker/config.json
find bad/.docker/contexts/meta -name meta.json -exec sh -c 'head -c 20 "$1" >"$1.half" && mv "$1.half" "$1"' - {} \;

around() { with_own_run env -i PATH="$PATH" HOME="$work/home" NO_COLOR=1 "$@"; }
by_berth() { around "$@" timeout 60 "$BERTH" locations check docker -o json 2>/dev/null | jq -r '.locations[0].version // "none"' | sed 's/Docker Engine //; s/,.*//'; }
by_docker() { around "${@:2}" timeout 60 "$1" version -f '{{.Server.Version}}' 2>/dev/null | grep . || echo none; }
goes() { # WHERE VARIABLE=VALUE...: berth and each docker program of this machine
	local where=$1 with program
	shift
	with=${*:-no variable}
	with=${with//$work\//}
	check "$with leads to $where" same "$where" "$(by_berth "$@")"
	for program in $programs; do
		check "as with $("$program" --version | cut -d, -f1)" same "$where" "$(by_docker "$program" "$@")"
	done
}
programs=$(type -ap docker | while read -r one; do readlink -f "$one"; done | sort -u)

E=DOCKER_HOST=unix://$work/own/environment.sock
goes default
goes environment "$E"
goes environment "$E" DOCKER_CONTEXT=one
goes environment "$E" DOCKER_CONTEXT=default
goes context DOCKER_CONTEXT=one
goes default DOCKER_CONTEXT=default
goes none DOCKER_CONTEXT=nope
goes current HOME="$work/current"
goes current DOCKER_CONFIG="$work/current/.docker"
goes current HOME="$work/current" DOCKER_TLS_VERIFY=1
goes context HOME="$work/current" DOCKER_CONTEXT=one
goes default HOME="$work/current" DOCKER_CONTEXT=default
goes environment HOME="$work/current" "$E"
goes default HOME="$work/current" DOCKER_CONFIG="$work"
goes none HOME="$work/nocontext"
goes none HOME="$work/bad" DOCKER_CONTEXT=one
goes tls2376 DOCKER_CONTEXT=tls
goes tls2375 DOCKER_CONTEXT=lax
goes tls2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$work/good"
goes tls2376 DOCKER_TLS=1 DOCKER_CERT_PATH="$work/unknown"
goes none DOCKER_TLS_VERIFY=1
goes none DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$work/unknown"
goes tls2376 DOCKER_HOST=tcp://127.0.0.1:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$work/good"
goes tls2375 DOCKER_HOST=tcp://127.0.0.2 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$work/good"
goes none DOCKER_HOST=tcp://127.0.0.1:2376 DOCKER_CERT_PATH="$work/good"
goes plain2375 DOCKER_HOST=tcp://127.0.0.1
goes plain2375 DOCKER_HOST=127.0.0.1:2375
goes plain2375 DOCKER_HOST=tcp://
goes default DOCKER_HOST=unix://
goes plain2376 DOCKER_HOST=tcp://127.0.0.2:2376
goes remote DOCKER_HOST=tcp://198.18.0.1
goes proxy DOCKER_HOST=tcp://198.18.0.1 http_proxy=http://127.0.0.9:3128
goes remote DOCKER_HOST=tcp://198.18.0.1 HTTP_PROXY=http://127.0.0.9:3128 NO_PROXY=198.18.0.0/16
goes plain2375 DOCKER_HOST=tcp://127.0.0.1 HTTP_PROXY=http://127.0.0.9:3128

# What docker passes over with a warning is an error, with the file and the way out.
check "a damaged configuration is told" tells 65 'broken/.docker/config.json' around HOME="$work/broken" "$BERTH" locations check docker
check "with the way out" grep -q 'DOCKER_CONTEXT=default' told
check "an unknown context is told with its file" tells 65 'nope.*contexts/meta/[0-9a-f]{64}/meta.json' around DOCKER_CONTEXT=nope "$BERTH" locations check docker
check "a location names a context outright" tells 0 'context.sock' around "$E" "$BERTH" locations check docker:context=one
check "who chose the engine is told" tells 0 'DOCKER_HOST, which counts before DOCKER_CONTEXT' around "$E" DOCKER_CONTEXT=one "$BERTH" locations check docker

# --- the engine of this machine -------------------------------------------------------------------------------------

local_engine() { around XDG_RUNTIME_DIR=/run/user/7 "$BERTH" locations check docker; }
with_own_run mv /run/docker.sock /run/podman/podman.sock
check "Podman's socket is found when it is the only one" tells 0 "podman.sock +the first socket found, Podman's" local_engine
with_own_run mv /run/podman/podman.sock /run/user/7/docker.sock
check "a rootless Docker's too" tells 0 "the first socket found, rootless Docker's" local_engine
with_own_run touch /run/docker.sock
check "a file that is no socket is said to be that" tells 69 '/var/run/docker.sock is there, but it is not a socket' local_engine
check "and the other engine is named" grep -q 'docker:unix:///run/user/7/docker.sock' told
with_own_run rm /run/docker.sock /run/user/7/docker.sock
check "with none, all that was tried is told" tells 69 '/var/run/docker.sock, /run/user/7/docker.sock, .*/run/podman/podman.sock' local_engine

# --- a real engine behind TLS ---------------------------------------------------------------------------------------

secure=tcp://127.0.0.1:2390
as_root mkdir -p "$work/engine"
# Without a bridge that is there it would take away, or take over, the one of the other engine on this network.
bridge=engines0
as_root ip link add "$bridge" type bridge
as_root ip addr add 198.19.250.1/24 dev "$bridge"
# In a session of its own, so that an interrupted test ends it in its own time.
# shellcheck disable=SC2024
as_root setsid dockerd --data-root "$work/engine/data" --exec-root "$work/engine/exec" --pidfile "$work/engine/pid" -H "$secure" \
	--tlsverify --tlscacert ours.pem --tlscert server.pem --tlskey server-key.pem --bridge="$bridge" --iptables=false \
	>engine.log 2>&1 &
stop_engine() {
	[ -s "$work/engine/pid" ] || return 0
	as_root kill "$(cat "$work/engine/pid")"
	until_true 60 test ! -e "$work/engine/pid"
	as_root ip link del "$bridge"
	as_root umount -l "$work"/engine/data/* "$work"/engine/exec/* "$work"/engine/exec/*/* 2>/dev/null
	as_root rm -rf "$work/engine"
}
afterwards() {
	stop_engine
	as_root kill "$fronts"
}
to_secure() { env -u DOCKER_HOST DOCKER_CERT_PATH="$work/good" "$@"; }
until_true 60 to_secure docker -H "$secure" --tlsverify version >/dev/null 2>&1

check "an engine behind TLS answers" tells 0 'yes .*20\.10|yes .*Docker Engine' look docker:https://127.0.0.1:2390 DOCKER_CERT_PATH="$work/good"
check "without a client certificate: 77" tells 77 'wants a client certificate' look docker:https://127.0.0.1:2390 DOCKER_CERT_PATH="$work/nobody"
check "with one of somebody else: 77" tells 77 'refuses the client certificate' look docker:https://127.0.0.1:2390 DOCKER_CERT_PATH="$work/wrong"
check "which is named" grep -q "$work/wrong" told
check "with an authority that did not sign it: 77" tells 77 'is not trusted' look docker:https://127.0.0.1:2390 DOCKER_CERT_PATH="$work/unknown"
check "without any authority: 77" tells 77 'is not trusted' look docker:https://127.0.0.1:2390
check "plainly: 69, and it says TLS" tells 69 'speaks TLS on that port' look docker:tcp://127.0.0.1:2390
check "a folder without an authority is told" tells 65 "$work/none/ca.pem" look docker:https://127.0.0.1:2390 DOCKER_CERT_PATH="$work/none"
check "a port where nobody listens: 69" tells 69 'Connection refused' look docker:tcp://127.0.0.1:2399
check "and what the ports mean" grep -q '2376 is TLS' told

cat >secure.yaml <<Y
id: real-engines
location:
  docker: {host: "$secure", tlsVerify: true, certPath: "$work/good"}
services:
- {type: "docker:busybox:latest", id: one, command: "echo here it is; trap 'exit 0' TERM; sleep 1000 & wait"}
Y
docker save busybox:latest | to_secure docker -H "$secure" --tlsverify load >/dev/null
check "deploys there" berth deploy secure.yaml -y
check "again, changing nothing" json '.changed == false' berth deploy secure.yaml -y -o json
check "status, without a word of where" json '.state == "running"' env -u DOCKER_HOST "$BERTH" status real-engines -o json
check "logs" tells 0 'here it is' env -u DOCKER_HOST "$BERTH" logs real-engines
check "destroys" env -u DOCKER_HOST "$BERTH" destroy real-engines -y
stop_engine

# --- fronts ---------------------------------------------------------------------------------------------------------

{ printf 'id: real-engines\nlocation: docker\n'; sed -n '/^services/,$p' secure.yaml; } >around.yaml
behind() { env DOCKER_HOST=tcp://127.0.0.1:2385 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$work/good" "$@"; }
check "docker's variables lead through a front" behind "$BERTH" deploy around.yaml -y
check "to the engine behind it" same 1 "$(count running real-engines)"
>front.input
for i in 1 2 3; do echo "line $i" >>front.input; done
through() { env -u DOCKER_HOST "$BERTH" exec -i real-engines one -- sh -c 'cat; exit 7' <front.input >front.output; }
check "a command in there talks both ways" exits 7 through
check "and ends with its input" cmp front.input front.output
check "status finds back without them" json '.state == "running"' env -u DOCKER_HOST "$BERTH" status real-engines -o json
check "destroy too" env -u DOCKER_HOST "$BERTH" destroy real-engines -y
check "nothing is left" nothing_of real-engines

good=DOCKER_CERT_PATH=$work/good
check "TLS to a plain port: 69" tells 69 'does not speak it' look docker:https://127.0.0.1:2386 "$good"
check "a front that wants a client certificate: 77" tells 77 'wants a client certificate' look docker:https://127.0.0.1:2385 DOCKER_CERT_PATH="$work/nobody"
check "a certificate out of date: 77" tells 77 'has expired' look docker:https://127.0.0.1:2383 "$good"
check "a certificate of another name: 77" tells 77 'another host name' look docker:https://127.0.0.1:2384 "$good"
check "a web page: 69" tells 69 'web page .Welcome to nginx!' look docker:tcp://127.0.0.3:2380
check "a redirect: 69" tells 69 'sends us on to https://login.example/' look docker:tcp://127.0.0.3:2381
check "no answer: 69, unknown" wait "$unanswered"
check "a name nobody knows: 69" tells 69 'resolve' look docker:tcp://no-such-engine.invalid
check "no socket: 69" tells 69 'no socket.*/own/none.sock' look "docker:unix://$work/own/none.sock"
check "a folder: 69" tells 69 'not a socket' look "docker:unix://$work/own"
check "a machine by ssh that nobody knows: 69" tells 69 'resolve' look docker:ssh://somebody@no-such-engine.invalid
