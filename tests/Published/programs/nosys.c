// SPDX-License-Identifier: Apache-2.0
// Signals that come in as calls without a number return with ENOSYS: their handler's end leaves registers like those of such a call. Prints how
// many came, and how many calls there were.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static volatile int signals;

static void handle(int number) { signals++; }

int main(void)
{
	struct sigaction action;
	struct itimerval often = {{0, 150}, {0, 150}};
	struct itimerval never = {{0, 0}, {0, 0}};
	int calls = 0;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handle;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (; signals < 300 && calls < 3000000; calls++)
		syscall(-1);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%d %d\n", signals, calls);
	return 0;
}
