# journal.sh: queries of the journal. For sourcing.

# Matches for the daemon's own kinds of records, from docs/events.md.
STARTED=MESSAGE_ID=d46abc6256004c59b29eaafb3f940864
RELOADED=MESSAGE_ID=8fb7b533292e4869979be20537d7ac8d
REFUSED=MESSAGE_ID=721c8c0188254a80987bc73224551a10
ADOPTED=MESSAGE_ID=64017b16142446ab8f722de47bc1af50
GAP=MESSAGE_ID=37f02fc137de4654b8182022e579b1ca
LOST=MESSAGE_ID=7b1b889327f14078b13a9eb4b84566de
FEEDBACK=MESSAGE_ID=3ac128b3e4174269983b1edb8c617791
JOURNAL_RATE_LIMIT=MESSAGE_ID=e92f97d494cb40c3a1b241432bfe8350
STOPPED=MESSAGE_ID=4731d5e09b8b41e4bfeae0a025b3413a

# journal ARGUMENT...: runs journalctl once everything sent to journald so far has arrived.
journal() {
	journalctl --sync
	journalctl --no-pager --quiet "$@"
}

# values FIELD ARGUMENT...: prints the field's values in these records of tailcalld, one per line,
# oldest first. FIELD=LABEL prints those with this label, without it. Of a field that occurs several times in a record, `-o cat` would print one value
# only.
values() {
	local field=$1
	shift
	journal -t tailcalld -o export --output-fields="${field%%=*}" "$@" | sed -n "s/^$field=//p"
}

# last FIELD ARGUMENT...: prints the newest of these values.
last() {
	values "$@" | tail -n 1
}

# count ARGUMENT...: prints the number of these records of tailcalld.
count() {
	values MESSAGE_ID "$@" | wc -l
}

# cmdline WORD...: prints the match for calls that execute a program with these arguments; the first
# one is its name.
cmdline() {
	local text
	printf -v text ', "%s"' "$@"
	echo "SYSCALL_CMDLINE=[${text:2}]"
}

# Prints the version of systemd.
systemd_version() {
	systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p'
}

# Prints the reason of a dump by OnFailure= of a unit that was killed: systemd before 251 does not tell the result.
reason_of_dump() {
	if [ "$(systemd_version)" -ge 251 ]; then echo 'signal KILL'; else echo requested; fi
}

# Returns once the records of all earlier calls are in the journal. Events keep their order, so it
# makes a call and waits for the record of that.
settle() {
	local marker=settle-$((settle_calls += 1))
	/bin/true $marker
	for _ in {1..200}; do
		[ "$(count SYSCALL_ARGV=$marker)" -gt 0 ] && return
		sleep 0.05
	done
	fail "the record of a call arrives" "$marker" 'no record within 10 s'
}
settle_calls=0
