#!/bin/busybox sh
# Process 1 of a guest that measures.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tracefs tracefs /sys/kernel/tracing
stty -F /dev/ttyS1 raw
# busybox's own does not know --pdeathsig: nothing outlives the guest.
printf '#!/bin/sh\nshift 2\nexec "$@"\n' >/tmp/setpriv
chmod 755 /tmp/setpriv
PATH=/tmp:$PATH system ways >/dev/ttyS1 2>&1
poweroff -f
