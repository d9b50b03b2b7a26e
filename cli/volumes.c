/* volumes.c - the command that removes the data that a destroyed application left. */
#include <string.h>

#include "cli/screen.h"

/* Where each of the volumes is, once: the store has forgotten by then. */
static void put_locations(const struct screen *out, const json_t *volumes)
{
	size_t i;
	json_t *volume;
	json_array_foreach (volumes, i, volume) {
		char word[1024];
		bool told = false;
		for (size_t n = 0; n < i; n++)
			told |= strcmp(text_of(json_array_get(volumes, n), "location"),
				       text_of(volume, "location")) == 0;
		if (told || !*text_of(volume, "spec"))
			continue;
		snprintf(word, sizeof word, "%s=%s", text_of(volume, "location"), text_of(volume, "spec"));
		fputs(" --location ", out->to);
		put_shell_word(out, word);
	}
}

static void put_command(const struct screen *out, const struct invocation *invocation, const char *app,
			const char *flag, const json_t *things)
{
	const struct settings *settings = &invocation->settings;
	fputs("`berth destroy ", out->to);
	put(out, PLAIN, app);
	fputs(flag, out->to);
	put_locations(out, things);
	if (settings->owner) {
		fputs(" --owner ", out->to);
		put_shell_word(out, settings->owner);
	}
	fprintf(out->to, "` removes %s\n", json_array_size(things) == 1 ? "it" : "them");
}

void put_removal_command(const struct screen *out, const struct invocation *invocation, const char *app,
			 const json_t *volumes)
{
	put_command(out, invocation, app, " --volumes", volumes);
}

void put_adoption_command(const struct screen *out, const struct invocation *invocation, const char *app,
			  const json_t *claims)
{
	put_command(out, invocation, app, " --adopt", claims);
}
