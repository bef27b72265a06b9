# The second boot, prepared by 95-reboot.sh.
chapter boot

soon 'is active' active systemctl is-active tailcalld
is 'has started once' 1 "$(count -b -u tailcalld $STARTED)"
like 'has the edited configuration' '18 routes, generation 1' "$(table)"
run_unit booted.service /bin/true of-booted
settle
is 'records calls' booted.service "$(values OBJECT_SYSTEMD_UNIT "$(cmdline /bin/true of-booted)")"
outcome systemctl disable --now tailcalld >/dev/null
is 'the service is disabled and inactive' 'disabled inactive' \
	"$(systemctl is-enabled tailcalld) $(systemctl is-active tailcalld)"
