/* policy.c - `berth policy`: what looks after an application, and having it wait, go on, or act otherwise. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

static const char *const usage =
    "usage: berth policy list|suspend|resume|set APP [COMPONENT] POLICY [KEY=VALUE...]";

/* "backoff=2s maxTries=3" */
static void add_config(struct table *table, const json_t *config)
{
	char line[400] = "";
	size_t used = 0;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)config, key, value) {
		owned_memory char *text =
		    json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		int length = snprintf(line + used, sizeof line - used, "%s%s=%s", used ? " " : "", key,
				      text                       ? text
				      : json_string_value(value) ? json_string_value(value)
								 : "");
		if (length < 0 || used + (size_t)length >= sizeof line)
			break;
		used += (size_t)length;
	}
	table_add(table, DIM, line);
}

static void add_policy(struct table *table, const json_t *policy)
{
	bool suspended = json_is_true(json_object_get(policy, "suspended"));
	bool supplied = json_is_true(json_object_get(policy, "supplied"));
	table_add(table, BOLD, text_of(policy, "component"));
	table_add(table, supplied ? DIM : PLAIN, text_of(policy, "policy"));
	const json_t *each = list_of(policy, "each");
	const char *first = json_string_value(json_array_get(each, 0));
	table_add(table, suspended ? YELLOW : PLAIN, first ? first : text_of(policy, "about"));
	add_config(table, json_object_get(policy, "config"));
	for (size_t i = 1; i < json_array_size(each); i++) {
		const char *line = json_string_value(json_array_get(each, i));
		table_add(table, PLAIN, "");
		table_add(table, PLAIN, "");
		table_add(table, PLAIN, line ? line : "");
		table_add(table, PLAIN, "");
	}
}

static void render(const struct invocation *invocation, const json_t *document)
{
	static const char *const titles[] = {"COMPONENT", "POLICY", "WHAT IT IS ABOUT", "SET TO"};
	struct screen out = screen_of(stdout, invocation);
	struct table table = {.columns = COUNT_OF(titles), .titled = true};
	const json_t *list = list_of(document, "policies");
	size_t i;
	json_t *policy;
	if (!list)
		return;
	if (!json_array_size(list)) {
		printf("%s has no policies.\n", text_of(document, "app"));
		return;
	}
	for (i = 0; i < COUNT_OF(titles); i++)
		table_add(&table, DIM, titles[i]);
	json_array_foreach (list, i, policy)
		add_policy(&table, policy);
	table_print(&out, &table);
	table_release(&table);
	if (!json_is_true(json_object_get(document, "kept")))
		printf("They act while `berth serve` keeps the application.\n");
}

static bool is_action(const char *word)
{
	static const char *const words[] = {"list", "suspend", "resume", "set"};
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* What the words after the application mean: a component, a policy, and with `set` what it is set to. */
struct meant {
	const char *component, *policy;
	const char *const *arguments;
};

/* How many of them come before the first KEY=VALUE. */
static size_t count_names(const struct words *words, size_t from)
{
	size_t at = from;
	while (at < words->count && !strchr(words->items[at], '='))
		at++;
	return at - from;
}

static int read_words(const struct invocation *invocation, bool lists, size_t from, struct meant *ret)
{
	const struct words *words = &invocation->arguments;
	bool sets = strcmp(words->items[0], "set") == 0;
	size_t names = count_names(words, from);
	if (names > 2 || (!sets && from + names < words->count))
		return complain_usage(invocation, usage, "`%s` is too much",
				      words->items[from + (names > 2 ? 2 : names)]);
	if (!lists && !names)
		return complain_usage(invocation, "`berth policy list APP` shows those there are",
				      "which policy?");
	if (sets && from + names == words->count)
		return complain_usage(invocation, usage, "what is `%s` to be set to?",
				      words->items[from + names - 1]);
	if (names == 2 || (lists && names))
		ret->component = words->items[from];
	if (!lists || names == 2)
		ret->policy = words->items[from + names - 1];
	ret->arguments = sets ? words->items + from + names : NULL;
	return 0;
}

/* The application's name stands behind the word, or in --app. */
static int read_app(struct invocation *invocation, size_t *ret_from, const char **ret_app)
{
	const struct words *words = &invocation->arguments;
	const char *given = invocation->settings.app;
	const char *app = given ? given : words->count > 1 ? words->items[1] : NULL;
	if (!app)
		return complain_usage(invocation, usage, "which application?");
	if (is_file_name(app))
		return complain_usage(invocation, "name the application that was deployed from it",
				      "`berth policy` takes an application's name, not a file");
	*ret_app = app;
	*ret_from = given ? 1 : 2;
	return 0;
}

static int policy_run(struct invocation *invocation)
{
	const struct words *words = &invocation->arguments;
	const char *action = words->count ? words->items[0] : NULL, *components[] = {NULL, NULL};
	struct berth_request request = request_of(invocation, NULL);
	struct meant meant = {0};
	size_t from = 0;
	if (!action)
		return complain_usage(invocation, usage, "list, suspend, resume or set?");
	if (!is_action(action))
		return complain_usage(invocation, usage, "`%s` is no word for here", action);
	int code = read_app(invocation, &from, &request.app);
	if (!code)
		code = read_words(invocation, strcmp(action, "list") == 0, from, &meant);
	if (code)
		return code;
	components[0] = meant.component;
	request.action = action;
	request.components = components;
	request.name = meant.policy;
	request.arguments = meant.arguments;
	return simple_command(invocation, berth_policy, &request, render);
}

const struct command command_policy = {
    .name = "policy",
    .arguments = "list|suspend|resume|set APP [COMPONENT] POLICY [KEY=VALUE...]",
    .summary = "what looks after it: list, suspend, resume, set",
    .details =
	"`list` shows the policies of the application, or of one component: what each waits for or gave up "
	"on, and what it is set to. One that `suspend` names does nothing until `resume`, whatever happens, "
	"also after a restart of the controller; it acts then on what is so at that time. `set` changes keys "
	"of a policy while it runs, those that are not read once; that counts until a deploy gives the key "
	"another value.\n\n"
	"POLICY is the name in the list: `restarter`, `periodic/2` where there are several, the last part "
	"of a class' name. Without a component all that have such a policy are meant. Without a controller "
	"it is remembered for the next one.",
    .examples = {{"berth policy list shop", "all of them"},
		 {"berth policy set shop db restarter backoff=10s", "the restarter of `db` waits longer"}},
    .endings = ENDS_READING | ENDS(LOCKED),
    .subjects = {SUBJECT_WORD, SUBJECT_APP, SUBJECT_COMPONENT},
    .words = "list|suspend|resume|set",
    .most = 100,
    .run = policy_run,
};
