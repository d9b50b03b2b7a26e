/* plan.c - decide for every instance what is to be done, and why: the same decision that reconcile carries
 * out. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/changes.h"
#include "engine/deploy.h"
#include "engine/readiness.h"

const struct known_instance *known_of(struct berth_operation *operation, const char *name)
{
	if (!operation->known_read)
		store_instances(operation->berth->store, operation->application->id, &operation->known, NULL);
	operation->known_read = true;
	return known_find(&operation->known, name);
}

/* Tasks that have moved may not answer yet where they are now: of those that do not no place is told. */
static bool has_place(const struct observed *seen)
{
	for (size_t i = 0; i < seen->attachment_count; i++)
		if (seen->attachments[i].address)
			return true;
	return false;
}

bool instance_known_ready(const struct instance *instance)
{
	const struct observed *seen = instance->seen;
	const char *name = settled_name(instance);
	const struct known_instance *known =
	    seen && seen->target_id && name ? known_of(instance->work->operation, name) : NULL;
	if (known && keeps_tasks(instance->work->site) && !has_place(seen))
		return false;
	return known && !seen->paused && known->doubt == NO_DOUBT && known->target_id &&
	       strcmp(known->target_id, seen->target_id) == 0;
}

/* --- which generation counts -------------------------------------------------------------------- */

static const struct capabilities *can(const struct work *work)
{
	return &work->site->location.driver->capabilities;
}

/* What an interrupted update left beside the one that counts. It goes; as the `older` one only when that
 * answers. */
static int put_beside(struct decision *decision, const struct observed *seen, bool older)
{
	struct work *work = decision->work, *beside = survey_add_beside(work, seen);
	if (!beside)
		return -1;
	beside->action = ACTION_REMOVE;
	if (older) {
		work->instance->predecessor = beside->instance;
		beside->instance->successor = work->instance;
		return 0;
	}
	beside->leftover = true;
	struct decision other = {.operation = decision->operation, .work = beside};
	because(&other, seen->late_double ? "double" : "generation",
		seen->late_double ? "made late, when another had taken its place"
				  : "left by an interrupted update",
		NULL, made_from(work->instance)->place);
	return other.failed ? -1 : 0;
}

static void swap_seen(struct instance *instance, struct sighting *with)
{
	const struct observed *seen = instance->seen;
	instance->seen = with->seen;
	instance->generation = with->seen->generation;
	with->seen = seen;
}

static bool made_as_wanted(const struct observed *seen, const char *digest)
{
	return seen->state != SEEN_BROKEN && !seen->orphan_tree && !seen->late_double && seen->digest &&
	       strcmp(seen->digest, digest) == 0;
}

/* The youngest that is made as wanted already goes on where an interrupted update stopped. */
static int choose_generation(struct decision *decision)
{
	struct instance *instance = decision->work->instance;
	char digest[DIGEST_HEX];
	if (!instance->others)
		return 0;
	if (wanted_digest(decision->work, digest))
		return -1;
	for (struct sighting *other = instance->others; other; other = other->next)
		if (made_as_wanted(other->seen, digest) &&
		    (!made_as_wanted(instance->seen, digest) ||
		     other->seen->generation > instance->seen->generation))
			swap_seen(instance, other);
	if (!(instance->name = arena_text(graph_arena(decision->operation), instance->seen->name)))
		return -1;
	bool goes_on = made_as_wanted(instance->seen, digest) && can(decision->work)->generations;
	for (const struct sighting *other = instance->others; other; other = other->next) {
		/* Beside one that runs as wanted, a younger one is only a try that was given up. */
		bool given_up = instance->seen->state == SEEN_RUNNING &&
				other->seen->generation > instance->seen->generation;
		bool older = goes_on && !given_up && !instance->predecessor && !other->seen->orphan_tree &&
			     !other->seen->late_double;
		if (put_beside(decision, other->seen, older))
			return -1;
		decision->work->resumed |= older;
	}
	return 0;
}

/* --- how it is made anew ------------------------------------------------------------------------ */

/* Why no two of it can run at one time; NULL: they can. */
static const char *exclusive(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].published || spec->kind == COMPONENT_PROCESS)
			return "its port on the host can have one holder";
	for (size_t i = 0; i < spec->volume_count; i++)
		if (spec->volumes[i].name || (spec->volumes[i].source && !spec->volumes[i].read_only))
			return "it writes to a volume that both would use";
	for (size_t i = 0; spec->kind == COMPONENT_PROCESS && i < spec->file_count; i++)
		if (spec->files[i].path[0] == '/')
			return "both would read the same files of this machine";
	return spec->link_numbers ? "its consumers hold its number" : NULL;
}

static bool can_be_known_ready(const struct work *work)
{
	const struct health_check check = readiness_check(work);
	return check.kind != CHECK_NONE && readiness_way(work, &check);
}

/* What runs is brought to what is wanted by the target itself. */
static bool rolls(const struct work *work)
{
	return keeps_tasks(work->site) && work->instance->seen->state == SEEN_RUNNING;
}

/* How the new one follows the older one, where both can be there at one time. */
static enum order order_beside(struct decision *decision)
{
	struct work *work = decision->work;
	const struct component_spec *spec = made_from(work->instance);
	const char *why_not = exclusive(work);
	if (spec->update == UPDATE_START_FIRST && why_not)
		warn(&decision->operation->diagnostics, place_of(spec, "update"),
		     "`%s` cannot be started first: %s", spec->id, why_not);
	if (spec->update == UPDATE_STOP_FIRST || why_not)
		return ORDER_STOP_FIRST;
	return spec->update == UPDATE_START_FIRST || can_be_known_ready(work) ? ORDER_START_FIRST
									      : ORDER_STOP_FIRST;
}

static enum order order_of(struct decision *decision)
{
	const struct work *work = decision->work;
	const struct observed *seen = work->instance->seen;
	bool job = made_from(work->instance)->job;
	if (rolls(work))
		return ORDER_ROLLING;
	if (seen->state != SEEN_RUNNING || seen->orphan_tree || job || !can(work)->generations)
		return ORDER_PLAIN;
	return order_beside(decision);
}

/* The new one is another instance beside the old one, under a name of its own for that time. */
static int part_generations(struct decision *decision)
{
	struct instance *instance = decision->work->instance;
	return put_beside(decision, instance->seen, true) ? -1 : take_next_name(instance);
}

/* --- what is to be done ------------------------------------------------------------------------- */

static enum action action_when_left(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	bool job = made_from(work->instance)->job;
	if (job && seen->state == SEEN_STOPPED && seen->exit_code == 0)
		return ACTION_UNCHANGED;
	return seen->state == SEEN_CREATED || seen->state == SEEN_STOPPED ? ACTION_START : ACTION_UNCHANGED;
}

static void mark_stale(struct work *work)
{
	for (struct reason *reason = work->reasons; reason; reason = reason->next)
		if (strcmp(reason->path, "links") == 0 || strcmp(reason->path, "secrets") == 0)
			reason->stale = true;
}

/* Changed values reach it by its onChange: made anew, or in place as far as that goes. */
static enum action action_for(struct work *work, const struct changes *changes)
{
	const struct component_spec *spec = made_from(work->instance);
	bool remade = spec->on_change->kind == ON_CHANGE_RESTART;
	bool values = changes->links || changes->secrets || changes->files;
	bool anew = changes->spec || (remade && (changes->secrets || changes->files)) ||
		    (changes->under_way && values);
	bool rolled = anew || (remade && changes->links);
	if (rolls(work) && (rolled || changes->under_way)) {
		work->parts |= PART_ROLL;
		work->order = rolled ? ORDER_ROLLING : ORDER_UNDER_WAY;
	}
	if (anew)
		return rolls(work) ? ACTION_UPDATE : ACTION_REPLACE;
	if (remade && changes->links)
		return ACTION_RELINK;
	mark_stale(work);
	/* What does not run reads them when it does; nobody is there to be told. */
	if (changes->files)
		work->parts |= PART_FILES | (work->instance->seen->state == SEEN_RUNNING ? PART_NOTICE : 0);
	if (changes->limits)
		work->parts |= PART_LIMITS;
	if (changes->cut_off)
		work->parts |= PART_JOIN;
	if (changes->count && rolls(work))
		work->parts |= PART_COUNT;
	enum action left = changes->paused ? ACTION_START : action_when_left(work);
	return work->parts && left == ACTION_UNCHANGED ? ACTION_UPDATE : left;
}

static void note_name(struct decision *decision)
{
	struct work *work = decision->work;
	if (!work->instance->generation || (work->action != ACTION_UNCHANGED &&
					    work->action != ACTION_UPDATE && work->action != ACTION_START))
		return;
	if (work->action != ACTION_START)
		work->action = ACTION_UPDATE;
	work->parts |= PART_NAME;
	because(decision, "name", work->instance->name, settled_name(work->instance),
		made_from(work->instance)->place);
}

/* Made as wanted already: it is waited for, then the older one goes. What nobody looked at of it may have
 * been edited since. */
static int go_on(struct decision *decision)
{
	struct work *work = decision->work;
	const struct component_spec *spec = made_from(work->instance);
	work->action = ACTION_REPLACE;
	work->parts |= limits_known(work) ? 0 : PART_LIMITS;
	work->order = spec->job ? ORDER_STOP_FIRST : order_beside(decision);
	const struct instance *older = work->instance->predecessor;
	older->work->stepped_aside = /* whoever was interrupted had stopped it for this one */
	    work->order == ORDER_STOP_FIRST && !spec->job && older->seen->state == SEEN_STOPPED;
	because(decision, "generation", work->instance->predecessor->name, work->instance->name, spec->place);
	return decision->failed ? -1 : 0;
}

static int decide_seen(struct decision *decision, enum resolved found)
{
	struct work *work = decision->work;
	const struct component_spec *spec = made_from(work->instance);
	if (work->instance->seen->orphan_tree) {
		because(decision, "keeper", "its keeper died and left processes", NULL, spec->place);
		work->action = ACTION_REPLACE;
		return 0;
	}
	struct changes changes = changes_of(decision, found);
	work->action = action_for(work, &changes);
	if (work->resumed && work->action != ACTION_REPLACE && work->action != ACTION_RELINK)
		return go_on(decision);
	note_name(decision);
	if (work->action != ACTION_REPLACE && work->action != ACTION_RELINK)
		return 0;
	if (work->resumed) { /* overtaken by another change: the one that was under way goes as well */
		work->resumed = false;
		work->instance->predecessor->work->leftover = true;
		work->instance->predecessor->successor = NULL;
		work->instance->predecessor = NULL;
	}
	work->order = order_of(decision);
	return work->order == ORDER_PLAIN || work->order == ORDER_ROLLING ? 0 : part_generations(decision);
}

void keep_attachments(struct instance *instance)
{
	instance->attachments = instance->seen->attachments;
	instance->attachment_count = instance->seen->attachment_count;
}

static void complain_value(struct decision *decision, const struct error *why)
{
	const struct work *work = decision->work;
	struct place place = work->fault.line ? work->fault : made_from(work->instance)->place;
	complain_error(&decision->operation->diagnostics, place, why);
}

static bool stays(enum action action)
{
	return action == ACTION_UNCHANGED || action == ACTION_UPDATE;
}

/* Could its location run it? Without values of others that are not known yet. */
static int check_spec(const struct work *work, struct error *err)
{
	owned_arena room = {0};
	struct instance_spec outline;
	if (!work->spec && spec_outline(work, &room, &outline))
		return fail_memory(err);
	if (made_from(work->instance)->marathon && !work->site->location.driver->capabilities.marathon) {
		fail(err, ERR_UNSUPPORTED, "location `%s` is no Marathon, which alone reads `marathon`",
		     work->site->location.name);
		remedy(err, "leave it out of `%s`, or give that another location",
		       work->instance->component->id);
		return -1;
	}
	return work->site->location.driver->check(&work->site->location, work->spec ? work->spec : &outline,
						  err);
}

/* Limits and the restart policy of what is there, and nothing else: what else it was made from is not asked
 * for, and may not be had now. */
static int decide_limits(struct decision *decision, struct error *err)
{
	struct work *work = decision->work;
	if (!work->instance->seen)
		return 0;
	if (limits_differ(decision)) {
		work->action = ACTION_UPDATE;
		work->parts = PART_LIMITS;
	}
	work->limits_unknown = !limits_known(work);
	keep_attachments(work->instance);
	return decision->failed ? fail_memory(err) : 0;
}

static int decide_wanted(struct decision *decision, struct error *err)
{
	struct work *work = decision->work;
	struct instance *instance = work->instance;
	const char *waits = NULL;
	struct error why = {0};
	if (instance->seen && choose_generation(decision))
		return fail_memory(err);
	if (decision->operation->verb->limits_only)
		return decide_limits(decision, err);
	work->lone = instance->others && exclusive(work);
	enum resolved found = spec_build(work, &waits, &why);
	if (found == RESOLVED_NEVER) {
		complain_value(decision, &why);
		return 0;
	}
	if (check_spec(work, &why)) {
		complain_error(&decision->operation->diagnostics, made_from(instance)->place, &why);
		return 0;
	}
	if (!instance->seen)
		work->action = ACTION_CREATE;
	else if (decide_seen(decision, found))
		return fail_memory(err);
	work->limits_unknown =
	    instance->seen && (stays(work->action) || work->action == ACTION_START) && !limits_known(work);
	if (instance->seen && stays(work->action)) {
		bool job = made_from(instance)->job;
		if (!(work->parts & PART_ROLL)) /* else its ports will be others */
			keep_attachments(instance);
		/* What was looked at is remembered when it has answered. */
		work->verify = job ? instance->seen->state == SEEN_RUNNING
				   : instance->seen->state != SEEN_RUNNING || work->looked_at ||
					 !instance_known_ready(instance) || site_changed_hands(work->site);
	}
	/* Built again when its turn comes: the values may be others by then. */
	if (!work->verify && work->action != ACTION_UPDATE)
		spec_drop(work);
	return decision->failed ? fail_memory(err) : 0;
}

/* Why what is there is not wanted. */
static int decide_unwanted(struct decision *decision, struct error *err)
{
	struct work *work = decision->work;
	const struct component *component = work->instance->component;
	static const struct place nowhere;
	bool moved = component->spec && !goes_to(component, work->site);
	work->action = ACTION_REMOVE;
	if (decision->operation->verb == &verb_destroy) /* all goes, whatever a blueprint says */
		return 0;
	because(decision,
		!component->spec           ? "component"
		: moved                    ? "location"
		: work->instance->outdated ? "quarantined"
					   : "instances",
		NULL, NULL,
		component->spec ? place_of(component->spec, moved ? "location" : "instances") : nowhere);
	return decision->failed ? fail_memory(err) : 0;
}

bool component_meant(const struct berth_operation *operation, const char *id)
{
	const char *const *names = operation->request.components;
	if (!names || !names[0])
		return true;
	for (; *names; names++)
		if (strcmp(*names, id) == 0)
			return true;
	return false;
}

/* As it is wanted, whether or not it differs from that. */
static int make_anew(struct decision *decision, struct error *err)
{
	struct work *work = decision->work;
	const char *waits = NULL;
	struct error why = {0};
	if (spec_build(work, &waits, &why) == RESOLVED_NEVER) {
		complain_value(decision, &why);
		return 0;
	}
	spec_drop(work);
	if (work->action == ACTION_CREATE)
		return 0;
	/* What was left when a former one was interrupted is gone on with, else it goes. */
	if (choose_generation(decision) || (work->resumed && go_on(decision)))
		return fail_memory(err);
	if (work->resumed)
		return 0;
	if (mend_leaves(work)) {
		work->action = ACTION_UNCHANGED;
		keep_attachments(work->instance);
		return 0;
	}
	because(decision, "instance", NULL, NULL, made_from(work->instance)->place);
	work->order = order_of(decision);
	bool beside = work->order != ORDER_PLAIN && work->order != ORDER_ROLLING;
	return (beside && part_generations(decision)) || decision->failed ? fail_memory(err) : 0;
}

/* One of the verbs that do one thing to what is there, whatever the blueprint says. */
static int decide_by_verb(struct decision *decision, struct error *err)
{
	struct work *work = decision->work;
	struct instance *instance = work->instance;
	const struct verb *verb = decision->operation->verb;
	bool meant = component_meant(decision->operation, instance->component->id);
	work->action = meant ? verb->decide(work) : ACTION_UNCHANGED;
	if (work->action == ACTION_CREATE || work->action == ACTION_REPLACE)
		return make_anew(decision, err);
	if (instance->seen)
		keep_attachments(instance);
	bool all = meant && verb->all_generations;
	for (const struct sighting *other = instance->others; other && all; other = other->next) {
		struct work *beside = survey_add_beside(work, other->seen);
		if (!beside)
			return fail_memory(err);
		beside->action = verb->decide(beside);
	}
	return 0;
}

/* Who its members are is told to those who link to a cluster. */
static bool follows_meant(const struct berth_operation *operation, const struct component *component)
{
	const struct component *all = operation->application->components;
	for (size_t i = 0; resizes(operation) && i < component->need_count; i++) {
		const struct component *provider = &all[component->needs[i].to];
		if (provider->spec && provider->spec->cluster && component_meant(operation, provider->id))
			return true;
	}
	return false;
}

/* What becomes of one that nobody can see now. */
static const char *prospect(const struct work *work)
{
	if (!work->site->failed)
		return "when its machine answers it is found as it is; it is made anew once that is removed";
	return work->site->silent ? "when its location answers it is found there; `replaceMember` makes it "
				    "anew elsewhere"
				  : "when its machine is back it is found there; taken out of the pool's "
				    "`hosts`, it is made elsewhere";
}

/* Its machine, or the location of its cluster that it is in, does not answer: it may run. */
static void leave_unseen(struct work *work)
{
	work->action = ACTION_UNCHANGED;
	if (!work->instance->wanted || !component_meant(work->operation, work->instance->component->id))
		return;
	work->unseen = true;
	fail(work_error(work), ERR_UNREACHABLE, "nobody knows whether it runs: %s", unseen_because(work));
	remedy(work_error(work), "%s", prospect(work));
}

/* A location that answers can take away what nobody sees, and make it anew, where that is wished. */
static bool is_left_unseen(const struct work *work)
{
	bool goes = !work->instance->wanted || work->operation->verb == &verb_replace;
	return work->site->failed || (unseen_because(work) && !goes);
}

static int decide(struct berth_operation *operation, struct work *work, struct error *err)
{
	struct decision decision = {.operation = operation, .work = work};
	struct instance *instance = work->instance;
	if (instance->quarantined) { /* it stays to be looked at, as it is */
		work->action = ACTION_UNCHANGED;
		keep_attachments(instance);
		return 0;
	}
	if (is_left_unseen(work)) {
		leave_unseen(work);
		return 0;
	}
	if (operation->verb->decide)
		return decide_by_verb(&decision, err);
	if (!component_meant(operation, instance->component->id) &&
	    !follows_meant(operation, instance->component)) {
		work->action = ACTION_UNCHANGED;
		if (instance->seen)
			keep_attachments(instance);
		return 0;
	}
	return instance->wanted ? decide_wanted(&decision, err) : decide_unwanted(&decision, err);
}

/* So much is put together in one turn of the loop: some milliseconds. */
#define TURN_EFFORT 20000

/* The next component to be decided: the blueprint's in their order, then what was found. */
static struct component *next_component(struct berth_operation *operation)
{
	struct application *application = operation->application;
	size_t known = application->blueprint ? application->blueprint->component_count : 0;
	size_t next = operation->planning.component;
	if (next < known && !application->order)
		next = operation->planning.component = known;
	if (next >= application->component_count)
		return NULL;
	return &application->components[next < known ? application->order[next] : next];
}

static enum progress decide_all(struct berth_operation *operation, struct error *err)
{
	struct planning *planning = &operation->planning;
	size_t pause = operation->effort + TURN_EFFORT;
	for (struct component *component; (component = next_component(operation)); planning->component++) {
		while (planning->instance < component->instance_count) {
			if (operation->effort >= pause)
				return PROGRESS_WAITING;
			if (decide(operation, component->instances[planning->instance++].work, err))
				return PROGRESS_FAILED;
			operation->effort++;
		}
		planning->instance = 0;
	}
	return PROGRESS_DONE;
}

/* An unchanged provider of somebody who is to be started is asked whether it answers. */
static void verify_providers(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const struct component *component = work->instance->component;
		bool left = stays(work->action) && !(work->parts & PART_ROLL);
		if (!work->instance->wanted || left || work->action == ACTION_STOP)
			continue;
		for (size_t e = 0; e < component->need_count; e++) {
			struct component *provider =
			    &operation->application->components[component->needs[e].to];
			bool job = provider->spec && provider->spec->job;
			for (size_t n = 0; !job && n < provider->instance_count; n++)
				provider->instances[n].work->verify |=
				    provider->instances[n].wanted &&
				    !unseen_because(provider->instances[n].work);
		}
	}
}

/* Where the verb does only a part of what the blueprint asks, the rest stays as it is. */
static void leave_others(struct berth_operation *operation)
{
	const struct verb *verb = operation->verb;
	for (size_t i = 0; verb->only && i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		if (work->action == ACTION_UNCHANGED || verb->only(work))
			continue;
		work->action = ACTION_UNCHANGED;
		work->parts = 0;
		work->verify = false;
	}
}

/* Who links to a cluster without a member is told nothing by it. */
static void warn_of_nobody(struct berth_operation *operation)
{
	const struct application *application = operation->application;
	for (size_t i = 0; operation->blueprint && i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		for (size_t e = 0; e < component->need_count && instances_of(component); e++) {
			const struct component *provider = &application->components[component->needs[e].to];
			if (component->needs[e].kind == EDGE_LINK && has_nobody(provider))
				operation_warn(operation,
					       "`%s` has no members: the link of `%s` gives no address",
					       provider->id, component->id);
		}
	}
}

enum progress plan_make(struct berth_operation *operation, struct error *err)
{
	struct planning *planning = &operation->planning;
	if (!planning->begun) {
		planning->begun = true;
		planning->errors = operation->diagnostics.errors;
		if (operation->blueprint && publications_settle(operation, err))
			return PROGRESS_FAILED;
		warn_of_nobody(operation);
	}
	enum progress progress = decide_all(operation, err);
	if (progress != PROGRESS_DONE)
		return progress;
	if (plan_removals(operation, err))
		return PROGRESS_FAILED;
	leave_others(operation);
	if (operation->diagnostics.errors > planning->errors) {
		diagnostics_sort(&operation->diagnostics);
		(void)fail_invalid(operation, err);
		return PROGRESS_FAILED;
	}
	verify_providers(operation);
	return PROGRESS_DONE;
}

bool plan_empty(const struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->action != ACTION_UNCHANGED)
			return false;
	return true;
}
