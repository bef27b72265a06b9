#!/bin/sh
# refresh.sh [stop]: makes systemd read the unit and the catalog again after files were installed or
# removed. With "stop" it first stops and disables the service. Without a running systemd, as in a
# container or a build root, it only updates the catalog.
set -eu

if [ -d /run/systemd/system ]; then
	if [ "${1:-}" = stop ]; then
		systemctl disable --now --quiet tailcalld.service 2>/dev/null || true
		rm -rf /run/tailcalld
	fi
	systemctl daemon-reload
fi
if command -v journalctl >/dev/null; then
	journalctl --update-catalog
fi
