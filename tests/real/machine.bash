# shellcheck shell=bash
# machine.bash - machines for tests of what is reached by SSH: each a network namespace with a root, processes, a boot and an
# sshd of its own. Sourced after lib.sh, by root.
PATH=$PATH:/usr/sbin:/sbin
net=198.19.$(($$ % 250))
export HOME=$work/home
mkdir -p "$HOME" /run/sshd
ssh-keygen -qt ed25519 -N '' -f key
: >known_hosts
shells=()
address() { echo "$net.$((4 * $1 + 2))"; }
# A machine of its own but for the files that are read.
machine() { # N
	local n=$1 ns=m$$-$1 at=$work/m$1
	ip netns add "$ns"
	ip link add "v$$-$n" type veth peer name eth0 netns "$ns"
	ip addr add "$net.$((4 * n + 1))/30" dev "v$$-$n"
	ip link set "v$$-$n" up
	ip -n "$ns" addr add "$(address "$n")/30" dev eth0
	ip -n "$ns" link set eth0 up
	ip -n "$ns" link set lo up
	ip -n "$ns" route add default via "$net.$((4 * n + 1))"
	mkdir -p "$at" "$at.root"
	ssh-keygen -qt ed25519 -N '' -f "$at/host"
	cp key.pub "$at/allowed"
	echo "$(address "$n") $(cut -d' ' -f1,2 "$at/host.pub")" >>known_hosts
	[ "${2:-}" ] || machine_boots "$n"
}
# With a boot of its own; what lies in its user's home was there before. `prepare`, a script among its files, is run there
# first; with `sshd_config` its sshd goes by that.
machine_boots() { # N
	local n=$1 at=$work/m$1
	cat /proc/sys/kernel/random/uuid >"$at/boot"
	# shellcheck disable=SC2016
	ip netns exec "m$$-$n" unshare --mount --pid --fork --kill-child --propagation private bash -c '
		mount -t tmpfs none "$0" && mkdir -p "$0"/{up,work,tree} &&
			mount -t overlay none -o "lowerdir=/,upperdir=$0/up,workdir=$0/work" "$0/tree" &&
			mount --rbind /dev "$0/tree/dev" && mount -t proc proc "$0/tree/proc" &&
			mount -t tmpfs none "$0/tree/run" && mkdir "$0/tree/run/sshd" &&
			mount --bind "$1.root" "$0/tree/root" &&
			mkdir -p "$0/tree/etc/berth" && cp "$1"/* "$0/tree/etc/berth/" && chmod 600 "$0"/tree/etc/berth/* &&
			chmod 644 "$0/tree/etc/berth/boot" &&
			mount --bind "$0/tree/etc/berth/boot" "$0/tree/proc/sys/kernel/random/boot_id" &&
			{ [ ! -f "$1/prepare" ] || chroot "$0/tree" /bin/sh /etc/berth/prepare; } &&
			config=/etc/berth/sshd_config && { [ -f "$1/sshd_config" ] || config=/dev/null; } &&
			exec chroot "$0/tree" /usr/sbin/sshd -D -e -f "$config" -o Port=22 -o HostKey=/etc/berth/host \
				-o AuthorizedKeysFile=/etc/berth/allowed -o StrictModes=no -o PermitRootLogin=yes -o PidFile=none' \
		"$(mktemp -d "$work/root.XXXXXX")" "$at" >>"$at.log" 2>&1 &
	shells[n]=$!
	until_true 30 bash -c "exec 3<>/dev/tcp/$(address "$n")/22" 2>/dev/null
}
# All that runs there is gone at once; its wire stays.
machine_dies() { # N
	kill -9 "${shells[$1]}" 2>/dev/null
	wait "${shells[$1]}" 2>/dev/null
	ip netns pids "m$$-$1" 2>/dev/null | xargs -r kill -9 2>/dev/null
	return 0
}
machine_ends() { # N
	machine_dies "$1"
	ip netns del "m$$-$1" 2>/dev/null
	ip link del "v$$-$1" 2>/dev/null
	return 0
}
# The wire is cut, and whole again; what runs there goes on.
unplugged() { ip -n "m$$-$1" link set eth0 down; }
plugged() { # N
	ip -n "m$$-$1" link set eth0 up && ip -n "m$$-$1" route add default via "$net.$((4 * $1 + 1))"
}

# --- with systemd as its first process --------------------------------------------------------------------
# It needs a folder of its own among the control groups of version 2.
groups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
has_systemd() { [ -x /usr/bin/systemd ] && [ -n "$groups" ] && mkdir -p "$groups/berth-$$" 2>/dev/null && [ -w "$groups/berth-$$/cgroup.procs" ]; }
systemd_boots() { # N
	local n=$1 at=$work/m$1
	cat /proc/sys/kernel/random/uuid >"$at/boot"
	mkdir -p "$groups/berth-$$/$n" "$at.units/multi-user.target.wants"
	cat >"$at.units/sshd.service" <<-'Y'
	[Service]
	ExecStart=/usr/sbin/sshd -D -e -f /dev/null -o Port=22 -o HostKey=/etc/berth/host -o AuthorizedKeysFile=/etc/berth/allowed -o StrictModes=no -o PermitRootLogin=yes -o PidFile=none
	Y
	ln -sf ../sshd.service "$at.units/multi-user.target.wants/"
	ln -sf /lib/systemd/system/multi-user.target "$at.units/default.target"
	# shellcheck disable=SC2016
	bash -c '
		echo $$ >"$2/cgroup.procs" && exec ip netns exec "$3" unshare --cgroup --mount --pid --fork --kill-child --propagation private bash -c "
			mount -t tmpfs none \$0 && mkdir -p \$0/{up,work,tree} &&
				mount -t overlay none -o lowerdir=/,upperdir=\$0/up,workdir=\$0/work \$0/tree && cd \$0/tree &&
				mount --rbind /dev dev && mount -t proc proc proc && mount -t sysfs none sys &&
				mount -t tmpfs none run && mkdir run/sshd && mount -t tmpfs none sys/fs/cgroup &&
				mount -t cgroup2 none sys/fs/cgroup && mount --bind \$1.root root &&
				mkdir -p etc/berth && cp \$1/* etc/berth/ && chmod 600 etc/berth/* && chmod 644 etc/berth/boot &&
				mount --bind etc/berth/boot proc/sys/kernel/random/boot_id &&
				rm -f lib/systemd/system/*.wants/* && mount --bind \$1.units etc/systemd/system &&
				exec chroot . /usr/bin/env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/bin/systemd --system --log-target=null" "$0" "$1"' \
		"$(mktemp -d "$work/root.XXXXXX")" "$at" "$groups/berth-$$/$n" "m$$-$n" >>"$at.log" 2>&1 &
	shells[n]=$!
	until_true 60 bash -c "exec 3<>/dev/tcp/$(address "$n")/22" 2>/dev/null
}
systemd_ends() { # N
	machine_ends "$1"
	find "$groups/berth-$$" -depth -type d -exec rmdir {} \; 2>/dev/null
}
