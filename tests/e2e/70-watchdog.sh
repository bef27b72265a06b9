chapter watchdog

systemctl reset-failed tailcalld
drop_in=/run/systemd/system/tailcalld.service.d
mkdir -p $drop_in
echo '[Service]
WatchdogSec=1' >$drop_in/watchdog.conf
systemctl daemon-reload
systemctl restart tailcalld
is 'the drop-in counts' 1s "$(property WatchdogUSec)"
pid=$(property MainPID)
# Idle and busy for three times as long as it may be silent.
sleep 1.5
load watched 300
sleep 1.5
loaded watched
is 'fed, it is left alone' "$pid active" "$(property MainPID) $(systemctl is-active tailcalld)"

systemctl kill --signal=STOP tailcalld
soon 'starved, it is killed' watchdog property Result
soon 'and started again' active systemctl is-active tailcalld
rm -r $drop_in
systemctl daemon-reload
systemctl restart tailcalld
