# begin.sh - what berth has done on a machine: the keeper of a process there, and all that is asked about
# it, for any POSIX shell.
#
# It lies on the machine as berth/machine-DIGEST and is run once for each question:
#
#   sh machine-DIGEST                     reads calls of the functions below from its input and carries them out;
#                                         in braces, so that of what is cut short on its way nothing is
#   sh machine-DIGEST FUNCTION [WORD...]  carries out that one; its input is the function's
#
# What it answers are lines, the first word of each tells what it is; the last one of a whole answer, which whoever
# asks has it say, is "@end". What a machine calls an instance is a directory APP/COMPONENT.N below the one this file lies in:
#
#   manifest  marks, KEY=VALUE; values are percent-encoded     launch  a shell script: its variables and command
#   state     what its keeper wrote down last, one line        log     what it wrote
#   stopping  it is to end, and not to be started again        work    where it works; a link
#   names     lines of a hosts file, of those that it uses     hosts   the machine's with these before it; what it sees
#
# Linux is asked of by /proc alone. A process is its number and when it began, in this boot, so that a number that
# was used again is not mistaken for it.
umask 077
EXCLUSIVE='' HELPER=''
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
self=$here/${0##*/}
newline='
'

# --- small things -----------------------------------------------------------------------------

# Words for berth: what went wrong and of which kind (missing, conflict, denied, failed, full, busy, unsupported).
wrong() {
	printf '!%s %s\n' "$1" "$2"
	return 1
}
now_ms() {
	now=$(date +%s%3N)
	case $now in
	*[!0-9]*) now=$(date +%s)000 ;; # a `date` that knows no fractions
	esac
}
# Where `sleep` knows no fractions it is a second.
nap() {
	sleep "$1" 2>/dev/null || sleep 1
}
boot() {
	read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id || boot=-
}
# began PID: when that process began, in ticks; "" when there is none, or it is a zombie.
began() {
	began=
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	[ "$1" != Z ] && [ "$1" != X ] || return 1
	shift 19
	began=$1
}
# alive PID BEGAN
alive() {
	[ "${1:-0}" -gt 0 ] && began "$1" && [ "$began" = "$2" ]
}
# mark KEY: its value in ./manifest, in `value`.
mark() {
	value=
	while IFS= read -r line; do
		case $line in
		"$1="*)
			value=${line#*=}
			return 0
			;;
		esac
	done 2>/dev/null <manifest
	return 1
}
# unwritten FILE [KIND]: and what room its disk has.
unwritten() {
	room=$(df -Pk "${1%/*}" 2>/dev/null | { read -r _; read -r _ _ _ free _ on; echo "$free kB are free on $on"; })
	wrong "${2:-failed}" "cannot write to $1: $room"
}
# put FILE: its input becomes the file, whole or not at all.
put() {
	cat >"$1.half" && mv -f "$1.half" "$1"
}
# What its keeper wrote down last. Of another boot no process is left, whatever has its number now.
state() {
	state='' keeper=0 keeper_began=0 pid=0 pid_began=0 started=0 ended=0 exits=0 code=-1 sig=0 ran_in=''
	[ ! -f state ] || read -r state keeper keeper_began pid pid_began started ended exits code sig ran_in <state
	[ "$ran_in" = "$boot" ] || keeper=0 pid=0
}
# Where the disk is full it is written over what was there, which needs no room: only its first line counts.
note() {
	noted="$state $keeper $keeper_began $pid $pid_began $started $ended $exits $code $sig $ran_in"
	echo "$noted" >state.half && mv -f state.half state || { rm -f state.half; echo "$noted" 1<>state; }
}
# Something about the instance whose directory this is has changed: all who watch are told.
tell() {
	name=$(pwd -P)
	folder=${name%/*}
	for watcher in "$here"/.watch/*; do
		[ -p "$watcher" ] || continue
		if kill -0 "${watcher##*.}" 2>/dev/null; then
			echo "@changed ${folder##*/} ${name##*/} $*" 1<>"$watcher"
		else
			rm -f "$watcher"
		fi
	done
}

tell_end() {
	mark created
	tell end "$value" "$ended" "$code" "$sig"
}
