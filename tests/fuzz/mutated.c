/* mutated.c - blueprints that were right before somebody's cat walked over the keyboard: each is accepted or
 * refused in time, and every complaint has a place.
 *
 *   fuzz-mutated COUNT FIRST FILE...
 *
 * Mutant N is made of one of the files by N alone: a failure is shown again by `fuzz-mutated 1 N FILE...`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/fuzz/checked.h"

enum { SEEDS_MAX = 4000, SIZE_MAX_OF_ONE = 200000, PATIENCE_S = 20 };

static struct text seeds[SEEDS_MAX];
static size_t seed_count;
static uint64_t state;

/* xorshift64*; below `sides`, which is not 0 */
static size_t chance(size_t sides)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (size_t)((state * UINT64_C(2685821657736338717)) >> 16) % sides;
}

/* --- a text in two parts, and what comes between ------------------------------------------------ */

struct span {
	size_t from, to;
};

static void splice(struct text *text, struct span span, const char *put, size_t size)
{
	owned_text made = {0};

	text_add_bytes(&made, text->data, span.from);
	text_add_bytes(&made, put, size);
	text_add_bytes(&made, text->data + span.to, text->length - span.to);
	HOLDS(!made.failed);
	text_release(text);
	*text = made;
	made = (struct text){0};
}

static struct span some_bytes(const struct text *text)
{
	size_t from = chance(text->length + 1), most = text->length - from;

	return (struct span){from, from + chance(most < 8 ? most + 1 : 8)};
}

static struct span line_at(const struct text *text, size_t at)
{
	struct span line = {at, at};

	while (line.from && text->data[line.from - 1] != '\n')
		line.from--;
	while (line.to < text->length && text->data[line.to] != '\n')
		line.to++;
	line.to += line.to < text->length;
	return line;
}

static struct span some_line(const struct text *text)
{
	return line_at(text, chance(text->length + 1));
}

static bool in_word(char c)
{
	return c > ' ' && !strchr(":,[]{}()\"'", c);
}

static struct span some_word(const struct text *text)
{
	struct span word = {.from = chance(text->length + 1)};

	while (word.from < text->length && !in_word(text->data[word.from]))
		word.from++;
	while (word.from && in_word(text->data[word.from - 1]))
		word.from--;
	for (word.to = word.from; word.to < text->length && in_word(text->data[word.to]);)
		word.to++;
	return word;
}

/* --- what a cat can do ------------------------------------------------------------------------- */

static const char *const words[] = {
    "99999999999999999999",
    "-1",
    "0",
    "1e400",
    "0x7fffffffffffffff",
    "-9223372036854775808",
    "4294967296",
    ".inf",
    "null",
    "~",
    "true",
    "no",
    "*a",
    "&a",
    "<<",
    "!!binary",
    "!x",
    "%YAML 9.9",
    "---",
    "...",
    "? ",
    "|+9",
    ">-",
    "\xff\xfe",
    "\xc3",
    "\xed\xa0\x80",
    "\xf4\x90\x80\x80",
    "\xe2\x80\xa8",
    "\x1b[2J",
    "\x01",
    "\t",
    "\r",
    "\xef\xbb\xbf",
    "$brooklyn:",
    "$berth:",
    "$brooklyn:component(\"",
    "$brooklyn:formatString(\"%s%n%1$s\", ",
    "$berth:secret(\"file:\")",
    "services:",
    "- type: docker:",
    "type",
    "id",
    "links",
    "env",
    "ports",
    "instances: 4294967297",
    "dependsOn",
    "files",
    "docker:@",
    "process",
    "external",
    "healthCheck",
    "{",
    "}",
    "[",
    "]",
    ", ",
    ": ",
    "\n",
    "\n  ",
    "\n- ",
    "\"",
    "'",
    "#",
};

static void put_word(struct text *text, struct span where)
{
	const char *word = words[chance(COUNT_OF(words))];

	splice(text, where, word, strlen(word));
}

static void change_bytes(struct text *text)
{
	char bytes[4];
	size_t count = chance(sizeof bytes + 1);

	for (size_t i = 0; i < count; i++)
		bytes[i] = (char)chance(256);
	splice(text, some_bytes(text), bytes, count);
}

static void flip_bit(struct text *text)
{
	if (text->length)
		text->data[chance(text->length)] ^= (char)(1u << chance(8));
}

static void drop_line(struct text *text)
{
	splice(text, some_line(text), "", 0);
}

static void copy_line(struct text *text)
{
	struct span line = some_line(text), to = some_line(text);
	owned_memory char *copy = strndup(text->data + line.from, line.to - line.from);

	HOLDS(copy);
	splice(text, (struct span){to.from, to.from}, copy, strlen(copy));
}

static void indent_line(struct text *text)
{
	struct span line = some_line(text);

	if (chance(2))
		splice(text, (struct span){line.from, line.from}, "        ", chance(9));
	else if (line.from < line.to && text->data[line.from] == ' ')
		splice(text, (struct span){line.from, line.from + 1}, "", 0);
}

static void change_word(struct text *text)
{
	put_word(text, some_word(text));
}

static void put_in(struct text *text)
{
	size_t at = chance(text->length + 1);

	put_word(text, (struct span){at, at});
}

static void swap_words(struct text *text)
{
	struct span one = some_word(text), other = some_word(text);
	owned_memory char *copy = strndup(text->data + one.from, one.to - one.from);

	HOLDS(copy);
	splice(text, other, copy, strlen(copy));
}

/* A value becomes a nest of lists or maps. */
static void nest(struct text *text)
{
	owned_text made = {0};
	size_t depth = 1 + chance(chance(4) ? 8 : 300);
	bool lists = chance(2);

	for (size_t i = 0; i < depth; i++)
		text_add(&made, lists ? "[" : "{a: ");
	for (size_t i = 0; i < depth - chance(2); i++)
		text_add(&made, lists ? "]" : "}");
	HOLDS(!made.failed);
	splice(text, some_word(text), made.data, made.length);
}

static void anchor(struct text *text)
{
	struct span word = some_word(text);

	splice(text, (struct span){word.from, word.from}, "&a ", 3);
	splice(text, some_word(text), "*a", 2);
}

/* The rest of another one. */
static void graft(struct text *text)
{
	const struct text *other = &seeds[chance(seed_count)];
	struct span here = some_line(text), there = some_line(other);

	splice(text, (struct span){here.from, text->length}, other->data + there.from,
	       other->length - there.from);
}

static void lengthen(struct text *text)
{
	owned_text made = {0};
	struct span word = some_word(text);
	size_t times = 1 + chance(chance(8) ? 30 : 2000);

	for (size_t i = 0; i < times && made.length < SIZE_MAX_OF_ONE / 4; i++)
		text_add_bytes(&made, text->data + word.from, word.to - word.from);
	HOLDS(!made.failed);
	splice(text, word, made.length ? made.data : "", made.length);
}

static void cut(struct text *text)
{
	splice(text, (struct span){chance(text->length + 1), text->length}, "", 0);
}

static void (*const changes[])(struct text *) = {
    change_bytes, flip_bit, drop_line, copy_line, indent_line, change_word, put_in,
    swap_words,   nest,     anchor,    graft,     lengthen,    cut,
};

static void mutate(size_t number, struct text *ret)
{
	state = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
	const struct text *seed = &seeds[chance(seed_count)];
	text_add_bytes(ret, seed->data ? seed->data : "", seed->length);
	for (size_t times = 1 + chance(1 + chance(6)); times && ret->length < SIZE_MAX_OF_ONE; times--)
		changes[chance(COUNT_OF(changes))](ret);
	HOLDS(!ret->failed && ret->data);
}

static void read_seed(const char *path)
{
	FILE *file = fopen(path, "rb");
	char part[4096];
	size_t got;

	if (!file) {
		perror(path);
		exit(1);
	}
	if (seed_count == SEEDS_MAX) {
		fprintf(stderr, "%s: there are more than %d blueprints\n", path, SEEDS_MAX);
		exit(1);
	}
	while ((got = fread(part, 1, sizeof part, file)) > 0)
		text_add_bytes(&seeds[seed_count], part, got);
	fclose(file);
	HOLDS(!seeds[seed_count].failed);
	seed_count += seeds[seed_count].length > 0;
}

int main(int argc, char **argv)
{
	size_t accepted = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: %s COUNT FIRST FILE...\n", argv[0]);
		return 64;
	}
	size_t count = strtoul(argv[1], NULL, 10), first = strtoul(argv[2], NULL, 10);
	for (int i = 3; i < argc; i++)
		read_seed(argv[i]);
	for (size_t number = first; number < first + count; number++) {
		owned_text mutant = {0};
		mutate(number, &mutant);
		if (count == 1)
			fwrite(mutant.data, 1, mutant.length, stderr);
		/* Said before, so that it is known which one hung or crashed. */
		if (number % 100 == 0 || count == 1)
			printf("# from %zu on\n", number), fflush(stdout);
		fuzz_patience(PATIENCE_S);
		accepted += blueprint_check(mutant.data, mutant.length);
	}
	for (size_t i = 0; i < seed_count; i++)
		text_release(&seeds[i]);
	printf("%s - %zu mutants of %zu blueprints, %zu of them accepted\n", count ? "ok" : "not ok", count,
	       seed_count, accepted);
	return count ? 0 : 1;
}
