#!/usr/bin/env bash
# What goes over the wire: a plan only reads, a deploy that has nothing to do asks one listing per kind of object.
. "$(dirname "$0")/lib.sh"
uses real-wire
sed 's/redis:3/redis:not-here/' "$root/examples/talk.yaml" >absent.yaml
cat >ten.yaml <<'Y'
id: real-wire
location: my-docker-cloud
services:
Y
for i in $(seq 10); do printf -- '- {type: "docker:busybox:latest", id: s%s, stopSignal: KILL, command: [sleep, "1000"]}\n' "$i" >>ten.yaml; done
seen() { # NAME: the requests of one command, apart
	"${@:2}" || return
	cp wire.log "$1.log"
	: >wire.log
}
# Of one kind of object there is one listing, and no object is asked by itself.
few() {
	requests >asked
	cat asked
	[ "$(grep -cE '^GET /(containers|networks|volumes|images)/json$|^GET /(networks|volumes)$' asked)" -le 4 ] || return 1
	[ -z "$(grep -E '^GET /(containers|networks|volumes|images)(/json)?$' asked | sort | uniq -d)" ] || return 1
	[ "$(grep -cE '^GET /containers/[^/]+/json$' asked)" = 0 ]
}

wire_start
check "plan of what is not there" berth plan absent.yaml --app real-wire "${to_wire[@]}"
check "only reads" only_reads
wire_stop

wire_start
check "dry-run deploy of what is not there" berth deploy absent.yaml --app real-wire "${to_wire[@]}" --dry-run -y
check "only reads too" only_reads
check "and leaves nothing" nothing_of real-wire
wire_stop

check "ten containers" deploy ten.yaml
wire_start
check "plan of what runs" berth plan ten.yaml "${to_wire[@]}"
check "only reads as well" only_reads
wire_stop
wire_start
check "a deploy with nothing to do" berth deploy ten.yaml "${to_wire[@]}" -y
check "changes nothing" only_reads
check "asks once a kind of object, not once a component" few
echo "# a no-op deploy of ten: $(grep -c . wire.log) requests: $(requests | sort | uniq -c | sort -rn | awk '{printf "%s%sx %s %s", s, $1, $2, $3; s=", "}')"
wire_stop
wire_start
check "status" berth status real-wire "${to_wire[@]}"
check "asks few too" few
wire_stop

# One of them is edited: its own calls and one listing of what runs and of the images, nothing about the others; the
# volumes and networks are listed again for the lease and the network of what is made.
sed -i '/id: s3,/s/}$/, env: {A: b}}/' ten.yaml
old=$(containers real-wire s3)
others=$(containers real-wire | grep -vxF "$old")
nothing_of_others() {
	local id
	cat asked
	for id in $others; do ! grep -F "${id:0:12}" wire.log || return 1; done
	for id in s1 s2 s4 s5 s6 s7 s8 s9 s10; do ! grep -F "real-wire.$id." wire.log || return 1; done
}
once_a_kind() {
	requests >asked
	cat asked
	[ -z "$(grep -E '^GET /(containers|images)/json$' asked | sort | uniq -d)" ] && [ "$(grep -cE '^GET /(volumes|networks)$' asked)" -le 6 ]
}
wire_start
check "an edit of one" berth deploy ten.yaml "${to_wire[@]}" -y
check "replaces it" fails same "$old" "$(containers real-wire s3)"
check "lists what runs once" once_a_kind
check "and nothing about the others" nothing_of_others
echo "# an edit of one of ten: $(grep -c . wire.log) requests: $(requests | sed -E 's,/[0-9a-f]{64},/ID,; s,real-wire[.a-z0-9-]*,NAME,' | sort | uniq -c | sort -rn | awk '{printf "%s%sx %s %s", s, $1, $2, $3; s=", "}')"
wire_stop
check "destroys" destroy real-wire
check "nothing is left" nothing_of real-wire
