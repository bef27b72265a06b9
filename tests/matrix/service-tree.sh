#!/bin/sh
# service-tree.sh ARCHITECTURE TREE: puts a small Debian with systemd, tailcalld as `make install` installs it, and
# the test of the service into TREE, for an initial RAM disk. Needs the programs that build.sh builds.
set -eu
cd "$(dirname "$0")/../.."
architecture=$1
tree=$2
case $architecture in
amd64)
	target=x86_64-unknown-linux-gnu
	strip=strip
	;;
arm64)
	target=aarch64-unknown-linux-gnu
	strip=aarch64-linux-gnu-strip
	;;
esac

# Units that only take time in an emulated guest, which has no network and no other disk.
masked='apt-daily-upgrade.timer apt-daily.timer dbus.service dbus.socket dpkg-db-backup.timer
e2scrub_all.timer fstrim.timer proc-sys-fs-binfmt_misc.automount systemd-modules-load.service
getty@tty1.service serial-getty@ttyS0.service serial-getty@ttyAMA0.service systemd-logind.service systemd-networkd.service
systemd-timesyncd.service systemd-udev-trigger.service systemd-udevd.service user@.service'

debian=$(sh scripts/e2e-tree.sh trixie "$architecture")
mkdir -p "$tree"
# The disk is memory of the guest: without what neither systemd nor the test needs.
tar -C "$debian" -c --exclude='./usr/share/*' --exclude='./usr/lib/locale' --exclude='./var/*/*' \
	--exclude='./usr/lib/apt' --exclude='*/perl*' --exclude='*/libapt-*' --exclude='*/gconv' \
	--exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' . | tar -x -C "$tree"

$strip -o "$tree/tailcalld" target/matrix/$target/debug/tailcalld
make -s -o build install BINARY="$tree/tailcalld" DESTDIR="$tree" >/dev/null
rm "$tree/tailcalld"

units=$tree/etc/systemd/system
mkdir -p "$units/multi-user.target.wants" "$tree/etc/tailcalld.d"
ln -sf /usr/local/lib/systemd/system/tailcalld.service "$units/multi-user.target.wants/"
for unit in $masked; do
	ln -sf /dev/null "$units/$unit"
done
# The verification of a program takes many times longer on an emulated processor, and holds up what waits for the kernel
# meanwhile; `make e2e` tests the watchdog.
mkdir -p "$units/tailcalld.service.d"
printf '[Service]\nTimeoutStartSec=5min\nTimeoutStopSec=5min\nWatchdogSec=5min\n' >"$units/tailcalld.service.d/emulated.conf"
mkdir -p "$tree/test"
cp tests/matrix/service.sh "$tree/test/"
cp tests/matrix/service.service "$units/matrix.service"
