/* read_token.c - what Keystone says of a token: whose it is, of which project, and where the services are. */
#include <string.h>

#include "locations/openstack/answers.h"
#include "locations/openstack/reading.h"

static int take_named(const struct openstack_reading *reading, const json_t *json, const char *key,
		      const char **ret_name, const char **ret_id)
{
	const json_t *of = json_object_get(json, key);

	*ret_name = *ret_id = NULL;
	if (!of || json_is_null(of))
		return 0;
	if (!json_is_object(of))
		return openstack_odd(reading, key);
	return openstack_take_text(reading, of, "id", true, ret_id) < 0 ||
		       openstack_take_text(reading, of, "name", true, ret_name) < 0
		   ? -1
		   : 0;
}

static size_t count_endpoints(const json_t *catalogue)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(catalogue); i++)
		count += json_array_size(json_object_get(json_array_get(catalogue, i), "endpoints"));
	return count;
}

static int take_endpoint(const struct openstack_reading *reading, const json_t *json,
			 struct openstack_endpoint *ret)
{
	if (openstack_take_text(reading, json, "interface", true, &ret->interface) < 0 ||
	    openstack_take_text(reading, json, "url", true, &ret->url) < 0 ||
	    openstack_take_text(reading, json, "region_id", false, &ret->region) < 0)
		return -1;
	return ret->region ? 0 : openstack_take_text(reading, json, "region", false, &ret->region);
}

/* Absent where it was asked to be left out. */
static int take_catalogue(const struct openstack_reading *reading, const json_t *json,
			  struct openstack_token *ret)
{
	const json_t *catalogue = json_object_get(json, "catalog");
	struct openstack_endpoint *endpoints =
	    arena_array(reading->arena, struct openstack_endpoint, count_endpoints(catalogue) + 1);

	if (!endpoints)
		return fail_memory(reading->err);
	if (catalogue && !json_is_array(catalogue))
		return openstack_odd(reading, "catalog");
	for (size_t i = 0; i < json_array_size(catalogue); i++) {
		const json_t *service = json_array_get(catalogue, i),
			     *list = json_object_get(service, "endpoints");
		const char *type;
		if (openstack_take_text(reading, service, "type", true, &type) < 0)
			return -1;
		for (size_t k = 0; k < json_array_size(list); k++) {
			struct openstack_endpoint *endpoint = &endpoints[ret->endpoint_count++];
			endpoint->service = type;
			if (take_endpoint(reading, json_array_get(list, k), endpoint) < 0)
				return -1;
		}
	}
	ret->endpoints = endpoints;
	return 0;
}

int openstack_token_read(const json_t *json, struct arena *arena, struct openstack_token *ret,
			 struct error *err)
{
	const struct openstack_reading reading = {arena, "Keystone", err};
	const json_t *token = json_object_get(json, "token");
	const char *expires, *domain_id;

	*ret = (struct openstack_token){0};
	if (!json_is_object(token))
		return openstack_odd(&reading, "token");
	if (take_named(&reading, token, "user", &ret->user, &ret->user_id) < 0 ||
	    take_named(&reading, token, "project", &ret->project, &ret->project_id) < 0 ||
	    take_named(&reading, token, "domain", &ret->domain, &domain_id) < 0 ||
	    openstack_take_text(&reading, token, "expires_at", false, &expires) < 0)
		return -1;
	if (!ret->user)
		return openstack_odd(&reading, "user");
	if (ret->project &&
	    openstack_take_id(&reading, json_object_get(token, "project"), "id", &ret->project_id) < 0)
		return -1;
	ret->system = json_object_size(json_object_get(token, "system")) ? "all" : NULL;
	ret->expires_ms = expires ? openstack_time(expires) : 0;
	return take_catalogue(&reading, token, ret);
}

static bool is_among(const char *const *list, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

const char *const *openstack_services(const struct openstack_token *token, struct arena *arena)
{
	const char **list = arena_array(arena, const char *, token->endpoint_count + 1);
	size_t count = 0;

	for (size_t i = 0; list && i < token->endpoint_count; i++)
		if (!is_among(list, count, token->endpoints[i].service))
			list[count++] = token->endpoints[i].service;
	return list;
}

const char *openstack_endpoint(const struct openstack_token *token, struct arena *arena, const char *service,
			       const char *interface, const char *region)
{
	for (size_t i = 0; i < token->endpoint_count; i++) {
		const struct openstack_endpoint *endpoint = &token->endpoints[i];
		size_t length = strlen(endpoint->url);
		if (strcmp(endpoint->service, service) != 0 || strcmp(endpoint->interface, interface) != 0 ||
		    (region && (!endpoint->region || strcmp(endpoint->region, region) != 0)))
			continue;
		while (length && endpoint->url[length - 1] == '/')
			length--;
		return arena_copy(arena, endpoint->url, length);
	}
	return NULL;
}

json_t *openstack_regions(const struct openstack_token *token)
{
	json_t *list = json_array();

	for (size_t i = 0; i < token->endpoint_count; i++) {
		const char *region = token->endpoints[i].region;
		bool known = !region;
		for (size_t k = 0; !known && k < json_array_size(list); k++)
			known = !strcmp(json_string_value(json_array_get(list, k)), region);
		if (!known)
			json_add(list, json_any_text(region));
	}
	return list;
}
