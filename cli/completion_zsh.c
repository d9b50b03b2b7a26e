/* completion_zsh.c - the script for zsh: each command's flags and arguments as specifications of _arguments.
 */
#include "cli/completion.h"

#include <string.h>

static const char helpers[] =
    "_berth_ask() { _call_program names \"$berth\" __complete \"$@\" 2>/dev/null }\n"
    "_berth_add() { # KIND WHAT [APP]: what the program itself knows\n"
    "\tlocal expl\n"
    "\tlocal -a names\n"
    "\tnames=(${(f)\"$(_berth_ask \"$1\" ${(q)3})\"})\n"
    "\t_wanted \"$1\" expl \"$2\" compadd -a names\n"
    "}\n"
    "_berth_applications() { _berth_add applications application }\n"
    "_berth_components() { _berth_add components component \"$line[1]\" }\n"
    "_berth_locations() { _berth_add locations location }\n"
    "_berth_types() { _berth_add types type }\n"
    "_berth_blueprints() { _files -g '*.(yaml|yml|bom|json)(-.)' }\n"
    "_berth_either() { _alternative 'applications:application:_berth_applications' "
    "'files:blueprint:_berth_blueprints' }\n"
    "_berth_bindings() {\n"
    "\tlocal expl\n"
    "\tlocal -a names\n"
    "\tif compset -P '*='; then\n"
    "\t\t_berth_add specs specification\n"
    "\telse\n"
    "\t\tnames=(${(f)\"$(_berth_ask locations)\"})\n"
    "\t\t_wanted locations expl location compadd -S = -a names\n"
    "\tfi\n"
    "}\n";

/* Within single quotes, with these characters behind a backslash. */
static void put_inside(FILE *to, const char *text, const char *escaped)
{
	for (; *text; text++) {
		char one[] = {*text, '\0'};
		if (*text == '\'')
			fputs("'\\''", to);
		else
			put_escaped(to, one, escaped);
	}
}

static const char *action_of(enum subject subject)
{
	switch (subject) {
	case SUBJECT_BLUEPRINT:
		return "_berth_blueprints";
	case SUBJECT_APP:
		return "_berth_applications";
	case SUBJECT_EITHER:
		return "_berth_either";
	case SUBJECT_COMPONENT:
		return "_berth_components";
	case SUBJECT_LOCATION:
		return "_berth_locations";
	case SUBJECT_TYPE:
		return "_berth_types";
	case SUBJECT_COMMAND:
		return "_berth_commands";
	case SUBJECT_FILE:
		return "_files";
	default:
		return " ";
	}
}

/* ":NAME:action" of a flag that takes a value. */
static void put_value(FILE *to, const struct command *command, const struct flag *flag)
{
	enum subject subject = flag_subject(flag);
	bool names = command && command->location_names;
	if (!has_value(flag))
		return;
	putc(':', to);
	put_inside(to, flag->value, "\\:");
	putc(':', to);
	if (flag->choices) {
		putc('(', to);
		put_choices(to, flag->choices, " ");
		putc(')', to);
	} else {
		fputs(subject == SUBJECT_LOCATION && !names ? "_berth_bindings" : action_of(subject), to);
	}
}

static void put_flags(FILE *to, const struct command *command, const struct flag *flags)
{
	for (; flags && flags->name; flags++) {
		const char *many = flags->kind == FLAG_WORDS ? "*" : "", *value = has_value(flags) ? "=" : "";
		if (flags->letter)
			fprintf(to, "\t\t'%s(-%c --%s)'{-%c%s,--%s%s}'[", many, flags->letter, flags->name,
				flags->letter, has_value(flags) ? "+" : "", flags->name, value);
		else
			fprintf(to, "\t\t'%s--%s%s[", many, flags->name, value);
		put_inside(to, flags->summary, "\\[]");
		putc(']', to);
		put_value(to, command, flags);
		fputs("'\n", to);
	}
}

static void put_arguments(FILE *to, const struct command *command)
{
	bool rest;
	size_t told = arguments_told(command, &rest);
	for (size_t at = 0; at < told; at++) {
		enum subject subject = command->subjects[at];
		if (rest && at + 1 == told)
			fputs("\t\t'*", to);
		else
			fprintf(to, "\t\t'%zu", at + 1);
		fputs(": :", to);
		if (subject == SUBJECT_WORD) {
			putc('(', to);
			put_choices(to, command->words, " ");
			putc(')', to);
		} else {
			fputs(action_of(subject), to);
		}
		fputs("'\n", to);
	}
}

static void put_own(FILE *to, const struct command *command)
{
	fprintf(to, "\t%s) own=(\n", command->name);
	put_flags(to, command, command->flags);
	put_arguments(to, command);
	fputs("\t\t) ;;\n", to);
}

void completion_zsh(FILE *to)
{
	fputs("#compdef berth\n# zsh completion of berth(1), made by `berth completion zsh`\n\n", to);
	fputs(helpers, to);
	fputs("_berth_commands() {\n\tlocal -a commands\n\tcommands=(\n", to);
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->hidden)
			continue;
		fprintf(to, "\t\t'%s:", commands[i]->name);
		put_inside(to, commands[i]->summary, "\\:");
		fputs("'\n", to);
	}
	fputs("\t)\n\t_describe -t commands 'berth command' commands\n}\n", to);
	fputs("_berth() {\n"
	      "\tlocal curcontext=$curcontext state line berth=$words[1] ret=1\n"
	      "\ttypeset -A opt_args\n"
	      "\tlocal -a common own\n"
	      "\tcommon=(\n",
	      to);
	put_flags(to, NULL, common_flags);
	fputs("\t)\n"
	      "\t_arguments -C -s -S $common '1: :_berth_commands' '*:: :->argument' && ret=0\n"
	      "\t[[ $state == argument ]] || return ret\n"
	      "\tcurcontext=${curcontext%:*:*}:berth-$words[1]:\n"
	      "\tcase $words[1] in\n",
	      to);
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			put_own(to, commands[i]);
	fputs("\t*) return 1 ;;\n"
	      "\tesac\n"
	      "\t_arguments -C -s -S $common $own && ret=0\n"
	      "\treturn ret\n"
	      "}\n"
	      "if [ \"$funcstack[1]\" = _berth ]; then\n"
	      "\t_berth \"$@\"\n"
	      "elif (( $+functions[compdef] )); then\n"
	      "\tcompdef _berth berth\n"
	      "fi\n",
	      to);
}
