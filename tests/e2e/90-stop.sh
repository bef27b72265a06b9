# Compares the BPF objects with those before any chapter ($objects_before in drive.sh).
chapter stop

is 'stops' 0 "$(outcome systemctl stop tailcalld)"
is 'the socket is gone' 1 "$(test -e /run/tailcalld/io.tailcalld; echo $?)"
is 'is inactive' inactive "$(systemctl is-active tailcalld)"
is 'the result is success' success "$(property Result)"
soon 'the host finds no dispatcher' 0 host dispatchers
# Once a second, a second after the stop: see `objects` in scripts/e2e.sh. An object that another
# process of the host created and has released since is absent in one of the lists.
left=
for attempt in {1..5}; do
	sleep 1
	now=$(comm -13 <(echo "$objects_before") <(host objects))
	[ "$attempt" = 1 ] && left=$now
	left=$(comm -12 <(echo "$left") <(echo "$now"))
	[ -z "$left" ] && break
done
is 'no BPF object is left' '' "$left"

totals=$(values TAILCALLD_TOTAL $STOPPED -n 1)
like 'the stopped record has the totals of each route' '*syscall=execve abi=x86_64 handler=exec seen=*' \
	"$totals"
# A line with other columns fails as well.
is 'seen is the sum of the outcomes' '' "$(awk -F '[ =]' '{
	names = sum = ""
	for (at = 9; at <= 27; at += 2) {
		names = names " " $at
		sum += $(at + 1)
	}
	if ($7 names != "seen written aggregated filtered sampled limited known excluded counted blackbox lost" ||
		$8 != sum) print
}' <<<"$totals")"
like 'journalctl -x explains the stop' '*tailcalld stopped: SIGTERM.*' \
	"$(journal -x -t tailcalld $STOPPED -n 1)"
is 'journalctl -x replaces every field of the catalog' '' \
	"$(journal -x -t tailcalld -n 200 | grep -oE '@[A-Z_]+@' | sort -u)"

is 'starts again' 0 "$(outcome systemctl start tailcalld)"
