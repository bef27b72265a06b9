#!/bin/sh
# e2e-tree.sh SUITE [ARCHITECTURE]: creates a minimal Debian tree of this suite, unless there is one, and prints
# its path. The programs of another architecture cannot be run here: its packages are extracted without their scripts,
# which suffices to boot.
#
#	MIRROR=URL	downloads from this mirror; default: the one in the sources of apt
#
# To create a tree again, remove it.
set -eu

suite=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tailcalld
own=$(dpkg --print-architecture)
architecture=${2:-$own}
tree=$cache/$suite
foreign=
if [ "$architecture" != "$own" ]; then
	tree=$cache/$suite.$architecture
	foreign=--foreign
fi

case $suite in
bullseye | bookworm) libelf=libelf1 ;;
*) libelf=libelf1t64 ;;
esac
# A server's packages without build tools. libpam-systemd starts the service manager of a user.
packages=systemd,systemd-sysv,dbus,libpam-systemd,$libelf,zlib1g

# extract TREE: does without programs of TREE what the scripts of its packages would do for a boot.
extract() {
	for package in "$1"/var/cache/apt/archives/*.deb; do
		dpkg-deb -x "$package" "$1" || return
	done
	for name in passwd group; do
		cp "$1/usr/share/base-passwd/$name.master" "$1/etc/$name" || return
	done
	systemd-sysusers --root="$1" || return
	: >"$1/etc/machine-id"
	rm -rf "$1/debootstrap"
}

if [ ! -d "$tree" ]; then
	mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1)}
	if [ -z "$mirror" ]; then
		echo 'found no Debian mirror in the sources of apt: set MIRROR= to the URL of one' >&2
		exit 69
	fi
	mkdir -p "$cache"
	echo "creating a Debian $suite tree for $architecture in $tree, for this and later runs" >&2
	# The tree is renamed once it is complete, so that an incomplete one is never used.
	partial=$(mktemp -d "$cache/partial.XXXXXX")
	trap 'rm -rf "$partial"' EXIT
	chmod 755 "$partial"
	if ! { debootstrap $foreign --arch="$architecture" --variant=minbase --include="$packages" "$suite" \
		"$partial/tree" "$mirror" && { [ -z "$foreign" ] || extract "$partial/tree"; }; } >"$partial/log" 2>&1; then
		tail -n 20 "$partial/log" >&2
		exit 1
	fi
	rm -rf "$partial"/tree/var/cache/apt/archives/*.deb "$partial"/tree/var/lib/apt/lists/*
	mv "$partial/tree" "$tree"
fi
echo "$tree"
