/* validate.c - `berth validate`: every blueprint named is checked, all errors at once. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

static int worse(int a, int b)
{
	return a ? a : b;
}

/* Of a catalogue, what it has: "2 templates, 1 policy". */
static void show_items(const struct screen *out, const json_t *items)
{
	static const struct {
		const char *kind, *many;
	} kinds[] = {{"template", "templates"},
		     {"entity", "entities"},
		     {"policy", "policies"},
		     {"enricher", "enrichers"},
		     {"location", "locations"}};
	const char *between = ": ";
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		size_t k, count = 0;
		json_t *item;
		json_array_foreach (items, k, item)
			count += strcmp(text_of(item, "kind"), kinds[i].kind) == 0;
		if (count)
			fprintf(out->to, "%s%zu %s", between, count,
				count > 1 ? kinds[i].many : kinds[i].kind);
		between = count ? ", " : between;
	}
}

static void show_valid(const struct screen *out, const struct input *input, const json_t *document)
{
	put(out, PLAIN, input->file);
	fputs(": ", out->to);
	paint(out, GREEN, "valid");
	show_items(out, json_object_get(document, "items"));
	putc('\n', out->to);
}

/* Adds one blueprint's document to that of all. */
static void merge(json_t **all, const json_t *document)
{
	static const char *const counts[] = {"error_count", "warning_count"};
	if (!*all) {
		*all = json_deep_copy(document);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		json_object_set_new(
		    *all, counts[i],
		    json_integer(number_of(*all, counts[i]) + number_of(document, counts[i])));
	if (json_is_false(json_object_get(document, "valid")))
		json_object_set_new(*all, "valid", json_false());
	json_t *list = json_object_get(*all, "diagnostics");
	json_array_extend(list, json_object_get(document, "diagnostics"));
	json_t *items = json_object_get(document, "items"), *known = json_object_get(*all, "items");
	if (items && known)
		json_array_extend(known, items);
	else if (items)
		json_object_set(*all, "items", items);
	json_t *error = json_object_get(document, "error");
	if (error && !json_object_get(*all, "error"))
		json_object_set(*all, "error", error);
}

/* One whose file cannot be had is refused, which was told already. */
static int check(struct invocation *invocation, const char *argument, json_t **all, bool *ret_refused)
{
	struct input input = {0};
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	struct berth_listener listener = {
	    .size = sizeof listener, .event = show_warning, .context = invocation};
	int code = input_blueprint(invocation, argument, &input);
	*ret_refused = code != 0;
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	struct carried carried = carry_out(invocation, berth_validate, &request, &listener, NULL);
	if (all && carried.document)
		merge(all, carried.document);
	else if (wants_json(invocation))
		print_result(&carried);
	else
		show_diagnostics(&err, carried.document);
	if (!wants_json(invocation) && carried.operation && carried.outcome == BERTH_OK)
		show_valid(&out, &input, carried.document);
	code = conclude(invocation, &carried);
	carried_release(&carried);
	input_release(&input);
	return code;
}

static int validate_run(struct invocation *invocation)
{
	size_t count = invocation->arguments.count;
	owned_json all = NULL;
	int code = 0;
	bool refused = false;
	if (count < 2)
		return check(invocation, count ? invocation->arguments.items[0] : NULL, NULL, &refused);
	/* What is written is one document: that of the refusal, where there is one. */
	for (size_t i = 0; i < count && !(refused && wants_json(invocation)); i++)
		code = worse(code, check(invocation, invocation->arguments.items[i],
					 wants_json(invocation) ? &all : NULL, &refused));
	if (all && !refused) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	}
	return code;
}

const struct command command_validate = {
    .name = "validate",
    .arguments = "[BLUEPRINT...]",
    .summary = "check blueprints; touches no target",
    .details = "Reads each blueprint, checks its keys, types, links and expressions, and shows "
	       "every error at once with its place and, where one is known, the remedy. Of a catalogue "
	       "every item is checked by itself, or the one that FILE#ITEM names. No "
	       "target is asked. A location's name that nobody bound is a warning here, an "
	       "error of `plan` and `deploy`.",
    .examples = {{"berth validate", "checks ./blueprint.yaml"},
		 {"berth validate *.yaml -o json",
		  "all of them; the diagnostics as one document, for editors and build systems"}},
    .endings = ENDS_READING,
    .subjects = {SUBJECT_BLUEPRINT},
    .most = 10000,
    .run = validate_run,
};
