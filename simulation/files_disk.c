/* files_disk.c - what of a simulated machine's files lies on its disk: by syncs, by time, and after a power
 * cut. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/files.h"

/* --- names: a journal ------------------------------------------------------------------------- */

/* They are on the disk: what only the journal held goes. */
static void names_settle(struct files *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct change *change = &files->changes[i];
		node_drop(files, change->node);
		if (change->parent)
			node_drop(files, change->parent);
		if (change->replaced)
			node_drop(files, change->replaced);
		free(change->name);
	}
	files->change_count -= count;
	if (count && files->change_count)
		memmove(files->changes, files->changes + count, files->change_count * sizeof *files->changes);
}

/* How many of them time has brought onto the disk. */
static size_t written_back(const struct files *files)
{
	int64_t since = clock_now(universe_clock(files->universe)) - WRITTEN_BACK_MS;
	size_t count = 0;
	while (count < files->change_count && files->changes[count].at_ms < since)
		count++;
	return count;
}

int change_note(struct files *files, const struct change *change)
{
	if (files->change_count == files->change_room)
		names_settle(files, written_back(files));
	if (files->change_count == files->change_room) {
		size_t room = files->change_room ? files->change_room * 2 : 64;
		struct change *changes = realloc(files->changes, room * sizeof *changes);
		if (!changes) {
			errno = ENOMEM;
			return -1;
		}
		files->changes = changes;
		files->change_room = room;
	}
	files->changes[files->change_count] = *change;
	files->changes[files->change_count++].at_ms = clock_now(universe_clock(files->universe));
	node_hold(change->node);
	if (change->parent)
		node_hold(change->parent);
	if (change->replaced)
		node_hold(change->replaced);
	return 0;
}

int names_sync(struct files *files, const struct node *directory)
{
	if (disk_refuses(files, DISK_SYNC, directory))
		return -1;
	names_settle(files, files->change_count);
	return 0;
}

/* --- bytes: sectors ----------------------------------------------------------------------------- */

static bool is_changed(const struct node *node, uint64_t sector)
{
	return sector / 8 < node->changed_room && (node->changed[sector / 8] & 1u << sector % 8);
}

static int grow_changed(struct node *node, uint64_t sectors)
{
	size_t wanted = (size_t)(sectors / 8 + 1);
	if (wanted <= node->changed_room)
		return 0;
	size_t room = wanted * 2;
	unsigned char *changed = realloc(node->changed, room);
	if (!changed)
		return -1;
	memset(changed + node->changed_room, 0, room - node->changed_room);
	node->changed = changed;
	node->changed_room = room;
	return 0;
}

static int note_sector(struct files *files, struct node *node, uint64_t number)
{
	if (node->sector_count == node->sector_room) {
		size_t room = node->sector_room ? node->sector_room * 2 : 4;
		struct sector *sectors = realloc(node->sectors, room * sizeof *sectors);
		if (!sectors)
			return -1;
		node->sectors = sectors;
		node->sector_room = room;
	}
	struct sector *sector = &node->sectors[node->sector_count++];
	uint64_t begin = number * SECTOR;
	size_t there = begin >= node->size           ? 0
		       : node->size - begin < SECTOR ? (size_t)(node->size - begin)
						     : SECTOR;
	*sector = (struct sector){.number = number, .at_ms = clock_now(universe_clock(files->universe))};
	if (there)
		memcpy(sector->bytes, node->bytes + begin, there);
	node->changed[number / 8] |= (unsigned char)(1u << number % 8);
	return 0;
}

static void note_unsynced(struct files *files, struct node *node)
{
	if (node->unsynced)
		return;
	node->unsynced = true;
	node->previous_unsynced = NULL;
	node->next_unsynced = files->unsynced;
	if (files->unsynced)
		files->unsynced->previous_unsynced = node;
	files->unsynced = node;
	node->disk_size = node->size;
	node->cut_to = UINT64_MAX;
}

int sectors_note(struct files *files, struct node *node, uint64_t offset, uint64_t count)
{
	note_unsynced(files, node);
	if (!count)
		return 0;
	uint64_t first = offset / SECTOR, last = (offset + count - 1) / SECTOR;
	int status = grow_changed(node, last);
	for (uint64_t i = first; i <= last && !status; i++)
		if (!is_changed(node, i))
			status = note_sector(files, node, i);
	if (status)
		errno = ENOMEM;
	return status;
}

void unsynced_forget(struct files *files, struct node *node)
{
	if (!node->unsynced)
		return;
	if (node->previous_unsynced)
		node->previous_unsynced->next_unsynced = node->next_unsynced;
	else
		files->unsynced = node->next_unsynced;
	if (node->next_unsynced)
		node->next_unsynced->previous_unsynced = node->previous_unsynced;
	node->unsynced = false;
}

static void settle_bytes(struct files *files, struct node *node)
{
	if (!node->unsynced)
		return;
	for (size_t i = 0; i < node->sector_count; i++)
		node->changed[node->sectors[i].number / 8] = 0;
	node->sector_count = 0;
	unsynced_forget(files, node);
}

int node_sync(struct files *files, struct node *node)
{
	if (names_sync(files, node))
		return -1;
	settle_bytes(files, node);
	return 0;
}

void disk_settle(struct files *files)
{
	names_settle(files, files->change_count);
	while (files->unsynced)
		settle_bytes(files, files->unsynced);
}

/* --- a power cut -------------------------------------------------------------------------------- */

/* It grew by some of its sectors. */
static uint64_t grown_size(struct files *files, const struct node *node, uint64_t from)
{
	unsigned sectors = (unsigned)((node->size - from) / SECTOR);
	switch (universe_roll(files->universe, 3)) {
	case 0:
		return from;
	case 1:
		return node->size;
	default:
		return from + (uint64_t)universe_roll(files->universe, sectors + 1) * SECTOR;
	}
}

static int make_room(struct node *node, uint64_t size)
{
	unsigned char *bytes = size > node->bytes_room ? realloc(node->bytes, size) : node->bytes;
	if (!bytes && size)
		return -1;
	node->bytes = bytes;
	node->bytes_room = size > node->bytes_room ? size : node->bytes_room;
	return 0;
}

/* A sector as it was on the disk, where that is not behind what was cut off. */
static void restore(struct node *node, const struct sector *sector, uint64_t size, uint64_t cut_to)
{
	uint64_t begin = sector->number * SECTOR;
	if (begin >= size)
		return;
	size_t count = size - begin < SECTOR ? (size_t)(size - begin) : SECTOR;
	size_t kept = cut_to <= begin ? 0 : cut_to - begin < count ? (size_t)(cut_to - begin) : count;
	memcpy(node->bytes + begin, sector->bytes, kept);
	memset(node->bytes + begin + kept, 0, count - kept);
}

static void set_size(struct files *files, struct node *node, uint64_t size)
{
	if (files->room >= 0)
		files->room -= (int64_t)(size - node->size);
	node->size = size;
}

/* Nothing of it came to the disk: what was cut off is there again. */
static void take_back(struct files *files, struct node *node)
{
	if (make_room(node, node->disk_size))
		return;
	for (size_t i = 0; i < node->sector_count; i++)
		restore(node, &node->sectors[i], node->disk_size, UINT64_MAX);
	set_size(files, node, node->disk_size);
}

/* Each sector is on the disk or not, whatever became of the others; but what was written behind a cut is not
 * there before the cut. */
static void cut_bytes(struct files *files, struct node *node)
{
	int64_t since = clock_now(universe_clock(files->universe)) - WRITTEN_BACK_MS;
	bool older = node->sector_count && node->sectors[node->sector_count - 1].at_ms < since;
	if (older)
		return;
	if (node->cut_to < node->disk_size && universe_roll(files->universe, 2)) {
		take_back(files, node);
		return;
	}
	uint64_t kept = node->cut_to < node->disk_size ? node->cut_to : node->disk_size;
	uint64_t size = node->size > kept ? grown_size(files, node, kept) : node->size;
	for (size_t i = 0; i < node->sector_count; i++)
		if (node->sectors[i].at_ms >= since && universe_roll(files->universe, 2))
			restore(node, &node->sectors[i], size, node->cut_to);
	set_size(files, node, size);
}

void disk_cut(struct files *files)
{
	size_t sure = written_back(files);
	names_undo(files, sure + universe_roll(files->universe, (unsigned)(files->change_count - sure) + 1));
	names_settle(files, files->change_count);
	while (files->unsynced) {
		cut_bytes(files, files->unsynced);
		settle_bytes(files, files->unsynced);
	}
}
