# The daemon records at its start that the rate limit of its unit lets journald drop records.
chapter 'rate limit of journald'

limit=/run/systemd/system/tailcalld.service.d/limit.conf
mkdir -p "${limit%/*}"
printf '[Service]\nLogRateLimitIntervalSec=3s\nLogRateLimitBurst=50\n' >$limit
systemctl reset-failed tailcalld
systemctl daemon-reload
is 'restarts' 0 "$(outcome systemctl restart tailcalld)"
daemon=_PID=$(property MainPID)
soon 'the limit is recorded once' 1 count $JOURNAL_RATE_LIMIT "$daemon"
is 'the record has the unit' tailcalld.service "$(last OBJECT_SYSTEMD_UNIT $JOURNAL_RATE_LIMIT "$daemon")"
is 'the record has the burst' 50 "$(last TAILCALLD_DETAIL=burst $JOURNAL_RATE_LIMIT "$daemon")"
is 'the record has the interval' 3000000000 "$(last TAILCALLD_DETAIL=interval_ns $JOURNAL_RATE_LIMIT "$daemon")"

rm "$limit"
systemctl daemon-reload
is 'restarts with the shipped limit' 0 "$(outcome systemctl restart tailcalld)"
settle
is 'the shipped limit is not recorded' 0 "$(count $JOURNAL_RATE_LIMIT _PID="$(property MainPID)")"
