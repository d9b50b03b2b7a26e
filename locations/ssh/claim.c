/* claim.c - who has an application on a machine, and whose deploy is under way: files there. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/ssh/machine.h"

/* The text of a line behind its colon, in `arena`; "" at the end of them. */
static const char *colon_line(const char **line, struct arena *arena)
{
	size_t length;

	if (!machine_next(*line, &length) || **line != ':')
		return "";
	char *text = arena_copy(arena, *line + 1, length - 1);
	*line += length + ((*line)[length] == '\n');
	return text;
}

int claim_lines(const char *lines, struct arena *arena, struct owner *ret_owner)
{
	struct owner owner = {0};

	owner.id = colon_line(&lines, arena);
	owner.words = colon_line(&lines, arena);
	owner.place = colon_line(&lines, arena);
	*ret_owner = owner;
	return owner.id && owner.words && owner.place ? 0 : -1;
}

static const char *after_line(const char *line)
{
	const char *end = line ? strchr(line, '\n') : NULL;

	return end ? end + 1 : "";
}

/* One line, whatever is in it. */
static void say_line(struct text *text, const char *line)
{
	for (; line && *line; line++)
		text_add_char(text, (unsigned char)*line < ' ' ? ' ' : *line);
}

static enum progress claim_begin(struct location *location, struct errand *errand, const char *app,
				 const struct owner *owner, bool adopt, struct error *err)
{
	struct task *task =
	    guard_app(app, err) ? NULL : machine_task_new(location, errand, sizeof(*task), NULL);
	owned_text lines = {0};

	if (!task)
		return fit_id(app) ? (fail_memory(err), PROGRESS_FAILED) : PROGRESS_FAILED;
	say_line(&lines, owner->id);
	text_add_char(&lines, '\n');
	say_line(&lines, owner->words);
	text_add_char(&lines, '\n');
	say_line(&lines, owner->place);
	say_variable(&task->script, "CLAIM", text_view(&lines));
	text_format(&task->script, "claim %s %s\n", app, adopt ? "yes" : "no");
	return machine_ask(task, err);
}

enum progress ssh_claim(struct location *location, struct errand *errand, const char *app,
			const struct owner *owner, bool adopt, struct arena *arena, struct owner *ret_holder,
			struct error *err)
{
	struct task *task = errand->state;

	if (!task)
		return claim_begin(location, errand, app, owner, adopt, err);
	enum progress progress = machine_answer(task, err);
	if (progress != PROGRESS_DONE)
		return progress;
	if (claim_lines(after_line(machine_line(text_view(&task->answer), "@claim")), arena, ret_holder)) {
		fail_memory(err);
		progress = PROGRESS_FAILED;
	}
	return machine_task_end(task, progress);
}

enum progress ssh_disclaim(struct location *location, struct errand *errand, const char *app,
			   struct error *err)
{
	return guard_app(app, err) ? PROGRESS_FAILED
				   : machine_do(location, errand, err, "disclaim %s\n", app);
}

/* --- leases --------------------------------------------------------------------------------- */

static enum progress lease_begin(struct location *location, struct errand *errand, const char *app,
				 const struct lease *lease, struct error *err)
{
	struct task *task =
	    guard_app(app, err) ? NULL : machine_task_new(location, errand, sizeof(*task), NULL);
	owned_text words = {0};

	if (!task)
		return fit_id(app) ? (fail_memory(err), PROGRESS_FAILED) : PROGRESS_FAILED;
	say_line(&words, lease->words);
	say_variable(&task->script, "TOKEN", lease->token);
	say_variable(&task->script, "WORDS", text_view(&words));
	text_format(&task->script, "lease %s %lld\n", app, (long long)lease->ttl_ms);
	return machine_ask(task, err);
}

enum progress ssh_lease(struct location *location, struct errand *errand, const char *app,
			const struct lease *lease, struct arena *arena, struct lease *ret_holder,
			struct error *err)
{
	struct task *task = errand->state;
	int64_t left = 0;

	if (!task)
		return lease_begin(location, errand, app, lease, err);
	enum progress progress = machine_answer(task, err);
	if (progress != PROGRESS_DONE)
		return progress;
	const char *line = machine_line(text_view(&task->answer), "@leased");
	const char *number = line ? arena_copy(arena, line, strcspn(line, "\n")) : NULL;
	line = after_line(line);
	*ret_holder = (struct lease){.token = colon_line(&line, arena)};
	ret_holder->words = colon_line(&line, arena);
	if (number && parse_number(number, 0, INT64_MAX, &left))
		ret_holder->ttl_ms = left;
	if (!number || !ret_holder->token || !ret_holder->words) {
		fail_memory(err);
		progress = PROGRESS_FAILED;
	}
	return machine_task_end(task, progress);
}

enum progress ssh_tidy(struct location *location, struct errand *errand, const char *app, const char *token,
		       struct error *err)
{
	owned_text line = {0};

	if (guard_app(app, err))
		return PROGRESS_FAILED;
	say_variable(&line, "TOKEN", token);
	return machine_do(location, errand, err, "%stidy %s\n", text_view(&line), app);
}
