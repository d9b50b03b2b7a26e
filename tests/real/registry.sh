#!/usr/bin/env bash
# Images of a private registry: logins as docker keeps them, trouble that passes and trouble that does not, tags that move.
. "$(dirname "$0")/lib.sh"
uses real-registry
PATH=$PATH:/usr/sbin:/sbin
for program in docker-registry openssl python3; do
	command -v $program >/dev/null || { echo "not ok - registry: there is no $program"; exit 1; }
done

registry=127.0.0.1:18443 front=127.0.0.1:18444
secret=hunter2:colon
mkdir -p bin config.docker blobs
export PATH=$work/bin:$PATH
repository=berth-real-registry

# --- a registry behind TLS and passwords, and one in front of it that is in trouble when it is told to be -----------------

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
python3 -W ignore -c 'import crypt, sys; print("ann:" + crypt.crypt(sys.argv[1], "$2y$05$" + "a" * 21 + "u"))' "$secret" >passwords
cat >registry.yaml <<Y
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/blobs}}
http: {addr: ":18443", tls: {certificate: $work/cert.pem, key: $work/key.pem}}
auth: {htpasswd: {realm: here, path: $work/passwords}}
Y
registry_up() {
	docker-registry serve registry.yaml >>registry.log 2>&1 &
	registry_pid=$!
	children+=($registry_pid)
	until_true 30 curl -sk -o answer "https://$registry/v2/"
}
registry_down() {
	kill $registry_pid
	wait $registry_pid 2>/dev/null
}
registry_up
todo() { echo "$*" >orders.new && mv orders.new orders; }
todo pass
: >front.log
python3 "$root/tests/support/registry_front.py" "${front#*:}" "$registry" orders front.log &
children+=($!)
until_true 30 curl -s -o answer "http://$front/v2/"

login() { # SERVER USER:PASSWORD
	printf '{"auths": {"%s": {"auth": "%s"}}}\n' "$1" "$(printf %s "$2" | base64 -w0)" >config.docker/config.json
}
logout() { echo '{}' >config.docker/config.json; }
# A helper by that name, which does what a script says.
helper() {
	printf '#!/bin/sh\n%s\n' "$2" >"bin/docker-credential-$1"
	chmod 755 "bin/docker-credential-$1"
}

# push TAG LABEL [MEGABYTES]: another image under that tag.
push() {
	local id
	rm -f filling
	head -c $((${3:-0} * 1000000)) /dev/urandom >filling
	id=$(docker create busybox:latest) &&
		docker cp filling "$id:/filling" >/dev/null &&
		docker commit --change "LABEL which=$2" "$id" "$registry/$repository:$1" >/dev/null &&
		docker rm "$id" >/dev/null &&
		login "$registry" "ann:$secret" &&
		docker push -q "$registry/$repository:$1" >/dev/null &&
		docker rmi "$registry/$repository:$1" >/dev/null
	logout
}
# Not one of its tags is left here, nor a layer of it.
forget_images() {
	local ids
	ids=$(docker images -q --filter "reference=127.0.0.1:*/$repository" | sort -u)
	# One word an id.
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker rmi -f $ids >/dev/null
} 2>/dev/null # docker complains of each config.json it cannot read
check "an image is pushed" push 1 one 6
check "another one" push small small

blueprint() { # SERVICES
	printf 'id: real-registry\nlocation: my-docker-cloud\nservices:\n' >it.yaml
	printf -- '- {type: "docker:%s", id: %s, stopSignal: KILL, command: [sleep, "1000"]%s}\n' "$@" >>it.yaml
}
tells() { # CODE PATTERN COMMAND...: the exit, and what it prints
	local want=$1 pattern=$2 got=0
	shift 2
	"$@" >told 2>&1 || got=$?
	cat told
	[ "$got" = "$want" ] || { echo "exit $got, not $want"; return 1; }
	grep -qE -e "$pattern" told || { echo "nothing said of: $pattern"; return 1; }
}
quick() { [ $((SECONDS - since)) -lt "$1" ] || { echo "it took $((SECONDS - since)) s"; return 1; }; }
again() {
	forget real-registry 2>/dev/null # at once, where a destroy would wait for each to end
	forget_images
	: >front.log
	since=$SECONDS
}
has_no_secret() { ! grep -rqF -e "$secret" -e "$(printf %s "ann:$secret" | base64 -w0)" told "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"; }

# --- logins ------------------------------------------------------------------------------------------------------------

logout
again
blueprint "$registry/$repository:small" one ""
check "without a login it is refused, with the remedy" tells 1 "docker login $registry" deploy it.yaml
check "at once" quick 15
check "nothing was made" same "" "$(containers real-registry)"
again
blueprint "$front/$repository:small" one ""
check "and in the registry's own words" tells 1 'no basic auth credentials' deploy it.yaml
check "with the remedy too" grep -q "docker login $front" told

again
blueprint "$registry/$repository:small" one ""
login "$registry" "ann:wrong-$secret"
check "a wrong password is refused" tells 1 'unauthorized' deploy it.yaml
check "naming where it is from" grep -q 'config.docker/config.json' told
check "at once as well" quick 15
check "and it is shown and kept nowhere" has_no_secret

again
login "https://$registry/v1/" "ann:$secret"
check "with the login of config.json it is pulled" deploy it.yaml
check "the password is kept nowhere" has_no_secret
again
helper test "read -r server; echo \"\$1 \$server\" >>asked; echo '{\"Username\":\"ann\",\"Secret\":\"$secret\"}'"
printf '{"credHelpers": {"%s": "test"}}' "$registry" >config.docker/config.json
check "with a helper's login too" deploy it.yaml
check "which was asked as docker asks" same "get $registry" "$(cat asked)"
again
helper test 'echo "the keychain is locked"; exit 1'
check "a failing helper is told in its own words" tells 1 'docker-credential-test: the keychain is locked' deploy it.yaml
helper test 'echo "credentials not found in native keychain"; exit 1'
check "one that knows none is not" tells 1 "docker login $registry" deploy it.yaml
check "in no way" fails grep -q 'no login could be had' told
printf '{"auths": {\n"%s": {"auth" "%s"}}}' "$registry" "$(printf %s "ann:$secret" | base64 -w0)" >config.docker/config.json
check "a damaged config.json is told with its line" tells 1 'config.docker/config.json:2: not valid JSON' deploy it.yaml
check "and without what it holds" has_no_secret
again
printf '{"auths":' >config.docker/config.json
blueprint busybox:latest one ""
check "but only by who needs it" deploy it.yaml

again
login "$front" "ann:$secret"
blueprint "$front/$repository:small" one ""
todo token ann "$secret" an-identity-token
printf '{"auths": {"%s": {"identitytoken": "an-identity-token"}}}' "$front" >config.docker/config.json
check "an identity token is a login as well" deploy it.yaml
check "and was exchanged" grep -q '^POST /token 200' front.log
todo pass

# What the registry hears is what it hears from the docker program.
heard() { grep -oE 'Basic .*' front.log | sort -u; }
as_docker() { # CONFIG
	printf '%s' "$1" >config.docker/config.json
	again
	docker pull -q "$front/$repository:small" >/dev/null 2>&1
	heard >by-docker
	again
	deploy it.yaml >/dev/null 2>&1
	heard >by-berth
	diff by-docker by-berth && [ "$(wc -l <by-berth)" = "$2" ]
}
auth=$(printf %s "ann:$secret" | base64 -w0)
helper test 'cat >/dev/null; echo "{\"Username\":\"ann\",\"Secret\":\"of a helper\"}"'
check "as docker: a host" as_docker "{\"auths\": {\"$front\": {\"auth\": \"$auth\"}}}" 1
check "as docker: a host with its scheme and path" as_docker "{\"auths\": {\"http://$front/v2/\": {\"auth\": \"$auth\"}}}" 1
check "as docker: another port" as_docker "{\"auths\": {\"127.0.0.1:1\": {\"auth\": \"$auth\"}, \"127.0.0.1\": {\"auth\": \"$auth\"}}}" 0
check "as docker: plain members" as_docker "{\"auths\": {\"$front\": {\"username\": \"ann\", \"password\": \"$secret\"}}}" 1
check "as docker: a helper before an entry" as_docker "{\"credsStore\": \"test\", \"auths\": {\"$front\": {\"auth\": \"$auth\"}}}" 1
check "as docker: an entry in a failing helper's stead" as_docker "{\"credsStore\": \"no-such\", \"auths\": {\"$front\": {\"auth\": \"$auth\"}}}" 1
check "as docker: no helper for this one" as_docker "{\"credsStore\": \"test\", \"credHelpers\": {\"$front\": \"\"}, \"auths\": {\"$front\": {\"auth\": \"$auth\"}}}" 1

# --- what is not there, and what cannot be reached ----------------------------------------------------------------------

again
login "$front" "ann:$secret"
blueprint "$front/$repository:none" one ""
check "a missing tag is told in the registry's words" tells 1 'manifest unknown' deploy it.yaml
check "asked for once" same 1 "$(grep -c "HEAD /v2/$repository/manifests/none" front.log)"
again
blueprint "198.18.0.1:${registry#*:}/$repository:small" one ""
check "a certificate nobody knows is told, with the remedy" tells 1 '/etc/docker/certs.d/198.18.0.1:18443' deploy it.yaml
check "at once, too" quick 15

again
blueprint "$front/$repository:small" one ""
todo fail 500 2
check "what passes is tried again" deploy it.yaml
check "as often as it takes" same 2 "$(grep -c ' 500 ' front.log)"
again
todo fail 503 1000
check "what does not pass is given up" tells 1 '503 Service Unavailable.*tried [0-9]+ times in [3-5][0-9] s' deploy it.yaml
check "within half a minute and a bit" quick 75
todo pass

again
login "$registry" "ann:$secret"
blueprint "$registry/$repository:small" one ""
registry_down
deploy it.yaml --progress plain >told 2>&1 &
deploying=$!
check "a registry that is down is said to be" until_true 60 grep -q 'connection refused; again in' told
registry_up
check "and used when it comes back" wait $deploying

# --- big ones ------------------------------------------------------------------------------------------------------------

again
login "$front" "ann:$secret"
blueprint "$front/$repository:1" one ""
todo cut 1
deploy it.yaml --progress plain >told 2>&1
check "a layer that breaks off is fetched to its end" same 1 "$(count running real-registry)"
check "which is told meanwhile" grep -qE 'broke off, retrying in [0-9] second' told

again
todo drip 200000
env --default-signal=INT "$BERTH" deploy it.yaml "${to_engine[@]}" -y --progress plain >told 2>&1 &
deploying=$!
check "a slow one shows how far it is" until_true 60 grep -qE 'pulling .*: [1-9][0-9]* of 7 MB' told
since=$SECONDS
kill -INT $deploying
check "interrupted it ends with 130" exits 130 wait $deploying
# All of it takes 35 s.
check "soon" quick 15
check "without a container" same "" "$(containers real-registry)"
check "and without the image" same "" "$(docker images -q "$front/$repository")"
no_part() { same "" "$(find "${engine_socket%/*}/data/tmp" -name 'GetImageBlob*' 2>/dev/null)"; }
check "or a part of it" until_true 30 no_part
check "--timeout ends it as well" exits 124 deploy it.yaml --timeout 3s
todo pass
check "the next deploy goes on" deploy it.yaml

again
printf '{"credsStore": "test"}' >config.docker/config.json
asleep=$((100000 + $$))
helper test "exec sleep $asleep"
env --default-signal=INT "$BERTH" deploy it.yaml "${to_engine[@]}" -y --progress plain >told 2>&1 &
deploying=$!
check "a hanging helper is told" until_true 60 grep -q 'asking docker-credential-test for the login' told
kill -INT $deploying
check "and ends with the deploy" exits 130 wait $deploying
asleep() { pgrep -f "^sleep $asleep$" >/dev/null; }
check "without a trace" until_true 30 fails asleep

login "$front" "ann:$secret"
again
wire_start
blueprint "$front/$repository:1" one "" "$front/$repository:1" two "" "$front/$repository:1" three ""
check "three of one image" berth deploy it.yaml "${to_wire[@]}" -y
check "share one pull" same 1 "$(grep -c '^POST [^ ]*/images/create' wire.log)"
wire_stop

# --- tags that move --------------------------------------------------------------------------------------------------------

id_of() { docker ps -aq --no-trunc --filter "label=berth.app=real-registry" --filter "label=berth.component=$1"; }
which_of() { docker inspect -f '{{index .Config.Labels "which"}}' "$(id_of "$1")"; }
again
push calm first
push eager first
login "$front" "ann:$secret"
blueprint "$front/$repository:calm" calm "" "$front/$repository:eager" eager ", pull: always"
check "one that takes what is here, one that always asks" deploy it.yaml
check "are made of what the registry has" same "first first" "$(which_of calm) $(which_of eager)"
calm=$(id_of calm) eager=$(id_of eager)
: >front.log
wire_start
check "a deploy with nothing to do" berth deploy it.yaml "${to_wire[@]}" -y
check "changes nothing" only_reads
wire_stop
check "and asks for one tag" same "/v2/$repository/manifests/eager" "$(grep -oE '/v2/.*/manifests/[a-z]+ ' front.log | sort -u | tr -d ' ')"
sed 's/, pull: always//' it.yaml >missing.yaml
: >front.log
check "a plan of those who take what is here" plan missing.yaml
check "asks nobody" same "" "$(cat front.log)"
push calm second
push eager second
login "$front" "ann:$secret"
check "a tag that moved is planned" json '.changes[] | select(.component == "eager") | .action == "replace" and any(.because[]; .path == "image")' plan it.yaml -o json
check "for the one that follows it" json '.changes[] | select(.component == "calm") | .action == "unchanged"' plan it.yaml -o json
check "which leaves the image as it was" same first "$(docker inspect -f '{{index .Config.Labels "which"}}' "$front/$repository:eager")"
check "and deployed" deploy it.yaml
check "as the registry has it" same "first second" "$(which_of calm) $(which_of eager)"
check "the other one as it was" kept "$calm" "$(id_of calm)"
check "settled" json 'all(.changes[]; .action == "unchanged")' plan it.yaml -o json
todo fail 503 1000
check "a registry in trouble is a warning where nothing is to be made" tells 0 '503 Service Unavailable' deploy it.yaml
todo pass
logout
check "so is a login that is gone" tells 0 "docker login $front" deploy it.yaml
login "$front" "ann:$secret"
blueprint "$front/$repository:none" calm ""
check "an update whose image is not there fails" tells 1 'manifest unknown' deploy it.yaml
check "and leaves the old one as it was" kept "$calm" "$(running real-registry calm)"
check "destroys" destroy real-registry
forget_images
