// SPDX-License-Identifier: Apache-2.0
// Each way that is named (all of them without one) holds a lock of the kernel for a tenth of a second, while a process that has
// the way's name waits for it in one call. Who holds it is the thread "holder", in a call that reads a page of its memory which
// the thread "pager" brings a tenth of a second later. Argument 1 is a directory.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *way;
static int faults, held[2];
static char *late, page[4096];

static int must(int result)
{
	if (result < 0) {
		fprintf(stderr, "%s: ", way);
		perror("call");
		exit(1);
	}
	return result;
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static void *pager(void *unused)
{
	struct uffd_msg message;
	struct uffdio_copy copy = { .src = (uintptr_t)page, .len = sizeof(page) };

	prctl(PR_SET_NAME, "pager");
	must(read(faults, &message, sizeof(message)));
	nap(130);
	copy.dst = message.arg.pagefault.address & ~4095UL;
	must(ioctl(faults, UFFDIO_COPY, &copy));
	return unused;
}

static void *holder(void *unused)
{
	prctl(PR_SET_NAME, "holder");
	if (!strcmp(way, "unix_lock"))
		must(recv(held[0], late, sizeof(page), 0));
	else
		must(write(held[1], late, sizeof(page)));
	return unused;
}

static void late_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range;
	pthread_t thread;

	late = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range = (struct uffdio_register){ { (uintptr_t)late, sizeof(page) }, UFFDIO_REGISTER_MODE_MISSING, 0 };
	faults = must(syscall(SYS_userfaultfd, 0));
	must(ioctl(faults, UFFDIO_API, &api));
	must(ioctl(faults, UFFDIO_REGISTER, &range));
	pthread_create(&thread, NULL, pager, NULL);
}

static void *execute(void *path)
{
	char *words[] = { path, late, NULL };

	execv(path, words);
	return NULL;
}

// What is executed has the way's name; its words come late.
static void late_exec(const char *path)
{
	pthread_t thread;

	must(symlink("/proc/self/exe", path));
	late_page();
	if (!strcmp(way, "exec"))
		execute((void *)path);
	pthread_create(&thread, NULL, execute, (void *)path);
	pthread_join(thread, NULL);
}

static void held_lock(const char *folder)
{
	pthread_t thread;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, way);
	if (strstr(way, "exec"))
		late_exec(path);
	if (!strcmp(way, "pipe_lock"))
		must(pipe(held));
	else if (!strcmp(way, "unix_lock"))
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, held));
	else
		held[0] = held[1] = must(open(path, O_RDWR | O_CREAT, 0600));
	if (!strcmp(way, "unix_lock"))
		must(send(held[1], page, sizeof(page), 0));
	late_page();
	if (!strcmp(way, "userfault")) {
		must(pwrite(held[0], late, sizeof(page), 0));
		return;
	}
	pthread_create(&thread, NULL, holder, NULL);
	nap(30);
	if (!strcmp(way, "unix_lock"))
		recv(held[0], page, sizeof(page), MSG_DONTWAIT);
	else if (!strcmp(way, "file_size"))
		must(ftruncate(held[0], 1));
	else
		must(write(held[1], page, sizeof(page)));
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	static const char *const ways[] = { "pipe_lock", "unix_lock", "file_lock", "file_size", "userfault", "exec", "thread_exec" };
	int failed = 0, status;

	if (argc < 2)
		return 2;
	if (strstr(argv[0], "exec"))
		return 0;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		way = ways[i];
		if ((argc > 2 && strcmp(argv[2], way)) || fork())
			continue;
		prctl(PR_SET_NAME, way);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		held_lock(argv[1]);
		exit(0);
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
