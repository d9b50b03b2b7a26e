/* wrap.c - running text in lines that are no wider than the terminal. */
#include <string.h>

#include "cli/screen.h"

static void new_line(FILE *to, int indent)
{
	fprintf(to, "\n%*s", indent, "");
}

int wrap(FILE *to, const char *text, int at, int indent, int columns)
{
	bool first = true;
	while (*text) {
		size_t gap = strspn(text, " "), length = strcspn(text + gap, " \n");
		owned_memory char *word = strndup(text + gap, length);
		int width = word ? columns_of(word) : 0;
		text += gap + length;
		if (!first && at + 1 + width > columns) {
			new_line(to, indent);
			at = indent;
			first = true;
		}
		if (width)
			at += fprintf(to, "%s%s", first ? "" : " ", word) - (int)length + width;
		first &= !width;
		for (; *text == '\n'; text++, first = true, at = indent)
			new_line(to, text[1] == '\n' ? 0 : indent);
	}
	putc('\n', to);
	return at;
}
