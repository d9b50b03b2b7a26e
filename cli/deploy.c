/* deploy.c - `berth deploy`: bring the application to what the blueprint says, and tell how it went. */
#include <string.h>

#include "cli/commands.h"
#include "cli/progress.h"

static bool costs(const json_t *change)
{
	const char *action = text_of(change, "action"), *outage = text_of(change, "outage");
	if (strcmp(action, "remove") == 0 || json_array_size(list_of(change, "data_at_risk")))
		return true;
	return strcmp(action, "replace") == 0 && *outage && strcmp(outage, "none") != 0;
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

static void render_end(const struct invocation *invocation, const struct carried *carried, int64_t began_ms)
{
	struct screen out = screen_of(stdout, invocation);
	const json_t *document = carried->document;
	char elapsed[24];
	show_components(&out, document);
	if (carried->outcome != BERTH_OK)
		return;
	if (json_is_false(json_object_get(document, "changed"))) {
		fputs("No changes. ", out.to);
		put(&out, BOLD, text_of(document, "app"));
		fputs(" is as the blueprint says.\n", out.to);
		return;
	}
	format_elapsed(elapsed, sizeof elapsed, steady_ms() - began_ms);
	fputs("Deployed ", out.to);
	put(&out, BOLD, text_of(document, "app"));
	fprintf(out.to, " in %s\n", elapsed);
}

static void render(const struct invocation *invocation, const struct carried *carried, int64_t began_ms)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	show_diagnostics(&err, carried->document);
	if (invocation->settings.dry_run && carried->outcome == BERTH_OK)
		show_plan(&out, carried->document, NULL);
	else
		render_end(invocation, carried, began_ms);
	fflush(stdout);
	show_failures(&err, carried->document);
}

static int carry_out_deploy(struct invocation *invocation, const struct berth_request *request)
{
	int64_t began_ms = steady_ms();
	struct watcher watcher = {.confirmation = {.invocation = invocation, .needed = costs}};
	struct berth_listener listener = {.size = sizeof listener, .event = take_event, .context = &watcher};
	watcher.confirmation.progress = &watcher.progress;
	if (!invocation->settings.yes)
		listener.confirm = confirm;
	progress_begin(&watcher.progress, invocation);
	struct attendant attendant = progress_attendant(&watcher.progress);
	struct carried carried = carry_out(invocation, berth_deploy, request, &listener, &attendant);
	progress_end(&watcher.progress);
	int code;
	if (watcher.confirmation.refused) {
		code = complain_usage(
		    invocation, "`berth plan` shows it; -y agrees to it",
		    "this deploy removes, interrupts or puts data at risk, and nobody can be asked");
	} else {
		if (wants_json(invocation))
			print_result(&carried);
		else
			render(invocation, &carried, began_ms);
		code = conclude(invocation, &carried);
	}
	carried_release(&carried);
	return code;
}

static int deploy_run(struct invocation *invocation)
{
	struct input input = {0};
	int code = input_blueprint(
	    invocation, invocation->arguments.count ? invocation->arguments.items[0] : NULL, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	code = carry_out_deploy(invocation, &request);
	input_release(&input);
	return code;
}

const struct command command_deploy = {
    .name = "deploy",
    .arguments = "[BLUEPRINT]",
    .summary = "bring the application to what the blueprint says",
    .details = "Makes, changes, starts and removes what is needed until the application is what "
	       "the blueprint says, and waits until every instance answers. Deploying again "
	       "changes nothing when nothing changed; a deploy that was interrupted or failed "
	       "goes on from where it came to.\n\nA deploy that removes something, replaces it "
	       "with an outage or puts data at risk shows that part of the plan and asks; where "
	       "nobody can be asked it needs -y. Of a component whose new instance does not get "
	       "ready the old one is kept, or started again.",
    .examples = {{"berth deploy shop.yaml --location cloud=docker",
		  "the name `cloud` stands for the Docker engine of this machine"},
		 {"berth deploy --dry-run", "the plan of ./blueprint.yaml, and nothing done"}},
    .endings = ENDS_CHANGING,
    .subjects = {SUBJECT_BLUEPRINT},
    .most = 1,
    .run = deploy_run,
};
