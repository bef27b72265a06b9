# load.sh: many calls while a chapter does something else, and the records that result. For
# sourcing.

# start_load NAME COUNT: begins to run COUNT programs in a unit of this name, each with its number
# as argument.
start_load() {
	systemd-run --quiet --unit="$1.service" --service-type=exec /bin/bash -c \
		'for ((i = 0; i < $2; i++)); do /bin/true "of-$1" "$i"; done' - "$1" "$2"
}

# finish_load NAME: waits until the load ends and its records are in the journal.
finish_load() {
	while systemctl is-active --quiet "$1.service"; do
		sleep 0.05
	done
	settle
}

# duplicates NAME: prints the calls of a load that were recorded more than once.
duplicates() {
	values SYSCALL_CMDLINE "SYSCALL_ARGV=of-$1" | sort | uniq -d
}

# distinct NAME: prints how many calls of a load were recorded, each counted once.
distinct() {
	values SYSCALL_CMDLINE "SYSCALL_ARGV=of-$1" | sort -u | wc -l
}

# unexplained SINCE CALLS MATCH...: prints how many of CALLS calls since that time have neither a
# record that matches nor a place in a record of lost events; negative if there are too many
# records. Losses are recorded up to a second late, so use it with `soon`.
unexplained() {
	local since=$1 calls=$2 lost missing
	shift 2
	missing=$((calls - $(count "$@")))
	lost=$(values TAILCALLD_DETAIL=lost $LOST --since="@$since" | paste -sd +)
	# Events of other processes may be among the lost ones.
	echo $((missing > ${lost:-0} ? missing - (${lost:-0}) : missing < 0 ? missing : 0))
}
