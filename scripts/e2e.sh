#!/bin/bash
# e2e.sh [SUITE]: boots a Debian tree (default: bookworm) with a real systemd in a container, where
# only `make install` has installed tailcalld (the static program), and runs tests/e2e/drive.sh in it. The host inspects
# the BPF objects in the kernel on behalf of the container. Called by `make e2e`; needs root.
#
# Variables are those of tests/e2e/container.sh, and:
#	RATE=N KILLS=N RESTARTS=N UPGRADES=N RING=SIZE OTHER_RING=SIZE LOSSES=yes|no	load of the chapter `adopt`; its defaults are in the file
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/e2e/assert.sh

suite=${1:-bookworm}
# Packages of docs/fleet.md, and services that are profiled.
layer=$(sh scripts/e2e-layer.sh "$suite" services systemd-journal-remote stunnel4 openssl iproute2 curl \
	nginx openssh-server cron postgresql)
# shellcheck source=/dev/null
source tests/e2e/container.sh

# install_tailcalld: runs `make install` without its build, for the static program.
install_tailcalld() {
	make -s --old-file=build install BINARY=target/static/tailcalld DESTDIR="$root" >/dev/null
}

# Chapters start the services.
rm -f "$root"/etc/systemd/system/multi-user.target.wants/{nginx,ssh,cron,postgresql}.service \
	"$root"/etc/systemd/system/{sshd.service,sockets.target.wants/ssh.socket}

chapter 'install and uninstall'
before=$(files)
install_tailcalld
is '`make install` installs every file' "$(cat tests/e2e/installed.txt)" "$(installed_files)"
is 'tailcalld --version runs in this tree' "tailcalld $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)" \
	"$(chroot "$root" tailcalld --version 2>&1)"
echo '# edited' >>"$root/etc/tailcalld.toml"
install_tailcalld
is 'a second `make install` keeps the edited configuration' '# edited' \
	"$(tail -n 1 "$root/etc/tailcalld.toml")"
cp config/tailcalld.toml "$root/etc/tailcalld.toml"
make -s uninstall DESTDIR="$root"
is '`make uninstall` removes every file' '' "$(diff <(echo "$before") <(files))"

install_tailcalld
for name in RATE KILLS RESTARTS UPGRADES RING OTHER_RING LOSSES; do
	[ -z "${!name:-}" ] || echo "$name=${!name}"
done >"$shared/variables"
run_container drive.sh
echo '# edited' >>"$root/etc/tailcalld.toml"
make -s uninstall DESTDIR="$root"
is '`make uninstall` keeps the edited configuration and the state' \
	"$(printf '%s\n' ./etc/tailcalld.toml ./var/lib/tailcalld ./var/lib/tailcalld/first-times)" "$(installed_files)"

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
