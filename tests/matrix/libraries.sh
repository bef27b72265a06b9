#!/bin/sh
# libraries.sh: downloads what static programs for aarch64 are linked with, besides the C library of the cross compiler,
# and a static busybox, and prints the folder of the libraries. Debian 12's are old enough for every C library. They stay
# in a cache.
set -eu

architecture=arm64
packages='libelf-dev zlib1g-dev libzstd-dev busybox-static'
. "$(dirname "$0")/apt.sh"

# Extracts the packages into the cache.
download() {
	directory=$(mktemp -d)
	(cd "$directory" && for package in $packages; do
		apt-get $package_cache download -qq "$package/bookworm" >&2
	done)
	extract "$directory"
	rm -rf "$cache/tree"
	mv "$directory/tree" "$cache/tree"
	rm -rf "$directory"
}

libraries=$cache/tree/usr/lib/aarch64-linux-gnu
{ [ -s "$libraries/libelf.a" ] && [ -s "$libraries/libzstd.a" ] && [ -s "$cache/tree/bin/busybox" ]; } || download
echo "$libraries"
