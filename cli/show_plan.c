/* show_plan.c - a plan in lines: what changes, why, how it is linked, and what it costs. */
#include <stdlib.h>
#include <string.h>

#include "cli/screen.h"

static char symbol_of(const char *action, enum paint *ret_paint)
{
	static const struct {
		const char *action;
		char symbol;
		enum paint how;
	} symbols[] = {
	    {"create", '+', GREEN}, {"start", '+', GREEN},   {"remove", '-', RED},
	    {"stop", '-', RED},     {"unchanged", '=', DIM},
	};
	*ret_paint = YELLOW;
	for (size_t i = 0; i < COUNT_OF(symbols); i++)
		if (strcmp(symbols[i].action, action) == 0)
			return *ret_paint = symbols[i].how, symbols[i].symbol;
	return '~';
}

static void begin_line(const struct screen *screen, const char *what)
{
	fputs("    ", screen->to);
	paint(screen, DIM, "%s ", what);
}

/* The reasons that have no value to show, in words. */
static const char *reason_words(const char *path)
{
	static const char *const words[][2] = {
	    {"component", "the blueprint has it no more"},
	    {"files", "what its files hold changed"},
	    {"instances", "there are to be fewer"},
	    {"quarantined", "it did not get ready, made from what the blueprint said before"},
	    {"location", "it goes somewhere else"},
	    {"links", "the values of its links changed"},
	    {"portBindings", "a port that the blueprint binds is not published"},
	    {"publish", "somebody outside its network needs a port of it"},
	    {"secrets", "a secret changed"},
	    {"specification", "it was made from another specification"},
	};
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i][0], path) == 0)
			return words[i][1];
	return path;
}

/* Limits in the units that a blueprint has them in; none at all where there is none. */
static void show_value(const struct screen *screen, const char *path, const char *value)
{
	static const char units[] = "kmgt";
	long long number = strtoll(value, NULL, 10);
	bool memory = strcmp(path, "memory") == 0, cpus = strcmp(path, "cpus") == 0;
	int unit = -1;
	while (memory && number && number % 1024 == 0 && units[unit + 1])
		number /= 1024, unit++;
	if (!*value || ((memory || cpus) && !number))
		put(screen, PLAIN, "(none)");
	else if (cpus)
		fprintf(screen->to, "%g", (double)number / 1e9);
	else if (unit >= 0)
		fprintf(screen->to, "%lld%c", number, units[unit]);
	else
		put(screen, PLAIN, value);
}

/* Of a file it is known by a digest what it says: what stands behind that, or NULL. */
static const char *behind_digest(const char *value)
{
	const char *space = strncmp(value, "content ", 8) == 0 || strncmp(value, "source ", 7) == 0
				? strchr(value, ' ')
				: NULL;
	return space ? strchr(space + 1, ' ') : NULL;
}

static void show_file_change(const struct screen *screen, const char *old, const char *new)
{
	const char *had = behind_digest(old), *has = behind_digest(new);
	size_t said = had && has ? (size_t)(had - old) : 0;
	bool same = said && said == (size_t)(has - new) && strncmp(old, new, said) == 0;
	fputs(!had ? ": added" : !has ? ": taken away" : same ? ":" : ": it says something else", screen->to);
	if (!had || !has || strcmp(had, has) == 0)
		return;
	put(screen, PLAIN, had);
	fputs(" -> ", screen->to);
	put(screen, PLAIN, has + 1);
}

/* What software does is a file of each of its steps, and what they are told another one. */
static const char *path_words(const char *path, const char **ret_before)
{
	static const char steps[] = "software/steps/";
	bool file = strncmp(path, "files.", 6) == 0;
	const char *told = file ? strstr(path, "software/settings") : NULL;
	const char *step = file ? strstr(path, steps) : NULL;
	*ret_before = step ? "the step " : "";
	if (told && !strcmp(told, "software/settings"))
		return "what its steps are told";
	if (told && !strcmp(told, "software/settings.install"))
		return "what its installation is told";
	return step ? step + strlen(steps) : path;
}

static void show_path(const struct screen *screen, const char *path)
{
	const char *before, *words = path_words(path, &before);
	fputs(before, screen->to);
	put(screen, PLAIN, words);
}

static void show_reason(const struct screen *screen, const json_t *reason)
{
	const char *old = text_of(reason, "old"), *new = text_of(reason, "new"),
		   *file = text_of(reason, "file");
	bool valued = *old || *new;
	bool told = !strcmp(text_of(reason, "path"), "state") || !strcmp(text_of(reason, "path"), "network");
	bool in_words = told && *old && !*new;
	begin_line(screen, "because");
	if (in_words)
		put(screen, PLAIN, old);
	else if (valued)
		show_path(screen, text_of(reason, "path"));
	else
		put(screen, PLAIN, reason_words(text_of(reason, "path")));
	if (behind_digest(*old ? old : new)) {
		show_file_change(screen, old, new);
	} else if (valued && !in_words) {
		fputs(": ", screen->to);
		show_value(screen, text_of(reason, "path"), old);
		fputs(" -> ", screen->to);
		show_value(screen, text_of(reason, "path"), new);
	}
	if (*file && number_of(reason, "line")) {
		fputs(" (", screen->to);
		put(screen, PLAIN, file);
		fprintf(screen->to, ":%lld)", (long long)number_of(reason, "line"));
	}
	if (*text_of(reason, "note")) {
		fputs("; ", screen->to);
		put(screen, YELLOW, text_of(reason, "note"));
	}
	putc('\n', screen->to);
}

static void show_address(const struct screen *screen, const char *host, const json_t *port)
{
	if (!*host && !json_is_integer(port)) {
		fputs("(known after deploy)", screen->to);
		return;
	}
	put(screen, PLAIN, *host ? host : "(known after deploy)");
	if (json_is_integer(port))
		fprintf(screen->to, ":%lld", (long long)json_integer_value(port));
	else
		fputs(":(known after deploy)", screen->to);
}

static void show_link(const struct screen *screen, const json_t *link)
{
	const char *alias = text_of(link, "alias"), *to = text_of(link, "to");
	begin_line(screen, "link");
	put(screen, PLAIN, *alias ? alias : to);
	if (*alias && strcmp(alias, to) != 0) {
		fputs(" to ", screen->to);
		put(screen, PLAIN, to);
	}
	fputs(" by ", screen->to);
	put(screen, PLAIN, text_of(link, "path"));
	if (strcmp(text_of(link, "path"), "none") != 0) {
		fputs(" at ", screen->to);
		show_address(screen, text_of(link, "host"), json_object_get(link, "port"));
	}
	show_link_name(screen, link);
	if (*text_of(link, "note")) {
		fputs("; ", screen->to);
		put(screen, PLAIN, text_of(link, "note"));
	}
	putc('\n', screen->to);
}

static void show_publication(const struct screen *screen, const json_t *publication)
{
	const char *host = text_of(publication, "host_address");
	begin_line(screen, "publishes");
	show_address(screen, *host ? host : "*", json_object_get(publication, "host_port"));
	if (json_is_integer(json_object_get(publication, "port")))
		fprintf(screen->to, " -> %lld", (long long)number_of(publication, "port"));
	else
		fputs(" -> (known after deploy)", screen->to);
	fputs("/", screen->to);
	put(screen, PLAIN, *text_of(publication, "protocol") ? text_of(publication, "protocol") : "tcp");
	if (*text_of(publication, "why")) {
		fputs("; ", screen->to);
		put(screen, PLAIN, text_of(publication, "why"));
	}
	putc('\n', screen->to);
}

static void show_opening(const struct screen *screen, const json_t *opening)
{
	const char *to = text_of(opening, "to");
	begin_line(screen, "opens");
	fprintf(screen->to, "%lld/", (long long)number_of(opening, "port"));
	put(screen, PLAIN, text_of(opening, "protocol"));
	fputs(" to ", screen->to);
	put(screen, PLAIN, *to ? to : "whoever comes");
	fputs(", from ", screen->to);
	put(screen, strcmp(text_of(opening, "from"), "everywhere") == 0 ? YELLOW : PLAIN,
	    text_of(opening, "from"));
	putc('\n', screen->to);
}

/* In which order old and new one come and go, and what that means for whoever uses it. */
static const char *order_words(const char *order, const char *outage)
{
	bool none = strcmp(outage, "none") == 0;
	if (strcmp(order, "start-first") == 0)
		return "none: the new one answers before the old one goes";
	if (strcmp(order, "rolling") == 0)
		return "none: its target makes its tasks anew, new ones before old ones go";
	if (strcmp(order, "under-way") == 0)
		return "none: its target is at it already, which is waited for";
	if (strcmp(order, "stop-first") == 0)
		return none ? NULL
			    : "seconds: the old one stops when the new one is made, and comes back if that "
			      "does not "
			      "get ready";
	if (none)
		return NULL;
	return *order ? "until ready: the old one is removed, then the new one made" : outage;
}

static void show_costs(const struct screen *screen, const json_t *change)
{
	const char *outage = order_words(text_of(change, "order"), text_of(change, "outage"));
	bool goes = strcmp(text_of(change, "action"), "remove") == 0;
	size_t i;
	json_t *data;
	if (outage && *outage) {
		begin_line(screen, "outage");
		put(screen, strncmp(outage, "none", 4) == 0 ? PLAIN : YELLOW, outage);
		if (goes)
			fputs(": it holds what the new one needs, and goes before that is made", screen->to);
		putc('\n', screen->to);
	}
	json_array_foreach (list_of(change, "data_at_risk"), i, data) {
		begin_line(screen, "data at risk");
		put(screen, RED, json_is_string(data) ? json_string_value(data) : text_of(data, "path"));
		putc('\n', screen->to);
	}
}

/* What is left as it is, as nobody there answers who could tell what that is. */
static void show_unknown(const struct screen *screen, const json_t *change, const char *why)
{
	paint(screen, MAGENTA, "? ");
	put(screen, BOLD, short_name(text_of(change, "instance"), text_of(change, "component")));
	fputs(" at ", screen->to);
	put(screen, PLAIN, text_of(change, "location"));
	fputs(": ", screen->to);
	put(screen, MAGENTA, "unknown");
	putc('\n', screen->to);
	begin_line(screen, "because");
	put(screen, PLAIN, why);
	putc('\n', screen->to);
}

static void show_change(const struct screen *screen, const json_t *change)
{
	const char *action = text_of(change, "action"), *ready = text_of(change, "readiness");
	const char *instance = text_of(change, "instance"), *component = text_of(change, "component");
	enum paint how;
	char symbol = symbol_of(action, &how);
	size_t i;
	json_t *entry;
	paint(screen, how, "%c ", symbol);
	put(screen, BOLD, *instance ? short_name(instance, component) : component);
	if (*text_of(change, "location")) {
		fputs(" at ", screen->to);
		put(screen, PLAIN, text_of(change, "location"));
	}
	fputs(": ", screen->to);
	put(screen, how, action);
	if (*text_of(change, "lacks")) {
		fputs(", but ", screen->to);
		put(screen, YELLOW, text_of(change, "lacks"));
	}
	if (*text_of(change, "first")) {
		fputs(", the first member, ", screen->to);
		put(screen, PLAIN, text_of(change, "first"));
	}
	bool brief = strcmp(action, "unchanged") == 0 && !screen->verbose;
	if (*ready && !brief) {
		fputs(", ready when: ", screen->to);
		put(screen, strstr(ready, "not verifiable") ? YELLOW : PLAIN, ready);
	}
	putc('\n', screen->to);
	json_array_foreach (list_of(change, "because"), i, entry)
		show_reason(screen, entry);
	if (brief)
		return;
	json_array_foreach (list_of(change, "links"), i, entry)
		show_link(screen, entry);
	json_array_foreach (list_of(change, "publishes"), i, entry)
		show_publication(screen, entry);
	json_array_foreach (list_of(change, "opens"), i, entry)
		show_opening(screen, entry);
	show_costs(screen, change);
}

static bool changes_anything(const json_t *document)
{
	size_t i;
	json_t *change;
	json_array_foreach (list_of(document, "changes"), i, change)
		if (strcmp(text_of(change, "action"), "unchanged") != 0)
			return true;
	return false;
}

static void show_summary(const struct screen *screen, const json_t *summary, size_t unknown)
{
	static const char *const actions[] = {"create",  "start",   "update", "relink",
					      "replace", "restart", "stop",   "remove"};
	const char *comma = "";
	paint(screen, BOLD, "Plan:");
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		long long count = number_of(summary, actions[i]);
		if (!count)
			continue;
		fprintf(screen->to, "%s %lld to %s", comma, count, actions[i]);
		comma = ",";
	}
	fprintf(screen->to, "; %lld unchanged",
		(long long)number_of(summary, "unchanged") - (long long)unknown);
	if (unknown)
		fprintf(screen->to, ", %zu unknown", unknown);
	fputs(".\n", screen->to);
}

/* What is made as it is to be, and does not answer: whether there is anything of that kind. */
static bool show_awaited(const struct screen *screen, const json_t *document)
{
	size_t i;
	json_t *one;
	json_array_foreach (list_of(document, "awaited"), i, one) {
		fputs(i ? "" : "Nothing is to be made otherwise, but a deploy waits for\n", screen->to);
		fputs("  ", screen->to);
		put(screen, BOLD, text_of(one, "instance"));
		fputs(": ", screen->to);
		put(screen, YELLOW, text_of(one, "why"));
		putc('\n', screen->to);
	}
	return i > 0;
}

/* "web stays at 3, where the blueprint begins with 1" */
static void show_sizes_kept(const struct screen *screen, const json_t *document)
{
	size_t i;
	json_t *kept;
	json_array_foreach (list_of(document, "sizes"), i, kept) {
		put(screen, PLAIN, text_of(kept, "component"));
		fprintf(screen->to, " stays at %lld, where the blueprint begins with %lld\n",
			(long long)number_of(kept, "size"), (long long)number_of(kept, "initial"));
	}
}

/* The unknown ones stand in the order of the changes. */
static void show_changes(const struct screen *screen, const json_t *document,
			 bool (*chosen)(const json_t *change))
{
	const json_t *unknown = list_of(document, "unknown");
	size_t i, next = 0;
	json_t *change;
	json_array_foreach (list_of(document, "changes"), i, change) {
		const json_t *one = json_array_get(unknown, next);
		bool is_unknown = one && !strcmp(text_of(one, "instance"), text_of(change, "instance"));
		next += is_unknown;
		if (chosen && !chosen(change))
			continue;
		if (is_unknown)
			show_unknown(screen, change, text_of(one, "why"));
		else
			show_change(screen, change);
	}
}

void show_plan(const struct screen *screen, const json_t *document, bool (*chosen)(const json_t *change))
{
	size_t unknown = json_array_size(list_of(document, "unknown"));
	show_changes(screen, document, chosen);
	if (chosen)
		return;
	show_sizes_kept(screen, document);
	if (changes_anything(document)) {
		putc('\n', screen->to);
		show_summary(screen, json_object_get(document, "summary"), unknown);
		return;
	}
	if (show_awaited(screen, document))
		return;
	fputs("No changes. ", screen->to);
	put(screen, PLAIN, text_of(document, "app"));
	fputs(" is as the blueprint says", screen->to);
	if (unknown)
		fprintf(screen->to, ", as far as is known: of %zu instance%s nobody answers", unknown,
			unknown == 1 ? "" : "s");
	fputs(".\n", screen->to);
}
