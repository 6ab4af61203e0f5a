// SPDX-License-Identifier: Apache-2.0
// first COMMAND…: milliseconds from its start to the first byte of its standard error, and its peak memory in MB.
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec start, seen;
	struct rusage usage;
	char buffer[65536];
	int pipes[2];
	pid_t child;

	if (argc < 2 || pipe(pipes))
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &start);
	child = vfork();
	if (child == 0) {
		dup2(pipes[1], 2);
		close(pipes[0]);
		close(pipes[1]);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	close(pipes[1]);
	if (read(pipes[0], buffer, sizeof(buffer)) <= 0)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &seen);
	while (read(pipes[0], buffer, sizeof(buffer)) > 0)
		;
	wait4(child, NULL, 0, &usage);
	printf("%.1f %.1f\n", (seen.tv_sec - start.tv_sec) * 1e3 + (seen.tv_nsec - start.tv_nsec) / 1e6, usage.ru_maxrss / 1024.0);
	return 0;
}
