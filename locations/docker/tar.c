/* tar.c - files as one archive in memory, as the engine takes and gives them. */
#include <stdio.h>
#include <string.h>

#include "locations/docker/tar.h"

enum { BLOCK = 512, NAME_MAX_LENGTH = 100 };

/* Where the parts of a header begin, and how long they are. */
enum {
	NAME = 0,
	MODE = 100,
	UID = 108,
	GID = 116,
	SIZE = 124,
	SIZE_LENGTH = 12,
	MTIME = 136,
	SUM = 148,
	TYPE = 156,
	MAGIC = 257,
};

/* Octal and a NUL; what is too large for that as a binary number with its first bit set. */
static void put_number(char *field, size_t length, uint64_t number)
{
	char digits[32];

	if (number < UINT64_C(1) << 3 * (length - 1)) {
		snprintf(digits, sizeof(digits), "%0*llo", (int)length - 1, (unsigned long long)number);
		memcpy(field, digits, length);
		return;
	}
	for (size_t i = length; i-- > 1; number >>= 8)
		field[i] = (char)(number & 255);
	field[0] = (char)128;
}

static void put_sum(char *header)
{
	unsigned sum = 0;

	memset(header + SUM, ' ', 8);
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + SUM, 8, "%06o", sum);
}

static void put_entry(struct text *tar, char type, const struct tar_file *file)
{
	static const char nothing[BLOCK], magic[8] = {'u', 's', 't', 'a', 'r', '\0', '0', '0'};
	char header[BLOCK] = "";

	memcpy(header + NAME, file->name, strnlen(file->name, NAME_MAX_LENGTH));
	put_number(header + MODE, 8, file->mode);
	put_number(header + UID, 8, file->uid);
	put_number(header + GID, 8, file->gid);
	put_number(header + SIZE, SIZE_LENGTH, file->size);
	put_number(header + MTIME, 12, file->changed_s > 0 ? (uint64_t)file->changed_s : 0);
	header[TYPE] = type;
	memcpy(header + MAGIC, magic, sizeof(magic));
	put_sum(header);
	text_add_bytes(tar, header, BLOCK);
	text_add_bytes(tar, file->content, file->size);
	text_add_bytes(tar, nothing, (BLOCK - file->size % BLOCK) % BLOCK);
}

/* "LENGTH path=NAME\n", whose length counts its own digits. */
static void put_long_name(struct text *tar, const struct tar_file *file)
{
	owned_by(text_release) struct text record = {0};
	size_t rest = strlen(" path=\n") + strlen(file->name), length = rest + 1;
	char digits[24];

	while ((size_t)snprintf(digits, sizeof(digits), "%zu", length) + rest != length)
		length++;
	text_format(&record, "%zu path=%s\n", length, file->name);
	const struct tar_file entry = {
	    .name = "long", .mode = 0600, .content = text_view(&record), .size = record.length};
	put_entry(tar, 'x', &entry);
	tar->failed |= record.failed;
}

void tar_add(struct text *tar, const struct tar_file *file)
{
	if (strlen(file->name) > NAME_MAX_LENGTH)
		put_long_name(tar, file);
	put_entry(tar, '0', file);
}

void tar_end(struct text *tar)
{
	static const char end[2 * BLOCK];

	text_add_bytes(tar, end, sizeof(end));
}

/* -1: no number that could be an entry's size. */
static int64_t size_of(const char *header)
{
	int64_t size = 0;
	int digits = 0;

	for (const char *c = header + SIZE; c < header + SIZE + SIZE_LENGTH && *c >= '0' && *c <= '7'; c++) {
		size = size * 8 + (*c - '0');
		digits++;
	}
	return digits ? size : -1;
}

bool tar_first(const char *tar, size_t size, const char **ret_content, size_t *ret_size)
{
	for (size_t at = 0; at + BLOCK <= size && tar[at];) {
		const char *header = tar + at;
		int64_t length = size_of(header);
		at += BLOCK;
		if (length < 0 || (uint64_t)length > size - at)
			return false;
		if (header[TYPE] == '0' || !header[TYPE]) {
			*ret_content = tar + at;
			*ret_size = (size_t)length;
			return true;
		}
		/* Only what describes the next entry may come before it. */
		if (!header[TYPE] || !strchr("xgLK", header[TYPE]))
			return false;
		at += ((size_t)length + BLOCK - 1) / BLOCK * BLOCK;
	}
	return false;
}
