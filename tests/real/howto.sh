#!/usr/bin/env bash
# The how-to pages do what they show.
. "$(dirname "$0")/lib.sh"
pages "$root"/docs/how-to/*.md
