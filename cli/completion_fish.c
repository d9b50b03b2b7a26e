/* completion_fish.c - the script for fish: a `complete` line for each flag and argument. */
#include "cli/completion.h"

#include <string.h>

static const char helpers[] =
    "# The command, the number of its arguments before the cursor, and the first one.\n"
    "function __berth_read\n"
    "    set -l words (commandline -opc)\n"
    "    set -l command ''\n"
    "    set -l first ''\n"
    "    set -l count 0\n"
    "    set -l takes 0\n"
    "    set -l over 0\n"
    "    for word in $words[2..-1]\n"
    "        if test $takes = 1\n"
    "            set takes 0\n"
    "        else if test $over = 0; and test \"x$word\" = x--\n"
    "            set over 1\n"
    "        else if test $over = 0; and string match -qr -- '^-.' \"$word\"\n"
    "            __berth_takes \"$command\" \"$word\"; and set takes 1\n"
    "        else if test -z \"$command\"\n"
    "            set command $word\n"
    "        else\n"
    "            test $count = 0; and set first $word\n"
    "            set count (math $count + 1)\n"
    "        end\n"
    "    end\n"
    "    printf '%s\\n' \"$command\" $count \"$first\"\n"
    "end\n"
    "function __berth_in # COMMAND\n"
    "    set -l read (__berth_read)\n"
    "    test \"$read[1]\" = \"$argv[1]\"\n"
    "end\n"
    "function __berth_at # COMMAND NUMBER: that argument comes next\n"
    "    set -l read (__berth_read)\n"
    "    test \"$read[1]\" = \"$argv[1]\" -a \"$read[2]\" = \"$argv[2]\"\n"
    "end\n"
    "function __berth_from # COMMAND NUMBER: that argument comes next, or came already\n"
    "    set -l read (__berth_read)\n"
    "    test \"$read[1]\" = \"$argv[1]\" -a \"$read[2]\" -ge \"$argv[2]\"\n"
    "end\n"
    "function __berth_names\n"
    "    set -l words (commandline -opc)\n"
    "    eval (string escape -- $words[1] | string replace -r '^\\\\\\\\~/' '~/') __complete $argv "
    "2>/dev/null\n"
    "end\n"
    "function __berth_blueprints\n"
    "    __fish_complete_suffix .yaml\n"
    "    __fish_complete_suffix .yml\n"
    "    __fish_complete_suffix .bom\n"
    "    __fish_complete_suffix .json\n"
    "end\n"
    "function __berth_components\n"
    "    set -l read (__berth_read)\n"
    "    test -n \"$read[3]\"; and __berth_names components (string escape -- $read[3])\n"
    "end\n"
    "function __berth_bindings\n"
    "    set -l token (commandline -ct | string replace -r '^--location=' '')\n"
    "    set -l name (string match -r '^[^=]*=' -- $token)\n"
    "    if test -n \"$name\"\n"
    "        printf \"$name%s\\n\" (__berth_names specs)\n"
    "    else\n"
    "        printf '%s=\\n' (__berth_names locations)\n"
    "    end\n"
    "end\n";

/* In single quotes. */
static void put_quoted(FILE *to, const char *text)
{
	putc('\'', to);
	put_escaped(to, text, "\\'");
	putc('\'', to);
}

static void put_takers(FILE *to, const char *command, const struct flag *flags)
{
	for (; flags && flags->name; flags++) {
		if (!has_value(flags))
			continue;
		fprintf(to, " '%s:--%s'", command, flags->name);
		if (flags->letter)
			fprintf(to, " '%s:-%c'", command, flags->letter);
	}
}

static void put_takes(FILE *to)
{
	fputs("function __berth_takes # COMMAND FLAG: the next word is its value\n"
	      "    switch \"$argv[1]:$argv[2]\"\n"
	      "        case",
	      to);
	put_takers(to, "*", common_flags);
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			put_takers(to, commands[i]->name, commands[i]->flags);
	fputs("\n            return 0\n    end\n    return 1\nend\n", to);
}

/* Options of `complete` that tell what can stand there. */
static void put_subject(FILE *to, enum subject subject)
{
	static const char blueprints[] = " -k -a '(__berth_blueprints)'";
	switch (subject) {
	case SUBJECT_BLUEPRINT:
		fputs(blueprints, to);
		return;
	case SUBJECT_EITHER:
		fputs(" -k -a '(__berth_blueprints; __berth_names applications)'", to);
		return;
	case SUBJECT_COMPONENT:
		fputs(" -a '(__berth_components)'", to);
		return;
	case SUBJECT_FILE:
		fputs(" -F", to);
		return;
	default:
		if (subject_names(subject))
			fprintf(to, " -a '(__berth_names %s)'", subject_names(subject));
	}
}

static void put_value(FILE *to, const struct command *command, const struct flag *flag)
{
	enum subject subject = flag_subject(flag);
	if (!has_value(flag))
		return;
	fputs(subject == SUBJECT_FILE ? " -r" : " -x", to);
	if (flag->choices) {
		fputs(" -a '", to);
		put_choices(to, flag->choices, " ");
		putc('\'', to);
	} else if (subject == SUBJECT_LOCATION && !(command && command->location_names)) {
		fputs(" -a '(__berth_bindings)'", to);
	} else {
		put_subject(to, subject);
	}
}

static void put_flags(FILE *to, const struct command *command, const struct flag *flags)
{
	for (; flags && flags->name; flags++) {
		fputs("complete -c berth", to);
		if (command)
			fprintf(to, " -n '__berth_in %s'", command->name);
		if (flags->letter)
			fprintf(to, " -s %c", flags->letter);
		fprintf(to, " -l %s", flags->name);
		put_value(to, command, flags);
		fputs(" -d ", to);
		put_quoted(to, flags->summary);
		putc('\n', to);
	}
}

static void put_arguments(FILE *to, const struct command *command)
{
	bool rest;
	size_t told = arguments_told(command, &rest);
	for (size_t at = 0; at < told; at++) {
		enum subject subject = command->subjects[at];
		fprintf(to, "complete -c berth -n '__berth_%s %s %zu'",
			rest && at + 1 == told ? "from" : "at", command->name, at);
		if (subject == SUBJECT_WORD) {
			fputs(" -a '", to);
			put_choices(to, command->words, " ");
			putc('\'', to);
		} else {
			put_subject(to, subject);
		}
		putc('\n', to);
	}
}

void completion_fish(FILE *to)
{
	fputs("# fish completion of berth(1), made by `berth completion fish`\n\n", to);
	put_takes(to);
	fputs(helpers, to);
	fputs("\ncomplete -c berth -f\n", to);
	put_flags(to, NULL, common_flags);
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->hidden)
			continue;
		fprintf(to, "complete -c berth -n '__berth_at \"\" 0' -a %s -d ", commands[i]->name);
		put_quoted(to, commands[i]->summary);
		putc('\n', to);
		put_flags(to, commands[i], commands[i]->flags);
		put_arguments(to, commands[i]);
	}
}
