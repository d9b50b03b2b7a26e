# ownership.sh - whose an application is here, and who is at work on it.
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
