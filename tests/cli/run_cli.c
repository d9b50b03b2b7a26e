/* run_cli.c - calls the program inside the test and keeps what it wrote. */
#include "tests/cli/run_cli.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"

char out[64 * 1024], err[64 * 1024];
static char folder[200], before[4096];
static int saved[3];

static void or_die(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	_exit(99);
}

void cli_begin(void)
{
	static const char *const ours[] = {"BERTH_APP",   "BERTH_LOCATION", "BERTH_SET",      "BERTH_OUTPUT",
					   "BERTH_COLOR", "BERTH_PROGRESS", "BERTH_TIMEOUT",  "BERTH_YES",
					   "BERTH_OWNER", "BERTH_HELPER",   "CLICOLOR_FORCE", "NO_COLOR"};
	const char *temporary = getenv("TMPDIR");
	for (size_t i = 0; i < COUNT_OF(ours); i++)
		unsetenv(ours[i]);
	snprintf(folder, sizeof folder, "%s/berth-cli.XXXXXX", temporary ? temporary : "/tmp");
	or_die(mkdtemp(folder) && getcwd(before, sizeof before) && chdir(folder) == 0, "mkdtemp");
	setenv("XDG_CONFIG_HOME", folder, 1);
	setenv("TERM", "xterm", 1);
	write_file("blueprint.yaml", "id: shop\n");
	script = (struct script){.result = "{\"format_version\":\"1\"}\n"};
	asked = (struct asked){0};
}

void cli_end(void)
{
	char command[300];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	or_die(chdir(before) == 0 && system(command) == 0, "rm");
}

void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");
	or_die(file && fputs(text, file) >= 0 && fclose(file) == 0, name);
}

/* --- standard streams ----------------------------------------------------------------------- */

static void redirect(const int *fds)
{
	fflush(NULL);
	for (int i = 0; i < 3; i++) {
		saved[i] = dup(i);
		or_die(saved[i] >= 0 && dup2(fds[i], i) == i, "dup2");
	}
	clearerr(stdout);
}

static void restore(void)
{
	fflush(NULL);
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	clearerr(stdout);
}

static void read_back(int fd, char *to, size_t room)
{
	ssize_t size = pread(fd, to, room - 1, 0);
	to[size > 0 ? size : 0] = '\0';
}

static int split_and_run(const char *words)
{
	char copy[2048], *argv[64] = {"berth"}, *rest = copy, *word;
	int argc = 1;
	snprintf(copy, sizeof copy, "%s", words);
	while ((word = strsep(&rest, " ")) && argc < 63)
		if (*word)
			argv[argc++] = word;
	return berth_cli(argc, argv);
}

static int scratch(void)
{
	char name[] = "scratch.XXXXXX";
	int fd = mkstemp(name);
	or_die(fd >= 0 && unlink(name) == 0, "mkstemp");
	return fd;
}

static int run_from(int input, int argc, char **argv, const char *words)
{
	int fds[] = {input, scratch(), scratch()};
	redirect(fds);
	int code = words ? split_and_run(words) : berth_cli(argc, argv);
	restore();
	read_back(fds[1], out, sizeof out);
	read_back(fds[2], err, sizeof err);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	return code;
}

static int run_with(int argc, char **argv, const char *words)
{
	return run_from(open("/dev/null", O_RDONLY), argc, argv, words);
}

int run_with_input(const char *words, const char *input, size_t size, size_t *ret_read)
{
	int file = scratch();
	or_die(write(file, input, size) == (ssize_t)size && lseek(file, 0, SEEK_SET) == 0, "write");
	int kept = dup(file), code = run_from(file, 0, NULL, words);
	*ret_read = (size_t)lseek(kept, 0, SEEK_CUR);
	close(kept);
	return code;
}

int run_cli(const char *words)
{
	return run_with(0, NULL, words);
}

int run_words(int argc, char **argv)
{
	return run_with(argc, argv, NULL);
}

static void read_to_end(int fd, char *to, size_t room)
{
	size_t size = 0;
	ssize_t count;
	while (size < room - 1 && (count = read(fd, to + size, room - 1 - size)) > 0)
		size += (size_t)count;
	to[size] = '\0';
}

static void open_terminal(int *near, int *far, const char *typed, const struct winsize *size)
{
	struct termios mode;
	or_die(openpty(near, far, NULL, NULL, size) == 0 && tcgetattr(*far, &mode) == 0, "openpty");
	mode.c_lflag &= (tcflag_t)~ECHO;
	mode.c_oflag &= (tcflag_t)~OPOST;
	or_die(tcsetattr(*far, TCSANOW, &mode) == 0, "tcsetattr");
	or_die(write(*near, typed, strlen(typed)) == (ssize_t)strlen(typed), "write");
}

int run_on_terminal(const char *words, const char *typed)
{
	int near = -1, far = -1, file = scratch();
	struct winsize size = {.ws_col = 80, .ws_row = 24};
	open_terminal(&near, &far, typed, &size);
	int fds[] = {far, file, far};
	redirect(fds);
	int code = split_and_run(words);
	restore();
	close(far); /* now reading ends where the output does */
	read_to_end(near, err, sizeof err);
	read_back(file, out, sizeof out);
	close(near);
	close(file);
	return code;
}

int run_on(int fd, const char *words)
{
	redirect((const int[]){fd, fd, fd});
	int code = split_and_run(words);
	restore();
	return code;
}

int run_on_screen(const char *words, const char *typed, unsigned short columns, unsigned short rows)
{
	int near = -1, far = -1;
	struct winsize size = {.ws_col = columns, .ws_row = rows};
	open_terminal(&near, &far, typed, &size);
	int fds[] = {far, far, far};
	redirect(fds);
	int code = split_and_run(words);
	restore();
	close(far);
	read_to_end(near, out, sizeof out);
	close(near);
	return code;
}

int run_into_closed_pipe(const char *words)
{
	int ends[2];
	or_die(pipe(ends) == 0, "pipe");
	close(ends[0]);
	int fds[] = {open("/dev/null", O_RDONLY), ends[1], scratch()};
	redirect(fds);
	int code = split_and_run(words);
	restore();
	read_back(fds[2], err, sizeof err);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	return code;
}
