// SPDX-License-Identifier: Apache-2.0
// 32 threads that call at the same time: argument 1 is the number of rounds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int rounds;

static void *work(void *arg)
{
	char byte = (char)(long)arg;

	for (int i = 0; i < rounds; i++) {
		int fd = open(i % 3 ? "/dev/null" : "/no/such/file", O_RDWR | O_CLOEXEC);

		if (fd >= 0) {
			if (write(fd, &byte, 1) != 1)
				abort();
			close(fd);
		}
		if (i % 16 == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[32];

	rounds = argc > 1 ? atoi(argv[1]) : 100;
	for (long i = 0; i < 32; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i))
			return 1;
	for (int i = 0; i < 32; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
