chapter 'first times of a unit, and its profile'

drop_in=/run/systemd/system/learn.service.d/profile.conf

# load WORD: runs the load of that name as the unit.
load() {
	echo "$1" >/run/learn.load
	outcome systemctl start learn.service
	settle
}

# first_times: prints the names of the calls that the journal has as first times of the unit, one a line.
first_times() {
	journal OBJECT_SYSTEMD_UNIT=learn.service TAILCALLD_DETAIL=novel=unit -o cat --output-fields=SYSCALL_NAME
}

# watch: begins to watch the unit.
watch() {
	tailcalld profile learn --watch --check /run/profile.conf >/run/watch.out 2>/run/watch.err &
	watcher=$!
	soon 'the unit is watched' 'watching learn.service for calls that the drop-in would deny' cat /run/watch.err
}

# end_watch: ends that, and sets watch_code.
end_watch() {
	kill -INT "$watcher"
	wait "$watcher"
	watch_code=$?
}

cat >/run/learn.sh <<'SCRIPT'
set -e
case $(cat /run/learn.load) in
one)
	cat /etc/passwd >/run/learn.out
	ls -l /etc >/dev/null
	mkdir /run/learn && mv /run/learn.out /run/learn && rm -r /run/learn
	logger -t learn one
	;;
two)
	cp /etc/group /run/learn.copy
	grep -q root /run/learn.copy
	rm /run/learn.copy
	ls -l /usr >/dev/null
	logger -t learn two
	;;
three)
	chroot / /bin/true
	;;
four)
	perl -e 'syscall(511)'
	;;
esac
SCRIPT
printf '%s\n' '[Service]' Type=oneshot 'ExecStart=/bin/bash /run/learn.sh' >/run/systemd/system/learn.service
systemctl daemon-reload
# What systemd does in the unit before it executes the program is not the unit's.
learn='unit = "learn.service", exe = "!/usr/lib/systemd/systemd*", novel = "unit"'
configure '[routes]' "\"@known\" = { handler = \"args\", $learn }" \
	"socket = { handler = \"args\", $learn, by = \"family\" }" \
	"socketpair = { handler = \"args\", $learn, by = \"family\" }"

like 'nothing is known at first' '1 *nothing is known of learn.service*' "$(outcome tailcalld profile learn)"
is 'learns from one load' 0 "$(load one)"
known=$(first_times | wc -l)
is 'each call is told once' "$known" "$(first_times | sort -u | wc -l)"
is 'the load makes more than twenty calls' yes "$([ "$known" -gt 20 ] && echo yes)"
is 'the same load is nothing new' "0 $known" "$(load one) $(first_times | wc -l)"
systemctl restart tailcalld
is 'nor is it after a restart of the daemon' "0 $known" "$(load one) $(first_times | wc -l)"

mkdir -p "${drop_in%/*}"
tailcalld profile learn >"$drop_in"
like 'the drop-in allows sets' '*SystemCallFilter=@default *@file-system*' "$(cat "$drop_in")"
like 'the drop-in allows the families' '*RestrictAddressFamilies=AF_UNIX*' "$(cat "$drop_in")"
like 'the drop-in allows one architecture' '*SystemCallArchitectures=native*' "$(cat "$drop_in")"
is 'the drop-in denies nothing that was seen' 0 "$(outcome tailcalld profile learn --check "$drop_in")"
systemctl daemon-reload
is 'systemd has the filter' yes "$(systemctl show -P SystemCallFilter learn.service | grep -qw openat && echo yes)"
is 'another load has no denial' 0 "$(load two)"

mv "$drop_in" /run/profile.conf
systemctl daemon-reload
watch
is 'a known load has nothing that would be denied' '0 ' "$(load two) $(cat /run/watch.out)"
is 'a new call is made' 0 "$(load three)"
end_watch
is 'watching ends with 1' 1 "$watch_code"
like 'the call is told with the line that would deny it' \
	'/run/profile.conf:*: SystemCallFilter= would deny chroot("/") by chroot (pid *' "$(cat /run/watch.out)"
is 'once' "1 $(grep -n -m 1 ^SystemCallFilter= /run/profile.conf | cut -d : -f 1)" \
	"$(wc -l </run/watch.out) $(cut -d : -f 2 /run/watch.out)"
is 'it is a first time' 1 "$(first_times | grep -cx chroot)"
is 'it is predicted that it is denied' '1 SystemCallFilter= would deny chroot' \
	"$(outcome tailcalld profile learn --check /run/profile.conf)"
watch
is 'a call without a name is made' 0 "$(load four)"
end_watch
is 'watching ends with 1 again' 1 "$watch_code"
is 'the number is told' 1 "$(grep -c ': SystemCallFilter= would deny #511(' /run/watch.out)"
mv /run/profile.conf "$drop_in"
systemctl daemon-reload
like 'it is denied' '1 *' "$(load three)"
rm -r "${drop_in%/*}" /run/systemd/system/learn.service /run/learn.sh
systemctl daemon-reload
systemctl reset-failed learn.service
