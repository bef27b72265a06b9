#!/bin/sh
# kernel.sh [arm64-]VERSION: downloads the newest of Debian's cloud kernels, by default for amd64, whose version begins
# with VERSION (5.10, 6.12, 7) and prints its release and the path of its image, beside which its module loop.ko is.
# Both stay in a cache.
set -eu

architecture=amd64
case $1 in arm64-*) architecture=arm64 ;; esac
version=${1#arm64-}
. "$(dirname "$0")/apt.sh"

# releases VERSION: prints the releases that match. Since 7.0 the package of an image is
# linux-binary-*.
releases() {
	prefix=$(echo "$1" | sed 's/\./\\./g')
	apt-cache $package_cache pkgnames linux- |
		sed -n "s/^linux-\(image\|binary\)-\($prefix\..*-cloud-$architecture\)\$/\2/p" | sort -Vu
}

# fetch DIRECTORY RELEASE: downloads the packages with an image and its modules.
fetch() (
	cd "$1"
	apt-get $package_cache download -qq "linux-binary-$2" "linux-modules-$2" 2>/dev/null ||
		apt-get $package_cache download -qq "linux-image-$2"
)

# download RELEASE: extracts the image of this release, and its module, into the cache.
download() {
	directory=$(mktemp -d)
	fetch "$directory" "$1" >&2
	extract "$directory"
	module=$(find "$directory/tree" -name 'loop.ko*')
	case $module in
	*.xz) xz -dc "$module" ;;
	*) cat "$module" ;;
	esac >"$downloads/linux-$1.loop.ko"
	mv "$(find "$directory/tree" -name 'vmlinuz*')" "$downloads/linux-$1"
	rm -rf "$directory"
}

release=$(releases "$version" | tail -n 1)
[ -n "$release" ] || fail "Debian's suites $suites have no cloud kernel $1"
{ [ -s "$downloads/linux-$release" ] && [ -s "$downloads/linux-$release.loop.ko" ]; } || download "$release"
echo "$release $downloads/linux-$release"
