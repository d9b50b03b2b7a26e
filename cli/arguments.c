/* arguments.c - the command line, the environment and the user's file become settings, in that order of
 * weight. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/screen.h"

#define MOST_FLAGS 64

/* Where the parser stands. `given` says which flags a weightier source has set, by number. */
struct parser {
	struct invocation *invocation;
	int argc, at;
	char **argv;
	int command_at, foreign_at;
	bool given[MOST_FLAGS];
};

static size_t number_of_flag(const struct command *command, const struct flag *flag)
{
	size_t number = 0;
	while (flag_number(command, number) != flag)
		number++;
	return number;
}

static const char *flag_name(size_t i, const void *of)
{
	const struct flag *flag = flag_number(of, i);
	return flag ? flag->name : NULL;
}

/* What other programs call it. */
static const char *flag_meant(const struct command *command, const char *word)
{
	static const char *const hints[][2] = {
	    {"auto-approve", "yes"},     {"assume-yes", "yes"},       {"force", "yes"},
	    {"json", "output json"},     {"format", "output"},        {"var", "set"},
	    {"no-color", "color never"}, {"quiet", "progress quiet"},
	};
	for (size_t i = 0; i < COUNT_OF(hints); i++)
		if (strcmp(hints[i][0], word) == 0)
			return hints[i][1];
	return nearest(word, flag_name, command);
}

/* --- one flag ------------------------------------------------------------------------------- */

static int unknown_flag(const struct parser *parser, const char *name, size_t length)
{
	char remedy[120] = "", word[64];
	const struct command *command = parser->invocation->command;
	snprintf(word, sizeof word, "%.*s", (int)length, name);
	owned_memory char *shown = printable(word, strlen(word));
	const char *meant = flag_meant(command, word);
	if (strcmp(word, "state") == 0)
		snprintf(remedy, sizeof remedy,
			 "--controller unix:DIR/controller.sock goes through the controller "
			 "that has that store");
	else if (meant)
		snprintf(remedy, sizeof remedy, "did you mean `--%s`?", meant);
	else
		snprintf(remedy, sizeof remedy, "`berth %s%s--help` lists the flags",
			 command ? command->name : "", command ? " " : "");
	return complain_usage(parser->invocation, remedy, "there is no flag `--%s`%s%s%s", shown ? shown : "",
			      command ? " of `berth " : "", command ? command->name : "", command ? "`" : "");
}

static int take(struct parser *parser, const struct flag *flag, const char *value)
{
	char complaint[200];
	parser->given[number_of_flag(parser->invocation->command, flag)] = true;
	if (flag_set(parser->invocation, flag, value, complaint) == 0)
		return 0;
	return complain_usage(parser->invocation, NULL, "--%s: %s", flag->name, complaint);
}

/* The value after a flag: the next word, whatever it looks like. */
static const char *next_value(struct parser *parser)
{
	return parser->at + 1 < parser->argc ? parser->argv[++parser->at] : NULL;
}

static int missing_value(const struct parser *parser, const struct flag *flag)
{
	return complain_usage(parser->invocation, NULL, "--%s needs a value: --%s %s", flag->name, flag->name,
			      flag->value);
}

/* The flag so called, or the only one that begins so. */
static const struct flag *long_flag(const struct command *command, const char *name, size_t length)
{
	const struct flag *found = NULL, *flag;
	size_t matches = 0;
	for (size_t i = 0; (flag = flag_number(command, i)); i++) {
		if (strncmp(flag->name, name, length) != 0)
			continue;
		if (!flag->name[length])
			return flag;
		found = flag;
		matches++;
	}
	return matches == 1 && length ? found : NULL;
}

static int take_long(struct parser *parser, const char *name)
{
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;
	const struct flag *flag = long_flag(parser->invocation->command, name, length);
	if (!flag)
		return unknown_flag(parser, name, length);
	if (flag->kind == FLAG_SWITCH)
		return take(parser, flag, value ? value : "true");
	if (!value)
		value = next_value(parser);
	return value ? take(parser, flag, value) : missing_value(parser, flag);
}

static const struct flag *short_flag(const struct command *command, char letter)
{
	const struct flag *flag = NULL;
	for (size_t i = 0; (flag = flag_number(command, i)); i++)
		if (flag->letter == letter)
			return flag;
	return NULL;
}

static const char *remedy_short(const struct parser *parser, const char *letters)
{
	const struct command *command = parser->invocation->command;
	bool blueprint = command && command->arguments && strstr(command->arguments, "BLUEPRINT");
	if (*letters == 'f' && blueprint)
		return "a blueprint is named without a flag, as in `berth deploy FILE`";
	return letters[1] ? "a long flag begins with two dashes" : "`--help` lists the flags";
}

static int take_short(struct parser *parser, const char *letters)
{
	for (; *letters; letters++) {
		const struct flag *flag = short_flag(parser->invocation->command, *letters);
		if (!flag)
			return complain_usage(parser->invocation, remedy_short(parser, letters),
					      "there is no flag `-%c`",
					      isprint((unsigned char)*letters) ? *letters : '?');
		if (flag->kind == FLAG_SWITCH) {
			int code = take(parser, flag, "true");
			if (code)
				return code;
			continue;
		}
		const char *value = letters[1] ? letters + 1 + (letters[1] == '=') : next_value(parser);
		return value ? take(parser, flag, value) : missing_value(parser, flag);
	}
	return 0;
}

/* --- the whole line ------------------------------------------------------------------------- */

static bool takes_next(const struct command *command, const char *word)
{
	const struct flag *flag = word[1] == '-' ? long_flag(command, word + 2, strlen(word + 2))
						 : short_flag(command, word[strlen(word) - 1]);
	return flag && flag->kind != FLAG_SWITCH &&
	       !(word[1] != '-' && word[2] && short_flag(command, word[1]) &&
		 short_flag(command, word[1])->kind != FLAG_SWITCH);
}

/* The first word that is neither a flag nor a flag's value. */
static int find_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1 < argc ? i + 1 : -1;
		if (argv[i][0] != '-' || !argv[i][1])
			return i;
		if (takes_next(NULL, argv[i]))
			i++;
	}
	return -1;
}

/* Flags of ours may still come, when a `--` says where they end. */
static int past_flags(int at, int argc, char **argv)
{
	if (at >= argc || argv[at][0] != '-')
		return at;
	for (int i = at; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return at;
}

/* Where the words of another command begin, or the line ends. */
static int find_foreign(const struct command *command, int command_at, int argc, char **argv)
{
	size_t count = 0;
	bool over = false;
	if (!command || !command->own_arguments)
		return argc;
	for (int i = 1; i < argc; i++) {
		bool flag = !over && argv[i][0] == '-' && argv[i][1];
		if (i == command_at)
			continue;
		if (flag && strcmp(argv[i], "--") == 0)
			over = true;
		else if (flag)
			i += takes_next(command, argv[i]);
		else if (++count == command->own_arguments)
			return past_flags(i + 1, argc, argv);
	}
	return argc;
}

static int add_argument(struct parser *parser, const char *word)
{
	return words_add(&parser->invocation->arguments, word)
		   ? complain(parser->invocation, BERTH_FAILED, "out of memory", NULL)
		   : 0;
}

static int parse_line(struct parser *parser)
{
	bool over = false;
	int code = 0;
	for (parser->at = 1; parser->at < parser->argc && !code; parser->at++) {
		const char *word = parser->argv[parser->at];
		if (parser->at == parser->command_at ||
		    (parser->at == parser->foreign_at && strcmp(word, "--") == 0))
			continue;
		over |= parser->at >= parser->foreign_at;
		if (!over && strcmp(word, "--") == 0)
			over = true;
		else if (!over && word[0] == '-' && word[1] == '-')
			code = take_long(parser, word + 2);
		else if (!over && word[0] == '-' && word[1])
			code = take_short(parser, word + 1);
		else
			code = add_argument(parser, word);
	}
	return code;
}

/* Lists come one a line. */
static int take_lines(struct invocation *invocation, const struct flag *flag, const char *value,
		      char complaint[200])
{
	char *rest = (char *)keep(invocation, value), *line;
	while ((line = strsep(&rest, "\n")))
		if (*line && flag_set(invocation, flag, line, complaint))
			return -1;
	return 0;
}

static int parse_environment(struct parser *parser)
{
	struct invocation *invocation = parser->invocation;
	const struct flag *flag;
	for (size_t i = 0; (flag = flag_number(invocation->command, i)); i++) {
		char name[64], complaint[200];
		const char *value = flag_variable(flag, name) ? getenv(name) : NULL;
		if (parser->given[i] || !value || !*value)
			continue;
		parser->given[i] = true;
		if ((flag->kind == FLAG_WORDS ? take_lines(invocation, flag, value, complaint)
					      : flag_set(invocation, flag, value, complaint)))
			return complain_usage(invocation, NULL, "%s: %s", name, complaint);
	}
	return 0;
}

static int check_count(struct invocation *invocation)
{
	const struct command *command = invocation->command;
	if (!command || invocation->arguments.count <= command->most)
		return 0;
	owned_memory char *extra = printable(invocation->arguments.items[command->most],
					     strlen(invocation->arguments.items[command->most]));
	char remedy[160];
	snprintf(remedy, sizeof remedy, "usage: berth %s%s%s", command->name, *command->arguments ? " " : "",
		 command->arguments);
	return complain_usage(invocation, remedy, "`%s` is one argument too many", extra ? extra : "");
}

/* Complaints about the line itself already come the way they are wanted. */
static void foresee_output(struct invocation *invocation, int argc, char **argv)
{
	const char *word = getenv("BERTH_OUTPUT");
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--output=", 9) == 0)
			word = argv[i] + 9;
		else if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0)
			word = argv[i + 1];
		else if (strncmp(argv[i], "-o", 2) == 0)
			word = argv[i] + 2;
	}
	if (word && strcmp(word, "json") == 0)
		invocation->settings.output = "json";
}

int arguments_parse(struct invocation *invocation, int argc, char **argv)
{
	struct parser parser = {
	    .invocation = invocation, .argc = argc, .argv = argv, .command_at = find_command(argc, argv)};
	if (parser.command_at > 0)
		invocation->command = command_find(argv[parser.command_at]);
	parser.foreign_at = find_foreign(invocation->command, parser.command_at, argc, argv);
	foresee_output(invocation, parser.foreign_at, argv);
	if (parser.command_at > 0 && !invocation->command)
		return command_unknown(invocation, argv[parser.command_at]);
	int code = parse_line(&parser);
	if (invocation->command && invocation->command->hidden)
		return code;
	if (!code)
		code = parse_environment(&parser);
	if (!code && !invocation->settings.help)
		code = user_file_read(invocation, parser.given);
	if (!code && !invocation->settings.help)
		code = check_count(invocation);
	return code;
}

void invocation_release(struct invocation *invocation)
{
	berth_close(invocation->berth);
	for (size_t i = 0; i < invocation->kept.count; i++)
		free((char *)invocation->kept.items[i]);
	free(invocation->kept.items);
	free(invocation->arguments.items);
	free(invocation->settings.locations.items);
	free(invocation->settings.sets.items);
	free(invocation->settings.listen.items);
}
