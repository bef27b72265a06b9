/* Makes calls by the 32-bit table with int 0x80, out of a 64-bit program: what they point to lies below 4 GiB. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

static char *next;

static long call(long nr, long a, long b, long c, long d, long e)
{
	long result;

	asm volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static long low(const void *bytes, size_t size)
{
	char *here = next;

	memcpy(here, bytes, size);
	next += (size + 15) & ~15ul;
	return (long)here;
}

static long text(const char *text)
{
	return low(text, strlen(text) + 1);
}

#define WORDS(...) low((uint32_t[]){ __VA_ARGS__ }, sizeof((uint32_t[]){ __VA_ARGS__ }))
#define QUADS(...) low((uint64_t[]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }))

static void files(void)
{
	long path = text("file"), room = low((char[512]){ 0 }, 512);
	long fd = call(5, path, O_RDWR | O_CREAT, 0644, 0, 0); /* open */

	call(4, fd, text("some text\n"), 10, 0, 0); /* write */
	call(140, fd, 0, 2, room, 0); /* _llseek */
	call(180, fd, room, 4, 2, 0); /* pread64 */
	call(195, path, room, 0, 0, 0); /* stat64 */
	call(196, path, room, 0, 0, 0); /* lstat64 */
	call(197, fd, room, 0, 0, 0); /* fstat64 */
	call(106, path, room, 0, 0, 0); /* stat */
	call(300, AT_FDCWD, path, room, AT_SYMLINK_NOFOLLOW, 0); /* fstatat64 */
	call(268, path, 84, room, 0, 0); /* statfs64 */
	call(221, fd, 1, 0, 0, 0); /* fcntl64 */
	call(221, fd, 6, WORDS(1, 0, 2, 0), 0, 0);
	call(55, fd, 3, 0, 0, 0); /* fcntl */
	call(146, fd, WORDS(text("one"), 3, text("two"), 3), 2, 0, 0); /* writev */
	call(145, fd, WORDS(room, 5, room, 6), 2, 0, 0); /* readv */
	call(194, fd, 100, 0, 0, 0); /* ftruncate64 */
	call(30, path, WORDS(1, 2), 0, 0, 0); /* utime */
	call(320, AT_FDCWD, path, WORDS(1, 2, 3, 4), 0, 0); /* utimensat */
	call(412, AT_FDCWD, path, QUADS(1, 2, 3, 4), 0, 0); /* utimensat_time64 */
	call(33, path, 4, 0, 0, 0); /* access */
	call(212, path, -1, -1, 0, 0); /* chown32 */
	call(16, path, -1, -1, 0, 0); /* lchown */
	call(54, fd, 0x5401, room, 0, 0); /* ioctl */
	call(220, call(5, text("."), O_DIRECTORY, 0, 0, 0), room, 500, 0, 0); /* getdents64 */
	call(10, path, 0, 0, 0, 0); /* unlink */
	call(5, text("nowhere"), 0, 0, 0, 0);
	call(6, fd, 0, 0, 0, 0); /* close */
}

static void times(void)
{
	long room = low((char[128]){ 0 }, 128);

	call(13, room, 0, 0, 0, 0); /* time */
	call(78, room, 0, 0, 0, 0); /* gettimeofday */
	call(265, 1, room, 0, 0, 0); /* clock_gettime */
	call(403, 1, room, 0, 0, 0); /* clock_gettime64 */
	call(162, WORDS(0, 1000), room, 0, 0, 0); /* nanosleep */
	call(407, 1, 0, QUADS(0, 1000), room, 0); /* clock_nanosleep_time64 */
	call(104, 1, WORDS(0, 0, 5, 6), 0, 0, 0); /* setitimer */
	call(105, 1, room, 0, 0, 0); /* getitimer */
	call(322, 1, 0x800, 0, 0, 0); /* timerfd_create */
	call(168, WORDS(0, 0x10001), 1, 0, 0, 0); /* poll */
	call(82, WORDS(1, WORDS(1, 0), 0, 0, WORDS(0, 0)), 0, 0, 0, 0); /* select */
	call(142, 1, WORDS(1, 0), 0, 0, WORDS(0, 0)); /* _newselect */
	call(240, WORDS(5), 0x80, 6, 0, 0); /* futex */
	call(43, room, 0, 0, 0, 0); /* times */
	call(77, 0, room, 0, 0, 0); /* getrusage */
	call(76, 7, room, 0, 0, 0); /* old getrlimit */
	call(191, 7, room, 0, 0, 0); /* ugetrlimit */
	call(340, 0, 7, 0, room, 0); /* prlimit64 */
	call(116, room, 0, 0, 0, 0); /* sysinfo */
	call(122, room, 0, 0, 0, 0); /* uname */
}

static void others(void)
{
	long room = low((char[256]){ 0 }, 256), pair = WORDS(0, 0);

	call(42, pair, 0, 0, 0, 0); /* pipe */
	call(331, pair, O_CLOEXEC, 0, 0, 0); /* pipe2 */
	call(102, 1, WORDS(1, 1, 0), 0, 0, 0); /* socketcall: socket */
	call(102, 8, WORDS(1, 2, 0, pair), 0, 0, 0); /* socketpair */
	call(102, 9, WORDS(3, text("sent"), 4, 0), 0, 0, 0); /* send */
	call(359, 2, 2, 0, 0, 0); /* socket */
	call(362, 5, low("\2\0\0\1\177\0\0\1\0\0\0\0\0\0\0", 16), 16, 0, 0); /* connect */
	call(360, 1, 1, 0, pair, 0); /* socketpair */
	call(369, 6, text("text"), 4, 0, 0); /* sendto */
	call(371, 7, room, 20, 0x40, 0); /* recvfrom */
	call(370, 6, WORDS(0, 0, WORDS(text("one"), 3), 1, 0, 0, 0), 0, 0, 0); /* sendmsg */
	call(117, 2, 0, 1, 0x3c0, 0); /* ipc: semget */
	call(117, 23, 0, 4096, 0x3c0, 0); /* ipc: shmget */
	call(90, WORDS(0, 4096, 3, 0x22, -1, 0), 0, 0, 0, 0); /* old mmap */
	call(192, 0, 4096, 1, 0x22, -1); /* mmap2 */
	call(91, 0x10000, 4096, 0, 0, 0); /* munmap */
	call(45, 0, 0, 0, 0, 0); /* brk */
	call(174, 10, WORDS(1, 0x10000000, 0, 0, 0), 0, 8, 0); /* rt_sigaction */
	call(175, 0, WORDS(0x200, 0), room, 8, 0); /* rt_sigprocmask */
	call(126, 0, WORDS(0x400), room, 0, 0); /* sigprocmask */
	call(67, 12, 0, room, 0, 0); /* sigaction */
	call(114, -1, room, 1, room, 0); /* wait4 */
	call(172, 15, text("compatible"), 0, 0, 0); /* prctl */
	call(242, 0, 8, room, 0, 0); /* sched_getaffinity */
	call(243, WORDS(-1, 0, 0, 1), 0, 0, 0, 0); /* set_thread_area */
	call(199, 0, 0, 0, 0, 0); /* getuid32 */
	call(24, 0, 0, 0, 0, 0); /* getuid */
	call(205, 16, room, 0, 0, 0); /* getgroups32 */
	call(255, 5, 1, 3, WORDS(1, 2, 3), 0); /* epoll_ctl */
	call(383, AT_FDCWD, text("/"), 0, 0x7ff, room); /* statx */
	call(21, text("none"), text("/nowhere"), text("tmpfs"), 7, 0); /* mount */
	call(20, 0, 0, 0, 0, 0); /* getpid */
}

int main(void)
{
	next = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	files();
	times();
	others();
	return 0;
}
