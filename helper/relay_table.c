/* relay_table.c - the file that says where the relay listens, and where it passes connections on to. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/relay.h"

static bool read_port(const char *text, in_port_t *ret)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !number || number > 65535)
		return false;
	*ret = htons((in_port_t)number);
	return true;
}

static bool read_v6(char *text, struct relay_address *ret)
{
	char *end = strchr(text, ']');

	if (!end || end[1] != ':')
		return false;
	*end = '\0';
	ret->at.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
	ret->size = sizeof(ret->at.v6);
	return inet_pton(AF_INET6, text + 1, &ret->at.v6.sin6_addr) == 1 &&
	       read_port(end + 2, &ret->at.v6.sin6_port);
}

static bool read_v4(char *text, struct relay_address *ret)
{
	char *colon = strchr(text, ':');

	if (!colon)
		return false;
	*colon = '\0';
	ret->at.v4 = (struct sockaddr_in){.sin_family = AF_INET};
	ret->size = sizeof(ret->at.v4);
	return inet_pton(AF_INET, text, &ret->at.v4.sin_addr) == 1 &&
	       read_port(colon + 1, &ret->at.v4.sin_port);
}

static bool read_address(char *text, struct relay_address *ret)
{
	return *text == '[' ? read_v6(text, ret) : read_v4(text, ret);
}

/* A port alone is that of every address, IPv4's among them. */
static bool read_here(char *text, struct relay_address *ret)
{
	in_port_t port;

	if (!read_port(text, &port))
		return read_address(text, ret);
	ret->at.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
	ret->size = sizeof(ret->at.v6);
	return true;
}

static bool add_target(struct relay_line *line, char *word)
{
	struct relay_address *wider =
	    realloc(line->targets, (line->target_count + 1) * sizeof(*line->targets));

	if (!wider)
		return false;
	line->targets = wider;
	memset(&wider[line->target_count], 0, sizeof(*wider));
	return read_address(word, &wider[line->target_count++]);
}

static bool add_line(struct relay_table *table, char *text)
{
	static const char blank[] = " \t\n";
	char *rest, *word = strtok_r(text, blank, &rest);
	struct relay_line *wider;

	if (!word)
		return true;
	if (!(wider = realloc(table->lines, (table->count + 1) * sizeof(*table->lines))))
		return false;
	table->lines = wider;
	struct relay_line *line = &wider[table->count++];
	*line = (struct relay_line){0};
	if (!read_here(word, &line->here))
		return false;
	while ((word = strtok_r(NULL, blank, &rest)))
		if (!add_target(line, word))
			return false;
	return true;
}

bool relay_table_read(const char *path, struct relay_table *ret)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	unsigned line = 0;
	bool good = file;

	*ret = (struct relay_table){0};
	if (!file)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	while (good && getline(&text, &room, file) >= 0) {
		line++;
		good = add_line(ret, text);
		if (!good)
			fprintf(stderr, "%s:%u: no such line can be: [ADDRESS:]PORT ADDRESS:PORT ...\n", path,
				line);
	}
	free(text);
	if (file)
		fclose(file);
	if (!good)
		relay_table_free(ret);
	return good;
}

void relay_table_free(struct relay_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->lines[i].targets);
	free(table->lines);
	*table = (struct relay_table){0};
}

bool relay_address_same(const struct relay_address *a, const struct relay_address *b)
{
	return a->size == b->size && memcmp(&a->at, &b->at, a->size) == 0;
}
