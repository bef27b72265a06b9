#!/bin/sh
# kernel.sh VERSION: downloads the newest of Debian's cloud kernels whose version begins with
# VERSION (5.10, 6.12, 7) and prints its release and the path of its image, beside which its module
# loop.ko is. Nothing is installed; both stay in a cache.
#
#	MATRIX_MIRROR=URL	downloads from this mirror; default: the one in the sources of apt
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tailcalld/kernels
suites='bullseye bookworm trixie trixie-backports'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
	echo "$1" >&2
	exit 69
}

# Prints the mirror in the machine's sources of apt.
mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1
}

# Gives apt lists and state in the cache, so that the machine's own stay as they are.
configure() {
	mirror=${MATRIX_MIRROR:-$(mirror)}
	[ -n "$mirror" ] || fail 'found no Debian mirror in the sources of apt: set MATRIX_MIRROR= to the URL of one'
	mkdir -p "$cache/lists/partial" "$cache/archives/partial"
	for suite in $suites; do
		echo "deb [arch=amd64 signed-by=$keyring] $mirror $suite main"
	done >"$cache/sources.list"
	cat >"$cache/apt.conf" <<-END
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; };
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		Dir::Cache "$cache";
		Dir::Etc::SourceList "$cache/sources.list";
		Dir::Etc::SourceParts "-";
		Dir::State::Lists "$cache/lists";
		Dir::State::Status "/dev/null";
	END
	export APT_CONFIG="$cache/apt.conf"
}

# Images of containers often disable apt's package cache, without which each call takes seconds.
package_cache='-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin'

# Updates the lists once a day. Without a network, the lists in the cache are used.
update() {
	if [ -z "$(find "$cache/updated" -mtime -1 2>/dev/null)" ]; then
		apt-get $package_cache update -qq >&2 && touch "$cache/updated" ||
			echo 'cannot update the lists of packages, using those in the cache' >&2
	fi
}

# releases VERSION: prints the releases that match. Since 7.0 the package of an image is
# linux-binary-*.
releases() {
	prefix=$(echo "$1" | sed 's/\./\\./g')
	apt-cache $package_cache pkgnames linux- |
		sed -n "s/^linux-\(image\|binary\)-\($prefix\..*-cloud-amd64\)\$/\2/p" | sort -Vu
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
	for package in "$directory"/*.deb; do
		dpkg-deb -x "$package" "$directory/tree"
	done
	module=$(find "$directory/tree" -name 'loop.ko*')
	case $module in
	*.xz) xz -dc "$module" ;;
	*) cat "$module" ;;
	esac >"$cache/linux-$1.loop.ko"
	mv "$(find "$directory/tree" -name 'vmlinuz*')" "$cache/linux-$1"
	rm -rf "$directory"
}

[ -e "$keyring" ] || fail "$keyring is missing: install debian-archive-keyring"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
configure
update
release=$(releases "$1" | tail -n 1)
[ -n "$release" ] || fail "Debian's suites $suites have no cloud kernel $1"
{ [ -s "$cache/linux-$release" ] && [ -s "$cache/linux-$release.loop.ko" ]; } || download "$release"
echo "$release $cache/linux-$release"
