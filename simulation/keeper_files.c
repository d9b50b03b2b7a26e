/* keeper_files.c - what the model of berth-helper reads and writes in the run directory. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/keeper_internal.h"

static struct files *files_of(const struct keeper *keeper)
{
	return &keeper->process->machine->files;
}

static struct node *find(struct keeper *keeper, const char *name)
{
	struct node *node = node_find(keeper->process->directory, name, strlen(name));
	return node && node->kind == FILE_PLAIN ? node : NULL;
}

/* Open for writing, made when it is not there. */
static struct node *open_file(struct keeper *keeper, const char *name)
{
	struct node *node = find(keeper, name);
	if (node && files_of(keeper)->read_only) {
		errno = EROFS;
		return NULL;
	}
	return node ? node
		    : file_make(files_of(keeper), keeper->process->directory, name, 0600,
				&keeper->process->actor);
}

static void remove_file(struct keeper *keeper, const char *name)
{
	struct node *node = find(keeper, name);
	if (node)
		name_take(files_of(keeper), node, &keeper->process->actor);
}

/* --- records ------------------------------------------------------------------------------------------- */

/* Whole or not at all, but nothing waits for the disk. */
static bool keeper_replace(struct keeper *keeper, const char *name, const char *beside, const char *text)
{
	struct node *node = open_file(keeper, beside);
	if (!node)
		return errno == ENOENT;
	if (node_resize(files_of(keeper), node, 0))
		return false;
	if (!node_write(files_of(keeper), node, 0, text, strlen(text)) &&
	    !name_move(files_of(keeper), node, keeper->process->directory, name, &keeper->process->actor))
		return true;
	remove_file(keeper, beside);
	return false;
}

bool record_write(struct keeper *keeper)
{
	const struct record *record = &keeper->record;
	const struct process *process = keeper->process;
	char text[1024];
	snprintf(text, sizeof text,
		 "state %s\nhelper %d %llu\npid %d %llu\nstarted %lld\nended %lld\nexits %u\nstarts %u\ncode "
		 "%d\nsignal %d\nboot %s\n",
		 record->state, (int)process->pid, (unsigned long long)process->start_ticks, (int)record->pid,
		 (unsigned long long)record->pid_start, (long long)record->started_ms,
		 (long long)record->ended_ms, record->exits, record->starts, record->code, record->signal,
		 process->machine->boot_id);
	return keeper_replace(keeper, "state", "state.new", text);
}

void record_error(struct keeper *keeper, const char *text)
{
	if (text)
		keeper_replace(keeper, "error", "error.new", text);
	else
		remove_file(keeper, "error");
}

unsigned record_exits_before(struct keeper *keeper)
{
	const struct node *node = find(keeper, "state");
	owned_text text = {0};
	unsigned exits = 0;
	if (node)
		text_add_bytes(&text, node->size ? node->bytes : (const unsigned char *)"",
			       (size_t)node->size);
	const char *line = strstr(text_view(&text), "\nexits ");
	if (line)
		sscanf(line, "\nexits %u", &exits);
	return exits;
}

/* --- what it is to run ---------------------------------------------------------------------------------- */

static const char *after(const char *record, const char *key)
{
	size_t length = strlen(key);
	return !strncmp(record, key, length) && record[length] == '=' ? record + length + 1 : NULL;
}

static enum restart restart_of(const char *word)
{
	if (!strcmp(word, "no"))
		return RESTART_NO;
	return strcmp(word, "on-failure") ? RESTART_ALWAYS : RESTART_ON_FAILURE;
}

static void take_record(struct launch *launch, const char *record)
{
	const char *value;
	if ((value = after(record, "arg")))
		launch->argv[launch->argument_count++] = value;
	else if ((value = after(record, "env")))
		launch->environment[launch->variable_count++] = value;
	else if ((value = after(record, "name")))
		launch->name = value;
	else if ((value = after(record, "dir")))
		launch->directory = value;
	else if ((value = after(record, "user")))
		launch->user = value;
	else if ((value = after(record, "grace")))
		launch->grace_ms = strtoll(value, NULL, 10);
	else if ((value = after(record, "signal")))
		launch->stop_signal = atoi(value);
	else if ((value = after(record, "log")))
		launch->log_limit = strtoll(value, NULL, 10);
	else if ((value = after(record, "restart")))
		launch->restart = restart_of(value);
}

int launch_read(struct keeper *keeper, struct start_failure *failure)
{
	struct launch *launch = &keeper->launch;
	const struct node *node = find(keeper, "launch");
	size_t records = 0;
	*launch = (struct launch){.grace_ms = 10000,
				  .log_limit = 10 * 1024 * 1024,
				  .stop_signal = SIGTERM,
				  .restart = RESTART_ALWAYS};
	if (!node) {
		snprintf(failure->text, sizeof failure->text, "cannot read `launch`: %s", strerror(ENOENT));
		return -1;
	}
	for (uint64_t i = 0; i < node->size; i++)
		records += node->bytes[i] == '\0';
	launch->records = calloc(1, (size_t)node->size + 1);
	launch->argv = calloc(records + 1, sizeof(char *));
	launch->environment = calloc(records + COUNT_OF(launch->defaults) + 1, sizeof(char *));
	if (!launch->records || !launch->argv || !launch->environment) {
		snprintf(failure->text, sizeof failure->text, "out of memory");
		return -1;
	}
	if (node->size)
		memcpy(launch->records, node->bytes, (size_t)node->size);
	for (const char *record = launch->records; record < launch->records + node->size;
	     record += strlen(record) + 1)
		take_record(launch, record);
	if (launch->name && launch->argument_count)
		return 0;
	snprintf(failure->text, sizeof failure->text, "`launch` names no command");
	return -1;
}

void launch_default(struct launch *launch, const char *name, const char *value)
{
	for (size_t i = 0; i < launch->variable_count; i++)
		if (after(launch->environment[i], name))
			return;
	char *entry;
	if (launch->default_count == COUNT_OF(launch->defaults) || asprintf(&entry, "%s=%s", name, value) < 0)
		return;
	launch->defaults[launch->default_count++] = entry;
	launch->environment[launch->variable_count++] = entry;
}

void launch_release(struct launch *launch)
{
	for (size_t i = 0; i < launch->default_count; i++)
		free(launch->defaults[i]);
	free(launch->records);
	free(launch->argv);
	free(launch->environment);
}

enum restart manifest_restart(struct keeper *keeper)
{
	const struct node *node = find(keeper, "manifest");
	owned_text text = {0};
	enum restart found = keeper->launch.restart;
	if (node && node->size)
		text_add_bytes(&text, node->bytes, (size_t)node->size);
	const char *end = text_view(&text) + text.length;
	for (const char *record = text_view(&text); record < end; record += strlen(record) + 1) {
		const char *value = after(record, "BERTH_RESTART");
		if (value)
			found = restart_of(value);
	}
	return found;
}

/* --- whoever it runs as --------------------------------------------------------------------------------- */

static bool read_user(struct keeper *keeper, const char *line, const char *name, long number)
{
	char user[64], home[256];
	unsigned uid, gid;
	if (sscanf(line, "%63[^:]:%*[^:]:%u:%u:%*[^:]:%255[^:\n]", user, &uid, &gid, home) != 4 &&
	    sscanf(line, "%63[^:]:%*[^:]:%u:%u::%255[^:\n]", user, &uid, &gid, home) != 4)
		return false;
	if (strcmp(user, name) && (number < 0 || uid != (unsigned)number))
		return false;
	keeper->account = (struct actor){uid, gid};
	snprintf(keeper->account_name, sizeof keeper->account_name, "%s", user);
	snprintf(keeper->account_home, sizeof keeper->account_home, "%s", home);
	return true;
}

static int find_user(struct keeper *keeper, const char *name)
{
	owned_text passwd = {0};
	char *end;
	long number = strtol(name, &end, 10);
	if (!*name || *end)
		number = -1;
	machine_read(keeper->process->machine, "/etc/passwd", &passwd);
	for (const char *line = text_view(&passwd); *line; line += strcspn(line, "\n") + 1) {
		if (read_user(keeper, line, name, number))
			return 0;
		if (!line[strcspn(line, "\n")])
			break;
	}
	if (number < 0)
		return -1;
	keeper->account = (struct actor){(uid_t)number, (gid_t)number};
	snprintf(keeper->account_name, sizeof keeper->account_name, "%s", name);
	return 0;
}

/* Of groups only the number of one that is given. */
int account_find(struct keeper *keeper, struct start_failure *failure)
{
	const char *user = keeper->launch.user;
	uid_t own = keeper->process->actor.uid;
	char name[64];
	int64_t gid;
	if (user)
		snprintf(name, sizeof name, "%s", user);
	else
		snprintf(name, sizeof name, "%u", (unsigned)own);
	char *group = strchr(name, ':');
	if (group)
		*group++ = '\0';
	keeper->account_given = user;
	snprintf(keeper->account_home, sizeof keeper->account_home, "/");
	failure->code = 126;
	if (find_user(keeper, name)) {
		snprintf(failure->text, sizeof failure->text, "user `%s` is not in /etc/passwd", name);
		return -1;
	}
	if (group && parse_number(group, 0, UINT32_MAX - 1, &gid))
		keeper->account.gid = (gid_t)gid;
	if (!user || !own || keeper->account.uid == own)
		return 0;
	snprintf(failure->text, sizeof failure->text,
		 "cannot run as user `%s`: only root may become somebody else", name);
	return -1;
}

/* --- its log -------------------------------------------------------------------------------------------- */

static void append(struct keeper *keeper, const char *bytes, size_t count)
{
	struct node *node = keeper->log.node;
	node_write(files_of(keeper), node, node->size, bytes, count);
}

static int begin_file(struct keeper *keeper)
{
	struct log *log = &keeper->log;
	char header[40];
	log->node = open_file(keeper, "log");
	if (!log->node)
		return -1;
	node_hold(log->node);
	if (!log->node->size)
		append(keeper, header, (size_t)snprintf(header, sizeof header, "log %lu\n", log->generation));
	return 0;
}

int log_open(struct keeper *keeper)
{
	struct log *log = &keeper->log;
	const struct node *node = find(keeper, "log");
	char header[40] = "";
	*log = (struct log){.limit = keeper->launch.log_limit > 0 ? keeper->launch.log_limit : 1,
			    .generation = 1};
	if (node && node->size) {
		memcpy(header, node->bytes, node->size < sizeof header - 1 ? node->size : sizeof header - 1);
		sscanf(header, "log %lu", &log->generation);
	}
	if (begin_file(keeper))
		return -1;
	/* A record cut off by a crash gets its end. */
	if (log->node->size && log->node->bytes[log->node->size - 1] != '\n')
		append(keeper, "\n", 1);
	return 0;
}

static void rotate(struct keeper *keeper)
{
	struct log *log = &keeper->log;
	struct node *node = find(keeper, "log");
	log_release(keeper);
	log->generation++;
	/* Where it cannot be renamed it is emptied. */
	if (!node ||
	    name_move(files_of(keeper), node, keeper->process->directory, "log.1", &keeper->process->actor))
		if (node)
			node_resize(files_of(keeper), node, 0);
	begin_file(keeper);
}

static void write_record(struct keeper *keeper, const char *bytes, size_t count)
{
	struct log *log = &keeper->log;
	owned_text record = {0};
	text_format(&record, "o%lld ", (long long)machine_wall(keeper->process->machine));
	text_add_bytes(&record, bytes, count);
	text_add_char(&record, '\n');
	if (!log->node || (int64_t)(log->node->size + record.length) > log->limit)
		rotate(keeper);
	if (log->node)
		append(keeper, text_view(&record), record.length);
}

void log_drain(struct keeper *keeper)
{
	const char *line = text_view(&keeper->output), *newline;
	for (; (newline = strchr(line, '\n')); line = newline + 1)
		write_record(keeper, line, (size_t)(newline - line));
	text_clear(&keeper->output);
}

void log_release(struct keeper *keeper)
{
	if (keeper->log.node)
		node_drop(files_of(keeper), keeper->log.node);
	keeper->log.node = NULL;
}
