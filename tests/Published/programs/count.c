// SPDX-License-Identifier: Apache-2.0
// count N THREADS: each thread makes N calls that carry their number: lseek(-1, number, SEEK_SET). Without end for N = 0.
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static long count;

static void *run(void *unused)
{
	for (long i = 0; !count || i < count; i++)
		lseek(-1, i, SEEK_SET);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t others[64];

	count = argc > 1 ? atol(argv[1]) : 1000;
	for (int i = 1; i < threads && i < 64; i++)
		pthread_create(&others[i], NULL, run, NULL);
	run(NULL);
	for (int i = 1; i < threads && i < 64; i++)
		pthread_join(others[i], NULL);
	return 0;
}
