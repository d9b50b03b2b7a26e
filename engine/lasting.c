/* lasting.c - a change that outlives whoever carries it out: it is in the store until it has ended, and who
 * comes next goes on with it. What was recorded of it by then is not asked of its request again.
 */
#include "engine/lasting.h"

#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/handle.h"
#include "engine/keeper.h"

/* Why nobody is to go on with it; kept in the store. */
#define OVER_CANCELLED "cancelled"
#define OVER_CHANGED   "changed" /* by somebody else, since then */
#define OVER_ONCE      "once"    /* its text does not tell all of it */

/* Of an operation that lasts. */
struct lasting {
	uint64_t record; /* of its being asked for, or cancelled; 0: it is not written down */
	bool asked, revised, taken_up, recorded;
	json_t *done; /* {INSTANCE}: seen to by whoever was killed at it; NULL: nothing is known */
};

static bool lasts(const struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	return request->lasting && operation->verb->changes && !request->dry_run && !operation->remote;
}

static struct lasting *lasting_of(struct berth_operation *operation)
{
	if (!operation->lasting && lasts(operation))
		operation->lasting = calloc(1, sizeof *operation->lasting);
	return operation->lasting;
}

/* --- gone on with --------------------------------------------------------------------------- */

/* A copy of the row; its texts are the operation's. */
struct row {
	struct berth_operation *operation;
	struct stored_lasting found;
	bool there;
};

static int take_row(void *of, const struct stored_lasting *found)
{
	struct row *row = of;
	struct arena *arena = &row->operation->arena;
	row->there = true;
	row->found = *found;
	row->found.name = row->found.text = NULL;
	row->found.app = arena_text(arena, found->app);
	row->found.over = found->over ? arena_text(arena, found->over) : NULL;
	return row->found.app && (!found->over || row->found.over) ? 0 : -1;
}

static bool is_over(struct berth_operation *operation, const struct stored_lasting *found)
{
	struct error *err = operation_error(operation);
	if (!found->over)
		return false;
	if (!strcmp(found->over, OVER_CANCELLED)) {
		fail(err, ERR_CANCELLED, "it was cancelled, and its controller killed before it had ended");
		remedy(err, "`berth status` tells what runs; the same again goes on from there");
	} else if (!strcmp(found->over, OVER_CHANGED)) {
		fail(err, ERR_STALE,
		     "its controller was killed, and another command has changed `%s` since then",
		     found->app);
		remedy(err, "look at it as it is now, and ask again");
	} else {
		fail(err, ERR_INVALID,
		     "its controller was killed, and what it was asked with is a secret, so that it is "
		     "nowhere written down");
		remedy(err, "ask again: it goes on from there");
	}
	stage_failed(operation);
	return true;
}

/* What is recorded says all of what it was asked for, but for what comes from the environment. */
static void use_recorded(struct berth_operation *operation)
{
	struct berth_request *request = &operation->request;
	operation->lasting->recorded = true;
	request->blueprint = request->plan = NULL;
	request->settings = NULL;
}

/* 0; -1: it was ended. */
static int find_revision(struct berth_operation *operation, int64_t made)
{
	struct stored_application *stored = NULL;
	const char *app = operation->request.app;
	if (!made)
		return 0;
	if (store_application(operation->berth->store, app, &stored, operation_error(operation)))
		return stage_failed(operation), -1;
	int64_t now = stored ? stored->revision : 0;
	stored_application_free(stored);
	if (now == made)
		use_recorded(operation);
	return 0;
}

static bool take_up(struct berth_operation *operation)
{
	struct berth_request *request = &operation->request;
	struct store *store = operation->berth->store;
	struct row row = {.operation = operation};
	if (store_lasting(store, request->lasting, NULL, take_row, &row, operation_error(operation)))
		return stage_failed(operation);
	if (!row.there) {
		fail(operation_error(operation), ERR_MISSING, "nothing is known of `%s`", request->lasting);
		return stage_failed(operation);
	}
	request->app = row.found.app;
	if (is_over(operation, &row.found) || find_revision(operation, row.found.revision))
		return false;
	/* It was as the request wants it, and is not any more where it has begun. */
	if (row.found.begun_ms) {
		request->if_revision = 0;
		request->if_new = false;
	}
	/* Nobody is there who could bring more: as for all else that is done for what is kept. */
	if (!request->blueprint && !request->plan)
		request->foreign = false;
	if (operation->verb == &verb_restart && row.found.begun_ms &&
	    store_ran_since(store, request->app, row.found.begun_ms, &operation->lasting->done,
			    operation_error(operation)))
		return stage_failed(operation);
	return true;
}

bool lasting_take_up(struct berth_operation *operation)
{
	if (!operation->request.resumed || !lasts(operation))
		return true;
	struct lasting *lasting = lasting_of(operation);
	if (!lasting) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	if (lasting->taken_up)
		return true;
	lasting->taken_up = lasting->asked = true;
	return take_up(operation);
}

bool lasting_is_recorded(const struct berth_operation *operation)
{
	return operation->lasting && operation->lasting->recorded;
}

bool lasting_has_done(const struct berth_operation *operation, const char *instance)
{
	return operation->lasting && json_object_get(operation->lasting->done, instance);
}

/* --- written down --------------------------------------------------------------------------- */

void lasting_ask(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	struct lasting *lasting = lasting_of(operation);
	if (!lasting || lasting->asked)
		return;
	const char *over = operation->cancelled ? OVER_CANCELLED : request->once ? OVER_ONCE : NULL;
	lasting->asked = true;
	lasting->record = store_put_lasting(operation->berth->store, &(struct stored_lasting){
									 .name = request->lasting,
									 .app = operation_app(operation),
									 .text = request->lasting_text ?: "",
									 .over = over,
								     });
}

static int note_any(void *any, const struct stored_lasting *found)
{
	(void)found;
	*(bool *)any = true;
	return 0;
}

/* What a killed controller was at would undo what is done now. */
static void end_others(const struct berth_operation *operation)
{
	struct store *store = operation->berth->store;
	const char *app = operation_app(operation);
	bool any = false;
	if (store_lasting(store, NULL, app, note_any, &any, NULL) == 0 && any)
		store_put_lasting_over(store, NULL, app, OVER_CHANGED);
}

void lasting_begin(struct berth_operation *operation)
{
	const struct verb *verb = operation->verb;
	if (lasts(operation))
		store_put_lasting_begun(operation->berth->store, operation->request.lasting, 0);
	else if (!operation->berth->keeper && verb != &verb_policy && verb != &verb_invoke)
		end_others(operation);
}

void lasting_revise(struct berth_operation *operation)
{
	struct lasting *lasting = operation->lasting;
	if (!lasting || lasting->revised)
		return;
	lasting->revised = true;
	store_put_lasting_begun(operation->berth->store, operation->request.lasting, operation->revision);
}

void lasting_cancel(struct berth_operation *operation)
{
	struct lasting *lasting = operation->lasting;
	if (lasting && lasting->asked)
		lasting->record = store_put_lasting_over(operation->berth->store, operation->request.lasting,
							 NULL, OVER_CANCELLED);
}

void lasting_end(struct berth_operation *operation)
{
	struct lasting *lasting = operation->lasting;
	if (lasting && lasting->asked)
		store_put_lasting_end(operation->berth->store, operation->request.lasting);
}

void lasting_free(struct berth_operation *operation)
{
	if (operation->lasting)
		json_decref(operation->lasting->done);
	free(give(operation->lasting));
}

bool berth_recorded(const struct berth_operation *operation)
{
	const struct lasting *lasting = operation->lasting;
	if (operation->done || !lasts(operation))
		return true;
	if (!lasting || !lasting->asked)
		return false;
	return !lasting->record || store_durable(operation->berth->store, lasting->record, NULL) != 0;
}

/* --- left --------------------------------------------------------------------------------- */

struct teller {
	void (*found)(void *context, const struct berth_left *left);
	void *context;
};

static int tell_left(void *of, const struct stored_lasting *found)
{
	const struct teller *teller = of;
	const struct berth_left left = {.size = sizeof left,
					.name = found->name,
					.app = found->app,
					.text = found->text,
					.asked_ms = found->time_ms};
	teller->found(teller->context, &left);
	return 0;
}

int berth_left(struct berth *berth, void (*found)(void *context, const struct berth_left *left),
	       void *context, struct berth_error *error)
{
	struct teller teller = {found, context};
	struct error err = {0};
	if (store_lasting(berth->store, NULL, NULL, tell_left, &teller, &err) == 0)
		return 0;
	berth_error_from(error, &err);
	return -1;
}
