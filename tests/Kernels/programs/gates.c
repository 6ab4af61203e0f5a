// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Calls that a function of the kernel does not see from its entry to its return: one that began
 * before anybody looked, one that a filter refuses, an execve, an exit, a child's first return.
 * Begins with a read of standard input: what comes is let go with a line there.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void refuse(unsigned nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 42),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

int main(int argc, char **argv)
{
	char line[16];
	int status;

	if (argc > 1) {
		syscall(SYS_getpgid, 0);
		syscall(SYS_close, -7);
		_exit(5);
	}
	read(0, line, sizeof(line));
	if (!fork()) {
		execl("/none", "none", (char *)0);
		_exit(3);
	}
	wait(&status);
	syscall(SYS_close, -3);
	syscall(SYS_getpgid, 0);
	refuse(SYS_getpgid);
	syscall(SYS_getpgid, 77);
	syscall(SYS_close, -4);
	execl("/proc/self/exe", argv[0], "again", (char *)0);
	return 1;
}
