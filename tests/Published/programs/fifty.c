// Makes a known number of each of fifty system calls that a C library does not make by itself.
// fifty threads N: in each of N threads; fifty processes N: in each of N processes, named short0, short1, ...
// It prints a line for each call: its name, how often a thread or process makes it, the errno that it fails with or 0.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[4096];
static const char none[] = "/no/such/place";

static const struct {
	const char *name;
	long number, arguments[3];
	int error;
} calls[] = {
#define CALL(name, error, ...) { #name, SYS_##name, { __VA_ARGS__ }, error }
	CALL(getppid, 0, 0), CALL(getuid, 0, 0), CALL(geteuid, 0, 0), CALL(getgid, 0, 0), CALL(getegid, 0, 0),
	CALL(getpgrp, 0, 0), CALL(getsid, 0, 0), CALL(getpgid, 0, 0), CALL(umask, 0, 022), CALL(uname, 0, (long)buffer),
	CALL(sysinfo, 0, (long)buffer), CALL(times, 0, (long)buffer), CALL(getrusage, 0, 0, (long)buffer),
	CALL(getcwd, 0, (long)buffer, sizeof(buffer)), CALL(sched_getscheduler, 0, 0), CALL(sched_get_priority_max, 0, 0),
	CALL(sched_get_priority_min, 0, 0), CALL(getpriority, 0, 0), CALL(getitimer, 0, 0, (long)buffer), CALL(alarm, 0, 0),
	CALL(clock_getres, 0, 0, (long)buffer), CALL(getgroups, 0, 0), CALL(personality, 0, 0xffffffff), CALL(sync_file_range, EBADF, -1),
	CALL(chdir, ENOENT, (long)none), CALL(rmdir, ENOENT, (long)none), CALL(unlink, ENOENT, (long)none), CALL(mkdir, ENOENT, (long)none),
	CALL(link, ENOENT, (long)none, (long)none), CALL(readlink, ENOENT, (long)none, (long)buffer, 1), CALL(chmod, ENOENT, (long)none),
	CALL(truncate, ENOENT, (long)none), CALL(stat, ENOENT, (long)none, (long)buffer), CALL(lstat, ENOENT, (long)none, (long)buffer),
	CALL(dup, EBADF, -1), CALL(fsync, EBADF, -1), CALL(fdatasync, EBADF, -1), CALL(ftruncate, EBADF, -1), CALL(readv, EBADF, -1),
	CALL(pwrite64, EBADF, -1), CALL(fchmod, EBADF, -1), CALL(fchdir, EBADF, -1), CALL(flock, EBADF, -1, 1), CALL(listen, EBADF, -1),
	CALL(shutdown, EBADF, -1), CALL(inotify_rm_watch, EBADF, -1), CALL(epoll_create, EINVAL, 0), CALL(tgkill, EINVAL, -1, -1, 0),
	CALL(eventfd2, EINVAL, 0, -1), CALL(socket, EAFNOSUPPORT, 255),
};

#define COUNT (int)(sizeof(calls) / sizeof(calls[0]))

static int times_of(int call)
{
	return 1 + call % 7;
}

static void *make_calls(void *unused)
{
	for (int i = 0; i < COUNT; i++) {
		for (int n = 0; n < times_of(i); n++) {
			long result = syscall(calls[i].number, calls[i].arguments[0], calls[i].arguments[1], calls[i].arguments[2]);

			if ((result < 0 ? errno : 0) != calls[i].error && calls[i].number != SYS_getpriority)
				abort();
		}
	}
	return unused;
}

static void in_threads(int count)
{
	pthread_t threads[count];

	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, make_calls, NULL))
			abort();
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void in_processes(int count)
{
	int status;

	for (int i = 0; i < count; i++) {
		char name[16];

		if (fork()) {
			// A few at a time.
			if (i % 8 == 7)
				while (wait(&status) > 0)
					if (status)
						abort();
			continue;
		}
		snprintf(name, sizeof(name), "short%d", i);
		prctl(PR_SET_NAME, name);
		make_calls(NULL);
		_exit(0);
	}
	while (wait(&status) > 0)
		if (status)
			abort();
}

int main(int count, char **words)
{
	if (count < 3)
		return 2;
	for (int i = 0; i < COUNT; i++)
		printf("%s %d %d\n", calls[i].name, times_of(i), calls[i].error);
	fflush(stdout);
	if (!strcmp(words[1], "threads"))
		in_threads(atoi(words[2]));
	else
		in_processes(atoi(words[2]));
	return 0;
}
