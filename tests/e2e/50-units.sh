chapter units

# check_unit UNIT ARGUMENT: asserts that the call of /bin/true with this argument belongs to this
# unit only.
check_unit() {
	local call
	call=$(cmdline /bin/true "$2")
	is "journalctl -u $1 shows its call" 1 "$(journal -u "$1" -o cat "$call" | wc -l)"
	is "$1 is the only unit of the call" "$1" "$(values OBJECT_SYSTEMD_UNIT "$call")"
}

run_unit alpha.service /bin/sh -c '/bin/true of-alpha; exec sleep 0.2'
run_unit brief.service /bin/true of-brief
run_unit sliced.service --slice=deep-down.slice /bin/true of-sliced
echo '[Service]
Type=oneshot
ExecStart=/bin/true of-%i' >/run/systemd/system/many@.service
systemctl daemon-reload
systemctl start many@one.service many@two.service
# Started again, a unit has a new cgroup with the same name.
systemctl start many@one.service
settle
check_unit alpha.service of-alpha
check_unit brief.service of-brief
check_unit sliced.service of-sliced
check_unit many@two.service of-two
is 'journalctl -u shows the calls of each start' 2 \
	"$(journal -u many@one.service -o cat "$(cmdline /bin/true of-one)" | wc -l)"
is 'journalctl -u alpha.service shows no call of another unit' '' \
	"$(journal -u alpha.service -o cat --output-fields=OBJECT_SYSTEMD_UNIT | grep -vxF alpha.service)"

chapter 'units of a user'
useradd --create-home someone
systemctl start user@1000.service
setpriv --reuid=1000 --regid=1000 --clear-groups env -i XDG_RUNTIME_DIR=/run/user/1000 PATH="$PATH" \
	systemd-run --quiet --user --service-type=oneshot --unit=mail.service /bin/true of-mail
settle
mailed=$(cmdline /bin/true of-mail)
is 'journalctl --user-unit shows its call' 1 \
	"$(journal --user-unit=mail.service -o cat "$mailed" | wc -l)"
is 'the record has the user unit' mail.service "$(values OBJECT_SYSTEMD_USER_UNIT "$mailed")"
is 'the record has the system unit' user@1000.service "$(values OBJECT_SYSTEMD_UNIT "$mailed")"
is 'the record has the user' 1000 "$(values SYSCALL_UID "$mailed")"
