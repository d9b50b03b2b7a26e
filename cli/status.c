/* status.c - `berth status`: what runs where, once or again and again. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/watch.h"

#define AT(member) offsetof(struct settings, member)
#define PAUSE_MS   2000

static const struct flag flags[] = {
    {"watch", 'w', FLAG_SWITCH, AT(watch), NULL, NULL, "look every two seconds, until q or Ctrl-C"},
    {"exit-code", 0, FLAG_SWITCH, AT(exit_code), NULL, NULL,
     "exit 1 when something neither runs nor has finished"},
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
	struct table table = {.columns = COUNT_OF(titles), .titled = true};
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

static void render(const struct screen *out, const json_t *document)
{
	const char *state = text_of(document, "state");
	if (json_object_get(document, "applications")) {
		show_applications(out, list_of(document, "applications"));
	} else if (json_array_size(list_of(document, "components"))) {
		put(out, BOLD, text_of(document, "app"));
		fputs(": ", out->to);
		put(out, state_paint(state), state);
		putc('\n', out->to);
		show_components(out, document);
	}
}

/* Every place that did not answer; the operation's own message names only one. */
static bool show_unreachable(const struct screen *err, const json_t *document)
{
	const json_t *list = list_of(document, "unreachable");
	size_t i;
	json_t *entry;
	json_array_foreach (list, i, entry) {
		char text[800];
		snprintf(text, sizeof text, "%s: %s", text_of(entry, "location"), text_of(entry, "error"));
		show_error(err, text, text_of(entry, "remedy"));
	}
	return json_array_size(list) > 0;
}

static bool is_good(const char *state)
{
	return strcmp(state, "running") == 0 || strcmp(state, "finished") == 0;
}

static bool all_good(const json_t *document)
{
	const json_t *applications = list_of(document, "applications");
	size_t i;
	json_t *entry;
	if (!applications)
		return is_good(text_of(document, "state"));
	json_array_foreach (applications, i, entry)
		if (!is_good(text_of(entry, "state")))
			return false;
	return true;
}

static int judged(const struct invocation *invocation, int code, const json_t *document)
{
	return !code && invocation->settings.exit_code && !all_good(document) ? BERTH_FAILED : code;
}

static int once(struct invocation *invocation, const struct berth_request *request)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	struct berth_listener listener = {
	    .size = sizeof listener, .event = show_warning, .context = invocation};
	struct carried carried = carry_out(invocation, berth_status, request, &listener, NULL);
	int code = (int)carried.outcome;
	if (wants_json(invocation)) {
		print_result(&carried);
	} else if (carried.document) {
		show_diagnostics(&err, carried.document);
		render(&out, carried.document);
		fflush(stdout);
	}
	if (wants_json(invocation) || !show_unreachable(&err, carried.document))
		code = conclude(invocation, &carried);
	code = judged(invocation, code, carried.document);
	carried_release(&carried);
	return code;
}

/* --- again and again ---------------------------------------------------------------------------- */

struct watched {
	struct invocation *invocation;
	struct screen out;
	struct live live; /* on a terminal */
	json_t *before;
	struct pollfd polls[2]; /* keys and news of the terminal */
	bool quit;              /* by a key */
};

static void note_warning(void *context, const struct berth_event *event)
{
	const struct watched *watched = context;
	if (event->kind != BERTH_EVENT_WARNING || !event->text)
		return;
	if (!watched->live.frame.to) {
		show_warning(watched->invocation, event);
		return;
	}
	paint(&watched->live.frame, YELLOW, "warning: ");
	put(&watched->live.frame, PLAIN, event->text);
	putc('\n', watched->live.frame.to);
}

static void show_frame(struct watched *watched)
{
	if (live_draw(&watched->live))
		complain(watched->invocation, BERTH_FAILED, "out of memory", NULL);
}

static void draw(struct watched *watched, const struct carried *carried)
{
	const struct screen *frame = &watched->live.frame;
	const char *message = carried->operation ? berth_message(carried->operation) : "";
	render(frame, carried->document);
	if (!show_unreachable(frame, carried->document) && carried->outcome != BERTH_OK && *message)
		show_error(frame, message, berth_remedy(carried->operation));
	show_frame(watched);
}

/* What the terminal has to say while it is waited. True when a key ends it. */
static bool hear_terminal(void *of)
{
	struct watched *watched = of;
	if (!watched->live.frame.to)
		return false;
	if (live_resized(&watched->live) && watched->before) {
		render(&watched->live.frame, watched->before);
		show_unreachable(&watched->live.frame, watched->before);
		show_frame(watched);
	}
	watched->quit = watched->quit || live_ended(&watched->live);
	return watched->quit;
}

static void prepare_polls(void *of)
{
	struct watched *watched = of;
	int news = watched->live.news;
	watched->polls[0] = (struct pollfd){.fd = news < 0 ? -1 : STDIN_FILENO, .events = POLLIN};
	watched->polls[1] = (struct pollfd){.fd = news, .events = POLLIN};
}

/* Whether the pause went by without a signal or a key that ends it. */
static bool pause_between(struct watched *watched)
{
	prepare_polls(watched);
	struct pollfd wait[] = {
	    {.fd = signals_begin(), .events = POLLIN}, watched->polls[0], watched->polls[1]};
	int64_t until = steady_ms() + PAUSE_MS;
	for (int64_t left; (left = until - steady_ms()) > 0 && !wait[0].revents && !watched->quit;) {
		poll(wait, COUNT_OF(wait), (int)left);
		hear_terminal(watched);
	}
	return !wait[0].revents && !watched->quit;
}

static void print_change(struct watched *watched, const struct carried *carried)
{
	bool json = wants_json(watched->invocation);
	if (watched->before && json_equal(watched->before, carried->document))
		return;
	if (json) {
		print_result(carried);
		return;
	}
	show_state_changes(&watched->out, watched->before, carried->document);
	fflush(stdout);
	if (carried->outcome != BERTH_OK)
		conclude(watched->invocation, carried);
}

/* One look. True to go on; the exit code in *ret_code. */
static bool look(struct watched *watched, const struct berth_request *request, int *ret_code)
{
	struct berth_listener listener = {.size = sizeof listener, .event = note_warning, .context = watched};
	const struct attendant attendant = {.of = watched,
					    .polls = watched->polls,
					    .poll_count = COUNT_OF(watched->polls),
					    .prepare = prepare_polls,
					    .tick = hear_terminal};
	struct carried carried = carry_out(watched->invocation, berth_status, request, &listener, &attendant);
	int code = (int)carried.outcome;
	bool stopped = carried.interrupted || carried.left;
	bool over = stopped || !carried.operation || code == BERTH_USAGE || code == BERTH_INVALID;
	if (!carried.left) /* else it is the last one's */
		*ret_code = judged(watched->invocation, code, carried.document);
	if (over)
		live_end(&watched->live);
	if (over && carried.operation && !stopped)
		*ret_code = conclude(watched->invocation, &carried);
	else if (!over && watched->live.frame.to)
		draw(watched, &carried);
	else if (!over)
		print_change(watched, &carried);
	json_decref(watched->before);
	watched->before = json_incref(carried.document);
	carried_release(&carried);
	return !over && !output_failed();
}

static int watch(struct invocation *invocation, const struct berth_request *request)
{
	struct watched watched = {
	    .invocation = invocation, .out = screen_of(stdout, invocation), .live.news = -1};
	int code = 0;
	if (watched.out.terminal && !wants_json(invocation) && live_begin(&watched.live, &watched.out))
		return complain(invocation, BERTH_FAILED, "out of memory", NULL);
	while (look(&watched, request, &code)) {
		if (pause_between(&watched))
			continue;
		if (!watched.quit)
			code = BERTH_INTERRUPTED;
		break;
	}
	live_end(&watched.live);
	json_decref(watched.before);
	signals_end();
	return code;
}

static int status_run(struct invocation *invocation)
{
	struct input input = {.app = invocation->settings.app};
	int code = invocation->arguments.count
		       ? input_either(invocation, invocation->arguments.items[0], &input)
		       : 0;
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	code = invocation->settings.watch ? watch(invocation, &request) : once(invocation, &request);
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
	       "view until q or Ctrl-C; elsewhere each change becomes a line.",
    .flags = flags,
    .examples = {{"berth status shop", "what runs of the application `shop`, and where"},
		 {"berth status shop --exit-code -o json",
		  "ends with 1 unless all of it runs; the state as a document"}},
    .endings = ENDS_LOOKING,
    .subjects = {SUBJECT_EITHER},
    .most = 1,
    .run = status_run,
};
