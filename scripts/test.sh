#!/bin/sh
# Builds the tests as the caller and runs them as root, because they load BPF programs. Without root
# and without sudo they run all the same, and those that need it say that they were skipped.
set -eu
cd "$(dirname "$0")/.."

root=
if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null; then
	root='sudo -E'
fi
# systemd mounts tracefs at boot; other inits may not. The classic tracepoint and the tables' comparison with the
# kernel need it.
if [ ! -d /sys/kernel/tracing/events ]; then
	$root mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || true
fi
sh scripts/cargo.sh build --locked --examples
# Cargo names each test program in parentheses. sed takes /dev/stderr as it is open; tee
# would open it anew and empty the log.
programs=$(sh scripts/cargo.sh test --locked --workspace --no-run 2>&1 |
	sed -n -e 'w /dev/stderr' -e 's/^ *Executable .*(\(.*\))$/\1/p')
[ -n "$programs" ] || exit 1
for program in $programs; do
	echo "--- $program"
	$root env CARGO_MANIFEST_DIR="$PWD" "$program" "$@"
	case $program in
	*/kernel-*)
		# Once at the tracepoint that this kernel gets, once at the one that kernels from 7.2 on get:
		# one test at a time there, because loading programs makes the kernel pass over calls.
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
