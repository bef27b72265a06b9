#!/bin/sh
# soak.sh: builds the soak as the calling user, optimized as the service is, and runs it as root, because it loads BPF
# programs. MINUTES is how long it runs (30). Called by `make soak`.
set -eu
cd "$(dirname "$0")/.."

root=
if [ "$(id -u)" -ne 0 ]; then
	root='sudo -E'
fi
sh scripts/cargo.sh build --release --locked --examples
# Cargo prints the program's path in parentheses. sed writes to the open /dev/stderr, while tee
# would open the file again and truncate a log behind it.
program=$(sh scripts/cargo.sh test --release --locked --test soak --no-run 2>&1 |
	sed -n -e 'w /dev/stderr' -e 's/^ *Executable .*(\(.*\))$/\1/p')
[ -n "$program" ] || exit 1
# As root without the variable, a test that cannot run would pass.
exec $root env CI=true MINUTES="${MINUTES:-30}" CARGO_MANIFEST_DIR="$PWD" "$program" --ignored --nocapture
