// SPDX-License-Identifier: Apache-2.0
// A thread that is not the leader executes another program while others sleep and spin.
#include <pthread.h>
#include <unistd.h>

static void *spin(void *arg)
{
	for (;;)
		getppid();
	return arg;
}

static void *sleeper(void *arg)
{
	pause();
	return arg;
}

static void *exec(void *arg)
{
	char **argv = arg;

	usleep(20000);
	execv(argv[1], argv + 1);
	_exit(99);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleeper, NULL);
	pthread_create(&thread, NULL, spin, NULL);
	pthread_create(&thread, NULL, exec, argv);
	pthread_join(thread, NULL);
	return argc;
}
