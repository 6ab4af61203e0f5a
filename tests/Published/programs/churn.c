// SPDX-License-Identifier: Apache-2.0
// Argument 1 times, as many threads as argument 2 says, every other of which sleeps for 30 ms, the others for 1 ms; beside it, two
// processes that hand a byte to each other all the time.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *sleeper(void *ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)ms * 1000000 }, NULL);
	return NULL;
}

static pid_t hand(int from, int to)
{
	pid_t pid = fork();
	char byte = 0;

	while (pid == 0)
		if (write(to, &byte, 1) != 1 || read(from, &byte, 1) != 1)
			_exit(0);
	return pid;
}

int main(int argc, char **argv)
{
	int times = atoi(argv[1]), count = atoi(argv[2]), one[2], other[2];
	pthread_t threads[count];
	pid_t pids[2];

	if (pipe(one) || pipe(other))
		return 1;
	pids[0] = hand(one[0], other[1]);
	pids[1] = hand(other[0], one[1]);
	for (int i = 0; i < times; i++) {
		for (int j = 0; j < count; j++)
			if (pthread_create(&threads[j], NULL, sleeper, (void *)(j % 2 ? 1L : 30L)))
				return 1;
		for (int j = 0; j < count; j++)
			pthread_join(threads[j], NULL);
	}
	kill(pids[0], SIGKILL);
	kill(pids[1], SIGKILL);
	return 0;
}
