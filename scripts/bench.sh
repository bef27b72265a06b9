#!/bin/sh
# bench.sh: builds the benchmarks as the calling user and runs them as root, because they load BPF
# programs. Called by `make bench`.
set -eu
cd "$(dirname "$0")/.."

root=
if [ "$(id -u)" -ne 0 ]; then
	root='sudo -E'
fi
# Cargo prints the program's path in parentheses. sed writes to the open /dev/stderr, while tee
# would open the file again and truncate a log behind it.
program=$(sh scripts/cargo.sh bench --locked --bench system --no-run 2>&1 |
	sed -n -e 'w /dev/stderr' -e 's/^ *Executable .*(\(.*\))$/\1/p')
[ -n "$program" ] || exit 1
# Builds what the guests of section (h) run, so that it takes no time of the measurement.
case ${SECTIONS:-h} in
*h*) sh tests/matrix/bench.sh ;;
esac
exec $root "$program"
