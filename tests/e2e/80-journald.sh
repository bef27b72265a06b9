chapter 'journald restarts under load'

# Calls that journald makes when it starts, and few other programs.
configure '[routes]' 'signalfd4 = "args"' 'ftruncate = "args"'
since=$(date +%s.%6N)
start_load flood 3000
for _ in 1 2 3; do
	is 'journald restarts' 0 "$(outcome systemctl restart systemd-journald)"
done
finish_load flood
run_unit after-journald.service /bin/true of-after-journald
settle

soon 'each call is recorded or declared lost' 0 unexplained "$since" 3000 SYSCALL_ARGV=of-flood
is 'no call is recorded twice' '' "$(duplicates flood)"
is 'calls after the restart are recorded' after-journald.service \
	"$(values OBJECT_SYSTEMD_UNIT "$(cmdline /bin/true of-after-journald)")"
is 'journald adds the unit of the daemon' tailcalld.service "$(last _SYSTEMD_UNIT -n 1)"
is 'no call of journald is recorded' '' \
	"$(values SYSCALL_NAME SYSCALL_COMM=systemd-journal OBJECT_SYSTEMD_UNIT=systemd-journald.service)"

# excluded SYSCALL: prints the number of excluded calls, from the columns EXCLUDED_* of `tailcalld
# stats`.
excluded() {
	tailcalld stats | awk -v syscall="$1" '
		NR == 1 { for (at = 1; at <= NF; at++) if ($at ~ /^EXCLUDED/) columns[at] }
		$1 == syscall { for (at in columns) sum += $at }
		END { print sum + 0 }'
}
like 'calls of journald are excluded' '[1-9]*' "$(excluded signalfd4)"
