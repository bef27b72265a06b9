#!/bin/sh
# cross.sh CLANG...: all that there is compiles for aarch64, the BPF object with each clang. Nothing is
# linked or run, so the C compiler of this machine does for libbpf. Needs the target's standard library:
# rustup target add aarch64-unknown-linux-gnu
set -eu
cd "$(dirname "$0")/../.."

export CC_aarch64_unknown_linux_gnu=cc AR_aarch64_unknown_linux_gnu=ar
# What only the tests of x86_64 need is there all the same.
export RUSTFLAGS='-D warnings -A unused'
options='--locked --all-targets --target aarch64-unknown-linux-gnu --target-dir target/cross'

for clang in "$@"; do
	CLANG=$clang sh scripts/cargo.sh check $options
done
