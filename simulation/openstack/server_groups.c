/* server_groups.c - the simulated Nova's server groups, whose names are not unique, and the volumes that
 * servers boot from. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

enum { ONE_POLICY = 64, SOFT_POLICIES = 15 };

/* Newer ones tell the policy, older ones a list of it. */
static json_t *tell(const struct asked *asked, const json_t *row)
{
	const char *policy = json_text(row, "_policy"), *id = json_text(row, "id");
	json_t *told = row_tell(row), *members = cloud_need(json_array());

	for (const struct server *server = asked->cloud->servers; server; server = server->next) {
		const char *of = json_text(server->asked, "_server_group");
		if (server->state != SERVER_GONE && of && !strcmp(of, id))
			json_array_append_new(members, json_string(server->id));
	}
	json_object_set_new(told, "members", members);
	if (asked->version < ONE_POLICY) {
		json_object_set_new(told, "policies", json_pack("[s]", policy));
		json_object_set_new(told, "metadata", json_object());
	} else {
		json_object_set_new(told, "policy", json_string(policy));
		json_object_set_new(told, "rules", json_object());
	}
	return told;
}

void server_groups_list(struct asked *asked)
{
	json_t *list = cloud_need(json_array());

	for (size_t i = 0; i < json_array_size(asked->cloud->server_groups); i++)
		json_array_append_new(list, tell(asked, json_array_get(asked->cloud->server_groups, i)));
	cloud_answer(asked, 200, json_pack("{s:o}", "server_groups", list));
}

static bool is_policy(const struct asked *asked, const char *policy)
{
	bool hard = policy && (!strcmp(policy, "affinity") || !strcmp(policy, "anti-affinity"));
	bool soft = policy && (!strcmp(policy, "soft-affinity") || !strcmp(policy, "soft-anti-affinity"));

	return hard || (soft && asked->version >= SOFT_POLICIES);
}

static bool has_wrong_members(const struct asked *asked, const json_t *said)
{
	bool one = asked->version >= ONE_POLICY;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)said, key, value) {
		bool known = !strcmp(key, "name") || !strcmp(key, one ? "policy" : "policies") ||
			     (one && !strcmp(key, "rules"));
		if (!known)
			return true;
	}
	return false;
}

void server_group_post(struct asked *asked)
{
	struct openstack_cloud *cloud = asked->cloud;
	const json_t *said = json_object_get(asked->body, "server_group");
	const char *name = json_text(said, "name"), *policy = json_text(said, "policy");
	char id[ID_SIZE];

	if (asked->version < ONE_POLICY)
		policy = json_string_value(json_array_get(json_object_get(said, "policies"), 0));
	if (!name || !*name || !is_policy(asked, policy) || has_wrong_members(asked, said)) {
		cloud_refuse(asked, 400, "badRequest", "Invalid input for field/attribute server_group.");
		return;
	}
	if ((int64_t)json_array_size(cloud->server_groups) >=
	    json_number(cloud->compute_quotas, "server_groups", 0)) {
		cloud_refuse(asked, 403, "forbidden", "Quota exceeded, too many server groups.");
		return;
	}
	cloud_uuid(cloud, id);
	json_t *row = cloud_need(json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "name", name, "_policy",
					   policy, "project_id", PROJECT_ID, "user_id", USER_ID));
	json_array_append_new(cloud->server_groups, row);
	cloud_answer(asked, 200, json_pack("{s:o}", "server_group", tell(asked, row)));
}

void server_group_delete(struct asked *asked)
{
	const json_t *row = row_find(asked->cloud->server_groups, "id", asked->words[0]);

	if (!row) {
		cloud_refuse(asked, 404, "itemNotFound", "Instance group %s could not be found.",
			     asked->words[0]);
		return;
	}
	row_remove(asked->cloud->server_groups, row);
	cloud_answer(asked, 204, NULL);
}

bool server_group_is_bad(struct asked *asked, const json_t *hints)
{
	const char *id = json_text(hints, "group");

	if (!hints || row_find(asked->cloud->server_groups, "id", id))
		return false;
	cloud_refuse(asked, 400, "badRequest", "Instance group %s could not be found.", id ? id : "None");
	return true;
}

/* --- volumes ---------------------------------------------------------------------------------------------
 */

/* Nova has it made before the server is, and gives it no name. */
void server_volume_make(struct server *server)
{
	const json_t *said = server_boot_volume(server->asked);
	char id[ID_SIZE];

	if (!said)
		return;
	cloud_uuid(server->cloud, id);
	json_array_append_new(
	    server->cloud->volumes,
	    cloud_need(json_pack("{s:s, s:s, s:O, s:s}", "id", id, "name", "", "size",
				 json_object_get(said, "volume_size"), "server", server->id)));
}

void server_volume_end(struct server *server)
{
	json_t *row = row_find(server->cloud->volumes, "server", server->id);

	if (!row)
		return;
	if (json_flag(server_boot_volume(server->asked), "delete_on_termination", false))
		row_remove(server->cloud->volumes, row);
	else
		json_object_set_new(row, "server", json_string(""));
}
