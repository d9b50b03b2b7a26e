#!/usr/bin/env bash
# What a plan lists is what is asked of the engine. More of it: tests/kill/contract --pairs 500
exec "$(dirname "$0")/../kill/contract" --pairs 30 --jobs 3
