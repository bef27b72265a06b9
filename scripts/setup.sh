#!/bin/sh
# setup.sh [test | bench | e2e | matrix | static | deb | rpm]: installs the packages that are missing
# to build tailcalld, and with an argument those to run the tests, the benchmarks, the container or the
# guests of that name, or to make packages. Uses apt; on other distributions it prints the list.
set -eu

# Pairs of a command and the package that contains it.
build='clang:clang gcc:gcc make:make pkg-config:pkg-config'
libraries='libelf:libelf-dev zlib:zlib1g-dev'
test='/lib/systemd/systemd-journal-remote:systemd-journal-remote bpftool:bpftool unshare:util-linux setpriv:util-linux logger:bsdutils journalctl:systemd clang-format:clang-format mandoc:mandoc mkfs.btrfs:btrfs-progs jq:jq tmux:tmux zsh:zsh fish:fish'
# Programs that tests/fidelity runs under strace and the daemon.
traced='strace:strace bash:bash /usr/bin/python3:python3 git:git curl:curl cc:gcc'
e2e='systemd-nspawn:systemd-container debootstrap:debootstrap bpftool:bpftool'
matrix='systemd-sysusers:systemd qemu-system-x86_64:qemu-system-x86 cpio:cpio flock:util-linux strip:binutils debootstrap:debootstrap xz:xz-utils qemu-system-aarch64:qemu-system-arm aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf'
static='readelf:binutils'
deb='dpkg-buildpackage:dpkg-dev dh:debhelper lintian:lintian'
rpm='rpmbuild:rpm rpmlint:rpmlint'

# Prints a pair for each clang of the distribution, from the oldest that compiles the BPF object.
clangs() {
	if [ -z "$(apt-cache pkgnames clang- 2>/dev/null)" ] && [ "$(id -u)" -eq 0 ]; then
		apt-get update -qq >&2 # a new machine has no lists yet
	fi
	apt-cache pkgnames clang- 2>/dev/null | grep -E '^clang-(1[4-9]|[2-9][0-9])$' | sed 's/.*/&:&/'
}

case ${1:-} in
'') more= ;;
test) more="$test $traced" ;;
bench) more=$test ;;
e2e) more=$e2e ;;
matrix) more="$matrix $(clangs)" ;;
static) more=$static ;;
deb) more="$static $deb" ;;
rpm) more="$static $rpm" ;;
*)
	echo "usage: $0 [test | bench | e2e | matrix | static | deb | rpm]" >&2
	exit 2
	;;
esac

missing=
for pair in $build $more; do
	PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
for pair in $libraries; do
	pkg-config --exists "${pair%%:*}" 2>/dev/null || missing="$missing ${pair#*:}"
done
if [ "${1:-}" = test ] || [ "${1:-}" = bench ]; then
	[ -e /lib/systemd/systemd-journald ] || missing="$missing systemd"
	# Tests compare the tables of syscalls with the kernel's headers.
	[ -e /usr/include/asm-generic/unistd.h ] || missing="$missing linux-libc-dev"
fi
if [ "${1:-}" = matrix ]; then
	# The guests have no libraries, so the shell is linked statically like the other programs.
	if ! command -v busybox >/dev/null || ldd "$(command -v busybox)" >/dev/null 2>&1; then
		missing="$missing busybox-static"
	fi
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
	# The C library of the cross compilers.
	[ -e /usr/aarch64-linux-gnu/lib/libc.a ] || missing="$missing libc6-dev-arm64-cross"
	[ -e /usr/arm-linux-gnueabihf/lib/libc.a ] || missing="$missing libc6-dev-armhf-cross"
fi
case ${1:-} in
matrix | static | deb | rpm) # static programs
	pkg-config --exists libzstd || missing="$missing libzstd-dev"
	;;
esac
missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')

if [ -n "${missing# }" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "missing packages, by their Debian names: $missing" >&2
		echo "install the corresponding packages of this distribution, then try again" >&2
		exit 69
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "missing packages: run this with sudo, or: sudo apt-get install $missing" >&2
		exit 77
	fi
	echo "installing: $missing" >&2
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# For the guests of aarch64, and for tests/matrix/cross.sh and the handler in Rust, which are skipped without. Only rustup
# can add them.
if [ "${1:-}" = matrix ] && command -v rustup >/dev/null; then
	rustup --quiet target add aarch64-unknown-linux-gnu
	[ -d "$(rustc +nightly --print sysroot 2>/dev/null)/lib/rustlib/src" ] ||
		rustup --quiet toolchain install nightly --profile minimal --component rust-src
fi

# The package would start a server, so its tool is only unpacked. Tests that use it are skipped without.
unpack_promtool() (
	directory=$(mktemp -d)
	trap 'rm -r "$directory"' EXIT
	(cd "$directory" && apt-get download -qq prometheus 2>/dev/null) || return 0
	mkdir -p "$tools"
	dpkg-deb --fsys-tarfile "$directory"/prometheus_*.deb | tar -x -C "$tools" ./usr/bin/promtool
)

if [ "${1:-}" = test ] && ! command -v promtool >/dev/null; then
	tools=$(dirname "$0")/../target/tools
	if [ ! -e "$tools/usr/bin/promtool" ] && command -v apt-get >/dev/null; then
		unpack_promtool
	fi
fi

if [ "${1:-}" = bench ]; then
	exec sh "$(dirname "$0")/peers.sh"
fi
