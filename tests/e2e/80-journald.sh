chapter 'journald restarts under load'

# What journald does when it starts, and few others.
sed -i 's/^sync = .*/&\nsignalfd4 = "args"\nftruncate = "args"/' /etc/tailcalld.toml
soon 'routed' 'signalfd4=args' last TAILCALLD_ADDED $RELOADED
since=$(date +%s.%6N)
load flood 3000
for _ in 1 2 3; do
	is 'restarts' 0 "$(told systemctl restart systemd-journald)"
done
loaded flood
unit after-journald.service /bin/true of-after-journald
settle

soon 'each call is recorded or declared lost' 0 unexplained 3000 SYSCALL_ARGV=of-flood
is 'none twice' '' "$(twice flood)"
is 'afterwards all is as before' after-journald.service \
	"$(values OBJECT_SYSTEMD_UNIT "$(cmdline /bin/true of-after-journald)")"
is 'our own unit is known' tailcalld.service "$(last _SYSTEMD_UNIT -n 1)"
is 'no call of journald is recorded' '' \
	"$(values SYSCALL_NAME SYSCALL_COMM=systemd-journal OBJECT_SYSTEMD_UNIT=systemd-journald.service)"
