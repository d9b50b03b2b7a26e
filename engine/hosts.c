/* hosts.c - a location that is several machines (byon): each is a site of its own, and a component goes to
 * one of them: hosts_choice.c. */
#include "engine/hosts_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/byon.h"
#include "blueprints/machine_options.h"

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

/* What the pool's options are, whichever way they are written. */
static int read_options(struct berth_operation *operation, struct host_pool *pool, struct error *err)
{
	const struct location_spec *spec = pool->spec;

	pool->options = spec->options ? json_deep_copy(spec->options) : json_object();
	if (!pool->options || json_array_append_new(operation->host_options, pool->options))
		return fail_memory(err);
	if (*spec->target == '(')
		return byon_read_named(&operation->arena, spec->target, pool->options, err);
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
		if (!names || byon_expand(arena, names, text, err))
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
