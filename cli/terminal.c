/* terminal.c - the terminal's mode, taken over and given back on every way out; what is called from a handler
 * here may be called there. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/terminal.h"

/* What ends us at once: the mode is given back first. */
static const int deadly[] = {SIGINT, SIGTERM, SIGHUP,  SIGQUIT, SIGABRT, SIGSEGV, SIGBUS,
			     SIGFPE, SIGILL,  SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
static const int heard[] = {SIGTSTP, SIGCONT, SIGWINCH};

/* Another screen, and no cursor on it; and back. */
static const char view_begins[] = "\033[?1049h\033[?25l", view_ends[] = "\033[?25h\033[?1049l";

static struct {
	int fd; /* -1: none is taken over */
	bool view;
	int ends[2]; /* news for the loop */
	struct termios before, raw;
	struct sigaction deadly[COUNT_OF(deadly)], heard[COUNT_OF(heard)];
} held = {.fd = -1, .ends = {-1, -1}};

static void tell_loop(void)
{
	if (write(held.ends[1], "", 1) < 0)
		return; /* full: there is enough to read */
}

static void show(const char *escapes, size_t size)
{
	if (held.view && write(STDOUT_FILENO, escapes, size) < 0)
		return; /* nobody looks */
}

static void give_back(void)
{
	if (held.fd < 0)
		return;
	show(view_ends, sizeof view_ends - 1);
	tcsetattr(held.fd, TCSANOW, &held.before);
}

static void take(void)
{
	tcsetattr(held.fd, TCSANOW, &held.raw);
	show(view_begins, sizeof view_begins - 1);
}

static void on_deadly(int number)
{
	give_back();
	signal(number, SIG_DFL);
	raise(number); /* comes when this one returns */
}

/* Stopped with the mode given back. Whoever goes on with us sends SIGCONT. */
static void on_stop(int number)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};
	struct sigaction ours;
	sigset_t only, before;
	int saved = errno;
	give_back();
	sigaction(number, &standard, &ours);
	raise(number);
	sigemptyset(&only);
	sigaddset(&only, number);
	sigprocmask(SIG_UNBLOCK, &only, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(number, &ours, NULL);
	errno = saved;
}

/* In the background the mode is another's. */
static void on_continue(int number)
{
	int saved = errno;
	(void)number;
	if (tcgetpgrp(held.fd) == getpgrp())
		take();
	tell_loop();
	errno = saved;
}

static void on_resize(int number)
{
	int saved = errno;
	(void)number;
	tell_loop();
	errno = saved;
}

static void hear(void)
{
	static void (*const handlers[])(int) = {on_stop, on_continue, on_resize};
	for (size_t i = 0; i < COUNT_OF(deadly); i++) {
		const struct sigaction action = {.sa_handler = on_deadly};
		sigaction(deadly[i], NULL, &held.deadly[i]);
		/* What nohup or a shell's background job ignores stays so. */
		if (held.deadly[i].sa_handler != SIG_IGN)
			sigaction(deadly[i], &action, NULL);
	}
	for (size_t i = 0; i < COUNT_OF(heard); i++) {
		const struct sigaction action = {.sa_handler = handlers[i], .sa_flags = SA_RESTART};
		sigaction(heard[i], &action, &held.heard[i]);
	}
}

static int begin(int fd)
{
	if (pipe2(held.ends, O_CLOEXEC | O_NONBLOCK))
		return -1;
	held.fd = fd;
	hear();
	if (tcsetattr(fd, TCSADRAIN, &held.raw) == 0)
		return held.ends[0];
	terminal_end();
	return -1;
}

int terminal_begin(int fd)
{
	if (tcgetattr(fd, &held.before))
		return -1;
	held.raw = held.before;
	cfmakeraw(&held.raw);
	held.view = false;
	return begin(fd);
}

int terminal_view(int fd)
{
	pid_t whose = tcgetpgrp(fd); /* -1: not what we were started from, so nobody else's */
	if (tcgetattr(fd, &held.before) || (whose >= 0 && whose != getpgrp()))
		return -1;
	held.raw = held.before;
	held.raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	held.raw.c_cc[VMIN] = 1;
	held.raw.c_cc[VTIME] = 0;
	held.view = true;
	int news = begin(fd);
	if (news >= 0)
		show(view_begins, sizeof view_begins - 1);
	return news;
}

void terminal_end(void)
{
	if (held.fd < 0)
		return;
	give_back();
	for (size_t i = 0; i < COUNT_OF(deadly); i++)
		sigaction(deadly[i], &held.deadly[i], NULL);
	for (size_t i = 0; i < COUNT_OF(heard); i++)
		sigaction(heard[i], &held.heard[i], NULL);
	close(held.ends[0]);
	close(held.ends[1]);
	held.fd = held.ends[0] = held.ends[1] = -1;
}

bool terminal_changed(void)
{
	char bytes[16];
	bool changed = false;
	while (held.fd >= 0 && read(held.ends[0], bytes, sizeof bytes) > 0)
		changed = true;
	return changed;
}

void terminal_size(int fd, unsigned *ret_rows, unsigned *ret_columns)
{
	struct winsize size = {0};
	if (ioctl(fd, TIOCGWINSZ, &size))
		size = (struct winsize){0};
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
}
