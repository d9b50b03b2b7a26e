/* base64.c - three bytes are four letters, and what is over is padded. */
#include "base/base64.h"

#include <string.h>

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static void add(struct text *to, const char *letters, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	for (; size; byte += size < 3 ? size : 3, size -= size < 3 ? size : 3) {
		uint32_t three = (uint32_t)byte[0] << 16 | (size > 1 ? (uint32_t)byte[1] << 8 : 0) |
				 (size > 2 ? byte[2] : 0);
		text_add_char(to, letters[three >> 18]);
		text_add_char(to, letters[three >> 12 & 63]);
		text_add_char(to, size > 1 ? letters[three >> 6 & 63] : '=');
		text_add_char(to, size > 2 ? letters[three & 63] : '=');
	}
}

void base64url_add(struct text *to, const void *bytes, size_t size)
{
	add(to, ALPHABET "-_", bytes, size);
}

void base64_add(struct text *to, const void *bytes, size_t size)
{
	add(to, ALPHABET "+/", bytes, size);
}

static int value_of(char letter)
{
	static const char letters[] = ALPHABET "+/";
	const char *at = letter ? strchr(letters, letter) : NULL;

	return at ? (int)(at - letters) : -1;
}

bool base64_decode(const char *text, struct text *ret)
{
	uint32_t bits = 0;
	unsigned letters = 0, padding = 0;

	for (; *text; text++) {
		int value = value_of(*text);
		if (*text == '\r' || *text == '\n')
			continue;
		padding += *text == '=';
		if (value < 0 && *text != '=')
			return false;
		if (padding && (value >= 0 || letters % 4 < 2 || padding > 2))
			return false;
		bits = bits << 6 | (value < 0 ? 0 : (uint32_t)value);
		if (++letters % 4)
			continue;
		const char three[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
		text_add_bytes(ret, three, 3 - padding);
	}
	return letters % 4 == 0;
}
