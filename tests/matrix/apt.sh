# apt.sh: how the scripts beside it fetch packages of Debian. Nothing is installed; apt gets lists and state of its own
# in a cache, so that the machine's stay as they are. To be sourced with `architecture`, by Debian's name.
#
#	MATRIX_MIRROR=URL	downloads from this mirror; default: the one in the sources of apt

downloads=${XDG_CACHE_HOME:-$HOME/.cache}/tailcalld/kernels
cache=$downloads/$architecture
suites='bullseye bookworm trixie trixie-backports'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Images of containers often disable apt's package cache, without which each call takes seconds.
package_cache='-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin'

fail() {
	echo "$1" >&2
	exit 69
}

# Prints the mirror in the machine's sources of apt.
mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1
}

configure() {
	mirror=${MATRIX_MIRROR:-$(mirror)}
	[ -n "$mirror" ] || fail 'found no Debian mirror in the sources of apt: set MATRIX_MIRROR= to the URL of one'
	mkdir -p "$cache/lists/partial" "$cache/archives/partial"
	for suite in $suites; do
		echo "deb [arch=$architecture signed-by=$keyring] $mirror $suite main"
	done >"$cache/sources.list"
	cat >"$cache/apt.conf" <<-END
		APT::Architecture "$architecture";
		APT::Architectures { "$architecture"; };
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

# Updates the lists once a day. Without a network, the lists in the cache are used.
update() {
	if [ -z "$(find "$cache/updated" -mtime -1 2>/dev/null)" ]; then
		apt-get $package_cache update -qq >&2 && touch "$cache/updated" ||
			echo 'cannot update the lists of packages, using those in the cache' >&2
	fi
}

# extract DIRECTORY: extracts the packages in a directory into DIRECTORY/tree.
extract() {
	for package in "$1"/*.deb; do
		dpkg-deb -x "$package" "$1/tree"
	done
}

[ -e "$keyring" ] || fail "$keyring is missing: install debian-archive-keyring"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
configure
update
