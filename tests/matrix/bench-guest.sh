#!/bin/busybox sh
# bench-guest.sh: init of a guest. Runs the benchmark of the ways to attach and writes its lines to
# the second serial port. Installed as /init by bench.sh.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tracefs tracefs /sys/kernel/tracing
stty -F /dev/ttyS1 raw
# The benchmark calls setpriv --pdeathsig, which busybox's setpriv lacks. In a guest nothing
# outlives the benchmark, so the option can be dropped.
printf '#!/bin/sh\nshift 2\nexec "$@"\n' >/tmp/setpriv
chmod 755 /tmp/setpriv
PATH=/tmp:$PATH system ways >/dev/ttyS1 2>&1
poweroff -f
