/* phases_update.c - what changes under an instance that stays: limits, files, its name; and who is told. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/pool_line.h"
#include "engine/pools.h"
#include "engine/reconcile.h"

#define OUTPUT_LIMIT 4096

typedef enum progress part_call(struct work *work, struct error *err);

static enum progress change_limits(struct work *work, struct error *err)
{
	return driver_of(work)->update(&work->site->location, &work->errand, work->spec, err);
}

static enum progress join_network(struct work *work, struct error *err)
{
	return driver_of(work)->admit(&work->site->location, &work->errand, work->spec, err);
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* What changed no digest tells, such as an image of the same name. */
static bool nothing_differs(const struct observed *seen, const struct instance_spec *spec)
{
	return same_text(seen->digest, spec->digest) && same_text(seen->link_digest, spec->link_digest) &&
	       same_text(seen->secret_digest, spec->secret_digest) &&
	       same_text(seen->file_digest, spec->file_digest);
}

static enum progress roll(struct work *work, struct error *err)
{
	const struct observed *seen = work->instance->seen;
	work->spec->roll =
	    work->action == ACTION_RESTART ||
	    (work->action == ACTION_UPDATE && !seen->rolling && nothing_differs(seen, work->spec));
	return change_limits(work, err);
}

static enum progress write_files(struct work *work, struct error *err)
{
	return driver_of(work)->deliver(&work->site->location, &work->errand, work->spec, err);
}

/* --- telling it, by its onChange -------------------------------------------------------------------- */

static void keep_output(void *owner, bool errors, const char *bytes, size_t count)
{
	struct work *work = owner;
	(void)errors;
	if (work->log.length < OUTPUT_LIMIT)
		text_add_printable(&work->log, bytes, count);
}

static struct exec_session *make_session(struct work *work, struct error *err)
{
	const struct command *command = &made_from(work->instance)->on_change->command;
	struct exec_session *session = arena_array(&work->arena, struct exec_session, 1);
	const char *waits = NULL;
	if (!session) {
		fail_memory(err);
		return NULL;
	}
	*session = (struct exec_session){.output = keep_output, .output_owner = work};
	if (work->handed && pool_hand(work, session)) {
		fail_memory(err);
		return NULL;
	}
	if (spec_words(work, &work->arena, command, &session->command, &waits, err) == RESOLVED)
		return session;
	if (waits)
		fail(err, ERR_FAILED, "its onChange command waits for `%s`", waits);
	return NULL;
}

/* The one that was begun before, where there is one. */
static struct exec_session *begun_before(struct work *work)
{
	struct exec_session *session = pool_line_take(work);
	if (session) {
		session->output = keep_output;
		session->output_owner = work;
	}
	return session;
}

static enum progress run_command(struct work *work, struct error *err)
{
	if (!work->command && !(work->command = begun_before(work)) &&
	    !(work->command = make_session(work, err)))
		return PROGRESS_FAILED;
	struct errand *before = pool_line_errand(work);
	enum progress progress =
	    driver_of(work)->exec(&work->site->location, before ? before : &work->errand,
				  work->operation->application->id, work->instance->name, work->command, err);
	int code = work->command->code;
	if (progress == PROGRESS_WAITING)
		return progress;
	work->command = NULL; /* begun anew it has its input anew */
	if (before)
		pool_line_over(work, progress == PROGRESS_DONE);
	if (before && progress == PROGRESS_FAILED)
		return run_command(work, err); /* it was lost: by one of its own */
	if (progress != PROGRESS_DONE || code == 0)
		return progress;
	fail(err, ERR_FAILED, "its onChange command ended with code %d", code);
	return PROGRESS_FAILED;
}

static enum progress tell_of_change(struct work *work, struct error *err)
{
	const struct on_change *on_change = made_from(work->instance)->on_change;
	switch (on_change->kind) {
	case ON_CHANGE_SIGNAL:
		return driver_of(work)->signal(&work->site->location, &work->errand,
					       work->operation->application->id, work->instance->name,
					       on_change->signal, err);
	case ON_CHANGE_COMMAND:
		return run_command(work, err);
	default:
		return PROGRESS_DONE;
	}
}

/* --- the parts, one after the other --------------------------------------------------------------- */

static const struct part {
	unsigned bit;
	enum doing doing;
	part_call *call;
	const char *what;
} parts[] = {
    {PART_JOIN, DOING_ADMIT, join_network, "it is put on its network again"},
    {PART_ROLL, DOING_UPDATE, roll, "its target makes its tasks anew"},
    {PART_COUNT, DOING_UPDATE, change_limits, "its target makes more tasks, or fewer"},
    {PART_LINKS, DOING_UPDATE, change_limits, "it is told where those that it needs are now"},
    {PART_LIMITS, DOING_UPDATE, change_limits, "its limits are changed in place"},
    {PART_FILES, DOING_DELIVER, write_files, "its files are written"},
    {PART_NOTICE, DOING_SIGNAL, tell_of_change, "it is told of the change"},
};

static const struct part *next_part(const struct work *work)
{
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (work->parts & parts[i].bit && (work->started || parts[i].bit != PART_NOTICE))
			return &parts[i];
	return NULL;
}

/* What the target cannot do to it after all takes another instance. */
static enum phase remake(struct work *work)
{
	work->action = ACTION_REPLACE;
	work->order = ORDER_PLAIN;
	work->parts = 0;
	work->made = true;
	return PHASE_STOPPING;
}

/* Its target is done with it: do its tasks answer, and where are they now? */
static enum phase rolled(struct work *work)
{
	work->parts &= ~(unsigned)PART_COUNT;
	work->started = work->look_due = true;
	work->checks_done = 0;
	return PHASE_STARTING;
}

static enum phase do_part(struct work *work, const struct part *part)
{
	struct error err = {0};
	bool failed = false;
	if (!intent_durable(work, "change", &failed))
		return failed ? work_break(work, work_error(work)) : PHASE_UPDATING;
	if (!call_may_begin(work, part->doing))
		return PHASE_UPDATING;
	if (!work->errand.note)
		work_note(work, "%s",
			  part->bit == PART_ROLL && work->order == ORDER_UNDER_WAY
			      ? "its target is at it already, which is waited for"
			      : part->what);
	enum progress progress = part->call(work, &err);
	switch (call_ended(work, progress, &err)) {
	case CALL_STAY:
		return PHASE_UPDATING;
	case CALL_FAIL:
		work->kept =
		    part->bit & (PART_ROLL | PART_COUNT) && err.code == ERR_FAILED; /* it was taken back */
		return err.code == ERR_UNSUPPORTED && part->bit == PART_LIMITS
			   ? remake(work)
			   : work_break(work, work_error(work));
	default:
		break;
	}
	work->parts &= ~part->bit;
	work->operation->changed = true;
	if (part->bit == PART_FILES || (part->bit == PART_NOTICE && work->handed))
		pool_told(work);
	if (part->bit & (PART_ROLL | PART_COUNT))
		return rolled(work);
	bool told = part->bit == PART_NOTICE && made_from(work->instance)->on_change->kind != ON_CHANGE_NONE;
	work->look_due |= part->bit == PART_JOIN; /* its address may be another one */
	if (told || part->bit == PART_JOIN) {
		work->checks_done = 0; /* does it still answer? */
		return PHASE_STARTING;
	}
	work_wake(work);
	return PHASE_UPDATING;
}

/* A job that had come to its end has come to it still; what was not to be started is as stopped as it was. */
static enum phase settled_phase(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	if (work->left_stopped)
		return PHASE_STOPPED;
	return spec && spec->job ? PHASE_FINISHED : PHASE_RUNNING;
}

/* --- its own name ---------------------------------------------------------------------------------- */

static enum phase named(struct work *work, const char *name)
{
	struct instance *instance = work->instance;
	if (work_rename(work, name))
		return work_break(work, (fail_memory(work_error(work)), work_error(work)));
	instance->generation = 0;
	work->spec->name = name;
	work->spec->generation = 0;
	work->parts &= ~PART_NAME;
	work->operation->changed = true;
	return settled_phase(work);
}

/* It serves, whatever it is called: the next deploy tries again. */
static enum phase settle_name(struct work *work)
{
	struct error err = {0};
	const char *name = settled_name(work->instance);
	if (!name)
		return work_break(work, (fail_memory(work_error(work)), work_error(work)));
	if (!call_may_begin(work, DOING_RENAME))
		return PHASE_UPDATING;
	enum progress progress =
	    driver_of(work)->rename(&work->site->location, &work->errand, work->operation->application->id,
				    work->instance->name, name, &err);
	switch (call_ended(work, progress, &err)) {
	case CALL_STAY:
		return PHASE_UPDATING;
	case CALL_FAIL:
		fail(work_error(work), err.code, "it serves, but is still called %s: %s",
		     work->instance->name, err.text);
		remedy(work_error(work), "%s", err.remedy);
		return work_break(work, work_error(work));
	default:
		return named(work, name);
	}
}

static enum phase finish(struct work *work)
{
	const struct instance *older = work->instance->predecessor;
	if (older && older->phase != PHASE_GONE && older->phase != PHASE_BROKEN) {
		work_note(work, "serves; %s goes", older->name);
		work_wake(older->work);
		return PHASE_UPDATING;
	}
	bool free_name = !work->operation->verb->limits_only && (!older || older->phase == PHASE_GONE);
	if (work->instance->generation && free_name && work->operation->first_removals) {
		work_note(work, "waits until what has its name has gone");
		return PHASE_UPDATING;
	}
	return work->instance->generation && free_name ? settle_name(work) : settled_phase(work);
}

enum phase step_updating(struct work *work)
{
	if (work->operation->cancelled && work->doing == DOING_NOTHING) {
		work->halted = true;
		work_settle(work);
		return PHASE_UPDATING;
	}
	if (!work->spec && !spec_outlined(work))
		return work_break(work, work_error(work));
	if (!turn_take(work))
		return work->instance->component->stuck ? work_break(work, work_error(work)) : PHASE_UPDATING;
	const struct part *part = next_part(work);
	if (part)
		return do_part(work, part);
	/* One that is not known to answer is asked, and gets the name it shares, whatever else was due:
	 * whoever starts because of it is to find it answering. */
	if (!work->started || (work->verify && !work->answered))
		return PHASE_STARTING;
	return finish(work);
}
