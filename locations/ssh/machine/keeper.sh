# keeper.sh - the keeper of an instance: it starts what is to run, writes down how that is, and ends what is left.
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
