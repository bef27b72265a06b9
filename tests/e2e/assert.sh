# assert.sh: assertions. Each prints one line, `ok` or `FAILED`, and counts it. For sourcing.
passed=0
failed=0
chapter=

# chapter NAME: names the chapter of the assertions that follow.
chapter() {
	chapter=$1
}

# pass NAME
pass() {
	passed=$((passed + 1))
	echo "ok      $chapter: $1"
}

# fail NAME EXPECTED ACTUAL: prints both texts on one line.
fail() {
	failed=$((failed + 1))
	printf 'FAILED  %s: %s: expected %q, got %q\n' "$chapter" "$1" "$2" "$3"
}

# is NAME EXPECTED ACTUAL: asserts that two texts are equal.
is() {
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "$2" "$3"; fi
}

# like NAME PATTERN ACTUAL: asserts that a shell pattern matches the whole text.
like() {
	# shellcheck disable=SC2053 # $2 is a pattern
	if [[ $3 == $2 ]]; then pass "$1"; else fail "$1" "$2" "$3"; fi
}

# soon NAME EXPECTED COMMAND...: asserts that the output of the command equals EXPECTED within 10 s.
soon() {
	local name=$1 expected=$2 got=
	shift 2
	for _ in {1..200}; do
		got=$("$@" 2>&1) || true
		[ "$got" = "$expected" ] && break
		sleep 0.05
	done
	is "$name" "$expected" "$got"
}

# add_log FILE: adds the assertions of a log to the counts.
add_log() {
	passed=$((passed + $(grep -c '^ok  ' "$1" || true)))
	failed=$((failed + $(grep -c '^FAILED  ' "$1" || true)))
}
