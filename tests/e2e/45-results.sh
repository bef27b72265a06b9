chapter results

mkdir /etc/tailcalld.d
echo '[routes]
mkdir = { handler = "args", result = true }
mkdirat = { handler = "args", result = true }
rmdir = { handler = "args", result = "failed" }' >/etc/tailcalld.d/10-results.toml
is 'a reload asks for results' 0 "$(told systemctl reload tailcalld)"
unit made.service /bin/mkdir /tmp/made
unit refused.service -p SuccessExitStatus=1 /bin/mkdir /nonexistent/made
unit removed.service /bin/rmdir /tmp/made
unit missing.service -p SuccessExitStatus=1 /bin/rmdir /nonexistent
settle
is 'a success is 0' 0 "$(values SYSCALL_RESULT OBJECT_SYSTEMD_UNIT=made.service)"
is 'and has no error' '' "$(values SYSCALL_ERRNO OBJECT_SYSTEMD_UNIT=made.service)"
is 'a failure is its error' ENOENT "$(values SYSCALL_ERRNO OBJECT_SYSTEMD_UNIT=refused.service)"
like 'the sentence ends with it' 'mkdir(*) by mkdir (pid *, uid 0) = -1 ENOENT' \
	"$(values MESSAGE OBJECT_SYSTEMD_UNIT=refused.service SYSCALL_ERRNO=ENOENT)"
like 'the call took its time' '[1-9]*' "$(values SYSCALL_DURATION_NS OBJECT_SYSTEMD_UNIT=made.service)"
is 'of failures alone, a success is not recorded' 0 \
	"$(number SYSCALL_NAME=rmdir OBJECT_SYSTEMD_UNIT=removed.service)"
is 'a failure is' ENOENT "$(values SYSCALL_ERRNO SYSCALL_NAME=rmdir OBJECT_SYSTEMD_UNIT=missing.service)"
is 'the others have no result' '' "$(values SYSCALL_RESULT SYSCALL_NAME=execve)"
rm -r /etc/tailcalld.d
is 'a reload asks for them no more' 0 "$(told systemctl reload tailcalld)"
