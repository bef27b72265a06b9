#!/bin/sh
# Makes a small Debian tree of that suite once, through the mirror that this machine itself uses, and
# prints where it is. MIRROR= names another one; to make the tree anew, remove it.
set -eu

suite=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tailcalld
tree=$cache/$suite

case $suite in
bookworm) libelf=libelf1 ;;
*) libelf=libelf1t64 ;;
esac
# What a server has, and nothing to build with. libpam-systemd is for a user's own manager.
packages=systemd,systemd-sysv,dbus,libpam-systemd,$libelf,zlib1g

if [ ! -d "$tree" ]; then
	mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1)}
	if [ -z "$mirror" ]; then
		echo 'no Debian mirror among the sources of apt: set MIRROR= to one' >&2
		exit 69
	fi
	mkdir -p "$cache"
	echo "making a tree of Debian $suite in $tree, once" >&2
	# Renamed when it is complete: a half one is never used.
	making=$(mktemp -d "$cache/making.XXXXXX")
	trap 'rm -rf "$making"' EXIT
	chmod 755 "$making"
	if ! debootstrap --variant=minbase --include="$packages" "$suite" "$making/tree" "$mirror" \
		>"$making/log" 2>&1; then
		tail -n 20 "$making/log" >&2
		exit 1
	fi
	rm -rf "$making"/tree/var/cache/apt/archives/*.deb "$making"/tree/var/lib/apt/lists/*
	mv "$making/tree" "$tree"
fi
echo "$tree"
