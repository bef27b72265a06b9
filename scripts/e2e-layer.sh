#!/bin/sh
# e2e-layer.sh SUITE NAME PACKAGE...: installs packages on top of the tree of this suite, unless that was done, and
# prints the path of the layer with their files, for an overlay. Needs root.
#
# To create a layer again, remove it.
set -eu
cd "$(dirname "$0")/.."

suite=$1
name=$2
shift 2
tree=$(sh scripts/e2e-tree.sh "$suite")
layer=$tree.$name

if [ ! -d "$layer" ]; then
	partial=$(mktemp -d "$(dirname "$tree")/partial.XXXXXX")
	trap 'umount "$partial/root" 2>/dev/null || true; rm -rf "$partial"' EXIT
	mkdir "$partial/root" "$partial/layer" "$partial/work"
	chmod 755 "$partial/layer"
	mount -t overlay overlay -o "lowerdir=$tree,upperdir=$partial/layer,workdir=$partial/work" "$partial/root"
	echo "installing in a Debian $suite tree: $*" >&2
	if ! {
		# The machine's own resolver and proxy reach the mirror that the tree was made from.
		cp /etc/resolv.conf "$partial/root/etc/resolv.conf" &&
			apt-config dump Acquire >"$partial/root/etc/apt/apt.conf.d/99host" &&
			chroot "$partial/root" apt-get update -qq &&
			chroot "$partial/root" env DEBIAN_FRONTEND=noninteractive \
				apt-get install -y -qq --no-install-recommends "$@"
	} >"$partial/log" 2>&1; then
		tail -n 20 "$partial/log" >&2
		exit 1
	fi
	rm -rf "$partial/root/etc/apt/apt.conf.d/99host" "$partial"/root/var/lib/apt/lists/* \
		"$partial"/root/var/cache/apt/archives/*.deb
	umount "$partial/root"
	mv "$partial/layer" "$layer"
fi
echo "$layer"
