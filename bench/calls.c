// SPDX-License-Identifier: Apache-2.0
// calls NAME N: so many of the calls on CPU 0, and prints the nanoseconds of one. Without a name it lists them.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int null, zero, epoll, pair[2];
static char buffer[64];

static void call_getppid(void) { syscall(SYS_getppid); }
static void call_openat(void) { syscall(SYS_openat, AT_FDCWD, "/no/such/directory/file.txt", O_RDONLY); }
static void call_close(void) { syscall(SYS_close, -1); }
static void call_read(void) { syscall(SYS_read, zero, buffer, 1); }
static void call_write(void) { syscall(SYS_write, null, buffer, 1); }
static void call_fstat(void) { struct stat about; syscall(SYS_fstat, null, &about); }
static void call_newfstatat(void) { struct stat about; syscall(SYS_newfstatat, AT_FDCWD, "/", &about, 0); }
static void call_epoll_wait(void) { struct epoll_event events[8]; syscall(SYS_epoll_wait, epoll, events, 8, -1); }
static void call_recvfrom(void) { syscall(SYS_recvfrom, pair[0], buffer, 1, MSG_PEEK, NULL, NULL); }
static void call_writev(void)
{
	struct iovec parts[2] = {{buffer, 1}, {buffer, 1}};

	syscall(SYS_writev, null, parts, 2);
}
static void call_setsockopt(void) { int on = 1; syscall(SYS_setsockopt, pair[0], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); }
/* Below 64 KB of stack that were touched. */
static void __attribute__((noinline)) call_deep(void)
{
	volatile char room[72 * 1024];

	for (size_t i = 0; i < sizeof(room); i += 4096)
		room[i] = 1;
	syscall(SYS_getppid);
	room[0] = 2;
}
static void call_clock_nanosleep(void) { struct timespec none = {}; syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &none, NULL); }

static const struct {
	const char *name;
	void (*make)(void);
} calls[] = {
	{"getppid", call_getppid}, {"openat", call_openat}, {"close", call_close}, {"read", call_read},
	{"write", call_write}, {"fstat", call_fstat}, {"newfstatat", call_newfstatat}, {"epoll_wait", call_epoll_wait},
	{"recvfrom", call_recvfrom}, {"writev", call_writev}, {"setsockopt", call_setsockopt},
	{"clock_nanosleep", call_clock_nanosleep}, {"deep", call_deep},
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void prepare(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	cpu_set_t cpus;

	null = open("/dev/null", O_WRONLY);
	zero = open("/dev/zero", O_RDONLY);
	epoll = epoll_create1(0);
	if (null < 0 || zero < 0 || epoll < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    write(pair[1], "x", 1) != 1 || epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event)) {
		perror("calls");
		exit(1);
	}
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 1000000;
	double start;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (argc < 2) {
			puts(calls[i].name);
			continue;
		}
		if (strcmp(argv[1], calls[i].name))
			continue;
		prepare();
		for (int warm = 1; warm >= 0; warm--) {
			long rounds = warm ? count / 10 : count;

			start = now();
			for (long n = 0; n < rounds; n++)
				calls[i].make();
		}
		printf("%.1f\n", (now() - start) / count);
		return 0;
	}
	return argc < 2 ? 0 : 2;
}
