#!/bin/sh
# Tells a running systemd about files that came or went; with "stop", ends the service before.
# Without systemd (a container, a build root) there is nobody to tell.
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
