// SPDX-License-Identifier: Apache-2.0
// calls getppid|openat|read N: so many calls on CPU 0, and prints the nanoseconds of one.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 1000000;
	int opens = argc > 1 && !strcmp(argv[1], "openat");
	int reads = argc > 1 && !strcmp(argv[1], "read") ? open("/dev/zero", O_RDONLY) : -1;
	char byte;
	cpu_set_t cpus;
	double start;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	for (int warm = 1; warm >= 0; warm--) {
		long calls = warm ? count / 10 : count;

		start = now();
		for (long i = 0; i < calls; i++) {
			if (opens)
				syscall(SYS_openat, AT_FDCWD, "/no/such/directory/file.txt", O_RDONLY);
			else if (reads >= 0)
				syscall(SYS_read, reads, &byte, 1);
			else
				syscall(SYS_getppid);
		}
	}
	printf("%.1f\n", (now() - start) / count);
	return 0;
}
