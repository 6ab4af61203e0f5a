// SPDX-License-Identifier: Apache-2.0
// cgroups DIR FIRST COUNT [keep]: for each number makes the cgroup DIR/number, in it a process that opens /mark/number- and ends,
// and removes the cgroup unless it is to be kept. A process is born in its cgroup: moving one there takes milliseconds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void live(int number)
{
	char path[64];

	snprintf(path, sizeof(path), "/mark/%d-", number);
	open(path, O_RDONLY);
	_exit(0);
}

static int one(int parent, int number, int keep)
{
	char name[16];
	int cgroup;
	long pid;

	snprintf(name, sizeof(name), "%d", number);
	if (mkdirat(parent, name, 0755))
		return -1;
	cgroup = openat(parent, name, O_RDONLY | O_DIRECTORY);

	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup,
	};
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		live(number);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		return -1;
	close(cgroup);
	return keep ? 0 : unlinkat(parent, name, AT_REMOVEDIR);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	int parent = open(argv[1], O_RDONLY | O_DIRECTORY), first = atoi(argv[2]), count = atoi(argv[3]);

	for (int i = first; i < first + count; i++) {
		if (one(parent, i, argc > 4)) {
			perror(argv[1]);
			return 1;
		}
	}
	return 0;
}
