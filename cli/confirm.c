/* confirm.c - asks before something is lost or interrupted, where there is somebody to ask. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli/progress.h"

bool can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* One line, read by the byte so that a signal ends the wait and nothing is taken from who reads next. */
static bool says_yes(void)
{
	char line[16] = "";
	size_t length = 0;
	struct pollfd wait[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				{.fd = signals_begin(), .events = POLLIN}};
	for (;;) {
		char byte;
		if (poll(wait, COUNT_OF(wait), -1) < 0)
			continue;    /* interrupted: the pipe says by what */
		if (wait[1].revents) /* left for the loop to read */
			return false;
		if (read(STDIN_FILENO, &byte, 1) != 1)
			return false;
		if (byte == '\n')
			break;
		if (length < sizeof line - 1)
			line[length++] = byte;
	}
	return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
}

static bool any_needed(const struct confirmation *confirmation, const json_t *document)
{
	size_t i;
	json_t *change;
	json_array_foreach (list_of(document, "changes"), i, change)
		if (confirmation->needed && confirmation->needed(change))
			return true;
	return false;
}

bool confirm(void *context, const char *plan)
{
	struct confirmation *confirmation = context;
	const struct invocation *invocation = confirmation->invocation;
	struct screen err = screen_of(stderr, invocation);
	owned_json document = json_loads(plan, 0, NULL);
	if (document && !any_needed(confirmation, document) && !confirmation->always)
		return true;
	if (!can_ask()) {
		confirmation->refused = true;
		return false;
	}
	if (confirmation->progress)
		progress_clear(confirmation->progress);
	if (confirmation->show)
		confirmation->show(&err, document);
	else
		show_plan(&err, document, confirmation->needed);
	paint(&err, BOLD, "%s%s%s? [y/N] ", invocation->command->name, *text_of(document, "app") ? " " : "",
	      text_of(document, "app"));
	fflush(stderr);
	return says_yes();
}
