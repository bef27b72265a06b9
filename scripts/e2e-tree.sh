#!/bin/sh
# e2e-tree.sh SUITE: creates a minimal Debian tree of this suite, unless there is one, and prints
# its path.
#
#	MIRROR=URL	downloads from this mirror; default: the one in the sources of apt
#
# To create a tree again, remove it.
set -eu

suite=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tailcalld
tree=$cache/$suite

case $suite in
bullseye | bookworm) libelf=libelf1 ;;
*) libelf=libelf1t64 ;;
esac
# A server's packages without build tools. libpam-systemd starts the service manager of a user.
packages=systemd,systemd-sysv,dbus,libpam-systemd,$libelf,zlib1g

if [ ! -d "$tree" ]; then
	mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1)}
	if [ -z "$mirror" ]; then
		echo 'found no Debian mirror in the sources of apt: set MIRROR= to the URL of one' >&2
		exit 69
	fi
	mkdir -p "$cache"
	echo "creating a Debian $suite tree in $tree, for this and later runs" >&2
	# The tree is renamed once it is complete, so that an incomplete one is never used.
	partial=$(mktemp -d "$cache/partial.XXXXXX")
	trap 'rm -rf "$partial"' EXIT
	chmod 755 "$partial"
	if ! debootstrap --variant=minbase --include="$packages" "$suite" "$partial/tree" "$mirror" \
		>"$partial/log" 2>&1; then
		tail -n 20 "$partial/log" >&2
		exit 1
	fi
	rm -rf "$partial"/tree/var/cache/apt/archives/*.deb "$partial"/tree/var/lib/apt/lists/*
	mv "$partial/tree" "$tree"
fi
echo "$tree"
