#!/bin/sh
# qemu.sh IMAGE DISK CONSOLE RESULTS: boots a kernel in QEMU and waits until it powers off. Its two
# serial ports are written to CONSOLE and RESULTS.
#
#	CPUS=N		number of processors; default: 2
#	SECONDS_MAX=N	kills the guest after N seconds; default: 3600
#	APPEND=WORDS	adds parameters of the kernel
#
# The options avoid crashes of guests:
# - no /dev/kvm, because nested virtualisation is unreliable
# - no cmpxchg16b, because QEMU 7.2 sometimes leaves wrong flags after it, and one thread for all
#   processors, because with more one may execute an instruction while the other patches it: one guest in
#   ten crashed because of these two
# - no_timer_check, because timers are late while other guests run
exec timeout "${SECONDS_MAX:-3600}" qemu-system-x86_64 -accel tcg,thread=single -cpu max,-cx16 \
	-smp "${CPUS:-2}" -m 1024 -nodefaults -display none -no-reboot -serial "file:$3" -serial "file:$4" \
	-kernel "$1" -initrd "$2" -append "console=ttyS0 quiet panic=-1 no_timer_check ${APPEND:-}" </dev/null
