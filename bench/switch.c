// SPDX-License-Identifier: Apache-2.0
// switch N: two processes on CPU 0 hand a byte to each other over pipes, N switches of context, and prints the nanoseconds of one.
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void hand(int from, int to, long times, int first)
{
	char byte = 0;

	for (long i = 0; i < times; i++) {
		if (first && write(to, &byte, 1) != 1)
			exit(1);
		if (read(from, &byte, 1) != 1)
			exit(1);
		if (!first && write(to, &byte, 1) != 1)
			exit(1);
	}
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) / 2 : 500000;
	int there[2], back[2];
	cpu_set_t cpus;
	double start;
	pid_t other;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	if (pipe(there) || pipe(back) || (other = fork()) < 0) {
		perror("switch");
		return 1;
	}
	if (!other) {
		hand(there[0], back[1], count + count / 10, 0);
		_exit(0);
	}
	hand(back[0], there[1], count / 10, 1);
	start = now();
	hand(back[0], there[1], count, 1);
	printf("%.1f\n", (now() - start) / (2 * count));
	waitpid(other, NULL, 0);
	return 0;
}
