# container.sh: a container of one suite with a real systemd, and the answers of the host to it. For sourcing by
# scripts/e2e*.sh, which set $suite, and $layer if the tree has another layer; `work` has what a run writes, `root` is the tree of the container.
#
#	JOURNAL_MAX=SIZE	room for the journal; default: 8G, for some six million records
#	BOOT_MAX=SECONDS	longest time of one boot; default: 180

if [ "$(id -u)" -ne 0 ]; then
	echo 'e2e: boots a container, so it needs root: sudo make e2e' >&2
	exit 77
fi
tree=$(sh scripts/e2e-tree.sh "$suite")

# One run at a time: without systemd on the host, two containers would share their cgroups.
exec {lock}>"$(dirname "$tree")/lock"
flock "$lock"

work=$(mktemp -d)
root=$work/root
shared=$work/shared
responder=
clean_up() {
	local pid
	for pid in $responder $(cat "$work/container" 2>/dev/null); do
		kill "$pid" 2>/dev/null || true
	done
	umount --lazy "$root" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT

mkdir "$root" "$shared" "$work"/{upper,overlay}
mount -t overlay overlay -o "lowerdir=${layer:+$layer:}$tree,upperdir=$work/upper,workdir=$work/overlay" "$root"

# Prints every file and link of the tree, without directories.
files() {
	(cd "$root" && find . -xdev ! -type d | sort)
}

# Prints the files of tailcalld.
installed_files() {
	(cd "$root" && find . -xdev -path '*tailcalld*' -print | sort)
}

# fdinfo [!] CONTAINER: prints the fdinfo of the files that are open in this PID namespace, or with
# ! of those in any other: other processes of the host may use BPF as well.
fdinfo() {
	find /proc -maxdepth 3 -path '/proc/[0-9]*/ns/pid' "${@:1:$#-1}" -lname "pid:?${!#}?" \
		-printf '%h\n' 2>/dev/null | sed 's|/ns$|/fdinfo|' | xargs -r grep -rs .
}

# dispatchers CONTAINER: prints the number of dispatchers that its processes have attached. Several processes may hold a
# link, systemd among them.
dispatchers() {
	fdinfo "$1" | awk -F '\t' '
		{ file = $1; sub(/:[^:]*:$/, "", file) }
		/:link_id:/ { link[file] = $2 }
		/:tp_name:\tsys_enter$/ { links[link[file]] = 1 }
		END { print length(links) }' || true # a process that ends meanwhile
}

# objects CONTAINER: prints kind and id of every BPF object in the kernel, without those that
# processes outside of the container hold and those that systemd loads for its units: before 250 they have no names.
#
# Never run this while a daemon exits. bpftool opens each map, and if it closes a program array that
# has just lost its owner, the kernel starts to clear the array a second time and may never free it
# (prog_array_map_clear in kernel/bpf/arraymap.c; seen with 6.18).
objects() {
	local kind
	for kind in prog map link; do
		bpftool "$kind" show | sed -nE "/ name (sd|restrict)_|: cgroup_(skb|device)  tag /d; s/^([0-9]+): .*/$kind \1/p"
	done | sort | comm -23 - <(
		fdinfo ! "$1" | sed -nE 's/.*:(prog|map|link)_id:\s*/\1 /p' | sort -u
	)
}

# Answers the container's queries about BPF objects in the kernel, one at a time.
respond() {
	local query container
	while read -r query container <"$shared/query"; do
		case $query in
		objects | dispatchers) $query "$container" >"$shared/reply" ;;
		esac
	done
}

# boot SCRIPT: boots the container, which runs a script of tests/e2e, until it powers off. Without systemd on the host,
# systemd-nspawn exits with 133 where the container asks for a reboot.
boot() {
	local status=133
	while [ $status -eq 133 ]; do
		status=0
		boot_once "$1" || status=$?
	done
	return $status
}

boot_once() {
	local keep='' status=0
	# Without systemd on the host, nothing can create a scope for the container.
	[ -d /run/systemd/system ] || keep=--keep-unit
	sed "s|drive.sh|$1|" tests/e2e/e2e.service >"$work/e2e.service"
	# A filter of the container would answer calls by numbers that it does not know before any program sees them.
	SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout --kill-after=5 "${BOOT_MAX:-180}" systemd-nspawn --quiet \
		--directory="$root" --machine=tailcalld-e2e --register=no $keep --private-network \
		--capability=CAP_BPF,CAP_PERFMON --console=pipe \
		--bind-ro="$PWD/tests/e2e:/e2e" --bind-ro="$PWD/docs/events.md:/e2e-events.md" \
		--bind-ro="$PWD/docs/recipes.md:/e2e-recipes.md" --bind-ro="$PWD/docs/fleet.md:/e2e-fleet.md" \
		--bind="$shared:/shared" --bind-ro="$work/e2e.service:/etc/systemd/system/e2e.service" \
		--boot systemd.wants=e2e.service systemd.show_status=no </dev/null >>"$work/console" 2>&1 &
	echo $! >"$work/container"
	wait $! || status=$?
	rm "$work/container"
	return $status
}

# run_container SCRIPT: boots the container with a script of tests/e2e, prints and counts its assertions, and asserts that
# it came to the end.
run_container() {
	local status=0
	[ -e "$shared/query" ] || mkfifo "$shared/query" "$shared/reply"
	respond &
	responder=$!
	touch "$shared/log"
	# The journal keeps all records of a run, whatever room the host has left.
	mkdir -p "$root/etc/systemd/journald.conf.d"
	printf '[Journal]\nSystemMaxUse=%s\nSystemKeepFree=1G\nSystemMaxFiles=10000\n' "${JOURNAL_MAX:-8G}" \
		>"$root/etc/systemd/journald.conf.d/e2e.conf"
	boot "$1" &
	local boot=$!
	tail -n +1 -f -s 0.2 --pid=$boot "$shared/log"
	wait $boot || status=$?
	add_log "$shared/log"

	chapter 'after the container'
	is 'every chapter has run' poweroff "$(tail -n 1 "$shared/log")"
	is 'the container powered off' 0 "$status"
	[ "$status" -eq 0 ] || tail -n 50 "$work/console"
}
