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
# and on aarch64 a fourth of the time: pointers are signed by another algorithm than that of the architecture.
case $1 in
*-arm64)
	machine='qemu-system-aarch64 -M virt -accel tcg,thread=single -cpu max,pauth-impdef=on'
	ports="-serial file:$3 -chardev file,id=results,path=$4 -device pci-serial,chardev=results"
	append='console=ttyAMA0 results=ttyS0'
	;;
*)
	machine='qemu-system-x86_64 -accel tcg,thread=single -cpu max,-cx16'
	ports="-serial file:$3 -serial file:$4"
	append='console=ttyS0 results=ttyS1 no_timer_check'
	;;
esac
exec timeout "${SECONDS_MAX:-3600}" $machine -smp "${CPUS:-2}" -m 1024 -nodefaults -display none -no-reboot $ports \
	-kernel "$1" -initrd "$2" -append "$append quiet panic=-1 ${APPEND:-}" </dev/null
