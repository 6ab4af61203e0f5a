/* A call from some functions deep: none of them is inlined, each does something after its call. */
#include <unistd.h>

volatile int after;

__attribute__((noinline)) static void innermost(char *bytes)
{
	after += read(0, bytes, 1);
	after++;
}

__attribute__((noinline)) void middle(int count)
{
	char bytes[300];

	bytes[count] = 1;
	innermost(bytes);
	after += bytes[count];
}

__attribute__((noinline)) void outer(int count)
{
	char bytes[count * 100];

	bytes[count] = 2;
	middle(count);
	after += bytes[count];
}

int main(int count, char **words)
{
	(void)words;
	outer(count);
	return after;
}
