/* conformance_inside.c - what every driver must do inside an instance: its files, signals and commands. */
#include <string.h>

#include "base/cleanup.h"
#include "tests/conformance/rig.h"

/* --- files --- */

static const char secret[] = "hush-4d1f0c9b";

static struct spec_file *with_file(struct rig *rig, struct instance_spec *spec, const char *content)
{
	struct spec_file *file = arena_array(&rig->arena, struct spec_file, 1);

	*file = (struct spec_file){
	    .path = arena_format(&rig->arena, "%s/note", rig->subject->directory),
	    .content = content,
	    .size = strlen(content),
	    .mode = 0600,
	};
	spec->files = file;
	spec->file_count = 1;
	memset(spec->file_digest, 'f', sizeof(spec->file_digest) - 1);
	return file;
}

static void file_is(struct rig *rig, const char *name, const struct spec_file *file)
{
	struct text found = {0};
	unsigned mode = 0;

	cr_assert(rig->subject->file(rig->subject, name, file->path, &found, &mode) == 0,
		  "`%s` has no file %s", name, file->path);
	cr_assert(found.length == file->size && !memcmp(text_view(&found), file->content, file->size),
		  "%s has \"%s\"", file->path, text_view(&found));
	cr_assert((mode & 07777) == file->mode, "%s has mode %o, not %o", file->path, mode, file->mode);
	text_release(&found);
}

void conformance_files_are_there_before_the_start(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	const struct spec_file *file = with_file(rig, spec, "one\n");
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE, "%s", rig->error.text);
	struct observed seen = rig_look(rig, spec->name);
	cr_assert(seen.state == SEEN_CREATED);
	cr_assert_str_eq(seen.file_digest, spec->file_digest);
	file_is(rig, spec->name, file);
	rig_run(rig, spec);
	file_is(rig, spec->name, file);
	rig_close(rig);
}

void conformance_files_are_delivered_without_a_restart(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	with_file(rig, spec, "one\n");
	rig_run(rig, spec);
	struct observed before = rig_look(rig, spec->name);
	struct spec_file *file = with_file(rig, spec, "something longer\n");
	file->mode = 0644;
	MUST(rig, ASK(deliver, spec));
	MUST(rig, ASK(deliver, spec));
	file_is(rig, spec->name, file);
	struct observed after = rig_look(rig, spec->name);
	cr_assert(after.state == SEEN_RUNNING);
	cr_assert_str_eq(after.target_id, before.target_id);
	cr_assert(after.started_ms == before.started_ms && after.exits == before.exits, "it was restarted");
	/* Also while it does not run, and there when it runs again. */
	MUST(rig, ASK(stop, subject->app, spec->name));
	file = with_file(rig, spec, "short\n");
	MUST(rig, ASK(deliver, spec));
	file_is(rig, spec->name, file);
	MUST(rig, ASK(start, spec));
	file_is(rig, spec->name, file);
	MUST_NOT(rig, ERR_MISSING, ASK(deliver, rig_spec(rig, "absent", STAYS, 0)));
	rig_close(rig);
}

static void add_observed(struct text *text, const struct observed *seen)
{
	const char *const told[] = {
	    seen->name,          seen->target_id,   seen->digest, seen->link_digest, seen->secret_salt,
	    seen->secret_digest, seen->file_digest, seen->type,   seen->image_id,    seen->error};

	for (size_t i = 0; i < COUNT_OF(told); i++)
		text_format(text, "%s\n", told[i] ? told[i] : "");
}

static void add_output(void *owner, bool errors, const char *bytes, size_t count)
{
	(void)errors;
	text_add_bytes(owner, bytes, count);
}

static void nobody_sees_the_secret(struct rig *rig, const char *name)
{
	const struct list_request request = {.app = rig->subject->app};
	const struct log_options options = {.tail = -1};
	struct inventory inventory = {0};
	struct text text = {0};

	struct observed seen = rig_look(rig, name);
	add_observed(&text, &seen);
	MUST(rig, ASK(list, &request, &inventory));
	for (size_t i = 0; i < inventory.instance_count; i++)
		add_observed(&text, &inventory.instances[i]);
	inventory_release(&inventory);
	MUST(rig, ASK(logs, rig->subject->app, name, &options, add_output, &text));
	if (rig->subject->shown)
		cr_assert(rig->subject->shown(rig->subject, name, &text) == 0);
	cr_assert(!text.failed && strstr(text_view(&text), name), "nothing was looked at");
	cr_assert(!memmem(text.data, text.length, secret, strlen(secret)), "the secret is shown");
	text_release(&text);
}

void conformance_secret_file_is_shown_nowhere(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	struct spec_file *file = with_file(rig, spec, secret);
	file->secret = true;
	rig_run(rig, spec);
	file_is(rig, spec->name, file);
	nobody_sees_the_secret(rig, spec->name);
	MUST(rig, ASK(deliver, spec));
	nobody_sees_the_secret(rig, spec->name);
	rig_close(rig);
}

/* --- signals --- */

void conformance_signal_reaches_the_main_process(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "ear", LISTENS, 0);
	rig_run(rig, spec);
	rig_until_said(rig, spec->name, "listening");
	struct observed before = rig_look(rig, spec->name);
	MUST(rig, ASK(signal, subject->app, spec->name, "HUP"));
	rig_until_said(rig, spec->name, "heard");
	struct observed after = rig_look(rig, spec->name);
	cr_assert(after.state == SEEN_RUNNING && after.started_ms == before.started_ms);
	MUST(rig, ASK(stop, subject->app, spec->name));
	MUST_NOT(rig, ERR_FAILED, ASK(signal, subject->app, spec->name, "HUP"));
	const char *absent = instance_name(&rig->arena, subject->app, "absent", 1);
	MUST_NOT(rig, ERR_MISSING, ASK(signal, subject->app, absent, "HUP"));
	rig_close(rig);
}

/* --- commands --- */

/* One command inside an instance, and what it wrote. */
struct talk {
	struct exec_session session;
	struct text output, errors;
	const char *awaited;
	const struct rig *rig;
};

static void collect(void *owner, bool errors, const char *bytes, size_t count)
{
	struct talk *talk = owner;

	text_add_bytes(errors ? &talk->errors : &talk->output, bytes, count);
}

static void to_run(struct talk *talk, const char *const *command)
{
	talk->session.command = command;
	talk->session.output = collect;
	talk->session.output_owner = talk;
	talk->session.code = -1;
}

static void talk_release(struct talk *talk)
{
	text_release(&talk->session.input);
	text_release(&talk->output);
	text_release(&talk->errors);
}

/* In an instance of its own; the rig is opened here and closed by `leave`. */
static const char *enter(struct rig *rig, struct subject *subject)
{
	rig_open(rig, subject);
	const struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	return spec->name;
}

static void leave(struct rig *rig, struct talk *talk)
{
	talk_release(talk);
	rig_close(rig);
}

#define SHELL(words) ((const char *const[]){"/bin/sh", "-c", words, NULL})

void conformance_exec_gives_both_streams_and_the_code(struct subject *subject)
{
	struct talk talk = {0};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	struct observed before = rig_look(rig, name);
	to_run(&talk, SHELL(RUN_SPEAKS));
	MUST(rig, ASK(exec, subject->app, name, &talk.session));
	cr_assert_str_eq(text_view(&talk.output), "out\n");
	cr_assert_str_eq(text_view(&talk.errors), "err\n");
	cr_assert(talk.session.code == 7, "its code is %d", talk.session.code);
	struct observed after = rig_look(rig, name);
	cr_assert(after.state == SEEN_RUNNING && after.started_ms == before.started_ms);
	cr_assert(rig_count(rig, subject->app) == 1);
	leave(rig, &talk);
}

void conformance_exec_tells_the_signal_that_ended_it(struct subject *subject)
{
	struct talk talk = {0};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	to_run(&talk, SHELL(RUN_DIES));
	MUST(rig, ASK(exec, subject->app, name, &talk.session));
	cr_assert(talk.session.code == 128 + 15, "its code is %d", talk.session.code);
	leave(rig, &talk);
}

void conformance_exec_gives_much_output_whole(struct subject *subject)
{
	struct talk talk = {0};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	to_run(&talk, SHELL(RUN_MUCH));
	MUST(rig, ASK(exec, subject->app, name, &talk.session));
	cr_assert(talk.output.length == 300000, "%zu bytes of 300000", talk.output.length);
	cr_assert(strspn(text_view(&talk.output), "x") == 300000);
	cr_assert_str_eq(text_view(&talk.errors), "");
	leave(rig, &talk);
}

static bool woken_or_said(void *owner)
{
	const struct talk *talk = owner;

	return talk->rig->woken || strstr(text_view(&talk->output), talk->awaited);
}

/* Ask on until the words came out, while the command still runs. */
static void until_answered(struct rig *rig, const char *name, struct talk *talk, const char *words)
{
	talk->awaited = words;
	talk->rig = rig;
	for (int i = 0; i < 1000 && !strstr(text_view(&talk->output), words); i++) {
		rig->woken = false;
		enum progress progress = ASK(exec, rig->subject->app, name, &talk->session);
		cr_assert(progress == PROGRESS_WAITING, "it ended before its input did: %s", rig->error.text);
		cr_assert(rig->subject->pump(rig->subject, woken_or_said, talk, 60000),
			  "it does not answer \"%s\"", words);
	}
	cr_assert(strstr(text_view(&talk->output), words), "it does not answer \"%s\"", words);
}

static const char *const cat[] = {"cat", NULL};

void conformance_exec_gives_back_its_input(struct subject *subject)
{
	struct talk talk = {.session.interactive = true};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	to_run(&talk, cat);
	rig_errand(rig);
	text_add(&talk.session.input, "one\n");
	until_answered(rig, name, &talk, "one\n");
	text_add(&talk.session.input, "two\n");
	until_answered(rig, name, &talk, "two\n");
	text_add(&talk.session.input, "three\n");
	talk.session.input_ended = true;
	enum progress progress;
	while (rig->woken = false,
	       (progress = ASK(exec, subject->app, name, &talk.session)) == PROGRESS_WAITING)
		rig_wait(rig, "exec");
	cr_assert(progress == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert_str_eq(text_view(&talk.output), "one\ntwo\nthree\n");
	cr_assert(talk.session.code == 0 && !talk.session.input.length);
	leave(rig, &talk);
}

void conformance_exec_without_input_reads_its_end(struct subject *subject)
{
	struct talk talk = {0};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	to_run(&talk, cat);
	MUST(rig, ASK(exec, subject->app, name, &talk.session));
	cr_assert_str_eq(text_view(&talk.output), "");
	cr_assert(talk.session.code == 0, "its code is %d", talk.session.code);
	leave(rig, &talk);
}

void conformance_exec_on_a_terminal_has_its_size(struct subject *subject)
{
	struct talk talk = {
	    .session = {.terminal = true, .interactive = true, .rows = 24, .columns = 80, .resized = true}};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	to_run(&talk, SHELL("echo begun; " RUN_SIZED));
	rig_errand(rig);
	until_answered(rig, name, &talk, "begun");
	talk.session.rows = 33;
	talk.session.columns = 77;
	talk.session.resized = true;
	enum progress progress;
	while (rig->woken = false,
	       (progress = ASK(exec, subject->app, name, &talk.session)) == PROGRESS_WAITING)
		rig_wait(rig, "exec");
	cr_assert(progress == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert(strstr(text_view(&talk.output), "sized"), "%s", text_view(&talk.output));
	cr_assert_str_eq(text_view(&talk.errors), "", "a terminal has one stream");
	cr_assert(talk.session.code == 0 && !talk.session.resized);
	leave(rig, &talk);
}

void conformance_exec_runs_where_it_is_told(struct subject *subject)
{
	struct talk talk = {.session.directory = "/tmp"};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	to_run(&talk, SHELL("pwd"));
	MUST(rig, ASK(exec, subject->app, name, &talk.session));
	cr_assert_str_eq(text_view(&talk.output), "/tmp\n");
	leave(rig, &talk);
}

static const char *const no_command[] = {"/no/such/command", NULL}, *const no_program[] = {"/etc/passwd",
											   NULL};

void conformance_exec_of_no_command_is_missing(struct subject *subject)
{
	struct talk talk = {0};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	to_run(&talk, no_command);
	MUST_NOT(rig, ERR_MISSING, ASK(exec, subject->app, name, &talk.session));
	cr_assert_str_eq(text_view(&talk.output), "");
	cr_assert(talk.session.code == 127, "its code is %d", talk.session.code);
	cr_assert(rig_look(rig, name).state == SEEN_RUNNING);
	leave(rig, &talk);
}

void conformance_exec_of_what_cannot_run_is_denied(struct subject *subject)
{
	struct talk talk = {0};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	to_run(&talk, no_program);
	MUST_NOT(rig, ERR_DENIED, ASK(exec, subject->app, name, &talk.session));
	cr_assert_str_eq(text_view(&talk.output), "");
	cr_assert(talk.session.code == 126, "its code is %d", talk.session.code);
	leave(rig, &talk);
}

void conformance_exec_needs_a_running_instance(struct subject *subject)
{
	struct talk talk = {0};
	struct rig rig[1];

	const char *name = enter(rig, subject);
	to_run(&talk, SHELL(RUN_SPEAKS));
	MUST(rig, ASK(stop, subject->app, name));
	MUST_NOT(rig, ERR_FAILED, ASK(exec, subject->app, name, &talk.session));
	const char *absent = instance_name(&rig->arena, subject->app, "absent", 1);
	MUST_NOT(rig, ERR_MISSING, ASK(exec, subject->app, absent, &talk.session));
	cr_assert_str_eq(text_view(&talk.output), "");
	leave(rig, &talk);
}
