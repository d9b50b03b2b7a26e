# asked.sh - what is asked of an instance that runs: what it uses and writes, commands in it, and changes as they come.
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
