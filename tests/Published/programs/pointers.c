// SPDX-License-Identifier: Apache-2.0
// Paths at the edge of a page, behind it, nowhere, and on a page that is not resident yet.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EDGE "/edge/of/the/page"

int main(int argc, char **argv)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file, failures = 0;
	char *mapped;

	munmap(pages + 4096, 4096);
	memcpy(pages + 4096 - sizeof(EDGE), EDGE, sizeof(EDGE));
	failures += open(pages + 4096 - sizeof(EDGE), O_RDONLY) != -1 || errno != ENOENT;
	memcpy(pages + 4096 - strlen(EDGE), EDGE, strlen(EDGE));
	failures += open(pages + 4096 - strlen(EDGE), O_RDONLY) != -1 || errno != EFAULT;
	failures += syscall(SYS_openat, AT_FDCWD, (char *)1, O_RDONLY) != -1 || errno != EFAULT;
	failures += syscall(SYS_openat, AT_FDCWD, (char *)-8, O_RDONLY) != -1 || errno != EFAULT;
	failures += syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY) != -1 || errno != EFAULT;
	failures += syscall(SYS_writev, 1, (struct iovec *)0x10, 3) != -1 || errno != EFAULT;
	failures += syscall(SYS_execve, "/bin/true", (char **)0x20, NULL) != -1 || errno != EFAULT;

	/* A file's page, written through a descriptor and never touched through the mapping. */
	file = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || pwrite(file, "/not/resident/yet", 18, 0) != 18)
		return 100;
	mapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	failures += open(mapped, O_RDONLY) != -1 || errno != ENOENT;
	(void)argc;
	return failures;
}
