/* lease.c - a deploy under way holds a lease, so that two of one owner do not interleave.
 *
 * An engine has nothing that could be locked, and labels cannot be changed once something is made. What it
 * has is volumes: created at one moment, once for a name, seen by whoever lists them afterwards. So a lease
 * is a volume `berth.lease.APP.NUMBER` with the deploy's token, and it is renewed by creating one of a higher
 * number; the older ones go afterwards, so that at any time of a holder's life one of its volumes is there.
 *
 * Who wants it creates its volume first and lists all of them then; it has the lease only when no other
 * deploy's living volume is there. Of two that both created one, whoever lists later sees the other's: never
 * do both hold it. And mostly one does: the lower number gives way, the higher one waits a moment for that,
 * and whoever held it before waits longest, since nobody else can have come to hold it meanwhile.
 *
 * A request whose answer was lost may have its effect late, when somebody else's volume could have that name
 * by then. So no name is used twice: the number is the engine's time with some chance in it, or one more than
 * the highest that is there. Should two want the same number all the same, the labels that their creation is
 * answered with are those of the first.
 *
 * A volume is expired when its age by the engine's own clock (the date of the very answer that lists it) is
 * beyond its ttl for certain: both times are whole seconds, so that it may live up to two seconds longer. No
 * clock of a deployer is asked. */
#include <stdio.h>
#include <string.h>

#include "locations/docker/docker.h"

enum { GIVE_WAY_MS = 200, WAITS = 5, HOLDERS_WAITS = 12, SLACK_MS = 1000, CREATIONS = 20, CHANCE_BITS = 20 };
enum { LONGEST_MS = 600000 };  /* no deploy asks for more at one time: what does is nobody's */
#define FAR (INT64_C(1) << 50) /* so far ahead of the engine's time, 34 years, no number of ours is */

struct entry {
	const char *name, *token, *words;
	int64_t number, left_ms; /* until it expires; 0 or less: it has */
};

struct leasing {
	struct entry *entries; /* as listed last */
	size_t count;
	int64_t now_ms; /* the engine's clock then */
	int64_t number; /* of the one created; 0: none yet */
	step *listed;   /* after each listing */
	unsigned waits;
	bool held; /* when it was asked for: it is renewed */
	bool lost; /* another has it: ours go */
	struct entry holder;
};

static step list, create, remove_next;

static const char *token_of(const struct task *task)
{
	return task->wish.lease ? task->wish.lease->token : task->wish.word ? task->wish.word : "";
}

static bool ours(const struct task *task, const struct entry *entry)
{
	return !strcmp(entry->token, token_of(task));
}

static enum progress cannot(struct task *task, struct call *call, struct error *err)
{
	return call_failed(call, err, "location `%s`: cannot keep the lease of `%s`",
			   task->docker->location->name, task->wish.app);
}

/* --- what is there --- */

/* 0 when the name is none of a lease. */
static int64_t number_of(const char *name, const char *app)
{
	static const char prefix[] = "berth.lease.";
	size_t length = strlen(app);
	int64_t number;

	if (!name || !starts_with(name, prefix) || strncmp(name + strlen(prefix), app, length) != 0 ||
	    name[strlen(prefix) + length] != '.')
		return 0;
	const char *digits = name + strlen(prefix) + length + 1;
	return *digits != '0' && parse_number(digits, 1, INT64_MAX - 1, &number) ? number : 0;
}

bool is_lease(const json_t *volume)
{
	const json_t *labels = json_object_get(volume, "Labels");
	const char *app = json_text(labels, "berth.app");

	return app && json_text(labels, "berth.lease") && number_of(json_text(volume, "Name"), app);
}

int64_t lease_left(const json_t *volume, int64_t now_ms)
{
	const char *written = json_text(json_object_get(volume, "Labels"), "berth.lease.ttl");
	int64_t since = time_of(json_text(volume, "CreatedAt")), ttl;

	if (!written || !parse_number(written, 0, LONGEST_MS, &ttl))
		ttl = 0;
	/* Taken in times to come: the engine's clock was set back, and the lease would outlast its holder by
	 * as much. One that lives is renewed by that clock soon. */
	if (since > now_ms + SLACK_MS)
		return 0;
	return since ? since + ttl + SLACK_MS - now_ms : ttl;
}

static int read_entry(struct task *task, const json_t *volume, int64_t now_ms, struct entry *ret)
{
	const json_t *labels = json_object_get(volume, "Labels");
	const char *words = json_text(labels, "berth.lease.words");

	ret->name = arena_text(&task->arena, json_text(volume, "Name"));
	ret->token = arena_text(&task->arena, json_text(labels, "berth.lease"));
	ret->words = arena_text(&task->arena, words ? words : "");
	ret->number = number_of(json_text(volume, "Name"), task->wish.app);
	ret->left_ms = lease_left(volume, now_ms);
	return ret->name && ret->token && ret->words ? 0 : -1;
}

static enum progress listed(struct task *task, struct error *err)
{
	struct leasing *leasing = task->own;
	struct call *call = &task->calls[0];

	if (!call_ok(call))
		return cannot(task, call, err);
	const json_t *volumes = call_volumes(call, err);
	if (!volumes)
		return PROGRESS_FAILED;
	if (!(leasing->now_ms = answered_at(call)))
		return call_unusable(call, err, "without a date");
	leasing->entries = arena_array(&task->arena, struct entry, json_array_size(volumes) + 1);
	leasing->count = 0;
	if (!leasing->entries)
		return out_of_memory(err);
	for (size_t i = 0; i < json_array_size(volumes); i++) {
		const json_t *volume = json_array_get(volumes, i);
		if (!is_lease(volume) || !marked(json_object_get(volume, "Labels"), task->wish.app))
			continue;
		if (read_entry(task, volume, leasing->now_ms, &leasing->entries[leasing->count++]) < 0)
			return out_of_memory(err);
	}
	return task_go(task, leasing->listed);
}

static enum progress list(struct task *task, struct error *err)
{
	const char *app = arena_format(&task->arena, "berth.app=%s", task->wish.app);
	owned_json filters = app ? json_pack("{s:[s,s]}", "label", app, "berth.lease") : NULL;
	owned_memory char *line = filters ? json_line(filters) : NULL;
	const char *value = line ? escaped(&task->arena, line) : NULL;
	const struct question question = {
	    .method = "GET",
	    .path = value ? arena_format(&task->arena, "/volumes?filters=%s", value) : NULL,
	};

	return ask(task, 0, &question, listed, err);
}

static enum progress list_then(struct task *task, step *next)
{
	struct leasing *leasing = task->own;

	leasing->listed = next;
	return task_go(task, list);
}

/* The one of another deploy that is not expired; of several the highest. */
static const struct entry *rival(const struct task *task)
{
	const struct leasing *leasing = task->own;
	const struct entry *found = NULL;

	for (size_t i = 0; i < leasing->count; i++) {
		const struct entry *entry = &leasing->entries[i];
		if (!ours(task, entry) && entry->left_ms > 0 && (!found || entry->number > found->number))
			found = entry;
	}
	return found;
}

/* --- what is not needed any more --- */

static enum progress over(struct task *task, struct error *err)
{
	const struct leasing *leasing = task->own;
	const struct lease *lease = task->wish.lease;
	struct lease holder;

	if (!lease)
		return prober_leave(task, task_done, err); /* tidied */
	if (leasing->lost)
		holder =
		    (struct lease){leasing->holder.token, leasing->holder.words, leasing->holder.left_ms};
	else
		holder = *lease;
	holder.token = arena_text(task->wish.arena, holder.token);
	holder.words = arena_text(task->wish.arena, holder.words ? holder.words : "");
	if (!holder.token || !holder.words)
		return out_of_memory(err);
	*task->wish.lease_holder = holder;
	return PROGRESS_DONE;
}

/* Ours when they were given back or another has it; else the older ones and what expired. */
static bool superfluous(const struct task *task, const struct entry *entry)
{
	const struct leasing *leasing = task->own;
	bool keeps = task->wish.lease && !leasing->lost;

	if (ours(task, entry))
		return !keeps || entry->number < leasing->number;
	return entry->left_ms <= 0;
}

static enum progress removed(struct task *task, struct error *err)
{
	struct leasing *leasing = task->own;
	struct call *call = &task->calls[0];

	/* It expires by itself: of an engine that is silent it is not asked again and again. */
	if (call_unsure(call) && call->error.code != ERR_TIMED_OUT && ++task->tries < TRIES)
		return task_go(task, remove_next);
	if (!call_ok(call) && !(call->error.code == OK && call->status == 404))
		return cannot(task, call, err);
	leasing->count--;
	return task_go(task, remove_next);
}

static enum progress remove_next(struct task *task, struct error *err)
{
	struct leasing *leasing = task->own;

	while (leasing->count && !superfluous(task, &leasing->entries[leasing->count - 1]))
		leasing->count--;
	if (!leasing->count)
		return over(task, err);
	const char *name = escaped(&task->arena, leasing->entries[leasing->count - 1].name);
	const struct question question = {
	    .method = "DELETE",
	    .path = name ? arena_format(&task->arena, "/volumes/%s", name) : NULL,
	    .limit_ms = READ_MS,
	};
	return ask(task, 0, &question, removed, err);
}

static enum progress give_way(struct task *task, const struct entry *to)
{
	struct leasing *leasing = task->own;

	leasing->lost = true;
	leasing->holder = *to;
	return task_go(task, remove_next);
}

/* --- taking --- */

static const struct entry *created_one(const struct task *task)
{
	const struct leasing *leasing = task->own;

	for (size_t i = 0; i < leasing->count; i++)
		if (ours(task, &leasing->entries[i]) && leasing->entries[i].number == leasing->number)
			return &leasing->entries[i];
	return NULL;
}

static enum progress wait_or_give_way(struct task *task, const struct entry *other, step *again,
				      struct error *err)
{
	struct leasing *leasing = task->own;
	unsigned patience = leasing->held ? HOLDERS_WAITS : other->number < leasing->number ? WAITS : 0;

	if (leasing->waits++ >= patience)
		return give_way(task, other);
	leasing->listed = again;
	return task_pause(task, GIVE_WAY_MS, list, err);
}

static enum progress judge_again(struct task *task, struct error *err)
{
	const struct entry *other = rival(task);

	if (!created_one(task))
		return task_go(task, create); /* the request was lost, or another was first */
	return other ? wait_or_give_way(task, other, judge_again, err) : task_go(task, remove_next);
}

static enum progress not_ours(struct task *task, const char *name, struct error *err)
{
	fail(err, ERR_CONFLICT, "location `%s`: volume `%s` is there already and was not made by berth",
	     task->docker->location->name, name);
	remedy(err, "remove it (`docker volume rm %s`) or give the application another id", name);
	return PROGRESS_FAILED;
}

static enum progress made(struct task *task, struct error *err)
{
	static const char *const texts[] = {"Name", NULL};
	struct call *call = &task->calls[0];

	if (call_unsure(call) && ++task->tries < TRIES)
		return list_then(task, judge_again);
	if (!call_ok(call))
		return cannot(task, call, err);
	const json_t *volume = call_named(call, texts, "no volume", err);
	if (!volume)
		return PROGRESS_FAILED;
	if (!is_lease(volume))
		return not_ours(task, json_text(volume, "Name"), err);
	return list_then(task, judge_again);
}

/* Beyond all that are there, and none that was there before. What is far ahead of them all no deploy made,
 * and it leads to where there are no more numbers. */
static int64_t next_number(struct task *task)
{
	const struct leasing *leasing = task->own;
	struct world *world = task->docker->world;
	uint32_t chance = 0;

	(void)world->ops->random(world, &chance, sizeof(chance));
	int64_t number = (leasing->now_ms / 1000 << CHANCE_BITS) + (chance >> (32 - CHANCE_BITS));
	const int64_t most = number + FAR;
	for (size_t i = 0; i < leasing->count; i++)
		if (leasing->entries[i].number >= number && leasing->entries[i].number < most)
			number = leasing->entries[i].number + 1;
	return number;
}

static enum progress create_next(struct task *task, struct error *err)
{
	struct leasing *leasing = task->own;
	const struct lease *lease = task->wish.lease;
	char ttl[24];

	leasing->number = next_number(task);
	const char *name =
	    arena_format(&task->arena, "berth.lease.%s.%lld", task->wish.app, (long long)leasing->number);
	snprintf(ttl, sizeof(ttl), "%lld", (long long)lease->ttl_ms);
	struct question question = {
	    .method = "POST",
	    .path = "/volumes/create",
	    .body = name ? json_pack("{s:s, s:{s:s, s:s, s:s, s:s}}", "Name", name, "Labels", "berth.app",
				     task->wish.app, "berth.lease", lease->token, "berth.lease.words",
				     lease->words ? lease->words : "", "berth.lease.ttl", ttl)
			 : NULL,
	};
	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, made, err);
}

static enum progress create(struct task *task, struct error *err)
{
	const struct leasing *leasing = task->own;
	const struct entry *other = rival(task);

	if (other)
		return wait_or_give_way(task, other, create, err);
	if (++task->tries < CREATIONS)
		return create_next(task, err);
	fail(err, ERR_LOCKED,
	     "location `%s`: the lease of `%s` is taken by others again and again (number %lld)",
	     task->docker->location->name, task->wish.app, (long long)leasing->number);
	return PROGRESS_FAILED;
}

static enum progress begin_with(struct task *task, step *next, struct error *err)
{
	if (!(task->own = arena_alloc(&task->arena, sizeof(struct leasing))))
		return out_of_memory(err);
	return list_then(task, next);
}

static enum progress first_listed(struct task *task, struct error *err)
{
	struct leasing *leasing = task->own;

	for (size_t i = 0; i < leasing->count; i++)
		leasing->held |= ours(task, &leasing->entries[i]) && leasing->entries[i].left_ms > 0;
	return create(task, err);
}

enum progress lease_begin(struct task *task, struct error *err)
{
	return begin_with(task, first_listed, err);
}

/* Given back: ours, and what expired. */
enum progress tidy_begin(struct task *task, struct error *err)
{
	return begin_with(task, remove_next, err);
}
