/* Headers of the C library, for constants that no header of the kernel defines. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/mount.h>
#include <sys/eventfd.h>
#include <sys/swap.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <fcntl.h>
#include <unistd.h>
#include <sched.h>
#include <signal.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netax25/ax25.h>
#include <netrose/rose.h>
