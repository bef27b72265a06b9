# An idle daemon wakes up once a second, for the self-test: timers that need not be exact expire with it.
chapter idle

echo '[routes]
sethostname = "args"' >/etc/tailcalld.toml
is 'loads a table without calls' 0 "$(outcome systemctl reload tailcalld)"
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
restore_configuration
