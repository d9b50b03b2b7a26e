/* completion_bash.c - the script for bash: the tables as `case` lines round a fixed body. */
#include "cli/completion.h"

/* bash splits words at = and : too; so the line is read again, by blanks alone. */
static const char parse[] =
    "# The words before the cursor: sets command, app, count, takes, cur and over of its caller.\n"
    "_berth_read() {\n"
    "\tlocal line=${COMP_LINE:0:COMP_POINT} words word i\n"
    "\tread -ra words <<<\"$line\"\n"
    "\tberth=${words[0]/#\\~\\//$HOME/}\n"
    "\tcase $line in\n"
    "\t*[[:blank:]]) cur= ;;\n"
    "\t*) cur=${words[${#words[@]}-1]} && unset \"words[${#words[@]}-1]\" ;;\n"
    "\tesac\n"
    "\tfor ((i = 1; i < ${#words[@]}; i++)); do\n"
    "\t\tword=${words[i]}\n"
    "\t\tif [[ -n $takes ]]; then\n"
    "\t\t\ttakes=\n"
    "\t\telif [[ -z $over && $word == -- ]]; then\n"
    "\t\t\tover=1\n"
    "\t\telif [[ -z $over && $word == -?* ]]; then\n"
    "\t\t\t_berth_takes \"$command\" \"$word\" && takes=$word\n"
    "\t\telif [[ -z $command ]]; then\n"
    "\t\t\tcommand=$word\n"
    "\t\telse\n"
    "\t\t\t((count++)) || app=$word\n"
    "\t\tfi\n"
    "\tdone\n"
    "}\n"
    "\n"
    "_berth_names() { \"$berth\" __complete \"$@\" 2>/dev/null; }\n"
    "\n"
    "# KIND BEGINNING: what may stand there, one a line.\n"
    "_berth_candidates() {\n"
    "\tcase $1 in\n"
    "\tblueprints) compgen -f -X '!*.yaml' -- \"$2\"; compgen -f -X '!*.yml' -- \"$2\"; compgen -f -X "
    "'!*.bom' -- \"$2\"; compgen -f -X '!*.json' -- \"$2\"; compgen -d -- \"$2\" "
    ";;\n"
    "\teither) _berth_names applications; _berth_candidates blueprints \"$2\" ;;\n"
    "\tfiles) compgen -f -- \"$2\" ;;\n"
    "\tcomponents) _berth_names components \"$app\" ;;\n"
    "\tbindings) _berth_names locations | sed 's/$/=/' ;;\n"
    "\tspecs) _berth_names specs ;;\n"
    "\t:*) printf '%s\\n' ${1#:} ;;\n"
    "\t?*) _berth_names \"$1\" ;;\n"
    "\tesac\n"
    "}\n"
    "\n"
    "_berth_option() { type compopt >/dev/null 2>&1 && compopt -o \"$1\" 2>/dev/null; }\n"
    "\n"
    "_berth() {\n"
    "\tlocal berth cur command= app= count=0 takes= over= kind prefix= value word breaks=\n"
    "\tCOMPREPLY=()\n"
    "\t_berth_read\n"
    "\tvalue=$cur\n"
    "\tif [[ -n $takes ]]; then\n"
    "\t\tkind=$(_berth_value \"$command\" \"$takes\")\n"
    "\telif [[ -z $over && $cur == --*=* ]]; then\n"
    "\t\tprefix=${cur%%=*}= value=${cur#*=}\n"
    "\t\tkind=$(_berth_value \"$command\" \"${cur%%=*}\")\n"
    "\telif [[ -z $over && $cur == -* ]]; then\n"
    "\t\tkind=:$(_berth_flags \"$command\")\n"
    "\telif [[ -z $command ]]; then\n"
    "\t\tkind=:$_berth_commands\n"
    "\telse\n"
    "\t\tkind=$(_berth_argument \"$command\" \"$count\")\n"
    "\tfi\n"
    "\tif [[ $kind == bindings && $value == *=* ]]; then\n"
    "\t\tkind=specs prefix=$prefix${value%%=*}= value=${value#*=}\n"
    "\tfi\n"
    "\twhile IFS= read -r word; do\n"
    "\t\t[[ $word == \"$value\"* ]] && COMPREPLY+=(\"$prefix$word\")\n"
    "\tdone < <(_berth_candidates \"$kind\" \"$value\")\n"
    "\tcase $kind in\n"
    "\tbindings) _berth_option nospace ;;\n"
    "\tblueprints | either | files) _berth_option filenames ;;\n"
    "\tesac\n"
    "\t[[ ${#COMPREPLY[@]} == 0 && ($kind == blueprints || $kind == either) ]] && _berth_option default\n"
    "\t# Only what comes after the last of bash's own word breaks is replaced.\n"
    "\t[[ $COMP_WORDBREAKS == *=* ]] && breaks+==\n"
    "\t[[ $COMP_WORDBREAKS == *:* ]] && breaks+=:\n"
    "\tif [[ -n $breaks ]]; then\n"
    "\t\tword=${cur%\"${cur##*[$breaks]}\"}\n"
    "\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"$word\"}\")\n"
    "\tfi\n"
    "}\n"
    "complete -F _berth berth\n";

static void put_pattern(FILE *to, const char *command, const struct flag *flag, bool *first)
{
	fprintf(to, "%s%s:--%s", *first ? "" : " | ", command, flag->name);
	if (flag->letter)
		fprintf(to, " | %s:-%c", command, flag->letter);
	*first = false;
}

static void put_takers(FILE *to, const char *command, const struct flag *flags, bool *first)
{
	for (; flags && flags->name; flags++)
		if (has_value(flags))
			put_pattern(to, command, flags, first);
}

/* Whether the next word is the flag's value. */
static void put_takes(FILE *to)
{
	bool first = true;
	fputs("_berth_takes() { # COMMAND FLAG\n\tcase $1:$2 in\n\t", to);
	put_takers(to, "*", common_flags, &first);
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			put_takers(to, commands[i]->name, commands[i]->flags, &first);
	fputs(") return 0 ;;\n\tesac\n\treturn 1\n}\n\n", to);
}

static const char *kind_of(enum subject subject)
{
	switch (subject) {
	case SUBJECT_BLUEPRINT:
		return "blueprints";
	case SUBJECT_EITHER:
		return "either";
	case SUBJECT_FILE:
		return "files";
	default:
		return subject_names(subject);
	}
}

static void put_values(FILE *to, const char *command, const struct flag *flags)
{
	for (; flags && flags->name; flags++) {
		bool first = true, location = flag_subject(flags) == SUBJECT_LOCATION;
		const char *kind = location ? "bindings" : kind_of(flag_subject(flags));
		if (!kind && !flags->choices)
			continue;
		putc('\t', to);
		put_pattern(to, command, flags, &first);
		fputs(") echo '", to);
		if (flags->choices) {
			putc(':', to);
			put_choices(to, flags->choices, " ");
		} else {
			fputs(kind, to);
		}
		fputs("' ;;\n", to);
	}
}

/* What a flag's value names. A command's own flags come first: they outweigh common ones. */
static void put_value(FILE *to)
{
	fputs("_berth_value() { # COMMAND FLAG\n\tcase $1:$2 in\n", to);
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->location_names)
			fprintf(to, "\t%s:--location) echo locations ;;\n", commands[i]->name);
		put_values(to, commands[i]->name, commands[i]->flags);
	}
	put_values(to, "*", common_flags);
	fputs("\tesac\n}\n\n", to);
}

static void put_names(FILE *to, const struct flag *flags)
{
	for (; flags && flags->name; flags++) {
		fprintf(to, " --%s", flags->name);
		if (flags->letter)
			fprintf(to, " -%c", flags->letter);
	}
}

static void put_flags(FILE *to)
{
	fputs("_berth_flags() { # COMMAND\n\techo '", to);
	put_names(to, common_flags);
	fputs("'\n\tcase $1 in\n", to);
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->hidden || !commands[i]->flags)
			continue;
		fprintf(to, "\t%s) echo '", commands[i]->name);
		put_names(to, commands[i]->flags);
		fputs("' ;;\n", to);
	}
	fputs("\tesac\n}\n\n", to);
}

static void put_argument(FILE *to, const struct command *command, size_t at, bool rest)
{
	enum subject subject = command->subjects[at];
	if (rest)
		fprintf(to, "\t%s:*) echo '", command->name);
	else
		fprintf(to, "\t%s:%zu) echo '", command->name, at);
	if (subject == SUBJECT_WORD) {
		putc(':', to);
		put_choices(to, command->words, " ");
	} else {
		fputs(kind_of(subject), to);
	}
	fputs("' ;;\n", to);
}

/* What a command's argument names; arguments are counted from 0. */
static void put_arguments(FILE *to)
{
	fputs("_berth_argument() { # COMMAND NUMBER\n\tcase $1:$2 in\n", to);
	for (size_t i = 0; commands[i]; i++) {
		bool rest;
		size_t told = arguments_told(commands[i], &rest);
		for (size_t at = 0; at < told; at++)
			put_argument(to, commands[i], at, rest && at + 1 == told);
	}
	fputs("\tesac\n}\n\n", to);
}

void completion_bash(FILE *to)
{
	fputs("# bash completion of berth(1), made by `berth completion bash`\n\n_berth_commands='", to);
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			fprintf(to, "%s%s", i ? " " : "", commands[i]->name);
	fputs("'\n\n", to);
	put_takes(to);
	put_value(to);
	put_flags(to);
	put_arguments(to);
	fputs(parse, to);
}
