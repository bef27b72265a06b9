#!/bin/sh
# cargo.sh ARGUMENT...: runs cargo, under sudo as the user that called sudo: Rust is usually
# installed in that user's home directory, and the files it builds have to belong to that user.
set -eu

if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
	home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
	exec runuser -u "$SUDO_USER" -- env HOME="$home" PATH="$home/.cargo/bin:$PATH" sh "$0" "$@"
fi
PATH=$PATH:$HOME/.cargo/bin
if ! command -v cargo >/dev/null; then
	echo "cargo is missing: install Rust 1.85 or newer, see https://rustup.rs" >&2
	exit 69
fi
exec cargo "$@"
