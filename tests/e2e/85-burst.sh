chapter burst

# More than journald takes from a service that has not asked for it: 10,000 entries in 30 s, and up to
# seven times as many on a large disk; and more than we take from one user.
sed -i -e 's/^sync = .*/&\nkill = { handler = "args", priority = "debug" }/' \
	-e 's/^#per_uid = .*/per_uid = "none"/' /etc/tailcalld.toml
soon 'routed' 'kill=args' last TAILCALLD_ADDED $RELOADED
since=$(date +%s.%6N)
unit burst.service /bin/bash -c 'for ((i = 0; i < 80000; i++)); do kill -0 $BASHPID; done'
settle
soon 'each call is recorded or declared lost' 0 \
	unexplained 80000 SYSCALL_NAME=kill OBJECT_SYSTEMD_UNIT=burst.service
