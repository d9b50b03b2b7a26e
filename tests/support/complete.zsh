# complete.zsh PROGRAM LINE - what an interactive zsh would offer at the end of that line, one a line, sorted.
zmodload zsh/zpty
capture=$(mktemp) ready=$capture.ready
trap 'zpty -d shell 2>/dev/null; rm -f $capture $ready $capture.rc' EXIT
cat >$capture.rc <<R
PS1= PROMPT= RPROMPT=
autoload -Uz compinit && compinit -u -D
source <("$1" completion zsh)
compadd() {
	local -a hits
	if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
		builtin compadd -A hits "\$@"
		(( \$#hits )) && print -rl -- \$hits >>$capture
	fi
	builtin compadd "\$@"
}
done-completing() { zle complete-word; print >$ready; }
zle -N done-completing
bindkey '^I' done-completing
LISTMAX=10000
zstyle ':completion:*' list-prompt ''
print >$ready
R
await() { # until the file is there, 10 s at most
	local i
	for i in {1..200}; do
		[[ -e $ready ]] && { rm -f $ready; return 0; }
		zpty -r -t shell >/dev/null 2>&1
		sleep 0.05
	done
	return 1
}
PATH=${1:h}:$PATH
zpty shell zsh -f -i
zpty -w shell ". $capture.rc"
await || { print -u2 "no zsh came up"; exit 1; }
zpty -w -n shell "$2"$'\t'
await || { print -u2 "nothing was completed"; exit 1; }
sort -u $capture
