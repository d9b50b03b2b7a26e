#!/usr/bin/env bash
# Blueprints on a simulated fleet: the examples hold, one seed tells one story, nothing real is touched.
. "$(dirname "$0")/lib.sh"
examples=$root/examples/simulate
# No engine can be reached from here: a simulation asks none.
export DOCKER_HOST=unix:///nothing-here.sock
holds() { "$BERTH" simulate "$examples/shop.yaml" --scenario "$examples/$1.yaml" "${@:2}"; }
all_hold() {
	local one
	for one in "$examples"/*.yaml; do
		[ "$one" = "$examples/shop.yaml" ] || holds "$(basename "$one" .yaml)" || return 1
	done
}
same_twice() {
	holds engine-away --seed 7 >one && holds engine-away --seed 7 >two && cmp one two &&
		holds engine-away --seed 7 -o json >three && holds engine-away --seed 7 -o json >four && cmp three four
}
check "the examples hold" all_hold
check "one seed, one story" same_twice
# An hour of recorded numbers, and what an autoscaler makes of it.
check "a dry run plots the sizes over time" bash -c '"$1" simulate "$2/sized.yaml" --scenario "$2/load.yaml" --plot drawn.svg >plot && grep -q "^web, instances$" plot && grep -q "</svg>" drawn.svg' - "$BERTH" "$examples/autoscaler"
check "and has them in its document" bash -c '"$1" simulate "$2/sized.yaml" --scenario "$2/load.yaml" -o json | jq -e ".series.sizes[0].points | (map(.wanted) | max) == 8 and .[-1].wanted == 3"' - "$BERTH" "$examples/autoscaler"
printf 'behaviour:\n  web: {answersAfter: 10s}\nsteps: [deploy, {kill: web.1}]\nassert:\n- recovers: {within: 5s}\n' >late.yaml
cp "$examples/shop.yaml" .
check "what does not hold ends with 1" exits 1 "$BERTH" simulate shop.yaml --scenario late.yaml
again() { eval "$("$BERTH" simulate shop.yaml --scenario late.yaml | sed -n "s,^again: berth,\"$BERTH\",p")" | cmp - <("$BERTH" simulate shop.yaml --scenario late.yaml); }
check "the command that is printed plays it again" again
printf 'steps: [deploy]\nassert:\n- nevver: fewer than 1 web\n' >wrong.yaml
check "a wrong scenario ends with 65" exits 65 "$BERTH" simulate shop.yaml --scenario wrong.yaml
check "and says where, and what was meant" bash -c '"$1" simulate shop.yaml --scenario wrong.yaml 2>&1 | grep -q "wrong.yaml:3:3: error: an assertion has no key" &&
	"$1" simulate shop.yaml --scenario wrong.yaml 2>&1 | grep -q "did you mean .never."' - "$BERTH"
check "no store was made" [ ! -e "$XDG_STATE_HOME/berth" ]
check "its schema is printed" json '.properties.steps' "$BERTH" schema scenario -o json
