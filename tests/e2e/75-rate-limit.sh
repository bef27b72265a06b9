# The record at a start under a unit whose rate limit lets journald drop records. Restarts the service.
chapter 'rate limit of journald'

limit=/run/systemd/system/tailcalld.service.d/limit.conf
mkdir -p "${limit%/*}"
printf '[Service]\nLogRateLimitIntervalSec=3s\nLogRateLimitBurst=50\n' >$limit
systemctl reset-failed tailcalld
systemctl daemon-reload
is 'restarts' 0 "$(told systemctl restart tailcalld)"
daemon=_PID=$(property MainPID)
soon 'is recorded once' 1 number $JOURNAL_RATE_LIMIT "$daemon"
is 'names the unit' tailcalld.service "$(last OBJECT_SYSTEMD_UNIT $JOURNAL_RATE_LIMIT "$daemon")"
is 'names the burst' 50 "$(last TAILCALLD_BURST $JOURNAL_RATE_LIMIT "$daemon")"
is 'names the interval' 3000000000 "$(last TAILCALLD_INTERVAL_NS $JOURNAL_RATE_LIMIT "$daemon")"

rm "$limit"
systemctl daemon-reload
is 'restarts with the shipped limit' 0 "$(told systemctl restart tailcalld)"
settle
is 'is not recorded for the shipped unit' 0 "$(number $JOURNAL_RATE_LIMIT _PID="$(property MainPID)")"
