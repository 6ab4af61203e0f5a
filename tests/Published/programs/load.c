// SPDX-License-Identifier: Apache-2.0
// Argument 1: how many calls, as fast as they go, without libc's caches in between; argument 2: how many processes.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long calls = argc > 1 ? atol(argv[1]) : 1000;
	int processes = argc > 2 ? atoi(argv[2]) : 1;

	for (int i = 1; i < processes; i++)
		if (fork() == 0)
			break;
	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	while (wait(NULL) > 0)
		;
	return 0;
}
