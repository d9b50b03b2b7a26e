/* memory.c - deep copies of what a target tells, wherever they are to live. */
#include "locations/fake/memory.h"

#include <string.h>

static struct arena *arena_of(struct memory *memory)
{
	return memory->arena ? memory->arena : &memory->own;
}

void *memory_take(struct memory *memory, size_t size)
{
	void *taken = arena_alloc(arena_of(memory), size);

	memory->failed |= !taken;
	return taken;
}

const char *memory_text(struct memory *memory, const char *text)
{
	char *copy = text ? arena_text(arena_of(memory), text) : NULL;

	memory->failed |= text && !copy;
	return copy;
}

/* Instances of one application have much in common. */
static const char *share(struct memory *memory, const char *text, const char *before)
{
	return text && before && strcmp(text, before) == 0 ? before : memory_text(memory, text);
}

/* `network`: what the network may be called already. */
static struct attachment copy_attachment(struct memory *memory, const struct attachment *from,
					 const char *network)
{
	size_t size = from->port_count * sizeof(*from->ports);
	struct attached_port *ports = memory_take(memory, size);

	if (ports && size)
		memcpy(ports, from->ports, size);
	return (struct attachment){
	    .network = share(memory, from->network, network),
	    .name = memory_text(memory, from->name),
	    .address = memory_text(memory, from->address),
	    .ports = ports,
	    .port_count = ports ? from->port_count : 0,
	};
}

static struct attachment *copy_attachments(struct memory *memory, const struct attachment *from, size_t count,
					   const struct observed *like)
{
	struct attachment *to = memory_take(memory, count * sizeof(*to));

	for (size_t i = 0; to && i < count; i++)
		to[i] = copy_attachment(memory, &from[i],
					i < like->attachment_count ? like->attachments[i].network : NULL);
	return to;
}

static const struct observed_task *copy_tasks(struct memory *memory, const struct observed_task *from,
					      size_t count)
{
	struct observed_task *to = count ? memory_take(memory, count * sizeof(*to)) : NULL;

	for (size_t i = 0; to && i < count; i++)
		to[i] = (struct observed_task){
		    .id = memory_text(memory, from[i].id),
		    .state = from[i].state,
		    .at = copy_attachment(memory, &from[i].at, NULL),
		};
	return to;
}

void memory_observed(struct memory *memory, const struct observed *from, struct observed *to)
{
	static const struct observed nothing;
	const struct observed *like = memory->like ? memory->like : &nothing;

	*to = *from;
	to->app = share(memory, from->app, like->app);
	to->component = share(memory, from->component, like->component);
	to->name = memory_text(memory, from->name);
	to->target_id = memory_text(memory, from->target_id);
	to->digest = share(memory, from->digest, like->digest);
	to->link_digest = share(memory, from->link_digest, like->link_digest);
	to->secret_salt = share(memory, from->secret_salt, like->secret_salt);
	to->secret_digest = share(memory, from->secret_digest, like->secret_digest);
	to->file_digest = share(memory, from->file_digest, like->file_digest);
	to->type = share(memory, from->type, like->type);
	to->image_id = share(memory, from->image_id, like->image_id);
	to->error = memory_text(memory, from->error);
	to->attachments = copy_attachments(memory, from->attachments, from->attachment_count, like);
	if (!to->attachments)
		to->attachment_count = 0;
	to->tasks = copy_tasks(memory, from->tasks, from->task_count);
	if (!to->tasks)
		to->task_count = 0;
}

static const struct spec_variable *copy_variables(struct memory *memory, const struct instance_spec *from)
{
	struct spec_variable *to = memory_take(memory, from->variable_count * sizeof(*to));

	for (size_t i = 0; to && i < from->variable_count; i++)
		to[i] = (struct spec_variable){
		    .name = memory_text(memory, from->variables[i].name),
		    .value = memory_text(memory, from->variables[i].value),
		    .secret = from->variables[i].secret,
		};
	return to;
}

static const struct spec_port *copy_ports(struct memory *memory, const struct instance_spec *from)
{
	struct spec_port *to = memory_take(memory, from->port_count * sizeof(*to));

	for (size_t i = 0; to && i < from->port_count; i++) {
		to[i] = from->ports[i];
		to[i].name = memory_text(memory, from->ports[i].name);
		to[i].host_address = memory_text(memory, from->ports[i].host_address);
	}
	return to;
}

static const struct spec_host *copy_hosts(struct memory *memory, const struct instance_spec *from)
{
	struct spec_host *to = memory_take(memory, from->host_count * sizeof(*to));

	for (size_t i = 0; to && i < from->host_count; i++)
		to[i] = (struct spec_host){
		    .alias = memory_text(memory, from->hosts[i].alias),
		    .target = memory_text(memory, from->hosts[i].target),
		    .address = memory_text(memory, from->hosts[i].address),
		};
	return to;
}

static const struct volume *copy_volumes(struct memory *memory, const struct instance_spec *from)
{
	struct volume *to = memory_take(memory, from->volume_count * sizeof(*to));

	for (size_t i = 0; to && i < from->volume_count; i++) {
		to[i] = from->volumes[i];
		to[i].name = memory_text(memory, from->volumes[i].name);
		to[i].source = memory_text(memory, from->volumes[i].source);
		to[i].path = memory_text(memory, from->volumes[i].path);
	}
	return to;
}

struct spec_file *memory_files(struct memory *memory, const struct spec_file *from, size_t count)
{
	struct spec_file *to = count ? memory_take(memory, count * sizeof(*to)) : NULL;

	for (size_t i = 0; to && i < count; i++) {
		void *content = memory_take(memory, from[i].size);
		if (content && from[i].size)
			memcpy(content, from[i].content, from[i].size);
		to[i] = from[i];
		to[i].content = content;
		to[i].path = memory_text(memory, from[i].path);
		to[i].user = memory_text(memory, from[i].user);
	}
	return to;
}

void memory_spec(struct memory *memory, const struct instance_spec *from, struct instance_spec *to)
{
	static const struct observed nothing;
	const struct observed *like = memory->like ? memory->like : &nothing;

	*to = *from;
	to->app = share(memory, from->app, like->app);
	to->component = share(memory, from->component, like->component);
	to->name = memory_text(memory, from->name);
	to->shared_name = memory_text(memory, from->shared_name);
	to->image = memory_text(memory, from->image);
	to->secret_salt = share(memory, from->secret_salt, like->secret_salt);
	to->pinned_address = memory_text(memory, from->pinned_address);
	to->variables = copy_variables(memory, from);
	to->ports = copy_ports(memory, from);
	to->volumes = copy_volumes(memory, from);
	to->files = memory_files(memory, from->files, from->file_count);
	to->command = to->entrypoint = to->called = NULL;
	to->directory = to->user = to->bind_address = to->stop_signal = NULL;
	to->hosts = copy_hosts(memory, from);
	to->labels = NULL;
	to->machine = NULL;
	to->called_count = to->label_count = 0;
}

void memory_release(struct memory *memory)
{
	arena_release(&memory->own);
}
