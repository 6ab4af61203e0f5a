// SPDX-License-Identifier: Apache-2.0
// Signals of every shape, and a child that one of them ends.
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __x86_64__
#define NO_INSTRUCTION "ud2"
#else
#define NO_INSTRUCTION "udf #0"
#endif

static sigjmp_buf back;

static void note(int signal)
{
	(void)signal;
}

static void jump(int signal)
{
	siglongjmp(back, signal);
}

static void queue(int signal, int code, pid_t pid, uid_t uid, int status)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_code = code;
	info.si_pid = pid;
	info.si_uid = uid;
	info.si_status = status;
	syscall(SYS_rt_sigqueueinfo, getpid(), signal, &info);
}

static void faults(void)
{
	volatile int *volatile nowhere = (volatile int *)0x10, *volatile hole = (volatile int *)0x8000000000000010;

	signal(SIGSEGV, jump);
	signal(SIGILL, jump);
	if (!sigsetjmp(back, 1))
		*nowhere = 1;
	if (!sigsetjmp(back, 1))
		*hole = 1;
	if (!sigsetjmp(back, 1))
		__asm__(NO_INSTRUCTION);
}

int main(void)
{
	static const int codes[] = { -1, -2, -3, -4, -5, -6, -7, -60, -100, 0x80, 1, 2 };
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 4 };
	sigset_t timers, none;
	int pipes[2];

	for (int i = 1; i < 65; i++)
		if (i != SIGCONT)
			signal(i, note);
	for (unsigned int i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		queue(SIGUSR1, codes[i], 5, 6, 7);
		queue(SIGUSR2, codes[i], 0, 0, 0);
		queue(SIGCHLD, codes[i], 5, 6, 9);
	}
	raise(SIGHUP);
	kill(getpid(), SIGRTMAX);
	faults();

	event.sigev_value.sival_int = 77;
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	/* Blocked until it is waited for: on a slow machine it comes sooner. */
	sigemptyset(&none);
	sigemptyset(&timers);
	sigaddset(&timers, SIGRTMIN + 4);
	sigprocmask(SIG_BLOCK, &timers, NULL);
	timer_settime(timer, 0, &(struct itimerspec){ .it_value.tv_nsec = 1000000 }, NULL);
	sigsuspend(&none);
	sigprocmask(SIG_UNBLOCK, &timers, NULL);
	if (pipe(pipes))
		return 1;
	fcntl(pipes[0], F_SETOWN, getpid());
	fcntl(pipes[0], F_SETFL, O_ASYNC);
	if (write(pipes[1], "x", 1) != 1)
		return 1;
	if (fork() == 0) {
		signal(SIGTERM, SIG_DFL);
		raise(SIGTERM);
	}
	wait(NULL);
	return 0;
}
