#!/usr/bin/env bash
# Killed at every eleventh of the calls that leave it, others each day. All of them: tests/kill/every-call
exec "$(dirname "$0")/../kill/every-call" --every 11 --jobs 3
