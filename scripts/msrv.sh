#!/bin/sh
# msrv.sh: compiles everything, tests too, with the oldest Rust that Cargo.toml permits: that of Debian 13, in a tree of it. Called
# by `make msrv`. Needs root.
set -eu
cd "$(dirname "$0")/.."
suite=trixie
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

layer=$(sh scripts/e2e-layer.sh "$suite" rust cargo rustc clang gcc make pkg-config libelf-dev zlib1g-dev)
work=$(mktemp -d)
umount_all() {
	for mount in root/source root/registry root/target root/proc root; do
		umount "$work/$mount" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap umount_all EXIT
mkdir -p "$work/root" "$work/upper" "$work/work" target/msrv
mount -t overlay overlay -o "lowerdir=$layer:${layer%.rust},upperdir=$work/upper,workdir=$work/work" "$work/root"
mkdir "$work/root/source" "$work/root/registry" "$work/root/target"
mount -t proc proc "$work/root/proc"
mount --bind . "$work/root/source"
mount --bind target/msrv "$work/root/target"
# The crates are fetched out here, where cargo has its settings.
cargo fetch --locked --quiet
mount --bind "${CARGO_HOME:-$HOME/.cargo}/registry" "$work/root/registry"

in_tree() {
	chroot "$work/root" env -i PATH=/usr/bin:/bin HOME=/root CARGO_HOME=/root/cargo CARGO_TARGET_DIR=/target "$@"
}
mkdir -p "$work/root/root/cargo"
ln -s /registry "$work/root/root/cargo/registry"
case $(in_tree rustc --version) in
"rustc $wanted."*) ;;
*)
	echo "Debian $suite has another Rust than $wanted: $(in_tree rustc --version)" >&2
	exit 1
	;;
esac
in_tree sh -c 'cd /source && cargo check --locked --offline --workspace --all-targets'
