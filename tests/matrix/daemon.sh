#!/bin/sh
# The daemon with the shipped configuration, from its start to its end: a routed call becomes a line
# of JSON, SIGHUP rewires, SIGTERM ends it with success. Says so as the other tests do.

records=/tmp/records
errors=/tmp/errors

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
		kill -TERM $daemon &&
		wait $daemon &&
		record '"record":"stopped"'
}

tailcalld --config /etc/tailcalld.toml --output json >$records 2>$errors &
daemon=$!
if life && ! [ -s $errors ]; then
	echo 'test daemon: starts, records, reloads and stops ... ok'
else
	echo 'test daemon: starts, records, reloads and stops ... FAILED'
	cat $errors $records
fi
