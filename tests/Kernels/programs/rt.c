// SPDX-License-Identifier: Apache-2.0
// rt N: threads of different real-time priorities on one CPU, each with N calls lseek(-1, number, SEEK_SET). Those of higher
// priority sleep again and again for a fraction of what a call takes, so that they come in wherever the others are.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4
#define BURST 3

static long count;

static void *run(void *argument)
{
	long rank = (long)argument;

	for (long i = 0; i < count; i++) {
		lseek(-1, i, SEEK_SET);
		if (rank && i % BURST == 0)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = 7000 * rank + 1000 * (i % 13) }, NULL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	pthread_attr_t attributes;
	cpu_set_t cpus;

	count = argc > 1 ? atol(argv[1]) : 1000;
	CPU_ZERO(&cpus);
	CPU_SET(1, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return perror("sched_setaffinity"), 1;
	pthread_attr_init(&attributes);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	for (long rank = 0; rank < THREADS; rank++) {
		pthread_attr_setschedparam(&attributes, &(struct sched_param){ .sched_priority = 10 + (int)rank });
		if (pthread_create(&threads[rank], &attributes, run, (void *)rank))
			return perror("pthread_create"), 1;
	}
	for (int rank = 0; rank < THREADS; rank++)
		pthread_join(threads[rank], NULL);
	return 0;
}
