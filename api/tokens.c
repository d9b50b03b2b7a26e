/* tokens.c - the file of those who may come in from elsewhere: TOKEN ROLE [NAME], one a line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/server.h"
#include "base/cleanup.h"

enum { MOST_TOKENS = 1000, SHORTEST_TOKEN = 16, LONGEST_LINE = 1024 };

static int open_private(const char *path, struct error *err)
{
	struct stat facts;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &facts)) {
		fail(err, ERR_INVALID, "the token file %s cannot be read: %s", path, strerror(errno));
		release_fd(&fd);
		return -1;
	}
	if (facts.st_mode & 077) {
		fail(err, ERR_INVALID, "the token file %s can be read by others", path);
		remedy(err, "chmod 600 %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

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

int tokens_read(const char *path, struct tokens *ret, struct error *err)
{
	char line[LONGEST_LINE];
	struct tokens tokens = {.items = calloc(MOST_TOKENS, sizeof *tokens.items)};
	int fd = tokens.items ? open_private(path, err) : fail_memory(err);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	int failed = file ? 0 : -1;
	for (int number = 1; !failed && fgets(line, sizeof line, file); number++) {
		if (tokens.count == MOST_TOKENS)
			failed = fail(err, ERR_INVALID, "%s has more than %d tokens", path, MOST_TOKENS);
		int found = failed ? 0 : read_line(line, &tokens.items[tokens.count], path, number, err);
		failed |= found < 0;
		tokens.count += found > 0;
	}
	explicit_bzero(line, sizeof line);
	if (file)
		fclose(file);
	if (failed) {
		tokens_release(&tokens);
		return -1;
	}
	*ret = tokens;
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
