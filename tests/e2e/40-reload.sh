chapter reload

mkdir /etc/tailcalld.d
echo '[routes]
getpriority = "args"' >/etc/tailcalld.d/10-more.toml
is 'a reload succeeds' 0 "$(outcome systemctl reload tailcalld)"
soon 'the record of the reload has the new route' 'getpriority=args' last TAILCALLD_DETAIL=added $RELOADED
is 'the service is active' active "$(systemctl is-active tailcalld)"
generation=$(last SYSCALL_GENERATION $RELOADED)
soon 'the status shows the new table' "18 routes, generation $generation" table

# A syscall that does not exist.
echo 'opennat = "args"' >>/etc/tailcalld.d/10-more.toml
fault='/etc/tailcalld.d/10-more.toml:3:1: unknown syscall "opennat" (did you mean "openat"?)'
like 'a reload of a faulty file fails' '1 Job for tailcalld.service failed*' \
	"$(outcome systemctl reload tailcalld)"
soon 'a record has the fault' "$fault" last TAILCALLD_FAULT $REFUSED
is 'with the priority of an error' 3 "$(last PRIORITY $REFUSED)"
like 'journalctl -x explains what to do' '*Fix them and run "systemctl reload tailcalld"*' \
	"$(journal -x -t tailcalld $REFUSED)"
like 'the reload command prints the fault' "*$fault*" "$(journal -u tailcalld _COMM=tailcalld)"
like 'the status shows the fault' "*Status: \"18 routes, generation $generation: *; the last reload was refused: $fault; attached to *\"*" \
	"$(systemctl status --no-pager --full tailcalld)"
is 'the service stays active' active "$(systemctl is-active tailcalld)"
run_unit faulty.service /bin/true of-faulty
settle
is 'the old table stays live' "$generation" \
	"$(values SYSCALL_GENERATION "$(cmdline /bin/true of-faulty)")"

sed -i '/opennat/d' /etc/tailcalld.d/10-more.toml
is 'a reload of the corrected file succeeds' 0 "$(outcome systemctl reload tailcalld)"
soon 'the status shows no fault' '' refusal
rm -r /etc/tailcalld.d
soon 'removing the drop-in removes its routes' getpriority \
	last TAILCALLD_DETAIL=removed $RELOADED
