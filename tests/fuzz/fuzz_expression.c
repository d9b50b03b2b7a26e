/* fuzz_expression.c - an expression, as a variable's value, a file's content and a command's word. */
#include "tests/fuzz/target.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/blueprint.h"

/* In double quotes as YAML has them, so that every text gets there whole. */
static void add_quoted(struct text *to, const uint8_t *bytes, size_t size)
{
	text_add_char(to, '"');
	for (size_t i = 0; i < size; i++)
		if (strchr("\"\\", bytes[i]) || bytes[i] < ' ' || bytes[i] >= 0x7f)
			text_format(to, "\\x%02x", bytes[i] ? bytes[i] : '?');
		else
			text_add_char(to, (char)bytes[i]);
	text_add_char(to, '"');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct blueprint_options options = {.file = "b.yaml", .directory = "/base"};
	struct diagnostics list = {0};
	owned_text text = {0};

	text_add(&text,
		 "parameters:\n- {name: key, default: five}\nservices:\n- {type: docker:redis, id: redis, "
		 "openPorts: 6379}\n- type: docker:x\n  id: x\n  env:\n    A: ");
	add_quoted(&text, bytes, size);
	/* Plain, as it is mostly written. */
	text_add(&text, "\n    B: $brooklyn:");
	for (size_t i = 0; i < size; i++)
		if (bytes[i] >= ' ' && bytes[i] != 0x7f)
			text_add_char(&text, (char)bytes[i]);
	text_add(&text, "\n  command: [run, ");
	add_quoted(&text, bytes, size);
	text_add(&text, "]\n  files:\n    /etc/x: {content: ");
	add_quoted(&text, bytes, size);
	text_add(&text, "}\n  links: [");
	add_quoted(&text, bytes, size);
	text_add(&text, "]\n");
	HOLDS(!text.failed);
	struct blueprint *blueprint = blueprint_parse(text.data, text.length, &options, &list);
	HOLDS(!list.failed && (blueprint == NULL) == (list.errors > 0));
	for (const struct diagnostic *entry = list.first; entry; entry = entry->next)
		HOLDS(entry->place.line > 0 && entry->place.column > 0);
	blueprint_release(blueprint);
	diagnostics_release(&list);
	return 0;
}
