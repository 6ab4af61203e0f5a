// SPDX-License-Identifier: Apache-2.0
/* What the capture tests trace: victim SCENE. It waits for a byte on standard input first. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static char *pages(int count)
{
	return mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void open_path(const char *path)
{
	syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
}

/* Paths in memory of every kind. */
static void paths(void)
{
	char *edge = pages(2), *big = pages(2), *cold;
	int file = open("/proc/self/exe", O_RDONLY);

	munmap(edge + PAGE, PAGE);
	strcpy(edge + PAGE - 6, "/edge");
	open_path(edge + PAGE - 6);
	open_path((char *)8);
	memset(big, 'b', PAGE + 100);
	open_path(big);
	open_path("/two\nlines\033[31m");
	/* Mapped, in no page table: the kernel's own read brings it in. */
	cold = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	madvise(cold, PAGE, MADV_DONTNEED);
	open_path(cold);
}

static void *spin(void *calls)
{
	for (long i = 0; i < (long)calls; i++)
		syscall(SYS_getppid);
	return NULL;
}

static void threads(void)
{
	pthread_t all[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&all[i], NULL, spin, (void *)2000);
	for (int i = 0; i < 8; i++)
		pthread_join(all[i], NULL);
}

static void forks(void)
{
	for (int i = 0; i < 100; i++) {
		pid_t child = i % 2 ? fork() : vfork();

		if (!child)
			_exit(syscall(SYS_getppid) == 1);
		waitpid(child, NULL, 0);
	}
}

/* Processes one after the other, not too fast for a reader. */
static void relay(void)
{
	for (int i = 0; i < 60; i++) {
		pid_t child = fork();

		if (!child)
			_exit(syscall(SYS_getppid) == 1);
		waitpid(child, NULL, 0);
		usleep(20000);
	}
}

/* Processes on the first CPU that make the first call of all. */
static void reads(void)
{
	for (int i = 0; i < 4; i++) {
		pid_t child = fork();
		cpu_set_t first;

		if (!child) {
			CPU_ZERO(&first);
			CPU_SET(0, &first);
			sched_setaffinity(0, sizeof(first), &first);
			for (int j = 0; j < 500; j++)
				syscall(SYS_read, -1, NULL, 0);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

/* As relay, each with a name of its own. */
static void names(void)
{
	char name[16];

	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (!child) {
			snprintf(name, sizeof(name), "name%d", i);
			prctl(PR_SET_NAME, name);
			_exit(syscall(SYS_getppid) == 1);
		}
		waitpid(child, NULL, 0);
		usleep(50000);
	}
}

/* Calls as root, then as another user in two threads, then, after a byte, again. */
static void becomes(void)
{
	pthread_t thread;
	char go;

	spin((void *)100);
	if (setuid(65534))
		exit(1);
	spin((void *)300);
	if (read(0, &go, 1) != 1)
		exit(1);
	pthread_create(&thread, NULL, spin, (void *)200);
	spin((void *)300);
	pthread_join(thread, NULL);
}

static void *exec_self(void *program)
{
	execl(program, "victim", "nothing", NULL);
	return NULL;
}

/* A thread that is not the leader executes. */
static void thread_exec(char *program)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_self, program);
	pause();
}

/* int 0x80: the 32-bit table, from a 64-bit program. */
static void ia32(void)
{
	char *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	strcpy(low, "/ia32");
	asm volatile("int $0x80" : "=a"(result) : "a"(5), "b"(low), "c"(0), "d"(0) : "memory");
}

static void ignore(int number)
{
}

/* One signal with a handler, then one that kills. */
static void signals(void)
{
	signal(SIGUSR1, ignore);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGTERM);
}

int main(int count, char **args)
{
	const char *scene = count > 1 ? args[1] : "nothing";
	char go;

	if (!strcmp(scene, "nothing"))
		return 0;
	if (read(0, &go, 1) != 1)
		return 1;
	if (!strcmp(scene, "paths"))
		paths();
	else if (!strcmp(scene, "threads"))
		threads();
	else if (!strcmp(scene, "forks"))
		forks();
	else if (!strcmp(scene, "flood"))
		spin((void *)200000);
	else if (!strcmp(scene, "becomes"))
		becomes();
	else if (!strcmp(scene, "relay"))
		relay();
	else if (!strcmp(scene, "reads"))
		reads();
	else if (!strcmp(scene, "names"))
		names();
	else if (!strcmp(scene, "sleep"))
		usleep(300000);
	else if (!strcmp(scene, "exec"))
		thread_exec("/proc/self/exe");
	else if (!strcmp(scene, "ia32"))
		ia32();
	else if (!strcmp(scene, "block"))
		pause();
	else if (!strcmp(scene, "signal"))
		signals();
	return 7;
}
