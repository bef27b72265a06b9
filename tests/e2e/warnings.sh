# warnings.sh: asserts that the journal of this boot has no warnings or errors, of any process,
# except those in expected-warnings.txt. For sourcing, at the end of each boot.
chapter warnings

# Prints the unexpected lines without time, host and process id.
unexpected() {
	local line expected
	journal -b -p warning -o short | sed -E 's/^([^ ]+ +){3}[^ ]+ //; s/\[[0-9]+\]:/:/' |
		while IFS= read -r line; do
			while IFS= read -r expected; do
				# shellcheck disable=SC2053 # $expected is a pattern
				[[ $line == $expected ]] && continue 2
			done < <(grep -v '^#' /e2e/expected-warnings.txt)
			printf '%s\n' "$line"
		done | sort | uniq -c
}
is 'the journal has no unexpected warning or error' '' "$(unexpected)"
