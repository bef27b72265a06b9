#!/bin/sh
# package.sh tarball | deb | rpm: makes packages of a static binary (scripts/static.sh) in target/packages. From the same
# binary and the same tools they are the same byte for byte. Called by make.
#
#	BINARY=FILE	the binary; default: target/static/tailcalld
#	VERSION=TEXT	version of the packages; default: the one in Cargo.toml
#	PACKAGES=DIR	where they go; default: target/packages
#	SOURCE_DATE_EPOCH=SECONDS	time of the files in them; default: that of the last commit
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C TZ=UTC
umask 022

source=$PWD
# Who answers for the packages.
maintainer="${DEBFULLNAME:-The tailcalld authors} <${DEBEMAIL:-packages@tailcalld.invalid}>"

format=$1
binary=$(realpath "${BINARY:-target/static/tailcalld}")
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)}
mkdir -p "${PACKAGES:-target/packages}"
packages=$(realpath "${PACKAGES:-target/packages}")
[ -n "${SOURCE_DATE_EPOCH:-}" ] || SOURCE_DATE_EPOCH=$(git -c safe.directory="$PWD" log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Refuses what would not run elsewhere.
if readelf -l "$binary" | grep -q 'program interpreter'; then
	echo "$binary is not static: build it with scripts/static.sh" >&2
	exit 65
fi

# install_files DIRECTORY ARGUMENT...
install_files() {
	make -s install-files BINARY="$binary" DESTDIR="$@"
}

tarball() {
	local name="tailcalld-$version-linux-$(uname -m)"
	install_files "$work/$name" >/dev/null
	install -m 755 packaging/install.sh scripts/refresh.sh "$work/$name"
	cp README.md CHANGELOG.md LICENSE-* "$work/$name"
	tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
		-cf - "$name" | gzip -9n >"$packages/$name.tar.gz"
}

# Prints the source packages of the libraries in the binary, with the versions.
built_using() {
	dpkg-query -W -f '${source:Package} (= ${source:Version}), ' libc6-dev libelf-dev zlib1g-dev libzstd-dev
}

deb() {
	local tree="$work/tailcalld"
	mkdir "$tree"
	cp -r packaging/debian README.md CHANGELOG.md docs "$tree"
	sed -i "s/@MAINTAINER@/$maintainer/" "$tree/debian/control"
	cat >"$tree/debian/changelog" <<-END
		tailcalld ($version-1) unstable; urgency=medium

		  * The changes are in changelog.gz beside this file.

		 -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")
	END
	(
		cd "$tree"
		export SOURCE="$source" BINARY="$binary" BUILT_USING="$(built_using)"
		dpkg-buildpackage --build=binary --no-sign >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
	)
	lintian --allow-root --fail-on=error,warning "$work"/*.changes >&2
	mv "$work"/*.deb "$packages"
}

rpm() {
	rpmbuild -bb --quiet --define "_topdir $work/rpm" --define "source $source" --define "binary $binary" \
		--define "wanted_version $version" --define "maintainer $maintainer" \
		--define "date $(date -d "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')" packaging/tailcalld.spec >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 1
	}
	rpmlint --config packaging/rpmlint.toml "$work"/rpm/RPMS/*/*.rpm >"$work/log" 2>&1 || true
	if ! grep -q ' 0 errors, 0 warnings' "$work/log"; then
		cat "$work/log" >&2
		exit 1
	fi
	mv "$work"/rpm/RPMS/*/*.rpm "$packages"
}

$format
cd "$packages"
find . -maxdepth 1 -name 'tailcalld*' -type f -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS
sha256sum --quiet --check SHA256SUMS
cat SHA256SUMS
