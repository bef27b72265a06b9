chapter surprises
# Warnings and errors of anyone since the boot, without time, host and process id, less what had to come.
unexpected() {
	local line expected
	journal -b -p warning -o short | sed -E 's/^([^ ]+ +){3}[^ ]+ //; s/\[[0-9]+\]:/:/' |
		while IFS= read -r line; do
			while IFS= read -r expected; do
				# shellcheck disable=SC2053 # a pattern of the shell
				[[ $line == $expected ]] && continue 2
			done < <(grep -v '^#' /e2e/expected-warnings.txt)
			printf '%s\n' "$line"
		done | sort | uniq -c
}
is 'nothing in the journal that did not have to come' '' "$(unexpected)"
