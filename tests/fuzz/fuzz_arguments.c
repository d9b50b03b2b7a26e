/* fuzz_arguments.c - a command line, BERTH_ variables, the user's file and what is in the files that are
 * named, through the whole program; the library does what a script says, and nothing is read, written or
 * waited for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "tests/cli/stub_berth.h"
#include "tests/fuzz/pieces.h"
#include "tests/fuzz/target.h"

enum { MOST_WORDS = 200, INTERRUPTED_FROM = 3 };

/* --- the outside ----------------------------------------------------------------------------- */

static struct {
	bool inside; /* the program runs: what it reaches for is this */
	struct piece user_file, content;
	int64_t waited_ms;
} outside;

/* What stands before a function of the C library. */
#define BEFORE(result, name, ...)                                                                            \
	result __real_##name(__VA_ARGS__);                                                                   \
	result __wrap_##name(__VA_ARGS__);                                                                   \
	result __wrap_##name(__VA_ARGS__)

static int filled(struct piece content)
{
	int fd = memfd_create("content", MFD_CLOEXEC);

	HOLDS(fd >= 0 && write(fd, content.text, content.size) == (ssize_t)content.size);
	HOLDS(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list more;

	va_start(more, flags);
	mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
	va_end(more);
	if (!outside.inside)
		return __real_open(path, flags, mode);
	HOLDS((flags & O_ACCMODE) == O_RDONLY);
	if (*path)
		return filled(outside.content);
	errno = ENOENT;
	return -1;
}

/* The user's file is read, the manual's pages are written. */
BEFORE(FILE *, fopen, const char *path, const char *mode)
{
	if (!outside.inside)
		return __real_fopen(path, mode);
	if (*mode == 'w')
		return __real_fopen("/dev/null", mode);
	HOLDS(strcmp(path, "/config/berth/config.yaml") == 0);
	if (outside.user_file.size)
		return fmemopen((char *)outside.user_file.text, outside.user_file.size, "r");
	errno = ENOENT;
	return NULL;
}

BEFORE(int, mkostemp, char *path, int flags)
{
	return outside.inside ? filled((struct piece){.text = ""}) : __real_mkostemp(path, flags);
}

BEFORE(int, rename, const char *from, const char *to)
{
	return outside.inside ? 0 : __real_rename(from, to);
}

BEFORE(int, unlink, const char *path)
{
	return outside.inside ? 0 : __real_unlink(path);
}

BEFORE(int, mkdir, const char *path, mode_t mode)
{
	return outside.inside ? 0 : __real_mkdir(path, mode);
}

/* Time goes by while somebody waits, and then alone. */
BEFORE(int, clock_gettime, clockid_t which, struct timespec *ret)
{
	if (!outside.inside)
		return __real_clock_gettime(which, ret);
	ret->tv_sec = 1700000000 + outside.waited_ms / 1000;
	ret->tv_nsec = outside.waited_ms % 1000 * 1000000;
	return 0;
}

BEFORE(int, poll, struct pollfd *wait, nfds_t count, int timeout)
{
	int ready = __real_poll(wait, count, outside.inside ? 0 : timeout);

	if (!outside.inside)
		return ready;
	HOLDS(ready || timeout >= 0);
	if (!ready)
		outside.waited_ms += timeout;
	return ready;
}

static void begin_outside(void)
{
	static bool begun;
	int null;

	if (begun)
		return;
	begun = true;
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	HOLDS(null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO);
	close(null);
	unsetenv("HOME");
	unsetenv("NO_COLOR");
	unsetenv("CLICOLOR_FORCE");
	setenv("TZ", "UTC", 1);
	setenv("XDG_CONFIG_HOME", "/config", 1);
}

/* --- the input ------------------------------------------------------------------------------- */

struct line {
	char *words[MOST_WORDS + 1];
	int count;
};

/* One word a line. */
static struct line line_of(struct piece piece)
{
	struct line line = {.words = {"berth"}, .count = 1};
	char *rest = piece.size ? (char *)piece.text : NULL;

	while (rest && line.count < MOST_WORDS)
		line.words[line.count++] = strsep(&rest, "\n");
	return line;
}

/* Lines NAME=VALUE; for good or away again. */
static void set_variables(const char *lines, bool there)
{
	char *copy = strdup(lines), *rest = copy, *name;

	HOLDS(copy);
	while ((name = strsep(&rest, "\n"))) {
		char *value = strchr(name, '=');
		if (!value || strncmp(name, "BERTH_", 6) != 0)
			continue;
		*value++ = '\0';
		HOLDS((there ? setenv(name, value, 1) : unsetenv(name)) == 0);
	}
	free(copy);
}

/* --- what came of it ------------------------------------------------------------------------- */

struct told {
	int code;
	char *out, *errors;
	size_t out_size, errors_size;
};

static struct told run(struct line line)
{
	struct told told = {0};
	FILE *out = stdout, *errors = stderr;

	stdout = open_memstream(&told.out, &told.out_size);
	stderr = open_memstream(&told.errors, &told.errors_size);
	HOLDS(stdout && stderr);
	script = (struct script){
	    .result = "{\"format_version\":\"1\",\"state\":\"running\",\"exit_code\":0}\n",
	    .raises = SIGINT,
	    .raise_times = 1,
	    .raise_from = INTERRUPTED_FROM,
	};
	asked = (struct asked){0};
	outside.waited_ms = 0;
	outside.inside = true;
	told.code = berth_cli(line.count, line.words);
	outside.inside = false;
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = errors;
	return told;
}

/* What was understood: the command and how it is to answer. */
static struct invocation understood(struct line line)
{
	struct invocation invocation = {.settings = {.tail = -1}, .silent = true};

	outside.inside = true;
	arguments_parse(&invocation, line.count, line.words);
	outside.inside = false;
	return invocation;
}

static bool documented(const struct command *command, int code)
{
	bool found = false;

	if (!command)
		return code == BERTH_OK || code == BERTH_USAGE;
	for (size_t i = 0; i < ENDING_COUNT; i++)
		found |= exit_codes[i].code == code && (command->endings & 1u << i);
	return found;
}

/* Nothing that a terminal obeys, unless colours are wanted whatever it is. */
static void is_text(const char *text, size_t size, bool coloured)
{
	for (size_t i = 0; i < size; i++)
		HOLDS((unsigned char)text[i] >= ' ' || strchr("\n\t", text[i]) ||
		      (coloured && text[i] == '\033'));
	HOLDS(strlen(text) == size);
}

static void judge(const struct invocation *invocation, const struct told *told)
{
	const char *colour = invocation->settings.color;
	bool coloured = colour && strcmp(colour, "always") == 0;

	HOLDS(documented(invocation->command, told->code));
	HOLDS(told->code != BERTH_USAGE || told->errors_size);
	/* Of several files those before the wrong one are checked. */
	HOLDS(told->code != BERTH_USAGE || !asked.begun ||
	      strcmp(invocation->command->name, "validate") == 0);
	HOLDS(asked.freed == asked.begun);
	is_text(told->out, told->out_size, coloured);
	is_text(told->errors, told->errors_size, coloured);
	if (told->code == BERTH_USAGE && wants_json(invocation)) {
		owned_json document = json_loads(told->out, 0, NULL);
		HOLDS(json_object_get(json_object_get(document, "error"), "text"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct pieces pieces = pieces_of(bytes, size);
	struct line line = line_of(pieces_next(&pieces));
	struct piece variables = pieces_next(&pieces);

	begin_outside();
	outside.user_file = pieces_next(&pieces);
	outside.content = pieces_next(&pieces);
	set_variables(variables.text, true);
	struct invocation invocation = understood(line);
	struct told told = run(line);
	set_variables(variables.text, false);
	judge(&invocation, &told);
	invocation_release(&invocation);
	free(told.out);
	free(told.errors);
	pieces_release(&pieces);
	return 0;
}
