# What starts a proxy and tells it of its file, in a container, on this machine and on one elsewhere.
PATH=$PATH:/usr/sbin:/sbin # daemons of root's are not in everybody's
need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || { echo "$1 is not installed here: apt-get install $2" >&2; exit 127; }
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
# On a machine elsewhere nobody else installs it.
provide() { # PROGRAM DEBIANS-PACKAGE
	! command -v "$1" >/dev/null || return 0
	if command -v apt-get >/dev/null; then
		as_root apt-get update -qq
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$2"
	elif command -v dnf >/dev/null; then as_root dnf install -y "$1"
	else as_root apk add "$1"
	fi >&2
}
# In a container its file may come as the command's input, so many bytes of it: in one go with being told.
take() { # FILE
	[ -n "$berth_size" ] || return 0
	# Begun before there is anything to tell: how much it is comes first, or nothing where there was none.
	[ "$berth_size" != - ] || read -r berth_size || exit 0
	cat >"$1.new" && [ "$(wc -c <"$1.new")" -eq "$berth_size" ] && mv -f "$1.new" "$1" || exit 1
}
# A signal that comes while the proxy is still doing what the one before told it may not be heard (haproxy 2.6 loses
# about half of those), so it is told until another worker is there. A file that it cannot read it is silent about, so
# it is asked. nginx tells its older workers a tenth of a second after that.
tell() { # MASTER SIGNAL TEST...
	master=$1 signal=$2
	shift 2
	[ -n "$master" ] || exit 1
	read -r before <"/proc/$master/task/$master/children"
	for _ in 1 2 3 4 5 6 7 8; do
		kill -"$signal" "$master" || exit 1
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			sleep 0.1
			for worker in $(cat "/proc/$master/task/$master/children"); do
				case " $before " in *" $worker "*) ;; *) sleep 0.2; exit 0 ;; esac
			done
		done
		said=$("$@" 2>&1) || { echo "$said" >&2; break; }
	done
	echo "the proxy goes on with the file of before" >&2
	exit 1
}
