chapter results

configure '[routes]' \
	'mkdir = { handler = "args", result = true }' \
	'mkdirat = { handler = "args", result = true }' \
	'rmdir = { handler = "args", result = "failed" }'
run_unit made.service /bin/mkdir /tmp/made
run_unit refused.service -p SuccessExitStatus=1 /bin/mkdir /nonexistent/made
run_unit removed.service /bin/rmdir /tmp/made
run_unit missing.service -p SuccessExitStatus=1 /bin/rmdir /nonexistent
settle
is 'the result of a success is 0' 0 "$(values SYSCALL_RESULT SYSCALL_HANDLER=args OBJECT_SYSTEMD_UNIT=made.service)"
is 'a success has no error' '' "$(values SYSCALL_ERRNO OBJECT_SYSTEMD_UNIT=made.service)"
is 'a failure has its error' ENOENT "$(values SYSCALL_ERRNO OBJECT_SYSTEMD_UNIT=refused.service)"
like 'the message ends with the error' 'mkdir(*) by mkdir (pid *, uid 0) in refused.service = -1 ENOENT' \
	"$(values MESSAGE OBJECT_SYSTEMD_UNIT=refused.service SYSCALL_ERRNO=ENOENT)"
like 'the record has the duration' '[1-9]*' "$(values SYSCALL_DURATION_NS SYSCALL_HANDLER=args OBJECT_SYSTEMD_UNIT=made.service)"
is 'with result = "failed" a success is not recorded' 0 \
	"$(count SYSCALL_NAME=rmdir OBJECT_SYSTEMD_UNIT=removed.service)"
is 'with result = "failed" a failure is recorded' ENOENT \
	"$(values SYSCALL_ERRNO SYSCALL_NAME=rmdir OBJECT_SYSTEMD_UNIT=missing.service)"
is 'a successful execution has the result 0' 0 "$(values SYSCALL_RESULT SYSCALL_NAME=execve | sort -u)"
rm -r /etc/tailcalld.d
is 'a reload without these routes succeeds' 0 "$(outcome systemctl reload tailcalld)"
