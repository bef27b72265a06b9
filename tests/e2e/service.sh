# service.sh: control of the service, and queries of its state. For sourcing.

# property NAME: prints a property of the service, as systemd has it.
property() {
	systemctl show --value --property="$1" tailcalld
}

# Prints the table of the status line, such as `16 routes, generation 2`.
table() {
	property StatusText | cut -d : -f 1
}

# Prints the generation of the table.
generation() {
	table | sed 's/.*generation //'
}

# Prints the end of the status line about a refused reload.
refusal() {
	property StatusText | sed -n 's/.*; the last/the last/p'
}

# outcome COMMAND...: prints exit status and output of the command on one line.
outcome() {
	local output status=0
	output=$("$@" 2>&1) || status=$?
	echo "$status${output:+ $output}"
}

# run_unit UNIT [OPTION...] COMMAND...: runs the command as a unit of this name and waits until it
# exits.
run_unit() {
	local unit=$1
	shift
	systemd-run --quiet --wait --unit="$unit" "$@"
}

# host QUERY: prints the result of `objects` or `dispatchers` in scripts/e2e.sh, which run on the
# host. The host identifies the container by its PID namespace.
host() {
	echo "$1 $(readlink /proc/self/ns/pid | tr -dc 0-9)" >/shared/query
	cat /shared/reply
}

# configure LINE...: adds a drop-in of these lines to the configuration and loads it.
configure() {
	mkdir -p /etc/tailcalld.d
	printf '%s\n' "$@" >/etc/tailcalld.d/chapter.toml
	is 'loads the drop-in of this chapter' 0 "$(outcome systemctl reload tailcalld)"
}

# Loads the shipped configuration, without drop-ins, if a chapter has changed it.
restore_configuration() {
	local shipped=/usr/local/share/tailcalld/tailcalld.toml
	[ -d /etc/tailcalld.d ] || ! cmp -s $shipped /etc/tailcalld.toml || return
	rm -rf /etc/tailcalld.d
	cp $shipped /etc/tailcalld.toml
	systemctl reload tailcalld
}
