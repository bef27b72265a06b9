#!/bin/sh
# daemon.sh: runs the daemon with the shipped configuration in a guest: a routed call becomes a line
# of JSON, SIGHUP and a drop-in reload the configuration, SIGTERM stops the daemon with success.
# Attached to kernel functions, the daemon reports when tracing is switched off and on. A second one
# is killed, and a third goes on with what is pinned. Prints lines like libtest's.

records=/tmp/records
errors=/tmp/errors
ftrace_enabled=/proc/sys/kernel/ftrace_enabled
pins=/sys/fs/bpf/tailcalld

# Numbers of the syscalls.
case $(uname -m) in
x86_64) execve=59 getpriority=140 prctl=157 unlinkat=263 ;;
aarch64) execve=221 getpriority=141 prctl=167 unlinkat=35 ;;
esac

# record PATTERN: waits up to a minute for a record that matches.
record() {
	for _ in $(seq 600); do
		grep -q "$1" $records && return
		usleep 100000
	done
	echo "no record: $1"
	return 1
}

# Prints the way to attach that the shipped configuration gets in Debian's kernels.
way() {
	if grep -q ' bpf_kprobe_multi_link_release$' /proc/kallsyms; then
		echo kprobe.multi
	elif [ "$(uname -m)" = x86_64 ]; then
		echo fentry
	else
		echo raw_tp/sys_enter
	fi
}

lifecycle() {
	start && record '"record":"started".*"attached":"'$(way)'"' &&
		/test/examples/trigger native $execve text:/nonexistent argv:2 0 then native $execve text:/bin/true argv0:true 0 &&
		record '"syscall":"execve".*"result":0,.*"filename":"/bin/true"' &&
		kill -HUP $daemon &&
		record '"record":"reloaded"' &&
		mkdir -p /etc/tailcalld.d &&
		printf '[routes]\ngetpriority = "args"\n' >/etc/tailcalld.d/more.toml &&
		record '"record":"reloaded".*"added":."getpriority=args' &&
		/test/examples/trigger native $getpriority 9 &&
		record '"syscall":"getpriority"' &&
		rm /etc/tailcalld.d/more.toml &&
		record '"record":"reloaded".*"removed":."getpriority' &&
		tracing_switch &&
		kill -TERM $daemon &&
		wait $daemon &&
		record '"record":"stopped"'
}

# Switches ftrace off and on again. From 7.x on the kernel refuses to switch it off.
tracing_switch() {
	grep -q '"attached":"kprobe.multi"' $records && echo 0 2>/dev/null >$ftrace_enabled || return 0
	record '"record":"tracing_off"'
	off_reported=$?
	echo 1 >$ftrace_enabled
	[ $off_reported -eq 0 ] && record '"record":"tracing_on"'
}

# Routes a call, kills the daemon, makes calls, starts the next daemon, which records all of them once
# and those that come later, and stops it, which leaves no pin. The variable `route` is the value of the route.
handover() {
	printf '[routes]\ngetpriority = %s\n' "$route" >/etc/tailcalld.d/more.toml
	start --pin $pins &&
		record '"record":"started"' &&
		kill -KILL $daemon &&
		! wait $daemon 2>/dev/null &&
		/test/examples/trigger times 20 native $getpriority 9 &&
		start --pin $pins &&
		record '"record":"adopted"' &&
		record '"record":"started"' &&
		/test/examples/trigger times 3 native $getpriority 9 &&
		rm /etc/tailcalld.d/more.toml &&
		record '"record":"reloaded".*"removed":."getpriority' &&
		kill -TERM $daemon &&
		wait $daemon &&
		record '"record":"stopped"' &&
		[ "$(grep -c '"record":"syscall".*"syscall":"getpriority"' $records)" -eq 23 ] &&
		[ -z "$(ls $pins)" ]
}

handover_of_events() {
	route='"args"'
	handover
}

# From 7.0 on, results come by the link of the entry, where the kernel has kprobe.multi.
handover_of_results() {
	route='{ handler = "args", result = true }'
	attached=
	if [ "$(way)" = kprobe.multi ] && [ "$(printf '7.0\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 7.0 ]; then
		attached=kprobe.session
	fi
	handover &&
		[ "$(grep -c '"record":"syscall".*"syscall":"getpriority".*"result":-22' $records)" -eq 23 ] &&
		record '"record":"started".*"attached":"'$attached
}

# A handler that was written in Rust adds to the record.
in_rust() {
	mkdir -p /etc/tailcalld/handlers &&
		cp /test/removed_rs.bpf.o /etc/tailcalld/handlers/ &&
		printf '[routes]\nunlinkat = ["args", "removed_rs"]\n' >/etc/tailcalld.d/more.toml &&
		start &&
		record '"record":"started"' &&
		/test/examples/trigger native $unlinkat -100 text:/nonexistent/x 0 &&
		record '"syscall":"unlinkat".*"chain":."removed_rs".*"filename":"/nonexistent/x"' &&
		kill -TERM $daemon &&
		wait $daemon &&
		record '"record":"stopped"'
	outcome=$?
	rm -r /etc/tailcalld.d/more.toml /etc/tailcalld/handlers
	return $outcome
}

# The probe of docs/handlers.md, where kprobe.multi is; elsewhere the daemon says that it needs that. From 7.x on the
# function has another name.
probe() {
	function=do_unlinkat
	grep -q ' do_unlinkat$' /proc/kallsyms || function=filename_unlinkat
	mkdir -p /etc/tailcalld/handlers &&
		cp /test/unlinked.bpf.o /etc/tailcalld/handlers/ &&
		sed "s/do_unlinkat/$function/" /test/probes.toml >/etc/tailcalld.d/more.toml
	start
	if [ "$(way)" = kprobe.multi ]; then
		record '"record":"started"' &&
			for file in 1 2 3; do touch /tmp/$file && rm /tmp/$file; done &&
			kill -TERM $daemon &&
			wait $daemon &&
			record '"record":"stopped"' &&
			[ "$(grep '"syscall":"'$function'".*"abi":"kprobe".*"chain":."unlinked".' $records |
				grep '"name":"{name=0x' | grep -c '"unlinked":"/tmp/[123]"')" -eq 3 ]
	else
		! wait $daemon && grep -q 'names a kprobe.*kprobe.multi' $errors && : >$errors
	fi
	outcome=$?
	rm -r /etc/tailcalld.d/more.toml /etc/tailcalld/handlers
	return $outcome
}

# A function of a module that is loaded, which is passed each time that its device is opened.
module() {
	insmod /test/loop.ko &&
		printf '[probes]\n"kprobe:loop:lo_open" = "args"\n' >/etc/tailcalld.d/more.toml &&
		start && record '"record":"started"' &&
		for _ in $(seq 7); do : </dev/loop0; done &&
		kill -TERM $daemon &&
		wait $daemon &&
		record '"record":"stopped"' &&
		[ "$(grep '"syscall":"loop:lo_open"' $records | grep -c '"abi":"kprobe".*"disk":"{')" -eq 7 ]
	outcome=$?
	rm /etc/tailcalld.d/more.toml
	rmmod loop
	return $outcome
}

# Probes of several kinds that a process passes when it changes its name, as far as this kernel has
# them: functions where kprobe.multi is, raw tracepoints up to 7.1.
kinds() {
	tracepoint='"tracepoint:task:task_rename" = { handler = "args", argument = "newcomm = kinds*" }'
	others=
	expected='tracepoint 40'
	if [ "$(printf '7.2\n%s\n' "$(uname -r)" | sort -V | head -n 1)" != 7.2 ]; then
		others='"raw_tracepoint:task_rename" = { handler = "args", argument = "comm = kinds*" }'
		expected="$expected raw_tracepoint 60"
	fi
	if [ "$(way)" = kprobe.multi ]; then
		others="$others
\"kprobe:__set_task_comm\" = { handler = \"args\", argument = \"buf = kinds*\" }"
		expected="$expected kprobe 60"
	fi
	passes="/test/examples/trigger times 20 native $prctl 15 text:kinds"
	printf '[probes]\n%s\n%s\n' "$tracepoint" "$others" >/etc/tailcalld.d/more.toml
	start && record '"record":"started"' && $passes &&
		printf '[probes]\n%s\n' "$others" >/etc/tailcalld.d/more.toml &&
		record '"record":"reloaded".*"removed":."task:task_rename' && $passes &&
		printf '[probes]\n%s\n%s\n' "$tracepoint" "$others" >/etc/tailcalld.d/more.toml &&
		record '"record":"reloaded".*"added":."task:task_rename' && $passes &&
		kill -TERM $daemon &&
		wait $daemon &&
		record '"record":"stopped"' &&
		set -- $expected &&
		while [ $# -gt 0 ]; do
			passed=$(grep '"record":"syscall"' $records | grep "\"abi\":\"$1\"" | grep -c '"[a-z]*":"kinds"')
			[ "$passed" -eq "$2" ] || { echo "$passed passes of a $1, not $2"; return 1; }
			shift 2
		done
	outcome=$?
	rm /etc/tailcalld.d/more.toml
	return $outcome
}

# Beside a program that updates a map, functions miss calls where the kernel preempts. With the restart, the daemon goes
# to the tracepoint, which misses none up to 7.1, and stays there until it is stopped.
missed_calls() {
	mode_file=/sys/kernel/debug/sched/preempt
	booted=$(sed 's/.*(\(.*\)).*/\1/' $mode_file)
	echo full >$mode_file
	printf '[routes]\ngetpriority = "count"\n' >/etc/tailcalld.d/more.toml
	taskset 1 /test/examples/update_map &
	update_map=$!
	seen_key='syscall":"getpriority","abi":"'$(uname -m)'"[^}]*"seen'
	start --pin $pins &&
		record '"record":"started".*"attached":"kprobe.multi"' &&
		taskset 1 /test/examples/trigger times 300000 native $getpriority 9 &&
		record '"record":"missed".*once tailcalld is restarted, it attaches where none is missed' &&
		kill -STOP $update_map &&
		touch /run/tailcalld/restart &&
		kill -TERM $daemon &&
		wait $daemon &&
		missed=$(last_record missed) &&
		seen=$(last_record "$seen_key") &&
		start --pin $pins &&
		record '"record":"started".*"attached":"raw_tp/sys_enter".*at functions, the kernel skipped' &&
		kill -CONT $update_map &&
		taskset 1 /test/examples/trigger times 3000 native $getpriority 9 &&
		kill -TERM $daemon &&
		wait $daemon &&
		[ "$(last_record "$seen_key")" -eq $((seen + 3000)) ] &&
		[ "$(last_record missed)" -eq "$missed" ] &&
		[ ! -e /run/tailcalld/missed-calls ]
	outcome=$?
	kill -CONT $update_map
	kill $update_map
	wait $update_map 2>/dev/null
	rm /etc/tailcalld.d/more.toml
	echo "$booted" >$mode_file
	return $outcome
}

# last_record KEY: prints a number of the record `stopped`.
last_record() {
	sed -n '/"record":"stopped"/{s/.*"'"$1"'":\([0-9]*\).*/\1/p}' $records
}

# start ARGUMENT...: starts a daemon. The records of the one before go first: its child does not truncate the file before
# this shell goes on.
start() {
	: >$records
	tailcalld --config /etc/tailcalld.toml --output json "$@" >$records 2>>$errors &
	daemon=$!
}

# report NAME COMMAND: prints the outcome of a test.
report() {
	: >$errors
	if $2 && ! [ -s $errors ]; then
		echo "test daemon: $1 ... ok"
	else
		echo "test daemon: $1 ... FAILED"
		cat $errors $records
	fi
}

report 'starts, records, reloads and stops' lifecycle
report 'is killed and goes on with its pins' handover_of_events
report 'is killed and goes on with its pins and awaited results' handover_of_results
report 'probes a function' probe
[ "$(way)" != kprobe.multi ] || report 'probes a function of a module' module
report 'probes kinds of several types' kinds
# Only these kernels have both a function that may miss calls and a tracepoint that misses none.
case $(way)-$(uname -r) in
kprobe.multi-6.*) report 'leaves functions that miss calls' missed_calls ;;
esac
[ ! -e /test/removed_rs.bpf.o ] || report 'records what a handler in Rust captures' in_rust
