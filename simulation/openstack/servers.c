/* servers.c - what the simulated Nova is asked of servers that there are: lists, one of them, its metadata,
 * its console, its end. */
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

#define SOFT_DELETED "SOFT_DELETED"

struct server *server_find(const struct openstack_cloud *cloud, const char *id, bool name)
{
	for (struct server *server = cloud->servers; server; server = server->next)
		if (server->state != SERVER_GONE &&
		    (!strcmp(server->id, id) || (name && !strcmp(json_text(server->asked, "name"), id))))
			return server;
	return NULL;
}

size_t servers_used(const struct openstack_cloud *cloud, const char *of)
{
	size_t sum = 0;

	for (const struct server *server = cloud->servers; server; server = server->next)
		if (server->state < SERVER_LEAVING)
			sum += of ? (size_t)json_number(server->flavor, of, 0) : 1;
	return sum;
}

/* --- lists -----------------------------------------------------------------------------------------------
 */

/* A listing that is late does not know what is new, and knows what is gone. */
static bool is_listed(const struct server *server)
{
	if (server->state == SERVER_GONE)
		return cloud_lags(server->cloud, server->gone_ms);
	if (server->state == SERVER_SHUTOFF && !strcmp(server->laid, SOFT_DELETED))
		return false;
	return !cloud_lags(server->cloud, server->created_ms);
}

/* "name" is an expression. */
static bool is_asked_for(const struct asked *asked, const struct server *server)
{
	const char *name = cloud_parameter(asked, "name"), *status = cloud_parameter(asked, "status");
	owned_json told = server_tell(server, asked->version, false);
	regex_t expression;

	if (status && strcmp(status, json_text(told, "status")) != 0)
		return false;
	if (!name)
		return true;
	if (regcomp(&expression, name, REG_EXTENDED | REG_NOSUB))
		return false;
	bool fits = !regexec(&expression, json_text(told, "name"), 0, NULL, 0);
	regfree(&expression);
	return fits;
}

static json_t *tell_short(const struct server *server)
{
	owned_json whole = server_tell(server, 1, false);

	return json_pack("{s:O, s:O, s:O}", "id", json_object_get(whole, "id"), "name",
			 json_object_get(whole, "name"), "links", json_object_get(whole, "links"));
}

static void list(struct asked *asked, bool detail)
{
	owned_json all = cloud_need(json_array());
	const char *next;

	for (const struct server *server = asked->cloud->servers; server; server = server->next)
		if (is_listed(server) && is_asked_for(asked, server))
			json_array_append_new(all, detail ? server_tell(server, asked->version, false)
							  : tell_short(server));
	json_t *told = json_pack("{s:o}", "servers", cloud_page(asked, all, &next));
	if (next)
		json_object_set_new(told, "servers_links", cloud_links(asked, next));
	cloud_answer(asked, 200, told);
}

void servers_list(struct asked *asked)
{
	list(asked, false);
}

void servers_detail(struct asked *asked)
{
	list(asked, true);
}

/* --- one of them -----------------------------------------------------------------------------------------
 */

static struct server *find(struct asked *asked)
{
	struct server *server = server_find(asked->cloud, asked->words[0], false);

	if (!server)
		cloud_refuse(asked, 404, "itemNotFound", "Instance %s could not be found.", asked->words[0]);
	return server;
}

static void answer_whole(struct asked *asked, const struct server *server)
{
	cloud_answer(asked, 200, json_pack("{s:o}", "server", server_tell(server, asked->version, true)));
}

void server_get(struct asked *asked)
{
	const struct server *server = find(asked);

	if (server)
		answer_whole(asked, server);
}

void server_put(struct asked *asked)
{
	struct server *server = find(asked);
	json_t *name = json_object_get(json_object_get(asked->body, "server"), "name");

	if (!server)
		return;
	if (name)
		json_object_set(server->asked, "name", name);
	server->updated_ms = cloud_now(asked->cloud);
	answer_whole(asked, server);
}

/* Twice is 404 only when it is gone. */
void server_delete(struct asked *asked)
{
	struct server *server = find(asked);

	if (!server)
		return;
	if (asked->cloud->keeps_deleted && server->state == SERVER_ACTIVE) {
		server_switch(server, false);
		snprintf(server->laid, sizeof(server->laid), SOFT_DELETED);
	} else {
		server_end(server, SERVER_DELETING);
	}
	cloud_answer(asked, 204, NULL);
}

void server_addresses(struct asked *asked)
{
	const struct server *server = find(asked);

	if (server)
		cloud_answer(asked, 200,
			     json_pack("{s:o}", "addresses", server_tell_addresses(server, false)));
}

void server_interfaces(struct asked *asked)
{
	const struct server *server = find(asked);
	json_t *list = cloud_need(json_array());

	for (size_t i = 0; server && i < json_array_size(asked->cloud->ports); i++) {
		const json_t *port = json_array_get(asked->cloud->ports, i);
		if (strcmp(json_text(port, "device_id"), server->id) != 0)
			continue;
		json_array_append_new(list, json_pack("{s:O, s:O, s:O, s:O, s:O}", "net_id",
						      json_object_get(port, "network_id"), "port_id",
						      json_object_get(port, "id"), "mac_addr",
						      json_object_get(port, "mac_address"), "port_state",
						      json_object_get(port, "status"), "fixed_ips",
						      json_object_get(port, "fixed_ips")));
	}
	if (server)
		cloud_answer(asked, 200, json_pack("{s:O}", "interfaceAttachments", list));
	json_decref(list);
}

/* --- metadata --------------------------------------------------------------------------------------------
 */

static json_t *metadata_of(struct asked *asked)
{
	const struct server *server = find(asked);

	return server ? json_object_get(server->asked, "metadata") : NULL;
}

static void answer_metadata(struct asked *asked, json_t *metadata)
{
	cloud_answer(asked, 200, json_pack("{s:O}", "metadata", metadata));
}

void metadata_get(struct asked *asked)
{
	json_t *metadata = metadata_of(asked);

	if (metadata)
		answer_metadata(asked, metadata);
}

void metadata_post(struct asked *asked)
{
	json_t *metadata = metadata_of(asked);

	if (!metadata)
		return;
	json_object_update(metadata, json_object_get(asked->body, "metadata"));
	answer_metadata(asked, metadata);
}

void metadata_put(struct asked *asked)
{
	json_t *metadata = metadata_of(asked);

	if (metadata)
		json_object_clear(metadata);
	metadata_post(asked);
}

void metadata_delete(struct asked *asked)
{
	json_t *metadata = metadata_of(asked);

	if (!metadata)
		return;
	if (json_object_del(metadata, asked->words[1]))
		cloud_refuse(asked, 404, "itemNotFound", "Metadata item was not found");
	else
		cloud_answer(asked, 204, NULL);
}

/* --- what it is told to do -------------------------------------------------------------------------------
 */

/* Its last lines, where so many are asked for. */
static void tell_console(struct asked *asked, const struct server *server, const json_t *said)
{
	const char *whole = text_view(&server->console), *at = whole + strlen(whole);
	int64_t lines = json_number(said, "length", -1);

	if (server->state < SERVER_ACTIVE) {
		cloud_refuse(asked, 409, "conflictingRequest", "Instance %s is not ready", server->id);
		return;
	}
	if (lines < 0)
		at = whole;
	for (; at > whole && lines >= 0; at--)
		if (at[-1] == '\n' && *at && --lines <= 0)
			break;
	cloud_answer(asked, 200, json_pack("{s:s}", "output", at));
}

/* Out of which state an action brings it up ("": switched off); NULL: it is none of those. */
static const char *starts(const char *action)
{
	static const char *const out_of[][2] = {{"os-start", ""},
						{"unpause", "PAUSED"},
						{"resume", "SUSPENDED"},
						{"unshelve", "SHELVED_OFFLOADED"},
						{"unrescue", "RESCUE"}};

	for (size_t i = 0; i < COUNT_OF(out_of); i++)
		if (!strcmp(action, out_of[i][0]))
			return out_of[i][1];
	return NULL;
}

void server_act(struct asked *asked)
{
	struct server *server = find(asked);
	const char *action = json_object_iter_key(json_object_iter((json_t *)asked->body));

	if (!server || !action)
		return;
	if (!strcmp(action, "os-getConsoleOutput")) {
		tell_console(asked, server, json_object_get(asked->body, action));
	} else if (!strcmp(action, "os-stop") || starts(action)) {
		bool on = starts(action);
		if (server->state != (on ? SERVER_SHUTOFF : SERVER_ACTIVE) ||
		    (on && strcmp(server->laid, starts(action)) != 0)) {
			cloud_refuse(asked, 409, "conflictingRequest",
				     "Cannot '%s' instance %s while it is in another vm_state", action + 3,
				     server->id);
			return;
		}
		server_switch(server, on);
		cloud_answer(asked, 202, NULL);
	} else if (!strcmp(action, "forceDelete") && asked->cloud->unforced) {
		cloud_refuse(asked, 403, "forbidden",
			     "Policy doesn't allow os_compute_api:os-deferred-delete:force to be performed.");
	} else if (!strcmp(action, "forceDelete")) {
		server_end(server, SERVER_DELETING);
		cloud_answer(asked, 202, NULL);
	} else if (!strcmp(action, "reboot")) {
		server_switch(server, false);
		server_switch(server, true);
		cloud_answer(asked, 202, NULL);
	} else {
		cloud_refuse(asked, 400, "badRequest", "There is no such action: %s", action);
	}
}
