/* hold_relink.c - who was given the number of what its target moves by itself is given the new one, by what
 * its `onChange` says: a stand-in is told in place (pools.h), whoever holds the number itself is made anew.
 */
#include <string.h>

#include "base/cleanup.h"
#include "engine/hold.h"
#include "engine/keeper.h"
#include "engine/link_numbers.h"
#include "engine/reconcile.h"

/* What was tried last, and when; monotonic. */
struct relink {
	char digest[DIGEST_HEX];
	int64_t at_ms;
};

enum { AGAIN_MS = 4 * 60 * 1000 }; /* what nothing came of is tried again with the next listing after that */

/* Where all of them can be reached just now, and it was made with something else: the digest of that. */
static bool old_now(struct work *work, char ret_hex[static DIGEST_HEX])
{
	const char *waits = NULL;
	struct error err = {0};
	bool old = spec_build(work, &waits, &err) == RESOLVED && has_old_numbers(work);
	if (old)
		memcpy(ret_hex, work->spec->link_digest, DIGEST_HEX);
	spec_drop(work);
	return old;
}

/* The same was tried a moment ago. */
static bool was_tried(const struct held_instance *held, const char *digest)
{
	return held->relink && !strcmp(held->relink->digest, digest) &&
	       now_of(held->work) - held->relink->at_ms < AGAIN_MS;
}

static bool note_try(struct held_instance *held, const char *digest)
{
	const struct work *work = held->work;
	if (!held->relink)
		held->relink = arena_array(graph_arena(work->operation), struct relink, 1);
	if (!held->relink)
		return false;
	memcpy(held->relink->digest, digest, DIGEST_HEX);
	held->relink->at_ms = now_of(work);
	return true;
}

static bool may_be_relinked(const struct held_instance *held)
{
	const struct work *work = held->work;
	return !held->acting && !held->away && !held->stopped && !held->sight_lost && work->settled &&
	       work->doing == DOING_NOTHING && work->instance->phase == PHASE_RUNNING && !held->of->deed &&
	       !held_in_doubt(held) && !keeper_awaits(work->operation, held->of->component->id, 0);
}

bool held_relinks(struct held_instance *held)
{
	struct work *work = held->work;
	char digest[DIGEST_HEX];
	if (!holds_numbers(work) || !follows_anew(work) || !may_be_relinked(held) || !old_now(work, digest) ||
	    was_tried(held, digest) || !hold_site_ours(work->site) || !note_try(held, digest))
		return false;
	return held_relink(held->of) == 0;
}

void relinks_wake(const struct site *site)
{
	const struct berth_operation *operation = site->operation;
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->site == site && operation->works[i]->held &&
		    holds_numbers(operation->works[i]))
			work_wake(operation->works[i]);
}
