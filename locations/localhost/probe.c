/* probe.c - asks a process of this machine whether it answers. */
#include "locations/localhost/exec.h"
#include "locations/localhost/localhost.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define LAST_WORDS   300
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct probing {
	struct task task;
	struct exchange *exchange;
	struct probe_call *call;
	struct child *child;
	struct timer *limit;
	bool answered, timed_out;
	struct error result;
	struct process_end end;
	int wanted_status;
	int64_t timeout_ms;
	char *output; /* the file with a command's output; NULL: it is not kept */
	char *mark;   /* "BERTH_PROBE=..." in the environment of a command and its children */
};

/* --- is it up at all? ---------------------------------------------------------------------- */

static int fail_status(struct location *location, const char *directory, const struct status *status,
		       struct error *err)
{
	owned_text words = {0};
	char path[4096], ended[120];

	status_words(status, ended, sizeof(ended));
	if (snprintf(path, sizeof(path), "%s/error", directory) < (int)sizeof(path))
		location->world->ops->file_tail(location->world, path, LAST_WORDS, &words, NULL);
	return fail(err, ERR_FAILED, "it does not run: %s%s%s", ended, words.length ? "; " : "",
		    text_view(&words));
}

/* Also what another store started, or whose run directory was deleted. */
static int runs_elsewhere(struct location *location, const char *name, struct error *err)
{
	owned_scan scan = {0};
	struct status status = {.code = -1};

	if (scan_make(location, false, &scan, err))
		return -1;
	const struct shim *shim = scan_shim(&scan, name);
	if (!shim)
		return fail(err, ERR_FAILED, "it does not run");
	if (!shim_status(location, shim, &status) || !strcmp(status.state, "running"))
		return 0;
	return fail_status(location, shim->marks.run, &status, err);
}

static int runs(struct location *location, const struct instance_spec *spec, const char *directory,
		struct error *err)
{
	struct status status = {.code = -1};

	if (!status_read(location, directory, &status))
		return runs_elsewhere(location, spec->name, err);
	bool alive = process_alive(location, status.helper, status.helper_start);
	if (alive && !strcmp(status.state, "running"))
		return 0;
	return fail_status(location, directory, &status, err);
}

/* --- the answers --------------------------------------------------------------------------- */

static void tcp_answered(void *owner, const struct error *error)
{
	struct probing *probing = owner;

	probing->call = NULL;
	probing->answered = true;
	if (error->code != OK)
		fail(&probing->result, ERR_FAILED, "%s", error->text);
	probing->task.errand->wake(probing->task.errand);
}

/* ": " and the last bytes of an answer, on one line. */
static void add_last(struct text *to, const struct text *body)
{
	size_t from = body->length > LAST_WORDS ? body->length - LAST_WORDS : 0, end = body->length;

	while (end > from && strchr(" \n\r\t", text_view(body)[end - 1]))
		end--;
	if (end > from)
		text_add(to, ": ");
	text_add_printable(to, text_view(body) + from, end - from);
	for (size_t i = 0; i < to->length; i++)
		if (to->data[i] == '\n')
			to->data[i] = ' ';
}

static void http_answered(void *owner, struct http_answer *answer)
{
	struct probing *probing = owner;
	int wanted = probing->wanted_status, status = answer->status;

	probing->exchange = NULL;
	probing->answered = true;
	if (answer->error.code != OK)
		fail(&probing->result, ERR_FAILED, "%s", answer->error.text);
	if (answer->error.code == OK && (wanted ? status != wanted : status < 200 || status > 399)) {
		owned_text last = {0};
		add_last(&last, &answer->body);
		if (wanted)
			fail(&probing->result, ERR_FAILED, "it answers with status %d, not %d%s", status,
			     wanted, text_view(&last));
		else
			fail(&probing->result, ERR_FAILED, "it answers with status %d%s", status,
			     text_view(&last));
	}
	probing->task.errand->wake(probing->task.errand);
}

/* The last bytes of a command's output, on one line. */
static void last_words(struct probing *probing, struct text *ret_words)
{
	struct world *world = probing->task.location->world;
	owned_text content = {0};

	if (!probing->output || world->ops->file_tail(world, probing->output, LAST_WORDS, &content, NULL))
		return;
	while (content.length && strchr(" \n\r\t", content.data[content.length - 1]))
		content.data[--content.length] = '\0';
	for (size_t i = 0; i < content.length; i++)
		if (content.data[i] == '\n')
			content.data[i] = ' ';
	if (content.length)
		text_add(ret_words, ": ");
	text_add_printable(ret_words, text_view(&content), content.length);
}

static void command_ended(void *owner, const struct process_end *end)
{
	struct probing *probing = owner;
	owned_text words = {0};

	probing->child = NULL;
	probing->answered = true;
	last_words(probing, &words);
	if (probing->timed_out)
		fail(&probing->result, ERR_TIMED_OUT, "the check did not end within %lld ms%s",
		     (long long)probing->timeout_ms, text_view(&words));
	else if (end->signal)
		fail(&probing->result, ERR_FAILED, "signal %d ended the check%s", end->signal,
		     text_view(&words));
	else if (end->exit_code)
		fail(&probing->result, ERR_FAILED, "the check exited with code %d%s", end->exit_code,
		     text_view(&words));
	probing->task.errand->wake(probing->task.errand);
}

/* --- a command ----------------------------------------------------------------------------- */

struct killing {
	struct world *world;
	const char *mark;
};

static bool kill_marked(void *owner, const struct process_info *info)
{
	struct killing *killing = owner;
	const char *end = info->environment + info->environment_size;

	for (const char *entry = info->environment; entry < end;
	     entry += strnlen(entry, (size_t)(end - entry)) + 1)
		if (strnlen(entry, (size_t)(end - entry)) < (size_t)(end - entry) &&
		    !strcmp(entry, killing->mark))
			killing->world->ops->signal(killing->world, info->pid, info->start_ticks, SIGKILL,
						    NULL);
	return true;
}

static void kill_command(struct probing *probing)
{
	struct killing killing = {probing->task.location->world, probing->mark};

	killing.world->ops->processes(killing.world, probing->mark, kill_marked, &killing, NULL);
}

static void time_over(void *owner)
{
	struct probing *probing = owner;

	probing->limit = NULL;
	probing->timed_out = true;
	kill_command(probing);
}

/* The check's words behind a shell that redirects them: a world gives no descriptor of a file. */
static const char **check_argv(struct arena *arena, const struct health_check *check, const char *output,
			       struct error *err)
{
	const struct command *command = &check->command;
	const char **argv = arena_array(arena, const char *, command->count + 8);
	size_t count = 0;

	if (!argv) {
		fail_memory(err);
		return NULL;
	}
	argv[count++] = "/bin/sh";
	argv[count++] = "-c";
	argv[count++] = "exec \"$@\" >\"$0\" 2>&1";
	argv[count++] = output ? output : "/dev/null";
	if (command->shell) {
		argv[count++] = "/bin/sh";
		argv[count++] = "-c";
	}
	for (size_t i = 0; i < command->count; i++) {
		if (command->words[i].kind != VALUE_TEXT) {
			fail(err, ERR_UNSUPPORTED, "a check's command must be plain text");
			return NULL;
		}
		argv[count++] = command->words[i].text;
	}
	return argv;
}

/* Whoever asks what has run for long knows none of its variables: they are those that it runs with. */
static const char **own_environment(struct location *location, struct arena *arena,
				    const struct instance_spec *spec, const char *mark)
{
	struct host host;

	if (host_find(location, arena, spec->app, spec->name, &host, NULL))
		return NULL;
	const char **environment = arena_array(arena, const char *, host.variable_count + 3);
	if (!environment)
		return NULL;
	memcpy(environment, host.environment, host.variable_count * sizeof(*environment));
	size_t count = host.variable_count;
	if (!host_variable(&host, "PATH"))
		environment[count++] = DEFAULT_PATH;
	environment[count++] = mark;
	return environment;
}

static const char **check_environment(struct location *location, struct arena *arena,
				      const struct instance_spec *spec, const char *mark)
{
	const char **own = spec->variable_count ? NULL : own_environment(location, arena, spec, mark);
	const char **environment = own ? own : arena_array(arena, const char *, spec->variable_count + 8);
	size_t count = 0;
	bool path = false;

	if (own || !environment)
		return environment;
	for (size_t i = 0; i < spec->variable_count; i++) {
		const struct spec_variable *variable = &spec->variables[i];
		environment[count++] = arena_format(arena, "%s=%s", variable->name, variable->value);
		path = path || !strcmp(variable->name, "PATH");
		if (!environment[count - 1])
			return NULL;
	}
	if (!path)
		environment[count++] = DEFAULT_PATH;
	environment[count++] = mark;
	return environment;
}

static int begin_command(struct probing *probing, const struct instance_spec *spec,
			 const struct health_check *check, const char *directory, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct location *location = probing->task.location;
	struct world *world = location->world;
	uint64_t number = 0;
	char *work = arena_format(&arena, "%s/work", directory);

	if (world->ops->random(world, &number, sizeof(number)))
		return fail(err, ERR_FAILED, "no random number to be had");
	char *output = arena_format(&arena, "%s/probe.%016llx", directory, (unsigned long long)number);
	char *mark = arena_format(&arena, "BERTH_PROBE=%016llx", (unsigned long long)number);
	if (!work || !output || !mark || !(probing->mark = strdup(mark)))
		return fail_memory(err);
	if (world->ops->file_exists(world, directory) && !(probing->output = strdup(output)))
		return fail_memory(err);
	const char **environment = check_environment(location, &arena, spec, mark);
	const char **argv = check_argv(&arena, check, probing->output, err);
	if (!argv || !environment)
		return argv ? fail_memory(err) : -1;
	struct process_options options = {.argv = argv,
					  .environment = environment,
					  .input = -1,
					  .output = -1,
					  .errors = -1,
					  .new_session = true};
	options.directory = spec->directory                        ? spec->directory
			    : world->ops->file_exists(world, work) ? work
								   : "/";
	probing->limit = world->ops->timer_start(world, check->timeout_ms, time_over, probing);
	if (!probing->limit)
		return fail_memory(err);
	probing->child = world->ops->spawn(world, &options, command_ended, probing, err);
	return probing->child ? 0 : -1;
}

/* --- the errand ---------------------------------------------------------------------------- */

/* It listens where it was told to when it was made, which may be wider than it is to be now: losing the last
 * consumer outside is no reason to make it anew. */
static int as_it_runs(struct location *location, struct arena *arena, const struct instance_spec *spec,
		      const char *directory, struct instance_spec *ret)
{
	struct spec_variable *variables = arena_array(arena, struct spec_variable, spec->variable_count + 1);
	struct marks marks;

	*ret = *spec;
	if (!variables)
		return -1;
	if (!spec->bind_address || !manifest_read(location, arena, directory, &marks) || !*marks.bind)
		return 0;
	for (size_t i = 0; i < spec->variable_count; i++) {
		variables[i] = spec->variables[i];
		if (!strcmp(variables[i].name, "BIND_ADDRESS") &&
		    !strcmp(variables[i].value, spec->bind_address))
			variables[i].value = marks.bind;
	}
	ret->bind_address = marks.bind;
	ret->variables = variables;
	return 0;
}

static void release_probing(struct task *task)
{
	struct probing *probing = (struct probing *)task;
	struct world *world = task->location->world;

	if (probing->child)
		kill_command(probing);
	world->ops->timer_cancel(world, probing->limit);
	world->ops->http_cancel(world, probing->exchange);
	world->ops->tcp_cancel(world, probing->call);
	world->ops->child_drop(world, probing->child);
	if (probing->output)
		world->ops->file_remove(world, probing->output, NULL);
	free(probing->output);
	free(probing->mark);
}

static int begin_http(struct probing *probing, const struct instance_spec *spec,
		      const struct health_check *check, struct error *err)
{
	struct world *world = probing->task.location->world;
	const char *address = reachable_address(spec->bind_address);
	const char *path = check->path ? check->path : "/";
	bool six = strchr(address, ':') != NULL;
	owned_text url = {0};

	text_format(&url, "http://%s%s%s:%u%s%s", six ? "[" : "", address, six ? "]" : "",
		    (unsigned)check->port, *path == '/' ? "" : "/", path);
	if (url.failed)
		return fail_memory(err);
	struct http_request request = {
	    .method = "GET", .url = url.data, .timeout_ms = check->timeout_ms, .body_limit = 4 << 20};
	struct http_sink sink = {.done = http_answered, .owner = probing};
	probing->wanted_status = check->status;
	probing->exchange = world->ops->http_send(world, &request, &sink, err);
	return probing->exchange ? 0 : -1;
}

static int begin_tcp(struct probing *probing, const struct instance_spec *spec,
		     const struct health_check *check, struct error *err)
{
	struct world *world = probing->task.location->world;

	probing->call = world->ops->tcp_probe(world, reachable_address(spec->bind_address), check->port,
					      check->timeout_ms, tcp_answered, probing);
	return probing->call ? 0 : fail_memory(err);
}

static enum progress begin(struct location *location, struct errand *errand,
			   const struct instance_spec *wanted, const struct health_check *check,
			   struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	char *directory = run_directory(location, &arena, wanted->app, wanted->name);
	struct instance_spec running;
	const struct instance_spec *spec = &running;

	if (!directory || as_it_runs(location, &arena, wanted, directory, &running)) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (guard_name(spec->app, spec->name, err) || runs(location, spec, directory, err))
		return PROGRESS_FAILED;
	if (check->kind == CHECK_NONE)
		return PROGRESS_DONE;
	struct probing *probing = local_task_new(location, errand, sizeof(*probing), release_probing);
	if (!probing) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	probing->timeout_ms = check->timeout_ms;
	int result;
	if (check->kind == CHECK_HTTP)
		result = begin_http(probing, spec, check, err);
	else if (check->kind == CHECK_TCP)
		result = begin_tcp(probing, spec, check, err);
	else
		result = begin_command(probing, spec, check, directory, err);
	return result ? local_task_end(&probing->task, PROGRESS_FAILED) : PROGRESS_WAITING;
}

enum progress localhost_probe(struct location *location, struct errand *errand,
			      const struct instance_spec *spec, const struct health_check *check,
			      struct error *err)
{
	struct probing *probing = errand->state;

	if (!probing)
		return begin(location, errand, spec, check, err);
	if (!probing->answered)
		return PROGRESS_WAITING;
	if (probing->result.code == OK)
		return local_task_end(&probing->task, PROGRESS_DONE);
	*err = probing->result;
	return local_task_end(&probing->task, PROGRESS_FAILED);
}
