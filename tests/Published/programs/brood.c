// SPDX-License-Identifier: Apache-2.0
// Argument 1: how many children that live for one or two calls; every other one executes this program again.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int raise_one(int i)
{
	int wanted = i % 100 + 1, status;
	char code[16];
	pid_t child;

	snprintf(code, sizeof(code), "-%d", wanted);
	child = i % 2 ? vfork() : fork();
	if (child == 0) {
		if (i % 2)
			execl("/proc/self/exe", "brood", code, NULL);
		_exit(wanted);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	return WEXITSTATUS(status) == wanted ? 0 : 2;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0, failure = 0;

	if (count < 0)
		_exit(-count);
	for (int i = 0; i < count && !failure; i++)
		failure = raise_one(i);
	return failure;
}
