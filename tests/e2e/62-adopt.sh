chapter adopt

# Calls a second, and how often the daemon is killed, restarted, and replaced by another object under them: scripts/e2e.sh
# hands these variables over.
RATE=2000 KILLS=10 RESTARTS=5 UPGRADES=2 LOSSES=no
# Room for the calls of some seconds in which nobody reads the ring.
RING=256MiB OTHER_RING=128MiB
# shellcheck source=/dev/null
source /shared/variables

# Memory for the rings.
mkdir /run/systemd/system/tailcalld.service.d
printf '[Service]\nMemoryMax=3G\n' >/run/systemd/system/tailcalld.service.d/ring.conf
systemctl daemon-reload
systemctl reset-failed tailcalld
# Numbered calls while that happens. Those that root makes elsewhere on the machine have no such numbers: if they were
# lost, the records about losses would count them, too.
first=1000000000
configure '[routes]' "kill = { handler = \"args\", argument = \"pid >= $first\" }" '[journal]' \
	'max_bytes_per_second = 0' '[limits]' 'per_uid = "none"' '[ring]' "size = \"$RING\""
systemctl stop tailcalld
systemctl start tailcalld

since=$(date +%s.%6N)
tailcalld route add 'getpgrp = "args"' --for 1h >/dev/null
systemd-run --quiet --unit=numbered.service --service-type=exec /bin/bash /e2e/numbered.sh $first $RATE

# The limit of starts is not the subject.
starts=0
count_start() {
	(((starts += 1) % 10)) || systemctl reset-failed tailcalld
	sleep 0.1
}
killed=()
while ((${#killed[@]} < KILLS)); do
	pid=$(property MainPID)
	killed+=("${EPOCHREALTIME/./}")
	kill -KILL "$pid"
	until [ "$(property MainPID)" != "$pid" ] && systemctl is-active --quiet tailcalld; do
		sleep 0.05
	done
	count_start
done
for ((i = 0; i < RESTARTS; i++)); do
	systemctl restart tailcalld
	count_start
done
# As after an upgrade, the next daemon has another object: that of another ring.
for ((i = 0; i < UPGRADES; i++)); do
	((i % 2)) || printf '[ring]\nsize = "%s"\n' $OTHER_RING >/etc/tailcalld.d/ring.toml
	((i % 2 == 0)) || rm /etc/tailcalld.d/ring.toml
	systemctl restart tailcalld
	count_start
done
# To a version with other types, which is the binary with another stamp of them, and back again after a kill.
drained() {
	while compgen -G '/run/tailcalld/drain-*' >/dev/null; do
		sleep 0.05
	done
}
binary=$(command -v tailcalld)
layout=$(sed -nE 's/.*"layout":"([0-9a-f]{16})".*/\1/p' /run/tailcalld/table)
cp -p "$binary" /root/tailcalld.real
cp -p "$binary" "$binary.new"
LC_ALL=C sed -i "s/${layout:0:8}/aaaaaaaa/g; s/${layout:8}/bbbbbbbb/g" "$binary.new"
mv "$binary.new" "$binary"
systemctl restart tailcalld
count_start
drained
mv /root/tailcalld.real "$binary"
pid=$(property MainPID)
kill -KILL "$pid"
until [ "$(property MainPID)" != "$pid" ] && systemctl is-active --quiet tailcalld; do
	sleep 0.05
done
count_start
drained
touch /run/enough
while systemctl is-active --quiet numbered.service; do
	sleep 0.05
done
read -r calls micros </run/calls
like 'a temporary route outlives all of them' '1  until 20*Z  getpgrp = "args"' "$(tailcalld route list)"
like 'and is removed' 'generation *removed  getpgrp*' "$(tailcalld route remove 1)"

# Events keep their order. journald may be behind by minutes.
is_recorded() {
	[ "$(count "SYSCALL_ARG=pid=$1")" -gt 0 ]
}
for _ in {1..600}; do
	is_recorded $((first + calls - 1)) && break
	sleep 0.5
done
numbers() {
	values SYSCALL_ARG=pid SYSCALL_NAME=kill --since="@$since" |
		awk -v first=$first -v calls=$calls '$1 >= first && $1 < first + calls' | sort -n
}
numbers >/tmp/numbers
marked=$(count SYSCALL_MAY_BE_DUPLICATE=yes SYSCALL_NAME=kill --since="@$since")
recorded=$(uniq /tmp/numbers | wc -l)
# A record about losses has a line for each syscall and reason.
lost=$(values TAILCALLD_LOSS $LOST --since="@$since" |
	awk -F 'count=' '/^syscall=kill / { sum += $2 } END { print sum + 0 }')
is 'each call is recorded or in a record about losses' $calls "$((recorded + lost))"
echo "$recorded recorded, $lost in records about losses, by reason:"
values TAILCALLD_LOSS $LOST --since="@$since" | sed -n 's/^syscall=kill .*reason=\([a-z_]*\) count=/\1 /p' |
	awk '{ sum[$1] += $2 } END { for (reason in sum) print reason, sum[reason] }'
is 'no call is recorded twice without a mark' 0 \
	"$(($(wc -l </tmp/numbers) - $(uniq /tmp/numbers | wc -l) > marked))"
is 'at most one call a start is marked' 1 "$((marked <= starts))"
is 'each start went on with the table of the one before' $starts \
	"$(count $ADOPTED --since="@$since")"
is 'each upgrade took over from another object' $((UPGRADES + 2)) \
	"$(values TAILCALLD_DETAIL=replaced $ADOPTED --since="@$since" | wc -l)"
is 'two versions read their own rings' 2 \
	"$(count $STOPPED TAILCALLD_REASON='another version' --since="@$since")"
# At rates that journald does not keep up with, the ring fills: LOSSES=yes.
[ "$LOSSES" = yes ] || is 'no call is lost' 0 "$lost"
like 'stats --check accounts for every call' '0 every call is accounted for: *' \
	"$(outcome tailcalld stats --check)"
soon 'the host finds one dispatcher' 1 host dispatchers
echo "$calls calls in $((micros / 1000)) ms, $((calls * 1000000 / micros)) a second; $marked marked after" \
	"$KILLS kills, $RESTARTS restarts, $UPGRADES upgrades"
# times FIELD: prints the times between each kill and the time in that field of the next record `adopted`, in ms.
times() {
	{
		printf '%s killed\n' "${killed[@]}"
		journal -t tailcalld -o export --output-fields="$1" $ADOPTED --since="@$since" |
			sed -n "s/^$1=\(.*\)/\1 adopted/p"
	} | sort -n | awk '
		$2 == "killed" { killed = $1 }
		$2 == "adopted" && killed { print ($1 - killed) / 1000; killed = 0 }' | sort -n | awk '
		{ times[NR] = $1 }
		END { print "lowest " times[1] ", median " times[int((NR + 1) / 2)] ", highest " times[NR] }'
}
# Until the daemon has sent it, and until journald has read it: behind what is in its socket already.
echo "from the kill to the first record of the next daemon, sent, in ms: $(times _SOURCE_REALTIME_TIMESTAMP)"
echo "the same, stored: $(times __REALTIME_TIMESTAMP)"

rm /etc/tailcalld.d/chapter.toml /etc/tailcalld.d/ring.toml /run/systemd/system/tailcalld.service.d/ring.conf 2>/dev/null
rmdir /run/systemd/system/tailcalld.service.d
systemctl daemon-reload
systemctl reset-failed tailcalld
systemctl stop tailcalld
systemctl start tailcalld
