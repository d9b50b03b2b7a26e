/* scan.c - finds what berth started on this machine: living helpers by their environment, trees by their
 * mark. */
#include "locations/localhost/localhost.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define HELPER         "berth-helper"
#define MOST_ANCESTORS 256

static bool grow(void **array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return true;
	size_t larger = *room ? *room * 2 : 16;
	void *grown = realloc(*array, larger * size);
	if (!grown)
		return false;
	*array = grown;
	*room = larger;
	return true;
}

struct scanning {
	struct location *location;
	struct scan *scan;
	bool failed;
};

static bool add_member(struct scanning *scanning, const struct member *member)
{
	struct scan *scan = scanning->scan;

	for (size_t i = 0; i < scan->member_count; i++)
		if (scan->members[i].pid == member->pid && scan->members[i].start == member->start)
			return true;
	if (!grow((void **)&scan->members, scan->member_count, &scan->member_room, sizeof(*scan->members))) {
		scanning->failed = true;
		return false;
	}
	scan->members[scan->member_count++] = *member;
	return true;
}

/* "app.component.1:PID.START", as the helper named its tree when it began. */
static bool read_tree(struct scanning *scanning, const char *text, struct member *ret_member)
{
	const char *colon = strchr(text, ':');
	int pid;
	unsigned long long start;

	if (!colon || sscanf(colon + 1, "%d.%llu", &pid, &start) != 2)
		return false;
	ret_member->name = arena_copy(&scanning->scan->arena, text, (size_t)(colon - text));
	ret_member->shim_pid = pid;
	ret_member->shim_start = start;
	return ret_member->name != NULL;
}

static bool is_helper(const char *executable)
{
	const char *slash = strrchr(executable, '/');
	const char *base = slash ? slash + 1 : executable;

	/* " (deleted)" follows when it was upgraded meanwhile. */
	return starts_with(base, HELPER) && (base[strlen(HELPER)] == '\0' || base[strlen(HELPER)] == ' ');
}

static bool visit_holder(void *owner, pid_t pid, uint64_t start_ticks, const char *name)
{
	struct scanning *scanning = owner;
	struct member member = {.pid = pid, .start = start_ticks};

	return !starts_with(name, "berth:") || !read_tree(scanning, name + strlen("berth:"), &member) ||
	       add_member(scanning, &member);
}

static const char *tree_of(const struct process_info *info)
{
	const char *end = info->environment + info->environment_size;

	for (const char *entry = info->environment; entry < end;
	     entry += strnlen(entry, (size_t)(end - entry)) + 1)
		if ((size_t)(end - entry) > strlen("BERTH_TREE=") && starts_with(entry, "BERTH_TREE="))
			return entry + strlen("BERTH_TREE=");
	return NULL;
}

/* Marks can be imitated by whoever likes; only what runs as us is a helper of ours. */
static bool runs_as_us(struct location *location, const struct kernel_view *view)
{
	return view->real == local_uid(location) && view->effective == local_uid(location);
}

/* A signal lies there until its helper comes to it, on a busy machine for a while. */
static bool told_to_end(const struct kernel_view *view)
{
	return view->pending & (UINT64_C(1) << (SIGUSR1 - 1) | UINT64_C(1) << (SIGTERM - 1));
}

/* Where the helper works is its run directory, by the name that this has now or had when it was deleted.
 * Until it has gone there the directory is the one it was told. */
static bool read_shim(struct scanning *scanning, const struct process_info *info, struct marks *ret_marks)
{
	static const char deleted[] = " (deleted)";
	struct arena *arena = &scanning->scan->arena;
	size_t length = strlen(info->directory);

	if (ends_with(info->directory, deleted))
		length -= strlen(deleted);
	char *directory = arena_copy(arena, info->directory, length);
	if (directory && *directory == '/' &&
	    marks_read(arena, info->environment, info->environment_size, directory, ret_marks))
		return true;
	return marks_read(arena, info->environment, info->environment_size, NULL, ret_marks);
}

static bool visit_marked(void *owner, const struct process_info *info)
{
	struct scanning *scanning = owner;
	struct scan *scan = scanning->scan;
	struct shim shim = {.pid = info->pid, .parent = info->parent, .start = info->start_ticks};
	struct member member = {.pid = info->pid, .start = info->start_ticks};
	const char *tree = tree_of(info);
	struct kernel_view view;

	if (info->zombie)
		return true;
	/* Programs that close what they inherit still have their environment. */
	if (tree)
		return !read_tree(scanning, tree, &member) || add_member(scanning, &member);
	if (!is_helper(info->executable) || !process_identity(scanning->location, info->pid, &view) ||
	    !runs_as_us(scanning->location, &view) || !read_shim(scanning, info, &shim.marks))
		return true;
	shim.ending = told_to_end(&view);
	if (!grow((void **)&scan->shims, scan->shim_count, &scan->shim_room, sizeof(*scan->shims))) {
		scanning->failed = true;
		return false;
	}
	scan->shims[scan->shim_count++] = shim;
	return true;
}

/* However the run directory is called meanwhile. */
static bool same_instance(const struct marks *one, const struct marks *other)
{
	return !strcmp(one->app, other->app) && !strcmp(one->component, other->component) &&
	       one->ordinal == other->ordinal && one->created_ms == other->created_ms;
}

/* A helper that forked and has not run the command yet looks like its parent. */
static void drop_forks(struct scan *scan)
{
	size_t kept = 0;

	for (size_t i = 0; i < scan->shim_count; i++) {
		bool fork = false;
		for (size_t j = 0; j < scan->shim_count; j++)
			fork = fork || (scan->shims[j].pid == scan->shims[i].parent &&
					same_instance(&scan->shims[j].marks, &scan->shims[i].marks));
		if (!fork)
			scan->shims[kept++] = scan->shims[i];
	}
	scan->shim_count = kept;
}

bool shim_status(struct location *location, const struct shim *shim, struct status *ret_status)
{
	return status_read(location, shim->marks.run, ret_status) && ret_status->helper == shim->pid &&
	       ret_status->helper_start == shim->start;
}

bool shim_parked(struct location *location, const struct shim *shim)
{
	struct status status = {.code = -1};

	return shim_status(location, shim, &status) && !strcmp(status.state, "parked");
}

/* Whether the run directory's record is this helper's: it holds the lock, the other one is about to end. */
static bool is_recorded(struct location *location, const struct shim *shim)
{
	struct status status = {.code = -1};

	return shim_status(location, shim, &status);
}

static bool began_before(const struct shim *one, const struct shim *other)
{
	return one->start < other->start || (one->start == other->start && one->pid < other->pid);
}

/* Of two helpers of one instance the recorded one counts; while none is, the older. */
static void mark_twins(struct location *location, struct scan *scan)
{
	for (size_t i = 0; i < scan->shim_count; i++) {
		struct shim *shim = &scan->shims[i];
		for (size_t j = 0; j < scan->shim_count; j++) {
			const struct shim *other = &scan->shims[j];
			if (j == i || strcmp(other->marks.name, shim->marks.name))
				continue;
			bool mine = is_recorded(location, shim), theirs = is_recorded(location, other);
			shim->twin = shim->twin || (mine == theirs ? began_before(other, shim) : theirs);
		}
	}
}

/* --- which instance a member belongs to ---------------------------------------------------- */

struct record_search {
	struct location *location;
	struct scan *scan;
	const char *app;
	struct member *member;
};

/* Whether the helper that has this run directory, or had it last, is the member's keeper. */
static bool keeper_of(struct record_search *search, const char *name)
{
	struct status status;
	char *directory = run_directory(search->location, &search->scan->arena, search->app, name);

	if (!directory || !status_read(search->location, directory, &status) ||
	    status.helper != search->member->shim_pid || status.helper_start != search->member->shim_start)
		return false;
	search->member->name = name;
	search->member->recorded = true;
	return true;
}

static bool visit_run(void *owner, const char *entry)
{
	struct record_search *search = owner;
	char *name = arena_format(&search->scan->arena, "%s.%s", search->app, entry);

	return !name || !keeper_of(search, name);
}

/* It began under this name; the run directory with its keeper's record may have been renamed since. */
static void find_record(struct location *location, struct scan *scan, struct member *member)
{
	const char *app, *component;
	unsigned ordinal, generation;
	struct record_search search = {.location = location, .scan = scan, .member = member};

	if (!instance_name_split(&scan->arena, member->name, &app, &component, &ordinal, &generation) ||
	    !fit_id(app) || !fit_id(component))
		return;
	search.app = app;
	char *directory = app_directory(location, &scan->arena, app);
	if (directory && !keeper_of(&search, member->name))
		location->world->ops->directory_list(location->world, directory, visit_run, &search, NULL);
}

/* By the keeper, which is the same for many in a row. */
static void name_members(struct location *location, struct scan *scan)
{
	for (size_t i = 0; scan->members && i < scan->member_count; i++) {
		struct member *member = &scan->members[i];
		const struct member *before = i ? member - 1 : NULL;
		const struct shim *keeper = NULL;
		if (before && before->shim_pid == member->shim_pid &&
		    before->shim_start == member->shim_start) {
			member->name = before->name;
			member->recorded = before->recorded;
			continue;
		}
		for (size_t s = 0; s < scan->shim_count && !keeper; s++)
			if (scan->shims[s].pid == member->shim_pid &&
			    scan->shims[s].start == member->shim_start)
				keeper = &scan->shims[s];
		if (keeper)
			member->name = keeper->marks.name;
		else
			find_record(location, scan, member);
	}
}

static bool is_our_helper(const struct scan *scan, pid_t pid)
{
	for (size_t i = 0; i < scan->shim_count; i++)
		if (scan->shims[i].pid == pid)
			return true;
	return false;
}

/* A component with a `user` runs as another: it is ours by our own record, or by whom it descends from. A
 * program that changes its user while it runs keeps the real one, so that is what counts. */
static bool member_is_ours(struct location *location, const struct scan *scan, const struct member *member)
{
	struct kernel_view view;

	if (!process_identity(location, member->pid, &view))
		return false;
	if (view.real == local_uid(location) || member->recorded)
		return true;
	for (unsigned hops = 0; view.parent > 1 && hops < MOST_ANCESTORS; hops++) {
		if (is_our_helper(scan, view.parent))
			return true;
		if (!process_identity(location, view.parent, &view))
			return false;
	}
	return false;
}

static void drop_strangers(struct location *location, struct scan *scan)
{
	size_t kept = 0;

	for (size_t i = 0; i < scan->member_count; i++)
		if (member_is_ours(location, scan, &scan->members[i]))
			scan->members[kept++] = scan->members[i];
	scan->member_count = kept;
}

/* Asked of the keeper itself: one that began after the helpers were looked for is no dead one. */
static void mark_orphans(struct location *location, struct scan *scan)
{
	for (size_t i = 0; i < scan->member_count; i++) {
		struct member *member = &scan->members[i];
		const struct member *before = i ? member - 1 : NULL;
		if (before && before->shim_pid == member->shim_pid &&
		    before->shim_start == member->shim_start)
			member->orphan = before->orphan;
		else
			member->orphan = !process_alive(location, member->shim_pid, member->shim_start);
	}
}

int scan_make(struct location *location, bool trees, struct scan *ret_scan, struct error *err)
{
	struct world *world = location->world;
	struct scanning scanning = {.location = location, .scan = ret_scan};
	size_t memory = memory_failures();

	if (world->ops->processes(world, "BERTH_APP=", visit_marked, &scanning, err))
		return -1;
	drop_forks(ret_scan);
	mark_twins(location, ret_scan);
	if (trees && world->ops->memfd_holders(world, "berth:", visit_holder, &scanning, err))
		return -1;
	name_members(location, ret_scan);
	drop_strangers(location, ret_scan);
	mark_orphans(location, ret_scan);
	return scanning.failed || memory_failures() != memory ? fail_memory(err) : 0;
}

void scan_release(struct scan *scan)
{
	free(scan->shims);
	free(scan->members);
	arena_release(&scan->arena);
	*scan = (struct scan){0};
}

const struct shim *scan_shim(const struct scan *scan, const char *name)
{
	for (size_t i = 0; i < scan->shim_count; i++)
		if (!scan->shims[i].twin && !strcmp(scan->shims[i].marks.name, name))
			return &scan->shims[i];
	return NULL;
}

size_t scan_orphans(const struct scan *scan, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < scan->member_count; i++)
		count += scan->members[i].orphan && !strcmp(scan->members[i].name, name);
	return count;
}

/* --- ending a tree ------------------------------------------------------------------------- */

struct family {
	struct process_info *all; /* pid, parent and start only */
	size_t count, room;
	bool failed;
};

static bool visit_any(void *owner, const struct process_info *info)
{
	struct family *family = owner;

	if (!grow((void **)&family->all, family->count, &family->room, sizeof(*family->all))) {
		family->failed = true;
		return false;
	}
	family->all[family->count++] =
	    (struct process_info){.pid = info->pid, .parent = info->parent, .start_ticks = info->start_ticks};
	return true;
}

/* The members of that name and all that descends from them, each once; `taken` is as long as the family. */
static void take_family(const struct scan *scan, const char *name, const struct family *family, bool *taken)
{
	bool found = true;

	for (size_t i = 0; i < family->count; i++)
		for (size_t m = 0; m < scan->member_count; m++)
			taken[i] = taken[i] || (scan->members[m].pid == family->all[i].pid &&
						scan->members[m].start == family->all[i].start_ticks &&
						!strcmp(scan->members[m].name, name));
	while (found) {
		found = false;
		for (size_t i = 0; i < family->count; i++)
			for (size_t j = 0; !taken[i] && j < family->count; j++)
				if (taken[j] && family->all[j].pid == family->all[i].parent)
					found = taken[i] = true;
	}
}

int scan_kill(struct location *location, const struct scan *scan, const char *name, int signal_number,
	      struct error *err)
{
	struct world *world = location->world;
	struct family family = {0};
	int result = world->ops->processes(world, NULL, visit_any, &family, err);
	owned_memory struct process_info *all = family.all;
	owned_memory bool *taken = calloc(family.count + 1, sizeof(bool));

	if (result)
		return -1;
	if (!all || !taken || family.failed)
		return fail_memory(err);
	take_family(scan, name, &family, taken);
	for (size_t i = 0; i < family.count; i++) {
		struct error one = {0};
		if (!taken[i] || is_our_helper(scan, all[i].pid))
			continue;
		if (world->ops->signal(world, all[i].pid, all[i].start_ticks, signal_number, &one) &&
		    one.code != ERR_MISSING) {
			if (err)
				*err = one;
			return -1;
		}
	}
	return 0;
}
