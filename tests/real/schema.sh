#!/usr/bin/env bash
# The schema for editors: what is valid is valid by it, and it finds what people typically get wrong.
. "$(dirname "$0")/lib.sh"
tests=$(dirname "$BERTH")/tests
support=$root/tests/support
judge() { python3 -W ignore "$support/schema.py" schema.json "$@"; }
check "it is printed" eval '"$BERTH" schema >schema.json'
check "as one line for programs" eval '[ "$("$BERTH" schema -o json | wc -l)" = 1 ]'
check "both are the same" eval 'cmp <(jq -S . schema.json) <("$BERTH" schema -o json | jq -S .)'
mkdir kept documented mistakes
check "the unit tests keep their valid blueprints" \
	env BERTH_TEST_KEEP="$PWD/kept" "$tests/test-blueprints" --jobs 2 --filter '@(component|life|files|links|values|variables|parameters|blueprint|plain_secrets|balancer|software|catalogue|sensors|groups)/*'
check "many of them" eval '[ "$(ls kept | wc -l)" -gt 100 ]'
awk '/^```yaml$/ { inside = 1; n++; next } /^```$/ { inside = 0 } inside && /^(id|services):/ { whole[n] = 1 }
	inside { text[n] = text[n] $0 "\n" } END { for (i in whole) printf "%s", text[i] >"documented/" i ".yaml" }' \
	"$root/docs/language.md" "$root/README.md"
check "the documents' blueprints are found" eval '[ -n "$(ls documented)" ]'
check "valid blueprints are valid" judge accept "$root/examples/quickstart.yaml" "$root/examples/talk.yaml" kept/*.yaml documented/*.yaml
check "typical mistakes are refused" judge refuse "$support/mistakes.yaml"
judge split "$support/mistakes.yaml" mistakes
refused_too() {
	local file wrong=0
	for file in mistakes/*.yaml; do
		exits 65 berth validate "$file" || { echo "accepted: $(head -n 1 "$file")"; wrong=1; }
	done
	return $wrong
}
check "and berth refuses them too" refused_too
