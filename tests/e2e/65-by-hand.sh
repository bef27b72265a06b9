chapter 'by hand'

systemctl reset-failed tailcalld
systemctl stop tailcalld
tailcalld --output json >/root/events.json &
by_hand=$!
soon 'runs without the service' "$by_hand" cat /run/tailcalld/lock
# Whatever systemd tidies up after the first attempt, the second one must not succeed either.
for attempt in first second; do
	like "the $attempt start of the service fails" '1 Job for tailcalld.service failed*' \
		"$(told systemctl start tailcalld)"
	is "the $attempt time, because one runs already" 69 "$(property ExecMainStatus)"
done
soon 'the host sees one dispatcher' 1 host dispatchers
/bin/true of-by-hand
soon 'it writes JSON lines' 1 grep -cF '"argv":["/bin/true","of-by-hand"]' /root/events.json
kill -TERM $by_hand
wait $by_hand
is 'ends as asked' 0 $?
is 'then the service starts' 0 "$(told systemctl start tailcalld)"
