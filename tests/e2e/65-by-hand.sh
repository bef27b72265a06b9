# The daemon runs without the service.
chapter 'by hand'

systemctl reset-failed tailcalld
systemctl stop tailcalld
tailcalld --output json >/root/events.json &
by_hand=$!
soon 'the daemon by hand has the lock' "$by_hand" cat /run/tailcalld/lock
# systemd may remove files of the service after the first attempt. The second one has to fail as
# well.
for attempt in first second; do
	like "the $attempt start of the service fails" '1 Job for tailcalld.service failed*' \
		"$(outcome systemctl start tailcalld)"
	is "the $attempt start exits with 69, because a daemon runs already" 69 "$(property ExecMainStatus)"
done
soon 'the host finds one dispatcher' 1 host dispatchers
/bin/true of-by-hand
soon 'the daemon by hand writes JSON lines' 1 grep -cF '"argv":["/bin/true","of-by-hand"]' /root/events.json
kill -TERM $by_hand
wait $by_hand
is 'SIGTERM stops the daemon by hand' 0 $?
is 'the service starts afterwards' 0 "$(outcome systemctl start tailcalld)"
