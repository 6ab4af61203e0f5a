/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs that `scry bench` measures with, inside the same binary: they run before the runtime
 * starts, as small programs of one thread, and end there.
 *
 *   bench-calls KIND COUNT SECONDS RATE AFFINITY PROCESSES SIZE   makes system calls
 *   bench-wake CPU OTHER                                           the price of waking a reader
 *   bench-enter PROCS AFFINITY COMMAND…                            a command in a cgroup
 *   bench-ftrace INSTANCE FILE                                     binary records into a file
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum { BATCH = 128, MOST_SIZE = 4095, MOST_PROCESSES = 4096, MOST_CPUS = 1024 };

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

/* Memory that a process shares with those that it forks. */
static void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

struct loop {
	enum { GETPPID, OPENAT, WRITE } kind;
	long count;   /* at most so many calls */
	long ns;      /* for at most so long */
	long rate;    /* calls a second; 0: as many as there can be */
	int affinity; /* as in bench_start; -1: each process on a CPU of its own */
	int processes;
	int size;
	int sink;
	char path[MOST_SIZE + 1];
};

struct count {
	long warm, calls, begin, end;
};

static inline void call(const struct loop *loop)
{
	switch (loop->kind) {
	case GETPPID:
		syscall(SYS_getppid);
		break;
	case OPENAT:
		syscall(SYS_openat, AT_FDCWD, loop->path, O_RDONLY);
		break;
	case WRITE:
		syscall(SYS_write, loop->sink, loop->path, loop->size);
		break;
	}
}

/* Gives how many calls were made until there were enough or it was time to end. */
static long run(const struct loop *loop, long count, long ns)
{
	long begin = now(), calls = 0;

	if (loop->rate) {
		while (calls < count && now() - begin < ns) {
			while (now() - begin < calls * 1000000000L / loop->rate)
				;
			call(loop);
			calls++;
		}
		return calls;
	}
	while (calls < count) {
		long batch = count - calls < BATCH ? count - calls : BATCH;

		for (long i = 0; i < batch; i++)
			call(loop);
		calls += batch;
		if (now() - begin >= ns)
			break;
	}
	return calls;
}

static void measure(const struct loop *loop, struct count *count)
{
	count->warm = run(loop, loop->count / 10 + 1, loop->ns / 20);
	count->begin = now();
	count->calls = run(loop, loop->count, loop->ns);
	count->end = now();
}

static void prepare(struct loop *loop, char **words)
{
	const char *kind = words[0];

	loop->kind = !strcmp(kind, "openat") ? OPENAT : !strcmp(kind, "write") ? WRITE : GETPPID;
	loop->count = atol(words[1]);
	loop->ns = (long)(atof(words[2]) * 1e9);
	loop->rate = atol(words[3]);
	loop->affinity = atoi(words[4]);
	loop->processes = atoi(words[5]);
	loop->size = atoi(words[6]);
	if (loop->size < 1 || loop->size > MOST_SIZE || loop->processes < 1 ||
	    loop->processes > MOST_PROCESSES) {
		errno = EINVAL;
		fail("bench-calls");
	}
	memset(loop->path, 'x', loop->size);
	loop->path[0] = '/';
	/* A name may be 255 bytes long. */
	for (int i = 200; i < loop->size; i += 200)
		loop->path[i] = '/';
	loop->sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* Prints calls made in all, calls measured, nanoseconds from the first to the last, and those that
 * the processes took one by one. */
static int calls_mode(char **words)
{
	static struct loop loop;
	struct count *counts;
	long made = 0, measured = 0, begin = 0, end = 0, each = 0;

	prepare(&loop, words);
	counts = shared(sizeof(*counts) * loop.processes);
	for (int i = 0; i < loop.processes; i++) {
		if (loop.processes > 1 && fork())
			continue;
		if (bench_affinity(loop.affinity == -1 ? bench_nth_cpu(i) : loop.affinity))
			fail("sched_setaffinity");
		measure(&loop, &counts[i]);
		if (loop.processes > 1)
			_exit(0);
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < loop.processes; i++) {
		made += counts[i].warm + counts[i].calls;
		measured += counts[i].calls;
		each += counts[i].end - counts[i].begin;
		if (!begin || counts[i].begin < begin)
			begin = counts[i].begin;
		if (counts[i].end > end)
			end = counts[i].end;
	}
	printf("%ld %ld %ld %ld\n", made, measured, end - begin, each);
	return measured > 0 ? 0 : 1;
}

enum { WAKES = 3000, SLEEPY_NS = 30000 };

struct wake {
	volatile int reading;
};

static int by_size(const void *left, const void *right)
{
	long a = *(const long *)left, b = *(const long *)right;

	return (a > b) - (a < b);
}

/* The median of what a write to an eventfd takes its writer while a reader on the other CPU sleeps
 * in read; with other < 0 nobody reads. */
static long wake_ns(int cpu, int other)
{
	static long took[WAKES];
	struct wake *wake = shared(sizeof(*wake));
	int fd = eventfd(0, EFD_CLOEXEC);
	unsigned long one = 1, got;
	pid_t reader = other < 0 ? 0 : fork();

	if (other >= 0 && reader == 0) {
		/* Nobody else would end it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		bench_affinity(other);
		for (;;) {
			wake->reading = 1;
			if (read(fd, &got, sizeof(got)) < 0)
				_exit(1);
		}
	}
	bench_affinity(cpu);
	for (int i = 0; i < WAKES; i++) {
		long begin;

		/* On the same CPU, the reader runs only when this process lets it. */
		while (reader && !wake->reading)
			sched_yield();
		if (reader && cpu == other)
			sched_yield();
		for (begin = now(); reader && now() - begin < SLEEPY_NS;)
			;
		wake->reading = 0;
		begin = now();
		if (write(fd, &one, sizeof(one)) != sizeof(one))
			fail("write");
		took[i] = now() - begin;
	}
	if (reader) {
		kill(reader, SIGKILL);
		waitpid(reader, NULL, 0);
	}
	close(fd);
	qsort(took, WAKES, sizeof(*took), by_size);
	return took[WAKES / 2];
}

/* Prints nanoseconds of one write: that wakes nobody, a reader on the same CPU, one on another. */
static int wake_mode(char **words)
{
	int cpu = atoi(words[0]), other = atoi(words[1]);
	long nobody = wake_ns(cpu, -1), same = wake_ns(cpu, cpu);

	printf("%ld %ld %ld\n", nobody, same, other == cpu ? -1 : wake_ns(cpu, other));
	return 0;
}

static int enter_mode(char **words)
{
	if (bench_join(words[0]))
		fail(words[0]);
	bench_affinity(atoi(words[1]));
	execvp(words[2], words + 2);
	fail(words[2]);
}

static volatile sig_atomic_t ended;

static void on_end(int signal)
{
	(void)signal;
	ended = 1;
}

/* Moves what there is of a CPU's pages; gives bytes. */
static long drain(int from, int to, const int *pipe, int whole)
{
	static char page[65536];
	long moved = 0, got;

	while ((got = splice(from, NULL, pipe[1], NULL, 65536, SPLICE_F_NONBLOCK)) > 0) {
		for (long left = got, part; left > 0; left -= part) {
			part = splice(pipe[0], NULL, to, NULL, left, 0);
			if (part <= 0)
				fail("splice");
		}
		moved += got;
	}
	/* A page that is not full can only be read. */
	while (whole && (got = read(from, page, sysconf(_SC_PAGESIZE))) > 0) {
		if (write(to, page, got) != got)
			fail("write");
		moved += got;
	}
	return moved;
}

static int ftrace_mode(char **words)
{
	struct sigaction action = {.sa_handler = on_end};
	struct timespec pause = {.tv_nsec = 2000000};
	static int cpus[MOST_CPUS];
	int count = 0, pipe[2], to;
	char path[512];

	sigaction(SIGTERM, &action, NULL);
	to = open(words[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (to < 0 || pipe2(pipe, O_CLOEXEC))
		fail(words[1]);
	while (count < MOST_CPUS) {
		snprintf(path, sizeof(path), "%s/per_cpu/cpu%d/trace_pipe_raw", words[0], count);
		cpus[count] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (cpus[count] < 0)
			break;
		count++;
	}
	if (!count)
		fail(path);
	for (;;) {
		int last = ended;
		long moved = 0;

		for (int i = 0; i < count; i++)
			moved += drain(cpus[i], to, pipe, last);
		if (last)
			return 0;
		if (!moved)
			nanosleep(&pause, NULL);
	}
}

__attribute__((constructor)) static void bench_mode(int count, char **words)
{
	static const struct {
		const char *name;
		int words;
		int (*run)(char **words);
	} modes[] = {
		{"bench-calls", 7, calls_mode},
		{"bench-wake", 2, wake_mode},
		{"bench-enter", 3, enter_mode},
		{"bench-ftrace", 2, ftrace_mode},
	};

	for (size_t i = 0; count > 1 && i < sizeof(modes) / sizeof(*modes); i++) {
		if (!strcmp(words[1], modes[i].name) && count >= 2 + modes[i].words)
			exit(modes[i].run(words + 2));
	}
}
