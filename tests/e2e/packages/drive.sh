#!/bin/bash
# drive.sh: installs, upgrades under load, removes and purges the packages in /shared/packages, inside the container.
# Started by e2e.service; scripts/e2e-packages.sh has built them: `old`, and `new` of another version with other types.
set -uo pipefail
source /e2e/assert.sh
source /e2e/journal.sh
source /e2e/service.sh
source /e2e/load.sh
source /e2e/packages/numbers.sh
source /e2e/packages/package.sh

systemctl is-system-running --wait >/dev/null
# Files and users that packages may leave; the journal, caches and what dpkg and rpm keep for themselves are not theirs.
left_behind() {
	{
		find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /shared -o -path /var/log -o -path /var/cache \
			-o -path /tmp -o -path /root -o -path /var/lib/dpkg -o -path /var/lib/rpm -o -path /e2e \) -prune -o -print
		find /var/lib/dpkg/info /run -xdev -path '*tailcalld*'
		getent passwd
		getent group
	} | sort
}
for format in /e2e/packages/[0-9]*.sh; do
	# shellcheck source=/dev/null
	source "$format"
done
source /e2e/warnings.sh
echo poweroff
systemctl poweroff 2>/dev/null
