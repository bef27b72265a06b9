# Last of the first boot. After 10-start.sh ($objects_before) and 80-journald.sh (calls of journald to exclude).
chapter stop

is 'stops' 0 "$(told systemctl stop tailcalld)"
is 'the socket is gone' 1 "$(test -e /run/tailcalld/io.tailcalld; echo $?)"
is 'is inactive' inactive "$(systemctl is-active tailcalld)"
is 'as success' success "$(property Result)"
soon 'the host sees no dispatcher' 0 host dispatchers
# Well after the end, and seldom: see `objects` in scripts/e2e.sh. What others on this machine have
# given up is gone at one of the looks.
left=
for look in {1..5}; do
	sleep 1
	now=$(comm -13 <(echo "$objects_before") <(host objects))
	[ "$look" = 1 ] && left=$now
	left=$(comm -12 <(echo "$left") <(echo "$now"))
	[ -z "$left" ] && break
done
is 'and all else that is there was there before' '' "$left"

totals=$(values TAILCALLD_TOTAL $STOPPED -n 1)
like 'the books tell of the calls' '*syscall=execve abi=x86_64 handler=exec seen=*' "$totals"
# A line that does not have these columns does not balance either.
is 'they balance' '' "$(awk -F '[ =]' '{
	names = sum = ""
	for (at = 9; at <= 23; at += 2) {
		names = names " " $at
		sum += $(at + 1)
	}
	if ($7 names != "seen written aggregated filtered sampled limited excluded counted lost" ||
		$8 != sum) print
}' <<<"$totals")"
like 'calls of journald were excluded' '*syscall=signalfd4 abi=x86_64 * excluded=[1-9]*' "$totals"
like 'journalctl -x leaves no field open' '*tailcalld stopped: SIGTERM.*' \
	"$(journal -x -t tailcalld $STOPPED -n 1)"
is 'nor does it anywhere' '' \
	"$(journal -x -t tailcalld -n 200 | grep -oE '@[A-Z_]+@' | sort -u)"

is 'starts' 0 "$(told systemctl start tailcalld)"
