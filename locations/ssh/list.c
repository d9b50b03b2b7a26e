/* list.c - reads what a machine says is there: instances, claims, leases, strangers, ports in use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/ssh/machine.h"

/* One reading of an answer, into an inventory whose lists have room for as many lines as there are. */
struct reading {
	struct location *location;
	struct arena *arena;
	const char *app; /* the one asked for, or NULL */
	struct observed *instances;
	size_t instance_count;
	struct inventory_claim *claims;
	size_t claim_count;
	struct inventory_stranger *strangers;
	size_t stranger_count;
	struct inventory_object *objects;
	size_t object_count;
	const char *lease, *holder, *holder_owner, *self;
	int64_t held_since_ms;
	bool prepared, names, failed;
};

/* --- words of a line ------------------------------------------------------------------------ */

enum { MOST_WORDS = 16 };

struct words {
	const char *all[MOST_WORDS];
	size_t count;
};

/* Those of a line, in `arena`; those that are not there are "". */
static struct words split(struct reading *reading, const char *line, size_t length)
{
	struct words words = {0};
	char *copy = arena_copy(reading->arena, line, length), *rest = NULL;

	reading->failed = reading->failed || !copy;
	for (size_t i = 0; i < MOST_WORDS; i++)
		words.all[i] = "";
	for (char *word = copy ? strtok_r(copy, " ", &rest) : NULL; word && words.count < MOST_WORDS;
	     word = strtok_r(NULL, " ", &rest))
		words.all[words.count++] = word;
	return words;
}

static int64_t number(const char *text, int64_t otherwise)
{
	int64_t value;

	return parse_number(text, -1, INT64_MAX / 4, &value) ? value : otherwise;
}

/* The value of ":KEY=VALUE" among the lines of one instance, in `arena`; "" when there is none. */
static const char *mark(struct reading *reading, const char *lines, const char *key)
{
	size_t length, of_key = strlen(key);

	for (const char *line = lines; machine_next(line, &length) && *line == ':';
	     line += length + (line[length] == '\n')) {
		if (strncmp(line + 1, key, of_key) != 0 || line[1 + of_key] != '=')
			continue;
		char *value = arena_copy(reading->arena, line + of_key + 2, length - of_key - 2);
		reading->failed = reading->failed || !value;
		return value ? value : "";
	}
	return "";
}

/* --- an instance ---------------------------------------------------------------------------- */

static bool see_marks(struct reading *reading, const char *app, const char *seat, const char *lines,
		      struct observed *seen)
{
	struct machine *machine = machine_of(reading->location);
	const char *of_app, *component;
	char *name = arena_format(reading->arena, "%s.%s", app, seat);

	*seen = (struct observed){
	    .app = mark(reading, lines, "app"),
	    .component = mark(reading, lines, "component"),
	    .name = name,
	    .target_id = "",
	    .digest = mark(reading, lines, "spec"),
	    .link_digest = mark(reading, lines, "links"),
	    .secret_salt = mark(reading, lines, "salt"),
	    .secret_digest = mark(reading, lines, "secrets"),
	    .file_digest = mark(reading, lines, "files"),
	    .type = "process",
	    .exit_code = -1,
	    .created_ms = number(mark(reading, lines, "created"), 0),
	    .limits_known = true, /* there are none */
	    .bindings_known = true,
	    .exits_known = true,
	    .restart = restart_of(mark(reading, lines, "restart")),
	    .job = !strcmp(mark(reading, lines, "job"), "1"),
	    .protect = !strcmp(mark(reading, lines, "protect"), "1"),
	};
	if (!name ||
	    process_attach(machine->network, mark(reading, lines, "bind"), mark(reading, lines, "ports"),
			   reading->arena, &seen->attachments, &seen->attachment_count)) {
		reading->failed = true;
		return false;
	}
	return instance_name_split(reading->arena, name, &of_app, &component, &seen->ordinal,
				   &seen->generation) &&
	       !strcmp(of_app, seen->app) && !strcmp(component, seen->component);
}

/* "@state STATE KEPT LEFT KEEPER BEGAN PID BEGAN STARTED ENDED EXITS CODE SIGNAL BOOT" */
enum { STATE, KEPT, LEFT, KEEPER, KEEPER_BEGAN, PID, PID_BEGAN, STARTED, ENDED, EXITS, CODE, SIGNAL, BOOT };

static enum observed_state state_of(const char *word)
{
	if (!strcmp(word, "restarting"))
		return SEEN_RESTARTING;
	return strcmp(word, "running") ? SEEN_STOPPED : SEEN_RUNNING;
}

static void see_state(struct reading *reading, const struct words *words, struct observed *seen)
{
	struct machine *machine = machine_of(reading->location);
	const char *const *word = words->all;
	int64_t left = number(word[LEFT], 0);

	seen->target_id = arena_format(reading->arena, "%lld", (long long)seen->created_ms);
	if (!strcmp(word[STATE], "-")) {
		seen->state = SEEN_CREATED;
		return;
	}
	seen->started_ms = number(word[STARTED], 0);
	seen->exits = (unsigned)number(word[EXITS], 0);
	seen->exit_code = (int)number(word[CODE], -1);
	seen->signal = (int)number(word[SIGNAL], 0);
	seen->state = state_of(word[STATE]);
	if (!strcmp(word[KEPT], "alive") || !strcmp(word[STATE], "stopped"))
		return;
	seen->exit_code = -1;
	seen->signal = 0;
	seen->state = left ? SEEN_BROKEN : SEEN_STOPPED;
	seen->orphan_tree = left > 0;
	seen->error = strcmp(word[BOOT], machine->boot) ? "it ran until the machine was restarted"
		      : left
			  ? arena_format(reading->arena, "its keeper died; %lld of its processes still run",
					 (long long)left)
			  : "its keeper was killed";
	reading->failed = reading->failed || !seen->error;
}

/* Returns the line after it. */
static const char *read_instance(struct reading *reading, const struct words *named, const char *lines)
{
	struct observed *seen = &reading->instances[reading->instance_count];
	size_t length;
	const char *line = lines;

	while (machine_next(line, &length) && *line == ':')
		line += length + (line[length] == '\n');
	bool ours = see_marks(reading, named->all[0], named->all[1], lines, seen);
	if (!machine_next(line, &length) || !starts_with(line, "@state "))
		return line;
	struct words words = split(reading, line + 7, length - 7);
	see_state(reading, &words, seen);
	reading->failed = reading->failed || !seen->target_id;
	if (ours && !reading->failed)
		machine_take_ports(machine_of(reading->location), seen);
	reading->instance_count += ours;
	return line + length + (line[length] == '\n');
}

/* --- the rest ------------------------------------------------------------------------------- */

static void read_claim(struct reading *reading, const char *app, const char *lines)
{
	struct owner owner;

	if (claim_lines(lines, reading->arena, &owner)) {
		reading->failed = true;
		return;
	}
	reading->claims[reading->claim_count++] =
	    (struct inventory_claim){app, owner.id, owner.words, owner.place};
}

static void read_lease(struct reading *reading, const char *app, const char *lines)
{
	struct owner lease; /* token and words lie as an owner's id and words do */

	if (claim_lines(lines, reading->arena, &lease)) {
		reading->failed = true;
		return;
	}
	if (reading->app)
		reading->lease = lease.id;
	else
		reading->objects[reading->object_count++] =
		    (struct inventory_object){app, "lease", lease.words};
}

static void read_stranger(struct reading *reading, const struct words *words)
{
	struct inventory_stranger *stranger = &reading->strangers[reading->stranger_count++];

	stranger->name = arena_format(reading->arena, "%s.%s", words->all[0], words->all[1]);
	stranger->what = arena_format(reading->arena, "directory `%s` on the machine", words->all[2]);
	reading->failed = reading->failed || !stranger->name || !stranger->what;
}

static void read_machine(struct reading *reading, const struct words *words)
{
	struct machine *machine = machine_of(reading->location);

	snprintf(machine->boot, sizeof(machine->boot), "%s", words->all[0]);
	if (strcmp(words->all[2], "-") != 0)
		snprintf(machine->told_address, sizeof(machine->told_address), "%s", words->all[2]);
}

/* "@host shop 1764294000", and below it whose that is. */
static void read_holder(struct reading *reading, const struct words *words, const char *lines)
{
	struct owner owner;
	int64_t since = 0;

	reading->holder = words->all[0];
	if (parse_number(words->all[1], 0, INT64_MAX / 1000, &since))
		reading->held_since_ms = since * 1000;
	if (*lines != ':')
		return;
	if (claim_lines(lines, reading->arena, &owner))
		reading->failed = true;
	else
		reading->holder_owner = owner.words;
}

/* "@listens tcp 0100007F:1F90" */
static void read_listening(struct machine *machine, const struct words *words)
{
	const char *colon = strchr(words->all[1], ':');

	if (colon)
		machine_take_port(machine, NULL, (uint16_t)strtoul(colon + 1, NULL, 16),
				  strcmp(words->all[0], "udp") ? TCP : UDP);
}

static void read_lines(struct reading *reading, const char *answer)
{
	struct machine *machine = machine_of(reading->location);
	size_t length;

	for (const char *line = answer; machine_next(line, &length);) {
		const char *after = line + length + (line[length] == '\n');
		size_t word = strcspn(line, " \n");
		struct words words = split(reading, line + word, length - word);
		if (!strncmp(line, "@instance", word))
			after = read_instance(reading, &words, after);
		else if (!strncmp(line, "@claim", word))
			read_claim(reading, words.all[0], after);
		else if (!strncmp(line, "@lease", word))
			read_lease(reading, words.all[0], after);
		else if (!strncmp(line, "@stranger", word))
			read_stranger(reading, &words);
		else if (!strncmp(line, "@machine", word))
			read_machine(reading, &words);
		else if (!strncmp(line, "@listens", word))
			read_listening(machine, &words);
		else if (!strncmp(line, "@host", word))
			read_holder(reading, &words, after);
		else if (!strncmp(line, "@self", word))
			reading->self = words.all[0];
		else if (!strncmp(line, "@app", word))
			reading->prepared = true;
		else if (!strncmp(line, "@names", word))
			reading->names = true;
		line = after;
	}
}

/* Room for all that so many lines can tell. */
static int make_room(struct reading *reading, const char *answer)
{
	size_t lines = 1;

	for (const char *c = answer; *c; c++)
		lines += *c == '\n' && c[1] == '@';
	reading->instances = arena_array(reading->arena, struct observed, lines);
	reading->claims = arena_array(reading->arena, struct inventory_claim, lines);
	reading->strangers = arena_array(reading->arena, struct inventory_stranger, lines);
	reading->objects = arena_array(reading->arena, struct inventory_object, lines);
	return reading->instances && reading->claims && reading->strangers && reading->objects ? 0 : -1;
}

static int read_all(struct location *location, const char *answer, const struct list_request *request,
		    struct inventory *inventory)
{
	struct reading reading = {.location = location, .arena = &inventory->arena, .app = request->app};

	machine_forget_ports(machine_of(location), NULL);
	if (make_room(&reading, answer) || process_images(request, inventory))
		return -1;
	read_lines(&reading, answer);
	machine_names(location, reading.names);
	inventory->instances = reading.instances;
	inventory->instance_count = reading.instance_count;
	inventory->claims = reading.claims;
	inventory->claim_count = reading.claim_count;
	inventory->strangers = reading.strangers;
	inventory->stranger_count = reading.stranger_count;
	inventory->objects = reading.objects;
	inventory->object_count = reading.object_count;
	inventory->lease = reading.lease;
	inventory->holder = reading.holder;
	inventory->holder_owner = reading.holder_owner;
	inventory->held_since_ms = reading.held_since_ms;
	inventory->machine = reading.self;
	inventory->prepared = request->app && reading.prepared;
	return reading.failed ? -1 : 0;
}

enum progress ssh_list(struct location *location, struct errand *errand, const struct list_request *request,
		       struct inventory *ret, struct error *err)
{
	if (request->app && guard_app(request->app, err))
		return PROGRESS_FAILED;
	enum progress progress =
	    machine_query(location, errand, err, "listing '%s'\n", request->app ? request->app : "");
	struct task *task = errand->state;
	if (progress != PROGRESS_DONE)
		return progress;
	struct inventory inventory = {0};
	if (read_all(location, text_view(&task->answer), request, &inventory)) {
		inventory_release(&inventory);
		fail_memory(err);
		return machine_task_end(task, PROGRESS_FAILED);
	}
	*ret = inventory;
	return machine_task_end(task, PROGRESS_DONE);
}

/* --- one of them ---------------------------------------------------------------------------- */

static enum progress seen_or_missing(struct reading *reading, const char *name, struct observed *ret,
				     struct error *err)
{
	if (reading->failed) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (reading->instance_count) {
		*ret = reading->instances[0];
		return PROGRESS_DONE;
	}
	if (reading->stranger_count)
		fail(err, ERR_CONFLICT, "location `%s`: %s holds what berth did not make",
		     reading->location->name, reading->strangers[0].what);
	else
		fail(err, ERR_MISSING, "location `%s`: `%s` is not on the machine", reading->location->name,
		     name);
	return PROGRESS_FAILED;
}

enum progress ssh_look(struct location *location, struct errand *errand, const char *app, const char *name,
		       struct arena *arena, struct observed *ret, struct error *err)
{
	if (guard_name(app, name, err))
		return PROGRESS_FAILED;
	enum progress progress =
	    machine_query(location, errand, err, "look %s %s\n", app, folder_of(app, name));
	struct task *task = errand->state;
	if (progress != PROGRESS_DONE)
		return progress;
	struct reading reading = {.location = location, .arena = arena, .app = app};
	if (make_room(&reading, text_view(&task->answer)))
		reading.failed = true;
	else
		read_lines(&reading, text_view(&task->answer));
	return machine_task_end(task, seen_or_missing(&reading, name, ret, err));
}
