/* pool_line.c - the command that tells a proxy is begun while a member comes, and waits in the proxy's
 * container for its input: so whoever answers is told of by some bytes, and not by the start of a process,
 * which is most of what it takes.
 *
 * Nothing depends on it. What it is for has not happened yet, its end before that has no effect, and where it
 * was lost the proxy is told by a command of its own. */
#include "engine/pool_line.h"

#include <string.h>

#include "engine/pools.h"
#include "engine/reconcile.h"
#include "engine/specs.h"

struct pool_line {
	enum { LINE_NONE, LINE_OPEN, LINE_TAKEN, LINE_LOST } state;
	struct work *work;
	struct errand errand;
	struct exec_session session;
	struct arena arena; /* the session's */
};

static void woken(struct errand *errand)
{
	struct pool_line *line = errand->owner;
	work_wake(line->work);
}

static void say_nothing(void *owner, bool errors, const char *bytes, size_t count)
{
	(void)owner, (void)errors, (void)bytes, (void)count;
}

static struct pool_line *line_of(const struct work *work)
{
	return work->pool ? work->pool->line : NULL;
}

/* What is kept is told so seldom that its proxy would have a process more for nothing. */
static bool may_have_one(const struct work *work)
{
	return !work->held && !work->operation->cancelled && pool_takes_input(work) &&
	       !is_stand_in(made_from(work->instance));
}

static bool comes(const struct work *member)
{
	return member->instance->wanted && member->instance->phase == PHASE_STARTING && !member->settled;
}

static bool any_comes(const struct work *balancer)
{
	const struct component *component = balancer->instance->component;
	for (size_t i = 0; i < component->need_count; i++) {
		const struct component *provider =
		    &balancer->operation->application->components[component->needs[i].to];
		for (size_t n = 0; n < provider->instance_count; n++)
			if (comes(provider->instances[n].work))
				return true;
	}
	return false;
}

static int begin(struct pool_line *line)
{
	/* How much there is to tell comes with it. */
	static const char *const environment[] = {"berth_size=-", NULL};
	const struct command *command = &made_from(line->work->instance)->on_change->command;
	const char *waits = NULL;
	struct error err = {0};
	line->session = (struct exec_session){.user = POOL_USER,
					      .environment = environment,
					      .interactive = true,
					      .output = say_nothing,
					      .output_owner = line->work};
	line->state = LINE_OPEN;
	return spec_words(line->work, &line->arena, command, &line->session.command, &waits, &err) == RESOLVED
		   ? 0
		   : -1;
}

static struct pool_line *made(struct work *work)
{
	struct arena *arena = graph_arena(work->operation);
	if (!work->pool && !(work->pool = arena_array(arena, struct pool_words, 1)))
		return NULL;
	struct pool_line *line = work->pool->line = arena_array(arena, struct pool_line, 1);
	if (line) {
		line->work = work;
		line->errand = (struct errand){.wake = woken, .owner = line};
	}
	return line;
}

void pool_line_step(struct work *work)
{
	struct pool_line *line = line_of(work);
	struct error err = {0};
	if (!may_have_one(work) || (line ? line->state > LINE_OPEN : false))
		return;
	if ((!line || line->state == LINE_NONE) && !any_comes(work))
		return;
	if (!line && !(line = made(work)))
		return;
	if ((line->state == LINE_NONE && begin(line)) ||
	    driver_of(work)->exec(&work->site->location, &line->errand, work->operation->application->id,
				  work->instance->name, &line->session, &err) != PROGRESS_WAITING)
		pool_line_over(work, false);
}

struct exec_session *pool_line_take(struct work *work)
{
	struct pool_line *line = line_of(work);
	if (!line || line->state != LINE_OPEN || !work->handed)
		return NULL;
	const struct spec_file *file = &work->spec->files[0];
	char *input =
	    arena_format(&line->arena, "%zu\n%.*s", file->size, (int)file->size, (const char *)file->content);
	if (!input)
		return NULL;
	line->session.input.data = input;
	line->session.input.length = strlen(input);
	line->session.input_ended = true;
	line->state = LINE_TAKEN;
	return &line->session;
}

struct errand *pool_line_errand(const struct work *work)
{
	struct pool_line *line = line_of(work);
	return line && line->state == LINE_TAKEN ? &line->errand : NULL;
}

void pool_line_over(struct work *work, bool told)
{
	struct pool_line *line = line_of(work);
	driver_of(work)->drop(&work->site->location, &line->errand);
	arena_release(&line->arena);
	line->state = told ? LINE_NONE : LINE_LOST;
}

void pool_line_release(struct work *work)
{
	if (line_of(work))
		pool_line_over(work, false);
}
