# An idle daemon wakes up once a second, for the self-test: timers that need not be exact expire with it.
chapter idle

drop_in=/run/systemd/system/tailcalld.service.d
mkdir -p $drop_in
# A sign of life each 1.3 s, which the self-test of each second brings forward.
printf '[Service]\nWatchdogSec=2600ms\n' >$drop_in/watchdog.conf
printf '[routes]\nsethostname = "args"\n' >/etc/tailcalld.toml
systemctl daemon-reload
is 'starts with a table without calls' 0 "$(outcome systemctl restart tailcalld)"
pid=$(property MainPID)
# Prints how often the threads of the daemon have gone to sleep.
sleeps() {
	awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }' /proc/"$pid"/task/*/status
}
# A cgroup that somebody makes is an event, too: the quietest of three times counts.
idle=
for _ in 1 2 3; do
	sleep 2
	begin=$(date +%s)
	before=$(sleeps)
	sleep 8
	slept=$(($(sleeps) - before))
	# One more self-test may begin and end within the seconds that the times are rounded by.
	most=$(($(date +%s) - begin + 1))
	[ "$slept" -le $most ] && idle="once a second" || idle=${idle:-$slept times in $most s}
done
is 'it wakes up for the self-test only' 'once a second' "$idle"
rm -r $drop_in
restore_configuration
systemctl daemon-reload
systemctl restart tailcalld
