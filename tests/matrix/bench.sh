#!/bin/sh
# bench.sh VERSION...: measures each way to attach on these kernels, one after the other, and prints
# lines for benches/system/guests.rs. Called by `make bench`.
set -eu
here=$(dirname "$0")
cd "$here/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tree/bin"

# Builds the benchmark and prints its path, which cargo prints in parentheses.
benchmark() {
	sh scripts/cargo.sh --config tests/matrix/static.toml --config 'build.target="x86_64-unknown-linux-gnu"' \
		test --locked --no-run --bench system \
		--features libbpf-rs/static --target-dir target/matrix 2>&1 |
		sed -n -e 'w /dev/stderr' -e 's/^ *Executable .*(\(.*\))$/\1/p'
}

for directory in proc sys dev tmp; do
	mkdir "$work/tree/$directory"
done
strip -o "$work/tree/bin/system" "$(benchmark)"
cp "$(command -v busybox)" "$work/tree/bin/busybox"
install -m 755 "$here/bench-guest.sh" "$work/tree/init"
(cd "$work/tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/disk"

for version in "$@"; do
	found=$(sh "$here/kernel.sh" "$version")
	SECONDS_MAX=600 sh "$here/qemu.sh" "${found#* }" "$work/disk" "$work/console" "$work/results" >&2
	cat "$work/results"
done
