/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of `scry bench`: each is put into its cgroup and onto its CPU, waits at a gate
 * where it can be asked for marker calls, and is waited for with what it used. In C for the reason
 * that launch.c gives.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "launch.h"

extern char **environ;

/* A tracer that buffers 4 KiB of its lines shows some of so many. */
enum { MARKER_CALLS = 400 };

int bench_join(const char *procs)
{
	int fd = open(procs, O_WRONLY | O_CLOEXEC);
	int result = fd < 0 || write(fd, "0", 1) != 1 ? -1 : 0;

	if (fd >= 0)
		close(fd);
	return result;
}

int bench_affinity(int where)
{
	cpu_set_t cpus;

	if (where == -1)
		return 0;
	if (where >= 0) {
		CPU_ZERO(&cpus);
		CPU_SET(where, &cpus);
	} else {
		sched_getaffinity(0, sizeof(cpus), &cpus);
		CPU_CLR(-where - 2, &cpus);
	}
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* The CPU of that number among those that may be used; they may begin anywhere and have gaps. */
int bench_nth_cpu(int n)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &cpus) && n-- == 0)
			return cpu;
	return -1;
}

/* Gives when it is time to execve; marks as often as it is asked to before. */
static void wait_at_gate(int gate)
{
	char asked;

	while (read(gate, &asked, 1) == 1) {
		if (asked == 'g')
			return;
		for (int i = 0; i < MARKER_CALLS; i++)
			syscall(SYS_getpgid, BENCH_MARKER);
	}
	_exit(1);
}

struct process {
	const struct bench_start *start;
	int gate[2]; /* -1: it does not wait */
};

static void process_run(const char *path, char **argv, void *context)
{
	const struct process *process = context;
	const struct bench_start *start = process->start;

	if (process->gate[1] >= 0)
		close(process->gate[1]);
	/* Bench ends what it started; when it is killed, the kernel does. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	launch_restore();
	for (int fd = 0; fd < 3; fd++)
		dup2(start->fds[fd], fd);
	if (start->cgroup_procs[0] && bench_join(start->cgroup_procs))
		_exit(125);
	bench_affinity(start->affinity);
	if (process->gate[0] >= 0)
		wait_at_gate(process->gate[0]);
	execve(path, argv, environ);
	_exit(127);
}

/* Gives the pid or -errno; *gate is where to ask for marker calls ('m') and to let go ('g'), -1
 * without one. */
int scry_bench_start(const char *words, int count, const struct bench_start *start, int gated,
		     int *gate)
{
	struct process process = {.start = start, .gate = {-1, -1}};
	pid_t pid;

	if (gated && pipe2(process.gate, O_CLOEXEC)) {
		*gate = -1;
		return -errno;
	}
	pid = launch_fork(words, count, process_run, &process, NULL);
	if (gated)
		close(process.gate[0]);
	*gate = process.gate[1];
	return pid;
}

/* Microseconds of CPU of a process that ended and was not waited for, without its children's. */
static long own_cpu_us(int pid)
{
	char path[32], text[1024];
	unsigned long user = 0, system = 0;
	const char *after;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = 0;
	/* Its name may have spaces and parentheses of its own. */
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			     &user, &system) != 2)
		return 0;
	return (user + system) * (1000000 / sysconf(_SC_CLK_TCK));
}

/*
 * Waits at most so long. Gives 1 when it ended, 0 when it did not, -errno; *cpu_us is with its
 * children's, *own_us without.
 */
int scry_bench_wait(int pid, int timeout_ms, int *status, long *cpu_us, long *own_us)
{
	int fd = syscall(SYS_pidfd_open, pid, 0), got;
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	struct rusage usage;

	if (fd < 0)
		return -errno;
	if (poll(&ended, 1, timeout_ms) > 0)
		*own_us = own_cpu_us(pid);
	close(fd);
	got = wait4(pid, status, WNOHANG, &usage);
	if (got != pid)
		return got < 0 ? -errno : 0;
	*cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		  usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	return 1;
}

/* To a process, or with a negative number to its group. Gives 0 or -errno. */
int scry_bench_signal(int pid, int signal)
{
	return kill(pid, signal) ? -errno : 0;
}

int scry_bench_close(int fd)
{
	return close(fd) ? -errno : 0;
}

/* What its children inherit: the tools' words and numbers are read in the C locale. */
void scry_bench_environment(const char *name, const char *value)
{
	setenv(name, value, 1);
}

int scry_bench_mount(const char *path)
{
	return mount("scry-bench", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") ? -errno : 0;
}

int scry_bench_unmount(const char *path)
{
	return umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) ? -errno : 0;
}
