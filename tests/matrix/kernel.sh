#!/bin/sh
# kernel.sh VERSION: the newest of Debian's cloud kernels whose version begins so (5.10, 6.12, 7).
# Prints its release and the path of its image. Packages come from the place where this machine's
# own come from, whatever its suite, and stay in a cache; nothing is installed.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tailcalld/kernels
suites='bullseye bookworm trixie trixie-backports'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
	echo "$1" >&2
	exit 69
}

# The mirror of the machine's own sources, or MATRIX_MIRROR.
mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1
}

# Lists and state of its own, so that the machine's are not touched.
configure() {
	mirror=${MATRIX_MIRROR:-$(mirror)}
	[ -n "$mirror" ] || fail 'no mirror of Debian among the sources of apt: name one in MATRIX_MIRROR'
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

# Some machines switch off the cache that makes apt quick.
quick='-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin'

# Once a day. Without a network, what is in the cache must do.
update() {
	if [ -z "$(find "$cache/updated" -mtime -1 2>/dev/null)" ]; then
		apt-get $quick update -qq >&2 && touch "$cache/updated" || echo 'no new lists of kernels' >&2
	fi
}

# Since 7.0 the image lies in a package linux-binary-*.
releases() {
	prefix=$(echo "$1" | sed 's/\./\\./g')
	apt-cache $quick pkgnames linux- |
		sed -n "s/^linux-\(image\|binary\)-\($prefix\..*-cloud-amd64\)\$/\2/p" | sort -Vu
}

download() {
	folder=$(mktemp -d)
	(cd "$folder" && { apt-get $quick download -qq "linux-binary-$1" 2>/dev/null ||
		apt-get $quick download -qq "linux-image-$1"; }) >&2
	dpkg-deb --fsys-tarfile "$folder"/*.deb | tar -x --wildcards -O '*/vmlinuz*' >"$folder/image"
	mv "$folder/image" "$cache/linux-$1"
	rm -rf "$folder"
}

[ -e "$keyring" ] || fail "the keys of Debian's archive are missing: install debian-archive-keyring"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
configure
update
release=$(releases "$1" | tail -n 1)
[ -n "$release" ] || fail "Debian's suites $suites have no cloud kernel $1"
[ -s "$cache/linux-$release" ] || download "$release"
echo "$release $cache/linux-$release"
