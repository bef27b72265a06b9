chapter 'busy processes'

# Of no other process, so that the losses are exact, too.
configure '[routes]' 'kill = { handler = "args", argument = "sig == 64", priority = "debug" }' \
	'[limits]' 'per_uid = "none"' '[journal]' 'max_bytes_per_second = 0'
pid=$(property MainPID)
# All 300 begin at once, when the pipe that they read from is closed: until then, the CPUs are free to create them.
systemd-run --quiet --unit=busy.service --slice=busy.slice --service-type=exec /usr/bin/perl -e '
	pipe R, W;
	for (1..300) { fork or do { close W; <R>; 1 while 1 } }
	close W;
	wait'
busy() {
	wc -l </sys/fs/cgroup/busy.slice/busy.service/cgroup.procs
}
soon 'the processes run' 301 busy
since=$(date +%s.%6N)
run_unit caller.service /bin/bash -c \
	'trap "" RTMAX; for ((i = 0; i < 60000; i++)); do kill -s RTMAX $BASHPID; done'
is 'they have run all the time' 301 "$(busy)"
systemctl stop busy.service
settle

# Counted once, because that takes a second. The losses are recorded up to a second later.
recorded=$(count SYSCALL_NAME=kill OBJECT_SYSTEMD_UNIT=caller.service)
lost() {
	local counts
	counts=$(values TAILCALLD_LOSS $LOST --since="@$since" | sed -n 's/^syscall=kill .* count=//p' | paste -sd +)
	echo $((${counts:-0}))
}
soon 'each call is recorded or declared lost' $((60000 - recorded)) lost
like 'stats --check accounts for every call' '0 every call is accounted for: *' \
	"$(outcome tailcalld stats --check)"
is 'the same daemon is active' "$pid active" "$(property MainPID) $(systemctl is-active tailcalld)"
