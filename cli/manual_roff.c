/* manual_roff.c - pages of man(7): the program, each command, and the blueprint's keys. */
#include <string.h>

#include "cli/manual.h"
#include "cli/screen.h"

#define SOURCE_COLUMNS 56

/* Literal words keep their dashes and quotes. */
static void put_literal(FILE *to, const char *text, size_t length)
{
	for (; length; text++, length--)
		switch (*text) {
		case '\\':
			fputs("\\e", to);
			break;
		case '-':
			fputs("\\-", to);
			break;
		case '\'':
			fputs("\\(aq", to);
			break;
		case '`':
			fputs("\\(ga", to);
			break;
		case '~':
			fputs("\\(ti", to);
			break;
		case '^':
			fputs("\\(ha", to);
			break;
		default:
			putc(*text, to);
		}
}

static void put_word(FILE *to, const char *text)
{
	put_literal(to, text, strlen(text));
}

/* A line of the source must not look like a request. */
static void protect(FILE *to, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
}

/* One line of prose, in lines of the source that are not too long: `words` in backquotes become bold. */
static void put_line(FILE *to, const char *text, size_t length)
{
	bool bold = false;
	protect(to, text);
	for (size_t i = 0, began = 0; i < length; i++) {
		char c = text[i];
		bool dash = c == '-' && i + 1 < length && text[i + 1] != ' ';
		if (c == '`') {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", to);
		} else if (c == ' ' && i - began > SOURCE_COLUMNS) {
			putc('\n', to);
			protect(to, text + i + 1);
			began = i;
		} else if (bold || dash || c == '\\') {
			put_literal(to, &c, 1);
		} else {
			putc(c, to);
		}
	}
	putc('\n', to);
}

/* Paragraphs with a blank line between two; a single line end is one here too. */
static void put_prose(FILE *to, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n"), ends = strspn(text + length, "\n");
		put_line(to, text, length);
		text += length + ends;
		if (*text)
			fputs(ends > 1 ? ".PP\n" : ".br\n", to);
	}
}

static void begin_page(FILE *to, const char *date, const char *name, int section, const char *summary)
{
	fprintf(to, ".\\\" Made from the tables of the program.\n.TH ");
	for (const char *c = name; *c; c++)
		*c == '-' ? fputs("\\-", to) : putc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, to);
	fprintf(to, " %d \"%s\" \"berth %s\" \"berth\"\n.SH NAME\n", section, date, berth_version());
	put_word(to, name);
	fputs(" \\- ", to);
	put_line(to, summary, strlen(summary));
}

static void put_flags(FILE *to, const struct flag *flags)
{
	for (; flags && flags->name; flags++) {
		char variable[64], text[256];
		const char *value = flags->choices ? flags->choices : flags->value;
		fputs(".TP\n\\fB", to);
		if (flags->letter)
			fprintf(to, "\\-%c\\fR, \\fB", flags->letter);
		fputs("\\-\\-", to);
		put_word(to, flags->name);
		fputs("\\fR", to);
		if (value) {
			fputs(flags->choices ? " " : " \\fI", to);
			put_word(to, value);
			fputs(flags->choices ? "" : "\\fR", to);
		}
		putc('\n', to);
		bool has = flag_variable(flags, variable);
		snprintf(text, sizeof text, "%s%s%s%s", flags->summary, has ? " (" : "", has ? variable : "",
			 has ? ")" : "");
		put_line(to, text, strlen(text));
	}
}

static void put_exits(FILE *to, unsigned endings)
{
	fputs(".SH EXIT STATUS\n", to);
	for (size_t i = 0; i < ENDING_COUNT; i++) {
		if (!(endings & 1u << i))
			continue;
		fprintf(to, ".TP\n.B %d\n", exit_codes[i].code);
		put_line(to, exit_codes[i].meaning, strlen(exit_codes[i].meaning));
	}
}

static void put_term(FILE *to, const char *term, const char *text)
{
	fputs(".TP\n\\fB", to);
	put_word(to, term);
	fputs("\\fR\n", to);
	put_prose(to, text);
}

void page_of_command(FILE *to, const char *date, const struct command *command)
{
	char name[64];
	snprintf(name, sizeof name, "berth-%s", command->name);
	begin_page(to, date, name, 1, command->summary);
	fprintf(to, ".SH SYNOPSIS\n\\fBberth %s\\fR [FLAGS]%s", command->name,
		*command->arguments ? " " : "");
	put_line(to, command->arguments, strlen(command->arguments));
	fputs(".SH DESCRIPTION\n", to);
	put_prose(to, command->details ? command->details : command->summary);
	if (command->flags) {
		fputs(".SH OPTIONS\n", to);
		put_flags(to, command->flags);
	}
	fputs(".SH COMMON OPTIONS\n", to);
	put_flags(to, common_flags);
	put_exits(to, command->endings);
	fputs(".SH EXAMPLES\n", to);
	for (size_t i = 0; i < COUNT_OF(command->examples) && command->examples[i].line; i++)
		put_term(to, command->examples[i].line, command->examples[i].what);
	fputs(".SH SEE ALSO\n.BR berth (1),\n.BR berth\\-blueprint (5)\n", to);
}

static const char about[] =
    "Berth puts every component of an application where it belongs: one YAML blueprint becomes processes on "
    "this machine and containers on Docker engines, linked by the addresses at which they really reach each "
    "other.\n\n"
    "A BLUEPRINT is a file, - for standard input, or a URL; without one it is ./blueprint.yaml. An argument "
    "that "
    "contains a slash, ends in .yaml, .yml, .bom or .json, or is exactly -, is a file, else an application's "
    "name; "
    "FILE#ITEM is one item of a catalogue.\n\n"
    "The targets are the truth: what berth makes carries its mark there. The store remembers blueprints and "
    "choices; losing it loses history, never what runs.\n\n"
    "Long work shows a live table on a terminal and a line for each change elsewhere. Results go to standard "
    "output, everything else to standard error. With `-o json` the result is one JSON document, whose "
    "format_version never breaks; streams are one object a line.\n\n"
    "The first Ctrl-C finishes or records what flies and stops; the second leaves at once, and leaves no "
    "orphan behind either.";

static const char precedence[] =
    "Every flag has a variable, written behind it. A flag outweighs its variable, and that outweighs the "
    "line "
    "in the user's file. A flag that may be repeated takes one value a line there.";

static const char *const variables[][2] = {
    {"XDG_STATE_HOME", "the store lies in its folder berth; by default ~/.local/state"},
    {"XDG_CONFIG_HOME", "config.yaml and locations.yaml lie in its folder berth; by default ~/.config"},
    {"DOCKER_HOST, DOCKER_CONTEXT, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH, DOCKER_CONFIG",
     "as for the docker program, where a location is merely `docker`"},
    {"NO_COLOR", "not empty: no colours"},
    {"CLICOLOR_FORCE", "neither empty nor 0: colours also where no terminal is"},
    {"BERTH_HELPER", "the program that keeps local processes; found by itself otherwise"},
};

static const char *const files[][2] = {
    {"$XDG_CONFIG_HOME/berth/config.yaml",
     "the user's defaults: `flag: value` a line, lists for what is repeatable"},
    {"$XDG_CONFIG_HOME/berth/locations.yaml",
     "what locations' names stand for: `NAME: SPEC` a line, or a map"},
    {"locations.yaml beside the blueprint", "the same, for that blueprint"},
    {"$XDG_STATE_HOME/berth/berth.db", "the store"},
};

void page_of_program(FILE *to, const char *date)
{
	begin_page(to, date, "berth", 1, "deploy one blueprint onto unlike targets");
	fputs(".SH SYNOPSIS\n\\fBberth\\fR COMMAND [FLAGS] [ARGUMENTS]\n.SH DESCRIPTION\n", to);
	put_prose(to, about);
	fputs(".SH COMMANDS\n", to);
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->hidden)
			continue;
		fprintf(to, ".TP\n\\fBberth %s\\fR", commands[i]->name);
		if (*commands[i]->arguments)
			putc(' ', to);
		put_line(to, commands[i]->arguments, strlen(commands[i]->arguments));
		put_line(to, commands[i]->summary, strlen(commands[i]->summary));
	}
	fputs(".PP\nEach has a page of its own, such as\n.BR berth\\-deploy (1).\n.SH COMMON OPTIONS\n", to);
	put_prose(to, precedence);
	put_flags(to, common_flags);
	put_exits(to, ~0u);
	fputs(".SH ENVIRONMENT\n", to);
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		put_term(to, variables[i][0], variables[i][1]);
	fputs(".SH FILES\n", to);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		put_term(to, files[i][0], files[i][1]);
	fputs(".SH EXAMPLES\n", to);
	put_term(to, "berth plan shop.yaml", "what a deploy would do, and why");
	put_term(to, "berth deploy shop.yaml && berth status shop", "do it, and see what runs where");
	fputs(".SH SEE ALSO\n.BR berth\\-blueprint (5),\n.BR docker (1)\n", to);
}

static void put_type(FILE *to, const json_t *type)
{
	size_t i;
	json_t *key;
	fputs(".SS type: ", to);
	put_word(to, text_of(type, "name"));
	putc('\n', to);
	put_prose(to, text_of(type, "summary"));
	fputs(".PP\n.EX\n", to);
	put_word(to, text_of(type, "example"));
	fputs(".EE\n", to);
	json_array_foreach (list_of(type, "keys"), i, key) {
		const char *summary = text_of(key, "summary");
		put_term(to, text_of(key, "name"), *summary ? summary : "see the language's page");
	}
}

void page_of_blueprint(FILE *to, const char *date, const json_t *types)
{
	size_t i;
	json_t *type;
	begin_page(to, date, "berth-blueprint", 5, "what an application of berth is made of");
	fputs(".SH DESCRIPTION\n", to);
	put_prose(
	    to,
	    "A blueprint is YAML: the application's `id`, the `location` where its components go, what "
	    "`locations` are called, its `parameters`, and under `services` its components, each of a `type` "
	    "with keys of its own. A value may be an expression such as $berth:secret(\"env:NAME\") or "
	    "$berth:address(\"db\"). An unknown key is an error that says what was perhaps meant.\n\n"
	    "The whole language is told in docs/language.md of the sources; `berth validate` checks a "
	    "blueprint, `berth types` lists these keys.");
	fputs(".SH TYPES OF COMPONENTS\n", to);
	json_array_foreach (list_of(types, "types"), i, type)
		put_type(to, type);
	fputs(".SH SEE ALSO\n.BR berth (1),\n.BR berth\\-validate (1),\n.BR berth\\-types (1)\n", to);
}
