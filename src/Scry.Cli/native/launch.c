/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts the command that is to be traced, and passes signals on to it. In C because a process of
 * several threads may only call async-signal-safe functions between fork() and execve().
 *
 * The child waits in read() before its execve, until the tracer is attached; it ends when the
 * tracer could not, or died.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launch.h"

extern char **environ;

/* Shared with the child until its execve: why that failed, as an errno. */
static _Atomic int *exec_error;
static int go_fd = -1;
static _Atomic pid_t child;
/* The shell that reads what this process writes, until it is reaped. */
static _Atomic pid_t reader;
static int child_ended, child_status;
static _Atomic int pending_signal;

/* How this process was started: the runtime changes all of it, and the command must not see that.
 */
static sigset_t start_mask;
static unsigned char start_ignored[NSIG];
static struct rlimit start_files;
static unsigned char start_closed[3];

/* Nothing of this process may get the number of a standard stream that was closed, and what is
 * written to it fails: as a descriptor that only names a directory does, which needs no /dev. */
static void occupy_closed(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		start_closed[fd] = fcntl(fd, F_GETFD) < 0;
		if (start_closed[fd])
			open("/", O_PATH | O_DIRECTORY);
	}
}

/* Below it the runtime crashes, or takes all for its heap and leaves nothing for the kernel's maps:
 * too early, or too late, to say why. */
#define LEAST_MEGABYTES 512

static void require_address_space(void)
{
	static const char words[] = "scry: the address space is limited (ulimit -v) to less than "
				    "the 512 MB that Scry needs; raise the limit\n";
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur >= (rlim_t)LEAST_MEGABYTES << 20)
		return;
	if (write(2, words, sizeof(words) - 1) < 0)
		_exit(1);
	_exit(1);
}

static void on_file_limit(int sig)
{
	(void)sig;
}

__attribute__((constructor)) static void remember_start(void)
{
	struct sigaction action;

	require_address_space();
	occupy_closed();
	sigprocmask(SIG_SETMASK, NULL, &start_mask);
	for (int sig = 1; sig < NSIG; sig++)
		start_ignored[sig] = !sigaction(sig, NULL, &action) && action.sa_handler == SIG_IGN;
	getrlimit(RLIMIT_NOFILE, &start_files);
	/* RLIMIT_FSIZE: the write fails, and is told as a full disk is. A handler, unlike SIG_IGN,
	 * ends at execve. */
	action = (struct sigaction){.sa_handler = on_file_limit, .sa_flags = SA_RESTART};
	if (!start_ignored[SIGXFSZ])
		sigaction(SIGXFSZ, &action, NULL);
}

/* How many files may be open: the runtime has raised the limit to this. */
long scry_file_limit(void)
{
	return start_files.rlim_max > LONG_MAX ? LONG_MAX : (long)start_files.rlim_max;
}

void launch_restore(void)
{
	struct sigaction action = {0};

	for (int fd = 0; fd <= 2; fd++) {
		if (start_closed[fd])
			close(fd);
	}
	for (int sig = 1; sig < NSIG; sig++) {
		action.sa_handler = start_ignored[sig] ? SIG_IGN : SIG_DFL;
		sigaction(sig, &action, NULL);
	}
	setrlimit(RLIMIT_NOFILE, &start_files);
	sigprocmask(SIG_SETMASK, &start_mask, NULL);
}

/* The terminal is taken by a full screen: the command has none. */
static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++) {
		if (isatty(fd))
			dup2(null, fd);
	}
}

/* Whom commands run as, when that was said. */
static struct {
	int given;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t count;
} user;

/* Gives 0, or -errno: then nobody is chosen, and no command may be started. */
int scry_command_user(uid_t uid, gid_t gid, const gid_t *groups, int count)
{
	user.groups = calloc(count, sizeof(*groups));
	if (!user.groups)
		return -errno;
	memcpy(user.groups, groups, count * sizeof(*groups));
	user.count = count;
	user.uid = uid;
	user.gid = gid;
	user.given = 1;
	return 0;
}

struct command {
	int gate[2]; /* the child waits at the first end */
	int no_terminal;
};

static void command_run(const char *path, char **argv, void *context)
{
	struct command *how = context;
	char go;

	close(how->gate[1]);
	launch_restore();
	if (how->no_terminal)
		leave_terminal();
	if (read(how->gate[0], &go, 1) != 1)
		_exit(1);
	if (!user.given ||
	    (!setgroups(user.count, user.groups) && !setresgid(user.gid, user.gid, user.gid) &&
	     !setresuid(user.uid, user.uid, user.uid)))
		execve(path, argv, environ);
	atomic_store(exec_error, errno);
}

pid_t launch_fork(const char *words, int count,
		  void (*run)(const char *path, char **argv, void *context), void *context,
		  _Atomic pid_t *at)
{
	char **argv = calloc(count + 1, sizeof(*argv));
	const char *word = words;
	sigset_t all, old;
	pid_t pid;
	int error;

	if (!argv)
		return -ENOMEM;
	for (int i = 0; i < count; i++) {
		word += strlen(word) + 1;
		argv[i] = (char *)word;
	}
	/* No handler of the runtime may run in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = fork();
	error = errno;
	if (pid == 0) {
		run(words, argv, context);
		_exit(1);
	}
	if (at)
		atomic_store(at, pid > 0 ? pid : 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	free(argv);
	return pid > 0 ? pid : -error;
}

/* no_terminal: what would be the terminal is /dev/null. Gives the pid or -errno. */
int scry_command_start(const char *words, int count, int no_terminal)
{
	struct command how = {.no_terminal = no_terminal};
	pid_t pid;

	exec_error = mmap(NULL, sizeof(*exec_error), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (exec_error == MAP_FAILED || pipe2(how.gate, O_CLOEXEC))
		return -errno;
	pid = launch_fork(words, count, command_run, &how, &child);
	close(how.gate[0]);
	go_fd = how.gate[1];
	return pid;
}

/* Lets the child execve. Gives 0, or -1 when it is dead. */
int scry_command_go(void)
{
	return write(go_fd, "", 1) == 1 ? 0 : -1;
}

/* Why its execve failed, as an errno; 0 when it did not, or has not been tried. */
int scry_command_error(void)
{
	return atomic_load(exec_error);
}

/* Reaps whatever has ended: also what its parent left to this process, or was born to it
 * (CLONE_PARENT). Somebody may wait for its pid to go. */
void scry_reap(void)
{
	siginfo_t info = {0};

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) && info.si_pid) {
		pid_t pid = info.si_pid;
		/* Its pid is free for others once it is reaped: no signal may be passed on to it
		 * any more. */
		int own = atomic_compare_exchange_strong(&child, &(pid_t){pid}, 0), status;

		atomic_compare_exchange_strong(&reader, &(pid_t){pid}, 0);
		if (waitpid(pid, &status, __WALL) == pid && own) {
			child_status = status;
			child_ended = 1;
		}
		info.si_pid = 0;
	}
}

static void reader_run(const char *path, char **argv, void *context)
{
	launch_restore();
	if (dup2(*(int *)context, 0) == 0)
		execve(path, argv, environ);
}

/* Starts a program whose input is a pipe. Gives the end to write to, or -errno. words: as of
 * launch_fork. */
int scry_reader_start(const char *words, int count)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = launch_fork(words, count, reader_run, ends, &reader);
	close(ends[0]);
	if (pid > 0)
		return ends[1];
	close(ends[1]);
	return pid;
}

/* Ends its input, and waits for it; a signal ends the waiting. Here all children are reaped: who
 * waited for one of them by its pid might wait for ever. */
void scry_reader_end(int fd)
{
	struct timespec pause = {.tv_nsec = 1000000};

	close(fd);
	for (scry_reap(); atomic_load(&reader) && !atomic_load(&pending_signal); scry_reap())
		nanosleep(&pause, NULL);
}

/* Gives 1 and the status as wait(2) has it once the command ended, else 0. */
int scry_command_ended(int *status)
{
	scry_reap();
	*status = child_status;
	return child_ended;
}

/* Ends a command that was not let go. */
void scry_command_cancel(void)
{
	pid_t pid = atomic_exchange(&child, 0);

	if (pid) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	pid_t pid = atomic_load(&child);
	int saved = errno;

	(void)context;
	atomic_store(&pending_signal, sig);
	/* A key on the terminal reached the command too: it is in the same process group. */
	if (pid && info->si_code <= 0)
		kill(pid, sig);
	errno = saved;
}

/* Catches what ends a run; what was ignored at the start stays so (nohup). */
void scry_signals_catch(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		if (!start_ignored[signals[i]])
			sigaction(signals[i], &action, NULL);
	}
}

/* The last signal that was caught since the last call, or 0. */
int scry_signals_take(void)
{
	return atomic_exchange(&pending_signal, 0);
}

/* Whether there is one that was not taken yet. */
int scry_signals_pending(void)
{
	return atomic_load(&pending_signal) != 0;
}

/* A file in memory that only this process knows, or -errno. */
int scry_nameless_file(void)
{
	int fd = memfd_create("scry", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* write(2), but gives -errno. */
ssize_t scry_write(int fd, const void *bytes, size_t length)
{
	ssize_t written = write(fd, bytes, length);

	return written < 0 ? -errno : written;
}
