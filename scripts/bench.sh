#!/bin/sh
# Builds the benchmarks as the caller and runs them as root, because they load BPF programs.
set -eu
cd "$(dirname "$0")/.."

root=
if [ "$(id -u)" -ne 0 ]; then
	root='sudo -E'
fi
# Cargo names the program in parentheses. sed takes /dev/stderr as it is open; tee
# would open it anew and empty the log.
program=$(sh scripts/cargo.sh bench --locked --bench system --no-run 2>&1 |
	sed -n -e 'w /dev/stderr' -e 's/^ *Executable .*(\(.*\))$/\1/p')
[ -n "$program" ] || exit 1
exec $root "$program"
