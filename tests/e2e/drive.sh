#!/bin/bash
# drive.sh: runs the chapters inside the container, over two boots. Started by e2e.service.
#
# A chapter sets up what it needs. 10-start.sh starts the service; every later chapter of the first
# boot finds it running with the shipped configuration, and leaves it running. Chapters share the
# journal, so they select records by unit, process or generation.
#
# If this script fails, the container powers off (FailureAction= in e2e.service).
set -uo pipefail
source /e2e/assert.sh
source /e2e/journal.sh
source /e2e/service.sh
source /e2e/load.sh

# run_chapters FILE...
run_chapters() {
	local file
	for file; do
		restore_configuration
		# shellcheck source=/dev/null
		source "$file"
	done
}

# leave COMMAND: checks the journal of this boot and ends it with this command of systemctl.
leave() {
	source /e2e/warnings.sh
	echo "$1"
	# systemctl may fail because systemd exits before it replies.
	systemctl "$1" 2>/dev/null
}

systemctl is-system-running --wait >/dev/null
if [ -e /root/first-boot ]; then
	source /e2e/after-boot.sh
	leave poweroff
else
	touch /root/first-boot
	# shellcheck disable=SC2034 # 90-stop.sh compares with it
	objects_before=$(host objects)
	run_chapters /e2e/[0-9]*.sh
	leave reboot
fi
