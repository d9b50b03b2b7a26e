#!/usr/bin/env bash
# full.sh - a machine whose disk is full: a deploy is told so, and what is there can be removed.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - full: skipped, not root"
	exit 0
fi
uses real-full
. "$root/tests/real/machine.bash"
afterwards() {
	machine_ends 1
	umount "$work/m1.root" 2>/dev/null
}
machine 1 later
check "a machine with a small disk" mount -t tmpfs -o size=4m none "$work/m1.root"
check "comes up" machine_boots 1
running() { ip netns pids "m$$-1" 2>/dev/null | xargs -r ps -o args= -p | grep -c "$1"; }
deployed() { limit=120 berth deploy app.yaml -y; }
cat >app.yaml <<Y
id: real-full
location:
  ssh: {host: $(address 1), user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts}
services:
- {type: process, id: a, restart: always, command: exec sleep 9811}
- {type: software, id: b, launch.command: exec sleep 9812}
Y
check "a process and software are there" deployed
dd if=/dev/zero of="$work/m1.root/fill" bs=4k >/dev/null 2>&1
echo x >"$work/m1.root/more" 2>/dev/null
check "its disk is full" same 0 "$(df -k --output=avail "$work/m1.root" | tail -1 | tr -d ' ')"
sed -i 's/9811/9813/' app.yaml
check "a deploy is refused" fails berth deploy app.yaml -y
berth deploy app.yaml -y >said.out 2>&1
check "which says what room there is" grep -q 'cannot write to .* 0 kB are free' said.out
check "what runs goes on" same 1 "$(running 'sleep 9811')"
check "it can be destroyed" berth destroy real-full -y
check "nothing of it runs" same 0 "$(running 'sleep 981')"
check "nor is anything left but what was there" same fill "$(cd "$work/m1.root" && find . -path ./.berth/real-full -o -path ./fill | sed 's|./||')"
rm -f "$work"/m1.root/fill*
sed '/id: a/d; s/launch.command.*/install.command: dd if=\/dev\/zero of=hog bs=4k, launch.command: exec sleep 9814}/' app.yaml >hog.yaml
check "software that fills the disk fails" fails limit=120 berth deploy hog.yaml -y
limit=120 berth deploy hog.yaml -y >said.out 2>&1
check "which is told in its own words" grep -q 'No space left on device' said.out
check "and known to have ended" until_true 30 json '.components[0].instances[0] | (.state | IN("broken", "stopped")) and (.last_failure | contains("it ended"))' berth status real-full -o json
check "it can be destroyed, too" berth destroy real-full -y
check "with what it had filled the disk with" same "" "$(find "$work/m1.root" -name hog)"
dd if=/dev/zero of="$work/m1.root/fill" bs=4k >/dev/null 2>&1
echo x >"$work/m1.root/more" 2>/dev/null
mv "$work"/m1.root/.berth/machine-* "$work/m1.root/fill-script" 2>/dev/null
dd if=/dev/zero of="$work/m1.root/fill-more" bs=4k >/dev/null 2>&1
check "our script cannot be put there" fails berth deploy app.yaml -y
check "and no half of it is left" fails ls "$work"/m1.root/.berth/machine-*
rm -f "$work"/m1.root/fill*
check "when there is room it is there again" deployed
check "destroys it" berth destroy real-full -y
