/* marathon_variables.c - variables that a command counts on and Marathon alone sets: where its app is placed
 * elsewhere nobody does.
 */
#include <ctype.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "blueprints/marathon_file.h"
#include "blueprints/tree.h"

static bool is_digits(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

/* Its numbers at the host, without which a server listens nowhere that is meant. */
static bool is_number(const char *name)
{
	return !strcmp(name, "PORTS") || starts_with(name, "PORT_") ||
	       (starts_with(name, "PORT") && is_digits(name + strlen("PORT")));
}

static bool is_marathons(const char *name)
{
	return is_number(name) || !strcmp(name, "HOST") || starts_with(name, "MARATHON_") ||
	       starts_with(name, "MESOS_");
}

/* "PORT0=80; ..." */
static bool is_set_in(const char *line, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = line; (at = strstr(at, name)); at += length)
		if (at[length] == '=' && (at == line || strchr(" \t\n;&|(", at[-1])))
			return true;
	return false;
}

/* The next name that is taken without another value for when it is not set; NULL: none. */
static const char *next_name(struct arena *arena, const char **at)
{
	while (**at) {
		if (**at == '\\' && (*at)[1]) {
			*at += 2;
			continue;
		}
		if (*(*at)++ != '$')
			continue;
		bool braced = **at == '{';
		const char *name = *at + braced;
		size_t length = 0;
		while (isalnum((unsigned char)name[length]) || name[length] == '_')
			length++;
		*at = name + length;
		if (!length) {
			*at += **at == '$';
			continue;
		}
		if (!braced || !strchr(":-+=", **at) || !**at)
			return arena_format(arena, "%.*s", (int)length, name);
	}
	return NULL;
}

static void complain_variable(struct reading *r, const struct foreign_app *app, struct place at,
			      const char *name)
{
	struct diagnostic *told =
	    is_number(name)
		? complain(r->list, at, "`%s` counts on $%s, which Marathon alone sets", app->id, name)
		: warn(r->list, at, "`%s` counts on $%s, which Marathon alone sets", app->id, name);

	advise(r->list, told, "give it in `env`, write ${%s:-VALUE}, or place `%s` on a Marathon", name,
	       app->id);
}

void marathon_variables_check(struct reading *r, const struct foreign_app *app)
{
	const struct yaml_entry *command = tree_entry(app->node, "cmd");
	const struct yaml_entry *variables = tree_entry(app->node, "env");
	struct map *told = NULL;

	if (!command || command->value->kind != YAML_SCALAR)
		return;
	const char *line = command->value->text, *at = line, *name;
	while ((name = next_name(r->arena, &at))) {
		bool given =
		    variables && variables->value->kind == YAML_MAP && tree_entry(variables->value, name);
		if (!is_marathons(name) || given || is_set_in(line, name) || map_get(told, name))
			continue;
		r->list->failed |= map_put(&told, name, (void *)app) < 0;
		complain_variable(r, app, command->value->place, name);
	}
	map_release(&told);
}
