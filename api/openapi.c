/* openapi.c - the table of routes as OpenAPI 3.1. */
#include <ctype.h>
#include <string.h>

#include "api/routes.h"
#include "base/cleanup.h"

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

static json_t *pattern_schema(const char *pattern)
{
	return json_pack("{ssss}", "type", "string", "pattern", pattern);
}

static void add_path_parameters(json_t *list, const char *path)
{
	for (const char *at = strchr(path, '{'); at; at = strchr(at + 1, '{')) {
		owned_memory char *name = strndup(at + 1, strcspn(at + 1, "}"));
		if (name)
			add_parameter(list, "path", name,
				      pattern_schema(strcmp(name, "sensor") == 0 ? "^[^ \"'{}/]+$"
										 : "^[A-Za-z0-9_-]+$"));
	}
}

static bool takes_body(const struct route *route)
{
	return (strcmp(route->method, "POST") == 0 || strcmp(route->method, "PUT") == 0) && *route->takes;
}

static json_t *text_schema(void)
{
	return json_pack("{ss}", "type", "string");
}

/* Whether its operation can be meant for one revision of an application. */
static bool is_conditional(const struct route *route)
{
	const struct server_verb *verb = route->verb ? server_verb_find(route->verb) : NULL;
	return route->answer == ANSWER_OPERATION && verb && has_word(verb->takes, "if_revision");
}

static bool is_tagged(const struct route *route)
{
	return route->run == run_document || route->run == run_openapi;
}

static void add_header_parameters(json_t *list, const struct route *route)
{
	const struct server_verb *verb = route->verb ? server_verb_find(route->verb) : NULL;
	if (route->run == run_operation || route->run == run_verb)
		add_parameter(list, "header", "Idempotency-Key",
			      json_pack("{sssisi}", "type", "string", "minLength", 1, "maxLength", 200));
	if (is_conditional(route))
		add_parameter(list, "header", "If-Match",
			      pattern_schema("^\"[1-9][0-9]{0,17}(-[0-9a-f]{16})?\"$"));
	if (is_tagged(route))
		add_parameter(list, "header", "If-None-Match", text_schema());
	if (verb && is_conditional(route) && has_word(verb->takes, "if_new"))
		add_parameter(list, "header", "If-None-Match",
			      json_pack("{sss[s]}", "type", "string", "enum", "*"));
	if (route->answer == ANSWER_STREAM || route->run == run_events)
		add_parameter(list, "header", "Last-Event-ID",
			      json_pack("{sssi}", "type", "integer", "minimum", 0));
}

static json_t *parameters_of(const struct route *route)
{
	json_t *list = json_array();
	add_path_parameters(list, route->path);
	for (size_t i = 0; i < member_count && !takes_body(route); i++)
		if (has_word(route->takes, members[i].name) && members[i].kind != MEMBER_SMALL)
			add_parameter(list, "query", members[i].name, member_schema(&members[i]));
	add_header_parameters(list, route);
	return list;
}

static json_t *words_json(const char *words)
{
	json_t *list = json_array();
	for (size_t length; *words; words += length + (words[length] == ' ')) {
		length = strcspn(words, " ");
		json_add(list, json_stringn(words, length));
	}
	return list;
}

static json_t *body_of(const struct route *route)
{
	json_t *schema;
	if (route->run == run_verb)
		schema = schema_reference("Request");
	else if (route->run == run_operation_input)
		schema = schema_reference("Input");
	else if (route->run == run_sample)
		schema = schema_reference("Sample");
	else
		schema = request_schema(route->takes);
	const char *needs = schema_needs(route->verb);
	if (*needs)
		json_put(schema, "required", words_json(needs));
	bool needed =
	    *needs || route->run == run_verb || route->run == run_operation_input || route->run == run_sample;
	return json_pack("{sbso}", "required", needed, "content", content("application/json", schema));
}

/* The document of its verb, or of its own. */
static json_t *document_of(const struct route *route)
{
	static const struct {
		void (*run)(struct exchange *);
		const char *shape;
	} own[] = {
	    {run_version, "Version"}, {run_operation_list, "Operations"}, {run_operation_show, "Operation"}};
	for (size_t i = 0; i < COUNT_OF(own); i++)
		if (own[i].run == route->run)
			return schema_reference(own[i].shape);
	if (route->verb && strcmp(route->verb, "status") == 0 && !strchr(route->path, '{'))
		return schema_reference("Applications");
	const char *shape = schema_of_verb(route->verb);
	return shape ? schema_reference(shape) : json_pack("{ss}", "type", "object");
}

static json_t *content_of(const struct route *route)
{
	static const char events[] = "text/event-stream";
	json_t *all = NULL;
	switch (route->answer) {
	case ANSWER_TEXT:
		all = content("text/plain", text_schema());
		if (route->run == run_metrics)
			json_put(all, "application/openmetrics-text",
				 json_pack("{so}", "schema", text_schema()));
		return all;
	case ANSWER_DOCUMENT:
		all = content("application/json", document_of(route));
		if (route->run == run_events)
			json_put(all, events, json_object());
		return all;
	case ANSWER_OPERATION:
		return content("application/json", schema_reference("Operation"));
	case ANSWER_STREAM:
		all = json_pack("{s{}}", events);
		if (route->run == run_logs)
			json_put(all, "text/plain", json_pack("{so}", "schema", text_schema()));
		return all;
	case ANSWER_BYTES:
		return content("application/vnd.sqlite3", text_schema());
	case ANSWER_NOTHING:
		break;
	}
	return NULL;
}

static json_t *header_schema(const char *description)
{
	return json_pack("{ssso}", "description", description, "schema", text_schema());
}

static json_t *success_of(const struct route *route)
{
	json_t *answer = json_object(), *inside = content_of(route);
	const char *shape = route->answer == ANSWER_OPERATION ? schema_of_verb(route->verb) : NULL;
	json_put_text(answer, "description", route->summary);
	if (inside)
		json_put(answer, "content", inside);
	if (route->run == run_operation || route->run == run_verb)
		json_put(
		    answer, "headers",
		    json_pack("{so}", "Location", header_schema("where the operation can be asked about")));
	if (is_tagged(route))
		json_put(answer, "headers",
			 json_pack("{so}", "ETag", header_schema("by which it is known again")));
	if (shape) /* of the operation, in the end */
		json_put(answer, "x-berth-result", schema_reference(shape));
	return answer;
}

static json_t *problem_answer(const char *description)
{
	return json_pack("{ssso}", "description", description, "content",
			 content("application/problem+json", schema_reference("Problem")));
}

static json_t *answers_of(const struct route *route)
{
	static const char *const statuses[] = {
	    [ANSWER_TEXT] = "200",   [ANSWER_DOCUMENT] = "200", [ANSWER_OPERATION] = "202",
	    [ANSWER_STREAM] = "200", [ANSWER_BYTES] = "200",    [ANSWER_NOTHING] = "204"};
	json_t *answers = json_object();
	json_put(answers, statuses[route->answer], success_of(route));
	if (is_tagged(route))
		json_put(answers, "304", json_pack("{ss}", "description", "it is as it was"));
	if (is_conditional(route))
		json_put(answers, "412", problem_answer("the application is not as the request wants it"));
	if (route->run == run_ready)
		json_put(answers, "503",
			 json_pack("{ssso}", "description", "not yet, or not any more", "content",
				   content("text/plain", text_schema())));
	json_put(answers, "default", problem_answer("what went wrong"));
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
	json_t *all = schemas_all();
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
