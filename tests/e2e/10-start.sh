# Starts the service for all later chapters.
chapter start

# A package does this when it is installed.
journalctl --update-catalog
is 'the catalog describes every kind of record' 22 "$(journalctl --list-catalog | grep -c ' tailcalld: ')"

outcome systemctl enable tailcalld >/dev/null
is 'the service is enabled' enabled "$(systemctl is-enabled tailcalld)"
is 'starts' 0 "$(outcome systemctl start tailcalld)"
is 'is active' active "$(systemctl is-active tailcalld)"
if ! systemctl is-active --quiet tailcalld; then
	journal -u tailcalld
	exit 1
fi
soon 'the host finds one dispatcher' 1 host dispatchers

status=$(systemctl status --no-pager --full tailcalld)
like 'systemctl status shows the table and the counters' \
	'*Status: "16 routes, generation 1: * events written, 0 lost; attached to raw_tp/sys_enter: *"*' "$status"
started="Started: 16 routes, generation 1, attached to raw_tp/sys_enter on Linux $(uname -r), tailcalld *"
like 'journalctl -u shows the start' "*$started*" "$(journal -u tailcalld)"
like 'journalctl -x explains the start' \
	"*Subject: tailcalld has started*is attached to raw_tp/sys_enter.*" \
	"$(journal -x -u tailcalld $STARTED)"

is 'the watchdog of systemd is on' 30s "$(property WatchdogUSec)"
is 'has priority over busy processes' '-10 1000' \
	"$(cut -d ' ' -f 19 "/proc/$(property MainPID)/stat") $(property CPUWeight)"
is 'has a bound for its memory' 536870912 "$(property MemoryMax)"
# The property: a container may not lower the value of a process.
is 'is spared by the OOM killer' -500 "$(property OOMScoreAdjust)"
is 'only root can open the lock' '700 600' \
	"$(stat -c %a /run/tailcalld) $(stat -c %a /run/tailcalld/lock)"
is 'runs as root' 0 "$(stat -c %u "/proc/$(property MainPID)")"
# CAP_BPF, where bpf(2) is open to everyone: the value may be changed later.
kept=0000000000000000
[ "$(cat /proc/sys/kernel/unprivileged_bpf_disabled)" != 0 ] || kept=0000008000000000
is 'has dropped its capabilities' "$kept $kept" \
	"$(sed -n 's/^Cap\(Eff\|Prm\):\t//p' "/proc/$(property MainPID)/status" | xargs)"
# Two of the daemon; systemd adds its own.
is 'has its seccomp filters' 2 \
	"$(sed -n 's/^Seccomp:\t//p' "/proc/$(property MainPID)/status")"
is 'a second daemon is refused' \
	"69 tailcalld: tailcalld is already running (process $(property MainPID)): stop it first, for instance with \`systemctl stop tailcalld\`" \
	"$(outcome timeout 10 tailcalld --output json)"

# The tree has no man, so Documentation=man: fails, and systemd 247 does not have one of the settings. Every other fault
# counts.
verified=$(SYSTEMD_LOG_COLOR=0 systemd-analyze verify tailcalld.service 2>&1 | grep -vxE \
	-e "(tailcalld.service: )?Command 'man tailcalld(\.toml\(5\)|\(8\))' failed with code [0-9]+" \
	-e ".*: Unknown key name 'PrivateIPC' in section 'Service', ignoring\.")
is 'systemd-analyze verify finds no fault' '' "$verified"
# The threshold is an option from 250 on.
if systemd-analyze --help | grep -q threshold; then
	is 'systemd-analyze security reports an exposure of at most 1.3' 0 \
		"$(systemd-analyze security --no-pager --threshold=13 tailcalld >/dev/null; echo $?)"
fi
