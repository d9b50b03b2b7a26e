/* proxy.c - what the files of all proxies have in common: what may stand in them, and which request goes
 * where.
 */
#include "engine/proxy.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool only(const char *text, const char *allowed)
{
	return text && *text && !text[strspn(text, allowed)];
}

static bool is_address(const char *address)
{
	return address && (address_is_numeric(address) || only(address, LETTERS "-._"));
}

static int refuse(struct error *err, const char *what, const char *text)
{
	return fail(err, ERR_INVALID, "%s `%s` cannot stand in a proxy's configuration", what,
		    text ? text : "");
}

static int check_pool(const struct proxy_pool *pool, struct error *err)
{
	if (!only(pool->name, LETTERS "-"))
		return refuse(err, "the pool", pool->name);
	for (size_t i = 0; i < pool->count; i++) {
		const struct proxy_member *member = &pool->members[i];
		if (!only(member->name, LETTERS "-._"))
			return refuse(err, "the member", member->name);
		if (!is_address(member->address))
			return refuse(err, "the address", member->address);
		if (!member->port || !member->weight)
			return fail(err, ERR_INVALID, "`%s` has no port or no weight", member->name);
	}
	return 0;
}

static int check_route(const struct proxy_config *config, const struct proxy_route *route, struct error *err)
{
	if (route->host && (!only(route->host, LETTERS "-.*") || strchr(route->host + 1, '*')))
		return refuse(err, "the host", route->host);
	if (!only(route->path, LETTERS "/-._~+@:,=") || *route->path != '/')
		return refuse(err, "the path", route->path);
	return route->pool < config->pool_count ? 0 : refuse(err, "the pool of", route->path);
}

int proxy_check(const struct proxy_config *config, struct error *err)
{
	const char *words[] = {config->certificate, config->module};
	const struct health_check *check = config->check;
	if (config->address && !address_is_numeric(config->address))
		return refuse(err, "the address", config->address);
	if (!config->port || (config->fallback != NO_POOL && config->fallback >= config->pool_count))
		return fail(err, ERR_INVALID, "a proxy has a port, and a pool that there is");
	for (size_t i = 0; i < 2; i++)
		if (words[i] && !only(words[i], LETTERS "/-._"))
			return refuse(err, "the file", words[i]);
	if (check->kind == CHECK_HTTP && (!only(check->path, LETTERS "/-._~+@:,=%?&") || *check->path != '/'))
		return refuse(err, "the path", check->path);
	for (size_t i = 0; i < config->pool_count; i++)
		if (check_pool(&config->pools[i], err))
			return -1;
	for (size_t i = 0; i < config->route_count; i++)
		if (check_route(config, &config->routes[i], err))
			return -1;
	return 0;
}

/* --- members ---------------------------------------------------------------------------------------- */

static size_t staying(const struct proxy_pool *pool)
{
	size_t count = 0;
	for (size_t i = 0; i < pool->count; i++)
		count += !pool->members[i].draining;
	return count;
}

size_t proxy_takers(const struct proxy_pool *pool)
{
	size_t stay = staying(pool);
	return stay ? stay : pool->count;
}

bool proxy_takes(const struct proxy_pool *pool, const struct proxy_member *member)
{
	return !member->draining || !staying(pool);
}

void proxy_put_address(struct text *to, const struct proxy_member *member)
{
	bool colons = strchr(member->address, ':');
	text_format(to, "%s%s%s:%u", colons ? "[" : "", member->address, colons ? "]" : "", member->port);
}

/* --- hosts ------------------------------------------------------------------------------------------ */

static bool below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return !strcmp(folder, "/") ||
	       (!strncmp(path, folder, length) && (path[length] == '/' || !path[length]));
}

static int by_path(const void *left, const void *right)
{
	const struct proxy_route *a = *(const struct proxy_route *const *)left;
	const struct proxy_route *b = *(const struct proxy_route *const *)right;
	size_t a_length = strlen(a->path), b_length = strlen(b->path);
	return a_length != b_length ? (a_length < b_length) - (a_length > b_length)
				    : strcmp(a->path, b->path);
}

static bool wild(const char *host)
{
	return *host == '*';
}

static int by_host(const void *left, const void *right)
{
	const char *a = *(const char *const *)left, *b = *(const char *const *)right;
	size_t a_length = strlen(a), b_length = strlen(b);
	if (wild(a) != wild(b))
		return wild(a) - wild(b);
	return wild(a) && a_length != b_length ? (a_length < b_length) - (a_length > b_length) : strcmp(a, b);
}

/* Its own routes; those of any host where none of its own takes their path already. */
static int gather(struct arena *arena, const struct proxy_config *config, struct proxy_host *host)
{
	const struct proxy_route **routes =
	    arena_array(arena, const struct proxy_route *, config->route_count + 1);
	size_t own = 0, count = 0;
	if (!routes)
		return -1;
	for (size_t i = 0; host->name && i < config->route_count; i++)
		if (config->routes[i].host && !strcmp(config->routes[i].host, host->name))
			routes[count++] = &config->routes[i];
	own = count;
	for (size_t i = 0; i < config->route_count; i++) {
		const struct proxy_route *route = &config->routes[i];
		bool taken = route->host != NULL;
		for (size_t k = 0; k < own && !taken; k++)
			taken = below(route->path, routes[k]->path);
		if (!taken)
			routes[count++] = route;
	}
	qsort(routes, count, sizeof *routes, by_path);
	host->rest = config->fallback;
	if (count && !strcmp(routes[count - 1]->path, "/"))
		host->rest = routes[--count]->pool;
	host->routes = routes;
	host->count = count;
	return 0;
}

int proxy_hosts(struct arena *arena, const struct proxy_config *config, const struct proxy_host **ret_hosts,
		size_t *ret_count)
{
	const char **names = arena_array(arena, const char *, config->route_count + 1);
	struct proxy_host *hosts = arena_array(arena, struct proxy_host, config->route_count + 1);
	size_t named = 0, count = 0;
	if (!names || !hosts)
		return -1;
	for (size_t i = 0; i < config->route_count; i++)
		if (config->routes[i].host)
			names[named++] = config->routes[i].host;
	qsort(names, named, sizeof *names, by_host);
	for (size_t i = 0; i < named; i++)
		if (!i || strcmp(names[i], names[i - 1]) != 0)
			hosts[count++].name = names[i];
	count++; /* every other one */
	for (size_t i = 0; i < count; i++)
		if (gather(arena, config, &hosts[i]))
			return -1;
	*ret_hosts = hosts;
	*ret_count = count;
	return 0;
}
