# offered.zsh LINE: prints what zsh offers for the last word of LINE. Completion works in an interactive shell on a
# terminal only, which this starts: what is added to the list is printed there.
zmodload zsh/zpty
zpty shell 'PS1= PS2= TERM=dumb zsh -f -i'
zpty -w shell 'stty -echo; fpath=($PWD/completions $fpath); autoload -Uz compinit; compinit -D -u'
zpty -w shell 'compadd() {
	builtin compadd "$@"
	local result=$?
	[[ " $* " == *" -[OAD] "* ]] && return $result
	local -a added
	builtin compadd -O added "$@"
	print -rl -- "" ${added/#/offered }
	return $result
}
comppostfuncs=(ended)
ended() { print -r -- "" ended }
print -r -- re""ady'
zpty -r shell output '*ready*'
zpty -w -n shell "$1"$'\t'
zpty -r shell output '*ended*'
print -r -- $output | tr -d '\r' | sed -n 's/^offered //p' | sort -u
zpty -d shell
