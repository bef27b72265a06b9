#!/bin/bash
# Boots a Debian tree with a real systemd in a container, with tailcalld put there by `make install`
# and by nothing else, and lets tests/e2e/drive.sh use it as an administrator does. What the kernel
# holds is looked at from out here.
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/e2e/assert.sh

suite=${1:-bookworm}
if [ "$(id -u)" -ne 0 ]; then
	echo 'e2e: boots a container, so it needs root: sudo make e2e' >&2
	exit 77
fi
tree=$(sh scripts/e2e-tree.sh "$suite")

# One run at a time: without a systemd on this machine, two containers would share their cgroups.
exec {lock}>"$(dirname "$tree")/lock"
flock "$lock"

work=$(mktemp -d)
root=$work/root
talk=$work/talk
helper=
clean_up() {
	local pid
	for pid in $helper $(cat "$work/container" 2>/dev/null); do
		kill "$pid" 2>/dev/null || true
	done
	umount --lazy "$root" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT

mkdir "$root" "$talk" "$work"/{upper,working}
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$work/upper,workdir=$work/working" "$root"

# What we brought, and what is there at all: files, links and so on, but no folders.
files() {
	(cd "$root" && find . -xdev ! -type d | sort)
}
ours() {
	(cd "$root" && find . -xdev -name '*tailcalld*' -print | sort)
}

# [!] CONTAINER: what the kernel tells of the open files of the processes in that pid namespace, or
# of all others: on this machine others may be at work with BPF.
open_files() {
	find /proc -maxdepth 3 -path '/proc/[0-9]*/ns/pid' "${@:1:$#-1}" -lname "pid:?${!#}?" \
		-printf '%h\n' 2>/dev/null | sed 's|/ns$|/fdinfo|' | xargs -r grep -rs .
}

# CONTAINER: how many dispatchers its processes have attached.
dispatchers() {
	open_files "$1" | grep -c $'tp_name:\tsys_enter$' || true
}

# CONTAINER: the objects of BPF that this machine has and nobody else holds, by kind and id, without
# those that systemd loads for its units.
#
# Not to be asked while a daemon ends. bpftool opens each map, and when it closes a program array that
# has lost its owner a moment before, the kernel starts to empty it a second time and may never free
# it (prog_array_map_clear in kernel/bpf/arraymap.c; seen with 6.18).
objects() {
	local kind
	for kind in prog map link; do
		bpftool "$kind" show | sed -nE "/ name (sd|restrict)_/d; s/^([0-9]+): .*/$kind \1/p"
	done | sort | comm -23 - <(
		open_files ! "$1" | sed -nE 's/.*:(prog|map|link)_id:\s*/\1 /p' | sort -u
	)
}

# Answers the container's questions about the kernel, one at a time.
answer() {
	local question container
	while read -r question container <"$talk/ask"; do
		case $question in
		objects | dispatchers) $question "$container" >"$talk/answer" ;;
		esac
	done
}

# 133 is a reboot, which is left to us where no systemd runs.
boot() {
	local status=133
	while [ $status -eq 133 ]; do
		status=0
		boot_once || status=$?
	done
	return $status
}

boot_once() {
	local keep='' status=0
	# Where no systemd runs, there is none to make a scope for the container.
	[ -d /run/systemd/system ] || keep=--keep-unit
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout --kill-after=5 180 systemd-nspawn --quiet \
		--directory="$root" --machine=tailcalld-e2e --register=no $keep --private-network \
		--capability=CAP_BPF,CAP_PERFMON --system-call-filter=bpf --console=pipe \
		--bind-ro="$PWD/tests/e2e:/e2e" --bind-ro="$PWD/docs/events.md:/e2e-events.md" \
		--bind="$talk:/talk" --bind-ro="$PWD/tests/e2e/e2e.service:/etc/systemd/system/e2e.service" \
		--boot systemd.wants=e2e.service systemd.show_status=no </dev/null >>"$work/console" 2>&1 &
	echo $! >"$work/container"
	wait $! || status=$?
	rm "$work/container"
	return $status
}

chapter 'install and uninstall'
before=$(files)
make -s install DESTDIR="$root" >/dev/null
is 'what `make install` brings' "$(cat tests/e2e/installed.txt)" "$(ours)"
is 'the program runs in this tree' "tailcalld $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)" \
	"$(chroot "$root" tailcalld --version 2>&1)"
echo '# mine' >>"$root/etc/tailcalld.toml"
make -s install DESTDIR="$root" >/dev/null
is 'another one leaves an edited configuration alone' '# mine' "$(tail -n 1 "$root/etc/tailcalld.toml")"
cp config/tailcalld.toml "$root/etc/tailcalld.toml"
make -s uninstall DESTDIR="$root"
is '`make uninstall` leaves nothing' '' "$(diff <(echo "$before") <(files))"

make -s install DESTDIR="$root" >/dev/null
mkfifo "$talk/ask" "$talk/answer"
answer &
helper=$!
touch "$talk/log"
boot &
boot=$!
tail -n +1 -f -s 0.2 --pid=$boot "$talk/log"
wait $boot && status=0 || status=$?
count "$talk/log"

chapter 'after the container has ended'
is 'the test inside came to its end' poweroff "$(tail -n 1 "$talk/log")"
is 'the container powered off' 0 "$status"
if [ "$status" -ne 0 ]; then
	tail -n 50 "$work/console"
fi
make -s uninstall DESTDIR="$root"
is '`make uninstall` leaves the edited configuration alone' ./etc/tailcalld.toml "$(ours)"

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
