/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comes and goes for bench/soak: churn SECONDS CGROUP DIRECTORY. Four processes make processes (every
 * other one executes this program again), threads, files with names of their own, and cgroups with a
 * process in each, as fast as they can. At the end it prints how many there were.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES, THREADS, FILES, CGROUPS, KINDS };

static const char *const names[KINDS] = {"processes", "threads", "files", "cgroups"};
static _Atomic unsigned long *made;
static const char *cgroup, *directory;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void one_process(unsigned long n)
{
	pid_t child = n % 2 ? vfork() : fork();

	if (child == 0) {
		if (n % 2)
			execl("/proc/self/exe", "churn-again", NULL);
		prctl(PR_SET_NAME, n % 64 ? "churned" : "churned-by-64");
		_exit(getppid() == 1);
	}
	waitpid(child, NULL, 0);
}

static void *work(void *name)
{
	prctl(PR_SET_NAME, name);
	return NULL;
}

static void one_thread(unsigned long n)
{
	pthread_t thread;
	char name[16];

	snprintf(name, sizeof(name), "t%lu", n % 100000);
	if (!pthread_create(&thread, NULL, work, name))
		pthread_join(thread, NULL);
}

static void one_file(unsigned long n)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/file-%lu", directory, n);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, path, 16) == 16)
		close(fd);
	unlink(path);
	/* Files are fast: they would be most of all calls. */
	usleep(200);
}

static void one_cgroup(unsigned long n)
{
	char path[PATH_MAX], procs[PATH_MAX + 16];
	pid_t child;

	snprintf(path, sizeof(path), "%s/g%lu", cgroup, n);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	if (mkdir(path, 0700))
		return;
	child = fork();
	if (child == 0) {
		int fd = open(procs, O_WRONLY | O_CLOEXEC);

		_exit(fd < 0 || write(fd, "0", 1) != 1 || getppid() == 1);
	}
	waitpid(child, NULL, 0);
	/* Until the kernel has let go of the process. */
	for (int i = 0; i < 1000 && rmdir(path); i++)
		usleep(100);
	usleep(2000);
}

int main(int argc, char **argv)
{
	static void (*const kinds[KINDS])(unsigned long) = {one_process, one_thread, one_file, one_cgroup};
	double end;

	if (argc < 4)
		return 0;
	cgroup = argv[2];
	directory = argv[3];
	made = mmap(NULL, sizeof(*made) * KINDS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (made == MAP_FAILED)
		return 1;
	end = now() + atof(argv[1]);
	for (int kind = 0; kind < KINDS; kind++) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, 9);
			while (now() < end)
				kinds[kind](made[kind]++);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	for (int kind = 0; kind < KINDS; kind++)
		printf("%lu %s%s", made[kind], names[kind], kind + 1 < KINDS ? ", " : "\n");
	return 0;
}
