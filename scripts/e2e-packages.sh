#!/bin/bash
# e2e-packages.sh [SUITE]: boots a Debian tree (default: bookworm) that has nothing of tailcalld, and in it installs,
# upgrades under load, removes and purges the packages of target/static/tailcalld: tests/e2e/packages. Called by
# `make e2e`; needs root. For the variables, see tests/e2e/container.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/e2e/assert.sh

suite=${1:-bookworm}
# shellcheck source=/dev/null
source tests/e2e/container.sh

# Writes a program of another version to the file: the static one with another stamp of its types, so that the daemon
# does not read the ring of the other version.
other_version() {
	local stamp file
	cp target/static/tailcalld "$1"
	for file in target/*/release/build/tailcalld-*/output; do
		stamp=$(sed -n 's/.*TAILCALLD_LAYOUT_STAMP=//p' "$file")
		[ -n "$stamp" ] && grep -qaF "${stamp:0:8}" "$1" && break
	done
	# The compiler may have it in two halves.
	LC_ALL=C sed -i "s/${stamp:0:8}/aaaaaaaa/g; s/${stamp:8}/bbbbbbbb/g" "$1"
	! cmp -s target/static/tailcalld "$1"
}

# Puts the rpm of this machine into the tree, with its settings and libraries, and a directory that each system with rpm
# has.
add_rpm() {
	local program
	program=$(command -v rpm)
	mkdir -p "$root/opt/rpm/lib" "$root/usr/share/licenses"
	cp "$program" "$root/opt/rpm/rpm"
	cp -r /usr/lib/rpm "$root/opt/rpm/config"
	ldd "$program" | sed -n 's|.* => \(/[^ ]*\) .*|\1|p' | xargs cp -Lt "$root/opt/rpm/lib"
	cp -L "$(ldd "$program" | sed -n 's|^\t\(/[^ ]*ld-linux[^ ]*\) .*|\1|p')" "$root/opt/rpm/ld.so"
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
mkdir "$shared/packages"
other_version "$work/next"
add_rpm
for format in deb rpm; do
	PACKAGES="$shared/packages/old" sh scripts/package.sh "$format" >/dev/null
	PACKAGES="$shared/packages/new" VERSION="$version+next" BINARY="$work/next" sh scripts/package.sh "$format" >/dev/null
done
run_container packages/drive.sh
is 'the tree has no file of tailcalld' '' "$(installed_files)"

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
