# systemd.sh - a keeper as a service, where a machine has systemd.
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
