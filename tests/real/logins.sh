#!/usr/bin/env bash
# logins.sh - users of a machine whose login shell is another one than most have, and whose sshd allows them less than most do:
# each has a process deployed, asked, copied to and destroyed, or is told why not.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - logins: skipped, not root"
	exit 0
fi
. "$root/tests/real/machine.bash"
afterwards() { machine_ends 1; }

# A user for each shell that there is; what is configured for one goes by his name.
users=(ash dash bash noisy banner onesession notty forced)
for shell in zsh tcsh csh fish mksh ksh; do
	[ ! -x "/bin/$shell" ] && [ ! -x "/usr/bin/$shell" ] || users+=("$shell")
done
mkdir -p "$work/m1"
cat >"$work/m1/prepare" <<'Y'
chmod 644 /etc/berth/allowed /etc/berth/sshd_config
printf '#!/bin/sh\nexec busybox ash "$@"\n' >/etc/berth/ash
# Words before each command, as a profile or an /etc/bashrc has them.
printf '#!/bin/sh\necho Welcome; echo to this machine >&2\nexec /bin/sh "$@"\n' >/etc/berth/noisy
printf '#!/bin/sh\necho "$(date) $SSH_ORIGINAL_COMMAND" >>/tmp/audit\nexec /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n' >/etc/berth/forced
chmod 755 /etc/berth /etc/berth/ash /etc/berth/noisy /etc/berth/forced
echo 'Whoever is not allowed to be here is seen.' >/etc/berth/banner
chmod 644 /etc/berth/banner
id=7000
user() { # NAME SHELL
	id=$((id + 1))
	echo "$1:*:$id:$id::/home/$1:$2" >>/etc/passwd
	echo "$1:x:$id:" >>/etc/group
	echo "$1:*:19000:0:99999:7:::" >>/etc/shadow
	mkdir -p "/home/$1" && chown "$id:$id" "/home/$1"
}
for shell in dash bash zsh tcsh csh fish mksh ksh; do
	path=$(command -v "$shell") && user "$shell" "$path"
done
user ash /etc/berth/ash
user noisy /etc/berth/noisy
user nologin /usr/sbin/nologin
for name in banner onesession notty forced sftponly; do user "$name" /bin/sh; done
exit 0
Y
cat >"$work/m1/sshd_config" <<'Y'
UsePAM no
Subsystem sftp internal-sftp
Match User banner
	Banner /etc/berth/banner
Match User onesession
	MaxSessions 1
Match User notty
	PermitTTY no
Match User forced
	ForceCommand /etc/berth/forced
Match User sftponly
	ForceCommand internal-sftp
Y
check "a machine with many users comes up" machine 1
blueprint() { # USER
	cat >"$1.yaml" <<-Y
	id: real-logins-$1
	location: {ssh: {host: $(address 1), user: $1, privateKeyFile: $work/key, knownHosts: $work/known_hosts}}
	services:
	- type: software
	  id: web
	  env: {QUOTED: "it's \$5 & more!"}
	  install.command: echo "\$QUOTED" >installed
	  launch.command: echo begun; exec sleep 3600
	Y
}
deployed() {
	blueprint "$1"
	limit=120 berth deploy "$1.yaml" -y || return
	[ "$(berth status "real-logins-$1" -o json | jq -r .state)" = running ]
}
asked() { same "it's \$5 & more!" "$(berth exec "real-logins-$1" web -- /bin/sh -c 'echo "$QUOTED"')"; }
told() { berth logs "real-logins-$1" web | grep -qx begun; }
copied() {
	head -c 100000 /dev/urandom >bytes
	berth cp bytes "real-logins-$1/web:bytes" && berth cp "real-logins-$1/web:bytes" back && cmp bytes back
}
for user in "${users[@]}"; do
	uses "real-logins-$user"
	check "$user: software is installed and runs" deployed "$user"
	check "$user: a command there has its variables" asked "$user"
	check "$user: its log is read" told "$user"
	check "$user: files go there and back" copied "$user"
	check "$user: it is destroyed" berth destroy "real-logins-$user" -y
done
refused() { # USER WORDS
	blueprint "$1"
	berth plan "$1.yaml" >refused 2>&1
	grep -q "$2" refused || { cat refused; return 1; }
}
check "a user who may not log in is told of, with what to do" refused nologin 'usermod -s /bin/sh nologin'
check "one who may only copy files, too" refused sftponly 'lets no command run: This service allows sftp connections only'
