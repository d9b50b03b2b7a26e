# listing.sh - what there is: instances, their marks and how they are, and the machine itself.
# show APP NAME: one instance; the marks, then how it is.
show() (
	at=$here/$1/$2
	[ -d "$at" ] || exit 0
	cd "$at" || exit 0
	if [ ! -f manifest ]; then
		! foreign || echo "@stranger $1 $2 $at"
		exit 0
	fi
	echo "@instance $1 $2"
	sed 's/^/:/' manifest
	state
	kept=dead left=0
	if [ -n "$state" ] && [ "$state" != stopped ]; then
		if alive "$keeper" "$keeper_began"; then
			kept=alive
		else
			state # what it wrote down last, perhaps since it was read; or another that came in its place
			! alive "$keeper" "$keeper_began" || kept=alive
		fi
		if [ $kept = dead ] && [ "$state" != stopped ]; then
			hunt
			for one in $found; do left=$((left + 1)); done
		fi
	fi
	[ ! -e stopping ] || [ $kept = dead ] || state=stopping
	echo "@state ${state:--} $kept $left $keeper $keeper_began $pid $pid_began $started $ended $exits $code $sig ${ran_in:--}"
)
# listing APP ("" : all). By whatever name it is reached, it is this boot, and the folder where all of ours lies.
listing() (
	machine
	! which=$(stat -c %d:%i "$here" 2>/dev/null) || [ "$boot" = - ] || echo "@self $boot:$which"
	! names_work || echo "@names"
	sed -n 's/^ *[0-9]*: \([0-9A-F]*:[0-9A-F]*\) [0-9A-F:]* 0A .*/@listens tcp \1/p' /proc/net/tcp /proc/net/tcp6 2>/dev/null
	sed -n 's/^ *[0-9]*: \([0-9A-F]*:[0-9A-F]*\) 0*:0000 .*/@listens udp \1/p' /proc/net/udp /proc/net/udp6 2>/dev/null
	cd "$here" || exit
	[ ! -f .host ] || tell_holder
	for folder in ${1:-*}; do
		[ -d "$folder" ] || continue
		echo "@app $folder"
		[ ! -f "$folder/.claim" ] || { echo "@claim $folder" && sed 's/^/:/' "$folder/.claim"; }
		[ ! -f "$folder/.lease" ] || { echo "@lease $folder $now" && sed 's/^/:/' "$folder/.lease"; }
		for instance in "$folder"/*; do
			[ ! -d "$instance" ] || show "$folder" "${instance##*/}"
		done
	done
)
# Which application has the whole machine, since when, and whose that is.
tell_holder() {
	read -r holder <.host && echo "@host $holder $(stat -c %Y .host 2>/dev/null)" || return
	[ ! -f "$holder/.claim" ] || sed 's/^/:/' "$holder/.claim"
}
# Its boot, its clock, and the address by which it was reached.
machine() {
	now_ms
	# shellcheck disable=SC2086
	set -- $SSH_CONNECTION
	echo "@machine $boot $now ${3:--}"
}
look() {
	machine
	show "$1" "$2"
}
facts() {
	# shellcheck disable=SC1091
	system=$( (. /etc/os-release && echo "$PRETTY_NAME") 2>/dev/null) || system=$(uname -s)
	echo "@system $system"
	echo "@kernel $(uname -s) $(uname -r) $(uname -m)"
	echo "@cpus $(grep -c '^processor' /proc/cpuinfo 2>/dev/null)"
	sed -n 's/^MemTotal: *\([0-9]*\) kB/@memory \1/p' /proc/meminfo 2>/dev/null
	echo "@user $(id -un) $(id -u)"
	! has_units || echo "@keeper systemd"
	id=
	read -r id 2>/dev/null </etc/machine-id
	echo "@id ${id:--}"
}
