#!/usr/bin/env bash
# Two who want one application, dead holders, and what nobody owns.
exec "$(dirname "$0")/../kill/owners" --jobs 3
