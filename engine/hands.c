/* hands.c - an application that another store changed: what this one remembers of it is in doubt. */
#include <string.h>

#include "engine/deploy.h"
#include "engine/hosts.h"
#include "engine/specs.h"

/* The claim says whose store was the last to change something there. One made by a berth that did not say so
 * yet was this owner's only one. */
bool site_changed_hands(const struct site *site)
{
	const struct berth_operation *operation = site->operation;
	const struct owner *owner = &operation->berth->owner;
	for (size_t i = 0; i < site->inventory.claim_count; i++) {
		const struct inventory_claim *claim = &site->inventory.claims[i];
		if (strcmp(claim->app, operation->application->id) != 0)
			continue;
		return strcmp(claim->owner_id, owner->id) != 0 ||
		       (*claim->place && strcmp(claim->place, owner->place) != 0);
	}
	return site->inventory.instance_count > 0; /* nobody says who made it */
}

/* The last of the records that say so of each instance there; 0: none was needed, or memory is gone. */
static uint64_t note(struct berth_operation *operation, bool *ret_failed)
{
	uint64_t last = hosts_note_unknown(operation);
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const char *name = settled_name(work->instance);
		if (!work->site->needed || !site_changed_hands(work->site))
			continue;
		*ret_failed |= !name;
		if (!name || !known_of(operation, name))
			continue;
		last = store_put_intent(operation->berth->store, operation->application->id, name,
					work->site->location.name, "hands", "");
		*ret_failed |= !last;
	}
	return last;
}

/* Before it is ours again, and written down durably: this deploy may not live to see what is there. */
bool hands_noted(struct berth_operation *operation)
{
	struct error err = {0};
	bool failed = false;
	if (!operation->hands_noted) {
		operation->doubt = note(operation, &failed);
		operation->hands_noted = true;
		if (operation->doubt) { /* read again: it says so now */
			known_release(&operation->known);
			operation->known_read = false;
		}
	}
	int durable = failed             ? fail_memory(&err)
		      : operation->doubt ? store_durable(operation->berth->store, operation->doubt, &err)
					 : 1;
	if (durable < 0) {
		*operation_error(operation) = err;
		stage_failed(operation);
	}
	return durable > 0;
}
