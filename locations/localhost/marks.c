/* marks.c - the marks by which an instance is known, in its helper's environment and in its run directory. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"

#define MOST (INT64_MAX / 4) /* so that two can be added, whoever wrote them */

static const char *entry_of(const char *entries, size_t size, const char *key)
{
	size_t length = strlen(key);
	const char *end = entries + size;

	for (const char *entry = entries; entry < end;) {
		size_t room = (size_t)(end - entry), whole = strnlen(entry, room);
		if (whole == room)
			return NULL; /* cut off */
		if (!strncmp(entry, key, length) && entry[length] == '=')
			return entry + length + 1;
		entry += whole + 1;
	}
	return NULL;
}

static const char *text_of(struct arena *arena, const char *entries, size_t size, const char *key)
{
	const char *value = entry_of(entries, size, key);

	return value ? arena_text(arena, value) : "";
}

static int64_t number_of(const char *entries, size_t size, const char *key)
{
	const char *value = entry_of(entries, size, key);
	int64_t number;

	return value && parse_number(value, 0, MOST, &number) ? number : 0;
}

static enum restart_policy policy_of(const char *entries, size_t size)
{
	const char *value = entry_of(entries, size, "BERTH_RESTART");

	return restart_of(value ? value : "");
}

/* The name is the run directory's own, if that can be one of these marks. */
static bool take_name(struct arena *arena, const char *directory, struct marks *marks)
{
	const char *slash = strrchr(directory, '/'), *app, *component;
	unsigned ordinal;
	char *name = slash ? arena_format(arena, "%s.%s", marks->app, slash + 1) : NULL;

	if (!name || !instance_name_split(arena, name, &app, &component, &ordinal, &marks->generation) ||
	    strcmp(component, marks->component) || ordinal != marks->ordinal)
		return false;
	marks->name = name;
	marks->run = arena_text(arena, directory);
	return marks->run != NULL;
}

bool marks_read(struct arena *arena, const char *entries, size_t size, const char *directory,
		struct marks *ret_marks)
{
	struct marks marks = {
	    .app = text_of(arena, entries, size, "BERTH_APP"),
	    .component = text_of(arena, entries, size, "BERTH_COMPONENT"),
	    .ordinal = (unsigned)number_of(entries, size, "BERTH_INSTANCE"),
	    .spec = text_of(arena, entries, size, "BERTH_SPEC"),
	    .links = text_of(arena, entries, size, "BERTH_LINKS"),
	    .salt = text_of(arena, entries, size, "BERTH_SALT"),
	    .secrets = text_of(arena, entries, size, "BERTH_SECRETS"),
	    .files = text_of(arena, entries, size, "BERTH_FILES"),
	    .ports = text_of(arena, entries, size, "BERTH_PORTS"),
	    .bind = text_of(arena, entries, size, "BERTH_BIND"),
	    .restart = policy_of(entries, size),
	    .job = number_of(entries, size, "BERTH_JOB") == 1,
	    .protect = number_of(entries, size, "BERTH_PROTECT") == 1,
	    .created_ms = number_of(entries, size, "BERTH_CREATED"),
	    .grace_ms = number_of(entries, size, "BERTH_GRACE"),
	};
	const char *began_in = text_of(arena, entries, size, "BERTH_RUN");

	if (!marks.app || !marks.component || !marks.spec || !marks.links || !marks.salt || !marks.secrets ||
	    !marks.files || !marks.ports || !marks.bind || !began_in)
		return false;
	if (!fit_id(marks.app) || !fit_id(marks.component) || !marks.ordinal || !*marks.spec ||
	    !take_name(arena, directory ? directory : began_in, &marks))
		return false;
	*ret_marks = marks;
	return true;
}

bool manifest_read(struct location *location, struct arena *arena, const char *directory,
		   struct marks *ret_marks)
{
	owned_text content = {0};
	char path[4096];

	return snprintf(path, sizeof(path), "%s/manifest", directory) < (int)sizeof(path) &&
	       !location->world->ops->file_read(location->world, path, 1 << 20, &content, NULL) &&
	       marks_read(arena, text_view(&content), content.length, directory, ret_marks);
}

int manifest_write(struct location *location, const struct marks *marks, struct error *err)
{
	owned_text entries = {0};
	char path[4096];

	marks_write(marks, &entries);
	if (entries.failed)
		return fail_memory(err);
	if (snprintf(path, sizeof(path), "%s/manifest", marks->run) >= (int)sizeof(path))
		return fail(err, ERR_INVALID, "the path of `%s` is too long", marks->run);
	return location->world->ops->file_write(location->world, path, 0600, entries.data, entries.length,
						err);
}

static void write_entry(struct text *text, const char *key, const char *value)
{
	text_format(text, "%s=%s", key, value ? value : "");
	text_add_char(text, '\0');
}

static void write_number(struct text *text, const char *key, int64_t number)
{
	text_format(text, "%s=%lld", key, (long long)number);
	text_add_char(text, '\0');
}

bool marks_of(struct location *location, struct arena *arena, const struct instance_spec *spec,
	      const char *directory, int64_t created_ms, struct marks *ret_marks)
{
	owned_text ports = {0};

	process_ports_write(spec, &ports);
	*ret_marks = (struct marks){
	    .app = spec->app,
	    .component = spec->component,
	    .name = spec->name,
	    .ordinal = spec->ordinal,
	    .generation = spec->generation,
	    .spec = spec->digest,
	    .links = spec->link_digest,
	    .salt = spec->secret_salt ? spec->secret_salt : "",
	    .secrets = spec->secret_digest,
	    .files = spec->file_digest,
	    .ports = ports.failed ? NULL : arena_text(arena, text_view(&ports)),
	    .bind = spec->bind_address ? spec->bind_address : "",
	    .run = directory,
	    .restart = spec->restart,
	    .job = spec->job,
	    .protect = spec->protect,
	    .created_ms = created_ms,
	    .grace_ms = grace_of(location, spec),
	};
	return ret_marks->ports != NULL;
}

void marks_write(const struct marks *marks, struct text *ret_entries)
{
	write_entry(ret_entries, "BERTH_APP", marks->app);
	write_entry(ret_entries, "BERTH_COMPONENT", marks->component);
	write_number(ret_entries, "BERTH_INSTANCE", marks->ordinal);
	write_entry(ret_entries, "BERTH_SPEC", marks->spec);
	write_entry(ret_entries, "BERTH_LINKS", marks->links);
	write_entry(ret_entries, "BERTH_SALT", marks->salt);
	write_entry(ret_entries, "BERTH_SECRETS", marks->secrets);
	write_entry(ret_entries, "BERTH_FILES", marks->files);
	write_entry(ret_entries, "BERTH_PORTS", marks->ports);
	write_entry(ret_entries, "BERTH_BIND", marks->bind);
	write_entry(ret_entries, "BERTH_RESTART", restart_word(marks->restart));
	write_number(ret_entries, "BERTH_JOB", marks->job);
	if (marks->protect)
		write_number(ret_entries, "BERTH_PROTECT", 1);
	write_number(ret_entries, "BERTH_CREATED", marks->created_ms);
	write_number(ret_entries, "BERTH_GRACE", marks->grace_ms);
}

static void write_variable(struct text *text, const char *name, const char *value)
{
	text_format(text, "env=%s=%s", name, value);
	text_add_char(text, '\0');
}

int64_t grace_of(struct location *location, const struct instance_spec *spec)
{
	return spec->stop_timeout_ms >= 0 ? spec->stop_timeout_ms : localhost_of(location)->grace_ms;
}

void launch_write(const struct instance_spec *spec, const char *program, int64_t grace_ms,
		  struct text *ret_records)
{
	write_entry(ret_records, "name", spec->name);
	for (size_t i = 0; spec->command && spec->command[i]; i++)
		write_entry(ret_records, "arg", i == 0 && program ? program : spec->command[i]);
	for (size_t i = 0; i < spec->variable_count; i++)
		write_variable(ret_records, spec->variables[i].name, spec->variables[i].value);
	/* Not the keeper's own BERTH_...: to a berth that the component runs, BERTH_APP would mean --app. */
	if (spec->directory)
		write_entry(ret_records, "dir", spec->directory);
	if (spec->user)
		write_entry(ret_records, "user", spec->user);
	if (spec->stop_signal)
		write_number(ret_records, "signal", signal_number(spec->stop_signal));
	write_entry(ret_records, "restart", restart_word(spec->restart));
	write_number(ret_records, "grace", grace_ms);
}

char *app_directory(struct location *location, struct arena *arena, const char *app)
{
	return arena_format(arena, "%s/%s", localhost_of(location)->run, app);
}

char *run_directory(struct location *location, struct arena *arena, const char *app, const char *name)
{
	return arena_format(arena, "%s/%s/%s", localhost_of(location)->run, app, name + strlen(app) + 1);
}

char *incarnation_of(struct arena *arena, const struct marks *marks)
{
	return arena_format(arena, "%s.%s.%u.%lld", marks->app, marks->component, marks->ordinal,
			    (long long)marks->created_ms);
}

char *work_directory(struct arena *arena, const struct marks *marks)
{
	const char *slash = strrchr(marks->run, '/');
	char *incarnation = incarnation_of(arena, marks);

	return incarnation ? arena_format(arena, "%.*s/" WORK "/%s", (int)(slash ? slash - marks->run : 0),
					  marks->run, incarnation + strlen(marks->app) + 1)
			   : NULL;
}
