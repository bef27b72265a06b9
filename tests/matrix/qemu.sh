#!/bin/sh
# qemu.sh IMAGE DISK CONSOLE RESULTS: boots a kernel in QEMU until it powers off; its two serial ports go
# to these files. SECONDS_MAX: how long it may take.
#
# No /dev/kvm: nested virtualisation is where guests crash. Without cmpxchg16b, after which QEMU 7.2
# now and then leaves garbage in the flags; and with one thread for both processors, because with two
# one may execute an instruction that the other is patching. One guest in ten died of these two. Where
# guests run side by side a timer may be late, which the kernel is not to check.
exec timeout "${SECONDS_MAX:-2700}" qemu-system-x86_64 -accel tcg,thread=single -cpu max,-cx16 \
	-smp 2 -m 1024 -nodefaults -display none -no-reboot -serial "file:$3" -serial "file:$4" \
	-kernel "$1" -initrd "$2" -append 'console=ttyS0 quiet panic=-1 no_timer_check' </dev/null
