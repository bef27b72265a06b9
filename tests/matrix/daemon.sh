#!/bin/sh
# The daemon with the shipped configuration, from its start to its end: a routed call becomes a line
# of JSON, SIGHUP rewires, a drop-in adds a route, SIGTERM ends it with success. Where it is attached to
# functions, it notices when these are switched off and on. Says so as the other tests do.

records=/tmp/records
errors=/tmp/errors
switch=/proc/sys/kernel/ftrace_enabled

# Looks ten times a second, for a minute.
record() {
	for _ in $(seq 600); do
		grep -q "$1" $records && return
		usleep 100000
	done
	echo "no record: $1"
	return 1
}

life() {
	record '"record":"started"' &&
		/test/examples/trigger native 59 text:/nonexistent argv:2 0 &&
		record '"syscall":"execve".*"filename":"/nonexistent"' &&
		kill -HUP $daemon &&
		record '"record":"reloaded"' &&
		mkdir -p /etc/tailcalld.d &&
		printf '[routes]\ngetpriority = "args"\n' >/etc/tailcalld.d/more.toml &&
		record '"record":"reloaded".*"added":."getpriority=args' &&
		/test/examples/trigger native 140 9 &&
		record '"syscall":"getpriority"' &&
		rm /etc/tailcalld.d/more.toml &&
		record '"record":"reloaded".*"removed":."getpriority' &&
		sight &&
		kill -TERM $daemon &&
		wait $daemon &&
		record '"record":"stopped"'
}

# From 7.x on the kernel refuses to be switched off.
sight() {
	grep -q '"attached":"kprobe.multi"' $records && echo 0 2>/dev/null >$switch || return 0
	record '"record":"tracing_off"'
	noticed=$?
	echo 1 >$switch
	[ $noticed -eq 0 ] && record '"record":"tracing_on"'
}

tailcalld --config /etc/tailcalld.toml --output json >$records 2>$errors &
daemon=$!
if life && ! [ -s $errors ]; then
	echo 'test daemon: starts, records, reloads and stops ... ok'
else
	echo 'test daemon: starts, records, reloads and stops ... FAILED'
	cat $errors $records
fi
