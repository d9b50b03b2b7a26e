#!/usr/bin/env bash
# On a simulated OpenStack: killed at some requests, others each day; faults at some; a wire of faults. More: tests/kill/openstack
if [ "$(id -u)" != 0 ]; then
	echo "ok - openstack-kill: skipped, not root"
	exit 0
fi
exec "$(dirname "$0")/../kill/openstack" --every 29 --lost 71 --chance 1 --jobs 4
