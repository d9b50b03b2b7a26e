/* types.c - `berth types`: the catalogue of what a component can be. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

/* As it would stand in a blueprint. */
static void show_example(const struct screen *out, const char *example)
{
	while (*example) {
		size_t length = strcspn(example, "\n");
		fputs("    ", out->to);
		put_bytes(out, CYAN, example, length);
		putc('\n', out->to);
		example += length + (example[length] == '\n');
	}
}

/* "sensors: a, b" */
static void show_names(const struct screen *out, const char *what, const json_t *names, const char *one)
{
	size_t i;
	json_t *name;
	if (!json_array_size(names) && (!one || !*one))
		return;
	put(out, DIM, what);
	fputs(": ", out->to);
	put(out, PLAIN, one ? one : "");
	json_array_foreach (names, i, name) {
		fputs(i ? ", " : "", out->to);
		put(out, PLAIN, json_string_value(name));
	}
	putc('\n', out->to);
}

static void show_one(const struct screen *out, const json_t *type)
{
	struct table table = {.columns = 2};
	size_t i;
	json_t *key;
	put(out, BOLD, text_of(type, "name"));
	fputs(": ", out->to);
	put(out, PLAIN, text_of(type, "summary"));
	putc('\n', out->to);
	show_example(out, text_of(type, "example"));
	json_array_foreach (list_of(type, "keys"), i, key) {
		table_add(&table, BOLD, text_of(key, "name"));
		table_add(&table, PLAIN, text_of(key, "summary"));
	}
	if (table.count)
		table_print(out, &table);
	table_release(&table);
	show_names(out, "made of", NULL, text_of(type, "base"));
	show_names(out, "also called", list_of(type, "names"), NULL);
	show_names(out, "sensors", list_of(type, "sensors"), NULL);
	show_names(out, "effectors", list_of(type, "effectors"), NULL);
}

static void add_rows(struct table *table, const json_t *list)
{
	size_t i;
	json_t *type;
	json_array_foreach (list, i, type) {
		table_add(table, BOLD, text_of(type, "name"));
		table_add(table, PLAIN, text_of(type, "summary"));
	}
}

static void render(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation);
	const json_t *list = list_of(document, "types"), *catalogue = list_of(document, "catalogue");
	struct table table = {.columns = 2, .titled = true};
	size_t i;
	json_t *type;
	if (!json_array_size(list) && !json_array_size(catalogue))
		return;
	if (invocation->arguments.count) {
		json_array_foreach (list, i, type)
			show_one(&out, type);
		json_array_foreach (catalogue, i, type)
			show_one(&out, type);
		return;
	}
	table_add(&table, DIM, "TYPE");
	table_add(&table, DIM, "SUMMARY");
	add_rows(&table, list);
	add_rows(&table, catalogue);
	table_print(&out, &table);
	table_release(&table);
}

static int types_run(struct invocation *invocation)
{
	struct berth_request request = request_of(invocation, NULL);
	request.name = invocation->arguments.count ? invocation->arguments.items[0] : NULL;
	return simple_command(invocation, berth_types, &request, render);
}

const struct command command_types = {
    .name = "types",
    .arguments = "[NAME]",
    .summary = "the types of components",
    .details = "Lists what the `type` of a component can be; for one of them its keys, sensors, "
	       "effectors and an example. Below the kinds come the types of the catalogue, which are made of "
	       "them.",
    .examples = {{"berth types", "the types"},
		 {"berth types process", "the keys of a process of this machine"}},
    .endings = ENDS_READING,
    .subjects = {SUBJECT_TYPE},
    .most = 1,
    .run = types_run,
};
