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

systemctl kill --signal=STOP tailcalld
soon 'the watchdog kills a stopped daemon' watchdog property Result
soon 'systemd starts the service again' active systemctl is-active tailcalld
rm -r $drop_in
systemctl daemon-reload
systemctl restart tailcalld
