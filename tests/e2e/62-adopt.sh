chapter adopt

# Numbered calls while the daemon is killed and restarted: kill(2) with a process id that nobody has, 20 each 10 ms.
systemctl reset-failed tailcalld
configure '[routes]' 'kill = { handler = "args", uid = 0 }' '[journal]' 'max_bytes_per_second = 0'
first=1000000000
since=$(date +%s.%6N)
systemd-run --quiet --unit=numbered.service --service-type=exec /bin/bash -c '
	exec 2>/dev/null {never}<><(:)
	for ((i = $0; ; i++)); do
		kill -0 $i
		((i % 20)) || read -t 0.01 -u $never
		[ ! -e /run/enough ] || break
	done
	echo $((i + 1 - $0)) >/run/calls' $first
kills=0 restarts=0
while ((kills < 10)); do
	pid=$(property MainPID)
	systemctl kill --signal=KILL tailcalld
	kills=$((kills + 1))
	until [ "$(property MainPID)" != "$pid" ] && systemctl is-active --quiet tailcalld; do
		sleep 0.05
	done
	sleep 0.1
done
while ((restarts < 5)); do
	systemctl restart tailcalld
	restarts=$((restarts + 1))
	sleep 0.1
done
# As after an upgrade, the next daemon has another object: that of another ring.
printf '[ring]\nsize = "4MiB"\n' >/etc/tailcalld.d/ring.toml
systemctl restart tailcalld
rm /etc/tailcalld.d/ring.toml
systemctl restart tailcalld
restarts=$((restarts + 2))
touch /run/enough
while systemctl is-active --quiet numbered.service; do
	sleep 0.05
done
calls=$(</run/calls)
settle
numbers() {
	values SYSCALL_ARG=pid SYSCALL_NAME=kill --since="@$since" |
		awk -v first=$first -v calls=$calls '$1 >= first && $1 < first + calls' | sort -n
}
numbers >/tmp/numbers
marked=$(count SYSCALL_MAY_BE_DUPLICATE=yes SYSCALL_NAME=kill --since="@$since")
is 'no call is lost' $calls "$(sort -nu /tmp/numbers | wc -l)"
is 'no call is recorded twice without a mark' 0 \
	"$(($(wc -l </tmp/numbers) - $(sort -nu /tmp/numbers | wc -l) > marked))"
is 'at most one call a kill is marked' 1 "$((marked <= kills + restarts))"
is 'each start went on with the table of the one before' $((kills + restarts)) \
	"$(count $ADOPTED --since="@$since")"
is 'two starts took over from another object' 2 \
	"$(values TAILCALLD_DETAIL=replaced $ADOPTED --since="@$since" | wc -l)"
is 'no record reports a loss' '' "$(values TAILCALLD_DETAIL=lost $LOST --since="@$since")"
like 'stats --check accounts for every call' '0 every call is accounted for: *' \
	"$(outcome tailcalld stats --check)"
soon 'the host finds one dispatcher' 1 host dispatchers
systemctl reset-failed tailcalld
