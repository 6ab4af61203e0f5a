// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the calls of cases.h, which the suite writes from the facts, without a libc: nothing else is called, and nothing is touched but
 * the memory of memory.bin. The calls are made by a user without rights, in namespaces and an empty file system of their own.
 *
 *	caller EMPTY-DIRECTORY
 */
#include "cases.h"

typedef unsigned long word;

extern const unsigned char image[];
__asm__(".section .rodata\n.balign 16\nimage:\n.incbin \"memory.bin\"\n.text\n");

#ifdef __x86_64__
/* call(nr, args): a child that comes back from it ends at once, since it may have its parent's stack. */
__asm__("call:\n"
	"push %rbx\n push %r12\n push %r13\n"
	"mov %rdi, %rax\n mov %rdi, %rbx\n mov %rsi, %r12\n"
	"mov (%r12), %rdi\n mov 8(%r12), %rsi\n mov 16(%r12), %rdx\n mov 24(%r12), %r10\n mov 32(%r12), %r8\n mov 40(%r12), %r9\n"
	"syscall\n"
	"test %rax, %rax\n jnz 1f\n"
	"cmp $" NAME(NR_fork) ", %ebx\n je 2f\n cmp $" NAME(NR_vfork) ", %ebx\n je 2f\n"
	"cmp $" NAME(NR_clone) ", %ebx\n je 2f\n cmp $" NAME(NR_clone3) ", %ebx\n jne 1f\n"
	"2: mov $" NAME(NR_exit) ", %eax\n xor %edi, %edi\n syscall\n"
	"1: pop %r13\n pop %r12\n pop %rbx\n ret\n"
	"own_fork: mov $" NAME(NR_fork) ", %eax\n syscall\n ret\n"
	".globl _start\n_start:\n mov %rsp, %rdi\n and $-16, %rsp\n call run\n"
	"restore: mov $" NAME(NR_rt_sigreturn) ", %eax\n syscall\n");
long call(word nr, const word *args);
#else
__asm__("call:\n"
	"push %ebp\n push %ebx\n push %esi\n push %edi\n"
	"mov 20(%esp), %eax\n mov 24(%esp), %esi\n"
	"mov (%esi), %ebx\n mov 4(%esi), %ecx\n mov 8(%esi), %edx\n mov 16(%esi), %edi\n mov 20(%esi), %ebp\n mov 12(%esi), %esi\n"
	"int $0x80\n"
	"test %eax, %eax\n jnz 1f\n"
	"cmpl $" NAME(NR_fork) ", 20(%esp)\n je 2f\n cmpl $" NAME(NR_vfork) ", 20(%esp)\n je 2f\n"
	"cmpl $" NAME(NR_clone) ", 20(%esp)\n je 2f\n cmpl $" NAME(NR_clone3) ", 20(%esp)\n jne 1f\n"
	"2: mov $" NAME(NR_exit) ", %eax\n xor %ebx, %ebx\n int $0x80\n"
	"1: pop %edi\n pop %esi\n pop %ebx\n pop %ebp\n ret\n"
	"own_fork: mov $" NAME(NR_fork) ", %eax\n int $0x80\n ret\n"
	".globl _start\n_start:\n mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call run\n"
	"restore: mov $" NAME(NR_rt_sigreturn) ", %eax\n int $0x80\n");
long call(word nr, const word *args);
#endif
long own_fork(void);
extern const char restore[];

#define CALL(nr, ...) call(nr, (const word[6]){ __VA_ARGS__ })
#define P(pointer) ((word)(pointer))

enum {
	WORKER = 60123, /* the user without rights */
	SIGKILL = 9,
	SIGALRM = 14,
	SIGCHLD = 17,
	NAMESPACES = 0x20000 | 0x20000000 | 0x40000000 | 0x8000000 | 0x4000000 | 0x2000000, /* mount, pid, net, ipc, uts, cgroup */
	MAP_SHARED_ANONYMOUS = 0x21,
	MAP_PRIVATE_FIXED = 0x32,
};

static volatile word *progress; /* the case that the worker is in */

void *memcpy(void *to, const void *from, word size)
{
	char *at = to;

	for (word i = 0; i < size; i++)
		at[i] = ((const char *)from)[i];
	return to;
}

void *memset(void *to, int value, word size)
{
	for (word i = 0; i < size; i++)
		((char *)to)[i] = (char)value;
	return to;
}

static void woken(int signal)
{
	(void)signal;
}

static void end(int status)
{
	CALL(NR_exit_group, status);
}

static void must(long result, int status)
{
	if (result < 0)
		end(status);
}

static long map(word address, word size, word flags)
{
#ifdef __x86_64__
	return CALL(NR_mmap, address, size, 3, flags, -1, 0);
#else
	return CALL(NR_mmap2, address, size, 3, flags, -1, 0);
#endif
}

static void limit(int which, word most)
{
	unsigned long long both[2] = { most, most };

	must(CALL(NR_prlimit64, 0, which, P(both)), 20);
}

static void become_nobody(void)
{
	limit(0, 2); /* CPU time, in seconds */
	limit(1, 1 << 20); /* a file's size */
	limit(4, 0); /* core files */
	limit(6, 40); /* processes */
	limit(8, 1 << 16); /* locked memory */
	limit(9, 256 << 20); /* memory */
	must(CALL(NR_setgroups32, 0, 0), 21);
	must(CALL(NR_setresgid32, WORKER, WORKER, WORKER), 22);
	must(CALL(NR_setresuid32, WORKER, WORKER, WORKER), 23);
	if (CALL(NR_geteuid32) != WORKER)
		end(24);
}

/* A marker tells with which case it begins; then one call for each. */
static void work(word first, word last)
{
	struct {
		word handler, flags, restorer;
		unsigned long long mask;
	} action = { P(woken), 0x04000000 /* SA_RESTORER */, P(restore), 0 };

	become_nobody();
	must(CALL(NR_rt_sigaction, SIGALRM, P(&action), 0, 8), 25);
	CALL(NR_lseek, -1, first, 0);
	for (word i = first; i < last; i++) {
		*progress = i;
		memcpy((void *)POKE, image + tests[i].poke, tests[i].size);
		call(tests[i].nr, tests[i].args);
	}
	end(0);
}

/* Whoever waits too long is woken, then killed. */
static void watch(long worker)
{
	unsigned long long children = 1ull << (SIGCHLD - 1);
	const word patience[2] = { 0, 20000000 };
	word seen = -1;
	int waits = 0;

	for (;;) {
		long ended;

		CALL(NR_rt_sigtimedwait, P(&children), 0, P(patience), 8);
		while ((ended = CALL(NR_wait4, -1, 0, 1 | 0x40000000 /* WNOHANG, __WALL */, 0)) > 0)
			if (ended == worker)
				return;
		if (ended < 0)
			return;
		waits = *progress == seen ? waits + 1 : 0;
		seen = *progress;
		if (waits)
			CALL(NR_kill, worker, waits > 10 ? SIGKILL : SIGALRM);
	}
}

static void group(word first, word last)
{
	while (first < last) {
		long worker;

		*progress = first;
		worker = own_fork();
		must(worker, 10);
		if (worker == 0)
			work(first, last);
		watch(worker);
		first = *progress + 1;
	}
}

static void files(const char *directory)
{
	const char *none = "none", *options = "size=4m,mode=755";
	long null = CALL(NR_openat, -100, P("/dev/null"), 2, 0);
	int pair[2];

	must(null, 2);
	must(CALL(NR_mount, 0, P("/"), 0, 0x44000 /* MS_REC|MS_PRIVATE */, 0), 3);
	must(CALL(NR_mount, P(none), P(directory), P("tmpfs"), 0, P(options)), 4);
	must(CALL(NR_chdir, P(directory)), 5);
	must(CALL(NR_chroot, P(".")), 6);
	CALL(NR_mkdirat, -100, P("/d"), 0777);
	for (int fd = 0; fd < 3; fd++)
		CALL(NR_dup3, null, fd, 0);
	CALL(NR_close_range, 3, -1, 0);
	must(CALL(NR_openat, -100, P("/f"), 0102, 0666) == 3 ? 0 : -1, 7);
	CALL(NR_write, 3, P("some text of a file\n"), 20);
	CALL(NR_socketpair, 1, 1, 0, P(pair)); /* 4, 5 */
	CALL(NR_pipe2, P(pair), 0); /* 6, 7 */
	CALL(NR_epoll_create1, 0); /* 8 */
	CALL(NR_openat, -100, P("/d"), 0200000, 0); /* 9 */
}

static void memory(void)
{
	for (unsigned i = 0; i < sizeof(regions) / sizeof(*regions); i++) {
		must(map(regions[i].address, regions[i].size, MAP_PRIVATE_FIXED), 8);
		memcpy((void *)regions[i].address, image + regions[i].from, regions[i].size);
		if (regions[i].read_only)
			CALL(NR_mprotect, regions[i].address, regions[i].size, 1);
	}
	progress = (volatile word *)map(0, 4096, MAP_SHARED_ANONYMOUS);
}

void run(word *stack)
{
	unsigned long long children = 1ull << (SIGCHLD - 1);
	int status = -1;
	long init;

	CALL(NR_rt_sigprocmask, 0, P(&children), 0, 8);
	must(CALL(NR_unshare, NAMESPACES), 1);
	init = own_fork();
	must(init, 9);
	if (init == 0) {
		CALL(NR_setsid);
		files((const char *)stack[2]);
		memory();
		for (unsigned i = 0; i + 1 < sizeof(groups) / sizeof(*groups); i++)
			group(groups[i], groups[i + 1]);
		end(0);
	}
	CALL(NR_wait4, init, P(&status), 0, 0);
	end(status >> 8 & 0xff);
}
