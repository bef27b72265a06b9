#!/bin/sh
# static.sh: builds target/static/tailcalld, the program of the packages. It is linked statically, so it
# runs on every Linux from 5.10 on of this processor, whatever C library there is, and it is the same
# byte for byte wherever it is built from the same sources with the same compilers and libraries: no path
# of the machine is in it.
set -eu
cd "$(dirname "$0")/.."

home=$(getent passwd "${SUDO_USER:-$(id -un)}" | cut -d: -f6)
registry=${CARGO_HOME:-$home/.cargo}
target=$(sh scripts/cargo.sh -vV | sed -n 's/^host: //p')

# Flags of rustc, separated as paths may have spaces. Newer versions of libelf need libzstd, which libbpf-sys
# does not link. It is linked by its file name, because with a shared library rust-lld would leave undefined
# symbols to the dynamic linker.
flags=
flag() {
	flags="$flags${flags:+$(printf '\037')}$1"
}
flag -Ctarget-feature=+crt-static
flag -Clink-arg=-l:libzstd.a
flag "--remap-path-prefix=$PWD=/usr/src/tailcalld"
flag "--remap-path-prefix=$registry=/usr/share/cargo"
CARGO_ENCODED_RUSTFLAGS=$flags
# Directory of libelf.a and libz.a.
LIBBPF_SYS_LIBRARY_PATH=$(pkg-config --variable=libdir libelf)
export CARGO_ENCODED_RUSTFLAGS LIBBPF_SYS_LIBRARY_PATH

# With --target the flags are not those of build scripts, which cannot be static.
sh scripts/cargo.sh build --release --locked --features libbpf-rs/static --target "$target" >&2
mkdir -p target/static
cp "target/$target/release/tailcalld" target/static/tailcalld
