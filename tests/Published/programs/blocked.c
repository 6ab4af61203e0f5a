// SPDX-License-Identifier: Apache-2.0
// Sleeps in a read of its standard input, in as many further threads as argument 1 says, and in the main one.
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *block(void *arg)
{
	char byte;

	while (read(0, &byte, 1) == 1)
		getppid();
	return arg;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 0;
	pthread_t *others = calloc(threads + 1, sizeof(*others));

	for (int i = 0; i < threads; i++)
		pthread_create(&others[i], NULL, block, NULL);
	block(NULL);
	// Whoever read the last byte makes his call.
	for (int i = 0; i < threads; i++)
		pthread_join(others[i], NULL);
	return 5;
}
