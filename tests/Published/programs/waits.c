// SPDX-License-Identifier: Apache-2.0
// Each way that is named (all of them without one) waits a tenth of a second in one call, in a process that has its name. What
// the wait is for another thread or process does, whose name is "waker", unless a timer does it. Argument 1 is a directory.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TENTH { .tv_nsec = 100000000 }

static const char *way;
static int ends[2], word, sockets[2];
static char page[4096], path[256];

static void die(const char *what)
{
	fprintf(stderr, "%s: ", way);
	perror(what);
	exit(1);
}

static int must(int result)
{
	if (result < 0)
		die("call");
	return result;
}

static void nap(void)
{
	nanosleep(&(struct timespec)TENTH, NULL);
}

static void *thread_run(void *does)
{
	prctl(PR_SET_NAME, "waker");
	nap();
	((void (*)(void))does)();
	return NULL;
}

// A thread that does it a tenth of a second later.
static void thread(void (*does)(void))
{
	pthread_t id;

	if (pthread_create(&id, NULL, thread_run, does))
		die("pthread_create");
}

static pid_t child(void)
{
	pid_t pid = must(fork());

	if (!pid) {
		prctl(PR_SET_NAME, "waker");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return pid;
}

static void ignore(int number)
{
	(void)number;
}

static void write_byte(void)
{
	must(write(ends[1], page, 1));
}

static void write_eight(void)
{
	must(write(ends[1], &(uint64_t){ 1 }, 8));
}

static void read_page(void)
{
	must(read(ends[0], page, sizeof(page)));
}

static void way_sleep(void)
{
	nap();
}

static void way_pipe(void)
{
	must(pipe(ends));
	thread(write_byte);
	read_page();
}

static void way_full_pipe(void)
{
	must(pipe(ends));
	must(fcntl(ends[0], F_SETPIPE_SZ, 4096));
	must(write(ends[1], page, sizeof(page)));
	thread(read_page);
	write_byte();
}

static void open_fifo(void)
{
	must(open(path, O_WRONLY));
}

static void way_fifo(void)
{
	must(mkfifo(path, 0600));
	thread(open_fifo);
	must(open(path, O_RDONLY));
}

static void way_splice(void)
{
	int to[2];

	must(pipe(ends));
	must(pipe(to));
	thread(write_byte);
	must(splice(ends[0], NULL, to[1], NULL, 1, 0));
}

static void way_tee(void)
{
	int to[2];

	must(pipe(ends));
	must(pipe(to));
	thread(write_byte);
	must(tee(ends[0], to[1], 1, 0));
}

static void wake_futex(void)
{
	word = 1;
	syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void way_futex(void)
{
	thread(wake_futex);
	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void *hold_pi(void *unused)
{
	prctl(PR_SET_NAME, "waker");
	syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	write_byte();
	nap();
	syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return unused;
}

static void way_pi_futex(void)
{
	pthread_t id;

	must(pipe(ends));
	pthread_create(&id, NULL, hold_pi, NULL);
	read_page();
	syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
}

static void way_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = must(epoll_create1(0));

	must(pipe(ends));
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
	thread(write_byte);
	must(epoll_wait(epoll, &event, 1, -1));
}

static void way_poll(void)
{
	must(pipe(ends));
	thread(write_byte);
	must(poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1, -1));
}

static void way_select(void)
{
	fd_set set;

	must(pipe(ends));
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	thread(write_byte);
	must(select(ends[0] + 1, &set, NULL, NULL, NULL));
}

static void way_child(void)
{
	pid_t pid = child();

	if (!pid) {
		nap();
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
}

static void way_vfork(void)
{
	pid_t pid = vfork();

	if (!pid) {
		prctl(PR_SET_NAME, "waker");
		nap();
		_exit(0);
	}
	must(pid);
}

static void unlock(void)
{
	must(flock(ends[1], LOCK_UN));
}

static void way_flock(void)
{
	ends[1] = must(open(path, O_RDWR | O_CREAT, 0600));
	must(flock(ends[1], LOCK_EX));
	thread(unlock);
	must(flock(must(open(path, O_RDWR)), LOCK_EX));
}

static void way_fcntl(void)
{
	struct flock all = { .l_type = F_WRLCK };

	must(pipe(ends));
	word = must(open(path, O_RDWR | O_CREAT, 0600));
	if (!child()) {
		must(fcntl(word, F_SETLK, &all));
		write_byte();
		nap();
		all.l_type = F_UNLCK;
		must(fcntl(word, F_SETLK, &all));
		pause();
	}
	read_page();
	must(fcntl(word, F_SETLKW, &all));
}

static void way_terminal(void)
{
	ends[1] = must(posix_openpt(O_RDWR | O_NOCTTY));
	grantpt(ends[1]);
	unlockpt(ends[1]);
	ends[0] = must(open(ptsname(ends[1]), O_RDWR | O_NOCTTY));
	page[0] = '\n';
	thread(write_byte);
	read_page();
}

static void way_eventfd(void)
{
	ends[0] = ends[1] = must(eventfd(0, 0));
	thread(write_eight);
	read_page();
}

static void way_timerfd(void)
{
	ends[0] = must(timerfd_create(CLOCK_MONOTONIC, 0));
	must(timerfd_settime(ends[0], 0, &(struct itimerspec){ .it_value = TENTH }, NULL));
	read_page();
}

static void kill_all(void)
{
	kill(getpid(), SIGUSR1);
}

static void block_signal(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void way_signalfd(void)
{
	sigset_t set;

	block_signal(&set);
	ends[0] = must(signalfd(-1, &set, 0));
	thread(kill_all);
	read_page();
}

static void way_sigwait(void)
{
	sigset_t set;

	block_signal(&set);
	thread(kill_all);
	sigwaitinfo(&set, NULL);
}

static void way_pause(void)
{
	signal(SIGALRM, ignore);
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 100000 }, NULL);
#ifdef SYS_pause
	syscall(SYS_pause);
#else
	sigwaitinfo(&(sigset_t){ 0 }, NULL);
#endif
}

static void way_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGALRM, ignore);
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 100000 }, NULL);
	sigsuspend(&none);
}

static void create(void)
{
	must(open(path, O_CREAT | O_WRONLY, 0600));
}

static void way_inotify(void)
{
	must(mkdir(path, 0700));
	ends[0] = must(inotify_init1(0));
	must(inotify_add_watch(ends[0], path, IN_CREATE));
	strcat(path, "/file");
	thread(create);
	read_page();
}

static void allow(void)
{
	struct fanotify_event_metadata event;

	must(read(ends[0], &event, sizeof(event)));
	must(write(ends[0], &(struct fanotify_response){ event.fd, FAN_ALLOW }, sizeof(struct fanotify_response)));
}

static void way_fanotify(void)
{
	create();
	ends[0] = must(fanotify_init(FAN_CLASS_CONTENT, O_RDONLY));
	must(fanotify_mark(ends[0], FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path));
	thread(allow);
	must(open(path, O_RDONLY));
}

static void post(void)
{
	must(semop(word, &(struct sembuf){ .sem_op = 1 }, 1));
}

static void way_semaphore(void)
{
	word = must(semget(IPC_PRIVATE, 1, 0600));
	thread(post);
	must(semop(word, &(struct sembuf){ .sem_op = -1 }, 1));
	must(semctl(word, 0, IPC_RMID));
}

static void send_message(void)
{
	*(long *)page = 1;
	must(msgsnd(word, page, 1, 0));
}

static void way_message(void)
{
	char other[64];

	word = must(msgget(IPC_PRIVATE, 0600));
	thread(send_message);
	must(msgrcv(word, other, 1, 0, 0));
	must(msgctl(word, IPC_RMID, NULL));
}

static void send_posix(void)
{
	must(mq_send(word, page, 1, 0));
}

static void way_mqueue(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	char name[64], byte;

	sprintf(name, "/waits-%d", getpid());
	word = must(mq_open(name, O_CREAT | O_RDWR, 0600, &attributes));
	mq_unlink(name);
	thread(send_posix);
	must(mq_receive(word, &byte, 1, NULL));
}

static void send_byte(void)
{
	must(send(sockets[1], page, 1, 0));
}

static void receive_page(void)
{
	must(recv(sockets[0], page, sizeof(page), 0));
}

static void way_unix(void)
{
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	thread(send_byte);
	receive_page();
}

static void way_datagram(void)
{
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets));
	thread(send_byte);
	receive_page();
}

static void receive_all(void)
{
	while (recv(sockets[0], page, sizeof(page), MSG_DONTWAIT) > 0)
		;
}

static void way_unix_full(void)
{
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	while (send(sockets[1], page, sizeof(page), MSG_DONTWAIT) > 0)
		;
	thread(receive_all);
	must(send(sockets[1], page, sizeof(page), 0));
}

static struct sockaddr_in address = { .sin_family = AF_INET };
static socklen_t length = sizeof(address);

static int bound(int type)
{
	int fd = must(socket(AF_INET, type, 0));

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(fd, (void *)&address, length));
	must(getsockname(fd, (void *)&address, &length));
	return fd;
}

static void connect_it(void)
{
	must(connect(must(socket(AF_INET, SOCK_STREAM, 0)), (void *)&address, length));
}

static void way_accept(void)
{
	int listener = bound(SOCK_STREAM);

	must(listen(listener, 1));
	thread(connect_it);
	must(accept(listener, NULL, NULL));
}

static void way_tcp(void)
{
	int listener = bound(SOCK_STREAM);

	must(listen(listener, 1));
	sockets[1] = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(sockets[1], (void *)&address, length));
	sockets[0] = must(accept(listener, NULL, NULL));
	thread(send_byte);
	receive_page();
}

static void way_udp(void)
{
	sockets[0] = bound(SOCK_DGRAM);
	sockets[1] = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(connect(sockets[1], (void *)&address, length));
	thread(send_byte);
	receive_page();
}

// A ring with one request: a timeout of a tenth of a second.
static void way_io_uring(void)
{
	struct __kernel_timespec tenth = TENTH;
	struct io_uring_params how = { 0 };
	int ring = must(syscall(SYS_io_uring_setup, 1, &how));
	char *queue = mmap(NULL, how.sq_off.array + 64, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *entry = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);

	if (queue == MAP_FAILED || entry == MAP_FAILED)
		die("mmap");
	*entry = (struct io_uring_sqe){ .opcode = IORING_OP_TIMEOUT, .addr = (uintptr_t)&tenth, .len = 1 };
	*(unsigned *)(queue + how.sq_off.array) = 0;
	++*(unsigned *)(queue + how.sq_off.tail);
	must(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
}

static void way_aio(void)
{
	aio_context_t context = 0;
	struct io_event event;
	struct timespec tenth = TENTH;

	must(syscall(SYS_io_setup, 1, &context));
	must(syscall(SYS_io_getevents, context, 1, 1, &event, &tenth));
}

// A tracer that lets its tracee stand still in the midst of a fork.
static void way_traced(void)
{
	pid_t tracer = getpid(), pid = fork();

	if (!pid) {
		prctl(PR_SET_NAME, "waker");
		must(ptrace(PTRACE_SEIZE, tracer, 0, PTRACE_O_TRACEFORK));
		must(waitpid(tracer, NULL, __WALL));
		nap();
		must(ptrace(PTRACE_CONT, tracer, 0, 0));
		must(waitpid(-1, NULL, __WALL));
		_exit(0);
	}
	usleep(30000);
	if (!must(fork()))
		_exit(0);
}

#define WAY(name) { #name, way_##name }
static const struct {
	const char *name;
	void (*waits)(void);
} ways[] = {
	WAY(sleep), WAY(pipe), WAY(full_pipe), WAY(fifo), WAY(splice), WAY(tee), WAY(futex), WAY(pi_futex), WAY(epoll), WAY(poll), WAY(select),
	WAY(child), WAY(vfork), WAY(flock), WAY(fcntl), WAY(terminal), WAY(eventfd), WAY(timerfd), WAY(signalfd), WAY(sigwait), WAY(pause),
	WAY(sigsuspend), WAY(inotify), WAY(fanotify), WAY(semaphore), WAY(message), WAY(mqueue), WAY(unix), WAY(datagram), WAY(unix_full),
	WAY(accept), WAY(tcp), WAY(udp), WAY(io_uring), WAY(aio), WAY(traced),
};

int main(int argc, char **argv)
{
	int failed = 0, status;

	if (argc < 2)
		return 2;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		way = ways[i].name;
		if ((argc > 2 && strcmp(argv[2], way)) || fork())
			continue;
		prctl(PR_SET_NAME, way);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(path, sizeof(path), "%s/%s", argv[1], way);
		ways[i].waits();
		exit(0);
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
