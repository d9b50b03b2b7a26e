# Installs, customizes and launches one piece of software, and stays while that runs: `sh runner run`. `sh runner
# check` tells whether it runs. What was done and is still as it was is not done again, so it may be killed at any
# time and begun anew. Wants a POSIX shell and little else; what it is to do lies beside it.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
base=${here%/*}
. "$here/settings"
eval "$(grep '^INSTALL_VERSION' "$here/settings.install")"
BERTH_LIBRARY=$here/library
export INSTALL_VERSION INSTALL_VERSION_MATCH BERTH_LIBRARY
case $run_dir in "") run_dir=$base ;; "~"*) run_dir=$HOME${run_dir#"~"} ;; esac
state=$run_dir/.berth
RUN_DIR=$run_dir PID_FILE=$run_dir/pid.txt INSTALL_DIR=
export RUN_DIR PID_FILE
shell=/bin/sh
[ ! -x /bin/bash ] || shell=/bin/bash

say() { echo "berth: $*"; [ ! -d "$state" ] || echo "$*" >"$state/doing"; }
complain() { echo "berth: $*" >&2; }

# --- what is to be done, in a few letters that change when it does ---
digest() {
	if command -v sha256sum >/dev/null 2>&1; then sha256sum; else cksum; fi | tr -cd '0-9a-z' | cut -c1-16
}
phase() { # the step of that name, those before and after it, and its files
	for part in "$here/steps/pre.$1" "$here/steps/$1" "$here/steps/post.$1" "$here/copy.pre$1" "$here/copy.$1" \
		"$here/files/pre$1"/* "$here/files/$1"/*; do
		[ ! -f "$part" ] || cat "$part"
	done
}
has() { # whether there is anything of a phase
	[ -f "$here/steps/pre.$1" ] || [ -f "$here/steps/$1" ] || [ -f "$here/steps/post.$1" ] ||
		[ -f "$here/copy.pre$1" ] || [ -f "$here/copy.$1" ]
}
installs() { [ -n "$download_url" ] || has install; }
choose_install_dir() {
	install_key=$({ cat "$here/settings.install"; phase install; } | digest)
	case $install_dir in
	"") INSTALL_DIR=${XDG_CACHE_HOME:-${HOME:-/nowhere}/.cache}/berth/install/$name-$install_key
		mkdir -p "${INSTALL_DIR%/*}" 2>/dev/null && [ -w "${INSTALL_DIR%/*}" ] ||
			INSTALL_DIR=$run_dir/install-$install_key ;;
	"~"*) INSTALL_DIR=$HOME${install_dir#"~"} ;;
	*) INSTALL_DIR=$install_dir ;;
	esac
	mark "$state/install_dir" "$INSTALL_DIR"
	export INSTALL_DIR
}

# --- one step ---
child=
run() { # STEP FOLDER [COMMAND...]: its script, in a folder; heard while it runs is a signal at once
	script=$here/steps/$1 in=$2
	shift 2
	(cd "$in" && exec "$@" "$shell" -e "$script") 9>&- &
	child=$!
	wait "$child"
	status=$?
	child=
	return "$status"
}
give_up() { # STEP STATUS
	complain "the step $1 failed (exit status $2); what it wrote last stands above"
	exit "$2"
}
step() { # NAME FOLDER, if there is one
	[ -f "$here/steps/$1" ] || return 0
	say "$1"
	run "$1" "$2" || give_up "$1" "$?"
}
once() { # NAME FOLDER MARKS KEY: unless that was done, with that key
	[ -f "$here/steps/$1" ] || return 0
	[ "$(cat "$3/$1" 2>/dev/null)" != "$4" ] || return 0
	step "$1" "$2"
	mark "$3/$1" "$4"
}
mark() { echo "$2" >"$1.new" && mv "$1.new" "$1"; }
folder() { # that it is there
	mkdir -p "$1" && return 0
	complain "the folder $1 cannot be made: run as another user, or set run.dir and install.dir"
	exit 73
}

# --- what of it runs ---
began() { # PID: when that process began, as the kernel says it; nothing where none is, or nobody tells
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	shift 19
	echo "$1"
}
note() { # FILE PID: that process, and no other one that has its number later
	mark "$1" "$2 $(began "$2")"
}
noted() { # FILE: whether the process of that note is there, in `pid`
	pid='' since=''
	{ read -r pid since <"$1"; } 2>/dev/null
	[ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ "$(began "$pid")" = "$since" ]
}
named() { # the process that its file names, if it is there: the one that had the number when that was seen first
	pid=$(cat "$PID_FILE" 2>/dev/null)
	case $pid in "" | *[!0-9]*) return 1 ;; esac
	kill -0 "$pid" 2>/dev/null || return 1
	known='' since=''
	{ read -r known since <"$state/process"; } 2>/dev/null
	[ "$known" = "$pid" ] || { note "$state/process" "$pid" 2>/dev/null; return 0; }
	[ "$(began "$pid")" = "$since" ]
}
own_folder() { # of several instances that say the same run.dir only one has it
	note "$state/owner.$$" $$ && echo "$base" >>"$state/owner.$$"
	for n in 1 2 3; do
		! ln "$state/owner.$$" "$state/owner" 2>/dev/null || break
		if [ "$(sed -n 2p "$state/owner")" != "$base" ] && noted "$state/owner"; then
			rm -f "$state/owner.$$"
			complain "another instance on this machine uses $run_dir: give each a run.dir of its own, or none"
			exit 73
		fi
		rm -f "$state/owner"
	done
	rm -f "$state/owner.$$"
}

# --- files ---
fetch() { # URL FILE: whole, or not at all
	if command -v curl >/dev/null 2>&1; then
		curl -fsSL --retry 3 -o "$2.part" "$1" &
	elif command -v wget >/dev/null 2>&1; then
		wget -q -O "$2.part" "$1" &
	else
		complain "$1 cannot be fetched: there is neither curl nor wget"
		exit 69
	fi
	wait $! && mv "$2.part" "$2" && return 0
	complain "$1 could not be fetched"
	exit 69
}
put() { # FROM TO, as the lists of files say it
	case $2 in */*) mkdir -p "${2%/*}" || exit 73 ;; esac
	case $1 in
	http://*|https://*) fetch "$1" "$2" ;;
	*) cp "$here/$1" "$2.part" && mv "$2.part" "$2" || { complain "$2 could not be written"; exit 73; } ;;
	esac
}
copy() { # PHASE FOLDER
	[ ! -f "$here/copy.$1" ] || { cd "$2" && . "$here/copy.$1"; } || exit 73
}
is_sum() { # FILE: that it is the one that was meant
	[ -n "$download_sha256" ] || return 0
	[ "$(sha256sum <"$1" | cut -c1-64)" = "$download_sha256" ] && return 0
	complain "$download_url is not what was expected: its SHA-256 is $(sha256sum <"$1" | cut -c1-64)"
	rm -f "$1"
	exit 65
}
download() {
	[ -n "$download_url" ] || return 0
	[ ! -e "$marks/download" ] || return 0
	say "download $download_url"
	archive=$INSTALL_DIR/${download_url##*/}
	archive=${archive%%\?*}
	[ -f "$archive" ] || fetch "$download_url" "$archive"
	is_sum "$archive"
	cd "$INSTALL_DIR" || exit 73
	case $archive in
	*.tar.gz|*.tgz) gzip -dc "$archive" | tar xf - ;;
	*.tar.bz2|*.tbz2) bzip2 -dc "$archive" | tar xf - ;;
	*.tar.xz|*.txz) xz -dc "$archive" | tar xf - ;;
	*.tar) tar xf "$archive" ;;
	*.zip) unzip -oq "$archive" ;;
	esac || { complain "$archive could not be unpacked"; exit 65; }
	mark "$marks/download" "$install_key"
}

# --- the phases ---
# One installs at a time; the lock of one that was killed is nobody's.
locked=
lock() {
	if command -v flock >/dev/null 2>&1; then
		exec 9>"$INSTALL_DIR.lock"
		flock -n 9 || { say "another one installs; waiting for it"; flock 9 & wait $!; }
		locked=yes
		return
	fi
	until mkdir "$INSTALL_DIR.locked" 2>/dev/null; do
		holder=$(cat "$INSTALL_DIR.locked/pid" 2>/dev/null)
		[ -n "$holder" ] && kill -0 "$holder" 2>/dev/null || rm -rf "$INSTALL_DIR.locked"
		sleep 1 & wait $!
	done
	echo $$ >"$INSTALL_DIR.locked/pid"
	locked=yes
}
unlock() { exec 9>&-; rm -rf "$INSTALL_DIR.locked"; locked=; }
# In the folder that installations share each has a list of the folders of those who use it.
shares() { [ -z "$install_dir" ] && [ "${INSTALL_DIR%/*}" != "$run_dir" ] && command -v flock >/dev/null 2>&1; }
use() {
	shares && [ -d "$INSTALL_DIR" ] || return 0
	mkdir -p "$INSTALL_DIR/.berth-users" && mark "$INSTALL_DIR/.berth-users/$(echo "$run_dir" | digest)" "$run_dir"
}
is_used() { # DIRECTORY
	for user in "$1/.berth-users"/*; do
		[ "$(cat "$(cat "$user" 2>/dev/null)/.berth/install_dir" 2>/dev/null)" != "$1" ] || return 0
	done
	return 1
}
clear_unused() { # those that nobody uses any more, whole or not, which nobody is just making
	shares || return 0
	for other in "${INSTALL_DIR%/*}"/*/.berth-users; do
		other=${other%/.berth-users}
		[ -d "$other" ] && ! is_used "$other" || continue
		(exec 9>"$other.lock" && flock -n 9 && ! is_used "$other" && rm -rf "$other" "$other.lock")
	done
}
# What cannot be installed is tried again by whoever looks after us, so often; whoever starts it later begins anew.
enough() {
	failed=$(cat "$state/failures" 2>/dev/null)
	failed=${failed:-0}
	[ "$tries" != 0 ] && [ "$failed" -ge "$tries" ] || return 1
	complain "$(cat "$state/doing") failed $failed times: it is not tried again until it is deployed, or started, anew"
	rm -f "$state/failures"
}
drop_half() { [ -n "$install_dir" ] || [ -z "$locked" ] || rm -rf "$INSTALL_DIR" "$INSTALL_DIR.lock"; }
not_done() { # STATUS of an exit before it was
	[ "$1" != 0 ] && [ "$tries" != 0 ] || return 0
	# Where there is no room to count it, what was installed by half makes some.
	mark "$state/failures" "$((failed + 1))" || { drop_half; mark "$state/failures" "$((failed + 1))"; }
	[ "$((failed + 1))" -lt "$tries" ] || drop_half
}
installed() { [ "$(cat "$INSTALL_DIR/.berth-installed" 2>/dev/null)" = "$install_key" ]; }
install() {
	installs || return 0
	marks=$INSTALL_DIR/.berth-steps
	folder "${INSTALL_DIR%/*}"
	use
	installed && { say "installed already, in $INSTALL_DIR"; return 0; }
	lock
	installed && { unlock; return 0; }
	folder "$marks"
	use
	copy preinstall "$INSTALL_DIR"
	once pre.install "$INSTALL_DIR" "$marks" "$install_key"
	download
	copy install "$INSTALL_DIR"
	once install "$INSTALL_DIR" "$marks" "$install_key"
	once post.install "$INSTALL_DIR" "$marks" "$install_key"
	mark "$INSTALL_DIR/.berth-installed" "$install_key"
	unlock
	clear_unused
}
customize() {
	has customize || return 0
	key=$({ echo "$install_key"; phase customize; } | digest)
	[ "$(cat "$state/customized" 2>/dev/null)" != "$key" ] || return 0
	copy customize "$RUN_DIR"
	once pre.customize "$RUN_DIR" "$state" "$key"
	once customize "$RUN_DIR" "$state" "$key"
	once post.customize "$RUN_DIR" "$state" "$key"
	mark "$state/customized" "$key"
}

# --- whether it runs ---
# One that hangs has failed.
check_seconds=30
within=
for tool in "timeout -k 1" timeout; do
	[ -n "$within" ] || ! $tool 9 true 2>/dev/null || within="$tool $check_seconds"
done
lives() { # quietly
	if [ -f "$here/steps/checkRunning" ]; then
		# shellcheck disable=SC2086
		run checkRunning "$RUN_DIR" $within >"$state/check" 2>&1 && return
		[ "$status" != 124 ] || echo "checkRunning.command took longer than $check_seconds seconds" >>"$state/check"
		return "$status"
	elif [ -f "$PID_FILE" ]; then
		named
	else
		stays
	fi
}
# A launch in the foreground: the program itself, or a script that has waited for it for some time. One that is to
# write a number is at work until it has.
stays() {
	noted "$state/foreground" && ! grep -q 'PID_FILE\|pid\.txt' "$here/steps/launch" || return 1
	! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qxF -e "$here/steps/launch" -e "$0" || [ -e "$state/stays" ]
} 2>/dev/null
# The numbers of processes mean nothing after the machine, or the container, began anew.
session() { cat /proc/sys/kernel/random/boot_id 2>/dev/null; cut -d' ' -f22 /proc/1/stat 2>/dev/null; }

# --- its life ---
launched=
pause() { sleep "$1" & wait $!; }
end_it() { # by its own command, else by a signal to what it is
	if [ -f "$here/steps/stop" ]; then
		say stop
		run stop "$RUN_DIR" || complain "the step stop failed (exit status $?)"
	fi
	! named || kill "$pid" 2>/dev/null
	! noted "$state/foreground" || kill "$pid" 2>/dev/null
	return 0
}
leave() {
	trap : TERM INT HUP URG
	trap - EXIT
	[ -z "$child" ] || kill "$child" 2>/dev/null
	[ ! -f "$state/launched" ] || end_it
	kill -TERM 0
	[ -z "$launched" ] || wait "$launched"
	while named; do pause 0.2; done
	rm -f "$state/launched" "$state/foreground"
	[ "$tries" = 0 ] || exit 143 # else it would seem to have come to its end
	exit 0
}
left_behind() { # what an earlier one of us launched and did not end
	[ -f "$state/launched" ] || return 0
	if [ "$(cat "$state/launched")" != "$(session)" ]; then
		rm -f "$PID_FILE"
	elif lives; then
		say "it still runs from before, and is ended first"
		end_it
		n=0
		while lives && [ "$n" -lt 50 ]; do n=$((n + 1)); pause 0.2; done
	fi
	rm -f "$state/launched" "$state/foreground"
}
rises() { # until it runs; then what comes after the launch
	n=0
	began_at=$(date +%s)
	until lives; do
		kill -0 $$ 2>/dev/null || exit 0
		[ "$(($(date +%s) - began_at))" -lt "$start_timeout" ] || too_late
		n=$((n + 1))
		[ "$n" != 6 ] || : >"$state/stays"
		pause 0.5
	done
	: >"$state/up"
	(step post.launch "$RUN_DIR") || {
		status=$?
		! noted "$state/foreground" || kill "$pid" 2>/dev/null
		exit "$status"
	}
	say "it runs"
	: >"$state/after"
}
too_late() {
	: >"$state/late"
	if noted "$state/foreground"; then
		complain "it does not run $start_timeout seconds (start.timeout) after its launch, and launch.command has not ended"
		[ ! -s "$state/check" ] || tail -n 5 "$state/check" >&2
		kill "$pid" 2>/dev/null
	fi
	exit 70
}
launch() {
	copy runtime "$RUN_DIR"
	step pre.launch "$RUN_DIR"
	rm -f "$PID_FILE" "$state/up" "$state/after" "$state/late" "$state/stays" "$state/process" "$state/check"
	session >"$state/launched"
	say launch
	(cd "$RUN_DIR" && exec "$shell" -e "$here/steps/launch") &
	launched=$!
	note "$state/foreground" "$launched"
	rises &
	rising=$!
	wait "$launched"
	status=$?
	launched=
	[ ! -e "$state/late" ] || exit 70
	rm -f "$state/foreground"
	[ "$status" = 0 ] || give_up launch "$status"
}
refuse_launch() {
	if [ -f "$here/steps/checkRunning" ] && { [ ! -f "$PID_FILE" ] || named; }; then
		complain "launch.command ended well, but checkRunning.command does not say that it runs"
		[ ! -s "$state/check" ] || tail -n 5 "$state/check" >&2
	elif [ -f "$PID_FILE" ]; then
		complain "launch.command ended well, but the process of $PID_FILE is not there"
	else
		complain "launch.command ended, and left nothing to be found by: write its process' number to \$PID_FILE, give checkRunning.command, or stay in the foreground"
	fi
	exit 70
}
comes_up() { # after a launch that did not stay
	if [ ! -f "$here/steps/checkRunning" ] && [ ! -f "$PID_FILE" ]; then
		[ -e "$state/after" ] || refuse_launch
		complain "launch.command stayed, and has ended"
		exit 1
	fi
	dead=0
	until [ -e "$state/up" ]; do
		[ -f "$here/steps/checkRunning" ] || named || refuse_launch
		# A number that means nobody may yet be written anew; not for long.
		if [ ! -f "$PID_FILE" ] || named; then dead=0; else dead=$((dead + 1)); fi
		[ "$dead" -lt 6 ] || refuse_launch
		[ ! -e "$state/late" ] || refuse_launch
		pause 0.5
	done
	wait "$rising" || exit
}
# A process by its number is looked at twice a second; a command is asked as often as the settings say.
watch() {
	n=0
	while :; do
		pause 0.5
		n=$((n + 1))
		[ ! -f "$PID_FILE" ] || named || break
		[ -f "$here/steps/checkRunning" ] || continue
		[ "$n" -ge "$((check_period * 2))" ] || continue
		n=0
		lives || { pause 1; lives; } || break
	done
	rm -f "$state/launched"
	complain "it runs no more"
	exit 1
}

case ${1-} in
check)
	if [ "$run_dir" != "$base" ] && [ "$(sed -n 2p "$state/owner" 2>/dev/null)" != "$base" ]; then
		echo "$run_dir is not its own"
		exit 1
	fi
	if [ ! -e "$state/after" ]; then
		echo "not yet: $(cat "$state/doing" 2>/dev/null)"
		exit 1
	fi
	INSTALL_DIR=$(cat "$state/install_dir")
	export INSTALL_DIR
	lives && exit 0
	status=$?
	cat "$state/check" 2>/dev/null
	exit "$status"
	;;
run)
	folder "$state"
	[ "$run_dir" = "$base" ] || own_folder
	rm -f "$state/after"
	choose_install_dir
	trap leave TERM INT HUP URG
	left_behind
	! enough || exit 0
	trap 'not_done $?' EXIT
	install
	customize
	trap - EXIT
	rm -f "$state/failures"
	launch
	comes_up
	watch
	;;
*) complain "usage: runner run | check"; exit 64 ;;
esac
