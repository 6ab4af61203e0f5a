// SPDX-License-Identifier: Apache-2.0
// Waits for a byte on its standard input, opens the files /etc/marker-0 and on, and comes to the
// end that argument 1 names: segv, abort, oom, term (waits for SIGTERM) or an exit status. Argument
// 2: how many files, 300 by default.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (1 << 20)

static void open_markers(int count)
{
	char path[32];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/etc/marker-%d", i);
		int fd = open(path, O_RDONLY);

		if (fd >= 0)
			close(fd);
	}
}

// The memory is written to: what is only mapped is not counted.
static void use_all_memory(void)
{
	for (;;) {
		char *chunk = malloc(CHUNK);

		if (chunk)
			memset(chunk, 1, CHUNK);
	}
}

// Without a handler, the first process of a pid namespace would not hear of it.
static void on_term(int signal)
{
	(void)signal;
	_exit(0);
}

static void await_term(void)
{
	signal(SIGTERM, on_term);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	const char *end = argc > 1 ? argv[1] : "0";
	char byte;

	if (read(0, &byte, 1) < 0)
		return 1;
	open_markers(argc > 2 ? atoi(argv[2]) : 300);
	if (!strcmp(end, "segv"))
		*(volatile int *)NULL = 1;
	if (!strcmp(end, "abort"))
		abort();
	if (!strcmp(end, "oom"))
		use_all_memory();
	if (!strcmp(end, "term"))
		await_term();
	return atoi(end);
}
