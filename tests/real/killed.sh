#!/usr/bin/env bash
# Killed at any call and at any instant, whatever it did. More of it: tests/kill/run --schedules 1000
exec "$(dirname "$0")/../kill/run" --schedules 60 --jobs 3
