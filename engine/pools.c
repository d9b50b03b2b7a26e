/* pools.c - load balancers follow those who take requests: a proxy is told anew when they are others, and who
 * leaves waits until it was. */
#include "engine/pools.h"

#include <string.h>

#include "base/cleanup.h"
#include "engine/changes.h"
#include "engine/reconcile.h"
#include "engine/specs.h"

enum { TELLING_MS = 30 * 1000, ASK_AGAIN_MS = 200 };

static const struct balancer_spec *balancer_of(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	return work->instance->wanted && spec ? spec->balancer : NULL;
}

/* --- a balancer ---------------------------------------------------------------------------------------- */

/* It has what is made of those who take requests: as a proxy, or as a list in a file. */
static bool follows_members(const struct work *work)
{
	const struct component_spec *spec = work->instance->component->spec;
	return balancer_of(work) || (work->instance->wanted && spec && spec->lists_members);
}

static bool write_lists(struct work *work, const struct value *value, struct text *to)
{
	struct error err = {0};
	bool written = value->kind != VALUE_ENDPOINTS || members_write(work, value, to, &err) == RESOLVED;
	text_add_char(to, '\n');
	for (size_t i = 0; written && i < value->part_count; i++)
		written = write_lists(work, &value->parts[i], to);
	return written;
}

/* All that its files list now. False: no memory. */
static bool lists_now(struct work *work, struct text *to)
{
	const struct component_spec *spec = work->instance->component->spec;
	bool written = true;
	for (size_t i = 0; written && i < spec->file_count; i++)
		if (spec->files[i].content)
			written = write_lists(work, spec->files[i].content, to);
	return written && !to->failed;
}

int pool_note_list(struct work *work)
{
	owned_text text = {0};
	return lists_now(work, &text) ? pool_note(work, &text) : -1;
}

/* Where nobody is left, what it has is better than nothing. */
static bool list_digest_now(struct work *work, char ret_hex[static DIGEST_HEX])
{
	owned_text text = {0};
	if (!lists_now(work, &text) || strspn(text_view(&text), "\n") == text.length)
		return false;
	return digest_hex(text_view(&text), text.length, ret_hex) == 0;
}

/* The digest of what its proxy is to be told; false: that cannot be said now. */
static bool digest_now(struct work *work, char ret_hex[static DIGEST_HEX])
{
	if (!balancer_of(work))
		return list_digest_now(work, ret_hex);
	struct error err = {0};
	owned_text text = {0};
	text.secret = true;
	return balancer_write(work, &text, &err) == RESOLVED && !text.failed &&
	       digest_hex(text_view(&text), text.length, ret_hex) == 0;
}

/* By what is remembered of what is kept: whose it is, is asked for itself, before anything is done. */
static bool files_stayed(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	const char *name = settled_name(work->instance);
	const struct known_instance *known = name ? known_of(work->operation, name) : NULL;
	return known && known->target_id && seen->target_id && !strcmp(known->target_id, seen->target_id) &&
	       known->doubt == NO_DOUBT && known->files && !strcmp(known->files, work->spec->file_digest);
}

/* Where that is not known yet, its files are compared with those that it has. */
static bool has_been_told(struct work *work)
{
	const char *waits = NULL;
	struct error err = {0};
	if (!work->instance->seen || spec_build(work, &waits, &err) != RESOLVED)
		return false;
	if (work->held ? !files_stayed(work) : files_differ(work))
		return false;
	pool_told(work);
	return true;
}

bool pool_differs(struct work *work)
{
	char digest[DIGEST_HEX];
	if (!follows_members(work) || work->operation->cancelled || !digest_now(work, digest))
		return false;
	if (!work->pool || !*work->pool->told)
		return !has_been_told(work);
	return strcmp(work->pool->told, digest) != 0;
}

/* Whether the one file of a container comes with the command that tells of it, which takes half the time of
 * putting it there before. */
bool pool_takes_input(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	return spec && spec->balancer && spec->kind == COMPONENT_DOCKER &&
	       spec->on_change->kind == ON_CHANGE_COMMAND && spec->file_count == 1;
}

bool pool_follow(struct work *work)
{
	const char *waits = NULL;
	struct error err = {0};
	work->command = NULL;
	work->intent = 0;
	if (spec_build(work, &waits, &err) != RESOLVED) {
		operation_warn(work->operation, "%s is not told who takes its requests now: %s",
			       work->instance->name, waits ? waits : err.text);
		return false;
	}
	work->handed = pool_takes_input(work);
	work->parts |= work->handed ? PART_NOTICE : PART_FILES | PART_NOTICE;
	work->started = work->followed = true;
	return true;
}

int pool_hand(struct work *work, struct exec_session *command)
{
	const struct spec_file *file = &work->spec->files[0];
	const char **environment = arena_array(&work->arena, const char *, 2);
	if (environment)
		environment[0] = arena_format(&work->arena, "berth_size=%zu", file->size);
	if (!environment || !environment[0])
		return -1;
	command->user = POOL_USER;
	command->environment = environment;
	command->input.data = arena_copy(&work->arena, file->content, file->size);
	command->input.length = file->size;
	command->interactive = command->input_ended = true;
	return command->input.data ? 0 : -1;
}

int pool_note(struct work *work, const struct text *text)
{
	if (!work->pool && !(work->pool = arena_array(graph_arena(work->operation), struct pool_words, 1)))
		return -1;
	return digest_hex(text_view(text), text->length, work->pool->next);
}

void pool_told(struct work *work)
{
	if (work->pool)
		memcpy(work->pool->told, work->pool->next, sizeof work->pool->told);
}

void pools_wake(const struct site *site)
{
	const struct berth_operation *operation = site->operation;
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->site == site && follows_members(operation->works[i]))
			work_wake(operation->works[i]);
}

/* --- who leaves ----------------------------------------------------------------------------------------- */

static bool lists(const struct balancer_pool *pool, const struct component *component,
		  const struct application *application)
{
	for (size_t i = 0; i < pool->count; i++)
		if (&application->components[pool->members[i].component] == component)
			return true;
	return false;
}

static bool sends_to(const struct balancer_spec *balancer, const struct work *member)
{
	const struct application *application = member->operation->application;
	const struct component *component = member->instance->component;
	if (lists(&balancer->members, component, application))
		return true;
	for (size_t i = 0; i < balancer->route_count; i++)
		if (lists(&balancer->routes[i].pool, component, application))
			return true;
	return false;
}

/* It runs, and has not been told yet. */
static bool is_to_be_told(struct work *balancer)
{
	switch (balancer->instance->phase) {
	case PHASE_UPDATING:
		return balancer->parts & (PART_FILES | PART_NOTICE);
	case PHASE_RUNNING:
		return pool_differs(balancer);
	default:
		return false;
	}
}

typedef bool balancer_visitor(struct work *balancer, const struct balancer_spec *spec, void *context);

/* Each that sends requests to the member and stays, until one says true. */
static bool any_balancer(const struct work *member, balancer_visitor *visit, void *context)
{
	const struct component *component = member->instance->component;
	const struct application *application = member->operation->application;
	for (size_t i = 0; i < component->consumer_count; i++) {
		const struct component *consumer = &application->components[component->consumers[i]];
		for (size_t n = 0; n < consumer->instance_count; n++) {
			struct work *work = consumer->instances[n].work;
			const struct balancer_spec *balancer = balancer_of(work);
			bool stays = work->action != ACTION_STOP && work->action != ACTION_REMOVE;
			if (balancer && stays && sends_to(balancer, member) && visit(work, balancer, context))
				return true;
		}
	}
	return false;
}

static bool is_one(struct work *balancer, const struct balancer_spec *spec, void *context)
{
	(void)balancer, (void)spec, (void)context;
	return true;
}

bool pool_awaits(const struct work *member)
{
	return any_balancer(member, is_one, NULL);
}

static bool is_untold(struct work *balancer, const struct balancer_spec *spec, void *member)
{
	(void)spec;
	if (!is_to_be_told(balancer))
		return false;
	work_note(member, "leaves %s", balancer->instance->name);
	work_wake(balancer);
	return true;
}

static bool most_drain(struct work *balancer, const struct balancer_spec *spec, void *context)
{
	int64_t *most_ms = context;
	bool runs = balancer->instance->phase == PHASE_RUNNING ||
		    balancer->instance->phase == PHASE_STARTING ||
		    balancer->instance->phase == PHASE_UPDATING;
	if (runs && spec->drain_ms > *most_ms)
		*most_ms = spec->drain_ms;
	return false;
}

/* One that had ended already leaves nobody waiting. */
static bool took_requests(const struct work *member)
{
	const struct observed *seen = member->looked ? member->looked : member->instance->seen;
	return seen && seen->state == SEEN_RUNNING;
}

bool pool_holds_back(struct work *member)
{
	int64_t now_ms = now_of(member), drain_ms = 0;
	if (member->left_pools || member->doing != DOING_NOTHING || member->operation->cancelled)
		return false;
	if (!took_requests(member))
		return false;
	if (!member->leave_by_ms)
		member->leave_by_ms = now_ms + TELLING_MS;
	if (!member->drained_ms && now_ms < member->leave_by_ms && any_balancer(member, is_untold, member)) {
		work_wake_after(member, ASK_AGAIN_MS);
		return true;
	}
	if (!member->drained_ms) {
		any_balancer(member, most_drain, &drain_ms);
		member->drained_ms = now_ms + drain_ms;
	}
	if (now_ms < member->drained_ms) {
		work_note(member, "serves those who are still there");
		work_wake_after(member, member->drained_ms - now_ms);
		return true;
	}
	member->left_pools = true;
	return false;
}
