/* document.c - an operation's result: a small object of JSON, whose long members are kept as the text that
 * they become. */
#include "base/cleanup.h"
#include "base/json_write.h"
#include "engine/engine.h"

#include <string.h>

struct long_member {
	const char *key;
	struct text text;
	const struct long_member *quoted; /* of a document in a string: its last member */
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
	member->quoted = NULL;
	return json_put(document, key, json_null()) ? NULL : &member->text;
}

const struct text *document_member(const struct berth_operation *operation, const char *key)
{
	const struct long_member *member = find(operation, key);
	return member ? &member->text : NULL;
}

int document_quote(struct berth_operation *operation, json_t *document, const char *key, const json_t *head,
		   const char *last)
{
	struct text *text = document_text(operation, document, key);
	if (!text)
		return -1;
	json_add_line(text, head);
	find(operation, key)->quoted = find(operation, last);
	return text->failed ? -1 : 0;
}

/* What the whole takes, more or less; a quoted list has a backslash for each fifth character or so. */
static size_t size_of(const struct berth_operation *operation)
{
	size_t size = 4096;
	for (const struct long_member *member = operation->long_members; member; member = member->next)
		size += member->text.length + (member->quoted ? member->quoted->text.length * 5 / 4 : 0);
	return size;
}

static void write_quoted(struct text *line, const struct long_member *member)
{
	const struct text *last = &member->quoted->text;
	owned_text key = {0};
	text_format(&key, ",\"%s\":", member->quoted->key);
	json_write_line(line, member->key, "\"", 1);
	json_quote_line(line, text_view(&member->text), member->text.length - 1);
	json_quote_line(line, text_view(&key), key.length);
	json_quote_line(line, text_view(last), last->length);
	text_add(line, "}\"");
	line->failed |= key.failed || last->failed;
}

char *document_line(const struct berth_operation *operation, json_t *document)
{
	owned_text line = {0};
	const char *key;
	json_t *value;
	text_reserve(&line, size_of(operation));
	json_open(&line, NULL, '{');
	json_object_foreach (document, key, value) {
		const struct long_member *member = json_is_null(value) ? find(operation, key) : NULL;
		if (!member || !member->text.length)
			json_write_value(&line, key, value);
		else if (member->quoted)
			write_quoted(&line, member);
		else
			json_write_line(&line, key, member->text.data, member->text.length);
		line.failed |= member && member->text.failed;
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
