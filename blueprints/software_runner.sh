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
run() { # its script, in a folder; heard while it runs is a signal at once
	(cd "$2" && exec "$shell" -e "$here/steps/$1") 9>&- &
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
lock() {
	if command -v flock >/dev/null 2>&1; then
		exec 9>"$INSTALL_DIR.lock"
		flock -n 9 || { say "another one installs; waiting for it"; flock 9 & wait $!; }
		return
	fi
	until mkdir "$INSTALL_DIR.locked" 2>/dev/null; do
		holder=$(cat "$INSTALL_DIR.locked/pid" 2>/dev/null)
		[ -n "$holder" ] && kill -0 "$holder" 2>/dev/null || rm -rf "$INSTALL_DIR.locked"
		sleep 1 & wait $!
	done
	echo $$ >"$INSTALL_DIR.locked/pid"
}
unlock() { exec 9>&-; rm -rf "$INSTALL_DIR.locked"; }
installed() { [ "$(cat "$INSTALL_DIR/.berth-installed" 2>/dev/null)" = "$install_key" ]; }
install() {
	installs || return 0
	marks=$INSTALL_DIR/.berth-steps
	folder "${INSTALL_DIR%/*}"
	installed && { say "installed already, in $INSTALL_DIR"; return 0; }
	lock
	installed && { unlock; return 0; }
	folder "$marks"
	copy preinstall "$INSTALL_DIR"
	once pre.install "$INSTALL_DIR" "$marks" "$install_key"
	download
	copy install "$INSTALL_DIR"
	once install "$INSTALL_DIR" "$marks" "$install_key"
	once post.install "$INSTALL_DIR" "$marks" "$install_key"
	mark "$INSTALL_DIR/.berth-installed" "$install_key"
	unlock
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
named() { # the process that its file names, if it is there
	pid=$(cat "$PID_FILE" 2>/dev/null) && case $pid in ""|*[!0-9]*) false ;; *) kill -0 "$pid" 2>/dev/null ;; esac
}
lives() { # quietly
	if [ -f "$here/steps/checkRunning" ]; then
		run checkRunning "$RUN_DIR" >"$state/check" 2>&1
	elif [ -f "$PID_FILE" ]; then
		named
	else
		pid=$(cat "$state/foreground" 2>/dev/null) && kill -0 "$pid" 2>/dev/null
	fi
}
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
	pid=$(cat "$state/foreground" 2>/dev/null) && kill "$pid" 2>/dev/null
	return 0
}
leave() {
	trap : TERM INT HUP URG
	[ -z "$child" ] || kill "$child" 2>/dev/null
	[ ! -f "$state/launched" ] || end_it
	kill -TERM 0
	[ -z "$launched" ] || wait "$launched"
	while named; do pause 0.2; done
	rm -f "$state/launched" "$state/foreground"
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
	until lives; do
		kill -0 $$ 2>/dev/null || exit 0
		n=$((n + 1))
		pause 0.5
	done
	: >"$state/up"
	(step post.launch "$RUN_DIR") || {
		status=$?
		pid=$(cat "$state/foreground" 2>/dev/null) && kill "$pid" 2>/dev/null
		exit "$status"
	}
	say "it runs"
	: >"$state/after"
}
launch() {
	copy runtime "$RUN_DIR"
	step pre.launch "$RUN_DIR"
	rm -f "$PID_FILE" "$state/up" "$state/after"
	session >"$state/launched"
	say launch
	(cd "$RUN_DIR" && exec "$shell" -e "$here/steps/launch") &
	launched=$!
	echo "$launched" >"$state/foreground"
	rises &
	rising=$!
	wait "$launched"
	status=$?
	launched=
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
	n=0
	dead=0
	until [ -e "$state/up" ]; do
		n=$((n + 1))
		[ -f "$here/steps/checkRunning" ] || named || refuse_launch
		# A number that means nobody may yet be written anew; not for long.
		if [ ! -f "$PID_FILE" ] || named; then dead=0; else dead=$((dead + 1)); fi
		[ "$dead" -lt 6 ] || refuse_launch
		[ "$n" -lt "$((start_timeout * 2))" ] || refuse_launch
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
	rm -f "$state/after"
	choose_install_dir
	trap leave TERM INT HUP URG
	left_behind
	install
	customize
	launch
	comes_up
	watch
	;;
*) complain "usage: runner run | check"; exit 64 ;;
esac
