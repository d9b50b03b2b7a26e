# What the steps of a catalogue's types share: `. "$BERTH_LIBRARY"`.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# Whether that version will do: as exact as it was asked for (7 is any 7.x), or at least that, or any.
satisfies() { # VERSION
	[ -n "$1" ] || return 1
	[ "$INSTALL_VERSION_MATCH" != any ] || return 0
	case $1. in "$INSTALL_VERSION".*) return 0 ;; esac
	[ "$INSTALL_VERSION_MATCH" = at-least ] &&
		[ "$(printf '%s\n%s\n' "$INSTALL_VERSION" "$1" | sort -V | head -n 1)" = "$INSTALL_VERSION" ]
}
# What the distribution would install, without its own additions.
offered() { # PACKAGE
	if command -v apt-cache >/dev/null 2>&1; then
		apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v none
	elif command -v dnf >/dev/null 2>&1; then
		dnf -q info "$1" 2>/dev/null | sed -n 's/^Version *: //p' | tail -n 1
	elif command -v apk >/dev/null 2>&1; then
		apk policy "$1" 2>/dev/null | sed -n '2s/^ *\(.*\):$/\1/p'
	fi | sed 's/^[0-9]*://; s/[-+~].*//' | head -n 1
}
package() { # PACKAGE...
	echo "installing $* by the distribution's packages"
	if command -v apt-get >/dev/null 2>&1; then
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
	elif command -v dnf >/dev/null 2>&1; then
		as_root dnf install -y "$@"
	elif command -v apk >/dev/null 2>&1; then
		as_root apk add "$@"
	else
		echo "$* cannot be installed: there is no apt-get, dnf or apk" >&2
		return 1
	fi
}
# A distribution that knows no package has perhaps never asked for its lists.
refresh() {
	! command -v apt-get >/dev/null 2>&1 || as_root apt-get update -qq || true
}
refuse_version() { # WHAT HAD OFFERED URL
	echo "$1 $INSTALL_VERSION cannot be had: ${2:-nothing} is here, and the distribution has ${3:-nothing}" >&2
	echo "  write install.version.match: at-least (or any), where another version will do," >&2
	echo "  or download.url: $4 (and download.sha256), which is built here" >&2
	return 1
}
# From what is there, else from the distribution. PACKAGE VERSION-COMMAND URL-TO-SHOW
provide() {
	had=$(eval "$2" 2>/dev/null || true)
	if satisfies "$had"; then
		echo "$1 $had is there already"
		return 0
	fi
	has=$(offered "$1" || true)
	if [ -z "$has" ]; then
		refresh
		has=$(offered "$1" || true)
	fi
	satisfies "$has" || refuse_version "$1" "$had" "$has" "$3" || return 1
	package "$1"
}
