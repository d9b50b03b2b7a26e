/* groups.c - groups as a request names them, and as status tells of them. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"

static const struct component_group *group_of(const struct berth_operation *operation, const char *name)
{
	const struct blueprint *blueprint = operation->blueprint;
	for (size_t i = 0; blueprint && i < blueprint->group_count; i++)
		if (!strcmp(blueprint->groups[i]->id, name))
			return blueprint->groups[i];
	return NULL;
}

static const char *member_id(const struct berth_operation *operation, const struct component_group *group,
			     size_t index)
{
	return operation->application->components[group->members[index]].id;
}

/* Of a group there is no size to change, nor one instance to run a command in. */
static int refuse(struct berth_operation *operation, const struct component_group *group)
{
	owned_text members = {0};
	for (size_t i = 0; i < group->count && i < 8; i++)
		text_format(&members, "%s%s", i ? ", " : "", member_id(operation, group, i));
	fail(operation_error(operation), ERR_INVALID, "`%s` is a group: `%s` takes a component", group->id,
	     operation->verb->name);
	remedy(operation_error(operation), "its members are %s%s", text_view(&members),
	       group->count > 8 ? " and others" : "");
	operation_finish(operation, BERTH_USAGE, document_new(operation_app(operation)));
	return -1;
}

static bool takes_groups(const struct berth_operation *operation)
{
	const struct verb *verb = operation->verb;
	return verb != &verb_scale && verb != &verb_invoke && verb != &verb_members && !resizes(operation);
}

int groups_expand(struct berth_operation *operation)
{
	const char *const *names = operation->request.components;
	size_t count = 0, all = 0;
	bool any = false;
	for (; names && names[count]; count++) {
		const struct component_group *group = group_of(operation, names[count]);
		if (group && !takes_groups(operation))
			return refuse(operation, group);
		all += group ? group->count : 1;
		any |= group != NULL;
	}
	if (!any)
		return 0;
	const char **ids = arena_array(graph_arena(operation), const char *, all + 1);
	if (!ids)
		return fail_memory(operation_error(operation));
	for (size_t i = 0, to = 0; i < count; i++) {
		const struct component_group *group = group_of(operation, names[i]);
		for (size_t k = 0; group && k < group->count; k++)
			ids[to++] = member_id(operation, group, k);
		if (!group)
			ids[to++] = names[i];
	}
	operation->request.components = ids;
	return 0;
}

/* --- how they are ------------------------------------------------------------------------------------ */

/* As the worst of its members is. */
static enum phase state_of(const struct berth_operation *operation, const struct component_group *group)
{
	enum phase state = PHASE_RUNNING;
	for (size_t i = 0; i < group->count; i++) {
		enum phase member = component_state(&operation->application->components[group->members[i]]);
		bool well = member == PHASE_RUNNING || member == PHASE_FINISHED;
		if (!well && (state == PHASE_RUNNING || member == PHASE_UNKNOWN))
			state = member;
	}
	return state;
}

json_t *groups_json(const struct berth_operation *operation)
{
	const struct blueprint *blueprint = operation->blueprint;
	json_t *list = json_array();
	for (size_t i = 0; blueprint && i < blueprint->group_count; i++) {
		const struct component_group *group = blueprint->groups[i];
		json_t *entry = json_object(), *members = json_array();
		for (size_t k = 0; k < group->count; k++)
			json_add(members, json_string(member_id(operation, group, k)));
		json_put_text(entry, "id", group->id);
		json_put_text(entry, "state", phase_name(state_of(operation, group)));
		json_put(entry, "members", members);
		json_add(list, entry);
	}
	return list;
}
