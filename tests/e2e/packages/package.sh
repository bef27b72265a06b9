# package.sh: the life of a package, whatever its format. For sourcing; a format defines the functions that these call:
# install_package VERSION, remove_package.

# check_running: asserts that the installed program runs, and records.
check_running() {
	# A change of the configuration may still be read.
	soon 'is active' active systemctl is-active tailcalld
	is 'the process has the installed program' 0 "$(outcome cmp "/proc/$(property MainPID)/exe" /usr/bin/tailcalld)"
	is 'the examples find the header' 'SDK ?= /usr/include' "$(grep ^SDK /usr/share/tailcalld/handlers/Makefile)"
	soon 'the host finds one dispatcher' 1 host dispatchers
	run_unit "$1.service" /bin/true "of-$1"
	settle
	is 'records calls' "$1.service" "$(values OBJECT_SYSTEMD_UNIT "$(cmdline /bin/true "of-$1")")"
}

# check_upgrade VERSION: installs another version while numbered calls run.
check_upgrade() {
	local pid
	echo '# edited' >>/etc/tailcalld.toml
	configure '[routes]' 'kill = { handler = "args", argument = "pid >= 1000000000" }' '[limits]' 'per_uid = "none"'
	pid=$(property MainPID)
	start_numbers 1000000000 500
	sleep 1
	is 'the new version is installed' 0 "$(install_package "$1" >/run/output 2>&1; echo $?)"
	sleep 1
	finish_numbers
	check_numbers
	like 'has another process' '[1-9]*' "$(property MainPID | grep -vx "$pid")"
	is 'the new process went on with the table of the old one' "stop 1" \
		"$(last TAILCALLD_REASON $ADOPTED) $(count $ADOPTED --since="@$since")"
	is 'the old process read its own ring to the end' 1 \
		"$(count $STOPPED TAILCALLD_REASON='another version' --since="@$since")"
	is 'the edited configuration is kept' '# edited' "$(tail -n 1 /etc/tailcalld.toml)"
	rm -r /etc/tailcalld.d
}

# Asserts that nothing runs any more, and that the unit is gone.
check_removed() {
	is 'no program is left' 1 "$(test -e /usr/bin/tailcalld; echo $?)"
	is 'systemd does not know the unit' 'not-found inactive' "$(property LoadState) $(property ActiveState)"
	soon 'the host finds no dispatcher' 0 host dispatchers
	is 'the directory of the service is gone' 1 "$(test -e /run/tailcalld; echo $?)"
	is 'the catalog has no entry' 0 "$(journalctl --list-catalog | grep -c tailcalld)"
}
