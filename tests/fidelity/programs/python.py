"""What a program in Python asks of the kernel: files, sockets, processes, readiness, threads."""
import errno, fcntl, mmap, os, select, signal, socket, struct, subprocess, tempfile, threading, time, resource, termios, ctypes

with tempfile.TemporaryDirectory(dir=".") as folder:
    path = os.path.join(folder, "file")
    with open(path, "wb") as file:
        file.write(b"x" * 100 + b"\0\x01\xff\n\t\"\\")
        file.flush()
        os.fsync(file.fileno())
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(file, fcntl.LOCK_EX, 10, 5, os.SEEK_SET)
        fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_NONBLOCK)
        fcntl.fcntl(file, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(file, fcntl.F_GETOWN)
    fd = os.open(path, os.O_RDWR | os.O_APPEND)
    os.pread(fd, 40, 90), os.pwrite(fd, b"abc", 3), os.lseek(fd, -5, os.SEEK_END)
    os.readv(fd, [bytearray(10), bytearray(5)]), os.writev(fd, [b"one", b"two" * 20, b""])
    os.preadv(fd, [bytearray(4)], 0), os.pwritev(fd, [b"zz"], 1)
    os.posix_fallocate(fd, 0, 200), os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    os.ftruncate(fd, 8192), os.fchmod(fd, 0o600), os.fchown(fd, -1, -1)
    with mmap.mmap(fd, 8192) as memory:
        memory[0:3] = b"map"
        memory.flush()
        memory.madvise(mmap.MADV_RANDOM)
    os.copy_file_range(fd, os.open(path + "2", os.O_CREAT | os.O_WRONLY, 0o644), 100)
    os.sendfile(os.open("/dev/null", os.O_WRONLY), fd, 0, 10)
    os.setxattr(path, "user.key", b"value\x01"), os.getxattr(path, "user.key"), os.listxattr(path)
    os.removexattr(path, "user.key")
    os.link(path, path + "hard"), os.symlink("file", path + "soft"), os.rename(path + "hard", path + "h2")
    os.utime(path, ns=(1, 10**18)), os.utime(path), os.access(path, os.R_OK | os.X_OK), os.chmod(path, 0o4755)
    os.statvfs(path), list(os.scandir(folder)), os.readlink(path + "soft"), os.mkfifo(path + "fifo")
    os.truncate(path, 3), os.unlink(path + "h2"), os.getcwd(), os.umask(0o22), os.umask(0o22)

ours, theirs = socket.socketpair()
ours.send(b"hello"), theirs.recv(100)
socket.send_fds(ours, [b"fd"], [0, 1]), socket.recv_fds(theirs, 10, 4)
ours.sendmsg([b"a", b"bc"], [], 0), theirs.recvmsg(10, 100)
ours.shutdown(socket.SHUT_WR), theirs.recv(1)
for family, address in [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0)), (socket.AF_UNIX, "\0abstract-%d" % os.getpid()), (socket.AF_UNIX, "./unix")]:
    try:
        server = socket.socket(family, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        server.listen(5)
        client = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        client.settimeout(5)
        client.connect(server.getsockname())
        peer, _ = server.accept()
        client.sendall(b"GET / HTTP/1.0\r\n\r\n"), peer.recv(1000)
        client.getpeername(), client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if family != socket.AF_UNIX:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 100)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 2))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("qq", 1, 2))
        client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except OSError as error:
        print(error)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0)), udp.sendto(b"datagram", udp.getsockname()), udp.recvfrom(100)
udp.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 3)
try:
    socket.create_connection(("127.0.0.1", 1), 1)
except OSError:
    pass
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
netlink.bind((0, 0)), netlink.getsockname()
netlink.send(struct.pack("IHHIIBxHiII", 32, 18, 0x301, 1, 0, 0, 0, 0, 0, 0)), netlink.recv(65536)

reading, writing = os.pipe()
select.select([reading], [writing], [], 1), select.select([reading], [], [], 0.01)
poll = select.poll()
poll.register(reading, select.POLLIN | select.POLLPRI), poll.register(writing, select.POLLOUT)
poll.poll(10)
epoll = select.epoll()
epoll.register(reading, select.EPOLLIN | select.EPOLLET), epoll.poll(0.01, 5)
os.write(writing, b"!"), epoll.poll(1, 5), epoll.modify(reading, 0), epoll.unregister(reading)
os.dup(reading), os.dup2(reading, 50, False), os.set_inheritable(reading, True), os.set_blocking(reading, False)
try:
    os.read(reading, 10), os.read(reading, 10)
except BlockingIOError:
    pass

print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True))
with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.communicate(b"through a child")
child = os.fork()
if child == 0:
    os._exit(7)
os.waitpid(child, 0)
child = os.posix_spawn("/bin/sleep", ["sleep", "5"], {})
os.kill(child, signal.SIGTERM), os.waitid(os.P_PID, child, os.WEXITED)

signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.05), signal.getitimer(signal.ITIMER_REAL), signal.pause()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGUSR2])
os.kill(os.getpid(), signal.SIGUSR1), signal.sigpending(), signal.sigwaitinfo([signal.SIGUSR1])
signal.sigtimedwait([signal.SIGUSR2], 0.01), signal.alarm(3), signal.alarm(0)

lock, count = threading.Lock(), 0
def work():
    global count
    for _ in range(3):
        with lock:
            count += 1
            time.sleep(0.001)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads], [thread.join() for thread in threads]

resource.getrlimit(resource.RLIMIT_NOFILE), resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN), os.times(), os.getloadavg()
os.sched_getaffinity(0), os.sched_getscheduler(0), os.sched_getparam(0), os.getpriority(os.PRIO_PROCESS, 0), os.nice(1)
os.getgroups(), os.getresuid(), os.getresgid(), os.getpgid(0), os.getsid(0), os.uname(), os.getrandom(16), os.urandom(4)
master, slave = os.openpty()
attributes = termios.tcgetattr(slave)
termios.tcsetattr(slave, termios.TCSANOW, attributes), fcntl.ioctl(slave, termios.TIOCGWINSZ, b"x" * 8), os.ttyname(slave)
fcntl.ioctl(reading, termios.FIONREAD, b"0000"), os.memfd_create("memory", os.MFD_CLOEXEC), os.eventfd(3), os.pidfd_open(os.getpid())
try:
    os.setuid(65534), os.open("/etc/shadow", os.O_RDONLY)
except OSError as error:
    print(errno.errorcode[error.errno])
