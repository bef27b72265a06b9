#!/bin/sh
# Installs what the benchmarks compare with, as far as the distribution has it. Whatever cannot be
# had is left out: the report names it as absent.
set -eu
cd "$(dirname "$0")/.."

# Something that tells whether it is there, and the package that brings it.
peers='bpftrace:bpftrace strace:strace perf:linux-perf taskset:util-linux'
has_bcc() { /usr/bin/python3 -c 'import bcc' 2>/dev/null; }

missing=
for pair in $peers; do
	command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
has_bcc || missing="$missing python3-bpfcc"
command -v auditd >/dev/null || [ -e target/peers/sbin/auditd ] ||
	[ -e target/peers/usr/sbin/auditd ] || missing="$missing auditd"
# BCC compiles against kernel headers when it starts; any that are near serve.
[ -e "/lib/modules/$(uname -r)/build" ] || [ -e target/peers/headers ] || missing="$missing headers"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
	echo "not installed, will be named as absent:$missing" >&2
	exit 0
fi

# Into target/peers, not into the system.
unpack() (
	folder=$(mktemp -d)
	trap 'rm -r "$folder"' EXIT
	(cd "$folder" && apt-get download -qq "$@" 2>/dev/null)
	mkdir -p target/peers
	for package in "$folder"/*.deb; do
		dpkg -x "$package" target/peers
	done
)

# Installed, auditd would start now and at every boot, and every task would pay for it from then on:
# it is only unpacked, with the libraries that are missing.
unpack_auditd() {
	unpack $(apt-get install -s --no-install-recommends auditd | awk '/^Inst/ {print $2}')
}

# The distribution has them in two parts, which belong into one tree.
unpack_headers() {
	machine=$(dpkg --print-architecture)
	version=$(apt-cache depends "linux-headers-$machine" |
		awk '/Depends: linux-headers-[0-9]/ {print $2; exit}')
	common=${version%"-$machine"}-common
	unpack "$version" "$common" &&
		cp -a "target/peers/usr/src/$version/." "target/peers/usr/src/$common/" &&
		ln -sfn "usr/src/$common" target/peers/headers
}

echo "installing to compare with:$missing" >&2
apt-get update -qq || true
for package in $missing; do
	case $package in
	auditd | headers)
		"unpack_$package" || echo "cannot be unpacked: $package" >&2
		;;
	*)
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" \
			>/dev/null || echo "cannot be installed: $package" >&2
		;;
	esac
done
