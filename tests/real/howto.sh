#!/usr/bin/env bash
# The how-to pages do what they show.
. "$(dirname "$0")/lib.sh"
mkdir home
"$root/tests/support/page_world" "$work/home" >world &
children+=($!)
check "an engine and a registry elsewhere are there" until_true 60 grep -q ready world
pages "$root"/docs/how-to/*.md
