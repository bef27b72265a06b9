#!/bin/sh
# Installs what is missing to build; with "test" also to test, with "bench" to compare with others as
# well, with "e2e" to test in a container. Nothing if all is there. Packages are those of Debian and
# its descendants; for others the list is printed.
set -eu

# Something that tells whether it is there, and the package that brings it.
build='clang:clang gcc:gcc make:make pkg-config:pkg-config'
libraries='libelf:libelf-dev zlib:zlib1g-dev'
test='bpftool:bpftool unshare:util-linux setpriv:util-linux journalctl:systemd clang-format:clang-format mandoc:mandoc'
e2e='systemd-nspawn:systemd-container debootstrap:debootstrap bpftool:bpftool'

case ${1:-} in
'') more= ;;
test | bench) more=$test ;;
e2e) more=$e2e ;;
*)
	echo "usage: $0 [test | bench | e2e]" >&2
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
if [ "$more" = "$test" ]; then
	[ -e /lib/systemd/systemd-journald ] || missing="$missing systemd"
	# Names and numbers are compared with the kernel's headers.
	[ -e /usr/include/asm-generic/unistd.h ] || missing="$missing linux-libc-dev"
fi
missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')

if [ -n "${missing# }" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "missing, by their Debian names: $missing" >&2
		echo "install what your distribution calls them, then try again" >&2
		exit 69
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "missing: $missing- run this with sudo, or: sudo apt-get install $missing" >&2
		exit 77
	fi
	echo "installing: $missing" >&2
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if [ "${1:-}" = bench ]; then
	exec sh "$(dirname "$0")/peers.sh"
fi
