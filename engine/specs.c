/* specs.c - one instance as its location is asked to make it, and the digests of what it was made from. */
#include "engine/specs.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/pools.h"

#define FILE_LIMIT (16 << 20)
/* What Linux starts a process with at most, arguments and environment: three quarters of 8 MiB. */
#define VARIABLES_LIMIT ((size_t)6 << 20)

static const char *shared_name(struct arena *arena, const struct instance *instance, const char *app)
{
	char *name = arena_format(arena, "%s.%s", app, instance->component->id);
	for (char *c = name; name && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}

const char *settled_name(const struct instance *instance)
{
	struct berth_operation *operation = instance->work->operation;
	return instance->generation ? instance_name(graph_arena(operation), operation->application->id,
						    instance->component->id, instance->ordinal)
				    : instance->name;
}

int take_next_name(struct instance *instance)
{
	struct berth_operation *operation = instance->work->operation;
	unsigned last = instance->generation > 1 ? instance->generation : 1;
	for (const struct sighting *other = instance->others; other; other = other->next)
		if (other->seen->generation > last)
			last = other->seen->generation;
	instance->generation = last + 1;
	instance->name = generation_name(graph_arena(operation), operation->application->id,
					 instance->component->id, instance->ordinal, instance->generation);
	return instance->name ? 0 : -1;
}

/* A process listens where its consumers can reach it: on this machine alone unless somebody outside needs it.
 */
const char *bind_address(const struct work *work)
{
	if (work->loopback)
		return work->loopback;
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].published && work->ports[i].host_address)
			return work->ports[i].host_address;
	return "127.0.0.1";
}

/* Load balancers go by addresses. */
static bool looked_up(const struct work *work)
{
	const struct application *application = work->operation->application;
	const struct component *component = work->instance->component;
	for (size_t i = 0; i < component->consumer_count; i++) {
		const struct component_spec *consumer = application->components[component->consumers[i]].spec;
		if (!consumer || !consumer->balancer)
			return true;
	}
	return false;
}

/* Nobody else serves under the shared name, or nobody asks for it: it may be given from the start, without
 * the later reconnection. */
static bool alone(const struct work *work)
{
	const struct component *component = work->instance->component;
	return !looked_up(work) || (instances_of(component) == 1 && work->order != ORDER_START_FIRST);
}

/* The number that its consumers hold, when they are given numbers. */
static const char *number_to_keep(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	return made_from(work->instance)->link_numbers && seen && seen->attachment_count
		   ? seen->attachments[0].address
		   : NULL;
}

/* What was found and is no longer, or not yet, described: enough to start it again. */
static void outline_found(const struct work *work, struct instance_spec *spec)
{
	const struct observed *seen = work->instance->seen;
	spec->kind =
	    seen && seen->type && starts_with(seen->type, "docker:") ? COMPONENT_DOCKER : COMPONENT_PROCESS;
	spec->bind_address = "127.0.0.1";
	spec->stop_timeout_ms = -1;
	spec->protect = seen && seen->protect;
}

static void outline_described(const struct work *work, const struct component_spec *component,
			      struct instance_spec *spec)
{
	spec->shared_from_start = alone(work);
	spec->kind = component->kind;
	spec->image =
	    component->kind == COMPONENT_DOCKER ? image_wanted(work->instance->component, component) : NULL;
	spec->helper = is_stand_in(component);
	spec->directory = component->directory;
	spec->user = component->user;
	spec->ports = work->ports;
	spec->port_count = work->port_count;
	spec->volumes = component->volumes;
	spec->volume_count = component->volume_count;
	spec->memory_bytes = component->memory_bytes;
	spec->nano_cpus = component->nano_cpus;
	spec->labels = component->labels;
	spec->label_count = component->label_count;
	spec->marathon = component->marathon;
	if (work->site == work->instance->component->site)
		spec->machine = work->instance->component->machine;
	spec->bind_address = bind_address(work);
	spec->restart = restart_wanted(work->instance->component, component);
	spec->count = work->instance->component->size;
	spec->job = component->job;
	spec->protect = component->protect;
	spec->pull_always = component->pull_always;
	spec->stop_timeout_ms = component->stop_timeout_ms;
	spec->stop_signal = component->stop_signal;
	spec->pin_address = component->link_numbers;
	spec->pinned_address = number_to_keep(work);
}

int spec_outline(const struct work *work, struct arena *arena, struct instance_spec *ret)
{
	const struct instance *instance = work->instance;
	const struct component_spec *component = made_from(instance);
	const char *app = work->operation->application->id;
	*ret = (struct instance_spec){
	    .app = app,
	    .component = instance->component->id,
	    .ordinal = instance->ordinal,
	    .name = instance->name,
	    .generation = instance->generation,
	    .shared_name = shared_name(arena, instance, app),
	    .secret_salt = "",
	};
	if (component)
		outline_described(work, component, ret);
	else
		outline_found(work, ret);
	return ret->shared_name ? 0 : -1;
}

/* --- words and variables -------------------------------------------------------------------- */

static void wipe(struct value_text *value)
{
	if (value->secret && value->text.data)
		explicit_bzero(value->text.data, value->text.length);
	text_release(&value->text);
}

static enum resolved refuse_secret_word(const struct work *work, struct error *err)
{
	fail(err, ERR_INVALID,
	     "`%s` has a secret in its command, where every user of the target could read it",
	     work->instance->component->id);
	remedy(err, "put it in `env` and use the variable");
	return RESOLVED_NEVER;
}

enum resolved spec_words(struct work *work, struct arena *arena, const struct command *command,
			 const char *const **ret_words, const char **ret_waits, struct error *err)
{
	size_t shell = command->shell ? 2 : 0;
	if (!command->given)
		return RESOLVED;
	const char **words = arena_array(arena, const char *, command->count + shell + 1);
	if (!words) {
		fail_memory(err);
		return RESOLVED_NEVER;
	}
	if (command->shell) {
		words[0] = "/bin/sh";
		words[1] = "-c";
	}
	for (size_t i = 0; i < command->count; i++) {
		struct value_text value = {0};
		enum resolved found = value_resolve(work, &command->words[i], &value, ret_waits, err);
		if (found == RESOLVED_NEVER || value.secret)
			work->fault = command->place;
		words[shell + i] = value.secret ? "" : arena_text(arena, text_view(&value.text));
		bool failed = value.text.failed || !words[shell + i], secret = value.secret;
		wipe(&value);
		if (found != RESOLVED)
			return found;
		if (secret)
			return refuse_secret_word(work, err);
		if (failed) {
			fail_memory(err);
			return RESOLVED_NEVER;
		}
	}
	*ret_words = words;
	return RESOLVED;
}

static int put_process_variables(struct work *work, struct variable_list *list)
{
	struct arena *arena = &work->arena;
	if (variables_put(arena, list, "BIND_ADDRESS", bind_address(work), false, false))
		return -1;
	for (size_t i = 0; i < work->port_count; i++) {
		const struct spec_port *port = &work->ports[i];
		char *name = port->name ? arena_format(arena, "PORT_%s", port->name) : NULL;
		char *number = arena_format(arena, "%u", port->port);
		for (char *c = name; name && *c; c++)
			*c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
		if (!number || (port->name && !name) ||
		    (name && variables_put(arena, list, name, number, false, false)))
			return -1;
	}
	return 0;
}

static enum resolved put_environment(struct work *work, struct variable_list *list, const char **ret_waits,
				     struct error *err)
{
	const struct component_spec *spec = made_from(work->instance);
	for (size_t i = 0; i < spec->environment_count; i++) {
		const struct environment_entry *entry = &spec->environment[i];
		struct value_text value = {0};
		enum resolved found = value_resolve(work, &entry->value, &value, ret_waits, err);
		if (found == RESOLVED_NEVER)
			work->fault = entry->value.place;
		int put = found != RESOLVED ? 0
			  : value.text.failed
			      ? -1
			      : variables_put(&work->arena, list, entry->name, text_view(&value.text),
					      value.secret, value.linked && !value.secret);
		wipe(&value);
		if (found != RESOLVED)
			return found;
		if (put) {
			fail_memory(err);
			return RESOLVED_NEVER;
		}
	}
	return RESOLVED;
}

/* Nothing could be started with it, and of many instances it would take all memory. */
static enum resolved refuse_variables(struct work *work, const struct edge *edge, struct error *err)
{
	fail(err, ERR_INVALID,
	     "with this link `%s` is given more variables than a process can be started with (6 MiB)",
	     work->instance->component->id);
	remedy(err, "link to fewer components, or to such as open fewer ports");
	work->fault = edge->link->place;
	return RESOLVED_NEVER;
}

/* Of a group the first one has the variables. */
static bool is_told_of(const struct component *component, size_t index)
{
	const struct component_group *group = component->needs[index].link->group;
	for (size_t i = 0; group && i < index; i++)
		if (component->needs[i].kind == EDGE_LINK && component->needs[i].link->group == group &&
		    component->needs[i].of == component->needs[index].of)
			return true;
	return false;
}

static enum resolved put_links(struct work *work, struct variable_list *list, struct instance_spec *spec,
			       const char **ret_waits, struct error *err)
{
	const struct component *component = work->instance->component;
	struct spec_host *hosts = arena_array(&work->arena, struct spec_host, component->need_count + 1);
	if (!hosts) {
		fail_memory(err);
		return RESOLVED_NEVER;
	}
	spec->hosts = hosts;
	for (size_t i = 0; i < component->need_count; i++) {
		const struct edge *edge = &component->needs[i];
		const struct component *provider = &work->operation->application->components[edge->to];
		/* A job only comes first; a load balancer's members are told by its file. */
		if (edge->kind != EDGE_LINK || edge->of != made_from(work->instance) || provider->spec->job ||
		    component->spec->balancer || is_told_of(component, i))
			continue;
		struct spec_host host = {0};
		enum resolved found = link_variables(work, edge, list, &host, ret_waits, err);
		if (found == RESOLVED_LATER && edge->link->peer)
			continue; /* nobody waits for a peer: the next deploy knows where it is */
		if (found != RESOLVED)
			return found;
		if (list->bytes > VARIABLES_LIMIT)
			return refuse_variables(work, edge, err);
		if (host.alias)
			hosts[spec->host_count++] = host;
	}
	return RESOLVED;
}

/* --- files --------------------------------------------------------------------------------- */

static enum resolved read_source(struct work *work, const struct file_entry *entry, struct spec_file *file,
				 const char **ret_waits, struct error *err)
{
	struct world *world = work->operation->berth->world;
	owned_text content = {0};
	struct error why = {0};
	if (world->ops->file_read(world, entry->source, FILE_LIMIT, &content, &why)) {
		fail(err, ERR_INVALID, "the file for %s cannot be read: %s", entry->path, why.text);
		return RESOLVED_NEVER;
	}
	owned_text filled = {.secret = true};
	if (entry->template) {
		enum resolved found =
		    template_fill(work, entry, text_view(&content), &filled, &file->secret, ret_waits, err);
		if (found != RESOLVED)
			return found;
	}
	const struct text *text = entry->template ? &filled : &content;
	file->size = text->length;
	file->content = text->failed ? NULL : arena_copy(&work->arena, text_view(text), text->length);
	if (file->content)
		return RESOLVED;
	fail_memory(err);
	return RESOLVED_NEVER;
}

static enum resolved resolve_content(struct work *work, const struct file_entry *entry,
				     struct spec_file *file, const char **ret_waits, struct error *err)
{
	struct value_text value = {0};
	enum resolved found = entry->content->kind == VALUE_BALANCER
				  ? balancer_resolve(work, &value.text, err)
				  : value_resolve(work, entry->content, &value, ret_waits, err);
	file->secret = value.secret;
	file->size = value.text.length;
	file->content = arena_copy(&work->arena, text_view(&value.text), value.text.length);
	bool failed = value.text.failed || !file->content;
	wipe(&value);
	if (found != RESOLVED || !failed)
		return found;
	fail_memory(err);
	return RESOLVED_NEVER;
}

static enum resolved put_files(struct work *work, struct instance_spec *spec, const char **ret_waits,
			       struct error *err)
{
	const struct component_spec *component = made_from(work->instance);
	struct spec_file *files = arena_array(&work->arena, struct spec_file, component->file_count + 1);
	if (!files) {
		fail_memory(err);
		return RESOLVED_NEVER;
	}
	for (size_t i = 0; i < component->file_count; i++) {
		const struct file_entry *entry = &component->files[i];
		files[i] = (struct spec_file){.path = entry->path, .mode = entry->mode, .user = entry->user};
		enum resolved found = entry->content ? resolve_content(work, entry, &files[i], ret_waits, err)
						     : read_source(work, entry, &files[i], ret_waits, err);
		if (found == RESOLVED_NEVER)
			work->fault = entry->place;
		if (found != RESOLVED)
			return found;
	}
	if (balancer_check_tls(work, files, &work->fault, err))
		return RESOLVED_NEVER;
	spec->files = files;
	spec->file_count = component->file_count;
	if (!component->lists_members || pool_note_list(work) == 0)
		return RESOLVED;
	fail_memory(err);
	return RESOLVED_NEVER;
}

/* --- digests -------------------------------------------------------------------------------- */

static int digest_text(const struct text *text, char ret_hex[static DIGEST_HEX])
{
	if (text->failed)
		return -1;
	return digest_hex(text_view(text), text->length, ret_hex);
}

static void write_pair(struct text *text, const char *name, const char *value)
{
	text_format(text, "%zu %s %zu ", strlen(name), name, strlen(value));
	text_add(text, value);
	text_add_char(text, '\n');
}

static bool has_linked_word(const struct command *command)
{
	for (size_t i = 0; i < command->count; i++)
		if (command->words[i].kind != VALUE_TEXT)
			return true;
	return false;
}

static void write_words(struct text *text, const struct command *command, const char *const *words)
{
	for (size_t i = 0; has_linked_word(command) && words && words[i]; i++)
		write_pair(text, "word", words[i]);
}

static void write_hosts(struct text *text, const struct instance_spec *spec)
{
	for (size_t i = 0; i < spec->host_count; i++)
		write_pair(text, spec->hosts[i].alias,
			   spec->hosts[i].target ? spec->hosts[i].target : spec->hosts[i].address);
}

/* Whether its names are written anew under it, as its files are. Else it is made anew with them. */
static bool names_follow(const struct work *work)
{
	return work->site->location.driver->capabilities.names_in_file &&
	       made_from(work->instance)->on_change->kind != ON_CHANGE_RESTART;
}

/* Empty when nothing comes from links, so that a component without links has nothing to change. */
static int digest_links(const struct work *work, struct instance_spec *spec, const struct variable_list *list)
{
	const struct component_spec *component = made_from(work->instance);
	owned_text text = {0};
	write_words(&text, &component->command, spec->command);
	write_words(&text, &component->entrypoint, spec->entrypoint);
	for (size_t i = 0; i < list->count; i++)
		if (list->linked[i])
			write_pair(&text, list->items[i].name, list->items[i].value);
	if (!names_follow(work))
		write_hosts(&text, spec);
	return text.length || text.failed ? digest_text(&text, spec->link_digest) : 0;
}

/* The digest that its salted secrets have with that salt. */
static int spec_secret_digest(const struct instance_spec *spec, const char *salt,
			      char ret_hex[static DIGEST_HEX])
{
	owned_text text = {0};
	write_pair(&text, "salt", salt);
	for (size_t i = 0; i < spec->variable_count; i++)
		if (spec->variables[i].secret)
			write_pair(&text, spec->variables[i].name, spec->variables[i].value);
	int result = digest_text(&text, ret_hex);
	if (text.data)
		explicit_bzero(text.data, text.length);
	return result;
}

static bool has_secret_variables(const struct instance_spec *spec)
{
	for (size_t i = 0; i < spec->variable_count; i++)
		if (spec->variables[i].secret)
			return true;
	return false;
}

static bool has_secret_files(const struct instance_spec *spec)
{
	for (size_t i = 0; i < spec->file_count; i++)
		if (spec->files[i].secret)
			return true;
	return false;
}

/* Salted, so that what a secret file holds cannot be found by trying. */
static int digest_files(const struct work *work, struct instance_spec *spec)
{
	owned_text text = {0};
	bool named = spec->host_count && names_follow(work);
	if (!spec->file_count && !named)
		return 0;
	write_pair(&text, "salt", spec->secret_salt);
	for (size_t i = 0; i < spec->file_count; i++) {
		const struct spec_file *file = &spec->files[i];
		write_pair(&text, file->path, file->user ? file->user : "");
		text_format(&text, "%04o %zu ", file->mode, file->size);
		text_add_bytes(&text, file->content, file->size);
	}
	if (named)
		write_hosts(&text, spec);
	int result = digest_text(&text, spec->file_digest);
	if (text.data)
		explicit_bzero(text.data, text.length);
	return result;
}

/* The salt that the running instance was made with, so that its digest can be told again; else a new one. */
static int digest_secrets(struct work *work, struct instance_spec *spec)
{
	const struct observed *seen = work->instance->seen;
	struct world *world = work->operation->berth->world;
	if (!has_secret_variables(spec) && !has_secret_files(spec))
		return 0;
	if (seen && seen->secret_salt && *seen->secret_salt) {
		spec->secret_salt = arena_text(&work->arena, seen->secret_salt);
	} else {
		unsigned char bytes[16];
		char hex[2 * sizeof bytes + 1];
		if (world->ops->random(world, bytes, sizeof bytes))
			return -1;
		for (size_t i = 0; i < sizeof bytes; i++)
			snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
		spec->secret_salt = arena_text(&work->arena, hex);
	}
	if (!spec->secret_salt)
		return -1;
	return has_secret_variables(spec) ? spec_secret_digest(spec, spec->secret_salt, spec->secret_digest)
					  : 0;
}

static int digest_all(struct work *work, struct instance_spec *spec, const struct variable_list *list)
{
	const struct fact *facts = NULL;
	size_t count = 0;
	return facts_of(&work->arena, work->operation->application, work->instance->component,
			made_from(work->instance), &facts, &count) ||
		       facts_digest(facts, count, spec->digest) || digest_links(work, spec, list) ||
		       digest_secrets(work, spec) || digest_files(work, spec)
		   ? -1
		   : 0;
}

/* What is made by an operation is started by it, too. Where the target keeps the tasks it is the one to know
 * whether they answer, before it lets old ones go. */
static int put_of_tasks(struct work *work, struct instance_spec *spec)
{
	if (!keeps_tasks(work->site))
		return 0;
	spec->at_once = work->action == ACTION_CREATE;
	struct health_check *check = arena_array(&work->arena, struct health_check, 1);
	if (!check)
		return -1;
	if (!instance_check(work, 0, check))
		return 0;
	/* Nobody said that a task which does not listen is unwell. */
	if (made_from(work->instance)->health->kind == CHECK_NONE)
		check->retries = 0;
	spec->health = check;
	return 0;
}

static enum resolved fill(struct work *work, struct instance_spec *spec, struct variable_list *list,
			  const char **ret_waits, struct error *err)
{
	const struct component_spec *component = made_from(work->instance);
	enum resolved found = RESOLVED;
	if (component->kind == COMPONENT_PROCESS && put_process_variables(work, list))
		goto no_memory;
	if ((found = put_environment(work, list, ret_waits, err)) != RESOLVED ||
	    (found = put_links(work, list, spec, ret_waits, err)) != RESOLVED ||
	    (found = spec_words(work, &work->arena, &component->command, &spec->command, ret_waits, err)) !=
		RESOLVED ||
	    (found = spec_words(work, &work->arena, &component->entrypoint, &spec->entrypoint, ret_waits,
				err)) != RESOLVED ||
	    (found = put_files(work, spec, ret_waits, err)) != RESOLVED)
		return found;
	spec->variables = list->items;
	spec->variable_count = list->count;
	if (digest_all(work, spec, list) == 0 && spec_called(work, spec) == 0 &&
	    put_of_tasks(work, spec) == 0)
		return RESOLVED;
no_memory:
	fail_memory(err);
	return RESOLVED_NEVER;
}

static enum resolved build(struct work *work, struct instance_spec *spec, const char **ret_waits,
			   struct error *err)
{
	struct variable_list list = {0};
	enum resolved found = fill(work, spec, &list, ret_waits, err);
	work->operation->effort += list.count;
	variables_release_index(&list);
	return found;
}

void spec_drop(struct work *work)
{
	arena_release(&work->arena);
	work->spec = NULL;
}

void spec_done(struct work *work)
{
	const char *files = work->spec ? work->spec->file_digest : "";
	if (*files && !(work->files = arena_text(graph_arena(work->operation), files)))
		return;
	spec_drop(work);
}

enum resolved spec_build(struct work *work, const char **ret_waits, struct error *err)
{
	spec_drop(work);
	struct instance_spec *spec = arena_array(&work->arena, struct instance_spec, 1);
	if (!spec || spec_outline(work, &work->arena, spec)) {
		fail_memory(err);
		return RESOLVED_NEVER;
	}
	enum resolved found = made_from(work->instance) ? build(work, spec, ret_waits, err) : RESOLVED;
	if (found == RESOLVED)
		work->spec = spec;
	return found;
}

bool spec_outlined(struct work *work)
{
	struct instance_spec *outline = arena_array(&work->arena, struct instance_spec, 1);
	if (!outline || spec_outline(work, &work->arena, outline)) {
		fail_memory(work_error(work));
		return false;
	}
	work->spec = outline;
	return true;
}
