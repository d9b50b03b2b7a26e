/* test_ssh_conformance.c - the conformance suite over the driver for machines reached by SSH: a real sshd on
 * this machine, and a wire that loses an answer when told to. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "tests/base/ssh_server.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/grounds.h"

static struct world *world;
static struct ssh_server server;
static char directory[300], files_directory[320];
static struct location_spec spec;
static json_t *options;

/* --- a wire that fails ---------------------------------------------------------------------- */

static const struct ssh_ops *real_ops;
static struct world_ops wire_world;
static struct ssh_ops wire_ops;
static bool cut;              /* nobody answers */
static const char *lost_verb; /* the next command that begins so is done, and its answer lost */

struct wired {
	struct ssh_sink sink;
};

static void lost(void *owner, struct ssh_answer *answer)
{
	owned_memory struct wired *wired = owner;

	fail(&answer->error, ERR_UNREACHABLE, "the connection was lost");
	answer->sent = true;
	wired->sink.done(wired->sink.owner, answer);
}

static struct ssh_call *wired_exec(struct world *of, const struct ssh_host *host,
				   const struct ssh_command *command, const struct ssh_sink *sink,
				   struct error *err)
{
	if (cut) {
		fail(err, ERR_UNREACHABLE, "nobody answers at %s", host->address);
		return NULL;
	}
	if (!lost_verb || !command->input ||
	    !memmem(command->input, command->input_size, lost_verb, strlen(lost_verb)))
		return real_ops->exec(of, host, command, sink, err);
	struct wired *wired = calloc(1, sizeof(*wired));
	cr_assert(wired);
	wired->sink = *sink;
	lost_verb = NULL;
	struct ssh_sink own = {.done = lost, .owner = wired};
	return real_ops->exec(of, host, command, &own, err);
}

static void lay_the_wire(void)
{
	real_ops = world->ops->ssh;
	wire_ops = *real_ops;
	wire_ops.exec = wired_exec;
	wire_world = *world->ops;
	wire_world.ssh = &wire_ops;
	world->ops = &wire_world;
}

static int reach(struct subject *subject, bool reachable)
{
	(void)subject;
	cut = !reachable;
	return 0;
}

static int lose(struct subject *subject, enum lost which, const char *name)
{
	static const char *const verbs[] = {[LOST_PLACE] = "\nplace ",
					    [LOST_START] = "start ",
					    [LOST_REMOVE] = "remove ",
					    [LOST_RENAME] = "rename ",
					    [LOST_UPDATE] = "remark "};

	(void)subject, (void)name;
	lost_verb = verbs[which];
	return 0;
}

/* --- the subject ---------------------------------------------------------------------------- */

static int open_ssh(struct subject *subject, struct location *ret, const char *more, struct error *err)
{
	char target[200];

	(void)subject;
	json_decref(options);
	options = json_loads(more ? more : "{}", 0, NULL);
	json_object_set_new(options, "privateKeyFile", json_string(server.key));
	json_object_set_new(options, "knownHosts", json_string(server.known_hosts));
	json_object_set_new(options, "directory", json_string(directory));
	json_object_set_new(options, "grace", json_string("1s"));
	snprintf(target, sizeof(target), "%s@127.0.0.1:%u", server.user, server.port);
	static char kept[200];
	snprintf(kept, sizeof(kept), "%s", target);
	spec = (struct location_spec){.name = "there", .type = "ssh", .target = kept, .options = options};
	*ret = (struct location){.driver = &ssh_driver,
				 .world = world,
				 .name = "there",
				 .spec = &spec,
				 .state_directory = directory,
				 .helper = "",
				 .environment = empty_environment};
	return ssh_driver.open(ret, err);
}

static bool pump(struct subject *subject, bool (*until)(void *), void *owner, int64_t limit_ms)
{
	(void)subject;
	return real_pump(world, until, owner, limit_ms);
}

static int fit(struct subject *subject, struct arena *arena, struct instance_spec *fitted, enum manner manner,
	       uint16_t number)
{
	static const char *const manners[] = {
	    [STAYS] = "exec sleep 1000",
	    [SPEAKS_AND_ENDS] = "echo spoken; exit 3",
	    [ENDS_WELL] = "exit 0",
	    [LISTENS] = "trap 'echo heard' HUP; echo listening; while :; do sleep 1000 & wait; done",
	};
	const char **command = arena_array(arena, const char *, 4);
	struct spec_port *port = (struct spec_port *)fitted->ports;

	(void)subject;
	if (!command)
		return -1;
	command[0] = "/bin/sh";
	command[1] = "-c";
	command[2] = manners[manner];
	fitted->command = command;
	fitted->kind = COMPONENT_PROCESS;
	fitted->bind_address = "127.0.0.1";
	port->port = number;
	return 0;
}

static char *path_of(struct arena *arena, const struct subject *subject, const char *name, const char *file)
{
	return arena_format(arena, "%s/%s/%s/%s", directory, subject->app, name + strlen(subject->app) + 1,
			    file);
}

static int stranger(struct subject *subject, const char *name)
{
	owned_arena arena = {0};

	return world->ops->directories_make(world, path_of(&arena, subject, name, ""), 0755, NULL) ||
		       world->ops->file_write(world, path_of(&arena, subject, name, "notes"), 0644, "mine", 4,
					      NULL)
		   ? -1
		   : 0;
}

static bool stranger_left(struct subject *subject, const char *name)
{
	owned_arena arena = {0};

	return world->ops->file_exists(world, path_of(&arena, subject, name, "notes"));
}

static void wake(struct errand *errand)
{
	*(bool *)errand->owner = true;
}

static bool is_woken(void *owner)
{
	return *(bool *)owner;
}

static int vanish(struct subject *subject, const char *name)
{
	struct location other;
	struct error err;
	bool woken = false;
	struct errand errand = {.wake = wake, .owner = &woken};
	enum progress progress;
	json_t *held = json_incref(options);

	if (open_ssh(subject, &other, NULL, &err))
		return -1;
	while ((progress = ssh_driver.remove(&other, &errand, subject->app, name, &err)) ==
		   PROGRESS_WAITING &&
	       subject->pump(subject, is_woken, &woken, 60000))
		woken = false;
	ssh_driver.close(&other);
	json_decref(held);
	return progress == PROGRESS_DONE ? 0 : -1;
}

static int file(struct subject *subject, const char *name, const char *path, struct text *text,
		unsigned *ret_mode)
{
	struct file_facts facts;

	(void)subject, (void)name;
	if (world->ops->file_look(world, path, &facts, NULL))
		return -1;
	*ret_mode = facts.mode;
	return world->ops->file_read(world, path, 1 << 20, text, NULL);
}

/* What lies about in its directory there, but for the files themselves, and what every process' words are. */
static int shown(struct subject *subject, const char *name, struct text *text)
{
	char line[1024], bytes[4096];
	size_t count;

	(void)subject, (void)name;
	snprintf(line, sizeof(line),
		 "find %s -path %s -prune -o -type f -exec cat {} +; cat /proc/[0-9]*/cmdline 2>/dev/null",
		 directory, files_directory);
	FILE *stream = popen(line, "r");
	if (!stream)
		return -1;
	while ((count = fread(bytes, 1, sizeof(bytes), stream)) > 0)
		text_add_bytes(text, bytes, count);
	return pclose(stream) < 0 ? -1 : 0;
}

static const struct unfit unfits[] = {
    {"gap_in_the_watch_is_relisted", "a stream that breaks is another subject's"},
    {"event_told_twice_changes_nothing", "it is told by nobody but the machine"},
    {"name_held_by_another_application", "an instance's directory lies in its application's"},
    {"volumes_outlive_the_release", "processes have no volumes"},
    {"volumes_go_when_asked", "processes have no volumes"},
    {0}};

static struct subject subject = {
    .driver = &ssh_driver,
    .directory = files_directory,
    .file = file,
    .shown = shown,
    .unfits = unfits,
    .open = open_ssh,
    .pump = pump,
    .fit = fit,
    .stranger = stranger,
    .stranger_left = stranger_left,
    .vanish = vanish,
    .reach = reach,
    .lose = lose,
};

static void set_up(void)
{
	struct error err = {0};

	server = ssh_server_start("", "ed25519");
	snprintf(directory, sizeof(directory), "%s/there", server.folder.path);
	snprintf(files_directory, sizeof(files_directory), "%s/files", directory);
	world = world_real_open(&err);
	cr_assert(world, "%s", err.text);
	lay_the_wire();
}

static void take_down(void)
{
	if (!world)
		return;
	cut = false;
	conformance_end(&subject);
	world_real_close(world);
	ssh_server_stop(&server);
	json_decref(options);
}

#define CASE(name)                                                                                           \
	Test(ssh_conformance, name, .fini = take_down, .timeout = 240)                                       \
	{                                                                                                    \
		conformance_begin(&subject, #name);                                                          \
		set_up();                                                                                    \
		conformance_##name(&subject);                                                                \
	}
CONFORMANCE_CASES(CASE)
