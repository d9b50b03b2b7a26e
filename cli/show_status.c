/* show_status.c - components and instances as a table, their links, and what is wrong with which. */
#include <string.h>
#include <strings.h>

#include "cli/screen.h"

#define PLAIN_COLUMNS 6 /* without -v */

static void add_port(char *cell, size_t size, const json_t *port)
{
	size_t used = strlen(cell);
	const char *address = text_of(port, "host_address"), *protocol = text_of(port, "protocol");
	bool udp = strcmp(protocol, "udp") == 0, v6 = strchr(address, ':') != NULL;
	if (json_is_integer(json_object_get(port, "host_port")))
		snprintf(cell + used, size - used, "%s%s%s%s:%lld->%lld%s", used ? ", " : "", v6 ? "[" : "",
			 *address ? address : "*", v6 ? "]" : "", (long long)number_of(port, "host_port"),
			 (long long)number_of(port, "port"), udp ? "/udp" : "");
	else
		snprintf(cell + used, size - used, "%s%lld%s", used ? ", " : "",
			 (long long)number_of(port, "port"), udp ? "/udp" : "");
}

static void add_instance(struct table *table, const json_t *component, const json_t *instance)
{
	char ports[1024] = "";
	const char *state = text_of(instance, "state");
	size_t i;
	json_t *port;
	json_array_foreach (list_of(instance, "ports"), i, port)
		add_port(ports, sizeof ports, port);
	table_add(table, BOLD, text_of(component, "id"));
	table_add(table, PLAIN, text_of(instance, "name"));
	const char *place = text_of(instance, "location");
	table_add(table, PLAIN, *place ? place : text_of(component, "location"));
	table_add(table, state_paint(state), state);
	table_add(table, PLAIN, text_of(instance, "address"));
	table_add(table, PLAIN, ports);
	if (table->columns > PLAIN_COLUMNS)
		table_add(table, PLAIN, text_of(instance, "target_id"));
}

static void add_component(struct table *table, const json_t *component)
{
	const char *state = text_of(component, "state");
	const json_t *instances = list_of(component, "instances");
	size_t i;
	json_t *instance;
	json_array_foreach (instances, i, instance)
		add_instance(table, component, instance);
	if (json_array_size(instances))
		return;
	table_add(table, BOLD, text_of(component, "id"));
	table_add(table, PLAIN, "");
	table_add(table, PLAIN, text_of(component, "location"));
	table_add(table, state_paint(state), state);
	for (int column = 4; column < table->columns; column++)
		table_add(table, PLAIN, "");
}

static void show_group(const struct screen *screen, const json_t *group)
{
	const char *state = text_of(group, "state"), *comma = ": ";
	size_t i;
	json_t *member;
	paint(screen, DIM, "group ");
	put(screen, PLAIN, text_of(group, "id"));
	fputs(" is ", screen->to);
	put(screen, state_paint(state), state);
	json_array_foreach (list_of(group, "members"), i, member) {
		fputs(comma, screen->to);
		put(screen, PLAIN, json_string_value(member));
		comma = ", ";
	}
	putc('\n', screen->to);
}

void show_link_name(const struct screen *screen, const json_t *link)
{
	const char *name = text_of(link, "name");
	if (!*name || strcasecmp(name, text_of(link, "host")) == 0)
		return;
	fputs(", called ", screen->to);
	put(screen, PLAIN, name);
}

static void show_links_of(const struct screen *screen, const json_t *component)
{
	size_t i;
	json_t *link;
	json_array_foreach (list_of(component, "links"), i, link) {
		const char *alias = text_of(link, "alias"), *to = text_of(link, "to"),
			   *host = text_of(link, "host");
		paint(screen, DIM, "link ");
		put(screen, PLAIN, text_of(component, "id"));
		fputs(" -> ", screen->to);
		put(screen, PLAIN, to);
		if (*alias && strcmp(alias, to) != 0) {
			fputs(" as ", screen->to);
			put(screen, PLAIN, alias);
		}
		fputs(" by ", screen->to);
		put(screen, PLAIN, text_of(link, "path"));
		if (*host) {
			fputs(" at ", screen->to);
			put(screen, PLAIN, host);
		}
		if (*host && number_of(link, "port"))
			fprintf(screen->to, ":%lld", (long long)number_of(link, "port"));
		show_link_name(screen, link);
		if (json_is_null(json_object_get(link, "name")))
			fputs(", by variables only", screen->to);
		putc('\n', screen->to);
	}
}

/* What an instance's own words say, after its name. How often it ended is told where its last code does not
 * say it all. */
static void show_trouble(const struct screen *screen, const json_t *instance)
{
	const char *error = text_of(instance, "error"), *state = text_of(instance, "state");
	bool running = strcmp(state, "running") == 0;
	const json_t *code = running ? NULL : json_object_get(instance, "exit_code");
	/* Which it may have, or may not be told: there is no such code. */
	const char *signal = code ? text_of(instance, "signal") : "";
	if (code && json_integer_value(code) < 0 && !*signal)
		code = NULL;
	bool well = strcmp(state, "finished") == 0 && code && json_integer_value(code) == 0;
	int64_t exits = code && number_of(instance, "exits") == 1 ? 0 : number_of(instance, "exits");
	if (well || (!*error && !exits && !code))
		return;
	put(screen, running ? PLAIN : RED, text_of(instance, "name"));
	fputs(": ", screen->to);
	if (exits)
		fprintf(screen->to, "exited %lld time%s%s", (long long)exits, exits == 1 ? "" : "s",
			*error || code ? "; " : "");
	if (*signal)
		fprintf(screen->to, "killed by %s%s", signal, *error ? "; " : "");
	else if (code)
		fprintf(screen->to, "exit code %lld%s", (long long)json_integer_value(code),
			*error ? "; " : "");
	put(screen, PLAIN, error);
	putc('\n', screen->to);
}

/* What the last deploy could not do to it. */
static bool show_last_failure(const struct screen *screen, const json_t *instance)
{
	const char *failure = text_of(instance, "last_failure");
	if (!*failure)
		return false;
	put(screen, BOLD, text_of(instance, "name"));
	fputs(": the last deploy failed: ", screen->to);
	put(screen, RED, failure);
	putc('\n', screen->to);
	return true;
}

static void show_last_failures(const struct screen *screen, const json_t *document)
{
	size_t i, k, count = 0;
	json_t *component, *instance;
	json_array_foreach (list_of(document, "components"), i, component)
		json_array_foreach (list_of(component, "instances"), k, instance)
			count += show_last_failure(screen, instance);
	if (!count)
		return;
	paint(screen, CYAN, "  = ");
	fprintf(screen->to, "`berth why %s` says what to do\n", text_of(document, "app"));
}

static void show_troubles(const struct screen *screen, const json_t *component)
{
	size_t i;
	json_t *instance;
	if (*text_of(component, "error")) {
		put(screen, RED, text_of(component, "id"));
		fputs(": ", screen->to);
		put(screen, PLAIN, text_of(component, "error"));
		putc('\n', screen->to);
	}
	json_array_foreach (list_of(component, "instances"), i, instance)
		show_trouble(screen, instance);
}

void show_components(const struct screen *screen, const json_t *document)
{
	static const char *const titles[] = {"COMPONENT", "INSTANCE", "LOCATION", "STATE",
					     "ADDRESS",   "PORTS",    "TARGET ID"};
	struct table table = {.columns = screen->verbose ? COUNT_OF(titles) : PLAIN_COLUMNS, .titled = true};
	const json_t *components = list_of(document, "components");
	size_t i;
	json_t *component;
	if (!json_array_size(components))
		return;
	for (i = 0; i < (size_t)table.columns; i++)
		table_add(&table, DIM, titles[i]);
	json_array_foreach (components, i, component)
		add_component(&table, component);
	table_print(screen, &table);
	table_release(&table);
	json_array_foreach (components, i, component)
		show_links_of(screen, component);
	json_array_foreach (components, i, component)
		show_size(screen, component);
	json_array_foreach (list_of(document, "groups"), i, component)
		show_group(screen, component);
	if (json_array_size(list_of(document, "failures")))
		return; /* they say it with remedy and log */
	json_array_foreach (components, i, component)
		show_troubles(screen, component);
	show_last_failures(screen, document);
}

/* --- what a deploy or a destroy could not do -------------------------------------------------- */

static void show_failure(const struct screen *screen, const json_t *failure)
{
	const char *instance = text_of(failure, "instance"), *remedy = text_of(failure, "remedy");
	size_t i;
	json_t *line;
	put(screen, BOLD,
	    *instance ? short_name(instance, text_of(failure, "component")) : text_of(failure, "component"));
	fputs(" at ", screen->to);
	put(screen, PLAIN, text_of(failure, "location"));
	fputs(": ", screen->to);
	put(screen, RED, text_of(failure, "error"));
	putc('\n', screen->to);
	if (*remedy) {
		paint(screen, CYAN, "  = ");
		put(screen, PLAIN, remedy);
		putc('\n', screen->to);
	}
	if (*text_of(failure, "kept")) {
		paint(screen, CYAN, "  = ");
		fputs("the one before it was kept, and runs\n", screen->to);
	}
	json_array_foreach (list_of(failure, "log"), i, line) {
		paint(screen, DIM, "  | ");
		put(screen, PLAIN, json_is_string(line) ? json_string_value(line) : "");
		putc('\n', screen->to);
	}
}

void show_failures(const struct screen *screen, const json_t *document)
{
	size_t i;
	json_t *failure;
	json_array_foreach (list_of(document, "failures"), i, failure)
		show_failure(screen, failure);
}
