chapter restart

# systemd refuses more than 30 starts in five minutes.
systemctl reset-failed tailcalld

pid=$(property MainPID)
start_load across 400
soon 'the load is recorded' 1 count "$(cmdline /bin/true of-across 0)"
is 'restarts' 0 "$(outcome systemctl restart tailcalld)"
is 'is active' active "$(systemctl is-active tailcalld)"
run_unit afterwards.service /bin/true of-afterwards
finish_load across
like 'has another process' '[1-9]*' "$(property MainPID | grep -vx "$pid")"
is 'the old process recorded its stop' SIGTERM "$(last TAILCALLD_REASON $STOPPED _PID="$pid")"
is 'the new process recorded its start' 1 "$(count $STARTED _PID="$(property MainPID)")"
is 'the new process went on with the table of the old one' stop "$(last TAILCALLD_REASON $ADOPTED)"
is 'no call is recorded twice' '' "$(duplicates across)"
is 'every call of the time is recorded' 400 "$(count SYSCALL_ARGV=of-across)"
is 'calls after the restart are recorded' 1 "$(count "$(cmdline /bin/true of-afterwards)")"

chapter kill
systemctl kill --signal=KILL tailcalld
soon 'systemd restarts the service' 1 property NRestarts
soon 'is active again' active systemctl is-active tailcalld
soon 'the host finds one dispatcher' 1 host dispatchers
run_unit killed.service /bin/true of-killed
settle
is 'records again' 1 "$(count "$(cmdline /bin/true of-killed)")"
is 'went on with the table of the killed one' crash "$(last TAILCALLD_REASON $ADOPTED)"

chapter 'start with a faulty file'
systemctl reset-failed tailcalld
echo 'execve = "exce"' >>/etc/tailcalld.toml
like 'the start fails' '1 Job for tailcalld.service failed*' \
	"$(outcome systemctl restart tailcalld)"
is 'with the exit code for a faulty configuration' 78 "$(property ExecMainStatus)"
is 'systemd does not restart the service' 'failed failed' "$(property ActiveState) $(property SubState)"
like 'the journal has the fault' '*/etc/tailcalld.toml:*: unknown key "execve" in \[metrics\]*' \
	"$(journal -u tailcalld -p err -o cat -n 20)"
soon 'the host finds no dispatcher' 0 host dispatchers
sed -i '$d' /etc/tailcalld.toml
is 'starts with the corrected file' 0 "$(outcome systemctl start tailcalld)"
