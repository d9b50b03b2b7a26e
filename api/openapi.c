/* openapi.c - the table of routes as OpenAPI 3.1. */
#include <ctype.h>
#include <string.h>

#include "api/routes.h"
#include "base/cleanup.h"

static json_t *reference(const char *name)
{
	return json_pack("{ss+}", "$ref", "#/components/schemas/", name);
}

static json_t *content(const char *type, json_t *schema)
{
	return json_pack("{s{so}}", type, "schema", schema);
}

static void add_parameter(json_t *list, const char *place, const char *name, json_t *schema)
{
	json_t *parameter = json_pack("{ssss}", "name", name, "in", place);
	if (strcmp(place, "path") == 0)
		json_put_flag(parameter, "required", true);
	json_put(parameter, "schema", schema);
	json_add(list, parameter);
}

static void add_path_parameters(json_t *list, const char *path)
{
	for (const char *at = strchr(path, '{'); at; at = strchr(at + 1, '{')) {
		owned_memory char *name = strndup(at + 1, strcspn(at + 1, "}"));
		if (name)
			add_parameter(list, "path", name, json_pack("{ss}", "type", "string"));
	}
}

static bool takes_body(const struct route *route)
{
	return strcmp(route->method, "POST") == 0 && *route->takes;
}

static json_t *parameters_of(const struct route *route)
{
	json_t *list = json_array();
	add_path_parameters(list, route->path);
	for (size_t i = 0; i < member_count && !takes_body(route); i++)
		if (has_word(route->takes, members[i].name) && members[i].kind != MEMBER_SMALL)
			add_parameter(list, "query", members[i].name, member_schema(&members[i]));
	if (route->answer == ANSWER_OPERATION && strcmp(route->method, "POST") == 0)
		add_parameter(list, "header", "Idempotency-Key",
			      json_pack("{sssi}", "type", "string", "maxLength", 200));
	if (route->answer == ANSWER_STREAM)
		add_parameter(list, "header", "Last-Event-ID", json_pack("{ss}", "type", "integer"));
	return list;
}

static json_t *body_of(const struct route *route)
{
	json_t *schema;
	if (route->run == run_verb)
		schema = reference("Request");
	else if (route->run == run_operation_input)
		schema = reference("Input");
	else
		schema = request_schema(route->takes);
	return json_pack("{so}", "content", content("application/json", schema));
}

static json_t *answers_of(const struct route *route)
{
	static const char *const statuses[] = {[ANSWER_TEXT] = "200",
					       [ANSWER_DOCUMENT] = "200",
					       [ANSWER_OPERATION] = "202",
					       [ANSWER_STREAM] = "200",
					       [ANSWER_NOTHING] = "204"};
	json_t *answer = json_object(), *answers = json_object();
	json_put_text(answer, "description", route->summary);
	if (route->answer == ANSWER_TEXT)
		json_put(answer, "content", content("text/plain", json_pack("{ss}", "type", "string")));
	if (route->answer == ANSWER_DOCUMENT)
		json_put(answer, "content", content("application/json", json_pack("{ss}", "type", "object")));
	if (route->answer == ANSWER_OPERATION)
		json_put(answer, "content", content("application/json", reference("Operation")));
	if (route->answer == ANSWER_STREAM)
		json_put(answer, "content",
			 content("text/event-stream", json_pack("{ss}", "type", "string")));
	json_put(answers, statuses[route->answer], answer);
	json_put(answers, "default",
		 json_pack("{ssso}", "description", "what went wrong", "content",
			   content("application/problem+json", reference("Problem"))));
	return answers;
}

/* "GET /v1/applications/{app}/why" is getV1ApplicationsAppWhy. */
static json_t *name_of(const struct route *route)
{
	owned_text name = {0};
	bool capital = false;
	for (const char *c = route->method; *c; c++)
		text_add_char(&name, (char)tolower((unsigned char)*c));
	for (const char *c = route->path; *c; c++) {
		if (isalnum((unsigned char)*c))
			text_add_char(&name, capital ? (char)toupper((unsigned char)*c) : *c);
		capital = !isalnum((unsigned char)*c);
	}
	return json_string(text_view(&name));
}

static json_t *operation_of(const struct route *route)
{
	json_t *operation = json_object();
	json_put(operation, "operationId", name_of(route));
	json_put_text(operation, "summary", route->summary);
	json_put_text(operation, "x-berth-role", role_name(route->role));
	if (!route->role)
		json_put(operation, "security", json_array());
	json_put(operation, "parameters", parameters_of(route));
	if (takes_body(route))
		json_put(operation, "requestBody", body_of(route));
	json_put(operation, "responses", answers_of(route));
	return operation;
}

static json_t *paths(void)
{
	json_t *all = json_object();
	for (size_t i = 0; i < route_count; i++) {
		const struct route *route = &routes[i];
		owned_memory char *method = strdup(route->method);
		json_t *item = json_object_get(all, route->path);
		if (!item && json_put(all, route->path, item = json_object()))
			return all;
		for (char *c = method; c && *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (method)
			json_put(item, method, operation_of(route));
	}
	return all;
}

/* --- schemas -------------------------------------------------------------------------------- */

struct property {
	const char *name, *type, *summary;
};

static json_t *object_schema(const struct property *properties, size_t count)
{
	json_t *all = json_object();
	for (size_t i = 0; i < count; i++)
		json_put(
		    all, properties[i].name,
		    json_pack("{ssss}", "type", properties[i].type, "description", properties[i].summary));
	return json_pack("{ssso}", "type", "object", "properties", all);
}

static json_t *any_request(void)
{
	owned_text all = {0};
	json_t *verbs = json_array();
	for (size_t i = 0; i < member_count; i++)
		text_format(&all, "%s%s", i ? " " : "", members[i].name);
	for (const struct server_verb *verb = server_verbs; verb->name; verb++)
		json_add(verbs, json_string(verb->name));
	json_t *schema = request_schema(text_view(&all));
	json_put(json_object_get(schema, "properties"), "verb",
		 json_pack("{ssso}", "type", "string", "enum", verbs));
	json_put(schema, "required", json_pack("[s]", "verb"));
	return schema;
}

static json_t *schemas(void)
{
	static const struct property problem_members[] = {
	    {"type", "string", "about:blank"},
	    {"title", "string", "what the status means"},
	    {"status", "integer", "the HTTP status"},
	    {"detail", "string", "what went wrong"},
	    {"remedy", "string", "what to do about it"},
	    {"outcome", "integer", "the exit code that the command line would end with"},
	    {"diagnostics", "array", "what is wrong with a blueprint, as `berth validate -o json` tells it"},
	    {"result", "object", "what was found out all the same"},
	};
	static const struct property operation_members[] = {
	    {"id", "string", "its name"},
	    {"verb", "string", "what it does"},
	    {"app", "string", "to which application; null: none, or its blueprint says it"},
	    {"by", "string", "who began it"},
	    {"state", "string", "running or done"},
	    {"began_ms", "integer", "milliseconds since 1970"},
	    {"ended_ms", "integer", "milliseconds since 1970"},
	    {"outcome", "integer", "the exit code that the command line would end with"},
	    {"message", "string", "why it did not end well"},
	    {"remedy", "string", "what to do about it"},
	    {"result", "object", "the document that the command line prints; text for a graph"},
	};
	static const struct property input_members[] = {
	    {"bytes", "string", "in base64"},
	    {"end", "boolean", "no more comes"},
	    {"rows", "integer", "the terminal's size from now on"},
	    {"columns", "integer", "the terminal's size from now on"},
	};
	json_t *all = json_object();
	json_put(all, "Problem", object_schema(problem_members, COUNT_OF(problem_members)));
	json_put(all, "Operation", object_schema(operation_members, COUNT_OF(operation_members)));
	json_put(all, "Input", object_schema(input_members, COUNT_OF(input_members)));
	json_put(all, "Request", any_request());
	return all;
}

json_t *openapi_document(void)
{
	json_t *document = json_object();
	json_put_text(document, "openapi", "3.1.0");
	json_put(document, "info", json_pack("{ssss}", "title", "berth", "version", berth_version()));
	json_put(document, "paths", paths());
	json_put(document, "components",
		 json_pack("{sos{s{ssss}s{ss}}}", "schemas", schemas(), "securitySchemes", "token", "type",
			   "http", "scheme", "bearer", "certificate", "type", "mutualTLS"));
	json_put(document, "security", json_pack("[{s[]}{s[]}]", "token", "certificate"));
	return document;
}
