// SPDX-License-Identifier: Apache-2.0
// Calls whose memory nobody has touched before: it stands in a file that was just mapped. What they do is the argument:
// "denied" has them refused by seccomp before the kernel looks, "exec" executes itself or argument 2, "edge" passes what ends with its page.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096

// The bytes, mapped anew at the beginning of a page: no page table leads there yet.
static void *fresh(const void *bytes, size_t length)
{
	char name[] = "/tmp/untouched.XXXXXX";
	int fd = mkstemp(name);
	void *place;

	unlink(name);
	if (fd < 0 || pwrite(fd, bytes, length, 0) != (ssize_t)length || ftruncate(fd, PAGE))
		exit(1);
	place = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	return place == MAP_FAILED ? NULL : place;
}

static void deny(void)
{
	static const int calls[] = { SYS_mkdirat, SYS_symlinkat, SYS_sendto, SYS_writev, SYS_utimensat, SYS_execve };
	struct sock_filter filter[2 * sizeof(calls) / sizeof(calls[0]) + 2];
	struct sock_fprog program = { .filter = filter };
	unsigned short n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		exit(2);
}

static void denied(void)
{
	struct timespec times[2] = { { 5, 123 }, { 6, 7 } };
	struct iovec vector[2] = { { fresh("first part", 10), 10 }, { fresh("second", 6), 6 } };
	char *words[] = { fresh("untouched", 10), fresh("one\ttwo", 8), NULL };
	void *path = fresh("/no/such/place", 15), *other = fresh("and a target", 13), *when = fresh(times, sizeof(times)),
	     *vectors = fresh(vector, sizeof(vector)), *payload = fresh("a datagram", 10), *list = fresh(words, sizeof(words));

	deny();
	syscall(SYS_mkdirat, AT_FDCWD, path, 0700);
	syscall(SYS_symlinkat, other, -1, path);
	syscall(SYS_sendto, -1, payload, 10, MSG_DONTWAIT, NULL, 0);
	syscall(SYS_writev, -1, vectors, 2);
	syscall(SYS_utimensat, -1, path, when, 0);
	syscall(SYS_execve, path, list, list);
}

static void edge(void)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *end = page + PAGE;
	struct timespec no_time = { 0, 0 };

	munmap(end, PAGE);
	memset(end - 8, 0, 8);
	end[-8] = 1;
	syscall(SYS_pselect6, 1, end - 8, NULL, NULL, &no_time, NULL);
	syscall(SYS_pselect6, 0, end - 8, NULL, NULL, &no_time, NULL);
	syscall(SYS_pselect6, -1, end - 8, NULL, NULL, &no_time, NULL);
	memcpy(end - 5, "name", 5);
	syscall(SYS_mkdirat, -1, end - 5, 0700);
	memcpy(end - 16, &no_time, 16);
	syscall(SYS_nanosleep, end - 16, NULL);
	// What is there afterwards is not what the kernel found.
	memcpy(end - 4, "name", 4);
	syscall(SYS_mkdirat, -1, end - 4, 0700);
	mmap(end, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "exec")) {
		char self[PAGE] = "";
		ssize_t length = argc > 2 ? (ssize_t)strlen(strcpy(self, argv[2])) : readlink("/proc/self/exe", self, sizeof(self) - 1);
		char *words[] = { fresh("untouched", 10), fresh("done", 5), fresh("last \\ word", 12), NULL };

		self[length] = 0;
		syscall(SYS_execve, fresh(self, length + 1), fresh(words, sizeof(words)), fresh(&words[3], sizeof(words[3])));
	} else if (!strcmp(what, "denied")) {
		denied();
	} else if (!strcmp(what, "edge")) {
		edge();
	}
	// Its memory can be read from outside while it lives.
	usleep(300000);
	return 0;
}
