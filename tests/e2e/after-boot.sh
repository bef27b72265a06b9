# The second boot: the service was enabled in the first.
chapter 'boot'

soon 'is active' active systemctl is-active tailcalld
is 'has started once' 1 "$(number -b -u tailcalld $STARTED)"
like 'with the edited configuration' '24 routes, generation 1' "$(table)"
unit booted.service /bin/true of-booted
settle
is 'records' booted.service "$(values OBJECT_SYSTEMD_UNIT "$(cmdline /bin/true of-booted)")"
told systemctl disable --now tailcalld >/dev/null
is 'disabled' 'disabled inactive' \
	"$(systemctl is-enabled tailcalld) $(systemctl is-active tailcalld)"
