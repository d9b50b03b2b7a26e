#!/usr/bin/env bash
# Broken blueprints: each kind is refused with 65, the place and a sentence; nothing hangs on a hostile one.
. "$(dirname "$0")/lib.sh"
# refused WHAT LINE PATTERN, the blueprint on standard input
refused() {
	cat >broken.yaml
	check "$1" said_at "$2" "$3"
}
said_at() {
	local got=0
	limit=60 berth validate broken.yaml >told 2>&1 || got=$?
	cat told
	[ $got = 65 ] || { echo "exit $got, not 65"; return 1; }
	grep -E "^([^:]*/)?broken\.yaml:$1:[0-9]+: error: " told | grep -qiE "$2"
}
head='id: a
location: docker
services:'
refused "a misspelt key, with the right one" 5 'openPorts|openPort' <<Y
$head
- type: docker:x
  openPort: 1
Y
check "it is suggested" grep -qi 'did you mean' told
refused "a link to nobody" 6 'nope' <<Y
$head
- type: docker:x
  links:
  - \$brooklyn:component("nope")
Y
refused "a circle of links, by its path" '[45]' 'p.*q|q.*p' <<Y
$head
- {type: "docker:x", id: p, links: [\$brooklyn:component("q")]}
- {type: "docker:x", id: q, links: [\$brooklyn:component("p")]}
Y
refused "a tab" 4 'tab|character' <<Y
$head
	- type: docker:x
Y
refused "a key given twice" 6 'type' <<Y
$head
- type: docker:x
  id: b
  type: docker:y
Y
refused "a port out of range" 5 '70000' <<Y
$head
- type: docker:x
  openPorts: 70000
Y
refused "one id twice" 5 'p' <<Y
$head
- {type: "docker:x", id: p}
- {type: "docker:x", id: p}
Y
refused "an image's name that cannot be" 4 'UPPER|image' <<Y
$head
- type: "docker:UPPER//x:"
Y
refused "several instances on one host port" 4 'host port|instances' <<Y
$head
- {type: "docker:x", id: p, instances: 3, portBindings: {80: 80}}
Y
refused "one host port twice" '[45]' '80' <<Y
$head
- {type: "docker:x", id: p, portBindings: {80: 80}}
- {type: "docker:x", id: q, portBindings: {80: 81}}
Y
refused "a size of no unit" 5 'parsecs|memory' <<Y
$head
- type: docker:x
  memory: 12 parsecs
Y
refused "an unknown function" 6 'conponent' <<Y
$head
- type: docker:x
  env:
    K: \$brooklyn:conponent("x")
Y
refused "an unknown type" 4 'dokcer' <<Y
$head
- type: dokcer:x
Y
refused "an alias of nothing" 5 'nothing|alias|anchor' <<Y
$head
- type: docker:x
  env: *nothing
Y
refused "what is not there yet, by its name" 5 'latch.stop.*not supported yet' <<Y
$head
- type: software
  latch.stop: x
Y
printf '%s\n- type: docker:x\n  openPort: 1\n- type: docker:y\n  memry: 1\n' "$head" >broken.yaml
check "all errors of a file at once" bash -c '[ "$("$1" validate broken.yaml 2>&1 | grep -c ": error: ")" -ge 2 ]' - "$BERTH"
check "in JSON with their ranges" \
	json '.valid == false and .error_count >= 2 and (.diagnostics[0].range.start | .line == 5 and .column > 0)' \
	eval 'berth validate broken.yaml -o json || [ $? = 65 ]'
python3 - >bomb.yaml <<'P'
print("a: &a [x,x,x,x,x,x,x,x,x]")
for i in range(1, 12):
    print(f"{chr(97 + i)}: &{chr(97 + i)} [" + ",".join(["*" + chr(96 + i)] * 9) + "]")
P
quick() { (ulimit -t 3 && exits 65 berth validate "$1"); } # of the processor's time
check "a bomb of aliases" quick bomb.yaml
python3 -c 'print("a: " + "[" * 200000)' >deep.yaml
check "a pit of brackets" quick deep.yaml
head -c 100000 /dev/urandom >noise.yaml
check "noise" quick noise.yaml
: >empty.yaml
check "an empty file" quick empty.yaml
check "no file at all is not a crash" bash -c '"$1" validate absent.yaml; c=$?; [ $c -ge 64 ] && [ $c -le 66 ]' - "$BERTH"
# Minutes of work, of which it is told in its first second that it is to end.
{
	printf 'id: long\nlocation: fake\nservices:\n- {type: "docker:a", id: a, openPorts: ["1-1024"]}\n'
	for i in $(seq 40); do printf -- '- {type: "docker:a", id: b%s, instances: 1000, links: [$brooklyn:component("a")]}\n' "$i"; done
} >long.yaml
hears_term() {
	timeout --preserve-status -s TERM -k 20 1 "$BERTH" plan long.yaml >said 2>&1
	[ $? -ne 137 ] && grep -q "interrupted; nothing was changed" said
}
check "a plan that takes long hears that it is to end" hears_term
check "and that its time is over" exits 124 "$BERTH" plan long.yaml --timeout 1s
