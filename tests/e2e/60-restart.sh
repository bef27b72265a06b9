# The first restart: before it there is one start in the journal.
chapter restart

# Five starts in ten seconds are too many for systemd, and few for a test.
systemctl reset-failed tailcalld

pid=$(property MainPID)
load across 400
is 'restarts' 0 "$(told systemctl restart tailcalld)"
is 'is active' active "$(systemctl is-active tailcalld)"
unit behind.service /bin/true of-behind
loaded across
like 'under another process' '[1-9]*' "$(property MainPID | grep -vx "$pid")"
is 'the old one told its end' 'SIGTERM' "$(last TAILCALLD_REASON -u tailcalld $STOPPED)"
is 'the new one its start' 2 "$(number -u tailcalld $STARTED)"
is 'no call is recorded twice' '' "$(twice across)"
is 'the calls before it are recorded' 1 "$(number "$(cmdline /bin/true of-across 0)")"
is 'and those after it' 1 "$(number "$(cmdline /bin/true of-behind)")"

chapter 'killed'
systemctl kill --signal=KILL tailcalld
soon 'systemd restarts it' 1 property NRestarts
soon 'it is active again' active systemctl is-active tailcalld
soon 'the host sees one dispatcher' 1 host dispatchers
unit afterwards.service /bin/true of-afterwards
settle
is 'it records again' 1 "$(number "$(cmdline /bin/true of-afterwards)")"

chapter 'a faulty file at the start'
cp /etc/tailcalld.toml /root/good.toml
echo 'execve = "exce"' >>/etc/tailcalld.toml
like 'the start fails' '1 Job for tailcalld.service failed*' \
	"$(told systemctl restart tailcalld)"
is 'with the exit code of a faulty configuration' 78 "$(property ExecMainStatus)"
is 'and is not tried again' 'failed failed' "$(property ActiveState) $(property SubState)"
like 'the journal says why' '*/etc/tailcalld.toml:*: unknown key "execve" in \[journal\]*' \
	"$(journal -u tailcalld -p err -o cat -n 20)"
soon 'nothing is left in the kernel' 0 host dispatchers
cat /root/good.toml >/etc/tailcalld.toml
is 'mended, it starts' 0 "$(told systemctl start tailcalld)"
