// SPDX-License-Identifier: Apache-2.0
// Children that live at the same time in four runs of pids, 8192 apart; argument 1: how many in a run. Each makes one call of lseek.
#define _GNU_SOURCE
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS 4
#define APART 8192

static pid_t born(pid_t pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };

	return syscall(SYS_clone3, &args, sizeof(args));
}

static void wait_and_call(int gate[2])
{
	char byte;

	close(gate[1]);
	if (read(gate[0], &byte, 1) != 1)
		_exit(1);
	lseek(-1, 0, SEEK_SET);
	_exit(0);
}

// Whether all of them could have their pids; they go on when there is a byte for each, and end when the gate is closed.
static int raise_all(pid_t base, int count, int gate[2])
{
	for (int run = 0; run < RUNS; run++) {
		for (int i = 0; i < count; i++) {
			pid_t child = born(base + run * APART + i);

			if (child == 0)
				wait_and_call(gate);
			if (child < 0)
				return 0;
		}
	}
	return 1;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0, gate[2], status, whole = 0, ended = 0;

	for (pid_t base = 1000; base + count < APART && !whole; base += count) {
		if (pipe(gate))
			return 1;
		whole = raise_all(base, count, gate);
		for (int i = 0; whole && i < RUNS * count; i++)
			whole = write(gate[1], "", 1) == 1;
		close(gate[0]);
		close(gate[1]);
		for (ended = 0; wait(&status) > 0; ended++)
			;
	}
	printf("%d\n", ended);
	return !whole;
}
