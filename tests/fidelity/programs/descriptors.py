"""Descriptors of each kind of file, as arguments, results and in memory."""
import ctypes, os, select, socket, tempfile

libc = ctypes.CDLL(None)
with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    file = os.open("a file", os.O_RDWR | os.O_CREAT, 0o600, dir_fd=directory)
    os.write(file, b"text"), os.stat("a file", dir_fd=directory), os.fsync(file), os.listdir(directory)
    os.rename("a file", "other", src_dir_fd=directory, dst_dir_fd=directory), os.fsync(file)
    os.unlink("other", dir_fd=directory), os.fsync(file), os.dup(file), os.close(file)
    strange = os.open(os.path.join(folder, "a<b>\n\xe4\"c"), os.O_RDWR | os.O_CREAT)
    os.fsync(strange), os.close(strange)
    named_pipe = os.path.join(folder, "pipe")
    os.mkfifo(named_pipe)
    fifo = os.open(named_pipe, os.O_RDWR)
    os.write(fifo, b"through"), os.read(fifo, 10), os.close(fifo)
    path = os.open(folder, os.O_PATH)
    os.fstat(path), os.close(path)
    os.fchdir(directory), os.stat("."), os.chdir("/"), os.stat("/etc"), os.stat("etc")
os.fstat(directory), os.close(directory)
os.chdir(os.environ["HOME"])

devices = [os.open(name, os.O_RDWR) for name in ["/dev/null", "/dev/zero", "/dev/ptmx"]]
[os.fstat(fd) for fd in devices]
memory, event = os.memfd_create("a memory", os.MFD_CLOEXEC), os.eventfd(3)
os.ftruncate(memory, 4096), os.eventfd_read(event)
made = [libc.timerfd_create(1, 0), libc.inotify_init1(0), libc.epoll_create1(0), libc.signalfd(-1, (ctypes.c_long * 16)(), 0)]
[os.fstat(fd) for fd in made]
child = os.fork()
if child == 0:
    os.read(os.eventfd(0), 8)
process = os.pidfd_open(child)
os.fstat(process), os.kill(child, 9), os.waitid(os.P_PIDFD, process, os.WEXITED), os.fstat(process)
# clone3 with CLONE_PIDFD; the number of the syscall is the same on all architectures.
new = ctypes.c_int()
child = libc.syscall(435, (ctypes.c_ulong * 8)(0x1000, ctypes.addressof(new), 0, 0, 17), 64)
if child == 0:
    os._exit(0)
os.fstat(new.value), os.waitpid(child, 0), os.close(new.value)
namespaces = [os.open("/proc/self/ns/" + name, os.O_RDONLY) for name in ["net", "mnt", "pid"]]
[os.fstat(fd) for fd in namespaces]

reading, writing = os.pipe()
os.write(writing, b"through"), os.read(reading, 10)
ours, theirs = socket.socketpair()
ours.send(b"hello"), theirs.recv(100)
datagrams = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
datagrams[0].send(b"hello"), datagrams[1].recv(100)
socket.send_fds(ours, [b"fds"], [reading, memory, event]), socket.recv_fds(theirs, 10, 4)
for family, address in [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0)), (socket.AF_UNIX, "\0descriptors-%d" % os.getpid()), (socket.AF_UNIX, "./stream")]:
    server = socket.socket(family, socket.SOCK_STREAM)
    server.bind(address), server.listen(5), server.getsockname()
    client = socket.socket(family, socket.SOCK_STREAM)
    client.connect(server.getsockname())
    peer, _ = server.accept()
    client.sendall(b"GET /"), peer.recv(100), client.getsockname(), peer.getsockname()
    select.select([client, server, peer], [client], [peer], 0)
for family, address in [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0)), (socket.AF_UNIX, "./datagram")]:
    datagram = socket.socket(family, socket.SOCK_DGRAM)
    datagram.bind(address), datagram.sendto(b"datagram", datagram.getsockname()), datagram.recv(100)
    datagram.connect(datagram.getsockname()), datagram.send(b"datagram")
for protocol in [0, 15, 16]:
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    netlink.getsockname(), netlink.bind((0, 0)), netlink.getsockname()
packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
packet.getsockname()

poll, epoll = select.poll(), select.epoll()
for fd in [reading, ours.fileno(), event, process]:
    poll.register(fd, select.POLLIN)
epoll.register(reading, select.EPOLLIN)
poll.poll(1), os.write(writing, b"!"), poll.poll(1), epoll.poll(0), select.select([reading, event], [writing], [], 0)
