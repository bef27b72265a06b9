#!/bin/bash
# numbered.sh FIRST RATE: makes RATE numbered calls a second until /run/enough is there: kill(2) with a process id that
# nobody has, counted from FIRST. Writes their number, and the microseconds that they took, to /run/calls.
exec 2>/dev/null {never}<><(:)
begin=${EPOCHREALTIME/./}
for ((i = 0; ; )); do
	for ((due = (${EPOCHREALTIME/./} - begin) * $2 / 1000000; i < due; i++)); do
		kill -0 $(($1 + i))
	done
	read -r -t 0.01 -u "$never"
	[ ! -e /run/enough ] || break
done
echo $i $((${EPOCHREALTIME/./} - begin)) >/run/calls
