/* calls.c - the functions of the script on a simulated machine reached by SSH: instances are made, started,
 * ended and changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"
#include "simulation/ssh/model.h"

/* What each is given: the whole script, and the line that calls it. */
struct asked {
	struct ssh_machine *machine;
	const struct statement *list, *call;
	const char *app, *name;
	struct there *there; /* of ours, of that name; or NULL */
	struct text *out;
	struct there *waits; /* the answer comes when that has ended */
	int64_t grace_ms;
};

static bool wrong(const struct asked *asked, const char *kind, const char *words)
{
	text_format(asked->out, "!%s %s\n", kind, words);
	return false;
}

static bool missing(const struct asked *asked)
{
	text_format(asked->out, "!missing %s is not there\n", asked->name);
	return false;
}

static bool well(const struct asked *asked, const char *word)
{
	text_format(asked->out, "@%s\n", word);
	return true;
}

/* --- files -------------------------------------------------------------------------------------------- */

static void free_files(struct there *there)
{
	while (there->files) {
		struct file_there *file = there->files;
		there->files = file->next;
		free(file->path);
		free(file->content);
		free(file);
	}
}

/* "printf %s CONTENT | file MODE OWNER PATH || return 1" */
static void put_file(struct there *there, const struct statement *line)
{
	struct file_there *file = ssh_need(calloc(1, sizeof(*file)));
	owned_text bytes = {0};

	if (!strcmp(line->words[1], "%b"))
		script_bytes(line->words[2], &bytes);
	else
		text_add(&bytes, line->words[2]);
	file->path = ssh_need(strdup(line->words[7]));
	file->mode = (unsigned)strtoul(line->words[5], NULL, 8);
	file->size = bytes.length;
	file->content = ssh_need(text_take(&bytes));
	file->next = there->files;
	there->files = file;
}

static void put_files(struct there *there, const struct asked *asked)
{
	free_files(there);
	for (const struct statement *line = asked->list; line != asked->call; line = line->next)
		if (line->count > 7 && !strcmp(line->words[0], "printf"))
			put_file(there, line);
}

/* --- an instance -------------------------------------------------------------------------------------- */

static void set_mark(struct there *there, const char *key, const char *value)
{
	owned_text lines = {0};
	size_t length = strlen(key);

	for (const char *line = there->manifest; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, key, length) != 0 || line[length] != '=')
			text_format(&lines, "%.*s\n", (int)strcspn(line, "\n"), line);
	text_format(&lines, "%s=%s\n", key, value);
	free(there->manifest);
	there->manifest = ssh_need(text_take(&lines));
}

static bool same_spec(const struct there *there, const char *manifest)
{
	char is[200] = "", wanted[200] = "";

	ssh_mark(there->manifest, "spec", is, sizeof(is));
	ssh_mark(manifest, "spec", wanted, sizeof(wanted));
	return !strcmp(is, wanted);
}

static void forget(struct there *there)
{
	free_files(there);
	free(there->manifest);
	there->manifest = NULL;
	launch_forgotten(&there->launch);
	text_clear(&there->log);
	there->noted = (struct noted){0};
	there->stopping = false;
}

static struct there *make(struct asked *asked)
{
	struct folder *folder = folder_make(asked->machine, asked->app);
	struct there *there = there_find(asked->machine, asked->app, asked->name);

	if (there || !folder)
		return there;
	there = ssh_need(calloc(1, sizeof(*there)));
	there->machine = asked->machine;
	there->folder = folder;
	there->name = ssh_need(strdup(asked->name));
	there->next = folder->instances;
	folder->instances = there;
	return there;
}

/* EXCLUSIVE=yes: the whole machine is that application's. */
static bool hold_machine(const struct asked *asked)
{
	struct ssh_machine *machine = asked->machine;

	if (!*script_variable(asked->list, asked->call, "EXCLUSIVE"))
		return true;
	if (!*machine->held_by)
		snprintf(machine->held_by, sizeof(machine->held_by), "%s", asked->app);
	if (!strcmp(machine->held_by, asked->app))
		return true;
	text_format(asked->out, "!conflict the machine is held by %s\n", machine->held_by);
	return false;
}

static bool place(struct asked *asked)
{
	static const char *const kept[] = {"created", "incarnation", "work"};
	const char *manifest = script_variable(asked->list, asked->call, "MANIFEST");
	struct there *there = make(asked);
	char values[COUNT_OF(kept)][300] = {""};
	bool again = false;

	if (!there)
		return wrong(asked, "failed", "cannot make it");
	if (there->foreign && !there->manifest)
		return wrong(asked, "conflict", "it holds files that berth did not make");
	if (!hold_machine(asked))
		return false;
	if (there->manifest) {
		again = same_spec(there, manifest);
		if (again && is_kept(there) && !there->stopping)
			return well(asked, "placed");
		life_end(there);
		for (size_t i = 0; i < COUNT_OF(kept); i++)
			ssh_mark(there->manifest, kept[i], values[i], sizeof(values[i]));
		if (!again)
			forget(there);
	}
	if (asked->machine->full)
		return wrong(asked, "failed", "cannot write to it");
	launch_kept(&there->launch, script_variable(asked->list, asked->call, "LAUNCH"));
	free(there->manifest);
	there->manifest = ssh_need(strdup(manifest));
	for (size_t i = 0; i < COUNT_OF(kept) && again; i++)
		set_mark(there, kept[i], values[i]);
	put_files(there, asked);
	return well(asked, "placed");
}

static bool start(struct asked *asked)
{
	struct there *there = asked->there;
	char spec[200] = "";

	if (!there)
		return missing(asked);
	ssh_mark(there->manifest, "spec", spec, sizeof(spec));
	if (*asked->call->words[3] && strcmp(asked->call->words[3], spec) != 0)
		return wrong(asked, "missing", "it was made otherwise");
	if (is_kept(there) && !there->stopping)
		return well(asked, "started");
	bool stopping = there->stopping;
	life_end(there);
	there->stopping = stopping;
	for (size_t i = 4; i < asked->call->count; i++)
		if (!strncmp(asked->call->words[i], "tcp:", 4) &&
		    port_is_held(asked->machine, there,
				 (uint16_t)strtoul(asked->call->words[i] + 4, NULL, 16)))
			return wrong(asked, "conflict", "a port is in use on the machine");
	there->stopping = false;
	return life_begin(there) ? well(asked, "started")
				 : wrong(asked, "failed", "its keeper did not come up");
}

static bool stop(struct asked *asked)
{
	struct there *there = there_find(asked->machine, asked->app, asked->name);
	char grace[24] = "10000";

	if (!there)
		return well(asked, "stopped");
	if (!there->manifest)
		return wrong(asked, "conflict", "it is none of berth's");
	if (life_stop(there))
		return well(asked, "stopped");
	ssh_mark(there->manifest, "grace", grace, sizeof(grace));
	asked->waits = there;
	asked->grace_ms = atoll(asked->call->words[3]) < 0 ? atoll(grace) : atoll(asked->call->words[3]);
	return true;
}

static bool take_away(struct asked *asked)
{
	struct ssh_machine *machine = asked->machine;
	struct there *there = there_find(machine, asked->app, asked->name);
	struct folder *folder = folder_find(machine, asked->app);

	if (there && there->foreign && !there->manifest)
		return wrong(asked, "conflict", "it holds files that berth did not make");
	if (there) {
		life_end(there);
		there_leave(there);
	}
	if (folder && !folder->instances && !strcmp(machine->held_by, asked->app))
		*machine->held_by = '\0';
	folder_drop(machine, asked->app);
	return well(asked, "removed");
}

static bool move(struct asked *asked)
{
	const char *to = asked->call->words[3];
	struct there *from = asked->there;
	struct there *other = there_find(asked->machine, asked->app, to);

	if (!there_find(asked->machine, asked->app, asked->name) && other && other->manifest)
		return well(asked, "renamed");
	if (!from)
		return missing(asked);
	if (other)
		return wrong(asked, "conflict", "it is there already");
	free(from->name);
	from->name = ssh_need(strdup(to));
	return well(asked, "renamed");
}

/* --- what is there changes -------------------------------------------------------------------------------
 */

static bool signal_it(struct asked *asked)
{
	if (!asked->there)
		return missing(asked);
	return life_signal(asked->there, signal_number(asked->call->words[3]))
		   ? well(asked, "signalled")
		   : wrong(asked, "failed", "it does not run");
}

static bool remark(struct asked *asked)
{
	if (!asked->there)
		return missing(asked);
	if (asked->machine->full)
		return wrong(asked, "failed", "cannot write its manifest");
	for (size_t i = 3; i + 1 < asked->call->count; i += 2)
		set_mark(asked->there, asked->call->words[i], asked->call->words[i + 1]);
	return well(asked, "marked");
}

static bool deliver(struct asked *asked)
{
	if (!asked->there)
		return missing(asked);
	if (asked->machine->full)
		return wrong(asked, "failed", "its files cannot be written");
	put_files(asked->there, asked);
	return well(asked, "delivered");
}

/* --- what is asked of one that runs ------------------------------------------------------------------------
 */

static bool does_run(const struct asked *asked)
{
	const struct there *there = asked->there;

	return there && is_kept(there) && programs_alive(there) && !there->stopping;
}

static bool runs(struct asked *asked)
{
	if (!asked->there)
		return missing(asked);
	return does_run(asked) ? well(asked, "runs") : wrong(asked, "failed", "it does not run");
}

static bool ready(struct asked *asked)
{
	if (!asked->there)
		return missing(asked);
	if (!does_run(asked) || asked->machine->full)
		return wrong(asked, "failed", "it does not run");
	snprintf(asked->there->ready, sizeof(asked->there->ready), "%s", asked->call->words[3]);
	return well(asked, "ready");
}

static bool usage(struct asked *asked)
{
	if (!asked->there)
		return missing(asked);
	if (!programs_alive(asked->there))
		return wrong(asked, "failed", "it does not run");
	text_format(asked->out, "@usage 12 345 %u 100 4096 %lld\n", programs_alive(asked->there),
		    (long long)machine_clock(asked->machine));
	return true;
}

/* --- of the machine and of applications
 * --------------------------------------------------------------------- */

static bool listing(struct asked *asked)
{
	tell_listing(asked->machine, asked->app, asked->out);
	return true;
}

static bool look(struct asked *asked)
{
	tell_look(asked->machine, asked->app, asked->name, asked->out);
	return true;
}

static bool facts(struct asked *asked)
{
	tell_facts(asked->out);
	return true;
}

static bool prepare(struct asked *asked)
{
	return folder_make(asked->machine, asked->app) ? well(asked, "prepared")
						       : wrong(asked, "failed", "cannot make it");
}

static bool let_go(struct asked *asked)
{
	folder_drop(asked->machine, asked->app);
	return well(asked, "released");
}

static bool claim(struct asked *asked)
{
	return call_claim(asked->machine, asked->list, asked->call, asked->out);
}

static bool disclaim(struct asked *asked)
{
	return call_disclaim(asked->machine, asked->call, asked->out);
}

static bool lease(struct asked *asked)
{
	return call_lease(asked->machine, asked->list, asked->call, asked->out);
}

static bool tidy(struct asked *asked)
{
	return call_tidy(asked->machine, asked->list, asked->call, asked->out);
}

bool call_function(struct ssh_machine *machine, const struct statement *list, const struct statement *call,
		   struct text *out, struct there **ret_waits, int64_t *ret_grace_ms)
{
	static const struct {
		const char *name;
		size_t words; /* at least, with its own */
		bool (*call)(struct asked *);
	} functions[] = {
	    {"place", 3, place}, {"start", 4, start},       {"stop", 4, stop},       {"remove", 3, take_away},
	    {"rename", 4, move}, {"signal", 4, signal_it},  {"remark", 5, remark},   {"deliver", 3, deliver},
	    {"runs", 3, runs},   {"ready", 4, ready},       {"usage", 3, usage},     {"listing", 2, listing},
	    {"look", 3, look},   {"facts", 1, facts},       {"prepare", 2, prepare}, {"release", 2, let_go},
	    {"claim", 3, claim}, {"disclaim", 2, disclaim}, {"lease", 3, lease},     {"tidy", 2, tidy},
	};
	struct asked asked = {.machine = machine, .list = list, .call = call, .out = out};

	asked.app = call->count > 1 ? call->words[1] : "";
	asked.name = call->count > 2 ? call->words[2] : "";
	struct there *there = there_find(machine, asked.app, asked.name);
	asked.there = there && there->manifest ? there : NULL;
	for (size_t i = 0; i < COUNT_OF(functions); i++) {
		if (strcmp(functions[i].name, call->words[0]) != 0 || call->count < functions[i].words)
			continue;
		bool good = functions[i].call(&asked);
		*ret_waits = asked.waits;
		*ret_grace_ms = asked.grace_ms;
		return good;
	}
	return true; /* a line that only sets something */
}
