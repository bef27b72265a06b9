chapter 'what journald drops'

# A unit that has not asked it to take everything, and nothing recorded but this unit's calls.
limit=/run/systemd/system/tailcalld.service.d/limit.conf
mkdir -p "${limit%/*}"
printf '[Service]\nLogRateLimitIntervalSec=3s\nLogRateLimitBurst=50\n' >$limit
cp -p /etc/tailcalld.toml /root/tailcalld.toml
cat >/etc/tailcalld.toml <<'END'
[routes]
kill = { handler = "args", priority = "debug", unit = "dropped.service" }
[limits]
per_uid = "none"
END
systemctl daemon-reload
is 'restarts' 0 "$(told systemctl restart tailcalld)"
daemon=_PID=$(property MainPID)
# More than six times the burst: journald takes as much where the disk has room.
unit dropped.service /bin/bash -c 'for ((i = 0; i < 2000; i++)); do kill -0 $BASHPID; done'
soon 'it is said that it may' 1 number $LIMIT "$daemon"
like 'in words' 'journald takes 50 entries of a level in 3 s from this unit, and was sent more *' \
	"$(last MESSAGE $LIMIT "$daemon")"
# journald tells what it dropped before the first entry after the interval: calls until it has.
calls=2000
one_more() {
	unit dropped.service /bin/bash -c 'kill -0 $BASHPID'
	number $DROPPED "$daemon"
}
for _ in {1..400}; do
	calls=$((calls + 1))
	found=$(one_more)
	[ "$found" = 0 ] || break
done
is 'it is said that it did' 1 "$found"
is 'of which unit' tailcalld.service "$(last OBJECT_SYSTEMD_UNIT $DROPPED "$daemon")"
is 'what is in the journal and what was dropped are all calls' $calls \
	"$(($(number SYSCALL_NAME=kill "$daemon") + $(last TAILCALLD_DROPPED $DROPPED "$daemon")))"

rm $limit
mv /root/tailcalld.toml /etc/tailcalld.toml
systemctl daemon-reload
is 'restarts again' 0 "$(told systemctl restart tailcalld)"
