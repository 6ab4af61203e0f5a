// Sleeps ten times for 30 ms, and prints the nanoseconds that it asked for and those that it saw go by around the sleeps.
#include <stdio.h>
#include <time.h>

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void)
{
	struct timespec pause = { 0, 30000000 };
	long long seen = 0;

	for (int i = 0; i < 10; i++) {
		long long start = now();

		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		seen += now() - start;
	}
	printf("%lld %lld\n", 10LL * pause.tv_nsec, seen);
	return 0;
}
