/* change.c - what deploy, stop, start, restart and scale have in common: a question where something is lost,
 * progress meanwhile, and what came of it. */
#include <string.h>

#include "cli/progress.h"

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

bool change_costs(const json_t *change)
{
	static const char *const interrupting[] = {"replace", "relink", "restart", NULL};
	const char *action = text_of(change, "action"), *outage = text_of(change, "outage");
	if (strcmp(action, "remove") == 0 || json_array_size(list_of(change, "data_at_risk")))
		return true;
	return is_one_of(action, interrupting) && *outage && strcmp(outage, "none") != 0;
}

/* What the listener's two functions share. */
struct watcher {
	struct confirmation confirmation; /* first: `confirm` is handed the same context */
	struct progress progress;
};

static void take_event(void *context, const struct berth_event *event)
{
	struct watcher *watcher = context;
	progress_event(&watcher->progress, event);
}

static void render_end(const struct screen *out, const struct change *change, const struct carried *carried,
		       int64_t began_ms)
{
	const json_t *document = carried->document;
	char elapsed[24];
	show_components(out, document);
	if (carried->outcome != BERTH_OK)
		return;
	if (json_is_false(json_object_get(document, "changed"))) {
		fputs("No changes. ", out->to);
		put(out, BOLD, text_of(document, "app"));
		fprintf(out->to, " %s.\n", change->nothing);
		return;
	}
	format_elapsed(elapsed, sizeof elapsed, steady_ms() - began_ms);
	fprintf(out->to, "%s ", change->done);
	put(out, BOLD, text_of(document, "app"));
	fprintf(out->to, " in %s\n", elapsed);
}

static void render(const struct invocation *invocation, const struct change *change,
		   const struct carried *carried, int64_t began_ms)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	show_diagnostics(&err, carried->document);
	if (invocation->settings.dry_run && carried->outcome == BERTH_OK)
		show_plan(&out, carried->document, NULL);
	else
		render_end(&out, change, carried, began_ms);
	fflush(stdout);
	show_failures(&err, carried->document);
}

int carry_out_change(struct invocation *invocation, const struct change *change,
		     const struct berth_request *request)
{
	int64_t began_ms = steady_ms();
	struct watcher watcher = {.confirmation = {.invocation = invocation, .needed = change->needed}};
	struct berth_listener listener = {.size = sizeof listener, .event = take_event, .context = &watcher};
	watcher.confirmation.progress = &watcher.progress;
	if (change->needed && !invocation->settings.yes)
		listener.confirm = confirm;
	progress_begin(&watcher.progress, invocation);
	struct attendant attendant = progress_attendant(&watcher.progress);
	struct carried carried = carry_out(invocation, change->begin, request, &listener, &attendant);
	progress_end(&watcher.progress);
	int code;
	if (watcher.confirmation.refused) {
		code =
		    complain_usage(invocation, "--dry-run shows it; -y agrees to it", "%s", change->refusal);
	} else {
		if (wants_json(invocation))
			print_result(&carried);
		else
			render(invocation, change, &carried, began_ms);
		code = conclude(invocation, &carried);
	}
	carried_release(&carried);
	return code;
}

int change_components(struct invocation *invocation, const struct change *change)
{
	const struct words *arguments = &invocation->arguments;
	struct input input = {0};
	int code = input_app(invocation, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	if (arguments->count > 1)
		request.components = arguments->items + 1;
	return carry_out_change(invocation, change, &request);
}
