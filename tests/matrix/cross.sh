#!/bin/sh
# cross.sh CLANG...: checks that everything compiles for aarch64 with the first clang, the BPF object with each.
# Nothing is linked or run, so the C compiler of the host is sufficient for libbpf. Needs the
# standard library of the target, which scripts/setup.sh adds with rustup; without it this is
# skipped, which fails under CI=true.
set -eu
cd "$(dirname "$0")/../.."

export CC_aarch64_unknown_linux_gnu=cc AR_aarch64_unknown_linux_gnu=ar
# Helpers that only tests of x86_64 use are compiled for aarch64, too.
export RUSTFLAGS='-D warnings -A unused'
options='--locked --target aarch64-unknown-linux-gnu --target-dir target/cross'

if [ ! -d "$(rustc --print sysroot)/lib/rustlib/aarch64-unknown-linux-gnu" ]; then
	echo 'SKIPPED: this Rust has no standard library for aarch64-unknown-linux-gnu' >&2
	[ "${CI:-}" != true ]
	exit
fi
CLANG=$1 sh scripts/cargo.sh check $options --workspace --all-targets
shift
for clang in "$@"; do
	CLANG=$clang sh scripts/cargo.sh check $options --lib
done
