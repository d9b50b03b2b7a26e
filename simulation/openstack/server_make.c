/* server_make.c - the creation of servers by the simulated Nova: refused as it does, or accepted without
 * being done. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

enum { DATA_MOST = 65535, TEXT_MOST = 255 };

/* What a creation asks for, found. */
struct wanted {
	const json_t *said, *hints, *image, *flavor;
	json_t *groups; /* ids */
	int64_t count;
};

/* --- what is wrong with it -------------------------------------------------------------------------------
 */

static bool lacks(struct asked *asked, const json_t *said, const char *member)
{
	if (json_object_get(said, member))
		return false;
	owned_memory char *line = cloud_need(json_dumps(said, 0));
	for (char *at = line; *at; at++)
		*at = *at == '"' ? '\'' : *at; /* as Python writes it */
	cloud_refuse(asked, 400, "badRequest",
		     "Invalid input for field/attribute server. Value: %s. '%s' is a required property", line,
		     member);
	return true;
}

static bool is_long(const json_t *metadata)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)metadata, key, value) {
		if (!json_is_string(value) || json_string_length(value) > TEXT_MOST ||
		    strlen(key) > TEXT_MOST)
			return true;
	}
	return false;
}

static bool is_malformed(struct asked *asked, const json_t *said)
{
	const json_t *networks = json_object_get(said, "networks");
	const char *word = json_string_value(networks), *data = json_text(said, "user_data");
	const char *name = json_text(said, "name");

	if (lacks(asked, said, "name") || lacks(asked, said, "flavorRef") ||
	    (asked->version >= 37 && lacks(asked, said, "networks")))
		return true;
	if (word && asked->version < 37)
		cloud_refuse(
		    asked, 400, "badRequest",
		    "Invalid input for field/attribute networks. Value: %s. '%s' is not of type 'array'",
		    word, word);
	else if (!name || !*name || strlen(name) > TEXT_MOST)
		cloud_refuse(asked, 400, "badRequest",
			     "Invalid input for field/attribute name. '%s' is too long", name ? name : "");
	else if (is_long(json_object_get(said, "metadata")))
		cloud_refuse(asked, 400, "badRequest", "Invalid input for field/attribute metadata.");
	else if (data && strlen(data) > DATA_MOST)
		cloud_refuse(asked, 400, "badRequest", "Invalid input for field/attribute user_data.");
	else
		return false;
	return true;
}

static bool finds_parts(struct asked *asked, struct wanted *wanted)
{
	const struct openstack_cloud *cloud = asked->cloud;
	const char *flavor = json_text(wanted->said, "flavorRef"),
		   *image = json_text(wanted->said, "imageRef");
	const json_t *volume = server_boot_volume(wanted->said);
	const char *key = json_text(wanted->said, "key_name");

	wanted->flavor = row_find(cloud->flavors, "id", flavor);
	if (volume && server_volume_is_bad(asked, volume))
		return false;
	wanted->image = row_find(cloud->images, "id", volume ? json_text(volume, "uuid") : image);
	if (!wanted->flavor)
		cloud_refuse(asked, 400, "badRequest", "Flavor %s could not be found.", flavor);
	else if (!wanted->image)
		cloud_refuse(asked, 400, "badRequest", "Can not find requested image");
	else if (json_number(wanted->flavor, "ram", 0) < json_number(wanted->image, "min_ram", 0))
		cloud_refuse(asked, 400, "badRequest", "Flavor's memory is too small for requested image.");
	else if (key && !row_find(cloud->keypairs, "name", key))
		cloud_refuse(asked, 400, "badRequest", "Invalid key_name provided.");
	else
		return true;
	return false;
}

/* By name or id; two of one name are none. */
static bool finds_groups(struct asked *asked, struct wanted *wanted)
{
	const json_t *said = json_object_get(wanted->said, "security_groups"), *rows = asked->cloud->groups;

	for (size_t i = 0; i < json_array_size(said); i++) {
		const char *name = json_text(json_array_get(said, i), "name");
		const json_t *group = row_find(rows, "id", name);
		if (!group && row_count(rows, "name", name ? name : "") > 1) {
			cloud_refuse(asked, 409, "conflictingRequest",
				     "Multiple security groups found matching '%s'. Use an ID to be more "
				     "specific.",
				     name);
			return false;
		}
		group = group ? group : row_find(rows, "name", name);
		if (!group) {
			cloud_refuse(asked, 400, "badRequest", "Security group %s not found for project %s.",
				     name ? name : "None", PROJECT_ID);
			return false;
		}
		json_array_append(wanted->groups, json_object_get(group, "id"));
	}
	if (!json_array_size(said))
		json_array_append_new(wanted->groups, json_string(group_default(asked->cloud)));
	return true;
}

static bool is_network_bad(struct asked *asked, const json_t *said)
{
	const struct openstack_cloud *cloud = asked->cloud;
	const char *network = json_text(said, "uuid"), *id = json_text(said, "port");
	const json_t *port = row_find(cloud->ports, "id", id);

	if (id && !port)
		cloud_refuse(asked, 400, "badRequest", "Port id %s could not be found.", id);
	else if (port && *json_text(port, "device_id"))
		cloud_refuse(asked, 409, "conflictingRequest", "Port %s is still in use.", id);
	else if (!id && !row_find(cloud->networks, "id", network))
		cloud_refuse(asked, 400, "badRequest", "Network %s could not be found.",
			     network ? network : "None");
	else
		return false;
	return true;
}

static bool are_networks_good(struct asked *asked, const struct wanted *wanted)
{
	const json_t *networks = json_object_get(wanted->said, "networks");

	for (size_t i = 0; i < json_array_size(networks); i++)
		if (is_network_bad(asked, json_array_get(networks, i)))
			return false;
	if (networks || json_array_size(asked->cloud->networks) < 2)
		return true;
	cloud_refuse(asked, 409, "conflictingRequest",
		     "Multiple possible networks found, use a Network ID to be more specific.");
	return false;
}

static bool is_beyond(struct asked *asked, const char *what, int64_t more, size_t used)
{
	int64_t limit = json_number(asked->cloud->compute_quotas, what, -1);

	if (limit < 0 || (int64_t)used + more <= limit)
		return false;
	cloud_refuse(asked, 403, "forbidden",
		     "Quota exceeded for %s: Requested %lld, but already used %zu of %lld %s", what,
		     (long long)more, used, (long long)limit, what);
	return true;
}

/* Those that Nova is to make are asked for of Neutron before there is a server. */
static bool lacks_ports(struct asked *asked, const struct wanted *wanted)
{
	const json_t *networks = json_object_get(wanted->said, "networks");
	int64_t limit = json_number(asked->cloud->network_quotas, "port", -1), more = 0;

	for (size_t i = 0; i < json_array_size(networks); i++)
		more += json_text(json_array_get(networks, i), "port") ? 0 : wanted->count;
	if (limit < 0 || (int64_t)json_array_size(asked->cloud->ports) + more <= limit)
		return false;
	cloud_refuse(asked, 403, "forbidden", "Maximum number of ports exceeded");
	return true;
}

static bool is_over_quota(struct asked *asked, const struct wanted *wanted)
{
	const struct openstack_cloud *cloud = asked->cloud;
	int64_t cores = json_number(wanted->flavor, "vcpus", 0), ram = json_number(wanted->flavor, "ram", 0);

	return is_beyond(asked, "instances", wanted->count, servers_used(cloud, NULL)) ||
	       is_beyond(asked, "cores", wanted->count * cores, servers_used(cloud, "vcpus")) ||
	       is_beyond(asked, "ram", wanted->count * ram, servers_used(cloud, "ram")) ||
	       lacks_ports(asked, wanted);
}

/* --- it is accepted --------------------------------------------------------------------------------------
 */

static struct server *make_one(struct asked *asked, const struct wanted *wanted, int64_t number)
{
	json_t *copy = cloud_need(json_deep_copy(wanted->said));
	char name[300];

	if (wanted->count > 1) {
		snprintf(name, sizeof(name), "%s-%lld", json_text(copy, "name"), (long long)number);
		json_object_set_new(copy, "name", json_string(name));
	}
	if (wanted->hints)
		json_object_set(copy, "_server_group", json_object_get(wanted->hints, "group"));
	if (!json_object_get(copy, "metadata"))
		json_object_set_new(copy, "metadata", json_object());
	json_object_set(copy, "_groups", wanted->groups);
	return server_begin(asked->cloud, copy, wanted->image, wanted->flavor);
}

static json_t *tell_groups(const json_t *said)
{
	const json_t *groups = json_object_get(said, "security_groups");

	return groups ? json_deep_copy(groups) : json_pack("[{s:s}]", "name", "default");
}

static void answer_made(struct asked *asked, const struct wanted *wanted, const struct server *server)
{
	owned_json whole = server_tell(server, 1, false);

	if (json_flag(wanted->said, "return_reservation_id", false)) {
		cloud_answer(asked, 202, json_pack("{s:s}", "reservation_id", "r-sjjzqdyx"));
		return;
	}
	text_format(&asked->answer_headers, "Location: http://%s/v2.1/servers/%s\r\n",
		    openstack_cloud_addresses[CLOUD_NOVA], server->id);
	cloud_answer(asked, 202,
		     json_pack("{s:{s:s, s:O, s:s, s:o, s:s}}", "server", "id", server->id, "links",
			       json_object_get(whole, "links"), "OS-DCF:diskConfig", "MANUAL",
			       "security_groups", tell_groups(wanted->said), "adminPass", "ADMINPASS"));
}

void server_post(struct asked *asked)
{
	const json_t *said = json_object_get(asked->body, "server");
	owned_json groups = cloud_need(json_array());
	struct wanted wanted = {
	    .said = said, .hints = json_object_get(asked->body, "os:scheduler_hints"), .groups = groups};
	struct server *server = NULL;

	wanted.count = json_number(said, "min_count", 1);
	if (wanted.count < json_number(said, "max_count", 1))
		wanted.count = json_number(said, "max_count", 1);
	if (is_malformed(asked, said) || server_body_is_strange(asked) ||
	    server_group_is_bad(asked, wanted.hints) || !finds_parts(asked, &wanted) ||
	    !finds_groups(asked, &wanted) || !are_networks_good(asked, &wanted) ||
	    is_over_quota(asked, &wanted))
		return;
	for (int64_t i = 1; i <= wanted.count; i++)
		server = make_one(asked, &wanted, i);
	if (server)
		answer_made(asked, &wanted, server);
}
