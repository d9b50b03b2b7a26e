/* machine.c - a simulated machine reached by SSH, at its address: who asks what, and what befalls it. */
#include "simulation/ssh_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/ssh/model.h"

#define NOT_FOUND 127 /* a shell's, of a script that is not there */
#define NO_ENTRY  4   /* `logs` of what is not there */
#define NO_WORD   125

void *ssh_need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

int64_t machine_clock(const struct ssh_machine *machine)
{
	struct world *outside = universe_outside(machine->universe);

	return outside->ops->wall(outside) + machine->skew_ms;
}

/* --- directories ---------------------------------------------------------------------------------------- */

struct folder *folder_find(const struct ssh_machine *machine, const char *app)
{
	for (struct folder *folder = machine->folders; folder; folder = folder->next)
		if (!strcmp(folder->name, app))
			return folder;
	return NULL;
}

struct folder *folder_make(struct ssh_machine *machine, const char *app)
{
	struct folder *folder = folder_find(machine, app);

	if (folder || machine->full)
		return folder;
	folder = ssh_need(calloc(1, sizeof(*folder)));
	folder->name = ssh_need(strdup(app));
	folder->next = machine->folders;
	machine->folders = folder;
	return folder;
}

void folder_drop(struct ssh_machine *machine, const char *app)
{
	struct folder **link = &machine->folders;

	while (*link && strcmp((*link)->name, app) != 0)
		link = &(*link)->next;
	struct folder *folder = *link;
	if (!folder || folder->instances || folder->claim || folder->lease.token)
		return;
	*link = folder->next;
	free(folder->name);
	free(folder);
}

struct there *there_find(const struct ssh_machine *machine, const char *app, const char *name)
{
	const struct folder *folder = folder_find(machine, app);

	for (struct there *there = folder ? folder->instances : NULL; there; there = there->next)
		if (!strcmp(there->name, name))
			return there;
	return NULL;
}

static void there_free(struct there *there)
{
	life_power(there);
	while (there->files) {
		struct file_there *file = there->files;
		there->files = file->next;
		free(file->path);
		free(file->content);
		free(file);
	}
	free(there->name);
	free(there->manifest);
	launch_forgotten(&there->launch);
	text_release(&there->log);
	free(there);
}

void there_leave(struct there *there)
{
	struct ssh_machine *machine = there->machine;
	struct there **link = &there->folder->instances;

	while (*link != there)
		link = &(*link)->next;
	*link = there->next;
	there->folder = NULL;
	stops_settle(there);
	if (!programs_alive(there)) {
		there_free(there);
		return;
	}
	there->next = machine->ghosts;
	machine->ghosts = there;
}

/* "app.web.1" */
static struct there *named(const struct ssh_machine *machine, const char *name, char *ret_app, size_t size)
{
	const char *dot = strchr(name, '.');

	snprintf(ret_app, size, "%.*s", dot ? (int)(dot - name) : 0, name);
	return dot ? there_find(machine, ret_app, dot + 1) : NULL;
}

/* --- who waits -------------------------------------------------------------------------------------------
 */

static void answer_end(struct reply *reply, const char *words)
{
	if (!reply)
		return;
	reply_open(reply, 0, NULL);
	reply_bytes(reply, words, strlen(words));
	reply_end(reply);
}

static void free_stop(struct stopping **link)
{
	struct stopping *one = *link;

	*link = one->next;
	clock_take(universe_clock(one->there->machine->universe), &one->limit);
	free(one);
}

void stops_settle(struct there *there)
{
	struct stopping **link = &there->machine->stops;

	if (there->folder && (is_kept(there) || programs_alive(there)))
		return;
	while (*link) {
		if ((*link)->there != there) {
			link = &(*link)->next;
			continue;
		}
		struct reply *reply = (*link)->reply;
		free_stop(link);
		answer_end(reply, "@berth 1\n@stopped\n@end\n");
	}
}

/* Its grace is over. */
static void limit_happens(struct event *event)
{
	struct there *there = owner_of(event, struct stopping, limit)->there;

	life_end(there);
	stops_settle(there);
}

static void wait_for_end(struct there *there, int64_t grace_ms, struct reply *reply)
{
	struct stopping *one = ssh_need(calloc(1, sizeof(*one)));

	*one = (struct stopping){.next = there->machine->stops, .there = there, .reply = reply};
	there->machine->stops = one;
	event_prepare(&one->limit, limit_happens);
	clock_add(universe_clock(there->machine->universe), &one->limit, grace_ms);
}

void listeners_tell(struct ssh_machine *machine, const char *line)
{
	for (struct listener *one = machine->listeners; one; one = one->next)
		if (one->watches)
			reply_bytes(one->reply, line, strlen(line));
}

static struct listener *add_listener(struct ssh_machine *machine, struct reply *reply)
{
	struct listener *one = ssh_need(calloc(1, sizeof(*one)));

	*one = (struct listener){.next = machine->listeners, .reply = reply};
	machine->listeners = one;
	return one;
}

void listeners_ignore(struct ssh_machine *machine, struct reply *reply)
{
	add_listener(machine, reply)->ignored = true;
}

static void listen_for(struct ssh_machine *machine, struct reply *reply, bool watches)
{
	add_listener(machine, reply)->watches = watches;
	reply_open(reply, 0, NULL);
	if (watches)
		reply_bytes(reply, "@watching\n", strlen("@watching\n"));
}

static bool forget_listener(struct ssh_machine *machine, const struct reply *reply, bool ignored)
{
	struct listener **link = &machine->listeners;

	while (*link && (*link)->reply != reply)
		link = &(*link)->next;
	struct listener *one = *link;
	if (!one || (one->ignored && !ignored))
		return false;
	*link = one->next;
	free(one);
	return true;
}

/* What was begun goes on; only nobody hears of it. */
static void gone(void *owner, struct reply *reply)
{
	struct ssh_machine *machine = owner;

	if (forget_listener(machine, reply, true))
		return;
	for (struct stopping *one = machine->stops; one; one = one->next)
		if (one->reply == reply)
			one->reply = NULL;
}

/* --- commands --------------------------------------------------------------------------------------------
 */

/* A script of ours, from its input: its lines one after the other. */
static void run_script(struct ssh_machine *machine, const struct http_request *request, struct reply *reply)
{
	owned_arena arena = {0};
	owned_text out = {0};
	struct there *waits = NULL;
	int64_t grace_ms = 0;
	bool good = true;
	const struct statement *list = script_read(&arena, request->body, request->body_size);

	text_add(&out, "@berth 1\n");
	for (const struct statement *line = list; line; line = line->next)
		if (!line->sets && (good || !line->if_well))
			good = call_function(machine, list, line, &out, &waits, &grace_ms);
	if (waits) {
		wait_for_end(waits, grace_ms, reply);
		return;
	}
	text_add(&out, "@end\n");
	answer_end(reply, text_view(&out));
}

/* The script itself comes: "exec /bin/sh -c '... cat >DIRECTORY/machine-DIGEST.$$ ...'" */
static void install(struct ssh_machine *machine, const char *command, struct reply *reply)
{
	const char *name = strchr(command, '>');

	if (machine->full || !name) {
		answer_end(reply, "");
		return;
	}
	snprintf(machine->script, sizeof(machine->script), "%.*s", (int)strcspn(name + 1, "$"), name + 1);
	if (ends_with(machine->script, "."))
		machine->script[strlen(machine->script) - 1] = '\0';
	answer_end(reply, "@installed\n");
}

static void run_in(struct there *there, const char *word, struct reply *reply)
{
	bool known = there && *there->ready && !strcmp(there->ready, word);

	if (there)
		*there->ready = '\0';
	reply_open(reply, known ? 0 : NO_WORD, NULL);
	reply_end(reply);
}

static void tell_log(const struct there *there, const char *lines, struct reply *reply)
{
	const char *log = there ? text_view(&there->log) : "";
	int64_t count = -1;

	if (parse_number(lines, 0, 1000000, &count) && !count)
		log = "";
	else if (count > 0)
		for (const char *at = log + strlen(log); at > log; at--)
			if (at[-1] == '\n' && *at && --count == 0) {
				log = at;
				break;
			}
	reply_open(reply, there ? 0 : NO_ENTRY, NULL);
	if (there)
		reply_bytes(reply, "@log\n", strlen("@log\n"));
	reply_bytes(reply, log, strlen(log));
	reply_end(reply);
}

/* "exec /bin/sh SCRIPT FUNCTION WORD..." */
static void run_function(struct ssh_machine *machine, const char *words, struct reply *reply)
{
	char function[16] = "", app[100] = "", name[160] = "", word[32] = "";

	sscanf(words, "%15s %99s %159s %31s", function, app, name, word);
	struct there *there = there_find(machine, app, name);
	if (!strcmp(function, "watch"))
		listen_for(machine, reply, true);
	else if (!strcmp(function, "run_in"))
		run_in(there, word, reply);
	else
		tell_log(there && there->manifest ? there : NULL, word, reply);
}

static void run_command(struct ssh_machine *machine, const struct http_request *request, const char *command,
			struct reply *reply)
{
	const char *script = strstr(command, "/bin/sh ");
	size_t length = strlen(machine->script);

	if (script && starts_with(script + 8, "-c ")) {
		install(machine, command, reply);
	} else if (!script || !length || strncmp(script + 8, machine->script, length) != 0) {
		reply_open(reply, NOT_FOUND, NULL);
		reply_end(reply);
	} else if (script[8 + length] == ' ') {
		run_function(machine, script + 9 + length, reply);
	} else {
		run_script(machine, request, reply);
	}
}

static void connect_to(struct ssh_machine *machine, const char *words, struct reply *reply)
{
	unsigned port = 0;

	if (sscanf(words, "%*s %u", &port) == 1 && port_answers(machine, (uint16_t)port))
		listen_for(machine, reply, false);
	else
		reply_whole(reply, SSH_NOBODY_LISTENS, NULL, NULL);
}

static void request(void *owner, const struct http_request *request, struct reply *reply)
{
	const char *words = strstr(request->url, "/connect ");
	struct ssh_machine *machine = owner;

	machine->stamp++;
	if (!door_opens(machine, request, reply))
		return;
	if (!*request->headers[0])
		connect_to(owner, words ? words + strlen("/connect ") : "", reply);
	else
		run_command(owner, request, request->headers[0], reply);
}

/* A page that is asked for is a good one; who listens for changes says only that it goes. */
static void heard(void *owner, struct reply *reply, const char *bytes, size_t count)
{
	static const char page[] = "HTTP/1.0 200 OK\r\n\r\n";

	(void)bytes;
	if (!forget_listener(owner, reply, false))
		return;
	if (count)
		reply_bytes(reply, page, sizeof(page) - 1);
	reply_end(reply);
}

static int accepts(void *owner, const struct machine *from, const char *address, uint16_t port)
{
	return door_accepts(owner, from, address, port);
}

/* --- what befalls it ---------------------------------------------------------------------------------------
 */

static int serve(struct ssh_machine *machine)
{
	const struct service service = {
	    .request = request, .gone = gone, .heard = heard, .accepts = accepts, .owner = machine};

	for (size_t i = 0; i < ALSO_MOST; i++)
		if (*machine->also[i] && universe_serve(machine->universe, machine->also[i], &service))
			return -1;
	return universe_serve(machine->universe, machine->address, &service);
}

static void serve_no_more(struct ssh_machine *machine)
{
	universe_serve(machine->universe, machine->address, NULL);
	for (size_t i = 0; i < ALSO_MOST; i++)
		if (*machine->also[i])
			universe_serve(machine->universe, machine->also[i], NULL);
}

void ssh_machine_also(struct ssh_machine *machine, const char *address)
{
	bool up = machine->rises.index == EVENT_IDLE;
	size_t i = 0;

	if (!address) {
		serve_no_more(machine);
		memset(machine->also, 0, sizeof(machine->also));
	}
	while (address && i < ALSO_MOST && *machine->also[i])
		i++;
	if (address && i < ALSO_MOST)
		snprintf(machine->also[i], sizeof(machine->also[i]), "%s:22", address);
	if (up)
		serve(machine);
}

static void rises(struct event *event)
{
	serve(owner_of(event, struct ssh_machine, rises));
}

struct ssh_machine *ssh_machine_new(struct universe *universe, const char *address)
{
	struct ssh_machine *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return NULL;
	machine->universe = universe;
	machine->boot = 1;
	machine->booted_ms = clock_now(universe_clock(universe));
	machine->last_pid = 1000;
	snprintf(machine->number, sizeof(machine->number), "%s", address);
	snprintf(machine->address, sizeof(machine->address), "%s:22", address);
	event_prepare(&machine->rises, rises);
	if (!serve(machine))
		return machine;
	free(machine);
	return NULL;
}

static void end_sessions(struct ssh_machine *machine)
{
	for (struct stopping *one = machine->stops; one; one = one->next)
		if (one->reply)
			reply_cut(give(one->reply));
	while (machine->listeners) {
		struct listener *one = machine->listeners;
		machine->listeners = one->next;
		reply_cut(one->reply);
		free(one);
	}
}

static void power(struct ssh_machine *machine)
{
	while (machine->stops)
		free_stop(&machine->stops);
	while (machine->ghosts) {
		struct there *ghost = machine->ghosts;
		machine->ghosts = ghost->next;
		there_free(ghost);
	}
	for (struct folder *folder = machine->folders; folder; folder = folder->next)
		for (struct there *there = folder->instances; there; there = there->next)
			life_power(there);
}

void ssh_machine_free(struct ssh_machine *machine)
{
	if (!machine)
		return;
	end_sessions(machine);
	power(machine);
	clock_take(universe_clock(machine->universe), &machine->rises);
	serve_no_more(machine);
	door_free(machine);
	while (machine->folders) {
		struct folder *folder = machine->folders;
		machine->folders = folder->next;
		while (folder->instances) {
			struct there *there = folder->instances;
			folder->instances = there->next;
			there_free(there);
		}
		free(folder->claim);
		free(folder->lease.token);
		free(folder->lease.words);
		free(folder->name);
		free(folder);
	}
	free(machine);
}

void ssh_machine_behave(struct ssh_machine *machine, behaver *behave, void *owner)
{
	machine->behave = behave;
	machine->behaver = owner;
}

void ssh_machine_reboot(struct ssh_machine *machine, int64_t down_ms)
{
	end_sessions(machine);
	power(machine);
	machine->boot++;
	machine->booted_ms = clock_now(universe_clock(machine->universe)) + down_ms;
	serve_no_more(machine);
	clock_add(universe_clock(machine->universe), &machine->rises, down_ms);
}

void ssh_machine_cut(struct ssh_machine *machine)
{
	end_sessions(machine);
}

void ssh_machine_disk_full(struct ssh_machine *machine, bool full)
{
	machine->full = full;
}

void ssh_machine_clock(struct ssh_machine *machine, int64_t by_ms)
{
	machine->skew_ms += by_ms;
}

int ssh_machine_stranger(struct ssh_machine *machine, const char *name)
{
	char app[100];

	if (named(machine, name, app, sizeof(app)))
		return -1;
	struct folder *folder = folder_make(machine, app);
	if (!folder)
		return -1;
	struct there *there = ssh_need(calloc(1, sizeof(*there)));
	*there = (struct there){.machine = machine, .folder = folder, .foreign = true};
	there->name = ssh_need(strdup(name + strlen(app) + 1));
	there->next = folder->instances;
	folder->instances = there;
	return 0;
}

int ssh_machine_copy(struct ssh_machine *machine, const char *of, const char *name)
{
	char app[100];
	const struct there *from = named(machine, of, app, sizeof(app));

	if (!from || !from->manifest || ssh_machine_stranger(machine, name))
		return -1;
	struct there *copy = named(machine, name, app, sizeof(app));
	copy->manifest = ssh_need(strdup(from->manifest));
	launch_kept(&copy->launch, from->launch.text);
	copy->noted = from->noted;
	copy->stopping = from->stopping;
	return 0;
}

bool ssh_machine_stranger_left(const struct ssh_machine *machine, const char *name)
{
	char app[100];
	const struct there *there = named(machine, name, app, sizeof(app));

	return there && there->foreign;
}

int ssh_machine_vanish(struct ssh_machine *machine, const char *name)
{
	char app[100];
	struct there *there = named(machine, name, app, sizeof(app));

	if (!there)
		return -1;
	life_end(there);
	there_leave(there);
	return 0;
}

/* --- what is there
 * ------------------------------------------------------------------------------------------- */

static void see_one(const struct there *there, void (*see)(void *, const struct ssh_view *), void *owner)
{
	static const char *const nothing[] = {NULL};
	const struct launch *launch = &there->launch;
	const char *const *argv = launch->text ? launch->argv : nothing;
	struct ssh_view view = {.app = there->folder ? there->folder->name : NULL,
				.folder = there->folder ? there->name : NULL,
				.manifest = there->manifest ? there->manifest : "",
				.launch = launch->text ? launch->text : "",
				.argv0 = argv[0] ? argv[0] : "",
				.argv1 = argv[0] && argv[1] ? argv[1] : "",
				.state = there->noted.word ? there->noted.word : "",
				.code = there->noted.code,
				.programs = programs_alive(there),
				.environment = launch->text ? launch->environment : nothing};

	for (const struct keeper_there *keeper = there->keepers; keeper; keeper = keeper->next) {
		view.keepers += keeper->pid != 0;
		view.answers |= keeper->answers;
		view.id = (uint64_t)keeper->program > view.id ? (uint64_t)keeper->program : view.id;
	}
	if (there->folder || view.programs)
		see(owner, &view);
}

void ssh_machine_each(const struct ssh_machine *machine,
		      void (*see)(void *owner, const struct ssh_view *view), void *owner)
{
	for (const struct there *ghost = machine->ghosts; ghost; ghost = ghost->next)
		see_one(ghost, see, owner);
	for (const struct folder *folder = machine->folders; folder; folder = folder->next)
		for (const struct there *there = folder->instances; there; there = there->next)
			see_one(there, see, owner);
}

const char *ssh_machine_left(const struct ssh_machine *machine, const char *app)
{
	const struct folder *folder = folder_find(machine, app);

	return !folder               ? NULL
	       : folder->claim       ? "the claim"
	       : folder->lease.token ? "the lease"
				     : "the directory";
}

const char *ssh_machine_token(const struct ssh_machine *machine, const char *app)
{
	const struct folder *folder = folder_find(machine, app);

	return folder && folder->lease.token ? folder->lease.token : "";
}

void ssh_machine_holder(const struct ssh_machine *machine, const char *app, char *ret, size_t size)
{
	const struct folder *folder = folder_find(machine, app);
	const char *claim = folder && folder->claim ? folder->claim : "";

	snprintf(ret, size, "%.*s", (int)strcspn(claim, "\n"), claim);
}

uint64_t ssh_machine_stamp(const struct ssh_machine *machine)
{
	return machine->stamp;
}

const char *ssh_machine_file(const struct ssh_machine *machine, const char *name, const char *path,
			     size_t *ret_size, unsigned *ret_mode)
{
	char app[100];
	const struct there *there = named(machine, name, app, sizeof(app));

	for (const struct file_there *file = there ? there->files : NULL; file; file = file->next)
		if (!strcmp(file->path, path)) {
			*ret_size = file->size;
			*ret_mode = file->mode;
			return file->content;
		}
	return NULL;
}
