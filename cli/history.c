/* history.c - `berth history`: what was deployed when, and what became of it. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

static const char *ended(const json_t *revision)
{
	const json_t *outcome = json_object_get(revision, "outcome");
	if (!json_is_integer(outcome))
		return "interrupted";
	return json_integer_value(outcome) ? "failed" : "done";
}

/* "web sha256:1f2e3d4c5b6a, ...": as much of an image's id as tells it from others. */
static void add_images(struct table *table, const json_t *revision)
{
	char line[400] = "";
	size_t used = 0;
	const char *component;
	json_t *id;
	json_object_foreach (json_object_get(revision, "images"), component, id) {
		const char *text = json_string_value(id) ? json_string_value(id) : "";
		const char *digits = strchr(text, ':') ? strchr(text, ':') + 1 : text;
		int length = snprintf(line + used, sizeof line - used, "%s%s %.12s", used ? ", " : "",
				      component, digits);
		if (length < 0 || used + (size_t)length >= sizeof line)
			break;
		used += (size_t)length;
	}
	table_add(table, DIM, line);
}

static void render(const struct invocation *invocation, const json_t *document)
{
	static const char *const titles[] = {"REVISION", "TIME", "ENDED", "BY", "FILE", "IMAGES"};
	struct screen out = screen_of(stdout, invocation);
	struct table table = {.columns = COUNT_OF(titles), .titled = true};
	size_t i;
	json_t *revision;
	if (!json_array_size(list_of(document, "revisions")))
		return;
	for (i = 0; i < COUNT_OF(titles); i++)
		table_add(&table, DIM, titles[i]);
	json_array_foreach (list_of(document, "revisions"), i, revision) {
		char number[40];
		bool current = json_is_true(json_object_get(revision, "current"));
		snprintf(number, sizeof number, "%lld%s", (long long)number_of(revision, "revision"),
			 current ? " *" : "");
		table_add(&table, current ? BOLD : PLAIN, number);
		table_add(&table, PLAIN, text_of(revision, "time"));
		table_add(&table, strcmp(ended(revision), "done") == 0 ? GREEN : RED, ended(revision));
		table_add(&table, PLAIN, text_of(revision, "by"));
		table_add(&table, PLAIN, text_of(revision, "file"));
		add_images(&table, revision);
	}
	table_print(&out, &table);
	table_release(&table);
}

static int history_run(struct invocation *invocation)
{
	struct input input = {0};
	int code = input_app(invocation, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	return simple_command(invocation, berth_history, &request, render);
}

const struct command command_history = {
    .name = "history",
    .arguments = "APP",
    .summary = "what was deployed when",
    .details =
	"Lists the revisions of the application, the newest first: one for each deploy, scale or rollback "
	"that "
	"asked for something else than the one before. The present one has a star; `interrupted` is one "
	"whose command did not come to its end. The last 100 are kept; destroying the application forgets "
	"them.",
    .examples = {{"berth history shop", "all that are known"},
		 {"berth history shop -o json | jq '.revisions[0].images'", "the images that run now"}},
    .endings = ENDS_READING,
    .subjects = {SUBJECT_APP},
    .most = 1,
    .run = history_run,
};
