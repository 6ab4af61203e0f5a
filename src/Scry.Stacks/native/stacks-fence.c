/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worker gives up before it looks at anything: its rights, its descriptors, and all system
 * calls but those that read what it was handed, answer, and ask for memory. A program that takes it
 * over can say wrong things about stacks, and nothing else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "stacks.h"

#define NOBODY 65534

#ifdef __aarch64__
#define MACHINE AUDIT_ARCH_AARCH64
#else
#define MACHINE AUDIT_ARCH_X86_64
#endif

#define LOAD(field)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define REFUSED	      (SECCOMP_RET_ERRNO | EPERM)
/* The next statement is for this call alone. */
#define CALL(name)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1)
#define ALLOW(name) CALL(name), RETURN(SECCOMP_RET_ALLOW)
/* The next five are for this call alone: its argument, two looks, yes or no. */
#define CALL_IF(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 4)
#define ONLY_SOCKET(name)                                                                       \
	CALL_IF(name), LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STACKS_SOCKET, 0, 1), \
		RETURN(SECCOMP_RET_ALLOW), RETURN(REFUSED)
#define NEVER_CODE(name)                                                                     \
	CALL_IF(name), LOAD(args[2]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0), \
		RETURN(SECCOMP_RET_ALLOW), RETURN(REFUSED)

/* What is not named fails with EPERM: the C library asks for this and that, and does without. */
static struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(nr),
	ALLOW(read),
	ONLY_SOCKET(write),
	ONLY_SOCKET(recvmsg),
	NEVER_CODE(mmap),
	NEVER_CODE(mprotect),
	ALLOW(munmap),
	ALLOW(mremap),
	ALLOW(madvise),
	ALLOW(brk),
	ALLOW(pread64),
	ALLOW(fstat),
	/* How the C library asks for a descriptor's state. */
	CALL_IF(newfstatat),
	LOAD(args[3]),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AT_EMPTY_PATH, 0, 1),
	RETURN(SECCOMP_RET_ALLOW),
	RETURN(REFUSED),
	/* Asks only: F_GETFD, F_GETFL. */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fcntl, 0, 5),
	LOAD(args[1]),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_GETFD, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_GETFL, 0, 1),
	RETURN(SECCOMP_RET_ALLOW),
	RETURN(REFUSED),
	ALLOW(lseek),
	ALLOW(close),
	ALLOW(futex),
	ALLOW(getrandom),
	ALLOW(clock_gettime),
	ALLOW(exit),
	ALLOW(exit_group),
	RETURN(REFUSED),
};

static void limit(int what, rlim_t value)
{
	struct rlimit old, now = {value, value};

	if (!getrlimit(what, &old) && old.rlim_max < value)
		now.rlim_cur = now.rlim_max = old.rlim_max;
	setrlimit(what, &now);
}

static void drop_rights(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2];

	/* Who may not do this has few rights to lose. */
	if (!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY))
		(void)!setresuid(NOBODY, NOBODY, NOBODY);
	memset(none, 0, sizeof(none));
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none))
		_exit(1);
}

void fence__raise(void)
{
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	/* Not of the terminal's group: it ends with the socket, not with Ctrl-C. */
	setsid();
	syscall(SYS_close_range, 0, STACKS_SOCKET - 1, 0);
	syscall(SYS_close_range, STACKS_SOCKET + 1, ~0U, 0);
	prctl(PR_SET_NAME, "scry-stacks");
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, 64);
	/* Files that are mapped are in the first alone. */
	limit(RLIMIT_AS, (rlim_t)64 << 30);
	limit(RLIMIT_DATA, (rlim_t)1 << 30);
	drop_rights();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
}
