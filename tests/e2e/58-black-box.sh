chapter 'black boxes'
DUMPED=MESSAGE_ID=e1c17665e3254cb4a7f22ace83c421c2

# boxed UNIT FIRST: starts a unit that makes 200 calls, numbered from FIRST, for its black box, and waits for the last.
boxed() {
	printf '%s\n' '[Unit]' 'OnFailure=tailcalld-dump@%n.service' '[Service]' \
		"ExecStart=/bin/bash /e2e/boxed.sh $2 200" >"/run/systemd/system/$1"
	systemctl daemon-reload
	systemctl start "$1"
	soon "$1 has made its calls" "/run/boxed-$2" ls "/run/boxed-$2"
}

# calls UNIT: prints the numbers of the calls of the unit in the journal, in their order.
calls() {
	values SYSCALL_ARG=pid SYSCALL_NAME=kill "OBJECT_SYSTEMD_UNIT=$1"
}

# dumps UNIT: prints the number of dumps of the unit.
dumps() {
	count $DUMPED "OBJECT_SYSTEMD_UNIT=$1"
}

# check_dump UNIT FIRST: asserts that the dump has exactly the last 50 calls of a unit.
check_dump() {
	soon "$1 was dumped" 1 dumps "$1"
	is "the dump of $1 has exactly its last calls" "$(seq $(($2 + 150)) $(($2 + 199)))" "$(calls "$1")"
}

mkdir -p /etc/tailcalld.d
cat >/etc/tailcalld.d/chapter.toml <<'END'
[routes]
kill = { handler = "args", unit = ["boxed", "calm", "one@two", 'esc\x2daped'], result = true, keep = "blackbox" }

[blackbox]
calls = 50
boxes = 8
END
like 'a reload without black boxes is refused' '1 *restart it*' "$(outcome systemctl reload tailcalld; journal -t tailcalld $REFUSED -n 1 -o cat)"
is 'a restart makes black boxes' 0 "$(outcome systemctl restart tailcalld)"

boxed boxed.service 5000000
boxed calm.service 6000000
is 'nothing is written before' '' "$(calls boxed.service)"
like 'the list has the units' '*boxed.service*/system.slice/boxed.service*no 200 50 calm.service*no 200 50 * of 8 black boxes used, each keeps 50 calls' \
	"$(tailcalld dump | tr -s '\n' ' ' | sed 's/ $//')"

kill -9 "$(systemctl show --value --property=MainPID boxed.service)"
check_dump boxed.service 5000000
is 'the calls have their results' 50 "$(values SYSCALL_ERRNO SYSCALL_NAME=kill OBJECT_SYSTEMD_UNIT=boxed.service | grep -cx ESRCH)"
is 'the record of the dump has the number of older calls' 150 "$(last TAILCALLD_DETAIL=overwritten $DUMPED OBJECT_SYSTEMD_UNIT=boxed.service)"
is 'the record of the dump has the reason' "$(reason_of_dump)" "$(last TAILCALLD_REASON $DUMPED OBJECT_SYSTEMD_UNIT=boxed.service)"
id=$(last TAILCALLD_DETAIL=blackbox $DUMPED OBJECT_SYSTEMD_UNIT=boxed.service)
is 'the id selects the calls and the dump' 51 "$(count "TAILCALLD_DETAIL=blackbox=$id")"
is 'journalctl -u shows the calls and the dump' 51 "$(count -u boxed.service "TAILCALLD_DETAIL=blackbox=$id")"
is 'no call of another unit was dumped' '' "$(calls calm.service)"

like 'a unit without a black box is refused' '1 *calmer.service has no black box*did you mean calm.service?*' \
	"$(outcome tailcalld dump calmer.service)"
like 'a unit that runs is dumped on request' '0 dumped 50 calls of calm.service, 150 before them were overwritten*' \
	"$(outcome tailcalld dump calm.service)"
check_dump calm.service 6000000
is 'the reason is the request' requested "$(last TAILCALLD_REASON $DUMPED OBJECT_SYSTEMD_UNIT=calm.service)"
like 'the dump has emptied the black box' '0 dumped 0 calls of calm.service, 0 before them were overwritten*' \
	"$(outcome tailcalld dump calm.service)"
systemctl stop calm.service

# Names that systemd escapes, and instances.
boxed one@two.service 7000000
kill -9 "$(systemctl show --value --property=MainPID one@two.service)"
check_dump one@two.service 7000000
boxed 'esc\x2daped.service' 8000000
kill -9 "$(systemctl show --value --property=MainPID 'esc\x2daped.service')"
check_dump 'esc\x2daped.service' 8000000

# The daemon is killed in between: the next one dumps what was in the boxes.
boxed calm.service 9000000
pid=$(property MainPID)
kill -9 "$pid"
until [ "$(property MainPID)" != "$pid" ] && systemctl is-active --quiet tailcalld; do
	sleep 0.05
done
like 'a restarted daemon dumps what was there before' '0 dumped 50 calls of calm.service, 150 before them were overwritten*' \
	"$(outcome tailcalld dump calm.service)"
soon 'calm.service was dumped again' 3 dumps calm.service
is 'its calls are the last ones' "$(seq 9000150 9000199)" "$(calls calm.service | tail -n 50)"
like 'every call is accounted for' '0 every call is accounted for*' "$(outcome tailcalld stats --check)"
systemctl stop calm.service
systemctl reset-failed
rm -r /etc/tailcalld.d
is 'restarts without black boxes' 0 "$(outcome systemctl restart tailcalld)"
like 'there are no black boxes' '1 *there are no black boxes*' "$(outcome tailcalld dump)"
