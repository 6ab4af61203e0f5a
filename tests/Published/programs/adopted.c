// SPDX-License-Identifier: Apache-2.0
// Has a child that is born to its own parent (CLONE_PARENT), and ends when that child's pid is free; 7 says that it is.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	pid_t child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	if (child == 0)
		_exit(3);
	for (int i = 0; i < 500; i++) {
		if (kill(child, 0) && errno == ESRCH)
			return 7;
		usleep(10000);
	}
	return 1;
}
