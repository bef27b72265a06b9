chapter units

# UNIT ARGUMENT: the program `true` with that argument is under its unit and under no other.
belongs() {
	local call
	call=$(cmdline /bin/true "$2")
	is "journalctl -u $1 has its call" 1 "$(journal -u "$1" -o cat "$call" | wc -l)"
	is "$1 is the only unit of that call" "$1" "$(values OBJECT_SYSTEMD_UNIT "$call")"
}

unit alpha.service /bin/sh -c '/bin/true of-alpha; exec sleep 0.2'
unit brief.service /bin/true of-brief
unit sliced.service --slice=deep-down.slice /bin/true of-sliced
echo '[Service]
Type=oneshot
ExecStart=/bin/true of-%i' >/run/systemd/system/many@.service
systemctl daemon-reload
systemctl start many@one.service many@two.service
# A unit that is started again has another cgroup and the same name.
systemctl start many@one.service
settle
belongs alpha.service of-alpha
belongs brief.service of-brief
belongs sliced.service of-sliced
belongs many@two.service of-two
is 'each start of a unit is under its name' 2 \
	"$(journal -u many@one.service -o cat "$(cmdline /bin/true of-one)" | wc -l)"
is 'no call of another unit is under alpha.service' '' \
	"$(journal -u alpha.service -o cat --output-fields=OBJECT_SYSTEMD_UNIT | grep -vxF alpha.service)"

chapter 'units of a user'
useradd --create-home someone
systemctl start user@1000.service
setpriv --reuid=1000 --regid=1000 --clear-groups env -i XDG_RUNTIME_DIR=/run/user/1000 PATH="$PATH" \
	systemd-run --quiet --user --service-type=oneshot --unit=mail.service /bin/true of-mail
settle
mailed=$(cmdline /bin/true of-mail)
is 'journalctl --user-unit has its call' 1 \
	"$(journal --user-unit=mail.service -o cat "$mailed" | wc -l)"
is 'the unit of the user' mail.service "$(values OBJECT_SYSTEMD_USER_UNIT "$mailed")"
is 'the unit of the system' user@1000.service "$(values OBJECT_SYSTEMD_UNIT "$mailed")"
is 'the user' 1000 "$(values SYSCALL_UID "$mailed")"
