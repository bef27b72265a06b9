chapter reload

mkdir /etc/tailcalld.d
echo '[routes]
getpriority = "args"' >/etc/tailcalld.d/10-more.toml
is 'a good reload succeeds' 0 "$(told systemctl reload tailcalld)"
soon 'the new route is recorded' 'getpriority=args' last TAILCALLD_ADDED $RELOADED
is 'the service is active again' active "$(systemctl is-active tailcalld)"
generation=$(last SYSCALL_GENERATION $RELOADED)
soon 'the status tells the new table' "20 routes, generation $generation" table

# One fault: the drop-in has a syscall that does not exist.
echo 'opennat = "args"' >>/etc/tailcalld.d/10-more.toml
fault='/etc/tailcalld.d/10-more.toml:3:1: unknown syscall "opennat" (did you mean "openat"?)'
like 'a broken reload fails' '1 Job for tailcalld.service failed*' \
	"$(told systemctl reload tailcalld)"
soon 'the fault is a record' "$fault" last TAILCALLD_FAULT $REFUSED
is 'an error' 3 "$(last PRIORITY $REFUSED)"
like 'journalctl -x says what to do' '*Fix them and run "systemctl reload tailcalld"*' \
	"$(journal -x -t tailcalld $REFUSED)"
like 'the reload itself says it too' "*$fault*" "$(journal -u tailcalld _COMM=tailcalld)"
like 'the status says it' "*Status: \"20 routes, generation $generation: *; the last reload was refused: $fault; attached to *\"*" \
	"$(systemctl status --no-pager --full tailcalld)"
is 'the service is active all the same' active "$(systemctl is-active tailcalld)"
unit broken.service /bin/sync
settle
is 'the old table works' "$generation" \
	"$(values SYSCALL_GENERATION SYSCALL_NAME=sync OBJECT_SYSTEMD_UNIT=broken.service)"

sed -i '/opennat/d' /etc/tailcalld.d/10-more.toml
is 'mended, it reloads' 0 "$(told systemctl reload tailcalld)"
soon 'and the status forgets the fault' '' complaint
rm -r /etc/tailcalld.d
soon 'a drop-in that goes takes its routes along' getpriority \
	last TAILCALLD_REMOVED $RELOADED
