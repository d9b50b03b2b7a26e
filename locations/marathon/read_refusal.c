/* read_refusal.c - why Marathon did not do it, in one line, whichever of its layers said so. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "locations/marathon/answers.h"
#include "locations/marathon/reading.h"

enum { WORDS_MAX = 300 };

static void add_detail(struct text *words, const json_t *detail)
{
	const char *path = json_text(detail, "path");
	const json_t *errors = json_object_get(detail, "errors");

	if (json_is_string(detail))
		text_format(words, ": %s", json_string_value(detail));
	for (size_t i = 0; i < json_array_size(errors); i++) {
		const char *error = json_string_value(json_array_get(errors, i));
		if (error && path && *path && strcmp(path, "/") != 0)
			text_format(words, ": `%s`: %s", path, error);
		else if (error)
			text_format(words, ": %s", error);
	}
}

/* `details` may be missing, a text, or a list. */
static void add_json(struct text *words, const json_t *json)
{
	const char *message = json_text(json, "message");
	const json_t *details = json_object_get(json, "details");

	text_add(words, message ? message : json_text(json, "error") ?: "");
	if (json_is_string(details))
		add_detail(words, details);
	for (size_t i = 0; i < json_array_size(details); i++)
		add_detail(words, json_array_get(details, i));
}

/* What stands in a page beside its tags. */
static void add_page(struct text *words, const char *body, size_t size)
{
	bool inside = false, blank = false;

	for (size_t i = 0; i < size && words->length < WORDS_MAX; i++) {
		char c = body[i];
		if (c == '<' || c == '>') {
			inside = c == '<';
			blank = true;
		} else if (!inside && (c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
			blank = true;
		} else if (!inside) {
			if (blank && words->length)
				text_add_char(words, ' ');
			blank = false;
			text_add_char(words, c);
		}
	}
}

static const char *plain_words(int status)
{
	switch (status) {
	case 401:
		return "the user, password or token is not accepted";
	case 403:
		return "that is not allowed";
	case 502:
	case 503:
		return "there is no leader that answers";
	default:
		return NULL;
	}
}

int marathon_refusal_read(int status, const char *body, size_t size, struct arena *arena,
			  struct marathon_refusal *ret)
{
	owned_json json = size ? json_parse(body, size, "answer", NULL) : NULL;
	const json_t *locks = json_object_get(json, "deployments");
	owned_text words = {0}, shown = {0};

	*ret = (struct marathon_refusal){.words = ""};
	if (json_is_object(json))
		add_json(&words, json);
	else if (!json)
		add_page(&words, body, size);
	if (!words.length && plain_words(status))
		text_add(&words, plain_words(status));
	if (!words.length)
		text_format(&words, "it answered %d without a word", status);
	for (size_t i = 0; i < words.length; i++)
		if (words.data[i] == '\n' || words.data[i] == '\t')
			words.data[i] = ' ';
	text_add_printable(&shown, text_view(&words), words.length < WORDS_MAX ? words.length : WORDS_MAX);
	const char **ids = arena_array(arena, const char *, json_array_size(locks) + 1);
	ret->words = shown.failed || words.failed ? NULL : arena_text(arena, text_view(&shown));
	if (!ids || !ret->words)
		return -1;
	for (size_t i = 0; i < json_array_size(locks); i++) {
		const json_t *lock = json_array_get(locks, i);
		const char *id = json_is_string(lock) ? json_string_value(lock) : json_text(lock, "id");
		if (id && !(ids[ret->lock_count++] = arena_text(arena, id)))
			return -1;
	}
	ret->locks = ids;
	ret->full = status == 403 && strstr(ret->words, "running deployments");
	return 0;
}
