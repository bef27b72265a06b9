/* Headers of the kernel that define the constants and structures of the tables. Those that a kernel or an
 * architecture does not have are left out. The probe replaces headers of the C library that these include by
 * empty files, because the C library defines the same names once more.
 */
#define htons(x) __builtin_bswap16(x)
#define __user
typedef unsigned short sa_family_t;
struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};
typedef __SIZE_TYPE__ size_t;

#if __has_include(<linux/types.h>)
#include <linux/types.h>
#endif
#if __has_include(<linux/time.h>)
#include <linux/time.h>
#endif
#if __has_include(<linux/socket.h>)
#include <linux/socket.h>
#endif
#if __has_include(<asm/fcntl.h>)
#include <asm/fcntl.h>
#endif
#if __has_include(<asm/ioctls.h>)
#include <asm/ioctls.h>
#endif
#if __has_include(<asm/poll.h>)
#include <asm/poll.h>
#endif
#if __has_include(<asm/siginfo.h>)
#include <asm/siginfo.h>
#endif
#if __has_include(<asm/socket.h>)
#include <asm/socket.h>
#endif
#if __has_include(<asm/sockios.h>)
#include <asm/sockios.h>
#endif
#if __has_include(<asm/termbits.h>)
#include <asm/termbits.h>
#endif
#if __has_include(<asm/termios.h>)
#include <asm/termios.h>
#endif
#if __has_include(<asm/resource.h>)
#include <asm/resource.h>
#endif
#if __has_include(<asm/stat.h>)
#include <asm/stat.h>
#endif
#if __has_include(<asm/statfs.h>)
#include <asm/statfs.h>
#endif
#if __has_include(<asm/ldt.h>)
#include <asm/ldt.h>
#endif
#if __has_include(<asm/mman.h>)
#include <asm/mman.h>
#endif
#if __has_include(<asm/prctl.h>)
#include <asm/prctl.h>
#endif
#if __has_include(<asm/ptrace-abi.h>)
#include <asm/ptrace-abi.h>
#endif
#if __has_include(<asm/signal.h>)
#include <asm/signal.h>
#endif
#if __has_include(<linux/aio_abi.h>)
#include <linux/aio_abi.h>
#endif
#if __has_include(<linux/android/binder.h>)
#include <linux/android/binder.h>
#endif
#if __has_include(<linux/atmdev.h>)
#include <linux/atmdev.h>
#endif
#if __has_include(<linux/audit.h>)
#include <linux/audit.h>
#endif
#if __has_include(<linux/blkzoned.h>)
#include <linux/blkzoned.h>
#endif
#if __has_include(<linux/bpf.h>)
#include <linux/bpf.h>
#endif
#if __has_include(<linux/btrfs.h>)
#include <linux/btrfs.h>
#endif
#if __has_include(<linux/can.h>)
#include <linux/can.h>
#endif
#if __has_include(<linux/can/raw.h>)
#include <linux/can/raw.h>
#endif
#if __has_include(<linux/capability.h>)
#include <linux/capability.h>
#endif
#if __has_include(<linux/cdrom.h>)
#include <linux/cdrom.h>
#endif
#if __has_include(<linux/close_range.h>)
#include <linux/close_range.h>
#endif
#if __has_include(<linux/dma-buf.h>)
#include <linux/dma-buf.h>
#endif
#if __has_include(<linux/dqblk_xfs.h>)
#include <linux/dqblk_xfs.h>
#endif
#if __has_include(<linux/elf.h>)
#include <linux/elf.h>
#endif
#if __has_include(<linux/eventpoll.h>)
#include <linux/eventpoll.h>
#endif
#if __has_include(<linux/fadvise.h>)
#include <linux/fadvise.h>
#endif
#if __has_include(<linux/falloc.h>)
#include <linux/falloc.h>
#endif
#if __has_include(<linux/fanotify.h>)
#include <linux/fanotify.h>
#endif
#if __has_include(<linux/fcntl.h>)
#include <linux/fcntl.h>
#endif
#if __has_include(<linux/fd.h>)
#include <linux/fd.h>
#endif
#if __has_include(<linux/fs.h>)
#include <linux/fs.h>
#endif
#if __has_include(<linux/fscrypt.h>)
#include <linux/fscrypt.h>
#endif
#if __has_include(<linux/fsverity.h>)
#include <linux/fsverity.h>
#endif
#if __has_include(<linux/futex.h>)
#include <linux/futex.h>
#endif
#if __has_include(<linux/gpio.h>)
#include <linux/gpio.h>
#endif
#if __has_include(<linux/hdreg.h>)
#include <linux/hdreg.h>
#endif
#if __has_include(<linux/i2o-dev.h>)
#include <linux/i2o-dev.h>
#endif
#if __has_include(<linux/if_arp.h>)
#include <linux/if_arp.h>
#endif
#if __has_include(<linux/if_ether.h>)
#include <linux/if_ether.h>
#endif
#if __has_include(<linux/if_packet.h>)
#include <linux/if_packet.h>
#endif
#if __has_include(<linux/if_pppox.h>)
#include <linux/if_pppox.h>
#endif
#if __has_include(<linux/if_tun.h>)
#include <linux/if_tun.h>
#endif
#if __has_include(<linux/if_xdp.h>)
#include <linux/if_xdp.h>
#endif
#if __has_include(<linux/in.h>)
#include <linux/in.h>
#endif
#if __has_include(<linux/in6.h>)
#include <linux/in6.h>
#endif
#if __has_include(<linux/inotify.h>)
#include <linux/inotify.h>
#endif
#if __has_include(<linux/input.h>)
#include <linux/input.h>
#endif
#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#endif
#if __has_include(<linux/io_uring/bpf_filter.h>)
#include <linux/io_uring/bpf_filter.h>
#endif
#if __has_include(<linux/io_uring/query.h>)
#include <linux/io_uring/query.h>
#endif
#if __has_include(<linux/ioprio.h>)
#include <linux/ioprio.h>
#endif
#if __has_include(<linux/ipc.h>)
#include <linux/ipc.h>
#endif
#if __has_include(<linux/ipmi.h>)
#include <linux/ipmi.h>
#endif
#if __has_include(<linux/kcmp.h>)
#include <linux/kcmp.h>
#endif
#if __has_include(<linux/kd.h>)
#include <linux/kd.h>
#endif
#if __has_include(<linux/kexec.h>)
#include <linux/kexec.h>
#endif
#if __has_include(<linux/keyctl.h>)
#include <linux/keyctl.h>
#endif
#if __has_include(<linux/kvm.h>)
#include <linux/kvm.h>
#endif
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif
#if __has_include(<linux/lirc.h>)
#include <linux/lirc.h>
#endif
#if __has_include(<linux/loop.h>)
#include <linux/loop.h>
#endif
#if __has_include(<linux/lp.h>)
#include <linux/lp.h>
#endif
#if __has_include(<linux/magic.h>)
#include <linux/magic.h>
#endif
#if __has_include(<linux/mctp.h>)
#include <linux/mctp.h>
#endif
#if __has_include(<linux/membarrier.h>)
#include <linux/membarrier.h>
#endif
#if __has_include(<linux/memfd.h>)
#include <linux/memfd.h>
#endif
#if __has_include(<linux/mempolicy.h>)
#include <linux/mempolicy.h>
#endif
#if __has_include(<linux/mman.h>)
#include <linux/mman.h>
#endif
#if __has_include(<linux/module.h>)
#include <linux/module.h>
#endif
#if __has_include(<linux/mount.h>)
#include <linux/mount.h>
#endif
#if __has_include(<linux/msg.h>)
#include <linux/msg.h>
#endif
#if __has_include(<linux/net.h>)
#include <linux/net.h>
#endif
#if __has_include(<linux/netfilter_ipv6/ip6_tables.h>)
#include <linux/netfilter_ipv6/ip6_tables.h>
#endif
#if __has_include(<linux/netlink.h>)
#include <linux/netlink.h>
#endif
#if __has_include(<linux/nfc.h>)
#include <linux/nfc.h>
#endif
#if __has_include(<linux/nsfs.h>)
#include <linux/nsfs.h>
#endif
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif
#if __has_include(<linux/perf_event.h>)
#include <linux/perf_event.h>
#endif
#if __has_include(<linux/personality.h>)
#include <linux/personality.h>
#endif
#if __has_include(<linux/phantom.h>)
#include <linux/phantom.h>
#endif
#if __has_include(<linux/pidfd.h>)
#include <linux/pidfd.h>
#endif
#if __has_include(<linux/pps.h>)
#include <linux/pps.h>
#endif
#if __has_include(<linux/prctl.h>)
#include <linux/prctl.h>
#endif
#if __has_include(<linux/ptp_clock.h>)
#include <linux/ptp_clock.h>
#endif
#if __has_include(<linux/ptrace.h>)
#include <linux/ptrace.h>
#endif
#if __has_include(<linux/quota.h>)
#include <linux/quota.h>
#endif
#if __has_include(<linux/major.h>)
#include <linux/major.h>
#endif
#if __has_include(<linux/raid/md_u.h>)
#include <linux/raid/md_u.h>
#endif
#if __has_include(<linux/random.h>)
#include <linux/random.h>
#endif
#if __has_include(<linux/rds.h>)
#include <linux/rds.h>
#endif
#if __has_include(<linux/reboot.h>)
#include <linux/reboot.h>
#endif
#if __has_include(<linux/resource.h>)
#include <linux/resource.h>
#endif
#if __has_include(<linux/rtc.h>)
#include <linux/rtc.h>
#endif
#if __has_include(<linux/sched.h>)
#include <linux/sched.h>
#endif
#if __has_include(<linux/seccomp.h>)
#include <linux/seccomp.h>
#endif
#if __has_include(<linux/securebits.h>)
#include <linux/securebits.h>
#endif
#if __has_include(<linux/sem.h>)
#include <linux/sem.h>
#endif
#if __has_include(<linux/shm.h>)
#include <linux/shm.h>
#endif
#if __has_include(<linux/signal.h>)
#include <linux/signal.h>
#endif
#if __has_include(<linux/signalfd.h>)
#include <linux/signalfd.h>
#endif
#if __has_include(<linux/sockios.h>)
#include <linux/sockios.h>
#endif
#if __has_include(<linux/soundcard.h>)
#include <linux/soundcard.h>
#endif
#if __has_include(<linux/spi/spidev.h>)
#include <linux/spi/spidev.h>
#endif
#if __has_include(<linux/stat.h>)
#include <linux/stat.h>
#endif
#if __has_include(<linux/sync_file.h>)
#include <linux/sync_file.h>
#endif
#if __has_include(<linux/tcp.h>)
#include <linux/tcp.h>
#endif
#if __has_include(<linux/tee.h>)
#include <linux/tee.h>
#endif
#if __has_include(<linux/timerfd.h>)
#include <linux/timerfd.h>
#endif
#if __has_include(<linux/timex.h>)
#include <linux/timex.h>
#endif
#if __has_include(<linux/tipc.h>)
#include <linux/tipc.h>
#endif
#if __has_include(<linux/udmabuf.h>)
#include <linux/udmabuf.h>
#endif
#if __has_include(<linux/udp.h>)
#include <linux/udp.h>
#endif
#if __has_include(<linux/uinput.h>)
#include <linux/uinput.h>
#endif
#if __has_include(<linux/usb/raw_gadget.h>)
#include <linux/usb/raw_gadget.h>
#endif
#if __has_include(<linux/userfaultfd.h>)
#include <linux/userfaultfd.h>
#endif
#if __has_include(<linux/vboxguest.h>)
#include <linux/vboxguest.h>
#endif
#if __has_include(<linux/vfio.h>)
#include <linux/vfio.h>
#endif
#if __has_include(<linux/vhost.h>)
#include <linux/vhost.h>
#endif
#if __has_include(<linux/videodev2.h>)
#include <linux/videodev2.h>
#endif
#if __has_include(<linux/vm_sockets.h>)
#include <linux/vm_sockets.h>
#endif
#if __has_include(<linux/vt.h>)
#include <linux/vt.h>
#endif
#if __has_include(<linux/vtpm_proxy.h>)
#include <linux/vtpm_proxy.h>
#endif
#if __has_include(<linux/wait.h>)
#include <linux/wait.h>
#endif
#if __has_include(<linux/watch_queue.h>)
#include <linux/watch_queue.h>
#endif
#if __has_include(<linux/watchdog.h>)
#include <linux/watchdog.h>
#endif
#if __has_include(<linux/wireless.h>)
#include <linux/wireless.h>
#endif
#if __has_include(<linux/xattr.h>)
#include <linux/xattr.h>
#endif
#if __has_include(<misc/fastrpc.h>)
#include <misc/fastrpc.h>
#endif
#if __has_include(<scsi/scsi.h>)
#include <scsi/scsi.h>
#endif
#if __has_include(<scsi/scsi_ioctl.h>)
#include <scsi/scsi_ioctl.h>
#endif
#if __has_include(<scsi/sg.h>)
#include <scsi/sg.h>
#endif
#if __has_include(<linux/lsm.h>)
#include <linux/lsm.h>
#endif
#if __has_include(<linux/utsname.h>)
#include <linux/utsname.h>
#endif
#if __has_include(<linux/times.h>)
#include <linux/times.h>
#endif
#if __has_include(<linux/utime.h>)
#include <linux/utime.h>
#endif
#if __has_include(<linux/sysinfo.h>)
#include <linux/sysinfo.h>
#endif
#if __has_include(<linux/mqueue.h>)
#include <linux/mqueue.h>
#endif
#if __has_include(<linux/rseq.h>)
#include <linux/rseq.h>
#endif
#if __has_include(<linux/un.h>)
#include <linux/un.h>
#endif
#if __has_include(<linux/x25.h>)
#include <linux/x25.h>
#endif
#if __has_include(<linux/ipx.h>)
#include <linux/ipx.h>
#endif
#if __has_include(<linux/atalk.h>)
#include <linux/atalk.h>
#endif
#if __has_include(<linux/ax25.h>)
#include <linux/ax25.h>
#endif
#if __has_include(<linux/rose.h>)
#include <linux/rose.h>
#endif
#if __has_include(<linux/netrom.h>)
#include <linux/netrom.h>
#endif
#if __has_include(<linux/filter.h>)
#include <linux/filter.h>
#endif
#if __has_include(<linux/sched/types.h>)
#include <linux/sched/types.h>
#endif
#if __has_include(<linux/fiemap.h>)
#include <linux/fiemap.h>
#endif
#if __has_include(<linux/blkpg.h>)
#include <linux/blkpg.h>
#endif
#if __has_include(<linux/uio.h>)
#include <linux/uio.h>
#endif
#if __has_include(<linux/termios.h>)
#include <linux/termios.h>
#endif
#if __has_include(<linux/qrtr.h>)
#include <linux/qrtr.h>
#endif
#if __has_include(<linux/cachefiles.h>)
#include <linux/cachefiles.h>
#endif
#if __has_include(<linux/atm.h>)
#include <linux/atm.h>
#endif
#if __has_include(<linux/io_uring/query.h>)
#include <linux/io_uring/query.h>
#endif
#if __has_include(<linux/ucred.h>)
#include <linux/ucred.h>
#endif
#if __has_include(<asm/ipcbuf.h>)
#include <asm/ipcbuf.h>
#endif
#if __has_include(<asm/msgbuf.h>)
#include <asm/msgbuf.h>
#endif
#if __has_include(<asm/sembuf.h>)
#include <asm/sembuf.h>
#endif
#if __has_include(<asm/shmbuf.h>)
#include <asm/shmbuf.h>
#endif
#if __has_include(<linux/rtnetlink.h>)
#include <linux/rtnetlink.h>
#endif
#if __has_include(<linux/if_link.h>)
#include <linux/if_link.h>
#endif
#if __has_include(<linux/if_addr.h>)
#include <linux/if_addr.h>
#endif
#if __has_include(<linux/if_addrlabel.h>)
#include <linux/if_addrlabel.h>
#endif
#if __has_include(<linux/neighbour.h>)
#include <linux/neighbour.h>
#endif
#if __has_include(<linux/fib_rules.h>)
#include <linux/fib_rules.h>
#endif
#if __has_include(<linux/net_namespace.h>)
#include <linux/net_namespace.h>
#endif
#if __has_include(<linux/netconf.h>)
#include <linux/netconf.h>
#endif
#if __has_include(<linux/nexthop.h>)
#include <linux/nexthop.h>
#endif
#if __has_include(<linux/gen_stats.h>)
#include <linux/gen_stats.h>
#endif
#if __has_include(<linux/genetlink.h>)
#include <linux/genetlink.h>
#endif
#if __has_include(<linux/sock_diag.h>)
#include <linux/sock_diag.h>
#endif
#if __has_include(<linux/inet_diag.h>)
#include <linux/inet_diag.h>
#endif
#if __has_include(<linux/unix_diag.h>)
#include <linux/unix_diag.h>
#endif
#if __has_include(<linux/netlink_diag.h>)
#include <linux/netlink_diag.h>
#endif
#if __has_include(<linux/packet_diag.h>)
#include <linux/packet_diag.h>
#endif
#if __has_include(<linux/xfrm.h>)
#include <linux/xfrm.h>
#endif
#if __has_include(<linux/selinux_netlink.h>)
#include <linux/selinux_netlink.h>
#endif
#if __has_include(<linux/cryptouser.h>)
#include <linux/cryptouser.h>
#endif
#if __has_include(<linux/netfilter.h>)
#include <linux/netfilter.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink.h>)
#include <linux/netfilter/nfnetlink.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_conntrack.h>)
#include <linux/netfilter/nfnetlink_conntrack.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_queue.h>)
#include <linux/netfilter/nfnetlink_queue.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_log.h>)
#include <linux/netfilter/nfnetlink_log.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_osf.h>)
#include <linux/netfilter/nfnetlink_osf.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_acct.h>)
#include <linux/netfilter/nfnetlink_acct.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_cttimeout.h>)
#include <linux/netfilter/nfnetlink_cttimeout.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_cthelper.h>)
#include <linux/netfilter/nfnetlink_cthelper.h>
#endif
#if __has_include(<linux/netfilter/nf_tables.h>)
#include <linux/netfilter/nf_tables.h>
#endif
#if __has_include(<linux/netfilter/nf_tables_compat.h>)
#include <linux/netfilter/nf_tables_compat.h>
#endif
#if __has_include(<linux/netfilter/nfnetlink_hook.h>)
#include <linux/netfilter/nfnetlink_hook.h>
#endif
#if __has_include(<linux/netfilter/ipset/ip_set.h>)
#include <linux/netfilter/ipset/ip_set.h>
#endif
#if __has_include(<linux/pkt_sched.h>)
#include <linux/pkt_sched.h>
#endif
#if __has_include(<linux/icmp.h>)
#include <linux/icmp.h>
#endif
