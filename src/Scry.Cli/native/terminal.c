/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal of a full-screen command: keys without echo and line by line, its size, and the
 * signals that concern it. In C because .NET's console would set the terminal up its own way and
 * take over signals. Signals only set flags; what they ask for is done by the thread that draws.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define EVENT_RESIZED	1
#define EVENT_STOP	2 /* the user wants it stopped: Ctrl-Z */
#define EVENT_CONTINUED 4

static int keys_fd = -1;
static struct termios saved;
static _Atomic int events;
/* What the terminal is given back with, and whether it is ours to give. */
static char leave[64];
static size_t leave_length;
static _Atomic int taken;

int scry_signals_pending(void);

int scry_is_terminal(int fd)
{
	return isatty(fd);
}

static void on_event(int sig)
{
	atomic_fetch_or(&events, sig == SIGWINCH  ? EVENT_RESIZED
				 : sig == SIGTSTP ? EVENT_STOP
						  : EVENT_CONTINUED);
}

static void handle(int sig)
{
	struct sigaction action = {.sa_handler = on_event, .sa_flags = SA_RESTART}, old;

	/* A shell without job control has it ignored, and nobody could continue this process. */
	if (!sigaction(sig, NULL, &old) && old.sa_handler == SIG_IGN && sig == SIGTSTP)
		return;
	sigaction(sig, &action, NULL);
}

/* In the background the terminal is another's: to set it up would stop this process. */
static int in_foreground(void)
{
	pid_t group = tcgetpgrp(keys_fd);

	return group < 0 || group == getpgrp();
}

/* The signals of a crash, and what the runtime does at each. */
static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static struct sigaction runtimes[sizeof(crashes) / sizeof(crashes[0])];

/*
 * A crash: the shell that follows has its terminal. The runtime comes first: what it makes an
 * exception of, as a null reference, is none; what is none of its own it leaves to the default
 * action. Its own failures end in abort(). Only calls that are async-signal-safe.
 */
static void on_crash(int sig, siginfo_t *info, void *context)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL}, now;
	int at = 0;

	while (crashes[at] != sig)
		at++;
	if (runtimes[at].sa_flags & SA_SIGINFO) {
		runtimes[at].sa_sigaction(sig, info, context);
		if (!sigaction(sig, NULL, &now) &&
		    (now.sa_flags & SA_SIGINFO || now.sa_handler != SIG_DFL))
			return;
	}
	if (atomic_exchange(&taken, 0)) {
		ssize_t written = write(STDOUT_FILENO, leave, leave_length);

		(void)written;
		tcsetattr(keys_fd, TCSANOW, &saved);
	}
	sigaction(sig, &by_default, NULL);
	raise(sig); /* when this returns */
}

static void handle_crashes(void)
{
	struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	for (unsigned int i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		if (!sigaction(crashes[i], NULL, &runtimes[i]))
			sigaction(crashes[i], &action, NULL);
	}
}

/* Keys come one by one; those that send signals still do. Gives 0 or -errno. */
static int set_raw(void)
{
	struct termios raw = saved;

	raw.c_lflag &= ~(ICANON | ECHO | IEXTEN);
	raw.c_iflag &= ~(IXON | ICRNL);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	atomic_store(&taken, 1);
	return tcsetattr(keys_fd, TCSADRAIN, &raw) ? -errno : 0;
}

/* Takes the terminal over; the bytes are what a crash writes to give it back. Gives 0 or -errno. */
int scry_terminal_open(const char *bytes, int length)
{
	leave_length = length < (int)sizeof(leave) ? length : (int)sizeof(leave);
	memcpy(leave, bytes, leave_length);
	keys_fd = isatty(STDIN_FILENO) ? STDIN_FILENO : open("/dev/tty", O_RDONLY | O_CLOEXEC);
	if (keys_fd < 0 || tcgetattr(keys_fd, &saved))
		return -errno;
	handle(SIGWINCH);
	handle(SIGTSTP);
	handle(SIGCONT);
	handle_crashes();
	return set_raw();
}

/* Gives the terminal back as it was. */
void scry_terminal_restore(void)
{
	atomic_store(&taken, 0);
	/* A shell that has it meanwhile has set it up for itself. */
	if (in_foreground())
		tcsetattr(keys_fd, TCSADRAIN, &saved);
}

/* Takes it over again after a stop. Continued in the background, it stops again, until a shell puts
 * it in front. Gives 1, or 0 when a signal has ended the run meanwhile: the terminal is not
 * touched. */
int scry_terminal_retake(void)
{
	while (!in_foreground()) {
		if (scry_signals_pending())
			return 0;
		raise(SIGTTOU);
		/* Nobody is there to continue it: then it was not stopped. */
		poll(NULL, 0, 10);
	}
	set_raw();
	return 1;
}

/* Stops this process as Ctrl-Z does by default; returns when it is continued. */
void scry_terminal_stop(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	sigaction(SIGTSTP, &action, NULL);
	raise(SIGTSTP);
	handle(SIGTSTP);
}

/* What happened since it was asked last. */
int scry_terminal_events(void)
{
	return atomic_exchange(&events, 0);
}

/* Columns and rows; 0 when the terminal does not know. */
void scry_terminal_size(int descriptor, int *columns, int *rows)
{
	struct winsize size = {0};

	ioctl(descriptor, TIOCGWINSZ, &size);
	*columns = size.ws_col;
	*rows = size.ws_row;
}

/* Waits for keys: gives how many bytes there are, 0 after that time or a signal, -1 when the
 * terminal is gone. */
int scry_terminal_keys(unsigned char *bytes, int size, int milliseconds)
{
	struct pollfd wait = {.fd = keys_fd, .events = POLLIN};
	int ready = poll(&wait, 1, milliseconds);
	ssize_t count;

	if (ready <= 0)
		return ready < 0 && errno != EINTR ? -1 : 0;
	count = read(keys_fd, bytes, size);
	if (count < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	return count || !(wait.revents & (POLLHUP | POLLERR)) ? count : -1;
}
