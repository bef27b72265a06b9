#!/bin/sh
# peers.sh: installs the tools that the benchmarks compare tailcalld with, as far as the
# distribution has them. The benchmarks report a tool that cannot be installed as absent. Called by
# setup.sh bench.
set -eu
cd "$(dirname "$0")/.."

# Pairs of a command and the package that contains it.
peers='bpftrace:bpftrace strace:strace perf:linux-perf taskset:util-linux'
has_bcc() { /usr/bin/python3 -c 'import bcc' 2>/dev/null; }

missing=
for pair in $peers; do
	command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
has_bcc || missing="$missing python3-bpfcc"
command -v auditd >/dev/null || [ -e target/peers/sbin/auditd ] ||
	[ -e target/peers/usr/sbin/auditd ] || missing="$missing auditd"
# BCC compiles its program against kernel headers at start. Those of another release are sufficient.
[ -e "/lib/modules/$(uname -r)/build" ] || [ -e target/peers/headers ] || missing="$missing headers"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
	echo "not installed, the benchmarks report them as absent:$missing" >&2
	exit 0
fi

# unpack PACKAGE...: extracts packages into target/peers, without installing them.
unpack() (
	directory=$(mktemp -d)
	trap 'rm -r "$directory"' EXIT
	(cd "$directory" && apt-get download -qq "$@" 2>/dev/null)
	mkdir -p target/peers
	for package in "$directory"/*.deb; do
		dpkg -x "$package" target/peers
	done
)

# An installed auditd would start now and at every boot, and make each syscall of the machine
# slower. So it is only unpacked, with the libraries that are missing.
unpack_auditd() {
	unpack $(apt-get install -s --no-install-recommends auditd | awk '/^Inst/ {print $2}')
}

# Debian splits the headers into two packages, which have to be in one tree.
unpack_headers() {
	machine=$(dpkg --print-architecture)
	version=$(apt-cache depends "linux-headers-$machine" |
		awk '/Depends: linux-headers-[0-9]/ {print $2; exit}')
	common=${version%"-$machine"}-common
	unpack "$version" "$common" &&
		cp -a "target/peers/usr/src/$version/." "target/peers/usr/src/$common/" &&
		ln -sfn "usr/src/$common" target/peers/headers
}

echo "installing for the comparison:$missing" >&2
apt-get update -qq || true
for package in $missing; do
	case $package in
	auditd | headers)
		"unpack_$package" || echo "cannot unpack $package" >&2
		;;
	*)
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" \
			>/dev/null || echo "cannot install $package" >&2
		;;
	esac
done
