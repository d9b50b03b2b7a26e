/* status.c - `berth status`: what runs where, once or again and again. */
#include <poll.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

#define AT(member) offsetof(struct settings, member)
#define PAUSE_MS   2000

static const struct flag flags[] = {
    {"watch", 'w', FLAG_SWITCH, AT(watch), NULL, NULL, "show it every two seconds until Ctrl-C"},
    {"exit-code", 0, FLAG_SWITCH, AT(exit_code), NULL, NULL, "exit 1 when something is not running"},
    {0},
};

static void join(char *ret, size_t size, const json_t *list)
{
	size_t i, used = 0;
	json_t *entry;
	*ret = '\0';
	json_array_foreach (list, i, entry) {
		const char *text = json_string_value(entry);
		int length = snprintf(ret + used, size - used, "%s%s", i ? ", " : "", text ? text : "");
		used += length > 0 ? (size_t)length : 0;
		if (used >= size)
			return;
	}
}

static void show_applications(const struct screen *out, const json_t *applications)
{
	static const char *const titles[] = {"APPLICATION", "STATE", "INSTANCES", "LOCATIONS", "OWNER"};
	struct table table = {.columns = COUNT_OF(titles)};
	size_t i;
	json_t *entry;
	if (!json_array_size(applications)) {
		fputs("No applications.\n", out->to);
		return;
	}
	for (i = 0; i < COUNT_OF(titles); i++)
		table_add(&table, DIM, titles[i]);
	json_array_foreach (applications, i, entry) {
		char locations[512], instances[24];
		const char *state = text_of(entry, "state");
		join(locations, sizeof locations, list_of(entry, "locations"));
		snprintf(instances, sizeof instances, "%lld", (long long)number_of(entry, "instances"));
		table_add(&table, BOLD, text_of(entry, "app"));
		table_add(&table, state_paint(state), state);
		table_add(&table, PLAIN, instances);
		table_add(&table, PLAIN, locations);
		table_add(&table, PLAIN, text_of(entry, "owner"));
	}
	table_print(out, &table);
	table_release(&table);
}

static void render(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	const char *state = text_of(document, "state");
	show_diagnostics(&err, document);
	if (json_object_get(document, "applications")) {
		show_applications(&out, list_of(document, "applications"));
	} else if (json_array_size(list_of(document, "components"))) {
		put(&out, BOLD, text_of(document, "app"));
		fputs(": ", out.to);
		put(&out, state_paint(state), state);
		putc('\n', out.to);
		show_components(&out, document);
	}
}

/* Every place that did not answer; the operation's own message names only one. */
static bool show_unreachable(const struct invocation *invocation, const json_t *document)
{
	struct screen err = screen_of(stderr, invocation);
	const json_t *list = list_of(document, "unreachable");
	size_t i;
	json_t *entry;
	fflush(stdout);
	json_array_foreach (list, i, entry) {
		char text[800];
		snprintf(text, sizeof text, "%s: %s", text_of(entry, "location"), text_of(entry, "error"));
		show_error(&err, text, text_of(entry, "remedy"));
	}
	return json_array_size(list) > 0;
}

static bool all_running(const json_t *document)
{
	const json_t *applications = list_of(document, "applications");
	size_t i;
	json_t *entry;
	if (!applications)
		return strcmp(text_of(document, "state"), "running") == 0;
	json_array_foreach (applications, i, entry)
		if (strcmp(text_of(entry, "state"), "running") != 0)
			return false;
	return true;
}

static int once(struct invocation *invocation, const struct berth_request *request, bool *ret_interrupted)
{
	struct berth_listener listener = {
	    .size = sizeof listener, .event = show_warning, .context = invocation};
	struct carried carried = carry_out(invocation, berth_status, request, &listener, NULL);
	int code = (int)carried.outcome;
	if (wants_json(invocation))
		print_result(&carried);
	else if (carried.document)
		render(invocation, carried.document);
	if (wants_json(invocation) || !show_unreachable(invocation, carried.document))
		code = conclude(invocation, &carried);
	if (!code && invocation->settings.exit_code && !all_running(carried.document))
		code = BERTH_FAILED;
	*ret_interrupted = carried.interrupted;
	carried_release(&carried);
	return code;
}

/* Whether the pause went by without a signal. */
static bool pause_between(void)
{
	struct pollfd wait = {.fd = signals_begin(), .events = POLLIN};
	int64_t until = steady_ms() + PAUSE_MS;
	for (int64_t left; (left = until - steady_ms()) > 0 && !wait.revents;)
		poll(&wait, 1, (int)left);
	return !wait.revents;
}

static int watch(struct invocation *invocation, const struct berth_request *request)
{
	struct screen out = screen_of(stdout, invocation);
	bool interrupted = false;
	int code = 0;
	for (;;) {
		if (out.terminal && !wants_json(invocation))
			fputs("\033[H\033[2J", stdout);
		code = once(invocation, request, &interrupted);
		if (output_failed() || interrupted || code == BERTH_USAGE || code == BERTH_INVALID)
			break;
		if (!pause_between()) {
			code = BERTH_INTERRUPTED;
			break;
		}
	}
	signals_end();
	return code;
}

static int status_run(struct invocation *invocation)
{
	struct input input = {.app = invocation->settings.app};
	bool interrupted;
	int code = invocation->arguments.count
		       ? input_either(invocation, invocation->arguments.items[0], &input)
		       : 0;
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	code = invocation->settings.watch ? watch(invocation, &request)
					  : once(invocation, &request, &interrupted);
	input_release(&input);
	return code;
}

const struct command command_status = {
    .name = "status",
    .arguments = "[APP|BLUEPRINT]",
    .summary = "what runs where, with addresses and ports",
    .details = "Asks the targets and shows each instance with its state, address and ports, how "
	       "the components are linked, and what is wrong with which. Without an application "
	       "it shows a line for each one that is known. A target that does not answer makes "
	       "its components `unknown`, never absent.\n\nWith --watch a terminal shows a live "
	       "view until Ctrl-C; elsewhere each change becomes a line.",
    .flags = flags,
    .examples = {{"berth status shop", "what runs of the application `shop`, and where"},
		 {"berth status shop --exit-code -o json",
		  "ends with 1 unless all of it runs; the state as a document"}},
    .endings = ENDS_LOOKING,
    .subjects = {SUBJECT_EITHER},
    .most = 1,
    .run = status_run,
};
