/* exec_host.c - whose place a command takes: the main process of an instance, its environment and its user.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/localhost/exec.h"

#define ENVIRONMENT_MAX ((size_t)8 << 20)

/* --- the process --------------------------------------------------------------------------- */

struct search {
	pid_t parent;
	struct host *host;
};

/* The oldest child: what came later was left over by it. */
static bool visit_child(void *owner, const struct process_info *info)
{
	struct search *search = owner;
	struct host *host = search->host;

	if (info->parent == search->parent && !info->zombie &&
	    (!host->pid || info->start_ticks < host->start)) {
		host->pid = info->pid;
		host->start = info->start_ticks;
	}
	return true;
}

/* As its helper wrote it down; where that is lost, the helper's child. */
static int find_process(struct location *location, const struct shim *shim, struct host *host,
			struct error *err)
{
	struct search search = {.parent = shim->pid, .host = host};
	struct status status = {.code = -1};

	if (!status_read(location, shim->marks.run, &status) || status.helper != shim->pid)
		return location->world->ops->processes(location->world, NULL, visit_child, &search, err);
	host->pid = status.pid;
	host->start = status.pid_start;
	return 0;
}

static int not_running(const char *app, const char *name, const char *why, struct error *err)
{
	fail(err, ERR_FAILED, "`%s` is not running%s%s", name, why ? ": " : "", why ? why : "");
	remedy(err, "`berth start %s` starts what is stopped", app);
	return -1;
}

static int find_running(struct location *location, struct arena *arena, const char *app, const char *name,
			struct host *host, struct error *err)
{
	owned_scan scan = {0};
	struct observed seen;
	struct error why;

	if (scan_make(location, true, &scan, err))
		return -1;
	const struct shim *shim = scan_shim(&scan, name);
	if (shim && !(host->incarnation = incarnation_of(arena, &shim->marks)))
		return fail_memory(err);
	if (shim && find_process(location, shim, host, err))
		return -1;
	if (shim && host->pid && process_alive(location, host->pid, host->start))
		return 0;
	if (observe(location, &scan, arena, name, &seen, &why))
		return not_running(app, name, seen.error, err);
	if (why.code == OK)
		fail(&why, ERR_MISSING, "`%s` is not on this machine", name);
	*err = why;
	return -1;
}

/* --- its environment ----------------------------------------------------------------------- */

/* A name and a value: a program may have written something else where its environment was. */
static bool is_variable(const char *entry)
{
	size_t length = strcspn(entry, "=");

	return length && entry[length];
}

static bool is_mark(const char *entry)
{
	return starts_with(entry, "BERTH_TREE=") || starts_with(entry, "BERTH_EXEC=");
}

static int read_environment(struct location *location, struct arena *arena, struct host *host,
			    struct error *err)
{
	owned_text content = {.secret = true};
	char path[64];
	size_t entries = 0;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)host->pid);
	if (location->world->ops->file_read(location->world, path, ENVIRONMENT_MAX, &content, err))
		return -1;
	char *copy = content.failed ? NULL : arena_copy(arena, text_view(&content), content.length);
	for (size_t i = 0; copy && i < content.length; i++)
		entries += copy[i] == '\0';
	host->environment = copy ? arena_array(arena, const char *, entries + 2) : NULL;
	if (!host->environment)
		return fail_memory(err);
	for (const char *entry = copy; entry < copy + content.length; entry += strlen(entry) + 1)
		if (is_variable(entry) && !is_mark(entry))
			host->environment[host->variable_count++] = entry;
	return 0;
}

const char *host_variable(const struct host *host, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < host->variable_count; i++)
		if (!strncmp(host->environment[i], name, length) && host->environment[i][length] == '=')
			return host->environment[i] + length + 1;
	return NULL;
}

/* --- its user ------------------------------------------------------------------------------ */

static int read_groups(const char *line, struct arena *arena, struct host *host)
{
	size_t room = 1;
	char *end;

	for (const char *c = line; *c && *c != '\n'; c++)
		room += *c == ' ' || *c == '\t';
	gid_t *groups = arena_array(arena, gid_t, room);
	if (!groups)
		return -1;
	for (;;) {
		line += strspn(line, " \t");
		if (*line < '0' || *line > '9' || host->group_count == room)
			break;
		groups[host->group_count++] = (gid_t)strtoul(line, &end, 10);
		line = end;
	}
	host->groups = groups;
	return 0;
}

/* As the kernel tells it, in force: real, effective, saved, file system's. */
static int read_identity(struct location *location, struct arena *arena, struct host *host, struct error *err)
{
	owned_text content = {0};
	char path[64];
	unsigned uid, gid;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)host->pid);
	if (location->world->ops->file_read(location->world, path, 65536, &content, err))
		return -1;
	const char *status = text_view(&content), *users = strstr(status, "\nUid:"),
		   *owners = strstr(status, "\nGid:"), *groups = strstr(status, "\nGroups:");
	if (!users || !owners || !groups || sscanf(users, "\nUid: %*u %u", &uid) != 1 ||
	    sscanf(owners, "\nGid: %*u %u", &gid) != 1)
		return fail(err, ERR_FAILED, "%s cannot be understood", path);
	host->uid = uid;
	host->gid = gid;
	return read_groups(groups + strlen("\nGroups:"), arena, host) ? fail_memory(err) : 0;
}

int host_find(struct location *location, struct arena *arena, const char *app, const char *name,
	      struct host *ret_host, struct error *err)
{
	struct host host = {0};

	if (find_running(location, arena, app, name, &host, err) ||
	    read_environment(location, arena, &host, err) || read_identity(location, arena, &host, err))
		return -1;
	/* Read of another process, when this one ended meanwhile. */
	if (!process_alive(location, host.pid, host.start))
		return not_running(app, name, NULL, err);
	*ret_host = host;
	return 0;
}
