/* A read in a signal's handler. */
#include <signal.h>
#include <unistd.h>

volatile int after;

static void handler(int sig)
{
	char byte;

	after += read(0, &byte, 1) + sig;
}

__attribute__((noinline)) static void raiser(int *nowhere)
{
	*(volatile int *)nowhere = 1;
	after++;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESETHAND};

	sigaction(SIGSEGV, &action, NULL);
	raiser(NULL);
	return after;
}
