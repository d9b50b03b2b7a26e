/* gc.c - `berth gc`: what carries berth's mark and no application owns, shown, or removed. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"delete", 0, FLAG_SWITCH, AT(remove), NULL, NULL, "remove what is found, but for data"},
    {0},
};

static bool is_data(const json_t *thing)
{
	return strcmp(text_of(thing, "kind"), "volume") == 0;
}

static bool is_claim(const json_t *thing)
{
	return strcmp(text_of(thing, "kind"), "claim") == 0;
}

static size_t count_things(const json_t *found)
{
	size_t i, count = 0;
	json_t *thing;
	json_array_foreach (found, i, thing)
		count += !is_data(thing) && !is_claim(thing);
	return count;
}

/* What runs runs for somebody: who lost only the claim has but to deploy. */
static void show_running(const struct screen *out, const json_t *found)
{
	size_t i, count = 0;
	json_t *thing;
	json_array_foreach (found, i, thing)
		count += strcmp(text_of(thing, "state"), "running") == 0;
	if (!count)
		return;
	paint(out, YELLOW, "still running: ");
	fprintf(out->to, "%zu; a deploy of the same blueprint takes %s back, unharmed\n", count,
		count == 1 ? "it" : "them");
}

static void list_things(const struct screen *out, const json_t *document)
{
	static const char *const titles[] = {"KIND", "NAME", "APPLICATION", "LOCATION", "STATE"};
	struct table table = {.columns = COUNT_OF(titles), .titled = true};
	size_t i;
	json_t *thing;
	for (i = 0; i < COUNT_OF(titles); i++)
		table_add(&table, DIM, titles[i]);
	json_array_foreach (list_of(document, "found"), i, thing) {
		char claimed[200];
		snprintf(claimed, sizeof claimed, "of %.180s: stays", text_of(thing, "owner"));
		const char *state = is_data(thing)    ? "data: stays"
				    : is_claim(thing) ? claimed
						      : text_of(thing, "state");
		table_add(&table, PLAIN, text_of(thing, "kind"));
		table_add(&table, BOLD, text_of(thing, "name"));
		table_add(&table, PLAIN, text_of(thing, "app"));
		table_add(&table, PLAIN, text_of(thing, "location"));
		table_add(&table, state_paint(state), state);
	}
	if (json_array_size(list_of(document, "found")))
		table_print(out, &table);
	table_release(&table);
	show_running(out, list_of(document, "found"));
}

static void list_removed(const struct screen *out, const json_t *document)
{
	size_t i;
	json_t *thing;
	json_array_foreach (list_of(document, "found"), i, thing) {
		if (!json_is_true(json_object_get(thing, "removed")))
			continue;
		fputs("removed ", out->to);
		put(out, PLAIN, text_of(thing, "kind"));
		putc(' ', out->to);
		put(out, BOLD, text_of(thing, "name"));
		fputs(" at ", out->to);
		put(out, PLAIN, text_of(thing, "location"));
		putc('\n', out->to);
	}
}

/* {APPLICATION: [things]} */
static json_t *by_app(const json_t *found, bool (*is)(const json_t *thing))
{
	json_t *all = json_object();
	size_t i;
	json_t *thing;
	json_array_foreach (found, i, thing) {
		const char *app = text_of(thing, "app");
		if (is(thing) && !json_object_get(all, app))
			json_object_set_new(all, app, json_array());
		if (is(thing))
			json_array_append(json_object_get(all, app), thing);
	}
	return all;
}

/* Volumes and claims are their owners' to remove: by application, with the command. */
static void show_rest(const struct screen *out, const struct invocation *invocation, const json_t *found)
{
	owned_json data = by_app(found, is_data);
	owned_json claims = by_app(found, is_claim);
	const char *app;
	json_t *things;
	json_object_foreach (data, app, things) {
		fputs("data of ", out->to);
		put(out, PLAIN, app);
		fputs(" stays: ", out->to);
		put_removal_command(out, invocation, app, things);
	}
	json_object_foreach (claims, app, things) {
		fputs("nothing is there of ", out->to);
		put(out, PLAIN, app);
		fputs(" but its claim: ", out->to);
		put_adoption_command(out, invocation, app, things);
	}
}

/* Other failures than the one that the operation's own message tells. */
static void show_more(const struct screen *err, const json_t *document)
{
	size_t i;
	json_t *failure;
	json_array_foreach (list_of(document, "failures"), i, failure) {
		char text[800];
		const char *name = text_of(failure, "name"), *app = text_of(failure, "app");
		if (!i)
			continue;
		snprintf(text, sizeof text, "%s%s%s: %s", text_of(failure, "location"),
			 *name || *app ? ": " : "", *name ? name : app, text_of(failure, "error"));
		show_error(err, text, text_of(failure, "remedy"));
	}
}

static void render(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	const json_t *found = list_of(document, "found");
	bool remove = invocation->settings.remove && !invocation->settings.dry_run;
	size_t things = count_things(found);
	if (!found)
		return;
	if (remove)
		list_removed(&out, document);
	else
		list_things(&out, document);
	if (!things)
		fputs("Nothing that carries berth's mark is without an owner.\n", out.to);
	else if (!remove)
		fprintf(out.to, "%zu without an owner; `berth gc --delete` removes %s.\n", things,
			things == 1 ? "it" : "them");
	show_rest(&out, invocation, found);
	fflush(stdout);
	show_more(&err, document);
}

static void warn(void *context, const struct berth_event *event)
{
	const struct confirmation *confirmation = context;
	show_warning((void *)confirmation->invocation, event);
}

static int carry_out_gc(struct invocation *invocation, const struct berth_request *request)
{
	struct confirmation confirmation = {.invocation = invocation, .always = true, .show = list_things};
	struct berth_listener listener = {.size = sizeof listener, .event = warn, .context = &confirmation};
	if (!invocation->settings.yes)
		listener.confirm = confirm;
	struct carried carried = carry_out(invocation, berth_gc, request, &listener, NULL);
	if (wants_json(invocation))
		print_result(&carried);
	else if (carried.document)
		render(invocation, carried.document);
	int code = conclude(invocation, &carried);
	carried_release(&carried);
	return code;
}

static int gc_run(struct invocation *invocation)
{
	const struct settings *settings = &invocation->settings;
	struct berth_request request = request_of(invocation, NULL);
	request.remove = settings->remove;
	request.app = NULL;
	if (!request.remove || settings->dry_run)
		return simple_command(invocation, berth_gc, &request, render);
	if (!settings->yes && !can_ask())
		return complain_usage(invocation, "without --delete it is only shown; -y agrees to it",
				      "gc --delete removes things, and nobody can be asked");
	return carry_out_gc(invocation, &request);
}

const struct command command_gc = {
    .name = "gc",
    .arguments = "",
    .summary = "find, or remove, what no application owns",
    .details =
	"Looks through the known locations, or those that --location names, for what carries berth's "
	"mark and no "
	"application owns: instances, networks, helpers, expired leases, and the security groups, key pairs, "
	"server groups and floating IPs of an OpenStack, whose application nobody "
	"has claimed there "
	"and this user's store does not know. With --delete they are removed, after a question on a "
	"terminal; "
	"elsewhere that needs -y.\n\n"
	"What another owner claims is left alone with all that belongs to it, and so is an "
	"application whose deploy "
	"is under way. Volumes with data are only told of, and so are claims that nothing is behind. "
	"A location that does not answer keeps "
	"nobody from looking at "
	"the others.",
    .flags = flags,
    .examples = {{"berth gc", "only shows it, at all known locations"},
		 {"berth gc --location cloud --delete -y",
		  "removes what was found at the location called `cloud`"}},
    .endings = ENDS_CHANGING,
    .location_names = true,
    .run = gc_run,
};
