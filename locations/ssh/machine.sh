# machine.sh - what berth has done on a machine: the keeper of a process there, and all that is asked about
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

# --- the keeper ----------------------------------------------------------------------------------

# keep DIRECTORY: the keeper of the instance there, until that is to run no more.
keep() {
	cd "$1" || exit 1
	mark signal
	signal=${value:-TERM} leaving=
	trap '' HUP
	trap 'asked=1' TERM
	# The machine goes down: what runs is ended, and runs again with the next boot.
	trap 'asked=1 leaving=1; ! alive "$pid" "$pid_began" || kill -s "$signal" "$pid"' USR2
	state
	ran_in=$boot keeper=$$ pause=0.1
	began $$
	keeper_began=$began
	# Whom nobody would find again starts nothing.
	state=starting pid=0 pid_began=0
	note || exit 1
	asked=
	while :; do
		run
		[ -z "$leaving" ] || exit 0
		[ ! -e stopping ] || break
		mark restart
		case $value in
		no) break ;;
		on-failure) [ "$code" != 0 ] || break ;;
		esac
		now_ms
		[ $((now - started)) -lt 10000 ] || pause=0.1
		state=restarting pid=0 pid_began=0
		note
		tell_end
		rest "$pause"
		[ -z "$leaving" ] || exit 0
		[ ! -e stopping ] || break
		case $pause in
		0.1) pause=0.2 ;; 0.2) pause=0.4 ;; 0.4) pause=0.8 ;; 0.8) pause=2 ;; 2) pause=4 ;; 4) pause=8 ;;
		8) pause=15 ;; 15) pause=30 ;; *) pause=60 ;;
		esac
	done
	state=stopped pid=0 pid_began=0
	note
	tell_end
}
rest() {
	asked=
	nap "$1" &
	wait $!
	[ -z "$asked" ] || kill $! 2>/dev/null
}
# Once, to its end; what is left of it then is ended too.
run() {
	trim_log
	true >>log
	(
		trap - TERM HUP USR2
		work=$(readlink work)
		# Sets its variables, "$directory", "$as", and its words.
		# shellcheck disable=SC1091
		. ./launch
		hand_over
		become "$@"
	) </dev/null >>log 2>&1 &
	pid=$!
	began $pid
	pid_began=$began
	now_ms
	started=$now state=running code=-1 sig=0
	note
	tell start
	time_log "$now"
	clock &
	while :; do
		asked=
		wait $pid
		code=$?
		[ -n "$asked" ] && alive $pid "$pid_began" || break
	done
	now_ms
	ended=$now exits=$((exits + 1))
	time_log "$now"
	if [ "$code" -gt 128 ] && [ "$code" -le 192 ]; then
		sig=$((code - 128)) code=-1
	fi
	[ -z "$session" ] || kill -s KILL -- "-$pid" 2>/dev/null
}
# What it works in is whose it runs as.
hand_over() {
	case $directory in
	"$here"/.work/*) [ -z "$as" ] || { chmod 711 "$here" "$here/.work" && chown "$as" "$directory"; } ;;
	esac
}
# become WORD...: the command itself, where and as whom it is to run, and with which names.
become() {
	if [ -n "$as" ] && [ "$as" != "$(id -un)" ] && [ "$as" != "$(id -u)" ]; then
		set -- su -s /bin/sh -- "${as%%:*}" -c 'cd "$0" && exec "$@"
			echo "its user cannot work in $0: give the location a directory that this user may enter" >&2
			exit 126' "$directory" "$@"
	else
		set -- sh -c 'cd "$0" && exec "$@"' "$directory" "$@"
	fi
	if [ -f names ] && names_work && write_hosts; then
		set -- unshare -m --propagation slave sh -c 'mount --bind "$0" /etc/hosts; exec "$@"' "$(pwd -P)/hosts" "$@"
	fi
	exec $session "$@"
}
# Whether a process can have a hosts file of its own here, by which names are then looked up: tried with the file
# that this is, two lines of which are of that kind; without the second one a server of names would be asked as well,
# which may take long to say nothing.
names_work() {
	[ "$(id -u)" = 0 ] && unshare -m --propagation slave sh -c 'mount --bind "$0" /etc/hosts &&
		{ ! command -v getent || getent hosts names.berth.test | grep -qF -e 192.0.2.1 -e 2001:db8::1; }' "$self"
} </dev/null >/dev/null 2>&1
: '
192.0.2.1 names.berth.test
2001:db8::1 names.berth.test
'
# Into the same file, since whoever runs has just that one; and never shorter than it was, so that nobody who reads
# meanwhile finds it empty.
write_hosts() {
	text=$(cat names /etc/hosts 2>/dev/null)
	had=0 pad=0
	[ ! -f hosts ] || had=$(wc -c <hosts)
	new=$(printf '%s\n' "$text" | wc -c)
	[ "$had" -le "$new" ] || pad=$((had - new - 1))
	printf '%s\n%*s\n' "$text" "$pad" '' 1<>hosts && chmod 644 hosts
}
# It keeps what it has open, so that what is there goes on writing into it.
trim_log() {
	[ -f log ] || return 0
	size=$(wc -c <log)
	[ "$size" -le 10485760 ] || { cp log log.1 && : >log && mv -f times times.1; }
}
# time_log MS: how long the log is now. Lines have no times of their own, so this is how they are told.
time_log() {
	log_size && echo "$1 $size" >>times
}
log_size() {
	size=$(wc -c <log) && size=$((size))
} 2>/dev/null
# As long as it runs, once in a second in which it wrote something. Of many marks the old ones get fewer.
clock() {
	last=-1
	while alive "$pid" "$pid_began"; do
		if log_size && [ "$size" != "$last" ]; then
			now_ms
			time_log "$now"
			last=$size
			[ "$(wc -c <times)" -lt 65536 ] || { sed -n 'n;p' times | put times; }
		fi
		nap 1
	done
}
boot
session=
command -v setsid >/dev/null 2>&1 && session=setsid

# --- systemd, where it is ------------------------------------------------------------------------------

# A keeper is a service then: it is there again after it was killed, and after a boot of the machine.
units=/etc/systemd/system
has_units() {
	[ -d /run/systemd/system ] && [ -w "$units" ] && [ "$(id -u)" = 0 ] && command -v systemctl >/dev/null 2>&1
}
# Of the instance whose directory this is; by what stays when it is renamed.
unit() {
	mark incarnation
	incarnation=$value unit=berth-$value.service
}
quoted() {
	printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/%/%%/g')"
}
unit_text() { # RESTART
	name=$(pwd -P)
	echo "# Made by berth, and goes with what it keeps: ${name#"$here"/}"
	printf '%s\n' '[Unit]' "Description=berth: what keeps ${name#"$here"/}" 'After=network.target' 'StartLimitIntervalSec=0'
	printf '%s\n' '[Service]' 'Type=exec' "ExecStart=/bin/sh $(quoted "$self" | sed 's/\$/$$/g') keep_unit $incarnation"
	printf '%s\n' "Restart=$1" 'RestartSec=1s' 'KillMode=mixed' 'KillSignal=SIGUSR2' 'TasksMax=infinity' 'OOMPolicy=continue'
	mark grace
	echo "TimeoutStopSec=$((${value:-10000} / 1000 + 5))"
	for name in HOME PATH USER LOGNAME SHELL LANG; do
		eval "value=\${$name:-}"
		[ -z "$value" ] || echo "Environment=$(quoted "$name=$value")"
	done
	printf '%s\n' '[Install]' 'WantedBy=multi-user.target'
}
start_unit() {
	unit
	mark restart
	case $value in
	no) again=no enable='daemon-reload' ;;
	*) again=on-failure enable="enable $unit" ;;
	esac
	: >state.again
	# The words of one command.
	# shellcheck disable=SC2086
	unit_text "$again" | put "$units/$unit" && systemctl $enable && systemctl start "$unit" || {
		drop_unit
		return 1
	}
} >/dev/null 2>&1
drop_unit() {
	unit
	[ -f "$units/$unit" ] || return 0
	systemctl disable "$unit"
	rm -f "$units/$unit"
	systemctl daemon-reload
	return 0
} >/dev/null 2>&1
# keep_unit INCARNATION: what such a service runs. What ended by itself, or was stopped, is not to run because of a boot.
keep_unit() {
	for manifest in $(grep -lxs "incarnation=$1" "$here"/*/*/manifest); do
		cd "${manifest%/manifest}" || exit 0
		state
		[ ! -e stopping ] && { [ -e state.again ] || [ "$state" != stopped ]; } || exit 0
		rm -f state.again
		keep "$(pwd -P)"
	done
}

# --- one instance ----------------------------------------------------------------------------------

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

# --- what there is -----------------------------------------------------------------------------------

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

# --- whose it is ---------------------------------------------------------------------------------------

# A turn of its own for one of those below: `exclusive APP FUNCTION...`. One that its holder left is taken
# away; a directory is the lock, whose making has one winner.
exclusive() {
	mkdir -p "$here/$1" || { wrong failed "cannot make $here/$1"; return; }
	lock=$here/$1/.lock
	began $$
	tries=200
	until ln -s "$$:$began:$boot" "$lock" 2>/dev/null; do
		holder=$(readlink "$lock" 2>/dev/null)
		process=${holder%:*}
		if [ -n "$holder" ] && ! { [ "${holder##*:}" = "$boot" ] && alive "${process%:*}" "${process#*:}"; }; then
			# Only one of those who see that it was left moves it away; a living one's is put back.
			if mv "$lock" "$lock.$$" 2>/dev/null; then
				moved=$(readlink "$lock.$$")
				[ "$moved" = "$holder" ] || ln -s "$moved" "$lock"
				rm -f "$lock.$$"
			fi
			began $$
			continue
		fi
		began $$
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { wrong busy "another berth is busy with $1 on this machine"; return; }
		nap 0.05
		mkdir -p "$here/$1" # its last one may have taken it away
	done
	shift
	"$@"
	rm -f "$lock"
}
# claim APP ADOPT: with CLAIM, three lines: who, in words, from where.
claim() {
	exclusive "$1" claim_now "$1" "$2"
}
claim_now() {
	at=$here/$1/.claim
	held=
	[ ! -f "$at" ] || IFS= read -r held <"$at"
	mine=${CLAIM%%"$newline"*}
	if [ -n "$held" ] && [ "$held" != "$mine" ] && [ "$2" != yes ]; then
		echo "@claim $1"
		sed 's/^/:/' "$at"
		return
	fi
	printf '%s\n' "$CLAIM" >"$at.half" && mv -f "$at.half" "$at" || { unwritten "$at"; return; }
	echo "@claim $1"
	sed 's/^/:/' "$at"
}
prepare() {
	if mkdir -p "$here/$1"; then echo "@prepared"; else wrong failed "cannot make $here/$1"; fi
}
# What is left of an application of which nothing is there any more.
release() {
	rmdir "$here/$1" 2>/dev/null
	echo "@released"
}
disclaim() {
	if [ -d "$here/$1" ]; then exclusive "$1" rm -f "$here/$1/.claim"; fi
	rmdir "$here/$1" 2>/dev/null
	echo "@disclaimed"
}
# lease APP TTL_MS: with TOKEN and WORDS. It ends by this machine's uptime; one of another boot is over.
lease() {
	exclusive "$1" lease_now "$1" "$2"
}
uptime_ms() {
	up=0
	read -r up rest 2>/dev/null </proc/uptime
	up=${up%.*}${up#*.}0
	up=${up#"${up%%[!0]*}"}
	up=${up:-0}
}
lease_now() {
	at=$here/$1/.lease
	uptime_ms
	if [ -f "$at" ]; then
		{ IFS= read -r token && IFS= read -r words && read -r in_boot until whole; } <"$at"
		if [ "$token" != "$TOKEN" ] && [ "$in_boot" = "$boot" ] && [ $((until - up)) -gt 0 ] &&
			[ $((until - up)) -le "$whole" ]; then
			printf '@leased %s\n:%s\n:%s\n' $((until - up)) "$token" "$words"
			return
		fi
	fi
	printf '%s\n%s\n%s %s %s\n' "$TOKEN" "$WORDS" "$boot" $((up + $2)) "$2" >"$at.half" && mv -f "$at.half" "$at" ||
		{ rm -f "$at.half"; unwritten "$at" full; return; }
	printf '@leased %s\n:%s\n:%s\n' "$2" "$TOKEN" "$WORDS"
}
# tidy APP: the lease of that TOKEN is given back, and what is empty then goes.
tidy() {
	if [ -f "$here/$1/.lease" ]; then exclusive "$1" tidy_now "$1"; fi
	rmdir "$here/$1" 2>/dev/null
	echo "@tidied"
}
tidy_now() {
	at=$here/$1/.lease
	token=
	[ ! -f "$at" ] || IFS= read -r token <"$at"
	[ "$token" != "$TOKEN" ] || rm -f "$at"
}

# --- what is asked of one that runs ----------------------------------------------------------------------

# ready APP NAME WORD: with EXEC, a script that sets variables and the command; `run_in` of that word does it.
ready() (
	enter "$1" "$2" || { wrong missing "$2 is not there"; exit; }
	state
	[ "$state" = running ] && alive "$pid" "$pid_began" && [ ! -e stopping ] || { wrong failed "$2 does not run"; exit; }
	printf '%s' "$EXEC" >"x.$3" && echo "@ready" || unwritten "$(pwd -P)/x.$3"
)
# usage APP NAME: what its processes use: ticks of CPUs, pages, how many they are; then how long a tick and a page is.
usage() (
	enter "$1" "$2" || { wrong missing "$2 is not there"; exit; }
	hunt
	[ -n "$found" ] || { wrong failed "$2 does not run"; exit; }
	ticks=0 pages=0 count=0
	for one in $found; do
		{ read -r stat <"/proc/${one%:*}/stat"; } 2>/dev/null || continue
		# shellcheck disable=SC2086
		set -- ${stat##*) }
		shift 11
		ticks=$((ticks + $1 + $2))
		shift 10
		pages=$((pages + $1)) count=$((count + 1))
	done
	now_ms
	echo "@usage $ticks $pages $count $(getconf CLK_TCK 2>/dev/null || echo 100) $(getconf PAGESIZE 2>/dev/null || echo 4096) $now"
)
# runs APP NAME
runs() (
	enter "$1" "$2" || { wrong missing "$2 is not there"; exit; }
	state
	[ "$state" = running ] && alive "$pid" "$pid_began" && [ ! -e stopping ] && echo "@runs" ||
		wrong failed "$2 does not run"
)
# run_in APP NAME WORD: the input is the command's, and so is what comes behind the line "@run WORD".
run_in() {
	enter "$1" "$2" || exit 125
	word=$3
	work=$(readlink work)
	# shellcheck disable=SC1091
	. ./launch
	# shellcheck disable=SC1090
	. "./x.$word"
	rm -f "x.$word"
	# What a login shell had to say is before this line; on a terminal both go the same way.
	echo "@run $word"
	[ -t 1 ] || echo "@run $word" >&2
	session=
	become "$@"
}
# How much of a log was written before $since, by its marks.
written_before() { # TIMES
	from=0
	while read -r at size; do
		[ "$at" -lt "$since" ] || break
		from=$size
	done 2>/dev/null <"$1"
}
# rest_of LOG: from its first whole line after $from on.
rest_of() {
	if [ "$from" = 0 ] || [ -z "$(tail -c "+$from" "$1" | head -c 1 | tr -d '\n')" ]; then
		tail -c "+$((from + 1))" "$1"
	else
		tail -c "+$((from + 1))" "$1" | tail -n +2
	fi
}
# logs_since AGO_MS LINES FOLLOW: what was written since then.
logs_since() {
	[ -f times ] || exit 5
	now_ms
	since=$((now - $1))
	end=$(($(wc -c <log)))
	written_before times
	{
		if [ "$from" = 0 ] && [ -f log.1 ]; then
			written_before times.1
			rest_of log.1
			from=0
		fi
		rest_of log | head -c "$((end - from))"
	} | if [ -n "$2" ]; then tail -n "$2"; else cat; fi
	[ "$3" = yes ] || exit 0
}
# logs APP NAME LINES ("all") FOLLOW (yes, no) [AGO_MS]: as it is, until nobody reads it any more.
logs() {
	enter "$1" "$2" || exit 4
	echo "@log"
	[ -f log ] || : >log
	set -- "$1" "$2" "${3#all}" "$4" "${5-}"
	if [ -n "$5" ]; then
		logs_since "$5" "$3" "$4"
	fi
	if [ "$4" = yes ]; then
		exec 4<&0
		if [ -n "$5" ]; then tail -c "+$((end + 1))" -f log & else tail -n "${3:-+1}" -f log & fi
		reader=$!
		until_left $reader &
		while kill -0 $reader 2>/dev/null && enter "$1" "$2"; do nap 0.5; done
		kill $reader 2>/dev/null
		exit 0
	fi
	[ ! -f log.1 ] || [ -n "$3" ] || cat log.1
	if [ -n "$3" ]; then tail -n "$3" log; else cat log; fi
	exit 0
}
# A line for each change until nobody reads them any more.
watch() {
	folder=$here/.watch
	mkdir -p "$folder" || exit 1
	pipe=$folder/w.$$
	mkfifo "$pipe" || exit 1
	exec 3<>"$pipe"
	trap 'exit 0' TERM HUP INT PIPE
	echo "@watching"
	main=$$ told=
	exec 4<&0
	until_left $main &
	beat &
	trap 'rm -f "$pipe"; kill $! 2>/dev/null' EXIT
	while IFS= read -r line <&3; do
		printf '%s\n' "$line" || exit 0
	done
}
# A sign of life now and then, and those whose keeper was killed.
beat() {
	trap 'kill $! 2>/dev/null; exit 0' TERM
	trap '' PIPE
	while kill -0 $main 2>/dev/null && echo "@beat" 2>/dev/null; do
		for one in 1 2 3; do
			sleep 1 &
			wait $!
			orphans >&3
		done
	done
	kill -s TERM $main 2>/dev/null
}
# until_left PID: ends that process when whoever asked has gone: nothing comes on descriptor 4 but its end.
until_left() {
	cat <&4 >/dev/null
	kill -s TERM "$1" 2>/dev/null
}
# Those whose keeper was killed.
orphans() {
	for one in "$here"/*/*/state; do
		[ -f "$one" ] && read -r state keeper keeper_began rest <"$one" || continue
		case $state in
		running | restarting)
			[ "${rest##* }" = "$boot" ] && alive "$keeper" "$keeper_began" && continue
			one=${one%/state}
			case $told in *" $one:$keeper "*) continue ;; esac
			told="$told $one:$keeper "
			folder=${one%/*}
			echo "@changed ${folder##*/} ${one##*/} gone"
			;;
		esac
	done
}

if [ $# -gt 0 ]; then
	"$@"
	exit
fi
echo "@berth 1"
eval "$(cat)"
