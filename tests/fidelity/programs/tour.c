/* Makes calls that ordinary programs make seldom: most succeed, some must fail. Nothing is checked here: the test
 * compares their records. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

static void files(void)
{
	struct open_how how = { .flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_NO_SYMLINKS };
	int fd = syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how));
	struct statx sx;
	struct stat st;
	struct statfs fs;
	struct timespec times[2] = { { 1, 2 }, { 0, UTIME_OMIT } };
	struct timeval old[2] = { { 1, 2 }, { 3, 4 } };
	struct utimbuf older = { 5, 6 };
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2 };
	char buffer[100] = "0123456789";
	struct iovec vector[] = { { "one", 3 }, { "four", 4 }, { NULL, 0 } };
	struct iovec room[] = { { buffer, 5 }, { buffer + 10, 50 } };
	off_t from = 0;

	statx(AT_FDCWD, "file", AT_STATX_DONT_SYNC, STATX_ALL, &sx);
	statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &sx);
	syscall(SYS_stat, "file", &st);
	syscall(SYS_lstat, "nowhere", &st);
	syscall(SYS_fstat, fd, &st);
	statfs("/proc", &fs);
	fstatfs(fd, &fs);
	utimensat(AT_FDCWD, "file", times, AT_SYMLINK_NOFOLLOW);
	futimens(fd, NULL);
	syscall(SYS_utimes, "file", old);
	syscall(SYS_utime, "file", &older);
	syscall(SYS_futimesat, AT_FDCWD, "file", old);
	writev(fd, vector, 3);
	pwritev2(fd, vector, 2, 100, RWF_DSYNC);
	lseek(fd, 0, SEEK_SET);
	readv(fd, room, 2);
	preadv2(fd, room, 2, 1, RWF_HIPRI);
	fcntl(fd, F_SETLK, &lock);
	fcntl(fd, F_GETLK, &lock);
	fcntl(fd, F_OFD_SETLK, &lock);
	fcntl(fd, F_DUPFD_CLOEXEC, 100);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_GETFD);
	fcntl(fd, F_SETSIG, SIGIO);
	fcntl(fd, F_SETLEASE, F_RDLCK);
	fcntl(fd, F_NOTIFY, DN_CREATE);
	fcntl(fd, F_GETPIPE_SZ);
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
	fcntl(fd, 12345, 1);
	flock(fd, LOCK_SH | LOCK_NB);
	fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096);
	posix_fadvise(fd, 0, 10, POSIX_FADV_WILLNEED);
	readahead(fd, 0, 10);
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	sendfile(1, fd, &from, 3);
	fdatasync(fd);
	setxattr("file", "user.a", "value", 5, XATTR_CREATE);
	fgetxattr(fd, "user.a", buffer, 50);
	getxattr("file", "user.none", buffer, 50);
	listxattr("file", buffer, 100);
	removexattr("file", "user.a");
	symlink("file", "soft");
	readlink("soft", buffer, 100);
	linkat(AT_FDCWD, "file", AT_FDCWD, "hard", AT_SYMLINK_FOLLOW);
	syscall(SYS_renameat2, AT_FDCWD, "hard", AT_FDCWD, "soft", 2);
	mknod("node", S_IFCHR | 0600, 0x103);
	syscall(SYS_mknodat, AT_FDCWD, "fifo", S_IFIFO | 0644, 0);
	syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, AT_EACCESS);
	syscall(SYS_close_range, 200, 300, 4);
	syscall(SYS_dup3, fd, 99, O_CLOEXEC);
	syscall(SYS_creat, "made", 0644);
	mkdirat(AT_FDCWD, "folder", 01777);
	unlinkat(AT_FDCWD, "folder", AT_REMOVEDIR);
	chroot("/nowhere");
	acct("/nowhere");
	syscall(SYS_getcwd, buffer, 3);
	name_to_handle_at(AT_FDCWD, "file", NULL, NULL, 0);
	open("text with \"quotes\"\n\t\\ and \001 that is longer than what strace shows of a buffer", O_PATH | O_NOFOLLOW);
	open("tmp", O_TMPFILE | O_RDWR, 0600);
	close(fd);
	close(-1);
}

static void descriptors(void)
{
	struct itimerspec in = { { 0, 0 }, { 0, 1000000 } }, was;
	struct signalfd_siginfo info;
	sigset_t set;
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int event = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
	int pipes[2], epoll = epoll_create1(EPOLL_CLOEXEC), memory = memfd_create("name", MFD_ALLOW_SEALING);
	struct epoll_event interest = { EPOLLIN | EPOLLONESHOT, { .u64 = 0x1234567890 } }, got[4];
	struct pollfd polled[] = { { event, POLLIN | POLLOUT }, { -1, POLLIN }, { 1234, POLLHUP } };
	fd_set readable;
	struct timeval second = { 1, 5 };
	struct timespec little = { 0, 1000 };
	char buffer[4096];

	timerfd_settime(timer, 0, &in, &was);
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &in, NULL);
	timerfd_gettime(timer, &was);
	read(timer, buffer, 8);
	inotify_add_watch(watch, ".", IN_CREATE | IN_DELETE | IN_ONLYDIR);
	inotify_rm_watch(watch, 1);
	read(watch, buffer, 4096);
	write(event, "\1\0\0\0\0\0\0\0", 8);
	epoll_ctl(epoll, EPOLL_CTL_ADD, event, &interest);
	epoll_wait(epoll, got, 4, 0);
	epoll_pwait(epoll, got, 4, 1, NULL);
	syscall(SYS_epoll_pwait2, epoll, got, 4, &little, NULL, 0);
	epoll_ctl(epoll, EPOLL_CTL_DEL, event, NULL);
	poll(polled, 3, 10);
	poll(polled + 1, 1, 0);
	ppoll(polled, 1, &little, NULL);
	FD_ZERO(&readable);
	FD_SET(event, &readable);
	select(event + 1, &readable, NULL, NULL, &second);
	pselect(0, NULL, NULL, NULL, &little, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int signals = signalfd(-1, &set, SFD_NONBLOCK);
	raise(SIGUSR1);
	read(signals, &info, sizeof(info));
	pipe(pipes);
	pipe2(pipes, O_DIRECT | O_NONBLOCK);
	vmsplice(pipes[1], &(struct iovec){ "spliced", 7 }, 1, SPLICE_F_NONBLOCK);
	tee(pipes[0], 1, 10, SPLICE_F_NONBLOCK);
	splice(pipes[0], NULL, memory, NULL, 10, SPLICE_F_MOVE);
	ioctl(pipes[0], FIONREAD, buffer);
	ioctl(0, TCGETS, buffer);
	ioctl(0, TIOCGWINSZ, buffer);
	ioctl(pipes[0], 0x12345678, 1);
	ftruncate(memory, 100);
	fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_WRITE);
	fcntl(memory, F_GET_SEALS);
}

static void sockets(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 at6 = { .sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_addr = in6addr_loopback };
	struct sockaddr_un local = { AF_UNIX, "socket" };
	struct sockaddr_storage from;
	socklen_t length = sizeof(at);
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP), pair[2], one = 1;
	char buffer[100], control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec out[] = { { "first", 5 }, { "second", 6 } }, in = { buffer, 100 };
	struct msghdr message = { &at, sizeof(at), out, 2 }, got = { &from, sizeof(from), &in, 1, control, sizeof(control) };
	struct mmsghdr many[2] = { { message }, { { NULL, 0, out, 1 } } };
	struct linger linger = { 1, 3 };
	struct timeval wait = { 1, 0 };

	bind(udp, (void *)&at, sizeof(at));
	getsockname(udp, (void *)&at, &length);
	setsockopt(udp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(udp, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(udp, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
	setsockopt(udp, IPPROTO_IP, IP_TOS, &one, sizeof(one));
	length = sizeof(one);
	getsockopt(udp, SOL_SOCKET, SO_TYPE, &one, &length);
	sendmsg(udp, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	recvmsg(udp, &got, MSG_TRUNC);
	connect(udp, (void *)&at, sizeof(at));
	sendmmsg(udp, many, 2, 0);
	struct mmsghdr room = { { &from, sizeof(from), &in, 1 } };
	recvmmsg(udp, &room, 1, MSG_DONTWAIT, NULL);
	length = sizeof(from);
	sendto(udp, "text", 4, MSG_DONTWAIT, NULL, 0);
	recvfrom(udp, buffer, 100, MSG_PEEK | MSG_DONTWAIT, (void *)&from, &length);
	connect(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&at6, sizeof(at6));
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&local, sizeof(local));
	socket(AF_PACKET, SOCK_RAW, htons(0x800));
	socket(12345, 77, 3);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	struct msghdr rights = { NULL, 0, out, 1, control, sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&rights);
	*head = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	sendmsg(pair[0], &rights, 0);
	recvmsg(pair[1], &got, MSG_CMSG_CLOEXEC);
	accept4(pair[0], NULL, NULL, SOCK_CLOEXEC);
	listen(pair[0], 128);
	shutdown(pair[0], SHUT_RDWR);
}

static void processes(void)
{
	struct rlimit limit;
	struct rusage usage;
	struct sched_param priority = { 0 };
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	cpu_set_t cpus;
	siginfo_t info;
	struct itimerval timer = { { 0, 0 }, { 100, 5 } };
	int status, id[3];
	gid_t groups[50];
	pid_t child = fork();

	if (child == 0)
		_exit(3);
	wait4(child, &status, 0, &usage);
	child = fork();
	if (child == 0)
		pause();
	kill(child, SIGKILL);
	waitid(P_PID, child, &info, WEXITED | WNOWAIT);
	waitpid(-1, &status, WNOHANG | WUNTRACED);
	wait4(-1, NULL, __WALL, NULL);
	getrlimit(RLIMIT_NOFILE, &limit);
	prlimit(0, RLIMIT_CORE, &limit, NULL);
	syscall(SYS_setrlimit, RLIMIT_CORE, &limit);
	syscall(SYS_getrlimit, RLIMIT_STACK, &limit);
	getrusage(RUSAGE_SELF, &usage);
	sched_setscheduler(0, SCHED_BATCH, &priority);
	sched_getscheduler(0);
	sched_getparam(0, &priority);
	sched_rr_get_interval(0, &(struct timespec){ 0 });
	sched_getaffinity(0, sizeof(cpus), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	syscall(SYS_sched_getattr, 0, groups, 56, 0);
	getpriority(PRIO_PROCESS, 0);
	setpriority(PRIO_USER, 12345, 5);
	syscall(SYS_ioprio_get, 1, 0);
	syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 4);
	syscall(SYS_capget, &head, data);
	prctl(PR_SET_NAME, "tourist");
	prctl(PR_GET_NAME, groups);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_GET_DUMPABLE);
	prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
	prctl(PR_CAPBSET_READ, CAP_NET_ADMIN);
	prctl(12345, 1, 2, 3, 4);
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
	getitimer(ITIMER_VIRTUAL, &timer);
	getresuid(&id[0], &id[1], &id[2]);
	setresuid(-1, -1, -1);
	setreuid(-1, 0);
	setfsuid(-1);
	getgroups(50, groups);
	setpgid(0, 0);
	setsid();
	personality(0xffffffff);
	unshare(0);
	setns(-1, CLONE_NEWNET);
	syscall(SYS_tgkill, getpid(), gettid(), 0);
	syscall(SYS_pidfd_send_signal, -1, SIGTERM, NULL, 0);
	syscall(SYS_membarrier, 0, 0, 0);
	syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 1);
	syscall(SYS_getcpu, &id[0], &id[1], NULL);
	syscall(SYS_ptrace, 16, -1, 0, 0);
}

static void memory(void)
{
	int word = 5;
	struct timespec little = { 0, 1000 };
	unsigned char resident[4];
	char *area = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	mprotect(area, 4096, PROT_NONE);
	mprotect(area, 4096, PROT_READ | PROT_EXEC);
	madvise(area, 4096, MADV_DONTNEED);
	madvise(area, 4096, MADV_HUGEPAGE);
	mincore(area, 16384, resident);
	msync(area, 4096, MS_SYNC | MS_INVALIDATE);
	mlock(area, 4096);
	mlock2(area, 4096, MLOCK_ONFAULT);
	munlock(area, 4096);
	mlockall(0x100);
	area = mremap(area + 8192, 8192, 32768, MREMAP_MAYMOVE);
	syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &little);
	syscall(SYS_futex, &word, FUTEX_WAIT, 6, NULL);
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
	syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 6, NULL, NULL, -1);
	syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE, 1, 2, &word, 6);
	syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL);
	syscall(SYS_set_robust_list, area, 24);
	syscall(SYS_mbind, area, 4096, 0, NULL, 0, 0);
	syscall(SYS_get_mempolicy, &word, NULL, 0, NULL, 0);
	struct iovec here = { &word, 4 }, there = { resident, 4 };
	process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	process_vm_writev(-1, &here, 1, &there, 1, 0);
	munmap(area, 32768);
	mmap(NULL, 0, PROT_READ | 0x40000000, MAP_SHARED | MAP_FIXED, 5, 4096);
}

static void between(void)
{
	char buffer[1000] = "text";
	struct mq_attr attributes = { .mq_maxmsg = 5, .mq_msgsize = 100 };
	struct timespec soon = { 1, 0 };
	struct { long type; char text[20]; } message = { 3, "message" };
	struct sembuf step[] = { { 0, 1, IPC_NOWAIT }, { 0, -1, SEM_UNDO } };
	struct shmid_ds shared;
	struct msqid_ds queued;
	mqd_t queue = mq_open("/tour", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attributes);

	mq_getattr(queue, &attributes);
	mq_send(queue, "hello", 5, 3);
	mq_receive(queue, buffer, 1000, NULL);
	mq_timedreceive(queue, buffer, 1000, NULL, &soon);
	mq_notify(queue, NULL);
	mq_unlink("/tour");
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	void *area = shmat(id, NULL, SHM_RDONLY);
	shmctl(id, IPC_STAT, &shared);
	shmdt(area);
	shmctl(id, IPC_RMID, NULL);
	id = msgget(0x1234, IPC_CREAT | 0600);
	msgsnd(id, &message, 8, IPC_NOWAIT);
	msgrcv(id, &message, 20, 0, IPC_NOWAIT | MSG_NOERROR);
	msgctl(id, IPC_STAT, &queued);
	msgctl(id, IPC_RMID, NULL);
	id = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
	semop(id, step, 2);
	semtimedop(id, step, 1, &soon);
	semctl(id, 0, SETVAL, 3);
	semctl(id, 0, GETVAL);
	semctl(id, 0, IPC_RMID);
}

static void times_and_signals(void)
{
	struct timespec now, little = { 0, 1000 };
	struct timeval day;
	struct timex adjust = { 0 };
	struct sigevent notify = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct itimerspec soon = { { 0, 0 }, { 100, 0 } };
	struct sigaction action = { .sa_handler = SIG_IGN, .sa_flags = SA_RESTART | SA_NODEFER };
	sigset_t set;
	stack_t stack;
	timer_t timer;
	struct tms tms;

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	syscall(SYS_clock_gettime, 77, &now);
	syscall(SYS_clock_getres, CLOCK_BOOTTIME, &now);
	syscall(SYS_gettimeofday, &day, NULL);
	syscall(SYS_time, NULL);
	syscall(SYS_nanosleep, &little, &now);
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &little, NULL);
	adjtimex(&adjust);
	times(&tms);
	timer_create(CLOCK_MONOTONIC, &notify, &timer);
	timer_settime(timer, 0, &soon, &soon);
	timer_gettime(timer, &soon);
	timer_getoverrun(timer);
	timer_delete(timer);
	sigfillset(&set);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR1, NULL, &action);
	sigaction(SIGKILL, &action, NULL);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigpending(&set);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &set);
	sigtimedwait(&set, NULL, &little);
	sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ 7 });
	sigaltstack(NULL, &stack);
	alarm(0);
}

static void system_wide(void)
{
	struct utsname names;
	struct sysinfo info;
	char buffer[100];

	mount("none", "/nowhere", "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "size=1m");
	mount("/dev/none", "/nowhere", NULL, MS_REMOUNT | MS_BIND, NULL);
	umount2("/nowhere", MNT_DETACH | UMOUNT_NOFOLLOW);
	syscall(SYS_pivot_root, "/nowhere", "/none");
	syscall(SYS_fsopen, "none", 1);
	syscall(SYS_move_mount, -1, "a", -1, "b", 4);
	syscall(SYS_open_tree, -1, "a", 1);
	uname(&names);
	sysinfo(&info);
	syscall(SYS_syslog, 10, NULL, 0);
	sethostname("x", -1);
	syscall(SYS_reboot, 1, 2, 3, NULL);
	syscall(SYS_init_module, NULL, 0, "options");
	syscall(SYS_delete_module, "nothing", O_NONBLOCK);
	syscall(SYS_finit_module, -1, "", 0);
	syscall(SYS_add_key, "user", "name", "payload", 7, -5);
	syscall(SYS_keyctl, 0, -3, 0);
	syscall(SYS_bpf, 99, NULL, 0);
	syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
	syscall(SYS_seccomp, 2, 0, buffer);
	syscall(SYS_io_uring_setup, 0, NULL);
	syscall(SYS_fanotify_init, 0x12345, O_RDONLY);
	syscall(SYS_userfaultfd, 0x1000);
	syscall(SYS_getrandom, buffer, 5, 1);
	syscall(SYS_swapon, "/nowhere", 0x8003);
	syscall(SYS_quotactl, 0x800001, "/dev/none", 0, NULL);
	syscall(SYS_pidfd_getfd, -1, 3, 0);
	syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	syscall(SYS_cachestat, -1, NULL, NULL, 0);
	syscall(SYS_arch_prctl, 0x1003, buffer);
}

int main(void)
{
	files();
	descriptors();
	sockets();
	processes();
	memory();
	between();
	times_and_signals();
	system_wide();
	return 0;
}
