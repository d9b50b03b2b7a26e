/* tar.c - archives of plain files, read and written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

enum { BLOCK = 512, AT_MODE = 100, AT_UID = 108, AT_GID = 116, AT_SIZE = 124, AT_SUM = 148, AT_KIND = 156 };
enum { AT_MAGIC = 257, AT_PREFIX = 345, NAME = 100, PREFIX = 155 };

static unsigned long number_at(const char *header, size_t at, size_t size)
{
	char digits[16] = "";

	memcpy(digits, header + at, size < sizeof(digits) - 1 ? size : sizeof(digits) - 1);
	return strtoul(digits, NULL, 8);
}

static bool is_entry(const char *at, const char *end)
{
	return end - at >= BLOCK && *at;
}

/* A longer name comes as an entry of its own before. */
static bool read_entry(const char **at, const char *end, struct tar_entry *ret)
{
	const char *header = *at;

	if (!is_entry(header, end))
		return false;
	size_t size = number_at(header, AT_SIZE, 12), room = (size + BLOCK - 1) / BLOCK * BLOCK;
	if ((size_t)(end - header) < BLOCK + room)
		return false;
	if (!ret->name[0])
		snprintf(ret->name, sizeof(ret->name), "%.*s%s%.*s", header[AT_PREFIX] ? PREFIX : 0,
			 header + AT_PREFIX, header[AT_PREFIX] ? "/" : "", NAME, header);
	ret->kind = header[AT_KIND] ? header[AT_KIND] : '0';
	ret->mode = (unsigned)number_at(header, AT_MODE, 8);
	ret->uid = (unsigned)number_at(header, AT_UID, 8);
	ret->gid = (unsigned)number_at(header, AT_GID, 8);
	ret->content = header + BLOCK;
	ret->size = size;
	*at = header + BLOCK + room;
	return true;
}

bool tar_next(const char **at, const char *end, struct tar_entry *ret)
{
	ret->name[0] = '\0';
	while (read_entry(at, end, ret)) {
		if (ret->kind != 'L')
			return true;
		snprintf(ret->name, sizeof(ret->name), "%.*s", (int)ret->size, ret->content);
	}
	return false;
}

void tar_put(struct text *to, const struct tar_entry *entry)
{
	static const char zeros[BLOCK];
	char header[BLOCK] = {0};
	unsigned sum = 0;

	snprintf(header, NAME, "%.99s", entry->name);
	snprintf(header + AT_MODE, 8, "%07o", entry->mode);
	snprintf(header + AT_UID, 8, "%07o", entry->uid);
	snprintf(header + AT_GID, 8, "%07o", entry->gid);
	snprintf(header + AT_SIZE, 12, "%011zo", entry->size);
	snprintf(header + AT_SIZE + 12, 12, "%011o", 0);
	memset(header + AT_SUM, ' ', 8);
	header[AT_KIND] = entry->kind;
	static const char magic[8] = {'u', 's', 't', 'a', 'r', 0, '0', '0'};
	memcpy(header + AT_MAGIC, magic, sizeof(magic));
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + AT_SUM, 8, "%06o", sum);
	text_add_bytes(to, header, sizeof(header));
	text_add_bytes(to, entry->content, entry->size);
	if (entry->size % BLOCK)
		text_add_bytes(to, zeros, BLOCK - entry->size % BLOCK);
}
