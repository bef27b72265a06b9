#!/bin/sh
# service.sh: tests the shipped unit on a real systemd in a guest. It has to start and to record calls
# with its two capabilities, whatever kernel.perf_event_paranoid is: Debian's default is 3, Ubuntu's
# 4, and at both perf events require CAP_SYS_ADMIN. Prints lines like libtest's.
set -u
# The serial port for results is a parameter of the kernel.
port=/dev/$(sed 's/.*results=\([^ ]*\).*/\1/' /proc/cmdline)
stty -F "$port" raw
exec >"$port" 2>&1
paranoid=/proc/sys/kernel/perf_event_paranoid
routes=/etc/tailcalld.d/test.toml
drop_in=/run/systemd/system/tailcalld.service.d

# run_test NAME COMMAND...
run_test() {
	name=$1
	shift
	if "$@" >/run/output 2>&1; then
		echo "test service: $name ... ok"
	else
		echo "test service: $name ... FAILED"
		printf 'failures:\n---- %s ----\n' "$name"
		cat /run/output
		systemctl --no-pager --full --lines=0 status tailcalld
		journalctl -q --no-pager -u tailcalld _COMM=tailcalld -n 20 -o cat
	fi
}

property() {
	systemctl show --value --property="$1" tailcalld
}

# Prints what the newest process of the service wrote to standard error.
errors() {
	journalctl --sync
	journalctl -q --no-pager -o cat _TRANSPORT=stdout _PID="$(property ExecMainPID)"
}

# restart PARANOID: restarts the service at this value.
restart() {
	echo "$1" >$paranoid
	systemctl daemon-reload
	systemctl reset-failed tailcalld
	systemctl restart tailcalld
}

# recorded MATCH...: waits until the journal has one record that matches.
recorded() {
	for _ in $(seq 100); do
		journalctl --sync
		[ "$(journalctl -q --no-pager -t tailcalld -o cat "$@" | wc -l)" = 1 ] && return
		sleep 0.2
	done
	echo "not one record: $*"
	return 1
}

calls=0
# records [CAPABILITIES]: the service is active, has kept these capabilities only, none by default, and records a call.
records() {
	calls=$((calls + 1))
	[ "$(property ActiveState)" = active ] &&
		grep "^CapEff:.${1:-0000000000000000}$" "/proc/$(property MainPID)/status" &&
		grep "^CapPrm:.${1:-0000000000000000}$" "/proc/$(property MainPID)/status" &&
		/bin/true "of-call-$calls" &&
		recorded "SYSCALL_ARGV=of-call-$calls"
}

# starts PARANOID [CAPABILITIES]
starts() {
	restart "$1" && records ${2:-}
}

# Results need more hooks: the return of calls and the end of tasks.
records_results() {
	echo '[routes]
clock_nanosleep = { handler = "args", result = true, comm = "nap" }' >$routes
	cp /bin/sleep /test/nap
	restart 4 &&
		/test/nap 0.1 &&
		recorded SYSCALL_NAME=clock_nanosleep SYSCALL_RESULT=0
}

# start_unit NAME USER COMMAND: starts it as a unit of this name; there is no bus for systemd-run.
start_unit() {
	printf '[Service]\nUser=%s\nExecStart=%s\n' "$2" "$3" >/run/systemd/system/"$1.service"
	systemctl daemon-reload
	systemctl start "$1"
}

# executed UNIT FILE: waits for the record of the execution of a unit's program, and compares its digest with that of the file.
# Fails with a record without one, which has to say so.
executed() {
	recorded OBJECT_SYSTEMD_UNIT="$1" SYSCALL_PATH="$2" || return 2
	digest=SYSCALL_EXE_SHA256=$(sha256sum <"$2" | cut -d ' ' -f 1)
	journalctl -q -t tailcalld OBJECT_SYSTEMD_UNIT="$1" SYSCALL_PATH="$2" "$digest" | grep -q . && return
	recorded OBJECT_SYSTEMD_UNIT="$1" SYSCALL_PATH="$2" SYSCALL_UNREADABLE=exe_sha256 || return 2
	return 1
}

# has_digest NAME USER COMMAND: starts the command until the record of its execution has a digest. A call waits a second for it;
# an emulated guest may take longer for what it executes the first time, beside the verification of programs.
has_digest() {
	for attempt in $(seq 20); do
		start_unit "$1-$attempt" "$2" "$3"
		executed "$1-$attempt.service" "${3%% *}"
		status=$?
		systemctl stop "$1-$attempt"
		[ $status = 1 ] || return $status
	done
	return 1
}

# has_no_digest NAME USER COMMAND: starts the command; the record of its execution has to say that it has no digest.
has_no_digest() {
	start_unit "$1" "$2" "$3"
	executed "$1.service" "${3%% *}"
	status=$?
	systemctl stop "$1"
	[ $status = 1 ]
}

# digests CAPABILITIES has_digest|has_no_digest: /usr is visible to the service, /home is not.
digests() {
	echo '[routes]
execve = { handler = "exec", result = ">= 0", exe_sha256 = true }
execveat = { handler = "exec", result = ">= 0", exe_sha256 = true }' >$routes
	mkdir -p $drop_in /home
	printf '[Service]\nCapabilityBoundingSet=%s\n' "$1" >$drop_in/test.conf
	cp /bin/sleep /home/hidden
	restart 3 &&
		has_digest "visible-$2" root /usr/bin/true &&
		"$2" "hidden-$2" nobody '/home/hidden 60'
	status=$?
	rm $drop_in/test.conf
	return $status
}

# From 7.2 on the tracepoint requires a perf event.
needs_perf_event() {
	[ "$(printf '7.2\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 7.2 ]
}

# refuses PARANOID: the start fails with the cause and the ways out, and is not repeated.
refuses() {
	printf '[kernel]\nattach = "tracepoint"\n' >$routes
	! restart "$1" &&
		[ "$(property ExecMainStatus) $(property ActiveState) $(property NRestarts)" = '77 failed 0' ] &&
		errors | grep "perf_event_paranoid is $1.*perf_event_paranoid=2.*CAP_SYS_ADMIN.*attach = \"auto\""
}

starts_with_sys_admin() {
	mkdir -p $drop_in
	printf '[Service]\nCapabilityBoundingSet=CAP_SYS_ADMIN\n' >$drop_in/test.conf
	restart 4 && records 0000004000200000
}

systemctl is-system-running --wait >/dev/null
echo "service begins: $(uname -r), perf_event_paranoid $(cat $paranoid)"
run_test 'starts at boot and records' records
for value in 3 4; do
	run_test "starts at perf_event_paranoid $value and records" starts $value
done
run_test 'records results at perf_event_paranoid 4' records_results
run_test 'has digests of programs that it sees' digests CAP_BPF has_no_digest
run_test 'has digests of all programs with two more capabilities' digests 'CAP_SYS_PTRACE CAP_DAC_READ_SEARCH' has_digest
rm $routes
if needs_perf_event; then
	run_test 'refused perf event is exit status 77 with ways out' refuses 4
	run_test 'attach = "tracepoint" starts at perf_event_paranoid 2' starts 2 0000004000000000
	run_test 'attach = "tracepoint" starts with CAP_SYS_ADMIN' starts_with_sys_admin
fi
echo "service ends: $(cut -d ' ' -f 1 /proc/uptime) s"
