/* test_routes.c - every path leads to its row of the table, and the description has them all. */
#include <criterion/criterion.h>
#include <string.h>

#include "api/routes.h"
#include "base/cleanup.h"

static const struct route *find(const char *method, const char *path, const char *arguments[MOST_ARGUMENTS],
				char allow[64])
{
	static struct arena arena;
	return route_find(method, path, &arena, arguments, allow);
}

Test(routes, every_row_is_found_by_its_method_and_path)
{
	for (size_t i = 0; i < route_count; i++) {
		const char *arguments[MOST_ARGUMENTS];
		char allow[64], path[128];
		/* A parameter is as good a piece of a path as another. */
		snprintf(path, sizeof path, "%s", routes[i].path);
		cr_assert_eq(find(routes[i].method, path, arguments, allow), &routes[i], "%s %s",
			     routes[i].method, path);
	}
}

Test(routes, what_stands_for_a_parameter_is_taken)
{
	const char *arguments[MOST_ARGUMENTS];
	char allow[64];
	const struct route *route = find("GET", "/v1/applications/shop/why", arguments, allow);
	cr_assert_not_null(route);
	cr_assert_str_eq(route->verb, "why");
	cr_assert_str_eq(arguments[0], "shop");
	cr_assert_null(arguments[1]);
}

Test(routes, a_sensor_has_three)
{
	const char *arguments[MOST_ARGUMENTS];
	char allow[64];
	cr_assert_not_null(
	    find("PUT", "/v1/applications/shop/components/web/sensors/reqs.per-sec", arguments, allow));
	cr_assert_str_eq(arguments[0], "shop");
	cr_assert_str_eq(arguments[1], "web");
	cr_assert_str_eq(arguments[2], "reqs.per-sec");
	cr_assert_null(find("GET", "/v1/applications/shop/components/web/sensors/x", arguments, allow));
	cr_assert_str_eq(allow, "PUT, POST");
}

Test(routes, a_parameter_is_never_empty_and_never_two_pieces)
{
	const char *arguments[MOST_ARGUMENTS];
	char allow[64];
	static const char *const none[] = {"/v1/applications/",
					   "/v1/applications//why",
					   "/v1/applications/a/b/why",
					   "/v1/applicationsx",
					   "/v1",
					   "",
					   "v1/applications",
					   "/healthz/"};
	for (size_t i = 0; i < COUNT_OF(none); i++) {
		cr_assert_null(find("GET", none[i], arguments, allow), "%s", none[i]);
		cr_assert_str_empty(allow, "%s", none[i]);
	}
}

Test(routes, another_method_is_told_which_there_are)
{
	const char *arguments[MOST_ARGUMENTS];
	char allow[64];
	cr_assert_null(find("PUT", "/v1/applications/shop", arguments, allow));
	cr_assert_str_eq(allow, "GET, DELETE");
}

Test(routes, a_head_is_asked_for_as_the_whole_is)
{
	const char *arguments[MOST_ARGUMENTS];
	char allow[64];
	cr_assert_not_null(find("HEAD", "/healthz", arguments, allow));
}

Test(routes, only_whether_it_lives_is_for_everybody)
{
	for (size_t i = 0; i < route_count; i++)
		cr_assert(routes[i].role != ROLE_NOBODY || strcmp(routes[i].path, "/healthz") == 0 ||
			      strcmp(routes[i].path, "/readyz") == 0,
			  "%s", routes[i].path);
}

Test(routes, no_row_needs_less_than_its_verb)
{
	for (size_t i = 0; i < route_count; i++) {
		const struct server_verb *verb = routes[i].verb ? server_verb_find(routes[i].verb) : NULL;
		cr_assert(!routes[i].verb || verb, "%s", routes[i].path);
		cr_assert(!verb || routes[i].role >= verb->role, "%s %s", routes[i].method, routes[i].path);
	}
}

Test(routes, no_row_takes_what_its_verb_does_not)
{
	for (size_t i = 0; i < route_count; i++) {
		const struct server_verb *verb = routes[i].verb ? server_verb_find(routes[i].verb) : NULL;
		for (size_t k = 0; verb && k < member_count; k++)
			cr_assert(!has_word(routes[i].takes, members[k].name) ||
				      has_word(verb->takes, members[k].name),
				  "%s %s: %s", routes[i].method, routes[i].path, members[k].name);
	}
}

/* --- the description ------------------------------------------------------------------------ */

static const json_t *described(const json_t *document, const struct route *route)
{
	char method[16];
	size_t length = 0;
	for (const char *c = route->method; *c; c++)
		method[length++] = (char)(*c | 0x20);
	method[length] = '\0';
	return json_object_get(json_object_get(json_object_get(document, "paths"), route->path), method);
}

Test(openapi, it_has_every_row)
{
	owned_json document = openapi_document();
	cr_assert_str_eq(json_text(document, "openapi"), "3.1.0");
	for (size_t i = 0; i < route_count; i++) {
		const json_t *operation = described(document, &routes[i]);
		cr_assert_not_null(operation, "%s %s", routes[i].method, routes[i].path);
		cr_assert_str_eq(json_text(operation, "summary"), routes[i].summary);
	}
}

Test(openapi, names_of_operations_are_their_own)
{
	owned_json document = openapi_document();
	for (size_t i = 0; i < route_count; i++)
		for (size_t k = 0; k < i; k++)
			cr_assert_str_neq(json_text(described(document, &routes[i]), "operationId"),
					  json_text(described(document, &routes[k]), "operationId"));
}

Test(openapi, every_parameter_of_a_path_is_described)
{
	owned_json document = openapi_document();
	for (size_t i = 0; i < route_count; i++) {
		size_t wanted = 0, found = 0, k;
		json_t *parameter;
		for (const char *at = routes[i].path; (at = strchr(at, '{')); at++)
			wanted++;
		json_array_foreach (json_object_get(described(document, &routes[i]), "parameters"), k,
				    parameter)
			found += strcmp(json_text(parameter, "in"), "path") == 0;
		cr_assert_eq(found, wanted, "%s", routes[i].path);
	}
}

/* That every reference leads somewhere. */
static void follow(const json_t *document, json_t *of)
{
	const char *to = json_text(of, "$ref"), *key;
	const json_t *schemas = json_at(document, "components.schemas");
	json_t *member;
	size_t i;
	if (to)
		cr_assert_not_null(json_object_get(schemas, to + strlen("#/components/schemas/")), "%s", to);
	json_array_foreach (of, i, member)
		follow(document, member);
	json_object_foreach (of, key, member)
		follow(document, member);
}

Test(openapi, every_reference_leads_somewhere)
{
	owned_json document = openapi_document();
	follow(document, document);
}

Test(openapi, a_body_has_the_members_that_its_row_takes)
{
	owned_json document = openapi_document();
	const char *arguments[MOST_ARGUMENTS];
	char allow[64];
	const json_t *operation =
	    described(document, find("POST", "/v1/applications/{app}/scale", arguments, allow));
	const json_t *schema = json_object_get(
	    json_object_get(json_at(operation, "requestBody.content"), "application/json"), "schema");
	cr_assert_not_null(json_at(schema, "properties.count"));
	cr_assert_not_null(json_at(schema, "properties.components.items"));
	cr_assert_null(json_at(schema, "properties.volumes"));
	cr_assert(json_is_false(json_object_get(schema, "additionalProperties")));
}
