# Many calls while something happens, and what became of them. For sourcing.

# NAME COUNT: runs that many programs, each with a number of its own, while something happens.
load() {
	systemd-run --quiet --unit="$1.service" --service-type=exec /bin/bash -c \
		'for ((i = 0; i < $2; i++)); do /bin/true "of-$1" "$i"; done' - "$1" "$2"
}

# NAME: waits for the end of a load and for its records.
loaded() {
	while systemctl is-active --quiet "$1.service"; do
		sleep 0.05
	done
	settle
}

# NAME: the calls that were recorded more than once.
twice() {
	values SYSCALL_CMDLINE "SYSCALL_ARGV=of-$1" | sort | uniq -d
}

# MADE MATCH...: how many of the calls made since $since are neither recorded nor declared lost. The last
# losses are declared up to a second later.
unexplained() {
	local made=$1 lost missing
	shift
	missing=$((made - $(number "$@")))
	lost=$(values TAILCALLD_LOST $LOST --since="@$since" | paste -sd +)
	# Those lost may be of others.
	echo $((missing > ${lost:-0} ? missing - (${lost:-0}) : missing < 0 ? missing : 0))
}
