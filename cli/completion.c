/* completion.c - `berth completion`: a script for the shell, and what the three of them share. */
#include "cli/completion.h"

#include <string.h>

#include "cli/commands.h"

const char *subject_names(enum subject subject)
{
	static const char *const names[] = {
	    [SUBJECT_APP] = "applications",
	    [SUBJECT_EITHER] = "applications",
	    [SUBJECT_COMPONENT] = "components",
	    [SUBJECT_LOCATION] = "locations",
	    [SUBJECT_TYPE] = "types",
	    [SUBJECT_COMMAND] = "commands",
	    [SUBJECT_WORD] = NULL,
	};
	return names[subject];
}

size_t arguments_told(const struct command *command, bool *ret_rest)
{
	size_t count = 0;
	while (count < COUNT_OF(command->subjects) && command->subjects[count])
		count++;
	*ret_rest = count && command->most > count && !command->own_arguments;
	return count;
}

void put_escaped(FILE *to, const char *text, const char *escaped)
{
	for (; *text; text++) {
		if (strchr(escaped, *text))
			putc('\\', to);
		putc(*text, to);
	}
}

void put_choices(FILE *to, const char *choices, const char *between)
{
	for (; *choices; choices++)
		*choices == '|' ? fputs(between, to) : putc(*choices, to);
}

bool has_value(const struct flag *flag)
{
	return flag->kind != FLAG_SWITCH;
}

static int completion_run(struct invocation *invocation)
{
	static const struct {
		const char *shell;
		void (*write)(FILE *);
	} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};
	const struct words *arguments = &invocation->arguments;
	if (!arguments->count)
		return complain_usage(invocation, "`berth completion bash`, `zsh` or `fish`",
				      "for which shell?");
	for (size_t i = 0; i < COUNT_OF(shells); i++)
		if (strcmp(shells[i].shell, arguments->items[0]) == 0) {
			shells[i].write(stdout);
			return 0;
		}
	return complain_usage(invocation, "the shells are bash, zsh and fish", "there is no script for `%s`",
			      arguments->items[0]);
}

const struct command command_completion = {
    .name = "completion",
    .arguments = "bash|zsh|fish",
    .summary = "a script that completes berth's words in a shell",
    .details = "Prints a script that completes commands, flags and their values, and the names of "
	       "applications, components and locations that there are just now, which it asks the program "
	       "itself for. `cmake --install` puts the scripts where the shells find them; without that "
	       "have your shell read it when it starts.\n\n"
	       "bash, in ~/.bashrc: source <(berth completion bash)\n"
	       "zsh, in ~/.zshrc after compinit: source <(berth completion zsh)\n"
	       "fish, once: berth completion fish >~/.config/fish/completions/berth.fish",
    .examples = {{"source <(berth completion bash)", "in the running bash"},
		 {"berth completion fish | source", "in the running fish"}},
    .endings = ENDS_AT_ONCE,
    .subjects = {SUBJECT_WORD},
    .words = "bash|zsh|fish",
    .most = 1,
    .run = completion_run,
};
