#!/usr/bin/env bash
# The completions in the shells themselves: words of the tables, and names that there are just now. zsh and fish are tried
# where they are installed.
. "$(dirname "$0")/lib.sh"
cat >shop.yaml <<'Y'
id: real-shop
location: {fake: {}}
services:
- {type: 'docker:redis:3', id: redis}
- {type: 'docker:web:1', id: web, links: [$berth:component("redis")]}
Y
touch other.yml notes.txt
mkdir "$XDG_CONFIG_HOME/berth"
echo 'cloud: docker:unix:///run/docker.sock' >"$XDG_CONFIG_HOME/berth/locations.yaml"
berth deploy shop.yaml -y >/dev/null 2>&1
mkdir bin
ln -s "$BERTH" bin/berth
PATH=$work/bin:$PATH

# What each shell offers at the end of a line, sorted and on one line.
in_bash() {
	(
		. <("$BERTH" completion bash) || exit
		COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
		_berth
		printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"}
	) | sort -u | paste -sd' '
}
in_zsh() { zsh -f "$root/tests/support/complete.zsh" "$work/bin/berth" "$1" | paste -sd' '; }
in_fish() {
	fish --no-config -c '"$argv[1]" completion fish | source; complete -C "$argv[2]"' "$BERTH" "$1" |
		cut -f1 | sort -u | paste -sd' '
}

# offers SHELL LINE WORDS: exactly those.
offers() {
	local got
	got=$("in_$1" "$2")
	same "$3" "$got"
}
# has SHELL LINE WORD...: at least those.
has() {
	local got shell=$1 line=$2 word
	got=" $("in_$shell" "$line") "
	shift 2
	for word in "$@"; do
		[[ $got == *" $word "* ]] || { echo "no $word among: $got"; return 1; }
	done
}

tries() { # SHELL
	check "$1: commands" offers "$1" "berth dep" "deploy"
	check "$1: all of them" has "$1" "berth " validate plan deploy status destroy logs completion help
	check "$1: flags of a command" has "$1" "berth logs --" --follow --tail --since --location --app
	check "$1: not those of another" offers "$1" "berth status --vol" ""
	check "$1: choices" offers "$1" "berth plan -o " "json table"
	check "$1: applications" has "$1" "berth logs " real-shop
	check "$1: components" offers "$1" "berth logs real-shop " "redis web"
	check "$1: of the application behind the flags" offers "$1" "berth --owner x logs -f --tail 3 real-shop redis w" "web"
	check "$1: blueprints" has "$1" "berth plan " shop.yaml other.yml
	check "$1: the names of commands after help" offers "$1" "berth help val" "validate"
	check "$1: types" has "$1" "berth types " process external
	check "$1: a word of the command's own" offers "$1" "berth locations ch" "check"
	# zsh goes on to the flags there.
	[ "$1" = zsh ] || check "$1: nothing after the last argument" offers "$1" "berth events real-shop " ""
	check "$1: a hidden command stays so" offers "$1" "berth __" ""
}
tries bash
check "bash: registered" bash -c '. <("$1" completion bash) && complete -p berth | grep -q "_berth berth"' - "$BERTH"
check "bash: locations" offers bash "berth plan --location " "cloud= localhost="
check "bash: what a location may stand for" has bash "berth plan --location cloud=" docker localhost
check "bash: only behind bash's own word breaks" offers bash "berth plan --location cloud=docker:u" "unix:///run/docker.sock"
check "bash: choices behind =" offers bash "berth plan --output=t" "table"
check "bash: no file that is no blueprint" offers bash "berth plan no" ""
touch "a b.yaml"
check "bash: a file with a blank stays one word" offers bash "berth plan a" "a b.yaml"
rm -f "a b.yaml"
if command -v zsh >/dev/null; then
	tries zsh
	check "zsh: locations" offers zsh "berth plan --location " "cloud localhost"
	check "zsh: what a location may stand for" has zsh "berth plan --location cloud=" docker localhost
	check "zsh: choices behind =" offers zsh "berth plan --output=t" "table"
fi
if command -v fish >/dev/null; then
	tries fish
	check "fish: locations" offers fish "berth plan --location " "cloud= localhost="
	check "fish: what a location may stand for" has fish "berth plan --location cloud=" cloud=docker cloud=localhost
	check "fish: choices behind =" offers fish "berth plan --output=t" "--output=table"
fi

silent() { # whatever is wrong
	local got
	mkdir -p broken/berth
	head -c 4096 /dev/zero >broken/berth/berth.db
	got=$(XDG_STATE_HOME=$work/broken BERTH_OUTPUT=nonsense "$BERTH" __complete applications 2>&1) && same "" "$got"
}
check "a damaged store completes nothing, silently" silent
# Of the processor: how long it has to wait for that is not up to it.
fast() { bash -c 'ulimit -t 1; exec timeout 30 "$@" >/dev/null' - "$BERTH" __complete components real-shop; }
check "names come at once" fast
