#!/usr/bin/env bash
# On a wire where things go wrong. More of it: tests/kill/wire --slow 1, tests/kill/wire --chance 100
exec "$(dirname "$0")/../kill/wire" --jobs 4
