#!/usr/bin/env bash
# The tutorials do what they show.
. "$(dirname "$0")/lib.sh"
pages "$root"/docs/tutorial*.md
