chapter watchdog

systemctl reset-failed tailcalld
drop_in=/run/systemd/system/tailcalld.service.d
mkdir -p $drop_in
echo '[Service]
WatchdogSec=1' >$drop_in/watchdog.conf
systemctl daemon-reload
systemctl restart tailcalld
is 'the drop-in applies' 1s "$(property WatchdogUSec)"
pid=$(property MainPID)
# Idle and then busy, in all for three times the watchdog's timeout.
sleep 1.5
start_load watched 300
sleep 1.5
finish_load watched
is 'a daemon that notifies the watchdog keeps running' "$pid active" \
	"$(property MainPID) $(systemctl is-active tailcalld)"

since=$(date +%s.%6N)
start_load unwatched 1500
soon 'the load is recorded' 1 count "$(cmdline /bin/true of-unwatched 0)"
systemctl kill --signal=STOP tailcalld
# From the journal: the next start, 10 ms later, sets the property Result back.
watchdog_kills() {
	journal UNIT=tailcalld.service UNIT_RESULT=watchdog -o cat | wc -l
}
soon 'the watchdog kills a stopped daemon' 1 watchdog_kills
soon 'systemd starts the service again' active systemctl is-active tailcalld
finish_load unwatched
is 'every call of the time is recorded' 1500 "$(distinct unwatched)"
like 'at most one of them twice, with a mark' '[01]' \
	"$(count SYSCALL_MAY_BE_DUPLICATE=yes --since="@$since")"
rm -r $drop_in
systemctl daemon-reload
systemctl restart tailcalld
