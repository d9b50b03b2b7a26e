#!/usr/bin/env bash
# On a double of Marathon: killed at some calls, others each day; the leader killed in the middle; a wire of faults. More: tests/kill/marathon
exec "$(dirname "$0")/../kill/marathon" --every 53 --falls 2 --chance 2 --jobs 3
