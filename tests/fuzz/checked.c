/* checked.c - checks a blueprint, and what is said about it. */
#include "tests/fuzz/checked.h"

#include <string.h>

#include "blueprints/blueprint.h"

static const char *environment(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "GIT_COMMIT") ? NULL : "abc123";
}

bool blueprint_check(const char *text, size_t size)
{
	const struct blueprint_options options = {
	    .file = "b.yaml", .directory = "/base", .environment = environment};
	struct diagnostics list = {0};
	struct blueprint *blueprint = blueprint_parse(text, size, &options, &list);
	bool accepted = blueprint != NULL;

	HOLDS(!list.failed);
	HOLDS(accepted == (list.errors == 0));
	diagnostics_sort(&list);
	for (const struct diagnostic *entry = list.first; entry; entry = entry->next) {
		HOLDS(entry->place.line > 0 && entry->place.column > 0);
		HOLDS(entry->place.file && entry->place.byte <= size);
		HOLDS(*entry->summary && !strchr(entry->summary, '\n'));
	}
	json_t *document = diagnostics_json(&list, text, size);
	HOLDS(document);
	json_decref(document);
	blueprint_release(blueprint);
	diagnostics_release(&list);
	return accepted;
}
