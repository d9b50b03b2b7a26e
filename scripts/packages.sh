# shellcheck shell=sh
# packages.sh - which Debian packages the project needs, in one place; sourced by ./quickstart and ./run-tests.

# Either busybox does (they exclude each other): the one that is there stays.
packages_busybox=busybox-static
[ ! -x /bin/busybox ] || packages_busybox=
packages_build="gcc libc6-dev cmake ninja-build pkg-config libuv1-dev libcurl4-openssl-dev libssh2-1-dev libjansson-dev
	libyaml-dev libsqlite3-dev libssl-dev libmicrohttpd-dev"
packages_quickstart="redis-server $packages_busybox curl jq"
packages_test="g++ make clang clang-format clang-tidy gcovr libcriterion-dev docker.io iptables iproute2 util-linux procps
	redis-server redis-tools $packages_busybox curl jq python3 python3-jsonschema python3-marathon python3-yaml openssl mandoc zsh fish
	nginx-light libnginx-mod-stream haproxy wrk docker-registry prometheus python3-prometheus-client openssh-server openssh-client systemd
	tomcat10-common mariadb-server-core"
# For tests/fuzz/run alone; run-tests replays what was found without.
packages_fuzz="clang libclang-rt-14-dev"
# For tests/real/podman.sh alone, which is skipped without.
packages_podman="podman netavark aardvark-dns"

# For tests/real/openstack/bed alone. Those of the second list are unpacked there and not installed: what they ask when they
# are, and the services that they would start, are of no use to it.
packages_openstack="python3-keystone python3-glance python3-placement python3-nova python3-neutron python3-openstackclient
	uwsgi-plugin-python3 rabbitmq-server mariadb-server-core mariadb-client-core memcached qemu-system-x86 qemu-utils
	libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients python3-libvirt dnsmasq-base dnsmasq-utils ipset conntrack
	iputils-arping genisoimage haproxy busybox-static bash dropbear-bin openssh-server redis-server redis-tools cpio curl gcc
	libc6-dev"
packages_openstack_unpacked="nova-common nova-api nova-conductor nova-scheduler nova-compute neutron-common glance-common
	glance-api placement-common keystone"

# Run as root: directly, or by sudo.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		echo "$0: '$*' needs root: run this as root, or install sudo" >&2
		return 1
	fi
}

packages_missing() {
	for package in "$@"; do
		dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
	done
}

# Install what is missing of the packages named. A service that comes with one of them (redis, docker, ...) is neither
# started now nor at the next boot; a service that was there before is left as it is.
packages_install() {
	# One word a package.
	# shellcheck disable=SC2046
	set -- $(packages_missing "$@")
	[ $# -gt 0 ] || return 0
	command -v apt-get >/dev/null 2>&1 || {
		echo "$0: these packages are missing, and there is no apt-get to install them: $*" >&2
		return 1
	}
	echo "installing: $*"
	packages_policy=
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		packages_policy=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' | as_root tee $packages_policy >/dev/null || return 1
		as_root chmod 755 $packages_policy
	fi
	packages_log=$(mktemp "${TMPDIR:-/tmp}/berth-packages.XXXXXX") || return 1
	packages_status=0
	{
		as_root apt-get -q update &&
			as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
	} >"$packages_log" 2>&1 || packages_status=$?
	[ -z "$packages_policy" ] || as_root rm -f $packages_policy
	if [ $packages_status != 0 ]; then
		tail -20 "$packages_log" >&2
		echo "$0: the packages could not be installed; everything apt said is in $packages_log" >&2
		return 1
	fi
	rm -f "$packages_log"
	packages_still_services "$@"
}

packages_still_services() {
	command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ] || return 0
	for package in "$@"; do
		case $package in
		redis-server) packages_units="redis-server.service" ;;
		nginx-light) packages_units="nginx.service" ;;
		haproxy) packages_units="haproxy.service" ;;
		docker.io) packages_units="docker.service docker.socket containerd.service" ;;
		podman) packages_units="podman.service podman.socket podman-restart.service podman-auto-update.service
			podman-auto-update.timer" ;;
		prometheus) packages_units="prometheus.service" ;;
		openssh-server) packages_units="ssh.service ssh.socket" ;;
		docker-registry) packages_units="docker-registry.service" ;;
		rabbitmq-server) packages_units="rabbitmq-server.service" ;;
		memcached) packages_units="memcached.service" ;;
		*) continue ;;
		esac
		# One word a unit.
		# shellcheck disable=SC2086
		as_root systemctl -q disable $packages_units 2>/dev/null || true
		echo "$package is installed, its service is not started (systemctl enable --now ${packages_units%% *} would)"
	done
}
