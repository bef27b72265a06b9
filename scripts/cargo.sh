#!/bin/sh
# Runs cargo as the person who called sudo: Rust usually lives in their home folder, and what is
# built belongs to them.
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
