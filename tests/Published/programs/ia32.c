// SPDX-License-Identifier: Apache-2.0
// The 32-bit entry from a 64-bit program: int $0x80. Its numbers are another table's.
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

static long call32(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

int main(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int fd;

	strcpy(low, "/dev/null");
	strcpy(low + 64, "thirty-two bits");
	fd = call32(5, (long)low, 1, 0); /* open */
	call32(4, fd, (long)low + 64, 15); /* write */
	call32(6, fd, 0, 0); /* close */
	call32(64, 0, 0, 0); /* getppid */
	call32(501, 1, 2, 3); /* no such call */
	/* Behind socketcall and ipc: <linux/net.h>, <linux/ipc.h>. */
	unsigned *args = (unsigned *)(low + 128), *pair = (unsigned *)(low + 256), *kept = (unsigned *)(low + 512);

	args[0] = 1;
	args[1] = 2;
	args[3] = (unsigned)(long)pair;
	call32(102, 8, (long)args, 0); /* socketpair */
	args[0] = pair[0];
	args[1] = (unsigned)(long)low + 64;
	args[2] = 6;
	args[3] = 0;
	call32(102, 9, (long)args, 0); /* send */
	args[0] = pair[1];
	args[1] = (unsigned)(long)kept;
	args[2] = 100;
	args[3] = 0x40; /* MSG_DONTWAIT */
	call32(102, 10, (long)args, 0); /* recv */
	args[1] = args[2] = 0;
	call32(102, 5, (long)args, 0); /* accept */
	call32(102, 17, 16, 0); /* recvmsg, whose arguments cannot be read */
	call32(102, 99, 0, 0); /* no such call */
	call32(117, 13, 12345, 0); /* msgget */
	call32(117, 23, 12346, 0); /* shmget */
	call32(252, 7, 0, 0); /* exit_group */
	return 1;
}
