#!/bin/busybox sh
# Process 1 of a guest: runs the tests and writes what they say to the second serial port, between a
# first and a last line of its own. Without the first the guest died before it came here.
/bin/busybox --install -s /bin
export PATH=/bin CI=true
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup /sys/fs/cgroup
. /environment
# No carriage returns.
stty -F /dev/ttyS1 raw

# tests NAME PROGRAM ARGUMENTS...: one test at a time, because each sees the calls of the whole guest.
tests() {
	name=$1
	program=$2
	shift 2
	{ "/test/deps/$program" --test-threads=1 --show-output "$@" </dev/null 2>&1 ||
		echo "$name ended with $?"; } | sed "s/^test /&$name: /"
}

# Every kernel offers the classic tracepoint; up to 7.1 raw tracepoints lose nothing; those with
# CONFIG_FPROBE offer functions.
ways() {
	[ "$(printf '7.2\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 7.2 ] || echo raw_tp
	echo tp
	! grep -q ' bpf_kprobe_multi_link_release$' /proc/kallsyms || echo function
}

attached() {
	for way in $(ways); do
		TAILCALLD_TEST_ATTACH=$way tests $way kernel
	done
}

# The crowds once more in each way to preempt, where the kernel lets it be changed (5.16 and newer),
# and in each way to attach, from 7.2 on the raw tracepoint, too: what is missing there must be what
# the kernel says that it passed over.
preempted() {
	mount -t debugfs debug /sys/kernel/debug
	knob=/sys/kernel/debug/sched/preempt
	[ -e $knob ] || return
	for mode in $(tr -d '()' <$knob); do
		echo "$mode" >$knob
		for way in $( (echo raw_tp && ways) | sort -u); do
			TAILCALLD_TEST_ATTACH=$way tests "preempt=$mode, $way" kernel contention
		done
	done
}

{
	echo "guest begins: $(uname -r)"
	attached
	preempted
	for clang in $(cd /test/deps && ls -d verifier-*); do
		tests "${clang#verifier-}" "$clang"
	done
	sh /test/daemon.sh
	echo "guest ends: $(cut -d ' ' -f 1 /proc/uptime) s"
} >/dev/ttyS1 2>&1
poweroff -f
