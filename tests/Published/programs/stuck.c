// SPDX-License-Identifier: Apache-2.0
// Blocks for good in the way that argument 1 names; argument 2 is a file or a number. Tells on standard error
// the pid of whoever holds what it waits for, where that is another process.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *argument;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

// A child that dies with its parent; in the parent its pid, which is printed.
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "holder");
		return 0;
	}
	fprintf(stderr, "%d\n", pid);
	return pid;
}

static void full_pipe(void)
{
	static char page[4096];
	int ends[2];

	if (pipe(ends))
		die("pipe");
	if (!child()) {
		close(ends[1]);
		raise(SIGSTOP);
	}
	close(ends[0]);
	for (;;)
		if (write(ends[1], page, sizeof(page)) < 0)
			die("write");
}

static void empty_pipe(void)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		die("pipe");
	if (!child()) {
		close(ends[0]);
		pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) < 0)
		die("read");
}

static void *lock(void *unused)
{
	prctl(PR_SET_NAME, "waiter");
	pthread_mutex_lock(&mutex);
	return unused;
}

static void held_mutex(int pi)
{
	pthread_mutexattr_t attributes;
	pthread_t thread;

	pthread_mutexattr_init(&attributes);
	if (pi)
		pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&mutex, &attributes);
	pthread_mutex_lock(&mutex);
	prctl(PR_SET_NAME, "owner");
	pthread_create(&thread, NULL, lock, NULL);
	pause();
}

static void *sleeper(void *unused)
{
	prctl(PR_SET_NAME, "joined");
	pause();
	return unused;
}

static void join(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleeper, NULL);
	pthread_join(thread, NULL);
}

static void *condition(void *unused)
{
	static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&never, &mutex);
	return unused;
}

static void many_threads(int count)
{
	pthread_t thread;

	for (int i = 0; i < count; i++)
		pthread_create(&thread, NULL, condition, NULL);
	pause();
}

static void locked_file(const char *kind)
{
	struct flock whole = { .l_type = F_WRLCK };
	int fd = open(argument, O_RDWR | O_CREAT, 0600), command = strcmp(kind, "ofd") ? F_SETLK : F_OFD_SETLK, ready[2];
	char byte = 0;

	if (fd < 0 || pipe(ready))
		die(argument);
	if (!child()) {
		int own = open(argument, O_RDWR);

		close(fd);
		if (strcmp(kind, "flock") ? fcntl(own, command, &whole) : flock(own, LOCK_EX))
			die(kind);
		if (write(ready[1], &byte, 1) < 0)
			die("write");
		pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		die("read");
	if (!strcmp(kind, "flock"))
		flock(fd, LOCK_EX);
	else
		fcntl(fd, command == F_SETLK ? F_SETLKW : F_OFD_SETLKW, &whole);
}

static void fifo(int flags)
{
	if (mkfifo(argument, 0600))
		die("mkfifo");
	open(argument, flags);
}

// A listener whose queue is full answers no more, as a host that drops packets.
static void silent_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (void *)&address, length) || listen(listener, 0) || getsockname(listener, (void *)&address, &length))
		die("listen");
	fprintf(stderr, "%d\n", ntohs(address.sin_port));
	for (;;)
		connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&address, length);
}

static void unix_peer(void)
{
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	if (!child()) {
		close(ends[0]);
		pause();
	}
	close(ends[1]);
	recv(ends[0], &byte, 1, 0);
}

static void unix_backlog(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, argument, sizeof(address.sun_path) - 1);
	if (bind(listener, (void *)&address, sizeof(address)) || listen(listener, 0))
		die("listen");
	if (!child())
		pause();
	close(listener);
	for (;;)
		connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof(address));
}

// Children that begin and end, in calls of all kinds, until the parent is gone.
static void short_lives(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid == 0) {
			nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

// Polls again and again, with the same number in memory and in a register: a different one each time.
static void changing_calls(void)
{
	static struct pollfd one;

	for (int i = 0;; i++) {
		one.fd = -(1 + i % 5);
		poll(&one, 1, 1 + i % 5);
	}
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	argument = argc > 2 ? argv[2] : "";
	if (!strcmp(how, "full-pipe"))
		full_pipe();
	else if (!strcmp(how, "empty-pipe"))
		empty_pipe();
	else if (!strcmp(how, "mutex"))
		held_mutex(0);
	else if (!strcmp(how, "pi-mutex"))
		held_mutex(1);
	else if (!strcmp(how, "join"))
		join();
	else if (!strcmp(how, "threads"))
		many_threads(atoi(argument));
	else if (!strcmp(how, "flock") || !strcmp(how, "fcntl") || !strcmp(how, "ofd"))
		locked_file(how);
	else if (!strcmp(how, "fifo-read"))
		fifo(O_RDONLY);
	else if (!strcmp(how, "fifo-write"))
		fifo(O_WRONLY);
	else if (!strcmp(how, "connect"))
		silent_port();
	else if (!strcmp(how, "unix"))
		unix_peer();
	else if (!strcmp(how, "backlog"))
		unix_backlog();
	else if (!strcmp(how, "wait")) {
		pid_t pid = child();

		if (pid == 0)
			pause();
		waitpid(pid, NULL, 0);
	} else if (!strcmp(how, "sleep"))
		nanosleep(&(struct timespec){ .tv_sec = 987 }, NULL);
	else if (!strcmp(how, "changing"))
		changing_calls();
	else if (!strcmp(how, "short-lives"))
		short_lives();
	else
		return 2;
	return 0;
}
