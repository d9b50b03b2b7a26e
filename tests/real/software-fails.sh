#!/usr/bin/env bash
# software-fails.sh - software that does not come up: tried so often and no more, told with its own words, and what it left goes.
. "$(dirname "$0")/lib.sh"
uses real-fails real-fails-tomcat real-fails-other real-fails-slow real-fails-hangs real-fails-late real-fails-shared real-fails-number
stays=$work/cache # where what was installed is kept: nobody's but this run's
software() { # APP; the lines of the component come from the input
	cat <<-Y
	id: $1
	location: localhost
	services:
	- type: software
	  id: web
	  shell.env: {XDG_CACHE_HOME: $stays}
	Y
	sed 's/^/  /'
}
state_of() { berth status "$1" -o json | jq -r '.components[].instances[0].state'; }
often() { same "$1" "$(grep -c . "$2")"; } # NUMBER FILE
nobody() { same "" "$(grep -la "BERTH_APP=$1" /proc/[0-9]*/environ 2>/dev/null)"; }
installed() { find "$stays/berth/install" -mindepth 1 -maxdepth 1 | wc -l; }
quiet() { timeout 100 "$BERTH" deploy "$1" "${to_engine[@]}" -y >"$2" 2>&1; }

software real-fails >bad.yaml <<Y
install.command: |
  echo tried >>$work/tried
  echo what went wrong
  exit 3
launch.command: exec sleep 1000
Y
check "an installation that fails fails the deploy" fails quiet bad.yaml bad.said
check "with its own words" grep -q 'what went wrong' bad.said
given_up() { same stopped "$(state_of real-fails)"; }
check "it is given up" until_true 30 given_up
check "having been tried three times" often 3 tried
check "which the log tells" bash -c '"$@" | grep -q "install failed 3 times"' - "$BERTH" logs real-fails web
check "beside what it wrote" bash -c '"$@" | grep -q "what went wrong"' - "$BERTH" logs real-fails web
check "nothing half-made is left of it" same 0 "$(installed)"
check "a plan says that it is begun again" json '.changes[0].action == "start"' plan bad.yaml -o json
check "which a deploy does" fails quiet bad.yaml again.said
check "three times more" until_true 30 often 6 tried
sed -i 's/exit 3/true/' bad.yaml
check "mended, it comes up" deploy bad.yaml
check "destroys it" destroy real-fails

# A distribution that has the package and cannot be reached: half of it must not count as installed.
mkdir distribution
printf '#!/bin/sh\necho "  Candidate: 10.1.6"\n' >distribution/apt-cache
printf '#!/bin/sh\n[ "$1" != download ] || { echo no way to the archive >&2; exit 100; }\n' >distribution/apt-get
printf '#!/bin/sh\nshift\nexec "$@"\n' >distribution/sudo
chmod +x distribution/*
software real-fails-tomcat >tomcat.yaml <<Y
Y
sed -i "s|type: software|type: TomcatServer|; s|XDG_CACHE_HOME: |PATH: '$work/distribution:$PATH', &|" tomcat.yaml
check "a package that does not come fails the deploy" fails quiet tomcat.yaml tomcat.said
check "at its installation" grep -q 'the step install failed' tomcat.said
check "with the words of who did not bring it" grep -q 'no way to the archive' tomcat.said
check "nothing counts as installed" fails grep -q 'installed already' tomcat.said
check "destroys what never ran" destroy real-fails-tomcat

software real-fails-other >other.yaml <<Y
install.command: echo other
launch.command: exec sleep 1000
Y
check "other software is installed" deploy other.yaml
check "what nobody uses any more goes then" same 1 "$(find "$stays/berth/install" -mindepth 1 -maxdepth 1 -type d | wc -l)"
check "destroys that" destroy real-fails-other

# Neither a check nor a number: a launch that is at work is not what runs.
software real-fails-slow >slow.yaml <<Y
launch.command: |
  sleep 4
  busybox sleep 1000 &
  echo \$! >\$PID_FILE
  echo launched >$work/launched
Y
check "software that is long to launch" deploy slow.yaml
check "counts as running when that is done" test -e launched
check "destroys it, too" destroy real-fails-slow

software real-fails-late >late.yaml <<Y
restart: "no"
start.timeout: 3s
launch.command: |
  echo still at it
  sleep 1000
checkRunning.command: "false"
Y
began=$SECONDS
check "a launch in the foreground that does not come up" fails quiet late.yaml late.said
check "is given its start.timeout" test $((SECONDS - began)) -lt 30
check "and told of" grep -q 'does not run 3 seconds (start.timeout) after its launch' late.said
check "destroys what is left of it" destroy real-fails-late

software real-fails-hangs >hangs.yaml <<Y
restart: "no"
start.timeout: 1s
launch.command: exec sleep 1000
checkRunning.command: echo asked >>$work/asked; sleep 600
Y
began=$SECONDS
check "a check that hangs does not hang the deploy" fails quiet hangs.yaml hangs.said
check "for longer than it may take" test $((SECONDS - began)) -lt 60
check "which is told" grep -q 'took longer than 30 seconds' hangs.said
check "destroys that one" destroy real-fails-hangs
check "with what hung" until_true 20 nobody real-fails-hangs

cat >shared.yaml <<Y
id: real-fails-shared
location: localhost
services:
- {type: software, id: one, run.dir: $work/both, shell.env: {XDG_CACHE_HOME: $stays}, launch.command: exec sleep 1000}
- {type: software, id: two, run.dir: $work/both, shell.env: {XDG_CACHE_HOME: $stays}, launch.command: exec sleep 1001, dependsOn: [one]}
Y
check "two that say one run.dir" fails quiet shared.yaml shared.said
check "are told" grep -q 'another instance on this machine uses .*/both: give each a run.dir of its own' shared.said
check "the first one runs" pgrep -f 'sleep 1000'
check "the other one does not" fails pgrep -f 'sleep 1001'
check "destroys both" destroy real-fails-shared

# A number that is somebody else's by now.
software real-fails-number >number.yaml <<Y
launch.command: |
  nohup sleep 1000 >/dev/null 2>&1 &
  echo \$! >\$PID_FILE
  echo launched >>$work/numbers
Y
check "software with a number" deploy number.yaml
folder=$(readlink "/proc/$(cat "$(find "$XDG_STATE_HOME" -name pid.txt | head -1)")/cwd")
check "is known by more than that" grep -q "^$(cat "$folder/pid.txt") " "$folder/.berth/process"
echo "$(cat "$folder/pid.txt") 1" >"$folder/.berth/process"
check "one who has its number, and began at another time, is not it" until_true 40 often 2 numbers
check "destroys it in the end" destroy real-fails-number
