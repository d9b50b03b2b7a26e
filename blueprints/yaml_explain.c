/* yaml_explain.c - libyaml's complaints in plain words. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/yaml_internal.h"

struct phrase {
	const char *problem; /* how libyaml's sentence begins */
	const char *summary;
	const char *remedy;
};

static const struct phrase phrases[] = {
    {"mapping values are not allowed", "a `:` does not fit here",
     "check the indentation, or put a value that contains `: ` in quotes"},
    {"could not find expected ':'", "this line has no `:` after its key",
     "write `key: value`, or indent the line as part of the value above"},
    {"did not find expected key", "a key should stand here, at the same column as the keys above it",
     "check the indentation, and that quotes and brackets above are closed"},
    {"did not find expected '-' indicator", "an item of the list should begin here with `- `",
     "check the indentation: all items of a list begin at the same column"},
    {"did not find expected ',' or '}'", "the `{` before this is not closed, or a `,` is missing",
     "put values that contain `,` or `}` in quotes"},
    {"did not find expected ',' or ']'", "the `[` before this is not closed, or a `,` is missing",
     "put values that contain `,` or `]` in quotes"},
    {"found unexpected end of stream", "the quote opened here is never closed", "add the closing quote"},
    {"found unexpected document indicator", "the quote opened here is never closed", "add the closing quote"},
    {"found unknown escape character", "no such escape within double quotes",
     "write `\\\\` for a backslash, or use single quotes"},
    {"did not find expected hexdecimal number", "this escape wants hexadecimal digits", NULL},
    {"found invalid Unicode character escape code", "this escape names no character", NULL},
    {"found a tab character", "a tab indents this line", "indent with spaces: YAML takes no tabs"},
    {"block sequence entries are not allowed", "a list cannot begin here",
     "put the `- ` on a line of its own below the key"},
    {"block mapping entries are not allowed", "a map cannot begin here", "put it on a line of its own"},
    {"mapping keys are not allowed", "a key cannot stand here", "put it on a line of its own"},
    {"did not find expected node content", "a value should stand here", NULL},
    {"found undefined tag handle", "an unknown tag", "put a value that begins with `!` in quotes"},
    {"did not find expected alphabetic or numeric character", "a name should follow `&` or `*`",
     "put a value that begins with `&` or `*` in quotes"},
    {"did not find expected <document start>", "the text goes on after its end",
     "check the indentation of this line: it belongs to nothing above"},
    {"found unexpected ':'", "a `:` does not fit here", "put the value in quotes"},
    {"found incompatible YAML document", "a YAML version that is not understood", "take the %YAML line away"},
    {"found unknown directive name", "a line that begins with `%` is a directive, and this one is unknown",
     "put it in quotes"},
    {"did not find expected comment or line break", "text after `|` or `>`",
     "begin the text on the next line"},
    {"found an indentation indicator equal to 0", "the indentation after `|` or `>` cannot be 0", NULL},
    {"exceeded maximum depth", "nested too deep", NULL},
};

static const struct phrase *find_phrase(const char *problem)
{
	for (size_t i = 0; i < COUNT_OF(phrases); i++)
		if (starts_with(problem, phrases[i].problem))
			return &phrases[i];
	return NULL;
}

static char character_at(const struct yaml_source *source, struct place at)
{
	size_t byte = at.byte - source->mark_size;

	return byte < source->size ? source->text[byte] : '\0';
}

static void explain_character(const struct yaml_source *source, struct place at, struct diagnostics *list)
{
	char c = character_at(source, at);

	if (c == '\t')
		advise(list, complain(list, at, "a tab indents this line"),
		       "indent with spaces: YAML takes no tabs");
	else
		advise(list, complain(list, at, "a value cannot begin with `%c`", c), "put it in quotes");
}

void yaml_explain(const struct yaml_source *source, const yaml_parser_t *parser, struct diagnostics *list)
{
	const char *problem = parser->problem ? parser->problem : "unreadable";
	struct place at = yaml_source_place(source, &parser->problem_mark, NULL);

	if (parser->error == YAML_MEMORY_ERROR) {
		list->failed = true;
		return;
	}
	if (starts_with(problem, "found character that cannot start any token")) {
		explain_character(source, at, list);
		return;
	}
	const struct phrase *phrase = find_phrase(problem);
	if (!phrase) {
		complain(list, at, "this is not YAML: %s", problem);
		return;
	}
	bool quote = strstr(phrase->summary, "quote opened");
	bool bracket = strstr(phrase->summary, "before this");
	if (quote)
		at = yaml_source_place(source, &parser->context_mark, NULL);
	struct diagnostic *entry;
	if (bracket)
		entry = complain(list, at, "%s (it was opened at line %d)", phrase->summary,
				 (int)parser->context_mark.line + 1);
	else
		entry = complain(list, at, "%s", phrase->summary);
	if (phrase->remedy)
		advise(list, entry, "%s", phrase->remedy);
}
