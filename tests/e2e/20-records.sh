chapter records

run_unit exact.service /bin/echo -n 'two words' --option=1 >/dev/null
settle
generation=$(generation)
echo_calls=(SYSCALL_ARGV=--option=1 OBJECT_SYSTEMD_UNIT=exact.service)
is 'one call has one record' 1 "$(count "${echo_calls[@]}")"

# The fields that tailcalld adds, in alphabetical order.
fields='MESSAGE MESSAGE_ID OBJECT_SYSTEMD_UNIT PRIORITY SYSCALL_ABI SYSCALL_ANCESTOR SYSCALL_ANCESTRY SYSCALL_ARG
SYSCALL_ARGV SYSCALL_BOOTTIME_NS SYSCALL_CGROUP SYSCALL_CMDLINE SYSCALL_COMM SYSCALL_DURATION_NS SYSCALL_EGID SYSCALL_EUID
SYSCALL_EXE SYSCALL_EXE_DEVICE SYSCALL_EXE_INODE SYSCALL_GENERATION SYSCALL_GID SYSCALL_HANDLER SYSCALL_NAME
SYSCALL_NR SYSCALL_NS SYSCALL_PARENT SYSCALL_PATH SYSCALL_PID SYSCALL_PPID SYSCALL_PROCESS SYSCALL_RESULT SYSCALL_TID
SYSCALL_TIME SYSCALL_UID SYSLOG_IDENTIFIER'
json=$(journal -t tailcalld -o json "${echo_calls[@]}")
is 'the record has these fields' "$(tr ' ' '\n' <<<"$fields")" \
	"$(grep -oE '[{,] ?"[A-Z][A-Z0-9_]*" ?:' <<<"$json" | tr -d '{,": ' | LC_ALL=C sort)"
for field in $fields; do
	grep -qE "\`$field[\`=]" /e2e-events.md || fail 'docs/events.md describes every field' "$field" ''
done

while read -r field value; do
	is "$field" "$value" "$(values "$field" "${echo_calls[@]}" | paste -sd '|')"
done <<END
SYSCALL_NAME execve
SYSCALL_NR 59
SYSCALL_ABI x86_64
SYSCALL_HANDLER exec
SYSCALL_GENERATION $generation
SYSCALL_UID 0
SYSCALL_GID 0
SYSCALL_EUID 0
SYSCALL_EGID 0
SYSCALL_PATH /bin/echo
SYSCALL_CGROUP /system.slice/exact.service
OBJECT_SYSTEMD_UNIT exact.service
SYSCALL_CMDLINE ["/bin/echo", "-n", "two words", "--option=1"]
SYSCALL_ARG=argc 4
SYSCALL_RESULT 0
PRIORITY 6
SYSLOG_IDENTIFIER tailcalld
END
like 'the message' 'Executing a program: */bin/echo \["/bin/echo", *by "(echo)" (pid *, uid 0) in exact.service = 0' \
	"$(values MESSAGE "${echo_calls[@]}")"
like 'journalctl -x explains the record' '*routes to the handler exec.*' \
	"$(journal -x -t tailcalld "${echo_calls[@]}")"

printf '#!/bin/cat\n' >/tmp/script
chmod +x /tmp/script
run_unit script.service /bin/sh -c 'PATH=/nonexistent:/tmp; exec script'
settle
is 'failed attempts of a PATH search have no record' 1 \
	"$(count SYSCALL_COMM=sh OBJECT_SYSTEMD_UNIT=script.service)"
is 'the record of a script has its interpreter' /bin/cat \
	"$(values SYSCALL_ARG=interpreter SYSCALL_COMM=sh OBJECT_SYSTEMD_UNIT=script.service)"
rm /tmp/script
