#!/bin/sh
# run.sh VERSION...: boots Debian's kernels of these versions in QEMU, runs the tests in each and
# prints a table. If a test failed, it keeps results and consoles and prints their directory. Called
# by `make matrix`.
#
#	CLANGS="clang-14 clang-19"	compilers of the BPF object; default: all that are installed
#	ACCEPT=1			records the current cost of verification in tests/matrix/verifier.tsv
set -eu
# The daemon refuses a configuration in a directory that a group can write.
umask 022
here=$(dirname "$0")

work=$(mktemp -d)
trap 'rm -rf "$work/tree" "$work/disk"' EXIT
mkdir "$work/tree" "$work/results" "$work/consoles"

# Prints every installed clang.
clangs() {
	for directory in $(echo "$PATH" | tr : ' '); do
		ls "$directory"
	done 2>/dev/null | grep -E '^clang-(1[4-9]|[2-9][0-9])$' | sort -Vu
}

build() {
	sh "$here/cross.sh" ${CLANGS:-$(clangs)}
	sh "$here/build.sh" "$work/tree" ${CLANGS:-$(clangs)}
	{
		echo 'export TAILCALLD_TEST_DIVISOR=4'
		echo "${ACCEPT:+export TAILCALLD_ACCEPT=1}"
	} >"$work/tree/environment"
	(cd "$work/tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/disk"
}

# guest RELEASE IMAGE: boots a kernel. A failure shows in its results.
guest() {
	sh "$here/qemu.sh" "$2" "$work/disk" "$work/consoles/$1" "$work/results/$1" || true
}

# Prints the output of failed tests, and the console of a guest that ended early.
print_failures() {
	for results in "$work"/results/*; do
		kernel=$(basename "$results")
		if grep -q '\.\.\. FAILED$' "$results" || ! grep -q '^guest ends' "$results"; then
			echo "--- Linux $kernel"
			sed -n '/^failures:$/,$p' "$results" | head -n 100
			grep -q '^guest ends' "$results" || tail -n 20 "$work/consoles/$kernel"
		fi
	done
}

accept() {
	{
		grep '^#' "$here/verifier.tsv"
		awk -f "$here/accept.awk" "$here/verifier.tsv" "$work"/results/* | LC_ALL=C sort -V
	} >"$work/figures"
	cp "$work/figures" "$here/verifier.tsv"
}

build
for version in "$@"; do
	found=$(sh "$here/kernel.sh" "$version")
	echo "Linux ${found%% *}" >&2
	guest "${found%%-cloud*}" "${found#* }" &
done
wait
[ -z "${ACCEPT:-}" ] || accept
if awk -f "$here/table.awk" "$work"/results/*; then
	rm -rf "$work"
else
	print_failures
	echo "results and consoles of all guests: $work" >&2
	exit 1
fi
