#!/bin/sh
# build.sh ARCHITECTURE TREE CLANG...: builds the programs of the guests, linked statically, and puts them with
# the files that they need into TREE, for an initial RAM disk. The test of the verifier is built
# once per clang.
set -eu
cd "$(dirname "$0")/../.."
architecture=$1
tree=$2
shift 2

case $architecture in
amd64)
	target=x86_64-unknown-linux-gnu
	strip=strip
	busybox=$(command -v busybox)
	;;
arm64)
	target=aarch64-unknown-linux-gnu
	strip=aarch64-linux-gnu-strip
	LIBBPF_SYS_LIBRARY_PATH_aarch64_unknown_linux_gnu=$(sh tests/matrix/libraries.sh)
	export LIBBPF_SYS_LIBRARY_PATH_aarch64_unknown_linux_gnu
	busybox=${LIBBPF_SYS_LIBRARY_PATH_aarch64_unknown_linux_gnu%/usr/lib/*}/bin/busybox
	;;
esac
# Emulated processors of ARM are slower: one compiler, with which everything is built.
if [ $architecture = arm64 ]; then
	export CLANG="$1"
	set -- "$1"
fi
settings="--config tests/matrix/static.toml --config build.target=\"$target\""
options='--locked --features libbpf-rs/static --target-dir target/matrix'
# The test of the verifier has the kernel do the work, and is built for each compiler.
unoptimized='--config profile.dev.package.tailcalld.opt-level=0'
[ $architecture = amd64 ] || unoptimized=
built=target/matrix/$target/debug

# test_program TEST OPTION...: builds a test and prints the path of its program, which cargo prints
# in parentheses.
test_program() {
	test=$1
	shift
	sh scripts/cargo.sh $settings "$@" test $options --no-run --test "$test" 2>&1 |
		sed -n -e 'w /dev/stderr' -e 's/^ *Executable .*(\(.*\))$/\1/p'
}

# add PROGRAM PATH: adds a program to the tree, without debugging information to save memory.
add() {
	mkdir -p "$(dirname "$tree$2")"
	$strip -o "$tree$2" "$1"
}

sh scripts/cargo.sh $settings build $options --bin tailcalld --example trigger --example update_map
add $built/tailcalld /bin/tailcalld
add $built/examples/trigger /test/examples/trigger
add $built/examples/update_map /test/examples/update_map
if [ $architecture = arm64 ]; then
	arm-linux-gnueabihf-gcc -Wall -Wextra -Werror -static -O1 -s -o "$tree/test/examples/trigger32" \
		tests/support/trigger32.c
fi
for test in kernel abuse many_cgroups cgroup_churn; do
	add "$(test_program $test)" /test/deps/$test
done
# Cargo compiles the path of the daemon into tests, and they look for examples beside it.
echo "daemon='$PWD/$built/tailcalld'" >"$tree/test/daemon-path"
for clang in "$@"; do
	add "$(test_program verifier $unoptimized --config "env.CLANG=\"$clang\"")" \
		"/test/deps/verifier-$clang"
	sh tests/matrix/objects.sh "$tree/test/handlers/$clang" "$clang"
done

# The probe of docs/handlers.md and its handler.
make -s -C examples/handlers SDK=../../sdk CLANG="$1" unlinked.bpf.o
cp examples/handlers/unlinked.bpf.o "$tree/test/"
awk '/^```/ { if (text ~ /^\[probes\]/) printf "%s", text; text = ""; next } { text = text $0 "\n" }' \
	docs/handlers.md >"$tree/test/probes.toml"

# The handler in Rust, which the first clang assembles.
if [ -d "$(rustc +nightly --print sysroot 2>/dev/null)/lib/rustlib/src" ]; then
	make -s -C examples/handlers removed_rs.bpf.o CLANG="$1"
	cp examples/handlers/removed_rs.bpf.o "$tree/test/"
else
	echo 'SKIPPED: there is no nightly compiler with rust-src for the handler in Rust' >&2
	[ "${CI:-}" != true ]
fi

for directory in proc sys dev tmp run etc; do
	mkdir -p "$tree/$directory"
done
cp "$busybox" "$tree/bin/busybox"
cp config/tailcalld.toml "$tree/etc/"
cp tests/matrix/daemon.sh "$tree/test/"
install -m 755 tests/matrix/guest.sh "$tree/init"
