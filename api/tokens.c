/* tokens.c - the file of those who may come in from elsewhere: TOKEN ROLE [NAME], one a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/private.h"
#include "api/server.h"
#include "base/cleanup.h"

enum { MOST_TOKENS = 1000, SHORTEST_TOKEN = 16 };

static int read_line(char *line, struct token *ret, const char *path, int number, struct error *err)
{
	char *rest = NULL, *token = strtok_r(line, " \t\r\n", &rest);
	char *role = token ? strtok_r(NULL, " \t\r\n", &rest) : NULL;
	char *name = role ? strtok_r(NULL, " \t\r\n", &rest) : NULL;
	if (!token || *token == '#')
		return 0;
	ret->role = role ? role_find(role) : ROLE_NOBODY;
	if (strlen(token) < SHORTEST_TOKEN)
		return fail(err, ERR_INVALID, "%s:%d: a token has %d characters or more", path, number,
			    SHORTEST_TOKEN);
	if (!ret->role)
		return fail(err, ERR_INVALID, "%s:%d: after the token comes its role: read, operate or admin",
			    path, number);
	if (name && !printable(name))
		return fail(err, ERR_INVALID, "%s:%d: the name has control characters", path, number);
	snprintf(ret->name, sizeof ret->name, "%s", name ? name : "nameless");
	return digest_hex(token, strlen(token), ret->digest) ? fail(err, ERR_FAILED, "SHA-256 failed") : 1;
}

struct reading {
	const char *path;
	struct tokens tokens;
};

static int take_line(void *of, char *line, int number, struct error *err)
{
	struct reading *reading = of;
	struct tokens *tokens = &reading->tokens;
	if (tokens->count == MOST_TOKENS)
		return fail(err, ERR_INVALID, "%s has more than %d tokens", reading->path, MOST_TOKENS);
	int found = read_line(line, &tokens->items[tokens->count], reading->path, number, err);
	tokens->count += found > 0;
	return found < 0 ? -1 : 0;
}

int tokens_read(const char *path, struct tokens *ret, struct error *err)
{
	struct reading reading = {path, {.items = calloc(MOST_TOKENS + 1, sizeof *reading.tokens.items)}};
	if (!reading.tokens.items)
		return fail_memory(err);
	if (private_lines(path, "the token file", take_line, &reading, err)) {
		tokens_release(&reading.tokens);
		return -1;
	}
	*ret = reading.tokens;
	return 0;
}

const struct token *tokens_find(const struct tokens *tokens, const char *token)
{
	char digest[DIGEST_HEX];
	if (digest_hex(token, strlen(token), digest))
		return NULL;
	for (size_t i = 0; i < tokens->count; i++)
		if (strcmp(tokens->items[i].digest, digest) == 0)
			return &tokens->items[i];
	return NULL;
}

void tokens_release(struct tokens *tokens)
{
	free(tokens->items);
	*tokens = (struct tokens){0};
}
