/* yaml_source.c - the text under a YAML tree: is it UTF-8, and where in bytes does a mark stand. */
#include <stdlib.h>
#include <string.h>

#include "blueprints/yaml_internal.h"

#define STRIDE 256

/* Length of the UTF-8 character at `at`, 0 when it is none. */
static size_t character_length(const unsigned char *at, size_t left)
{

	size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;

	if (length == 1)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4 || left < length)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Too long forms, halves of surrogate pairs, and what is past the last character. */
	if (length == 3 && at[0] == 0xe0 && at[1] < 0xa0)
		return 0;
	if (length == 3 && at[0] == 0xed && at[1] >= 0xa0)
		return 0;
	if (length == 4 && ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f)))
		return 0;
	return length;
}

static struct place byte_place(const struct yaml_source *source, size_t byte)
{
	struct place place = {.file = source->file, .line = 1, .column = 1, .byte = byte + source->mark_size};

	for (size_t i = 0; i < byte && i < source->size; i++) {
		if (source->text[i] == '\n') {
			place.line++;
			place.column = 1;
		} else if (((unsigned char)source->text[i] & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

static bool refuse(const struct yaml_source *source, size_t byte, struct diagnostics *list)
{
	unsigned char c = (unsigned char)source->text[byte];
	struct place at = byte_place(source, byte);

	if (c < 0x80)
		advise(list, complain(list, at, "control character 0x%02x in the text", c),
		       "write it as an escape within double quotes");
	else
		advise(list, complain(list, at, "the byte 0x%02x is not UTF-8", c), "save the file as UTF-8");
	return false;
}

static bool count_characters(struct yaml_source *source, struct diagnostics *list)
{
	const unsigned char *text = (const unsigned char *)source->text;

	source->checkpoints = calloc(source->size / STRIDE + 2, sizeof(*source->checkpoints));
	if (!source->checkpoints) {
		list->failed = true;
		return false;
	}
	for (size_t i = 0; i < source->size;) {
		size_t length = character_length(text + i, source->size - i);
		unsigned char c = text[i];
		if (!length || c == 0x7f || (c < ' ' && c != '\t' && c != '\n' && c != '\r'))
			return refuse(source, i, list);
		if (source->characters % STRIDE == 0)
			source->checkpoints[source->characters / STRIDE] = i;
		source->characters++;
		i += length;
	}
	return true;
}

bool yaml_source_open(struct yaml_source *source, const char *file, const char *text, size_t size,
		      struct diagnostics *list)
{
	size_t mark = size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
	*source =
	    (struct yaml_source){.file = file, .text = text + mark, .size = size - mark, .mark_size = mark};

	for (size_t i = 0; i < source->size; i++) {
		unsigned char c = (unsigned char)source->text[i];
		if (c >= 0x80)
			return count_characters(source, list);
		if (c == 0x7f || (c < ' ' && c != '\t' && c != '\n' && c != '\r'))
			return refuse(source, i, list);
	}
	return true;
}

void yaml_source_close(struct yaml_source *source)
{
	free(source->checkpoints);
	source->checkpoints = NULL;
}

static size_t byte_of(const struct yaml_source *source, size_t character)
{
	if (!source->checkpoints)
		return character < source->size ? character : source->size;
	if (character >= source->characters)
		return source->size;
	size_t byte = source->checkpoints[character / STRIDE];
	for (size_t left = character % STRIDE; left; left--) {
		byte++;
		while (byte < source->size && ((unsigned char)source->text[byte] & 0xc0) == 0x80)
			byte++;
	}
	return byte;
}

struct place yaml_source_place(const struct yaml_source *source, const yaml_mark_t *start,
			       const yaml_mark_t *end)
{
	struct place place = {.file = source->file,
			      .line = (int)start->line + 1,
			      .column = (int)start->column + 1,
			      .byte = byte_of(source, start->index) + source->mark_size};

	if (end && end->line == start->line)
		place.end_column = (int)end->column + 1;
	return place;
}
