#!/bin/sh
# cross.sh CLANG...: all that there is compiles for aarch64, the BPF object with each clang. Nothing is
# linked or run, so the C compiler of this machine does for libbpf. It needs the target's standard library,
# which scripts/setup.sh gets by rustup; without it this is skipped, which is a failure under CI=true.
set -eu
cd "$(dirname "$0")/../.."

export CC_aarch64_unknown_linux_gnu=cc AR_aarch64_unknown_linux_gnu=ar
# What only the tests of x86_64 need is there all the same.
export RUSTFLAGS='-D warnings -A unused'
options='--locked --workspace --all-targets --target aarch64-unknown-linux-gnu --target-dir target/cross'

if [ ! -d "$(rustc --print sysroot)/lib/rustlib/aarch64-unknown-linux-gnu" ]; then
	echo 'SKIPPED: this Rust has no standard library for aarch64-unknown-linux-gnu' >&2
	[ "${CI:-}" != true ]
	exit
fi
for clang in "$@"; do
	CLANG=$clang sh scripts/cargo.sh check $options
done
