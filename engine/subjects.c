/* subjects.c - the policies of an application where they are at hand, and what is told of each. */
#include "engine/subjects.h"

#include <string.h>

#include "base/cleanup.h"
#include "engine/keeper.h"
#include "engine/policies_of.h"

/* --- where they are ------------------------------------------------------------------------- */

int subjects_of_hold(struct berth_operation *operation, const struct hold *hold, struct subjects *ret)
{
	*ret = (struct subjects){.kept = true};
	ret->list = arena_array(&operation->arena, struct subject, hold->component_count);
	if (hold->component_count && !ret->list)
		return fail_memory(operation_error(operation));
	for (size_t i = 0; i < hold->component_count; i++) {
		struct held_component *held = &hold->components[i];
		if (held->set)
			ret->list[ret->count++] = (struct subject){held->component, held->set, held};
	}
	return 0;
}

static int remember(struct berth_operation *operation, const struct subject *subject, const json_t *memories)
{
	struct error why = {0};
	const char *text = json_text(memories, subject->component->id);
	if (!text)
		return 0;
	owned_json memory = json_parse(text, strlen(text), "the memory of policies", &why);
	if (memory && policy_set_restore(subject->set, memory, &why) == 0)
		return 0;
	if (why.code == ERR_NO_MEMORY)
		return fail_memory(operation_error(operation));
	operation_warn(operation, "the policies of `%s` begin anew: %s", subject->component->id, why.text);
	return 0;
}

int subjects_of_store(struct berth_operation *operation, struct subjects *ret)
{
	const struct application *application = operation->application;
	struct error *err = operation_error(operation);
	owned_json memories = NULL;
	*ret = (struct subjects){.kept = keeper_keeps(operation->berth, application->id)};
	if (store_memories(operation->berth->store, application->id, &memories, err))
		return -1;
	ret->list = arena_array(&operation->arena, struct subject, application->component_count);
	if (application->component_count && !ret->list)
		return fail_memory(err);
	for (size_t i = 0; i < application->component_count; i++) {
		struct subject *subject = &ret->list[ret->count];
		*subject = (struct subject){.component = &application->components[i]};
		if (policies_of(subject->component, &subject->set, err))
			return -1;
		if (!subject->set)
			continue;
		ret->count++;
		if (remember(operation, subject, memories))
			return -1;
	}
	return 0;
}

void subjects_release(struct subjects *subjects)
{
	for (size_t i = 0; i < subjects->count; i++)
		if (!subjects->list[i].held)
			policy_set_free(subjects->list[i].set);
	subjects->count = 0;
}

/* --- what is told of them ------------------------------------------------------------------- */

size_t policy_namesakes(const struct policy_set *set, size_t index, size_t *ret_number)
{
	size_t count = 0;
	for (size_t i = 0; i < policy_set_count(set); i++) {
		count += !strcmp(policy_set_name(set, i), policy_set_name(set, index));
		if (i == index)
			*ret_number = count;
	}
	return count;
}

void policy_add_name(struct text *to, const struct policy_set *set, size_t index)
{
	size_t number = 0;
	text_add(to, policy_set_name(set, index));
	if (policy_namesakes(set, index, &number) > 1)
		text_format(to, "/%zu", number);
}

/* Of each instance one, where there are several. */
static json_t *lines_of(const struct text *lines)
{
	json_t *list = json_array();
	for (const char *at = text_view(lines); *at;) {
		size_t length = strcspn(at, "\n");
		json_add(list, json_stringn(at, length));
		at += length + (at[length] == '\n');
	}
	return list;
}

json_t *policy_document(const struct subject *subject, size_t index, int64_t wall_ms)
{
	const struct policy_set *set = subject->set;
	const json_t *config = policy_set_config(set, index);
	json_t *document = json_object();
	owned_text name = {0}, about = {0}, lines = {0};
	policy_add_name(&name, set, index);
	policy_set_explain(set, index, wall_ms, "; ", &about);
	policy_set_explain(set, index, wall_ms, "\n", &lines);
	if (!document || name.failed || about.failed || lines.failed ||
	    json_put_text(document, "component", subject->component->id) ||
	    json_put_text(document, "policy", text_view(&name)) ||
	    json_put_text(document, "type", policy_set_type(set, index)->name) ||
	    json_put_flag(document, "supplied", policy_set_supplied(set, index)) ||
	    json_put_flag(document, "suspended", policy_set_suspended(set, index)) ||
	    json_put(document, "config", config ? json_deep_copy(config) : json_object()) ||
	    json_put_text(document, "about", text_view(&about)) ||
	    json_put(document, "each", lines_of(&lines))) {
		json_decref(document);
		return NULL;
	}
	return document;
}
