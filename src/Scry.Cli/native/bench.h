/* SPDX-License-Identifier: Apache-2.0 */
/* What bench.c and bench_modes.c share. */
#ifndef SCRY_BENCH_H
#define SCRY_BENCH_H

/* The argument of a marker call, getpgid(MARKER): no process group has this number. */
#define BENCH_MARKER 0x5c127ace

/* How a process begins. */
struct bench_start {
	int fds[3];		/* its standard input, output and error */
	int affinity;		/* a CPU; -1: as it is; -n - 2: all but n */
	char cgroup_procs[244]; /* the file that it joins its cgroup by; empty: none */
};

int bench_join(const char *procs);
int bench_affinity(int where);
int bench_nth_cpu(int n);

#endif
