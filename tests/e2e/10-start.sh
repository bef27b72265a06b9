# First: no other chapter has started the service. 90-stop.sh compares with $objects_before.
chapter start

# What a package's installation would do.
journalctl --update-catalog
is 'the catalog has all kinds of records' 16 "$(journalctl --list-catalog | grep -c ' tailcalld: ')"

objects_before=$(host objects)
told systemctl enable tailcalld >/dev/null
is 'enabled' enabled "$(systemctl is-enabled tailcalld)"
is 'starts' 0 "$(told systemctl start tailcalld)"
is 'is active' active "$(systemctl is-active tailcalld)"
if ! systemctl is-active --quiet tailcalld; then
	journal -u tailcalld
	exit 1
fi
soon 'the host sees one dispatcher' 1 host dispatchers

status=$(systemctl status --no-pager --full tailcalld)
like 'systemctl status has the line of numbers' \
	'*Status: "16 routes, generation 1: * events written, 0 lost; attached to raw_tp/sys_enter: *"*' "$status"
started="Started: 16 routes, generation 1, attached to raw_tp/sys_enter on Linux $(uname -r), tailcalld *"
like 'journalctl -u has the start' "*$started*" "$(journal -u tailcalld)"
like 'journalctl -x explains it' \
	"*Subject: tailcalld has started*is attached to raw_tp/sys_enter on Linux*$(uname -r)*" \
	"$(journal -x -u tailcalld $STARTED)"

is 'systemd watches it' 30s "$(property WatchdogUSec)"
is 'runs as root' 0 "$(stat -c %u "/proc/$(property MainPID)")"
is 'holds CAP_BPF and CAP_PERFMON, and nothing else' 000000c000000000 \
	"$(sed -n 's/^CapEff:\t//p' "/proc/$(property MainPID)/status")"
is 'a second daemon is refused' \
	"69 tailcalld: tailcalld is already running (process $(property MainPID)): stop it first, for instance with \`systemctl stop tailcalld\`" \
	"$(told timeout 10 tailcalld --output json)"

# The tree has no manual pages program; that much may be said.
verified=$(systemd-analyze verify tailcalld.service 2>&1 |
	grep -vxE "(tailcalld.service: )?Command 'man tailcalld(\.toml\(5\)|\(8\))' failed with code [0-9]+")
is 'systemd-analyze verify has nothing to say' '' "$verified"
is 'systemd-analyze security rates it 1.5 at most' 0 \
	"$(systemd-analyze security --no-pager --threshold=15 tailcalld >/dev/null; echo $?)"
