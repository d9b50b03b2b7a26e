/* document.c - an operation's result: a small object of JSON, whose long members are kept as the text that
 * they become. */
#include "base/cleanup.h"
#include "base/json_write.h"
#include "engine/engine.h"

#include <string.h>

struct long_member {
	const char *key;
	struct text text;
	struct long_member *next;
};

static struct long_member *find(const struct berth_operation *operation, const char *key)
{
	struct long_member *member = operation->long_members;
	while (member && strcmp(member->key, key) != 0)
		member = member->next;
	return member;
}

struct text *document_text(struct berth_operation *operation, json_t *document, const char *key)
{
	struct long_member *member = find(operation, key);
	if (!member) {
		if (!(member = arena_array(&operation->arena, struct long_member, 1)))
			return NULL;
		*member = (struct long_member){.key = key, .next = operation->long_members};
		operation->long_members = member;
	}
	text_release(&member->text);
	return json_object_set_new(document, key, json_null()) ? NULL : &member->text;
}

const struct text *document_member(const struct berth_operation *operation, const char *key)
{
	const struct long_member *member = find(operation, key);
	return member ? &member->text : NULL;
}

char *document_line(const struct berth_operation *operation, json_t *document)
{
	owned_text line = {0};
	const char *key;
	json_t *value;
	json_open(&line, NULL, '{');
	json_object_foreach (document, key, value) {
		const struct text *text = json_is_null(value) ? document_member(operation, key) : NULL;
		if (text && text->length)
			json_write_line(&line, key, text->data, text->length);
		else
			json_write_value(&line, key, value);
		line.failed |= text && text->failed;
	}
	json_close(&line, '}');
	return text_take(&line);
}

void document_release(struct berth_operation *operation)
{
	for (struct long_member *member = operation->long_members; member; member = member->next)
		text_release(&member->text);
	operation->long_members = NULL;
}
