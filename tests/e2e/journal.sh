# How the chapters ask the journal, the service and the host. For sourcing.

# The daemon's own kinds of records, from docs/events.md.
STARTED=MESSAGE_ID=d46abc6256004c59b29eaafb3f940864
RELOADED=MESSAGE_ID=8fb7b533292e4869979be20537d7ac8d
REFUSED=MESSAGE_ID=721c8c0188254a80987bc73224551a10
LOST=MESSAGE_ID=7b1b889327f14078b13a9eb4b84566de
FEEDBACK=MESSAGE_ID=3ac128b3e4174269983b1edb8c617791
JOURNAL_RATE_LIMIT=MESSAGE_ID=e92f97d494cb40c3a1b241432bfe8350
STOPPED=MESSAGE_ID=4731d5e09b8b41e4bfeae0a025b3413a

# ARGUMENT...: journalctl, after all that was sent to journald until now has arrived.
journal() {
	journalctl --sync
	journalctl --no-pager --quiet "$@"
}

# FIELD ARGUMENT...: the field's values in the records asked for, one a line, oldest first. Of a field
# that repeats, `-o cat` would show one only.
values() {
	local field=$1
	shift
	journal -t tailcalld -o export --output-fields="$field" "$@" | sed -n "s/^$field=//p"
}

# The last of them.
last() {
	values "$@" | tail -n 1
}

# How many records there are.
number() {
	values MESSAGE_ID "$@" | wc -l
}

# Returns when what happened until now is in the journal: events keep their order, so it is when a
# call made now is.
settle() {
	local marker=settle-$((settled += 1))
	/bin/true $marker
	for _ in {1..200}; do
		[ "$(number SYSCALL_ARGV=$marker)" -gt 0 ] && return
		sleep 0.05
	done
	failed "the record of a call arrives" "$marker" 'nothing in 10 s'
}
settled=0

# UNIT COMMAND...: runs it as a unit of its own and waits for its end.
unit() {
	local unit=$1
	shift
	systemd-run --quiet --wait --unit="$unit" "$@"
}

# PROPERTY: of the service, as systemd sees it.
property() {
	systemctl show --value --property="$1" tailcalld
}

# `16 routes, generation 2`, out of the status line; and the complaint at its end.
table() {
	property StatusText | cut -d : -f 1
}
complaint() {
	property StatusText | sed -n 's/.*; the last/the last/p'
}

# COMMAND...: what systemctl says and how it ends, on one line.
told() {
	local said status=0
	said=$("$@" 2>&1) || status=$?
	echo "$status${said:+ $said}"
}

# WORD...: the match for the calls of a program with these arguments, the program's name first.
cmdline() {
	local text
	printf -v text ', "%s"' "$@"
	echo "SYSCALL_CMDLINE=[${text:2}]"
}

# QUESTION: what the host sees of us in the kernel. It knows us by our pid namespace.
host() {
	echo "$1 $(readlink /proc/self/ns/pid | tr -dc 0-9)" >/talk/ask
	cat /talk/answer
}
