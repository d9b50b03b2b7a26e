/* groups.c - the security groups of an application at Neutron are made, given exactly their rules, and taken
 * away. */
#include <string.h>

#include "locations/openstack/network.h"

/* What is said of them, for whoever looks; a stranger's says something else. */
#define MARK "berth"

struct fencing {
	enum fence fence;
	const char *app;
	const struct openings *openings;
	const char *name; /* of the application's own group */
	/* Those of the application in the last listing; once it is so, of the arena's own. */
	struct openstack_group *groups;
	size_t count;
};

static bool is_name_of(const char *own, const char *name)
{
	size_t length = strlen(own);

	return strncmp(name, own, length) == 0 && (!name[length] || name[length] == '.');
}

/* --- what is there -----------------------------------------------------------------------------------------
 */

static int refuse_stranger(const struct talk *talk, const struct openstack_group *group, struct error *err)
{
	fail(err, ERR_CONFLICT, "location `%s`: the security group `%s` (%s) was not made by berth",
	     talk->openstack->location->name, group->name, group->id);
	remedy(err, "call it otherwise, or take another `id` for the application");
	return -1;
}

static int find_ours(struct talk *talk, struct fencing *fencing, const json_t *listing, struct error *err)
{
	const struct openstack_group *groups;
	size_t count;

	if (openstack_groups_read(listing, &talk->arena, &groups, &count, err) < 0)
		return -1;
	fencing->groups = arena_array(&talk->arena, struct openstack_group, count + 1);
	fencing->count = 0;
	if (!fencing->groups)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (!is_name_of(fencing->name, groups[i].name))
			continue;
		bool ours = strncmp(groups[i].description, MARK, strlen(MARK)) == 0;
		if (!ours && (fencing->fence == FENCE_ALL || fencing->fence == FENCE_OWN))
			return refuse_stranger(talk, &groups[i], err);
		if (ours)
			fencing->groups[fencing->count++] = groups[i];
	}
	return 0;
}

/* --- what is missing ---------------------------------------------------------------------------------------
 */

static int make_group(struct talk *talk, struct fencing *fencing, const char *component)
{
	const char *name = openstack_group_name(&talk->arena, fencing->app, component);

	if (!name || openstack_group_of(fencing->groups, fencing->count, name))
		return name ? 0 : -1;
	return neutron_job(network_goal(talk), "POST", "/v2.0/security-groups",
			   json_pack("{s:{s:s,s:s}}", "security_group", "name", name, "description", MARK),
			   arena_format(&talk->arena, "cannot make the security group `%s`", name));
}

static int make_groups(struct talk *talk, struct fencing *fencing)
{
	const struct openings *openings = fencing->openings;

	if (make_group(talk, fencing, NULL) < 0)
		return -1;
	for (size_t i = 0; openings && i < openings->component_count; i++)
		if (make_group(talk, fencing, openings->components[i]) < 0)
			return -1;
	return 0;
}

static json_t *rule_body(const char *group, const struct openstack_rule *rule)
{
	json_t *body =
	    json_pack("{s:s,s:s,s:s,s:s,s:I,s:I}", "security_group_id", group, "direction", "ingress",
		      "ethertype", rule->ethertype, "protocol", rule->protocol, "port_range_min",
		      (json_int_t)rule->first, "port_range_max", (json_int_t)rule->last);

	if (json_object_set_new(body, rule->group ? "remote_group_id" : "remote_ip_prefix",
				json_string(rule->group ? rule->group : rule->prefix)) < 0) {
		json_decref(body);
		return NULL;
	}
	return json_pack("{s:o}", "security_group_rule", body);
}

static bool any_alike(const struct openstack_rule *rules, size_t count, const struct openstack_rule *rule)
{
	for (size_t i = 0; i < count; i++)
		if (openstack_rules_alike(&rules[i], rule))
			return true;
	return false;
}

typedef int change_rules(struct talk *talk, const struct openstack_group *group,
			 const struct openstack_rule *wanted, size_t count);

static const char *changing(struct talk *talk, const struct openstack_group *group)
{
	return arena_format(&talk->arena, "cannot change the rules of the security group `%s`", group->name);
}

static int add_rules(struct talk *talk, const struct openstack_group *group,
		     const struct openstack_rule *wanted, size_t count)
{
	const char *doing = changing(talk, group);

	for (size_t i = 0; i < count; i++)
		if (!any_alike(group->rules, group->rule_count, &wanted[i]) &&
		    neutron_job(network_goal(talk), "POST", "/v2.0/security-group-rules",
				rule_body(group->id, &wanted[i]), doing) < 0)
			return -1;
	return 0;
}

static int drop_rules(struct talk *talk, const struct openstack_group *group,
		      const struct openstack_rule *wanted, size_t count)
{
	const char *doing = changing(talk, group);

	for (size_t i = 0; i < group->rule_count; i++) {
		const struct openstack_rule *rule = &group->rules[i];
		if (rule->ingress && !any_alike(wanted, count, rule) &&
		    neutron_job(network_goal(talk), "DELETE",
				arena_format(&talk->arena, "/v2.0/security-group-rules/%s", rule->id), NULL,
				doing) < 0)
			return -1;
	}
	return 0;
}

static int with_all_rules(struct talk *talk, struct fencing *fencing, change_rules *change)
{
	const struct openings *openings = fencing->openings;
	size_t components = openings ? openings->component_count : 0;
	const struct openstack_doors doors = {.app = fencing->app,
					      .openings = openings,
					      .groups = fencing->groups,
					      .group_count = fencing->count,
					      .ssh_from = talk->openstack->wishes.ssh_from,
					      .ssh_from_count = talk->openstack->wishes.ssh_from_count,
					      .six = talk->openstack->six};

	for (size_t i = 0; i <= components; i++) {
		const char *component = i ? openings->components[i - 1] : NULL;
		const char *name = openstack_group_name(&talk->arena, fencing->app, component);
		const struct openstack_group *group =
		    name ? openstack_group_of(fencing->groups, fencing->count, name) : NULL;
		const struct openstack_rule *wanted;
		size_t count;
		if (!group || openstack_rules_wanted(&talk->arena, &doors, component, &wanted, &count) < 0 ||
		    change(talk, group, wanted, count) < 0)
			return -1;
	}
	return 0;
}

/* --- what is too much --------------------------------------------------------------------------------------
 */

static bool is_wanted(const struct fencing *fencing, const struct openstack_group *group)
{
	const struct openings *openings = fencing->openings;
	const char *component = group->name + strlen(fencing->name);

	/* Of several of one name the older one. */
	if (openstack_group_of(fencing->groups, fencing->count, group->name) != group)
		return false;
	if (!*component || fencing->fence == FENCE_OWN)
		return true;
	for (size_t i = 0; openings && i < openings->component_count; i++)
		if (strcmp(openings->components[i], component + 1) == 0)
			return true;
	return false;
}

static int ask_away(struct talk *talk, const struct openstack_group *group, int64_t revision)
{
	struct openstack_goal *goal = network_goal(talk);
	unsigned before = goal->count;

	if (neutron_job(goal, "DELETE", arena_format(&talk->arena, "/v2.0/security-groups/%s", group->id),
			NULL,
			arena_format(&talk->arena, "cannot remove the security group `%s`", group->name)) < 0)
		return -1;
	if (goal->count > before)
		goal->jobs[before].revision = revision;
	return 0;
}

/* The application's own goes last, as it was when nobody had it: whoever claims it in this moment keeps it.
 */
static int take_all_away(struct talk *talk, const struct fencing *fencing)
{
	const struct openstack_group *own =
	    openstack_group_of(fencing->groups, fencing->count, fencing->name);
	size_t others = 0;

	if (own && openstack_group_held(own->description))
		return 0;
	for (size_t i = 0; i < fencing->count; i++)
		others += &fencing->groups[i] != own;
	for (size_t i = 0; i < fencing->count; i++)
		if (&fencing->groups[i] != own && ask_away(talk, &fencing->groups[i], 0) < 0)
			return -1;
	return own && !others ? ask_away(talk, own, own->revision > 0 ? own->revision : 0) : 0;
}

static int take_away(struct talk *talk, const struct fencing *fencing)
{
	for (size_t i = 0; i < fencing->count; i++)
		if (!is_wanted(fencing, &fencing->groups[i]) && ask_away(talk, &fencing->groups[i], 0) < 0)
			return -1;
	return 0;
}

/* --- what they tell ----------------------------------------------------------------------------------------
 */

static int tell_doors(struct talk *talk, const struct fencing *fencing)
{
	const struct openings *openings = fencing->openings;

	for (size_t i = 0; openings && i < openings->component_count; i++) {
		const char *name = openstack_group_name(&talk->arena, fencing->app, openings->components[i]);
		const char *text = openstack_doors_text(&talk->arena, openings, openings->components[i]);
		const struct openstack_group *group =
		    name ? openstack_group_of(fencing->groups, fencing->count, name) : NULL;
		if (!text || !group)
			return -1;
		if (strcmp(group->description, text) != 0 &&
		    neutron_job(network_goal(talk), "PUT",
				arena_format(&talk->arena, "/v2.0/security-groups/%s", group->id),
				json_pack("{s:{s:s}}", "security_group", "description", text),
				arena_format(&talk->arena, "cannot describe the security group `%s`", name)) <
			0)
			return -1;
	}
	return 0;
}

/* --- all of it ---------------------------------------------------------------------------------------------
 */

/* The listing goes with the next thing that is asked. */
static int keep(struct talk *talk, struct fencing *fencing)
{
	for (size_t i = 0; i < fencing->count; i++) {
		struct openstack_group *group = &fencing->groups[i];
		group->id = arena_text(&talk->arena, group->id);
		group->name = arena_text(&talk->arena, group->name);
		group->description = arena_text(&talk->arena, group->description);
		group->rules = NULL;
		group->rule_count = 0;
		if (!group->id || !group->name || !group->description)
			return -1;
	}
	return 0;
}

/* One kind of thing after the other: rules need groups, and groups that go are in rules. What is told is let
 * in at any time. */
static int next_of_fence(struct talk *talk, const json_t *listing, struct error *err)
{
	struct openstack_goal *goal = network_goal(talk);
	struct fencing *fencing = goal->wish;
	bool makes = fencing->fence == FENCE_OWN || fencing->fence == FENCE_ALL;

	if (find_ours(talk, fencing, listing, err) < 0)
		return -1;
	if (makes && make_groups(talk, fencing) < 0)
		return fail_memory(err);
	if (makes && neutron_settled(goal) && with_all_rules(talk, fencing, add_rules) < 0)
		return fail_memory(err);
	if (makes && neutron_settled(goal) && tell_doors(talk, fencing) < 0)
		return fail_memory(err);
	if (makes && neutron_settled(goal) && with_all_rules(talk, fencing, drop_rules) < 0)
		return fail_memory(err);
	if (fencing->fence == FENCE_GONE && take_all_away(talk, fencing) < 0)
		return fail_memory(err);
	if (makes && neutron_settled(goal) && take_away(talk, fencing) < 0)
		return fail_memory(err);
	return neutron_settled(goal) && keep(talk, fencing) < 0 ? fail_memory(err) : 0;
}

/* Rules are of IPv4 or of IPv6: the latter are made where the project has a subnet of it. */
static enum progress subnets_told(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];
	bool refused = openstack_withheld(call);

	if (!openstack_ok(call) && !refused)
		return openstack_failed(call, err, "cannot find out whether there is IPv6");
	const json_t *json = refused ? NULL : openstack_json(call, err);
	if (!json && !refused)
		return PROGRESS_FAILED;
	talk->openstack->six = json_array_size(json_object_get(json, "subnets")) > 0;
	talk->openstack->six_known = true;
	openstack_call_release(call);
	return neutron_bring(talk, talk->network, err);
}

const char *openstack_groups_path(struct talk *talk)
{
	return arena_format(&talk->arena, "/v2.0/security-groups?project_id=%s",
			    talk->openstack->session.token.project_id);
}

enum progress network_fence(struct talk *talk, enum fence fence, const char *app,
			    const struct openings *openings, talk_step *then, struct error *err)
{
	struct openstack_goal *goal = arena_array(&talk->arena, struct openstack_goal, 1);
	struct fencing *fencing = arena_array(&talk->arena, struct fencing, 1);

	if (!goal || !fencing)
		return talk_no_memory(err);
	*fencing = (struct fencing){.fence = fence,
				    .app = app,
				    .openings = openings,
				    .name = openstack_group_name(&talk->arena, app, NULL)};
	*goal = (struct openstack_goal){
	    .path = openstack_groups_path(talk),
	    .next = next_of_fence,
	    .insist = fence == FENCE_GONE,
	    .stuck = network_tell_keepers,
	    .then = then,
	    .wish = fencing,
	};
	if (!fencing->name || !goal->path)
		return talk_no_memory(err);
	if (talk->openstack->six_known || (fence != FENCE_OWN && fence != FENCE_ALL))
		return neutron_bring(talk, goal, err);
	talk->network = goal;
	return openstack_read(talk, "network", "/v2.0/subnets?ip_version=6&fields=id", subnets_told, err);
}

const struct openstack_group *network_group(const struct talk *talk, const char *component)
{
	const struct fencing *fencing = talk->network->wish;
	size_t length = strlen(fencing->name);

	for (size_t i = 0; i < fencing->count; i++) {
		const char *rest = fencing->groups[i].name + length;
		if (component ? *rest && strcmp(rest + 1, component) == 0 : !*rest)
			return &fencing->groups[i];
	}
	return NULL;
}
