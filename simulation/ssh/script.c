/* script.c - reads what a machine is told to do: as much of the shell's language as the driver writes. */
#include <string.h>

#include "base/cleanup.h"
#include "simulation/ssh/model.h"

/* A word and what is quoted in it. */
static const char *read_word(const char *at, const char *end, struct text *ret)
{
	while (at < end && *at != ' ' && *at != '\n') {
		if (*at == '\'') {
			const char *close = memchr(at + 1, '\'', (size_t)(end - at - 1));
			close = close ? close : end - 1;
			text_add_bytes(ret, at + 1, (size_t)(close - at - 1));
			at = close + 1;
			continue;
		}
		at += *at == '\\' && at + 1 < end;
		text_add_char(ret, *at++);
	}
	return at;
}

static bool sets_variable(const char *word)
{
	size_t name = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_");

	return name && word[name] == '=';
}

static void add_word(struct arena *arena, struct statement *to, const char *word)
{
	const char **words = ssh_need(arena_array(arena, const char *, to->count + 2));

	if (to->count)
		memcpy(words, to->words, to->count * sizeof(*words));
	words[to->count++] = ssh_need(arena_text(arena, word));
	words[to->count] = NULL;
	to->words = words;
}

static struct statement *add_statement(struct arena *arena, struct statement ***last)
{
	struct statement *one = ssh_need(arena_alloc(arena, sizeof(*one)));

	*one = (struct statement){0};
	**last = one;
	*last = &one->next;
	return one;
}

struct statement *script_read(struct arena *arena, const char *text, size_t size)
{
	struct statement *list = NULL, **last = &list, *one = NULL;
	const char *at = text, *end = text + size;

	while (at < end) {
		if (*at == ' ' || *at == '\n') {
			one = *at++ == '\n' ? NULL : one;
			continue;
		}
		bool sets = !one && sets_variable(at);
		owned_text word = {0};
		at = read_word(at, end, &word);
		if (!strcmp(text_view(&word), "&&")) {
			one = add_statement(arena, &last);
			one->if_well = true;
			continue;
		}
		if (!one)
			one = add_statement(arena, &last);
		one->sets = one->sets || sets;
		add_word(arena, one, text_view(&word));
	}
	return list;
}

const char *script_variable(const struct statement *list, const struct statement *until, const char *name)
{
	size_t length = strlen(name);
	const char *value = "";

	for (; list && list != until; list = list->next) {
		/* "NAME=value", or "export NAME=value" */
		const char *word = !list->count                        ? ""
				   : !strcmp(list->words[0], "export") ? list->words[1]
				   : list->sets                        ? list->words[0]
								       : "";
		if (word && !strncmp(word, name, length) && word[length] == '=')
			value = word + length + 1;
	}
	return value;
}

void script_bytes(const char *word, struct text *ret)
{
	while (*word) {
		unsigned byte = 0;
		int digits = 0;
		if (word[0] != '\\' || word[1] != '0') {
			text_add_char(ret, *word++);
			continue;
		}
		for (word += 2; digits < 3 && *word >= '0' && *word <= '7'; digits++)
			byte = byte * 8 + (unsigned)(*word++ - '0');
		text_add_char(ret, (char)byte);
	}
}
