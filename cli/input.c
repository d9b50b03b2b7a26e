/* input.c - the blueprint's bytes, from a file or standard input, or the application's name instead. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/screen.h"

#define MOST_BYTES (16 * 1024 * 1024 + 1) /* one more than is valid, so that the library can say so */

static bool ends_in(const char *text, const char *ending)
{
	size_t length = strlen(text), tail = strlen(ending);
	return length >= tail && strcmp(text + length - tail, ending) == 0;
}

/* How much of "FILE#ITEM" is the file; all of what names no item of a catalogue. */
static size_t file_length(const char *argument)
{
	static const char *const endings[] = {".yaml", ".yml", ".bom"};
	const char *mark = strrchr(argument, '#');
	size_t length = mark ? (size_t)(mark - argument) : 0;
	if (!mark || !mark[1] || strchr(mark, '/'))
		return strlen(argument);
	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		size_t tail = strlen(endings[i]);
		if (length > tail && strncmp(mark - tail, endings[i], tail) == 0)
			return length;
	}
	return strlen(argument);
}

bool is_file_name(const char *argument)
{
	return strchr(argument, '/') || ends_in(argument, ".yaml") || ends_in(argument, ".yml") ||
	       ends_in(argument, ".bom") || ends_in(argument, ".json") || argument[file_length(argument)] ||
	       strcmp(argument, "-") == 0;
}

bool is_saved_plan(const struct input *input)
{
	static const char beginning[] = "{\"berth_plan\":";
	return input->size >= sizeof beginning && strncmp(input->bytes, beginning, strlen(beginning)) == 0;
}

static int read_all(int fd, struct input *ret)
{
	size_t room = 0, size = 0;
	char *bytes = NULL;
	for (;;) {
		if (size == room) {
			room = room ? room * 2 : 16 * 1024;
			room = room > MOST_BYTES ? MOST_BYTES : room;
			char *more = realloc(bytes, room + 1);
			if (!more)
				break;
			bytes = more;
		}
		ssize_t count = read(fd, bytes + size, room - size);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			break;
		size += (size_t)count;
		if (count && size < MOST_BYTES)
			continue;
		bytes[size] = '\0';
		ret->bytes = bytes;
		ret->size = size;
		return 0;
	}
	free(bytes);
	return -1;
}

static int unreadable(const struct invocation *invocation, const char *file, const char *what_to_do)
{
	int error = errno;
	owned_memory char *shown = printable(file, strlen(file));
	return complain_usage(invocation, what_to_do, "cannot read %s: %s", shown ? shown : "",
			      strerror(error));
}

int input_file(const struct invocation *invocation, const char *file, const char *what_to_do,
	       struct input *ret)
{
	bool from_stdin = strcmp(file, "-") == 0;
	int fd = from_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && file[file_length(file)]) {
		owned_memory char *alone = strndup(file, file_length(file));
		fd = alone ? open(alone, O_RDONLY | O_CLOEXEC) : -1;
	}
	if (fd < 0)
		return unreadable(invocation, file, what_to_do);
	*ret = (struct input){.file = from_stdin ? "<stdin>" : file, .app = invocation->settings.app};
	int failed = read_all(fd, ret);
	if (failed)
		failed = unreadable(invocation, file, what_to_do);
	if (!from_stdin)
		close(fd);
	return failed;
}

/* A word without a slash and an ending is an application's name, also where there is a file of that name; but
 * for a plan that was kept there. */
int input_blueprint(const struct invocation *invocation, const char *argument, struct input *ret)
{
	const char *file = argument ? argument : "blueprint.yaml";
	char what_to_do[300] = "name a blueprint file, or `-` for standard input";
	if (strncmp(file, "http://", 7) == 0 || strncmp(file, "https://", 8) == 0) {
		*ret = (struct input){.file = file, .app = invocation->settings.app};
		return 0; /* the library fetches it */
	}
	char meant[220];
	snprintf(meant, sizeof meant, "%.200s.yaml", file);
	if (argument && access(meant, R_OK) == 0)
		snprintf(what_to_do, sizeof what_to_do, "a blueprint is a file here: try `%s`", meant);
	int code = input_file(invocation, file, what_to_do, ret);
	if (code || !argument || is_file_name(argument) || is_saved_plan(ret))
		return code;
	input_release(ret);
	if (access(meant, R_OK))
		snprintf(what_to_do, sizeof what_to_do, "`./%.200s`, if that file is a blueprint", file);
	return complain_usage(invocation, what_to_do,
			      "`%.200s` is an application's name, not a blueprint's file", file);
}

int input_either(const struct invocation *invocation, const char *argument, struct input *ret)
{
	const char *app = invocation->settings.app;
	if (argument ? is_file_name(argument) : !app)
		return input_blueprint(invocation, argument, ret);
	if (argument && app && strcmp(app, argument) != 0)
		return complain_usage(invocation, "name it once",
				      "two applications are named: `%s` and --app `%s`", argument, app);
	*ret = (struct input){.app = argument ? argument : app};
	return 0;
}

int input_app(const struct invocation *invocation, struct input *ret)
{
	const struct words *arguments = &invocation->arguments;
	const char *argument = arguments->count ? arguments->items[0] : NULL;
	if (!argument && !invocation->settings.app)
		return complain_usage(invocation, "`berth status` lists the applications",
				      "which application? usage: berth %s %s", invocation->command->name,
				      invocation->command->arguments);
	if (argument && is_file_name(argument))
		return complain_usage(invocation, "name the application that was deployed from it",
				      "`berth %s` takes an application's name, not a file",
				      invocation->command->name);
	return input_either(invocation, argument, ret);
}

void input_release(struct input *input)
{
	free(input->bytes);
	input->bytes = NULL;
}
