/* launch.c - what the launch script of an instance on a simulated machine sets and starts, read once for all
 * who look. */
#include <stdlib.h>
#include <string.h>

#include "simulation/ssh/model.h"

void launch_forgotten(struct launch *launch)
{
	free(launch->text);
	arena_release(&launch->arena);
	*launch = (struct launch){0};
}

void launch_kept(struct launch *launch, const char *text)
{
	char *own = ssh_need(strdup(text));
	size_t count = 0, room = 1;

	launch_forgotten(launch);
	launch->text = own;
	const struct statement *list = script_read(&launch->arena, own, strlen(own));
	for (const struct statement *line = list; line; line = line->next)
		room++;
	const char **environment = ssh_need(arena_array(&launch->arena, const char *, room));
	launch->argv = launch->environment = environment;
	for (const struct statement *line = list; line; line = line->next)
		if (!strcmp(line->words[0], "export") && strchr(line->words[1], '='))
			environment[count++] = line->words[1];
		else if (!strcmp(line->words[0], "set"))
			launch->argv = line->words + 2;
	environment[count] = NULL;
	if (launch->argv == environment)
		launch->argv = environment + count; /* it starts nothing */
}
