#!/bin/bash
# Inside the container: uses the service as an administrator does, chapter by chapter, over two boots. The
# chapters share the service, its configuration and the journal, so their order counts. A chapter that relies
# on another one says so at its top.
# A script that dies ends the container (FailureAction= in e2e.service).
set -uo pipefail
source /e2e/assert.sh
source /e2e/journal.sh
source /e2e/load.sh

# COMMAND FILE...: goes through these chapters, and leaves by that command of systemctl.
through() {
	local command=$1 file
	shift
	for file; do
		# shellcheck source=/dev/null
		source "$file"
	done
	source /e2e/surprises.sh
	echo "$command"
	# systemd may be gone before it has answered.
	systemctl "$command" 2>/dev/null
}

systemctl is-system-running --wait >/dev/null
if [ -e /root/first-boot ]; then
	through poweroff /e2e/after-boot.sh
else
	touch /root/first-boot
	through reboot /e2e/[0-9]*.sh
fi
