#!/bin/busybox sh
# guest.sh: init of a guest. Runs the tests and writes their output to the serial port `results` (a parameter of the kernel),
# between the lines "guest begins" and "guest ends". Installed as /init by build.sh.
/bin/busybox --install -s /bin
export PATH=/bin CI=true
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmp /tmp
mount -t bpf bpf /sys/fs/bpf
mount -t debugfs debug /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup /sys/fs/cgroup
ifconfig lo up
. /environment
. /test/daemon-path
mkdir -p "${daemon%/*}"
ln -s /bin/tailcalld "$daemon"
ln -s /test/examples "${daemon%/*}/examples"
# Without raw mode the terminal adds carriage returns.
stty -F "/dev/$results" raw

# run_tests NAME PROGRAM ARGUMENT...: runs one test at a time, because each records the calls of the
# whole guest. The programs that tests start write to standard error, which comes last: a line of theirs
# would split one of libtest.
run_tests() {
	name=$1
	program=$2
	shift 2
	{ "/test/deps/$program" --test-threads=1 --show-output "$@" </dev/null 2>/tmp/errors ||
		echo "$name ended with $?"; } | sed "s/^test /&$name: /"
	sed "s/^/standard error of $name: /" /tmp/errors
}

# in_share PROGRAM: prints the tests of a program that belong to the share of this guest, which is N/GUESTS.
in_share() {
	"/test/deps/$1" --list --format terse 2>/dev/null | sed -n 's/: test$//p' |
		awk -v share="$share" '{ split(share, of, "/") } NR % of[2] == of[1]'
}

# run_share NAME PROGRAM ARGUMENT...: runs all tests, or those of the share.
run_share() {
	if [ -n "${share:-}" ]; then
		run_tests "$@" --exact $(in_share "$2")
	else
		run_tests "$@"
	fi
}

# at_functions_only: whether the guest has a share in which functions are tested. `make test` tests the tracepoints, but on
# x86_64.
at_functions_only() {
	[ -n "${share:-}" ] && [ "$(uname -m)" = x86_64 ]
}

# Prints the ways to attach that tailcalld takes on this kernel: the raw tracepoint up to 7.1 and the classic one
# from 7.2 on, and functions: by kprobe.multi where the kernel has CONFIG_FPROBE, from 7.0 on by kprobe.session as well,
# and by fentry where it has not. On aarch64 fentry is not used, so there both tracepoints are tested.
ways() {
	if at_functions_only; then
		:
	elif [ "$(printf '7.2\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 7.2 ]; then
		echo tp
	else
		echo raw_tp
	fi
	if [ -n "${share:-}" ] && ! at_functions_only; then
		:
	elif ! grep -q ' bpf_kprobe_multi_link_release$' /proc/kallsyms; then
		if [ "$(uname -m)" = x86_64 ]; then echo fentry; else echo tp; fi
	elif [ "$(printf '7.0\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 7.0 ]; then
		printf 'function\nsession\n'
	else
		echo function
	fi
}

# Handlers in objects of their own are those of the first compiler; chains are tested with those of each.
test_each_way() {
	for way in $(ways); do
		export TAILCALLD_TEST_ATTACH=$way
		first=$(ls -d /test/handlers/* | sort -V | head -n 1)
		export TAILCALLD_TEST_OBJECTS=$first
		if [ -n "${TESTS:-}" ]; then run_tests "$way" kernel $TESTS; else run_share "$way" kernel; fi
		for objects in $(ls -d /test/handlers/* | sort -V | tail -n +2); do
			TAILCALLD_TEST_OBJECTS=$objects run_tests "$way, ${objects##*/}" kernel chain::
		done
	done
	unset TAILCALLD_TEST_ATTACH TAILCALLD_TEST_OBJECTS
}

# Attacks in each way to attach, but for those that need journalctl or btrfs, which guests do not have, and on which the
# kernel's version has no influence.
test_attacks() {
	for way in $(ways); do
		export TAILCALLD_TEST_ATTACH=$way
		run_tests "$way, abuse" abuse --skip forged:: --skip equal_inodes::
		run_tests "$way, abuse" many_cgroups
		run_tests "$way, abuse" cgroup_churn
	done
	unset TAILCALLD_TEST_ATTACH
}

# Runs the tests with many tasks on one CPU in each preemption mode, which can be changed from 5.16
# on, and each way to attach. Both tracepoints are among them on all kernels: each call that is
# missing there has to be one that the kernel counted as missed. The mode that the kernel booted with
# returns afterwards: the daemon chooses its way to attach by it.
test_each_preemption() {
	mode_file=/sys/kernel/debug/sched/preempt
	[ -e $mode_file ] || return
	booted=$(sed 's/.*(\(.*\)).*/\1/' $mode_file)
	for mode in $(tr -d '()' <$mode_file); do
		echo "$mode" >$mode_file
		for way in $( ([ -n "${share:-}" ] || printf 'raw_tp\ntp\n'; ways) | sort -u); do
			TAILCALLD_TEST_ATTACH=$way run_tests "preempt=$mode, $way" kernel contention
		done
	done
	echo "$booted" >$mode_file
}

test_all() {
	test_each_way
	[ -n "${share:-}" ] || test_attacks
	[ -n "${share:-}" ] && ! at_functions_only || test_each_preemption
	for clang in $(cd /test/deps && ls -d verifier-*); do
		run_tests "${clang#verifier-}" "$clang"
	done
	sh /test/daemon.sh
}

{
	echo "guest begins: $(uname -r), $(nproc) processors"
	if [ -n "${TESTS:-}" ]; then test_each_way; else test_all; fi
	echo "guest ends: $(cut -d ' ' -f 1 /proc/uptime) s"
} >"/dev/$results" 2>&1
poweroff -f
