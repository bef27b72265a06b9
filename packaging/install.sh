#!/bin/sh
# install.sh [remove]: installs tailcalld from the folder that this script is in, or removes it again. Never overwrites
# or removes a configuration that was edited. DESTDIR=DIR installs into another tree. Needs root.
set -eu
cd "$(dirname "$0")"
root=${DESTDIR:-}
config=$root/etc/tailcalld.toml
shipped=$root/usr/local/share/tailcalld/tailcalld.toml

# refresh [stop]
refresh() {
	[ -n "$root" ] || sh ./refresh.sh "$@"
}

case ${1:-} in
'')
	# tar replaces files instead of writing to them, so the binary may be running.
	mkdir -p "$root/usr/local" "$root/etc"
	tar -C usr/local -cf - . | tar -C "$root/usr/local" -xf - --no-same-owner
	[ -e "$config" ] || cp etc/tailcalld.toml "$config"
	refresh
	echo 'next: systemctl enable --now tailcalld, or after an upgrade: systemctl restart tailcalld'
	;;
remove)
	refresh stop
	if cmp -s "$config" "$shipped"; then rm -f "$config"; fi
	find usr ! -type d | while IFS= read -r file; do rm -f "$root/$file"; done
	rm -rf "$root/usr/local/share/tailcalld" "$root/usr/local/include/tailcalld"
	refresh
	;;
*)
	echo "usage: $0 [remove]" >&2
	exit 2
	;;
esac
