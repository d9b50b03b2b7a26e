/* marks.c - the marks by which an instance is known, in its helper's environment and in its run directory. */
#include "locations/localhost/localhost.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

bool fit_id(const char *id)
{
	size_t length = strlen(id);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)id[i]) && id[i] != '_' && id[i] != '-')
			return false;
	return length > 0 && length <= 90;
}

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

	return value && parse_number(value, 0, INT64_MAX, &number) ? number : 0;
}

bool marks_read(struct arena *arena, const char *entries, size_t size, struct marks *ret_marks)
{
	struct marks marks = {
	    .app = text_of(arena, entries, size, "BERTH_APP"),
	    .component = text_of(arena, entries, size, "BERTH_COMPONENT"),
	    .ordinal = (unsigned)number_of(entries, size, "BERTH_INSTANCE"),
	    .spec = text_of(arena, entries, size, "BERTH_SPEC"),
	    .links = text_of(arena, entries, size, "BERTH_LINKS"),
	    .salt = text_of(arena, entries, size, "BERTH_SALT"),
	    .secrets = text_of(arena, entries, size, "BERTH_SECRETS"),
	    .ports = text_of(arena, entries, size, "BERTH_PORTS"),
	    .bind = text_of(arena, entries, size, "BERTH_BIND"),
	    .run = text_of(arena, entries, size, "BERTH_RUN"),
	    .created_ms = number_of(entries, size, "BERTH_CREATED"),
	    .grace_ms = number_of(entries, size, "BERTH_GRACE"),
	};

	if (!marks.app || !marks.component || !marks.spec || !marks.links || !marks.salt || !marks.secrets ||
	    !marks.ports || !marks.bind || !marks.run)
		return false;
	if (!fit_id(marks.app) || !fit_id(marks.component) || !marks.ordinal || !*marks.spec)
		return false;
	marks.name = instance_name(arena, marks.app, marks.component, marks.ordinal);
	if (!marks.name)
		return false;
	*ret_marks = marks;
	return true;
}

/* "http=8080/tcp,=9000/udp@10.0.0.5": a port's name, number and protocol, and where it is published. */
static void write_ports(const struct instance_spec *spec, struct text *text)
{
	for (size_t i = 0; i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];
		text_format(text, "%s%s=%u/%s", i ? "," : "", port->name ? port->name : "",
			    (unsigned)port->port, port->protocol == UDP ? "udp" : "tcp");
		if (port->published && port->host_address)
			text_format(text, "@%s", port->host_address);
	}
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

void marks_write(const struct instance_spec *spec, int64_t created_ms, int64_t grace_ms,
		 struct text *ret_entries)
{
	owned_text ports = {0};

	write_ports(spec, &ports);
	write_entry(ret_entries, "BERTH_APP", spec->app);
	write_entry(ret_entries, "BERTH_COMPONENT", spec->component);
	write_number(ret_entries, "BERTH_INSTANCE", spec->ordinal);
	write_entry(ret_entries, "BERTH_SPEC", spec->digest);
	write_entry(ret_entries, "BERTH_LINKS", spec->link_digest);
	write_entry(ret_entries, "BERTH_SALT", spec->secret_salt);
	write_entry(ret_entries, "BERTH_SECRETS", spec->secret_digest);
	write_entry(ret_entries, "BERTH_PORTS", text_view(&ports));
	write_entry(ret_entries, "BERTH_BIND", spec->bind_address);
	write_number(ret_entries, "BERTH_CREATED", created_ms);
	write_number(ret_entries, "BERTH_GRACE", grace_ms);
	ret_entries->failed = ret_entries->failed || ports.failed;
}

static void write_variable(struct text *text, const char *name, const char *value)
{
	text_format(text, "env=%s=%s", name, value);
	text_add_char(text, '\0');
}

void launch_write(const struct instance_spec *spec, int64_t grace_ms, struct text *ret_records)
{
	write_entry(ret_records, "name", spec->name);
	for (size_t i = 0; spec->command && spec->command[i]; i++)
		write_entry(ret_records, "arg", spec->command[i]);
	for (size_t i = 0; i < spec->variable_count; i++)
		write_variable(ret_records, spec->variables[i].name, spec->variables[i].value);
	/* Not the keeper's own BERTH_...: to a berth that the component runs, BERTH_APP would mean --app. */
	if (spec->directory)
		write_entry(ret_records, "dir", spec->directory);
	if (spec->user)
		write_entry(ret_records, "user", spec->user);
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

int guard_name(const char *app, const char *name, struct error *err)
{
	struct arena arena = {0};
	const char *named, *component;
	unsigned ordinal, generation;
	bool ours = fit_id(app) &&
		    instance_name_split(&arena, name, &named, &component, &ordinal, &generation) &&
		    !strcmp(named, app) && fit_id(component);

	arena_release(&arena);
	return ours ? 0 : fail(err, ERR_CONFLICT, "`%s` is no instance of application `%s`", name, app);
}
