/* hold_invoke.c - effectors that a policy invokes: an operation beside the hold, which goes on meanwhile. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/hold.h"

struct held_invocation {
	struct held_component *held;
	uint64_t wish;
	struct berth_operation *operation;
	struct held_invocation *next;
};

/* "NAME=VALUE" of each argument, in the arena. NULL: no memory. */
static const char *const *arguments_of(struct arena *arena, const json_t *arguments)
{
	const char **list = arena_array(arena, const char *, json_object_size(arguments) + 1);
	size_t count = 0;
	const char *name;
	json_t *value;
	if (!list)
		return NULL;
	json_object_foreach ((json_t *)arguments, name, value) {
		owned_memory char *written =
		    json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		const char *text = json_is_string(value) ? json_string_value(value) : written;
		if (!text || !(list[count++] = arena_format(arena, "%s=%s", name, text)))
			return NULL;
	}
	return list;
}

static bool is_under_way(const struct held_component *held, uint64_t wish)
{
	for (const struct held_invocation *at = held->hold->invocations; at; at = at->next)
		if (at->held == held && at->wish == wish)
			return true;
	return false;
}

int hold_invoke(struct held_component *held, const struct wish *wish)
{
	struct berth_operation *hold = held->hold->operation;
	owned_arena arena = {0};
	const char *const components[] = {held->component->id, NULL};
	if (is_under_way(held, wish->id))
		return 0;
	const char *const *arguments = arguments_of(&arena, wish->arguments);
	struct held_invocation *invocation = arguments ? calloc(1, sizeof *invocation) : NULL;
	if (!invocation)
		return -1;
	const struct berth_request request = {.size = sizeof request,
					      .app = hold->application->id,
					      .name = wish->what,
					      .components = components,
					      .arguments = arguments};
	count_decision(hold, wish->policy, "invoke");
	invocation->operation = operation_begin(hold->berth, &verb_invoke, &request, &hold->listener, NULL);
	if (!invocation->operation) {
		free(invocation);
		return -1;
	}
	invocation->held = held;
	invocation->wish = wish->id;
	invocation->next = held->hold->invocations;
	held->hold->invocations = invocation;
	return 0;
}

static void take_outcome(const struct held_invocation *invocation)
{
	bool well = berth_outcome(invocation->operation) == BERTH_OK;
	held_outcome(invocation->held, invocation->wish, well ? OUTCOME_DONE : OUTCOME_FAILED,
		     well ? NULL : berth_message(invocation->operation));
}

void hold_step_invocations(struct hold *hold)
{
	for (struct held_invocation **at = &hold->invocations; *at;) {
		struct held_invocation *invocation = *at;
		if (!berth_done(invocation->operation)) {
			at = &invocation->next;
			continue;
		}
		take_outcome(invocation);
		*at = invocation->next;
		berth_operation_free(invocation->operation);
		free(invocation);
	}
}

/* What is known of one that nobody waits for any more. */
static struct deed *given_up(const struct held_invocation *invocation)
{
	bool done = berth_done(invocation->operation);
	bool well = done && berth_outcome(invocation->operation) == BERTH_OK;
	struct deed *deed = calloc(1, sizeof *deed);
	if (!deed)
		return NULL;
	deed->kind = DEED_INVOKE;
	deed->component = strdup(invocation->held->component->id);
	deed->wish = invocation->wish;
	deed->done = true;
	deed->outcome = well ? OUTCOME_DONE : done ? OUTCOME_FAILED : OUTCOME_GIVEN_UP;
	deed->words = well   ? NULL
		      : done ? strdup(berth_message(invocation->operation))
			     : strdup("given up, because the application was to be changed");
	if (deed->component)
		return deed;
	deeds_free(deed);
	return NULL;
}

struct deed *hold_invocations_end(struct hold *hold)
{
	struct deed *first = NULL;
	while (hold->invocations) {
		struct held_invocation *invocation = hold->invocations;
		struct deed *deed = given_up(invocation);
		if (deed) {
			deed->next = first;
			first = deed;
		}
		hold->invocations = invocation->next;
		berth_operation_free(invocation->operation);
		free(invocation);
	}
	return first;
}
