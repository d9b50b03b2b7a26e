/* member_homes.c - where the members of a cluster that is spread are, and where those go that come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/membership.h"
#include "policies/cluster.h"

static struct site *zone_called(const struct component *component, const char *origin)
{
	for (size_t i = 0; origin && i < component->cluster.zone_count; i++)
		if (!strcmp(component->cluster.zones[i]->origin, origin))
			return component->cluster.zones[i];
	return NULL;
}

static struct site *remembered_at(const struct membership *m, unsigned ordinal)
{
	char key[16];
	snprintf(key, sizeof key, "%u", ordinal);
	return zone_called(m->component, json_text(json_object_get(m->more, "zones"), key));
}

/* Where it is, as its places show it; NULL: it is in none of them. One may have been made elsewhere while its
 * place did not answer. */
static struct site *seen_at(const struct membership *m, unsigned ordinal)
{
	const struct site *remembered = remembered_at(m, ordinal);
	struct site *found = NULL;
	size_t count;
	const struct sight *seen = sights_of(&m->deciding->sights, m->component->id, &count);
	for (size_t i = 0; i < count; i++) {
		if (seen[i].seen->ordinal != ordinal || !goes_to(m->component, seen[i].site))
			continue;
		if (!found || seen[i].site == remembered)
			found = seen[i].site;
	}
	return found;
}

bool member_made_anew(const struct membership *m, unsigned ordinal)
{
	const struct berth_operation *operation = m->deciding->operation;
	return operation->verb == &verb_replace && component_meant(operation, m->component->id) &&
	       operation->request.count == ordinal;
}

struct site *member_home(const struct membership *m, unsigned ordinal)
{
	return seen_at(m, ordinal) ?: remembered_at(m, ordinal);
}

static int take_outcomes(struct membership *m)
{
	struct arena *arena = graph_arena(m->deciding->operation);
	const json_t *list = json_object_get(m->more, "outcomes"), *entry;
	size_t count = json_array_size(list), i;
	struct zone_outcome *outcomes = count ? arena_array(arena, struct zone_outcome, count) : NULL;
	if (count && !outcomes)
		return -1;
	json_array_foreach ((json_t *)list, i, entry) {
		const struct site *site = zone_called(m->component, json_text(entry, "zone"));
		if (site && outcomes)
			outcomes[m->component->cluster.outcome_count++] =
			    (struct zone_outcome){.zone = site->origin,
						  .at_ms = json_number(entry, "at", 0),
						  .failed = json_flag(entry, "failed", false)};
	}
	m->component->cluster.outcomes = outcomes;
	return 0;
}

/* Where one that was seen nowhere is to be. What a place that does not answer has stays there: it is unknown,
 * not gone. */
static struct site *home_for(const struct membership *m, const struct zone_choice *choice, unsigned ordinal)
{
	struct site *was = remembered_at(m, ordinal);
	if (was && was->failed && !member_made_anew(m, ordinal))
		return was;
	struct cluster_member old = {.zone = was ? was->origin : NULL};
	size_t next = was ? zone_for_replacement(choice, &old) : zone_for_next(choice);
	return zone_called(m->component, choice->zones[next]);
}

/* Each stays where it is; one that is nowhere goes to where it was, and a new one to where the fewest are,
 * but not where starts failed lately, or where nobody answers. */
int members_give_homes(struct membership *m)
{
	struct component *component = m->component;
	struct berth_operation *operation = m->deciding->operation;
	struct world *world = operation->berth->world;
	owned_memory const char **zones = calloc(component->cluster.zone_count, sizeof *zones);
	owned_memory struct cluster_member *placed = calloc(m->count + 1, sizeof *placed);
	struct site **homes = arena_array(graph_arena(operation), struct site *, m->count + 1);
	if (!zones || !placed || !homes || sights_gather(m->deciding) || take_outcomes(m))
		return -1;
	size_t zone_count = 0;
	for (size_t i = 0; i < component->cluster.zone_count; i++)
		if (!component->cluster.zones[i]->failed)
			zones[zone_count++] = component->cluster.zones[i]->origin;
	for (size_t i = 0; !zone_count && i < component->cluster.zone_count; i++)
		zones[i] = component->cluster.zones[i]->origin;
	struct zone_choice choice = {.zones = zones,
				     .zone_count = zone_count ? zone_count : component->cluster.zone_count,
				     .members = placed,
				     .outcomes = component->cluster.outcomes,
				     .outcome_count = component->cluster.outcome_count,
				     .rule = brooklyns_zone_rule,
				     .now_ms = world->ops->wall(world)};
	for (size_t i = 0; i < m->count; i++)
		if ((homes[i] = seen_at(m, m->ordinals[i])))
			placed[choice.member_count++].zone = homes[i]->origin;
	for (size_t i = 0; i < m->count; i++) {
		if (homes[i])
			continue;
		homes[i] = home_for(m, &choice, m->ordinals[i]);
		placed[choice.member_count++].zone = homes[i]->origin;
	}
	component->cluster.homes = homes;
	return 0;
}
