/* destroy.c - `berth destroy`: remove what belongs to the application, and name what stays. */
#include <string.h>

#include "cli/commands.h"
#include "cli/progress.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"volumes", 0, FLAG_SWITCH, AT(volumes), NULL, NULL, "named volumes too: their data is lost"},
    {0},
};

struct watcher {
	struct confirmation confirmation; /* first: `confirm` is handed the same context */
	struct progress progress;
};

static void take_event(void *context, const struct berth_event *event)
{
	struct watcher *watcher = context;
	progress_event(&watcher->progress, event);
}

static bool any(const json_t *change)
{
	(void)change;
	return true;
}

static void show_volumes(const struct screen *out, const char *what, const json_t *volumes)
{
	size_t i;
	json_t *volume;
	json_array_foreach (volumes, i, volume) {
		fprintf(out->to, "%s volume ", what);
		put(out, BOLD, text_of(volume, "name"));
		fputs(" at ", out->to);
		put(out, PLAIN, text_of(volume, "location"));
		fputs(" (", out->to);
		put(out, PLAIN, text_of(volume, "target_name"));
		fputs(")\n", out->to);
	}
}

static void render(const struct invocation *invocation, const struct carried *carried)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	const json_t *removed = list_of(carried->document, "removed");
	const json_t *lost = list_of(carried->document, "removed_volumes");
	const json_t *kept = list_of(carried->document, "kept_volumes");
	size_t i;
	json_t *name;
	show_diagnostics(&err, carried->document);
	json_array_foreach (removed, i, name) {
		fputs("removed ", out.to);
		put(&out, PLAIN, json_is_string(name) ? json_string_value(name) : "");
		putc('\n', out.to);
	}
	show_volumes(&out, "removed", lost);
	show_volumes(&out, "kept", kept);
	if (json_array_size(kept))
		put_removal_command(&out, invocation, text_of(carried->document, "app"), kept);
	if (carried->outcome == BERTH_OK) {
		bool any_removed = json_array_size(removed) || json_array_size(lost);
		fputs(any_removed ? "Destroyed " : "Nothing runs of ", out.to);
		put(&out, BOLD, text_of(carried->document, "app"));
		putc('\n', out.to);
	}
	fflush(stdout);
	show_failures(&err, carried->document);
}

static void render_plan(const struct invocation *invocation, const struct carried *carried)
{
	struct screen out = screen_of(stdout, invocation);
	if (carried->outcome != BERTH_OK)
		return;
	show_plan(&out, carried->document, any);
	fprintf(out.to, "Plan: %zu to remove.\n", json_array_size(list_of(carried->document, "changes")));
}

static int carry_out_destroy(struct invocation *invocation, const struct berth_request *request)
{
	struct watcher watcher = {.confirmation = {.invocation = invocation, .needed = any, .always = true}};
	struct berth_listener listener = {.size = sizeof listener, .event = take_event, .context = &watcher};
	watcher.confirmation.progress = &watcher.progress;
	if (!invocation->settings.yes && !invocation->settings.dry_run)
		listener.confirm = confirm;
	progress_begin(&watcher.progress, invocation);
	struct attendant attendant = progress_attendant(&watcher.progress);
	struct carried carried = carry_out(invocation, berth_destroy, request, &listener, &attendant);
	progress_end(&watcher.progress);
	if (wants_json(invocation))
		print_result(&carried);
	else if (carried.document && invocation->settings.dry_run)
		render_plan(invocation, &carried);
	else if (carried.document)
		render(invocation, &carried);
	int code = conclude(invocation, &carried);
	carried_release(&carried);
	return code;
}

static int destroy_run(struct invocation *invocation)
{
	struct input input = {0};
	if (!invocation->settings.yes && !invocation->settings.dry_run && !can_ask())
		return complain_usage(invocation, "`--dry-run` shows what would go; -y agrees to it",
				      "destroy removes things, and nobody can be asked");
	int code = input_either(invocation,
				invocation->arguments.count ? invocation->arguments.items[0] : NULL, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	request.volumes = invocation->settings.volumes;
	code = carry_out_destroy(invocation, &request);
	input_release(&input);
	return code;
}

const struct command command_destroy = {
    .name = "destroy",
    .arguments = "[APP|BLUEPRINT]",
    .summary = "remove what belongs to the application",
    .details = "Ends and removes the application's instances, networks, anonymous volumes and "
	       "helpers wherever they are; images stay. Named volumes are kept, and named at "
	       "the end with the command that removes them, unless --volumes is given: then "
	       "their data are lost.\n\nOn a terminal it shows what will go and asks; elsewhere "
	       "it needs -y. What another owner holds is refused without --adopt.",
    .flags = flags,
    .examples = {{"berth destroy shop", "shows what there is of it, asks, and removes it"},
		 {"berth destroy shop --volumes -y --location cloud=docker",
		  "also its data, unasked, also where only the flag tells of it"}},
    .endings = ENDS_CHANGING,
    .subjects = {SUBJECT_EITHER},
    .most = 1,
    .run = destroy_run,
};
