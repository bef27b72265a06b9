#!/bin/sh
# build.sh TREE CLANG...: the programs for the guests, linked statically, and what they need to run,
# as the tree of an initial RAM disk. The verifier's test is there once for each clang.
set -eu
cd "$(dirname "$0")/../.."
tree=$1
shift

settings='--config tests/matrix/static.toml'
options='--locked --features libbpf-rs/static --target-dir target/matrix'
built=target/matrix/x86_64-unknown-linux-gnu/debug

# The program of a test, as cargo names it in parentheses.
test_program() {
	test=$1
	shift
	sh scripts/cargo.sh $settings "$@" test $options --no-run --test "$test" 2>&1 |
		sed -n -e 'w /dev/stderr' -e 's/^ *Executable .*(\(.*\))$/\1/p'
}

# Without debugging information, which would only take memory.
add() {
	mkdir -p "$(dirname "$tree$2")"
	strip -o "$tree$2" "$1"
}

sh scripts/cargo.sh $settings build $options --bin tailcalld --example trigger
add $built/tailcalld /bin/tailcalld
add $built/examples/trigger /test/examples/trigger
add "$(test_program kernel)" /test/deps/kernel
for clang in "$@"; do
	add "$(test_program verifier --config "env.CLANG=\"$clang\"")" "/test/deps/verifier-$clang"
done

for folder in proc sys dev tmp run etc; do
	mkdir -p "$tree/$folder"
done
cp "$(command -v busybox)" "$tree/bin/busybox"
cp config/tailcalld.toml "$tree/etc/"
cp tests/matrix/daemon.sh "$tree/test/"
install -m 755 tests/matrix/guest.sh "$tree/init"
