# What is said about each thing that was tried: one line, `ok` or `FAILED`. For sourcing.
passed=0
failed=0
chapter=

# A name for what follows.
chapter() {
	chapter=$1
}

ok() {
	passed=$((passed + 1))
	echo "ok      $chapter: $1"
}

# NAME EXPECTED GOT, each shown on one line.
failed() {
	failed=$((failed + 1))
	printf 'FAILED  %s: %s: expected %q, got %q\n' "$chapter" "$1" "$2" "$3"
}

# NAME EXPECTED GOT: the same text.
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else failed "$1" "$2" "$3"; fi
}

# NAME PATTERN GOT: a text that the pattern of the shell matches as a whole.
like() {
	# shellcheck disable=SC2053 # the pattern is one
	if [[ $3 == $2 ]]; then ok "$1"; else failed "$1" "$2" "$3"; fi
}

# NAME EXPECTED COMMAND...: what the command prints becomes the same text before long.
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

# Adds what a log of these lines tells.
count() {
	passed=$((passed + $(grep -c '^ok  ' "$1" || true)))
	failed=$((failed + $(grep -c '^FAILED  ' "$1" || true)))
}
