#!/bin/sh
# test.sh [ARGUMENT...]: builds all tests as the calling user and runs them as root, because they
# load BPF programs; ARGUMENT... are those of libtest, such as a filter. Without root and sudo,
# tests that need root print that they were skipped. Examples in the documentation need no root.
# Called by `make test`.
set -eu
cd "$(dirname "$0")/.."

root=
if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null; then
	root='sudo -E'
fi
# systemd mounts tracefs at boot, other inits may not. The classic tracepoint needs it, and so does
# the comparison of the tables with the running kernel.
if [ ! -d /sys/kernel/tracing/events ]; then
	$root mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || true
fi
sh scripts/cargo.sh build --locked --examples
# Cargo prints each program's path in parentheses. sed writes to the open /dev/stderr, while tee
# would open the file again and truncate a log behind it.
programs=$(sh scripts/cargo.sh test --locked --workspace --no-run 2>&1 |
	sed -n -e 'w /dev/stderr' -e 's/^ *Executable .*(\(.*\))$/\1/p')
[ -n "$programs" ] || exit 1
for program in $programs; do
	echo "--- $program"
	$root env CARGO_MANIFEST_DIR="$PWD" "$program" "$@"
	case $program in
	*/kernel-*)
		# The default on this kernel was tested above; kernels from 7.2 on use the classic
		# tracepoint. One test at a time there, because the kernel misses calls of one test while
		# another loads programs.
		echo "--- $program, attached to the classic tracepoint"
		if ! $root test -d /sys/kernel/tracing/events; then
			echo 'SKIPPED: needs tracefs at /sys/kernel/tracing' >&2
			[ "${CI:-}" != true ] || exit 1
			continue
		fi
		$root env CARGO_MANIFEST_DIR="$PWD" TAILCALLD_TEST_ATTACH=tp "$program" --test-threads=1 "$@"
		;;
	esac
done
echo '--- examples in the documentation'
sh scripts/cargo.sh test --locked --workspace --doc -- "$@"
