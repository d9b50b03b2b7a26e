# instance.sh - one instance: it is placed, started, stopped, renamed and removed, and its files are put in place.
# enter APP NAME: into its directory; 1 when there is none of ours.
enter() {
	cd "$here/$1/$2" 2>/dev/null && [ -f manifest ]
}
# What carries its mark and runs, in `found`, as "PID:BEGAN ...". Its keepers are not among them. A manifest that was
# lost with the machine's power tells no mark, and everybody's begins with none.
hunt() {
	mark incarnation
	found=
	[ -n "$value" ] || return 0
	for environ in $(grep -ls "BERTH_INCARNATION=$value" /proc/[0-9]*/environ 2>/dev/null); do
		one=${environ#/proc/}
		one=${one%/environ}
		[ "$one" != "$$" ] && began "$one" || continue
		found="$found $one:$began"
	done
}
strike() { # SIGNAL: all that was found
	for one in $found; do
		! alive "${one%:*}" "${one#*:}" || kill -s "$1" "${one%:*}" 2>/dev/null
	done
}
# Its keeper first, so that nothing is started again; then what it kept. In the directory of the instance.
end() { # GRACE_MS
	state
	: >stopping
	mark signal
	signal=${value:-TERM}
	left=$1
	if alive "$keeper" "$keeper_began"; then
		! alive "$pid" "$pid_began" || kill -s "$signal" "$pid" 2>/dev/null
		kill -s TERM "$keeper" 2>/dev/null
		while [ "$left" -gt 0 ] && alive "$keeper" "$keeper_began"; do
			nap 0.05
			left=$((left - 60))
		done
		if alive "$keeper" "$keeper_began"; then
			state
			if alive "$pid" "$pid_began"; then
				kill -s KILL "$pid" 2>/dev/null
				[ -z "$session" ] || kill -s KILL -- "-$pid" 2>/dev/null
			fi
			wait_for 3000
		fi
		! alive "$keeper" "$keeper_began" || kill -s KILL "$keeper" 2>/dev/null
	fi
	hunt
	[ -n "$found" ] || return 0
	strike "$signal"
	while [ "$left" -gt 0 ] && [ -n "$found" ]; do
		# Its own signal was for the command; who is left when that is gone knows TERM.
		if [ "$signal" != TERM ] && ! alive "$pid" "$pid_began"; then
			signal=TERM
			strike TERM
		fi
		nap 0.05
		left=$((left - 60))
		hunt
	done
	strike KILL
	nap 0.05
	hunt
	[ -z "$found" ]
}
wait_for() { # MS, for its keeper to have written the end down
	rest=$1
	while [ "$rest" -gt 0 ] && alive "$keeper" "$keeper_began"; do
		nap 0.05
		rest=$((rest - 60))
	done
}
is_kept() {
	state
	alive "$keeper" "$keeper_began"
}
foreign() { # whether something lies here that is none of ours
	for one in * .[!.]*; do
		case $one in
		'*' | '.[!.]*' | manifest* | launch* | state* | log* | times* | stopping | work | x.* | files* | names* | hosts | .*.berth) ;;
		*) return 0 ;;
		esac
	done
	return 1
}

# place APP NAME: with MANIFEST and LAUNCH, and a function `write_files` which puts its files in place.
place() (
	at=$here/$1/$2
	mkdir -p "$at" && cd "$at" || { wrong failed "cannot make $at"; exit; }
	if [ ! -f manifest ] && foreign; then
		wrong conflict "$at holds files that berth did not make"
		exit
	fi
	[ -z "$EXCLUSIVE" ] || hold_machine "$1" || exit
	[ -z "$HELPER" ] || has_helper || exit
	if [ -f manifest ]; then
		mark spec
		same=
		[ "$value" != "$(wanted spec)" ] || same=yes
		if [ $same ] && is_kept && [ ! -e stopping ]; then
			echo "@placed"
			exit
		fi
		end 0 || { wrong failed "what is there under its name cannot be ended"; exit; }
		if [ $same ]; then
			for key in created incarnation work; do
				mark $key
				MANIFEST=$(printf '%s\n' "$MANIFEST" | sed "s|^$key=.*|$key=$value|")
			done
		else
			forget
		fi
	fi
	# The manifest, which is the last of them, makes it an instance.
	printf '%s\n' "$LAUNCH" | put launch && make_work && put_files &&
		printf '%s\n' "$MANIFEST" | put manifest && echo "@placed" ||
		unwritten "$at/manifest"
)
# Whether the program HELPER lies here; where it does not but can run, it is asked for.
has_helper() {
	[ ! -x "$here/$HELPER" ] || return 0
	runs=$(uname -m)
	case $runs in
	x86_64) runs=amd64 ;; aarch64) runs=arm64 ;; i?86) runs=386 ;; armv*) runs=arm ;;
	esac
	if [ "linux/$runs" = "$PLATFORM" ]; then
		echo "@helper-wanted"
		return 1
	fi
	wrong unsupported "the machine runs programs for linux/$runs, and berth-helper is one for $PLATFORM"
}
# hold_machine APP: the whole machine is that one's, from now on.
hold_machine() {
	echo "$1" >"$here/.host.$$"
	ln "$here/.host.$$" "$here/.host" 2>/dev/null
	rm -f "$here/.host.$$"
	read -r holder <"$here/.host"
	[ "$holder" = "$1" ] || wrong conflict "the machine is held by $holder"
}
give_machine_back() {
	[ -f "$here/.host" ] && read -r holder <"$here/.host" && [ "$holder" = "$1" ] && rm -f "$here/.host"
}
wanted() { # KEY: of the manifest that it is to have
	printf '%s\n' "$MANIFEST" | sed -n "s/^$1=//p"
}
# Where it works lies beside, so that its path stays when it is renamed.
make_work() {
	place_of_work=$(wanted work)
	mkdir -p "$here/.work/$place_of_work" && { [ -h work ] || ln -s "$here/.work/$place_of_work" work; }
}
forget() {
	drop_unit
	mark work
	[ -z "$value" ] || rm -rf "${here:?}/.work/$value"
	rm -rf ./* ./.[!.]* 2>/dev/null
	return 0
}
# start APP NAME SPEC ("" : whichever it is) [PORT...]: "tcp:1F90", which nobody else may listen on; or
# "tcp:1F90:0100407F", at an address that is its own.
start() (
	enter "$1" "$2" || { wrong missing "$2 is not there"; exit; }
	mark spec
	[ -z "$3" ] || [ "$3" = "$value" ] || { wrong missing "$2 was made otherwise"; exit; }
	[ -f launch ] || { wrong missing "what $2 is to run is not there any more"; exit; }
	if is_kept; then
		[ -e stopping ] || { echo "@started"; exit; }
		end 0
	fi
	hunt
	[ -z "$found" ] || { strike KILL; nap 0.05; }
	shift 3
	for port; do
		! taken "$port" || { wrong conflict "port $number is in use on the machine"; exit; }
	done
	rm -f stopping
	state
	before=$keeper:$keeper_began
	if ! has_units || ! start_unit; then
		BERTH_INCARNATION='' $session sh "$self" keep "$(pwd -P)" </dev/null >/dev/null 2>&1 &
	fi
	# Until it has come up, so that who asks next sees it run.
	tries=200
	while [ $tries -gt 0 ]; do
		state
		[ "$keeper:$keeper_began" = "$before" ] || [ "$state" = starting ] || break
		nap 0.02
		tries=$((tries - 1))
	done
	if [ $tries -gt 0 ]; then echo "@started"; else wrong failed "its keeper did not come up"; fi
)
taken() { # PORT: by whoever listens there, or another one of ours that is to
	protocol=${1%%:*} port=${1#*:} address=
	case $port in *:*) address=${port#*:} port=${port%:*} ;; esac
	number=$(printf %d "0x$port")
	own=$(pwd -P)
	mark bind
	for manifest in $(grep -lse "^ports=.*=$number/$protocol\(@\|,\|\$\)" "$here"/*/*/manifest); do
		folder=${manifest%/manifest}
		[ "$folder" != "$own" ] && (cd "$folder" && meets "$value" && is_kept && [ ! -e stopping ]) && return 0
	done
	listens | if [ -n "$address" ]; then
		grep -q " $address:\| 0*:"
	else
		grep -qv " [0-9A-F]\{4\}[4-7][0-9A-F]7F:"
	fi
}
# Who listens at that number, where, as the kernel writes it.
listens() {
	case $protocol in
	udp) grep -hs "^ *[0-9]*: [0-9A-F]*:$port 0*:0000 " /proc/net/udp /proc/net/udp6 ;;
	*) grep -hs "^ *[0-9]*: [0-9A-F]*:$port [0-9A-F:]* 0A " /proc/net/tcp /proc/net/tcp6 ;;
	esac | sed 's/^ *[0-9]*: \([0-9A-F]*:\).*/ \1/'
}
# meets ADDRESS: whether the instance whose directory this is may be in the way of one there. A stand-in has an
# address to itself.
meets() {
	bound=$1
	mark bind
	case $bound in 127.0.0.1) ;; 127.*) [ "$value" = "$bound" ] && return 0 || return 1 ;; esac
	case $value in 127.0.0.1) ;; 127.*) return 1 ;; esac
	return 0
}
# stop APP NAME GRACE_MS (-1: its own)
stop() (
	[ -d "$here/$1/$2" ] || { echo "@stopped"; exit; }
	enter "$1" "$2" || { wrong conflict "$here/$1/$2 is none of berth's"; exit; }
	grace=$3
	[ "$grace" -ge 0 ] || { mark grace; grace=${value:-10000}; }
	if end "$grace"; then echo "@stopped"; else wrong failed "it cannot be ended"; fi
)
# remove APP NAME
remove() (
	at=$here/$1/$2
	[ -d "$at" ] || { echo "@removed"; exit; }
	cd "$at" || exit
	if [ ! -f manifest ] && foreign; then
		wrong conflict "$at holds files that berth did not make"
		exit
	fi
	if [ -f manifest ] && ! end 0; then
		wrong failed "it cannot be ended"
		exit
	fi
	[ ! -f files ] || take_away <files
	forget
	cd / && rmdir "$at" && echo "@removed" || wrong failed "cannot remove $at"
	set -- "$1" "$here/$1"/*
	[ -d "$2" ] || give_machine_back "$1"
	rmdir "$here/$1" 2>/dev/null
)
# rename APP FROM TO
rename() (
	if [ ! -d "$here/$1/$2" ] && enter "$1" "$3"; then
		echo "@renamed"
		exit
	fi
	enter "$1" "$2" || { wrong missing "$2 is not there"; exit; }
	[ ! -e "$here/$1/$3" ] || { wrong conflict "$3 is there already"; exit; }
	mv "$here/$1/$2" "$here/$1/$3" && echo "@renamed" || wrong failed "$2 cannot be renamed"
)
# signal APP NAME SIGNAL
signal() (
	enter "$1" "$2" || { wrong missing "$2 is not there"; exit; }
	state
	if [ "$state" = running ] && alive "$pid" "$pid_began" && kill -s "$3" "$pid"; then
		echo "@signalled"
	else
		wrong failed "$2 does not run"
	fi
)
# remark APP NAME KEY VALUE...: marks of what is there.
remark() (
	enter "$1" "$2" || { wrong missing "$2 is not there"; exit; }
	shift 2
	while [ $# -gt 1 ]; do
		{ grep -v "^$1=" manifest; printf '%s=%s\n' "$1" "$2"; } | put manifest ||
			{ unwritten "$(pwd -P)/manifest"; exit; }
		shift 2
	done
	echo "@marked"
)
# deliver APP NAME: with `write_files`.
deliver() (
	enter "$1" "$2" || { wrong missing "$2 is not there"; exit; }
	put_files && echo "@delivered" || wrong failed "its files cannot be written"
)
# Those that are wanted, and away with those that are wanted no more.
put_files() {
	put_names && : >files.new && write_files || return 1
	[ ! -f files ] || grep -vxF -f files.new files | take_away
	mv -f files.new files
}
# NAMES: lines of a hosts file. What runs with some has them changed under it.
put_names() {
	if [ -n "${NAMES:-}" ]; then printf '%s\n' "$NAMES" | put names; else rm -f names; fi || return 1
	[ ! -f hosts ] || write_hosts
}
take_away() {
	while IFS= read -r path; do
		case $path in
		/*) rm -f "$path" ;;
		*) rm -f "work/$path" ;;
		esac
	done
}
# file MODE OWNER PATH: its input becomes that file, whole or not at all; for `write_files`. A path that is not
# absolute begins where the instance works; there its user may do as he likes, so what is his is not followed out of
# it, and nothing is made there under a name before it is whole.
file() {
	case $3 in
	/*) target=$3 half=${3%/*}/.${3##*/}.berth ;;
	*) target=work/$3 half=.${3##*/}.berth ;;
	esac
	folder=${target%/*}
	[ "$folder" = "$target" ] || mkdir -p "${folder:-/}" || return 1
	if [ -e "$target" ] && [ ! -f "$target" ]; then
		wrong conflict "$3 is there already, and no file"
		return 1
	fi
	[ "$target" = "$3" ] || [ -z "$2" ] || stays "$folder" || {
		wrong conflict "$3 leads out of where it works"
		return 1
	}
	rm -f "$half"
	: >"$half" && chmod 600 "$half" && cat >"$half" && chmod "$1" "$half" && {
		[ -z "$2" ] || chown "$2" "$half"
	} && mv -f "$half" "$target" && printf '%s\n' "$3" >>files.new
}
# stays FOLDER: whether it is within where the instance works, wherever links lead.
stays() {
	case $(cd "$1" && pwd -P)/ in
	"$(cd work && pwd -P)"/*) ;;
	*) return 1 ;;
	esac
}
