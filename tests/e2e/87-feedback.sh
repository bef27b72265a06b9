# The record about a process that makes most of the events and has the journal open. The shipped unit hides
# the processes of other users from the daemon, so the process is another user's.
# After 85-burst.sh, whose configuration routes `kill`.
chapter feedback

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
is 'the daemon may not see the process' invisible "$(property ProtectProc)"
# Intervals of 10 s: the first one began before, the next one elects the process, the last one counts its events.
for _ in {1..40}; do
	[ "$(number $FEEDBACK)" -gt 0 ] && break
	sleep 1
done
is 'is recorded' 1 "$(number $FEEDBACK)"
is 'names the unit' feedback.service "$(last OBJECT_SYSTEMD_UNIT $FEEDBACK)"
is 'names the program' bash "$(last SYSCALL_COMM $FEEDBACK)"
like 'advises' 'bash (*) of feedback.service made * events in * and has the journal open: *' \
	"$(last MESSAGE $FEEDBACK)"
systemctl stop feedback.service
rm /run/feedback.sh
