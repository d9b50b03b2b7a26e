/* memory.c - deep copies of what a target tells, wherever they are to live. */
#include "locations/fake/memory.h"

#include <stdlib.h>
#include <string.h>

struct piece {
	struct piece *next;
	_Alignas(max_align_t) unsigned char bytes[];
};

void *memory_take(struct memory *memory, size_t size)
{
	if (memory->arena) {
		void *taken = arena_alloc(memory->arena, size);
		memory->failed |= !taken;
		return taken;
	}
	struct piece *piece = calloc(1, sizeof(*piece) + size);
	if (!piece) {
		memory->failed = true;
		return NULL;
	}
	piece->next = memory->pieces;
	memory->pieces = piece;
	return piece->bytes;
}

const char *memory_text(struct memory *memory, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	char *copy = text ? memory_take(memory, size) : NULL;

	return copy ? memcpy(copy, text, size) : NULL;
}

struct attachment *memory_attachments(struct memory *memory, const struct attachment *from, size_t count)
{
	struct attachment *to = memory_take(memory, count * sizeof(*to));

	for (size_t i = 0; to && i < count; i++) {
		size_t size = from[i].port_count * sizeof(*from[i].ports);
		struct attached_port *ports = memory_take(memory, size);
		if (ports && size)
			memcpy(ports, from[i].ports, size);
		to[i] = (struct attachment){
		    .network = memory_text(memory, from[i].network),
		    .name = memory_text(memory, from[i].name),
		    .address = memory_text(memory, from[i].address),
		    .ports = ports,
		    .port_count = ports ? from[i].port_count : 0,
		};
	}
	return to;
}

void memory_observed(struct memory *memory, const struct observed *from, struct observed *to)
{
	*to = *from;
	to->app = memory_text(memory, from->app);
	to->component = memory_text(memory, from->component);
	to->name = memory_text(memory, from->name);
	to->target_id = memory_text(memory, from->target_id);
	to->digest = memory_text(memory, from->digest);
	to->link_digest = memory_text(memory, from->link_digest);
	to->secret_salt = memory_text(memory, from->secret_salt);
	to->secret_digest = memory_text(memory, from->secret_digest);
	to->file_digest = memory_text(memory, from->file_digest);
	to->type = memory_text(memory, from->type);
	to->image_id = memory_text(memory, from->image_id);
	to->error = memory_text(memory, from->error);
	to->attachments = memory_attachments(memory, from->attachments, from->attachment_count);
	if (!to->attachments)
		to->attachment_count = 0;
}

void memory_release(struct memory *memory)
{
	while (memory->pieces) {
		struct piece *piece = memory->pieces;
		memory->pieces = piece->next;
		free(piece);
	}
}
