/* hosts.c - a location that is several machines (byon): each is a site of its own, and a component goes to
 * one of them: hosts_choice.c. */
#include "engine/hosts_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/machine_options.h"

#define MOST_HOSTS 10000

bool is_host_pool(const struct location_spec *spec)
{
	return spec->type && strcmp(spec->type, "byon") == 0;
}

struct site *host_pool_first(const struct host_pool *pool)
{
	return pool->sites[0];
}

struct site *const *host_pool_sites(const struct host_pool *pool, size_t *ret_count)
{
	*ret_count = pool->count;
	return pool->sites;
}

const char *host_pool_name(const struct host_pool *pool)
{
	return pool->spec->name && *pool->spec->name ? pool->spec->name : "byon";
}

/* --- the machines that are written ---------------------------------------------------------- */

/* One piece of "user@10.0.0.{1,3-5}": what is before the first brace is fixed, each choice is tried with what
 * follows. */
static int expand(struct arena *arena, json_t *names, const char *before, const char *rest,
		  struct error *err);

static int expand_choice(struct arena *arena, json_t *names, const char *before, const char *choice,
			 const char *after, struct error *err)
{
	char *dash = strchr(choice, '-'), *whole;
	int64_t from, to;

	if (dash)
		*dash = '\0';
	if (dash && parse_number(choice, 0, 1000000, &from) &&
	    parse_number(dash + 1, from, from + MOST_HOSTS, &to)) {
		for (int64_t n = from; n <= to; n++) {
			/* "08-10" keeps its width. */
			whole = arena_format(arena, "%s%0*lld", before,
					     *choice == '0' ? (int)strlen(choice) : 1, (long long)n);
			if (!whole || expand(arena, names, whole, after, err))
				return whole ? -1 : fail_memory(err);
		}
		return 0;
	}
	if (dash)
		*dash = '-';
	whole = arena_format(arena, "%s%s", before, choice);
	return whole ? expand(arena, names, whole, after, err) : fail_memory(err);
}

static int expand(struct arena *arena, json_t *names, const char *before, const char *rest, struct error *err)
{
	const char *open = strchr(rest, '{'), *close = open ? strchr(open, '}') : NULL;

	if (!open || !close) {
		char *name = arena_format(arena, "%s%s", before, rest);
		if (json_array_size(names) >= MOST_HOSTS)
			return fail(err, ERR_INVALID, "a pool of more than %d hosts", MOST_HOSTS);
		return name && !json_array_append_new(names, json_string(name)) ? 0 : fail_memory(err);
	}
	char *start = arena_format(arena, "%s%.*s", before, (int)(open - rest), rest), *keep = NULL;
	char *choices = arena_copy(arena, open + 1, (size_t)(close - open - 1));
	if (!start || !choices)
		return fail_memory(err);
	for (char *choice = strtok_r(choices, ",", &keep); choice; choice = strtok_r(NULL, ",", &keep))
		if (expand_choice(arena, names, start, choice + strspn(choice, " "), close + 1, err))
			return -1;
	return 0;
}

/* "a, b, user@10.0.0.{1,2}": commas within braces are the braces'. */
static int expand_list(struct arena *arena, json_t *names, const char *text, struct error *err)
{
	for (const char *at = text; *at;) {
		size_t length = 0;
		for (bool inside = false; at[length] && (inside || at[length] != ','); length++)
			inside = at[length] == '{' || (inside && at[length] != '}');
		while (length && *at == ' ')
			at++, length--;
		char *one = arena_copy(arena, at, length);
		if (!one)
			return fail_memory(err);
		if (*one && expand(arena, names, "", one, err))
			return -1;
		at += length + (at[length] == ',');
	}
	return 0;
}

/* --- "byon:(hosts="10.0.0.{1,2}", user=me)", as Brooklyn writes a specification in one line ---- */

/* A word, or what stands in quotes; *text is moved behind it. NULL: no memory. */
static char *named_value(struct arena *arena, const char **text)
{
	bool quoted = **text == '"';
	const char *begin = *text + quoted;
	size_t length = quoted ? strcspn(begin, "\"") : strcspn(begin, ",)");

	*text = begin + length + (quoted && begin[length]);
	while (!quoted && length && begin[length - 1] == ' ')
		length--;
	return arena_copy(arena, begin, length);
}

static int read_named(struct arena *arena, const char *text, json_t *options, struct error *err)
{
	const char *at = text + 1;

	while (*(at += strspn(at, " ,")) && *at != ')') {
		size_t length = strcspn(at, "=,)");
		if (at[length] != '=' || !length)
			return fail(err, ERR_INVALID, "`byon:%s`: `%.40s` is no NAME=VALUE", text, at);
		char *key = arena_copy(arena, at, length);
		at += length + 1;
		char *value = named_value(arena, &at);
		int64_t number;
		if (!key || !value)
			return fail_memory(err);
		/* A list of hosts may be one number of an address, and is a text all the same. */
		bool counts = strcmp(key, "port") == 0 && parse_number(value, 0, 65535, &number);
		if (json_object_set_new(options, key, counts ? json_integer(number) : json_string(value)))
			return fail_memory(err);
	}
	return *at == ')' && !at[1] ? 0
				    : fail(err, ERR_INVALID, "`byon:%s` does not end with its bracket", text);
}

/* What the pool's options are, whichever way they are written. */
static int read_options(struct berth_operation *operation, struct host_pool *pool, struct error *err)
{
	const struct location_spec *spec = pool->spec;

	pool->options = spec->options ? json_deep_copy(spec->options) : json_object();
	if (!pool->options || json_array_append_new(operation->host_options, pool->options))
		return fail_memory(err);
	if (*spec->target == '(')
		return read_named(&operation->arena, spec->target, pool->options, err);
	if (*spec->target && json_object_set_new(pool->options, "hosts", json_string(spec->target)))
		return fail_memory(err);
	return 0;
}

/* A host's own options over those of the pool. */
static json_t *host_options(const json_t *pool, const json_t *own)
{
	json_t *options = json_object();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)pool, key, value)
		if (strcmp(key, "hosts") != 0 && !machine_option_is_noted(key))
			json_object_set(options, key, value);
	json_object_foreach ((json_t *)own, key, value)
		if (strcmp(key, "ssh") != 0 && strcmp(key, "host") != 0 && !machine_option_is_noted(key))
			json_object_set(options, key, value);
	json_object_set_new(options, "exclusive", json_true());
	return options;
}

static int add_host(struct berth_operation *operation, struct host_pool *pool, const char *name,
		    const json_t *own, const char *source, struct error *err)
{
	struct arena *arena = &operation->arena;
	struct location_spec *spec = arena_array(arena, struct location_spec, 1);
	json_t *options = host_options(pool->options, own);

	if (!spec || !options || json_array_append_new(operation->host_options, options))
		return fail_memory(err);
	*spec = (struct location_spec){.name = arena_format(arena, "%s/%s", host_pool_name(pool), name),
				       .type = "ssh",
				       .target = arena_text(arena, name),
				       .options = options,
				       .place = pool->spec->place};
	if (!spec->name || !spec->target)
		return fail_memory(err);
	struct site *site = site_open(operation, spec, source, err);
	if (!site)
		return -1;
	pool->sites[pool->count++] = site;
	return 0;
}

static int add_written(struct berth_operation *operation, struct host_pool *pool, const json_t *hosts,
		       const char *source, struct error *err)
{
	struct arena *arena = &operation->arena;
	json_t *list = json_is_array(hosts) ? (json_t *)hosts : NULL;
	size_t count = list ? json_array_size(list) : 1;

	for (size_t i = 0; i < count; i++) {
		const json_t *entry = list ? json_array_get(list, i) : hosts;
		owned_json names = json_array();
		const char *text =
		    json_is_object(entry)
			? (json_text(entry, "ssh") ? json_text(entry, "ssh") : json_text(entry, "host"))
			: json_string_value(entry);
		if (!text) {
			fail(err, ERR_INVALID,
			     "location `%s`: a host is a text such as \"user@10.0.0.5\", or a map "
			     "with `ssh` and its own options",
			     pool->spec->name);
			return -1;
		}
		if (!names || expand_list(arena, names, text, err))
			return names ? -1 : fail_memory(err);
		struct site **sites =
		    arena_array(arena, struct site *, pool->count + json_array_size(names) + 1);
		if (!sites)
			return fail_memory(err);
		if (pool->count)
			memcpy(sites, pool->sites, pool->count * sizeof *sites);
		pool->sites = sites;
		for (size_t n = 0; n < json_array_size(names); n++)
			if (add_host(operation, pool, json_string_value(json_array_get(names, n)),
				     json_is_object(entry) ? entry : NULL, source, err))
				return -1;
	}
	return 0;
}

struct host_pool *host_pool_open(struct berth_operation *operation, const struct location_spec *spec,
				 const char *source, struct error *err)
{
	for (struct host_pool *pool = operation->host_pools; pool; pool = pool->next)
		if (pool->spec == spec)
			return pool;
	struct host_pool *pool = arena_array(&operation->arena, struct host_pool, 1);
	if (!operation->host_options)
		operation->host_options = json_array();
	if (!pool || !operation->host_options) {
		fail_memory(err);
		return NULL;
	}
	*pool = (struct host_pool){.spec = spec};
	if (read_options(operation, pool, err))
		return NULL;
	const json_t *hosts = json_object_get(pool->options, "hosts");
	if (!hosts) {
		fail(err, ERR_INVALID, "location `%s`: a pool of machines has no `hosts`", spec->name);
		remedy(err, "list them: `byon: {user: me, hosts: [10.0.0.5, 10.0.0.6]}`");
		return NULL;
	}
	if (add_written(operation, pool, hosts, source, err))
		return NULL;
	if (!pool->count) {
		fail(err, ERR_INVALID, "location `%s`: a pool of no machines", spec->name);
		return NULL;
	}
	pool->next = operation->host_pools;
	return operation->host_pools = pool;
}
