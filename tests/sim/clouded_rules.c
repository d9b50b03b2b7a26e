/* clouded_rules.c - what servers of an OpenStack are held to: one for each instance and none lost, what is
 * told as done is done, nothing is left behind, and strangers are left alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/clouded.h"

enum { ON_ITS_WAY_MS = 120000 };

/* --- what is there ----------------------------------------------------------------------------------- */

static void see_program(void *owner, const struct ssh_view *view)
{
	struct seen_server *seen = owner;
	const char *slash = strrchr(view->argv0, '/');
	if (!view->programs)
		return;
	snprintf(seen->program, sizeof seen->program, "%s:%s", slash ? slash + 1 : view->argv0, view->argv1);
	seen->answers |= view->answers;
}

static int64_t since(const struct clouded *clouded, const char *id)
{
	for (size_t i = 0; i < clouded->former_count; i++)
		if (strcmp(clouded->former[i].id, id) == 0)
			return clouded->former[i].since_ms;
	return stage_now(clouded->post.stage);
}

static void look(struct clouded *clouded)
{
	owned_json servers = openstack_cloud_list(clouded->cloud, "servers");
	memcpy(clouded->former, clouded->now, sizeof clouded->former);
	clouded->former_count = clouded->count;
	clouded->count = 0;
	for (size_t i = 0; i < json_array_size(servers) && i < CLOUDED_SERVERS; i++) {
		const json_t *server = json_array_get(servers, i);
		const char *app = json_text(json_object_get(server, "metadata"), "berth.app");
		const char *task = json_text(server, "OS-EXT-STS:task_state");
		struct seen_server *seen = &clouded->now[clouded->count++];
		*seen = (struct seen_server){.ours = app && strcmp(app, CLOUDED_APP) == 0,
					     .leaving =
						 (task && strcmp(task, "deleting") == 0) ||
						 json_object_size(json_object_get(server, "addresses")) == 0};
		snprintf(seen->id, sizeof seen->id, "%s", json_text(server, "id"));
		seen->since_ms = since(clouded, seen->id);
		snprintf(seen->name, sizeof seen->name, "%s", json_text(server, "name"));
		snprintf(seen->status, sizeof seen->status, "%s", json_text(server, "status"));
		struct ssh_machine *machine = openstack_cloud_machine(clouded->cloud, seen->id);
		if (machine)
			ssh_machine_each(machine, see_program, seen);
	}
}

const struct seen_server *clouded_any(struct clouded *clouded, struct dice *dice)
{
	const struct seen_server *ours[CLOUDED_SERVERS];
	unsigned count = 0;
	look(clouded);
	for (size_t i = 0; i < clouded->count; i++)
		if (clouded->now[i].ours && !clouded->now[i].leaving)
			ours[count++] = &clouded->now[i];
	return count ? ours[roll(dice, count)] : NULL;
}

static const struct seen_server *by_id(const struct clouded *clouded, const char *id)
{
	for (size_t i = 0; i < clouded->count; i++)
		if (strcmp(clouded->now[i].id, id) == 0)
			return &clouded->now[i];
	return NULL;
}

/* --- at all times ------------------------------------------------------------------------------------ */

static void rule_one_for_each(struct theatre *stage)
{
	const struct clouded *clouded = stage->clouded;
	for (size_t i = 0; i < clouded->count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct seen_server *one = &clouded->now[i], *other = &clouded->now[k];
			if (one->ours && other->ours && *one->program && *other->program &&
			    strcmp(one->name, other->name) == 0)
				stage_accuse(stage, "doubles", "%s runs on %s and on %s", one->name, one->id,
					     other->id);
		}
}

/* Whoever makes one has looked whether there is one, which a creation on its way tells in this time. */
static void rule_made_once(struct theatre *stage)
{
	const struct clouded *clouded = stage->clouded;
	for (size_t i = 0; i < clouded->count; i++)
		for (size_t k = 0; k < clouded->count; k++) {
			const struct seen_server *one = &clouded->now[i], *other = &clouded->now[k];
			if (one->ours && other->ours && !one->leaving && !other->leaving &&
			    strcmp(one->name, other->name) == 0 && strcmp(other->id, clouded->twin) != 0 &&
			    other->since_ms - one->since_ms > ON_ITS_WAY_MS)
				stage_accuse(stage, "made once", "%s is there as %s, and is made as %s",
					     one->name, one->id, other->id);
		}
}

static void rule_none_lost(struct theatre *stage)
{
	const struct clouded *clouded = stage->clouded;
	for (size_t i = 0; i < clouded->former_count && !clouded->leaving && !clouded->disturbed; i++) {
		const struct seen_server *before = &clouded->former[i];
		if (before->ours && before->answers && !before->leaving && !by_id(clouded, before->id))
			stage_accuse(stage, "lost", "%s has gone, and nobody asked for it", before->name);
	}
}

static bool is_there(const struct clouded *clouded, const char *list, const char *name)
{
	owned_json rows = openstack_cloud_list(clouded->cloud, list);
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (strcmp(json_text(json_array_get(rows, i), "name"), name) == 0)
			return true;
	return false;
}

static bool leads_nowhere(const struct clouded *clouded, const char *floating)
{
	owned_json rows = openstack_cloud_list(clouded->cloud, "floatingips");
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (strcmp(json_text(json_array_get(rows, i), "id"), floating) == 0)
			return !json_text(json_array_get(rows, i), "port_id");
	return false;
}

static void rule_strangers_untouched(struct theatre *stage)
{
	const struct clouded *clouded = stage->clouded;
	if (clouded->strangers && (!is_there(clouded, "servers", "berth." CLOUDED_APP "-too.db.1") ||
				   !is_there(clouded, "security_groups", "berth." CLOUDED_APP "-too")))
		stage_accuse(stage, "strangers", "what is somebody else's is gone");
	if (*clouded->namesake && !by_id(clouded, clouded->namesake))
		stage_accuse(stage, "strangers", "a server that is none of ours is gone: %s",
			     clouded->namesake);
	if (*clouded->floating && !leads_nowhere(clouded, clouded->floating))
		stage_accuse(stage, "strangers", "a floating IP that is none of ours is gone, or in use: %s",
			     clouded->floating);
}

void clouded_judge_always(struct theatre *stage)
{
	struct clouded *clouded = stage->clouded;
	uint64_t stamp = openstack_cloud_stamp(clouded->cloud);
	if (stamp == clouded->stamp)
		return;
	clouded->stamp = stamp;
	look(clouded);
	rule_one_for_each(stage);
	rule_made_once(stage);
	rule_none_lost(stage);
	rule_strangers_untouched(stage);
}

/* --- when something is told as done ------------------------------------------------------------------ */

/* Each member runs in its last version, and answers. */
static void rule_deployed(struct theatre *stage, const struct clouded_part *part)
{
	const struct clouded *clouded = stage->clouded;
	char prefix[80], program[24];
	unsigned good = 0, all = 0;
	snprintf(prefix, sizeof prefix, "berth." CLOUDED_APP ".%s.", part->id);
	snprintf(program, sizeof program, "good:%u", part->version);
	for (size_t i = 0; i < clouded->count; i++) {
		const struct seen_server *seen = &clouded->now[i];
		if (!seen->ours || !starts_with(seen->name, prefix))
			continue;
		all++;
		good += strcmp(seen->status, "ACTIVE") == 0 && strcmp(seen->program, program) == 0 &&
			seen->answers;
	}
	if (part->there ? good != part->count : all != 0)
		stage_accuse(stage, "done", "after a deploy %u servers of %s run %s, of %u that are wanted",
			     good, part->id, program, part->there ? part->count : 0);
}

/* A server's ports go with it, and one of somebody else's may have come meanwhile. */
static bool is_strange(const struct clouded *clouded, const json_t *row)
{
	const char *names[] = {json_text(row, "name"), json_text(row, "device_id"), json_text(row, "id")};
	const struct seen_server *owner = names[1] ? by_id(clouded, names[1]) : NULL;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i] && *names[i] &&
		    (strcmp(names[i], clouded->namesake) == 0 || strcmp(names[i], clouded->floating) == 0))
			return true;
	return (names[0] && strstr(names[0], CLOUDED_APP "-too")) ||
	       (owner && strstr(owner->name, CLOUDED_APP "-too"));
}

/* What of a destroyed application is left in the project; strangers' names are like ours, and longer. */
static void rule_nothing_left(struct theatre *stage)
{
	static const char *const lists[][2] = {{"servers", "name"},
					       {"keypairs", "name"},
					       {"security_groups", "name"},
					       {"ports", "name"},
					       {"floatingips", "description"}};
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		owned_json rows = openstack_cloud_list(stage->clouded->cloud, lists[i][0]);
		for (size_t k = 0; k < json_array_size(rows); k++) {
			const json_t *row = json_array_get(rows, k);
			const char *name = json_text(row, lists[i][1]);
			if (strstr(name, CLOUDED_APP) && !is_strange(stage->clouded, row))
				stage_accuse(stage, "leftovers", "%s: %s is left", lists[i][0], name);
		}
	}
}

static void rule_stopped(struct theatre *stage)
{
	const struct clouded *clouded = stage->clouded;
	for (size_t i = 0; i < clouded->count; i++)
		if (clouded->now[i].ours && *clouded->now[i].program)
			stage_accuse(stage, "done", "%s runs after a stop", clouded->now[i].name);
}

void clouded_judge_end(struct theatre *stage, enum errand_kind doing)
{
	struct clouded *clouded = stage->clouded;
	look(clouded);
	if (doing == DO_DESTROY && !clouded->post.warned)
		rule_nothing_left(stage);
	if (doing == DO_STOP)
		rule_stopped(stage);
	for (int i = 0; doing == DO_DEPLOY && i < CLOUDED_PARTS && !clouded->disturbed; i++)
		rule_deployed(stage, &clouded->parts[i]);
}

/* Each floating IP leads to a server of ours, and there is no server too many. */
void clouded_judge_rest(struct theatre *stage)
{
	const struct clouded *clouded = stage->clouded;
	owned_json floating = openstack_cloud_list(clouded->cloud, "floatingips");
	unsigned wanted = 0, servers = 0;
	for (int i = 0; i < CLOUDED_PARTS; i++)
		wanted += clouded->parts[i].there ? clouded->parts[i].count : 0;
	for (size_t i = 0; i < clouded->count; i++)
		servers += clouded->now[i].ours;
	if (servers != wanted)
		stage_accuse(stage, "leftovers", "%u servers where %u are wanted", servers, wanted);
	for (size_t i = 0; i < json_array_size(floating); i++)
		if (!json_text(json_array_get(floating, i), "port_id") &&
		    !is_strange(clouded, json_array_get(floating, i)))
			stage_accuse(stage, "leftovers", "the floating IP %s leads nowhere",
				     json_text(json_array_get(floating, i), "floating_ip_address"));
}

/* --- when all is over -------------------------------------------------------------------------------- */

json_t *clouded_running(struct clouded *clouded)
{
	json_t *all = json_array();
	look(clouded);
	for (size_t i = 0; i < clouded->count; i++)
		if (clouded->now[i].ours)
			json_array_append_new(all,
					      json_sprintf("%s %s %s", clouded->now[i].id,
							   clouded->now[i].name, clouded->now[i].program));
	return all;
}

json_t *clouded_inventory(struct clouded *clouded)
{
	static const char *const lists[] = {"servers",     "keypairs",      "ports",  "security_groups",
					    "floatingips", "server_groups", "volumes"};
	json_t *all = json_array();
	look(clouded);
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		owned_json rows = openstack_cloud_list(clouded->cloud, lists[i]);
		for (size_t k = 0; k < json_array_size(rows); k++) {
			const json_t *row = json_array_get(rows, k);
			const char *id = json_text(row, "id") ? json_text(row, "id") : json_text(row, "name");
			if (!is_strange(clouded, row))
				json_array_append_new(all, json_sprintf("%s %s", lists[i], id));
		}
	}
	return all;
}

void clouded_judge_end_of_all(struct theatre *stage)
{
	owned_json after = clouded_inventory(stage->clouded);
	owned_memory char *left = json_line(after);
	if (!json_equal(after, stage->clouded->before))
		stage_accuse(stage, "leftovers", "in the end there is %s", left);
}

/* --- strangers --------------------------------------------------------------------------------------- */

bool clouded_server_comes(struct clouded *clouded, const char *name, json_t *more, char ret[static 48])
{
	owned_json images = openstack_cloud_list(clouded->cloud, "images");
	owned_json networks = openstack_cloud_list(clouded->cloud, "networks");
	owned_json flavors = NULL;
	owned_json answer = NULL;
	openstack_cloud_ask(clouded->cloud, CLOUD_NOVA, "GET", "/v2.1/flavors/detail", NULL, &flavors);
	const json_t *flavor = json_array_get(json_object_get(flavors, "flavors"), 0);
	json_object_update_new(more, json_pack("{s:s, s:O, s:O, s:[{s:O}]}", "name", name, "imageRef",
					       json_object_get(json_array_get(images, 0), "id"), "flavorRef",
					       json_object_get(flavor, "id"), "networks", "uuid",
					       json_object_get(json_array_get(networks, 0), "id")));
	owned_json asked = json_pack("{s:o}", "server", more);
	owned_memory char *body = json_line(asked);
	if (openstack_cloud_ask(clouded->cloud, CLOUD_NOVA, "POST", "/v2.1/servers", body, &answer) != 202)
		return false;
	snprintf(ret, 48, "%s", json_text(json_object_get(answer, "server"), "id"));
	return true;
}

/* For a server that he has not made yet. */
static bool floating_comes(struct clouded *clouded)
{
	owned_json networks = openstack_cloud_list(clouded->cloud, "networks");
	owned_json answer = NULL;
	for (size_t i = 0; i < json_array_size(networks); i++) {
		const json_t *network = json_array_get(networks, i);
		if (!json_flag(network, "router:external", false))
			continue;
		owned_json asked =
		    json_pack("{s:{s:s, s:s}}", "floatingip", "floating_network_id", json_text(network, "id"),
			      "description", "berth " CLOUDED_APP "-too 1");
		owned_memory char *body = json_line(asked);
		if (openstack_cloud_ask(clouded->cloud, CLOUD_NEUTRON, "POST", "/v2.0/floatingips", body,
					&answer) == 201)
			snprintf(clouded->floating, sizeof clouded->floating, "%s",
				 json_text(json_object_get(answer, "floatingip"), "id"));
	}
	return *clouded->floating;
}

void clouded_strangers_come(struct theatre *stage)
{
	struct clouded *clouded = stage->clouded;
	char id[48];
	if (clouded->strangers)
		return;
	clouded->strangers =
	    floating_comes(clouded) &&
	    clouded_server_comes(clouded, "berth." CLOUDED_APP "-too.db.1",
				 json_pack("{s:{s:s}}", "metadata", "berth.app", CLOUDED_APP "-too"), id) &&
	    openstack_cloud_ask(clouded->cloud, CLOUD_NEUTRON, "POST", "/v2.0/security-groups",
				"{\"security_group\":{\"name\":\"berth." CLOUDED_APP
				"-too\",\"description\":\"theirs\"}}",
				NULL) == 201;
}
