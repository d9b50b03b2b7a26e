/* asked.c - a request to a service of the simulated OpenStack: taken apart, led to whom it is for, refused in
 * that service's manner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

/* --- taken apart -----------------------------------------------------------------------------------------
 */

/* "a%20b+c": what stands for it. */
static const char *decode(struct asked *asked, const char *written, size_t length)
{
	char *ret = cloud_need(arena_copy(&asked->arena, written, length)), *end = ret;
	char digits[3] = "";

	for (const char *at = written; at < written + length; at++) {
		bool coded = *at == '%' && written + length - at > 2;
		if (coded) {
			memcpy(digits, at + 1, 2);
			at += 2;
		}
		*end++ = coded ? (char)strtoul(digits, NULL, 16) : *at == '+' ? ' ' : *at;
	}
	*end = '\0';
	return ret;
}

static void take_parameters(struct asked *asked, const char *query)
{
	while (*query && asked->parameter_count < PARAMETERS_MOST) {
		size_t whole = strcspn(query, "&"), name = strcspn(query, "=&");
		size_t value = name < whole ? name + 1 : whole;
		asked->parameters[asked->parameter_count].name = decode(asked, query, name);
		asked->parameters[asked->parameter_count++].value =
		    decode(asked, query + value, whole - value);
		query += whole + (query[whole] == '&');
	}
}

const char *cloud_header(const struct asked *asked, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; asked->headers && asked->headers[i]; i++) {
		const char *header = asked->headers[i];
		if (!strncasecmp(header, name, length) && header[length] == ':')
			return header + length + 1 + strspn(header + length + 1, " ");
	}
	return NULL;
}

const char *cloud_parameter(const struct asked *asked, const char *name)
{
	for (size_t i = 0; i < asked->parameter_count; i++)
		if (!strcmp(asked->parameters[i].name, name))
			return asked->parameters[i].value;
	return NULL;
}

void cloud_read(struct asked *asked, const char *target)
{
	size_t length = strcspn(target, "?");

	asked->path = decode(asked, target, length);
	asked->query = cloud_need(arena_text(&asked->arena, target[length] ? target + length + 1 : ""));
	take_parameters(asked, asked->query);
}

/* --- whom it is for --------------------------------------------------------------------------------------
 */

/* Words where the route has a `*`. */
static bool fits(struct asked *asked, const char *route)
{
	const char *path = asked->path;
	size_t count = 0;

	for (; *route; route++) {
		if (*route != '*') {
			if (*path++ != *route)
				return false;
			continue;
		}
		size_t length = strcspn(path, "/");
		if (!length)
			return false;
		asked->words[count++] = cloud_need(arena_copy(&asked->arena, path, length));
		path += length;
	}
	return !*path || !strcmp(path, "/");
}

/* "OpenStack-API-Version: compute 2.93". False: it is none that is known. */
static bool take_version(struct asked *asked)
{
	const char *said = cloud_header(asked, "OpenStack-API-Version");
	const char *older = cloud_header(asked, "X-OpenStack-Nova-API-Version");
	const char *number = said && starts_with(said, "compute ") ? said + strlen("compute ")
			     : older                               ? older
								   : "2.1";

	if (!strcmp(number, "latest"))
		number = "2.93";
	text_format(&asked->answer_headers,
		    "OpenStack-API-Version: compute %s\r\nX-OpenStack-Nova-API-Version: %s\r\n"
		    "Vary: OpenStack-API-Version\r\n",
		    number, number);
	if (sscanf(number, "2.%u", &asked->version) == 1 && asked->version >= 1 &&
	    asked->version <= NOVA_NEWEST)
		return true;
	cloud_refuse(asked, 406, "computeFault",
		     "Version %s is not supported by the API. Minimum is 2.1 and maximum is 2.%d.", number,
		     NOVA_NEWEST);
	return false;
}

static const struct route *find_route(struct asked *asked, const struct route *routes, size_t count,
				      bool *ret_known)
{
	for (size_t i = 0; i < count; i++) {
		if (!fits(asked, routes[i].path))
			continue;
		*ret_known = true;
		if (!strcmp(routes[i].method, asked->method))
			return &routes[i];
	}
	return NULL;
}

void cloud_serve(struct asked *asked, const struct route *routes, size_t count)
{
	bool known = false;
	const struct route *route = find_route(asked, routes, count, &known);

	if ((!route || !route->open) && !identity_knows(asked)) {
		text_add(&asked->answer_headers,
			 "WWW-Authenticate: Keystone uri=\"http://10.0.3.1:5000/v3\"\r\n");
		cloud_answer(
		    asked, 401,
		    cloud_need(json_pack("{s:{s:i, s:s, s:s}}", "error", "code", 401, "title", "Unauthorized",
					 "message", "The request you have made requires authentication.")));
	} else if (asked->service == CLOUD_NOVA && strlen(asked->path) > 1 && !take_version(asked)) {
		return;
	} else if (!route && known) {
		cloud_refuse(asked, 405, "badMethod", "The method %s is not allowed for this resource.",
			     asked->method);
	} else if (!route) {
		cloud_refuse(asked, 404, "itemNotFound", "The resource could not be found.");
	} else {
		route->serve(asked);
	}
}

/* --- what is said ----------------------------------------------------------------------------------------
 */

void cloud_answer(struct asked *asked, int status, json_t *answer)
{
	json_decref(asked->answer);
	asked->status = status;
	asked->answer = answer;
}

static json_t *wrap(const struct asked *asked, int status, const char *kind, const char *words)
{
	char code[40];

	switch (asked->service) {
	case CLOUD_KEYSTONE:
		return json_pack("{s:{s:i, s:s, s:s}}", "error", "code", status, "message", words, "title",
				 kind);
	case CLOUD_NEUTRON:
		return json_pack("{s:{s:s, s:s, s:s}}", "NeutronError", "type", kind, "message", words,
				 "detail", "");
	case CLOUD_GLANCE:
		snprintf(code, sizeof(code), "%d %s", status, kind);
		return json_pack("{s:s+, s:s, s:s}", "message", words, "<br /><br />\n\n\n", "code", code,
				 "title", kind);
	case CLOUD_NOVA:
	case CLOUD_PLACEMENT:
	case CLOUD_SERVICES:
		break;
	}
	return json_pack("{s:{s:i, s:s}}", kind, "code", status, "message", words);
}

void cloud_refuse(struct asked *asked, int status, const char *kind, const char *format, ...)
{
	char words[600];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	cloud_answer(asked, status, cloud_need(wrap(asked, status, kind, words)));
}

json_t *cloud_links(const struct asked *asked, const char *next)
{
	owned_text href = {0};

	text_format(&href, "http://%s%s?", openstack_cloud_addresses[asked->service], asked->path);
	for (const char *at = asked->query; *at; at += strcspn(at, "&"), at += *at == '&')
		if (!starts_with(at, "marker="))
			text_format(&href, "%.*s&", (int)strcspn(at, "&"), at);
	text_format(&href, "marker=%s", next);
	return cloud_need(json_pack("[{s:s, s:s}]", "rel", "next", "href", text_view(&href)));
}

json_t *cloud_page(const struct asked *asked, json_t *rows, const char **ret_next)
{
	const char *marker = cloud_parameter(asked, "marker"), *limit = cloud_parameter(asked, "limit");
	json_t *page = cloud_need(json_array());
	int64_t all = asked->cloud->page_most, most = all;
	size_t i = 0;

	*ret_next = NULL;
	if (limit && (!parse_number(limit, 0, all, &most) || !most))
		most = all;
	while (marker && i < json_array_size(rows) &&
	       strcmp(json_text(json_array_get(rows, i), "id"), marker) != 0)
		i++;
	for (i += marker != NULL; i < json_array_size(rows) && most; i++, most--) {
		json_array_append(page, json_array_get(rows, i));
		*ret_next = json_text(json_array_get(rows, i), "id");
	}
	if (i >= json_array_size(rows))
		*ret_next = NULL;
	return page;
}
