/* why.c - `berth why`: why an application is not as wanted, in words. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

#define INDENT 4
#define WIDEST 100

/* In lines of its own, every word made harmless. */
static void tell(const struct screen *out, const char *before, const char *text)
{
	int columns, rows;
	owned_memory char *shown = printable(text, strlen(text)), *whole = NULL;
	if (!*text || !shown || asprintf(&whole, "%s%s", before, shown) < 0)
		return;
	screen_size(out, &columns, &rows);
	fprintf(out->to, "%*s", INDENT, "");
	wrap(out->to, whole, INDENT, INDENT, columns > WIDEST ? WIDEST : columns);
}

static void tell_who(const struct screen *out, const json_t *document, const json_t *finding)
{
	const char *who = text_of(finding, "who"), *under_way = text_of(document, "under_way");
	char before[200];
	if (strcmp(who, "you") == 0)
		tell(out, "you must act: ", text_of(finding, "remedy"));
	else if (strcmp(who, "administrator") == 0)
		tell(out, "its target's administrator must act: ", text_of(finding, "remedy"));
	else if (strcmp(who, "nobody") == 0 && *under_way)
		tell(out, "under way by ", under_way);
	else if (strcmp(who, "nobody") == 0)
		tell(out, "", text_of(finding, "remedy"));
	if (strcmp(who, "owner") != 0)
		return;
	snprintf(before, sizeof before,
		 "%.80s owns it and must act (--adopt takes it over): ", text_of(document, "owner"));
	tell(out, before, text_of(finding, "remedy"));
}

static void show_log(const struct screen *out, const json_t *finding)
{
	size_t i;
	json_t *line;
	json_array_foreach (list_of(finding, "log"), i, line) {
		paint(out, DIM, "  | ");
		put(out, PLAIN, json_is_string(line) ? json_string_value(line) : "");
		putc('\n', out->to);
	}
}

static void show_finding(const struct screen *out, const json_t *document, const json_t *finding)
{
	const json_t *failure = json_object_get(finding, "last_failure");
	const char *state = text_of(finding, "state"), *since = text_of(finding, "since");
	char before[80];
	put(out, BOLD, short_name(text_of(finding, "instance"), text_of(finding, "component")));
	fputs(" at ", out->to);
	put(out, PLAIN, text_of(finding, "location"));
	fputs(": ", out->to);
	put(out, state_paint(state), state);
	if (*since) {
		fputs(", since ", out->to);
		put(out, PLAIN, since);
	}
	putc('\n', out->to);
	tell(out, "", text_of(finding, "why"));
	snprintf(before, sizeof before, "last failure, at %.40s: ", text_of(failure, "time"));
	/* Its words may be in the reason already. */
	if (!strstr(text_of(finding, "why"), text_of(failure, "text")))
		tell(out, before, text_of(failure, "text"));
	show_log(out, finding);
	tell_who(out, document, finding);
	if (*text_of(finding, "next")) {
		fprintf(out->to, "%*snext: ", INDENT, "");
		put(out, CYAN, text_of(finding, "next"));
		putc('\n', out->to);
	}
}

/* What looks after it, as far as it has something to do with how things are. */
static void show_policies(const struct screen *out, const json_t *document)
{
	size_t i;
	json_t *policy;
	json_array_foreach (list_of(document, "policies"), i, policy) {
		put(out, BOLD, text_of(policy, "policy"));
		fputs(" of ", out->to);
		put(out, PLAIN, text_of(policy, "component"));
		fputs(":\n", out->to);
		tell(out, "", text_of(policy, "about"));
	}
	if (json_is_false(json_object_get(document, "kept")) &&
	    json_array_size(list_of(document, "findings")))
		tell(out, "", "its policies wait for a controller: `berth serve` carries them out");
}

static void render(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	const json_t *findings = list_of(document, "findings");
	size_t i;
	json_t *entry;
	show_diagnostics(&err, document);
	json_array_foreach (findings, i, entry)
		show_finding(&out, document, entry);
	show_policies(&out, document);
	json_array_foreach (list_of(document, "unknown"), i, entry)
		tell(&out, "not known: ", json_is_string(entry) ? json_string_value(entry) : "");
	if (!findings || json_array_size(findings) || json_object_get(document, "error"))
		return;
	put(&out, BOLD, text_of(document, "app"));
	fputs(json_array_size(list_of(document, "unknown")) ? ": all that was found of it runs\n"
							    : " is as wanted\n",
	      out.to);
}

static int why_run(struct invocation *invocation)
{
	struct input input = {0};
	const struct words *arguments = &invocation->arguments;
	int code = input_either(invocation, arguments->count ? arguments->items[0] : NULL, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	if (arguments->count > 1)
		request.components = arguments->items + 1;
	code = simple_command(invocation, berth_why, &request, render);
	input_release(&input);
	return code;
}

const struct command command_why = {
    .name = "why",
    .arguments = "[APP|BLUEPRINT] [COMPONENT...]",
    .summary = "why it is not as wanted, in words",
    .details = "Says of each instance that is not as wanted (or of each one of the components named) why: "
	       "what it waits "
	       "for, how it ended, why it does not answer, with the target's own words, the last failure "
	       "that was recorded "
	       "and the end of its log; who must act, and what to type next. What is under way is told with "
	       "the command "
	       "that is at it.\n\n"
	       "It asks the targets, and changes nothing. Without the store it tells what they know, and "
	       "what cannot be "
	       "known that way.",
    .examples = {{"berth why shop", "all of it that is not as wanted"},
		 {"berth why shop web -o json", "one component, also when it is as wanted, as a document"}},
    .endings = ENDS_LOOKING,
    .subjects = {SUBJECT_EITHER, SUBJECT_COMPONENT},
    .most = 10000,
    .run = why_run,
};
