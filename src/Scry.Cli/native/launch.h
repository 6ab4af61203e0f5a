/* SPDX-License-Identifier: Apache-2.0 */
/* How launch.c and bench.c start a process. */
#ifndef SCRY_LAUNCH_H
#define SCRY_LAUNCH_H

#include <sys/types.h>

/*
 * Makes a process that does `run`, which ends in an execve or an exit, and may call
 * async-signal-safe functions alone. words: the path, then count arguments (the first is argv[0]),
 * each ended by NUL. Gives the pid, and keeps it at `at`, if there is one, before a signal comes;
 * or -errno.
 */
pid_t launch_fork(const char *words, int count,
		  void (*run)(const char *path, char **argv, void *context), void *context,
		  _Atomic pid_t *at);

/* Gives the process back what this one was started with, and the runtime changed. */
void launch_restore(void);

#endif
