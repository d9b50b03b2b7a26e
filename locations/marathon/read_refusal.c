/* read_refusal.c - why Marathon did not do it, in one line, whichever of its layers said so. */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "locations/marathon/answers.h"
#include "locations/marathon/reading.h"

enum { WORDS_MAX = 300 };

/* After what was said before, if anything was. */
static void add_words(struct text *words, const char *path, const char *error)
{
	if (words->length)
		text_add(words, ": ");
	if (path && *path && strcmp(path, "/") != 0)
		text_format(words, "`%s`: ", path);
	text_add(words, error);
}

/* One thing that is wrong: a text, or where, and what; before 0.14 of an `attribute`. */
static void add_detail(struct text *words, const json_t *detail)
{
	const char *path = json_text(detail, "path") ?: json_text(detail, "attribute");
	const json_t *errors = json_object_get(detail, "errors");

	if (json_is_string(detail))
		add_words(words, NULL, json_string_value(detail));
	if (json_text(detail, "error"))
		add_words(words, path, json_text(detail, "error"));
	if (json_is_string(errors))
		add_words(words, path, json_string_value(errors));
	for (size_t i = 0; i < json_array_size(errors); i++)
		if (json_is_string(json_array_get(errors, i)))
			add_words(words, path, json_string_value(json_array_get(errors, i)));
}

static void add_details(struct text *words, const json_t *details)
{
	if (!json_is_array(details))
		add_detail(words, details);
	for (size_t i = 0; i < json_array_size(details); i++)
		add_detail(words, json_array_get(details, i));
}

/* `details` may be missing, a text, or a list; those before Marathon have members of their own. */
static void add_json(struct text *words, const json_t *json)
{
	static const char *const heads[] = {"message", "title", "error", "description"}, *const lists[] = {
											     "details",
											     "errors"};

	for (size_t i = 0; i < COUNT_OF(heads); i++)
		if (json_text(json, heads[i]) && *json_text(json, heads[i]))
			add_words(words, NULL, json_text(json, heads[i]));
	if (!json_is_string(json_object_get(json, "message")))
		add_details(words, json_object_get(json, "message"));
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		add_details(words, json_object_get(json, lists[i]));
}

/* --- pages of those before Marathon --------------------------------------------------------- */

/* How long the element is whose inside nobody reads; 0: it is none. A title says what its page says. */
static size_t unread_length(const char *at, size_t left, bool titles)
{
	static const char *const names[] = {"style", "script", "title"};

	for (size_t i = 0; i < (titles ? 2 : COUNT_OF(names)); i++) {
		size_t length = strlen(names[i]);
		if (left <= length || strncasecmp(at + 1, names[i], length) != 0)
			continue;
		for (size_t end = length; end + length + 2 < left; end++)
			if (at[end] == '<' && at[end + 1] == '/' &&
			    !strncasecmp(at + end + 2, names[i], length))
				return end;
	}
	return 0;
}

/* The sign that "&lt;" means, and how long that is. '\0': it means none. */
static char sign_of(const char *at, size_t left, size_t *ret_length)
{
	static const struct {
		const char *word;
		char sign;
	} signs[] = {{"&lt;", '<'},  {"&gt;", '>'},   {"&quot;", '"'}, {"&#39;", '\''},
		     {"&amp;", '&'}, {"&nbsp;", ' '}, {"&#x27;", '\''}};

	for (size_t i = 0; i < COUNT_OF(signs); i++) {
		*ret_length = strlen(signs[i].word);
		if (*ret_length <= left && !strncmp(at, signs[i].word, *ret_length))
			return signs[i].sign;
	}
	return '\0';
}

static void add_sign(struct text *words, char sign, bool *blank)
{
	if (strchr(" \n\r\t", sign)) {
		*blank = true;
		return;
	}
	if (*blank && words->length)
		text_add_char(words, ' ');
	*blank = false;
	text_add_char(words, sign);
}

/* What stands in a page beside its tags; all, where it is none. */
static void add_page(struct text *words, const char *body, size_t size, bool titles)
{
	size_t first = strspn(body, " \t\r\n");
	bool page = first < size && body[first] == '<', blank = false;

	for (size_t i = 0, length; i < size && body[i] && words->length < WORDS_MAX; i += length) {
		char sign = page && body[i] == '&' ? sign_of(body + i, size - i, &length) : '\0';
		if (page && body[i] == '<') {
			size_t whole = i + unread_length(body + i, size - i, titles);
			const char *end = memchr(body + whole, '>', size - whole);
			length = end ? (size_t)(end - body) + 1 - i : size - i;
			blank = true;
			continue;
		}
		length = sign ? length : 1;
		add_sign(words, sign ? sign : body[i], &blank);
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
	else if (json)
		add_details(&words, json);
	else
		add_page(&words, body, size, false);
	if (!json && !words.length)
		add_page(&words, body, size, true);
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
