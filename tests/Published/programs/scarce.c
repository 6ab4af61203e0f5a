// SPDX-License-Identifier: Apache-2.0
// Calls that take long since something is scarce, in the way that argument 1 names; argument 2 is a block device.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY (32 << 20)

static char page[4096] __attribute__((aligned(4096)));

static long must(long result)
{
	if (result < 0) {
		perror("call");
		exit(1);
	}
	return result;
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static void *fresh(void)
{
	void *memory = mmap(NULL, MANY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(memory, MANY, MADV_NOHUGEPAGE);
	return memory;
}

static void one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	must(sched_setaffinity(0, sizeof(set), &set));
}

// A child on the same CPU that nobody else gets while it wants it, which it does after a while for so long.
static pid_t hog(long after, long ms, int wakes)
{
	pid_t pid = must(fork());
	long end;

	if (pid)
		return pid;
	prctl(PR_SET_NAME, "hog");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 1 }));
	nap(after);
	end = now() + ms;
	if (wakes >= 0)
		must(write(wakes, page, 1));
	while (now() < end)
		;
	_exit(0);
}

// Woken, but the waker goes on for a tenth of a second.
static void queued(void)
{
	int ends[2];

	must(pipe(ends));
	one_cpu();
	hog(50, 100, ends[1]);
	must(read(ends[0], page, 1));
}

static void preempted(void)
{
	char *memory = fresh();

	memset(memory, 1, MANY);
	one_cpu();
	hog(15, 100, -1);
	must(getrandom(memory, MANY, 0));
}

static void faults(void)
{
	must(read(must(open("/dev/zero", O_RDONLY)), fresh(), MANY));
}

static void disk(const char *device)
{
	int fd = must(open(device, O_RDONLY | O_DIRECT));

	for (int i = 0; i < 4; i++)
		must(pread(fd, page, sizeof(page), i * 4096));
}

// What is written lies on the disk.
static void major_faults(const char *device)
{
	int fd = must(open(device, O_RDONLY)), to = must(memfd_create("to", 0));
	char *memory;

	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	memory = mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED, fd, 0);
	madvise(memory, 1 << 20, MADV_RANDOM);
	for (int i = 0; i < 4; i++)
		must(write(to, memory + i * 65536, 1));
}

// A CPU's time that is used up in one call.
static void limited(void)
{
	char *memory = fresh();

	memset(memory, 1, MANY / 8);
	must(getrandom(memory, MANY / 8, 0));
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	prctl(PR_SET_NAME, way);
	if (!strcmp(way, "queued"))
		queued();
	else if (!strcmp(way, "preempted"))
		preempted();
	else if (!strcmp(way, "faults"))
		faults();
	else if (!strcmp(way, "disk"))
		disk(argv[2]);
	else if (!strcmp(way, "major-faults"))
		major_faults(argv[2]);
	else if (!strcmp(way, "limited"))
		limited();
	else
		return 2;
	while (wait(NULL) > 0)
		;
	return 0;
}
