/* characters.c - code points: which are safe to show, and how many columns they take. */
#include <string.h>

#include "cli/screen.h"

static size_t length_of_first(unsigned char byte)
{
	if (byte < 0x80)
		return 1;
	if (byte >= 0xc2 && byte <= 0xdf)
		return 2;
	if (byte >= 0xe0 && byte <= 0xef)
		return 3;
	return byte >= 0xf0 && byte <= 0xf4 ? 4 : 0;
}

static bool is_character(int32_t point, size_t length)
{
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	return point >= least[length] && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
}

size_t next_point(const char *bytes, size_t size, int32_t *ret_point)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t length = size ? length_of_first(at[0]) : 0;
	*ret_point = -1;
	if (!size)
		return 0;
	if (!length || length > size)
		return 1;
	int32_t point = length == 1 ? at[0] : at[0] & (0xff >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 1;
		point = point << 6 | (at[i] & 0x3f);
	}
	if (!is_character(point, length))
		return 1;
	*ret_point = point;
	return length;
}

static bool within(int32_t point, const int32_t (*ranges)[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (point >= ranges[i][0] && point <= ranges[i][1])
			return true;
	return false;
}

/* What a terminal would obey, or what would turn a line round: C0, DEL, C1, bidirectional marks, line
 * separators. */
static bool is_obeyed(int32_t point)
{
	static const int32_t ranges[][2] = {{0, 0x1f},        {0x7f, 0x9f},     {0x200b, 0x200f},
					    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
					    {0xfff9, 0xfffb}, {0x61c, 0x61c},   {0xe0000, 0xe007f}};
	return point < 0 || within(point, ranges, COUNT_OF(ranges));
}

int width_of(int32_t point)
{
	static const int32_t none[][2] = {
	    {0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};
	static const int32_t two[][2] = {{0x1100, 0x115f},   {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
					 {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
					 {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
					 {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
	if (within(point, none, COUNT_OF(none)))
		return 0;
	return within(point, two, COUNT_OF(two)) ? 2 : 1;
}

char *printable(const char *bytes, size_t size)
{
	char *ret = malloc(size * 10 + 1), *to = ret;
	if (!ret)
		return NULL;
	for (size_t i = 0, length; i < size; i += length) {
		int32_t point;
		length = next_point(bytes + i, size - i, &point);
		if (point == '\n' || point == '\t' || point == '\r') {
			if (i + length < size)
				*to++ = ' ';
		} else if (point < 0) {
			to += sprintf(to, "\\x%02x", (unsigned char)bytes[i]);
		} else if (is_obeyed(point)) {
			to += sprintf(to, point < 0x100 ? "\\x%02x" : "\\u{%x}", (unsigned)point);
		} else {
			memcpy(to, bytes + i, length);
			to += length;
		}
	}
	*to = '\0';
	return ret;
}

int columns_of(const char *text)
{
	int columns = 0;
	for (size_t left = strlen(text), length; left; text += length, left -= length) {
		int32_t point;
		length = next_point(text, left, &point);
		columns += width_of(point);
	}
	return columns;
}

int cut_to(char *text, int columns)
{
	int whole = columns_of(text), used = 0;
	if (whole <= columns)
		return whole;
	int room = columns > 2 ? columns - 2 : 0;
	size_t at = 0;
	for (size_t left = strlen(text); left;) {
		int32_t point;
		size_t length = next_point(text + at, left, &point);
		if (used + width_of(point) > room)
			break;
		used += width_of(point);
		at += length;
		left -= length;
	}
	/* What is cut off is at least as long as the dots: two columns of it or more. */
	for (int dots = columns - room; dots > 0 && text[at]; dots--, used++)
		text[at++] = '.';
	text[at] = '\0';
	return used;
}
