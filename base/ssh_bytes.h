/* ssh_bytes.h - SSH's numbers and strings in bytes (RFC 4251, 5). */
#ifndef BERTH_BASE_SSH_BYTES_H
#define BERTH_BASE_SSH_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* What is left to read. `bad` once something was not there; then all that follows is empty. */
struct ssh_bytes {
	const unsigned char *at;
	size_t left;
	bool bad;
};

struct ssh_string {
	const unsigned char *bytes;
	size_t size;
};

static inline struct ssh_bytes ssh_bytes_of(const void *bytes, size_t size)
{
	return (struct ssh_bytes){bytes, size, false};
}

static inline struct ssh_string ssh_take(struct ssh_bytes *from, size_t size)
{
	struct ssh_string taken = {from->at, size};

	if (from->bad || size > from->left) {
		from->bad = true;
		return (struct ssh_string){(const unsigned char *)"", 0};
	}
	from->at += size;
	from->left -= size;
	return taken;
}

static inline uint32_t ssh_take_u32(struct ssh_bytes *from)
{
	struct ssh_string four = ssh_take(from, 4);

	return four.size < 4 ? 0
			     : (uint32_t)four.bytes[0] << 24 | (uint32_t)four.bytes[1] << 16 |
				   (uint32_t)four.bytes[2] << 8 | four.bytes[3];
}

static inline uint64_t ssh_take_u64(struct ssh_bytes *from)
{
	uint64_t high = ssh_take_u32(from);

	return high << 32 | ssh_take_u32(from);
}

static inline struct ssh_string ssh_take_string(struct ssh_bytes *from)
{
	return ssh_take(from, ssh_take_u32(from));
}

static inline bool ssh_string_is(struct ssh_string string, const char *text)
{
	return string.size == strlen(text) && !memcmp(string.bytes, text, string.size);
}

static inline void ssh_add_u32(struct text *to, uint32_t number)
{
	const unsigned char four[4] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
				       (unsigned char)(number >> 8), (unsigned char)number};

	text_add_bytes(to, four, 4);
}

static inline void ssh_add_u64(struct text *to, uint64_t number)
{
	ssh_add_u32(to, (uint32_t)(number >> 32));
	ssh_add_u32(to, (uint32_t)number);
}

static inline void ssh_add_string(struct text *to, const void *bytes, size_t size)
{
	ssh_add_u32(to, (uint32_t)size);
	text_add_bytes(to, bytes, size);
}

/* A number that is not negative, given by its bytes. */
static inline void ssh_add_mpint(struct text *to, const unsigned char *bytes, size_t size)
{
	while (size && !*bytes)
		bytes++, size--;
	bool sign = size && *bytes & 0x80;
	ssh_add_u32(to, (uint32_t)(size + sign));
	if (sign)
		text_add_char(to, '\0');
	text_add_bytes(to, bytes, size);
}

#endif
