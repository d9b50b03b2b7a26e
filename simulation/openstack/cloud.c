/* cloud.c - the simulated OpenStack as others meet it: at the addresses of its services, and what befalls it.
 */
#include "simulation/openstack/cloud.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

const char openstack_cloud_auth_url[] = "http://10.0.3.1:5000/v3";
const char *const openstack_cloud_addresses[CLOUD_SERVICES] = {[CLOUD_KEYSTONE] = "10.0.3.1:5000",
							       [CLOUD_NOVA] = "10.0.3.1:8774",
							       [CLOUD_NEUTRON] = "10.0.3.1:9696",
							       [CLOUD_GLANCE] = "10.0.3.1:9292",
							       [CLOUD_PLACEMENT] = "10.0.3.1:8778"};

void *cloud_need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* --- its clock, and names by chance ----------------------------------------------------------------------
 */

int64_t cloud_now(const struct openstack_cloud *cloud)
{
	struct world *world = universe_outside(cloud->universe);

	return world->ops->wall(world);
}

void cloud_uuid(struct openstack_cloud *cloud, char ret[static ID_SIZE])
{
	unsigned parts[8];

	for (size_t i = 0; i < COUNT_OF(parts); i++)
		parts[i] = universe_roll(cloud->universe, 0x10000);
	snprintf(ret, ID_SIZE, "%04x%04x-%04x-4%03x-%04x-%04x%04x%04x", parts[0], parts[1], parts[2],
		 parts[3] & 0xfff, (parts[4] & 0x3fff) | 0x8000, parts[5], parts[6], parts[7]);
}

void cloud_write_time(int64_t ms, char ret[static STAMP_SIZE])
{
	time_t seconds = ms / 1000;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(ret, STAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

json_t *cloud_time(int64_t ms)
{
	char stamp[STAMP_SIZE];

	cloud_write_time(ms, stamp);
	return cloud_need(json_string(stamp));
}

bool cloud_lags(const struct openstack_cloud *cloud, int64_t since_ms)
{
	return cloud_now(cloud) < since_ms + cloud->lag_ms;
}

/* --- who asks --------------------------------------------------------------------------------------------
 */

static const struct {
	const struct route *routes;
	const size_t *count;
} services[CLOUD_SERVICES] = {
    [CLOUD_KEYSTONE] = {identity_routes, &identity_route_count},
    [CLOUD_NOVA] = {compute_routes, &compute_route_count},
    [CLOUD_NEUTRON] = {network_routes, &network_route_count},
    [CLOUD_GLANCE] = {image_routes, &image_route_count},
    [CLOUD_PLACEMENT] = {placement_routes, &placement_route_count},
};

static void ask(struct asked *asked, const char *target, const void *body, size_t size)
{
	owned_json json = size ? json_loadb(body, size, 0, NULL) : NULL;

	asked->body = json;
	asked->cloud->stamp += strcmp(asked->method, "GET") != 0;
	cloud_read(asked, target);
	if (size && !json)
		cloud_refuse(asked, 400, "badRequest",
			     "The server could not comply with the request since "
			     "it is either malformed or otherwise incorrect.");
	else
		cloud_serve(asked, services[asked->service].routes, *services[asked->service].count);
	asked->body = NULL;
}

static void asked_end(struct asked *asked)
{
	json_decref(asked->answer);
	text_release(&asked->answer_headers);
	arena_release(&asked->arena);
}

static void answer(struct asked *asked, struct reply *reply)
{
	owned_memory char *body = asked->answer ? json_line(asked->answer) : NULL;
	owned_text headers = {0};
	time_t now = cloud_now(asked->cloud) / 1000;
	struct tm tm;
	char date[64];

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	text_format(&headers, "%sDate: %s\r\n%s", body ? "Content-Type: application/json\r\n" : "", date,
		    text_view(&asked->answer_headers));
	reply_whole(reply, asked->status, text_view(&headers), body);
}

/* Told that it is to be patient, by whatever stands before the service. */
static bool refuses(struct openstack_cloud *cloud, enum openstack_service service, struct reply *reply)
{
	if (!cloud->refusals[service].times)
		return false;
	cloud->refusals[service].times--;
	reply_whole(reply, cloud->refusals[service].status, "Retry-After: 2\r\nContent-Type: text/html\r\n",
		    "<html><body><h1>Service Unavailable</h1>\nNo server is available to handle this "
		    "request.\n</body></html>\n");
	return true;
}

static void request_comes(void *owner, const struct http_request *request, struct reply *reply)
{
	struct asked asked = {.cloud = owner, .method = request->method, .headers = request->headers};
	const char *host = strstr(request->url, "://"), *target = host ? strchr(host + 3, '/') : NULL;

	for (unsigned i = 0; i < CLOUD_SERVICES; i++)
		if (strstr(request->url, openstack_cloud_addresses[i]))
			asked.service = i;
	if (refuses(owner, asked.service, reply))
		return;
	ask(&asked, target ? target : "/", request->body, request->body_size);
	answer(&asked, reply);
	asked_end(&asked);
}

int openstack_cloud_ask(struct openstack_cloud *cloud, enum openstack_service service, const char *method,
			const char *path, const char *body, json_t **ret_answer)
{
	char token[120];
	const char *const headers[] = {token, "OpenStack-API-Version: compute 2.93", NULL};
	struct asked asked = {.cloud = cloud, .service = service, .method = method, .headers = headers};

	snprintf(token, sizeof(token), "X-Auth-Token: %s", identity_token(cloud));
	ask(&asked, path, body, body ? strlen(body) : 0);
	if (ret_answer)
		*ret_answer = json_incref(asked.answer);
	int status = asked.status;
	asked_end(&asked);
	return status;
}

/* --- from its beginning to its end -------------------------------------------------------------------------
 */

void openstack_cloud_stop(struct openstack_cloud *cloud, enum openstack_service service, bool stopped)
{
	const struct service stands = {.request = request_comes, .owner = cloud};

	if (universe_serve(cloud->universe, openstack_cloud_addresses[service], stopped ? NULL : &stands))
		abort();
}

struct openstack_cloud *openstack_cloud_new(struct universe *universe)
{
	struct openstack_cloud *cloud = calloc(1, sizeof(*cloud));

	if (!cloud)
		return NULL;
	cloud->universe = universe;
	cloud->clock = universe_clock(universe);
	cloud->token_life_ms = TOKEN_LIFE_MS;
	cloud->page_most = PAGE_MOST;
	network_begin(cloud);
	image_begin(cloud);
	compute_begin(cloud);
	for (unsigned i = 0; i < CLOUD_SERVICES; i++)
		openstack_cloud_stop(cloud, i, false);
	return cloud;
}

void openstack_cloud_free(struct openstack_cloud *cloud)
{
	if (!cloud)
		return;
	for (unsigned i = 0; i < CLOUD_SERVICES; i++)
		openstack_cloud_stop(cloud, i, true);
	servers_free(cloud);
	identity_free(cloud);
	json_t *const all[] = {cloud->flavors,        cloud->keypairs,       cloud->images,
			       cloud->subnets,        cloud->networks,       cloud->ports,
			       cloud->groups,         cloud->compute_quotas, cloud->floating,
			       cloud->network_quotas, cloud->server_groups,  cloud->volumes,
			       cloud->lost_images};
	for (size_t i = 0; i < COUNT_OF(all); i++)
		json_decref(all[i]);
	free(cloud);
}

void openstack_cloud_behave(struct openstack_cloud *cloud, openstack_manners *manners, void *owner)
{
	cloud->manners = manners;
	cloud->manners_owner = owner;
}

/* --- what befalls it ----------------------------------------------------------------------------------- */

void openstack_cloud_refuse(struct openstack_cloud *cloud, enum openstack_service service, int status,
			    unsigned times)
{
	for (unsigned i = 0; i < CLOUD_SERVICES; i++) {
		if (service != CLOUD_SERVICES && service != i)
			continue;
		cloud->refusals[i].status = status;
		cloud->refusals[i].times = times;
	}
}

void openstack_cloud_token_life(struct openstack_cloud *cloud, int64_t ms)
{
	cloud->token_life_ms = ms;
}

void openstack_cloud_lag(struct openstack_cloud *cloud, int64_t ms)
{
	cloud->lag_ms = ms;
}

void openstack_cloud_full(struct openstack_cloud *cloud, bool full)
{
	cloud->full = full;
}

void openstack_cloud_keep_deleted(struct openstack_cloud *cloud, bool kept, bool unforced)
{
	cloud->keeps_deleted = kept;
	cloud->unforced = unforced;
}

void openstack_cloud_quota(struct openstack_cloud *cloud, const char *what, int limit)
{
	json_t *quotas =
	    json_object_get(cloud->compute_quotas, what) ? cloud->compute_quotas : cloud->network_quotas;

	json_object_set_new(quotas, what, json_integer(limit));
}

static struct server *touched(struct openstack_cloud *cloud, const char *name)
{
	cloud->stamp++;
	return server_find(cloud, name, true);
}

bool openstack_cloud_fail(struct openstack_cloud *cloud, const char *name, const char *words)
{
	struct server *server = touched(cloud, name);

	if (server)
		server_fail(server, words);
	return server;
}

bool openstack_cloud_lose(struct openstack_cloud *cloud, const char *name)
{
	struct server *server = touched(cloud, name);

	if (server)
		server_end(server, SERVER_GONE);
	return server;
}

bool openstack_cloud_another_key(struct openstack_cloud *cloud, const char *name)
{
	struct server *server = touched(cloud, name);

	if (server)
		server_renew_key(server);
	return server;
}

bool openstack_cloud_switch(struct openstack_cloud *cloud, const char *name, bool on)
{
	struct server *server = touched(cloud, name);

	if (server)
		server_switch(server, on);
	return server;
}

void openstack_cloud_pages(struct openstack_cloud *cloud, unsigned most)
{
	cloud->page_most = most;
}

bool openstack_cloud_lay(struct openstack_cloud *cloud, const char *name, const char *status)
{
	struct server *server = touched(cloud, name);

	if (server && server->state == SERVER_ACTIVE) {
		server_switch(server, false);
		snprintf(server->laid, sizeof(server->laid), "%s", status);
	}
	return server;
}

void openstack_cloud_calm(struct openstack_cloud *cloud)
{
	cloud->full = false;
	cloud->keeps_deleted = cloud->unforced = false;
	cloud->lag_ms = 0;
	cloud->token_life_ms = TOKEN_LIFE_MS;
	images_return(cloud);
	openstack_cloud_refuse(cloud, CLOUD_SERVICES, 0, 0);
	for (unsigned i = 0; i < CLOUD_SERVICES; i++)
		openstack_cloud_stop(cloud, i, false);
}

/* --- what is there ------------------------------------------------------------------------------------- */

static json_t *tell_rows(const json_t *rows)
{
	json_t *list = cloud_need(json_array());

	for (size_t i = 0; i < json_array_size(rows); i++)
		json_array_append_new(list, row_tell(json_array_get(rows, i)));
	return list;
}

static json_t *tell_servers(const struct openstack_cloud *cloud)
{
	json_t *list = cloud_need(json_array());

	for (const struct server *server = cloud->servers; server; server = server->next)
		if (server->state != SERVER_GONE)
			json_array_append_new(list, server_tell(server, NOVA_NEWEST, true));
	return list;
}

json_t *openstack_cloud_list(const struct openstack_cloud *cloud, const char *what)
{
	const struct {
		const char *name;
		const json_t *rows;
	} tables[] = {{"keypairs", cloud->keypairs},      {"ports", cloud->ports},
		      {"security_groups", cloud->groups}, {"floatingips", cloud->floating},
		      {"networks", cloud->networks},      {"subnets", cloud->subnets},
		      {"images", cloud->images},          {"server_groups", cloud->server_groups},
		      {"volumes", cloud->volumes}};

	for (size_t i = 0; i < COUNT_OF(tables); i++)
		if (!strcmp(tables[i].name, what))
			return tell_rows(tables[i].rows);
	return tell_servers(cloud);
}

struct ssh_machine *openstack_cloud_machine(const struct openstack_cloud *cloud, const char *server)
{
	const struct server *found = server_find(cloud, server, true);

	return found ? found->machine : NULL;
}

bool openstack_cloud_lets_in(const struct openstack_cloud *cloud, const char *from, const char *name,
			     uint16_t number)
{
	const struct server *server = server_find(cloud, name, true);

	for (size_t i = 0; server && i < json_array_size(cloud->ports); i++) {
		const json_t *port = json_array_get(cloud->ports, i);
		if (!strcmp(json_text(port, "device_id"), server->id) &&
		    groups_let_in(cloud, port, from, number))
			return true;
	}
	return false;
}

uint64_t openstack_cloud_stamp(const struct openstack_cloud *cloud)
{
	uint64_t stamp = cloud->stamp;

	for (const struct server *server = cloud->servers; server; server = server->next)
		stamp += server->machine ? ssh_machine_stamp(server->machine) : 0;
	return stamp;
}
