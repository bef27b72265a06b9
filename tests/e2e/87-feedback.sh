# The daemon records which process makes most of the events if it has the journal open. The unit
# hides the processes of other users from the daemon (ProtectProc=), so the process runs as another
# user here.
chapter feedback

configure '[routes]' 'kill = { handler = "args", priority = "debug" }' '[limits]' 'per_uid = "none"' \
	'[journal]' 'max_bytes_per_second = 0'
cat >/run/feedback.sh <<'END'
for file in /var/log/journal/*/system.journal /run/log/journal/*/system.journal; do
	[ -r "$file" ] && exec 4<"$file"
done
exec 3<> <(:)
while true; do
	for _ in 1 2 3 4; do
		kill -0 $$
	done
	read -r -t 0.003 -u 3
done
END
systemd-run --quiet --unit=feedback.service --uid=nobody --property=SupplementaryGroups=systemd-journal \
	/bin/bash /run/feedback.sh
pid=$(systemctl show --value --property=MainPID feedback.service)
descriptor() {
	readlink /proc/"$pid"/fd/4 | sed 's|.*/||'
}
soon 'the process has the journal open' system.journal descriptor
is 'the unit hides the process from the daemon' invisible "$(property ProtectProc)"
# Intervals of 10 s: the current one began before, the next one selects the process, the last one
# counts its events.
for _ in {1..40}; do
	[ "$(count $FEEDBACK)" -gt 0 ] && break
	sleep 1
done
is 'the feedback is recorded' 1 "$(count $FEEDBACK)"
is 'the record has the unit' feedback.service "$(last OBJECT_SYSTEMD_UNIT $FEEDBACK)"
is 'the record has the program' bash "$(last SYSCALL_COMM $FEEDBACK)"
like 'the message has the counts' 'bash (*) of feedback.service made * events in * and has the journal open: *' \
	"$(last MESSAGE $FEEDBACK)"
systemctl stop feedback.service
rm /run/feedback.sh
