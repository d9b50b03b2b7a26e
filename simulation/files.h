/* files.h - a simulated machine's files: a tree in memory, and what of it lies on the disk already.
 *
 * Functions that can fail return 0 or -1 with errno. Names are journaled in order: a sync of anything brings
 * all names before it onto the disk. Bytes are brought there by the sync of their own file, or by time; a
 * power cut leaves each 512 bytes of the others as they were or as they were to be.
 */
#ifndef BERTH_SIMULATION_FILES_H
#define BERTH_SIMULATION_FILES_H

#include "base/world.h"
#include "simulation/machine.h"

#define SECTOR          512
#define WRITTEN_BACK_MS 30000 /* what is older lies on the disk, synced or not */
#define PATH_MOST       4096

struct files;
struct wal_index;
struct database_handle;

/* 512 bytes as they are on the disk, of a file that was changed since. */
struct sector {
	uint64_t number;
	int64_t at_ms; /* when it was changed first */
	unsigned char bytes[SECTOR];
};

struct node {
	struct node *parent; /* where it is, or was last; held */
	char *name;
	enum file_kind kind;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t inode;
	unsigned holds; /* a name, someone who has it open or works in it, the journal, what is below */
	bool named;
	bool fleeting;         /* in memory alone, as /run is */
	struct node **entries; /* of a directory, by name */
	size_t count, room;
	unsigned char *bytes; /* of a file; a link's target, with a NUL behind it */
	uint64_t size, bytes_room;
	/* What the disk has instead. */
	uint64_t disk_size;
	uint64_t
	    cut_to; /* the least size since then; what lay behind it is gone with whatever it was cut by */
	struct sector *sectors;
	size_t sector_count, sector_room;
	unsigned char *changed; /* a bit for each sector that is among them */
	size_t changed_room;
	struct node *next_unsynced, *previous_unsynced;
	bool unsynced;
	const void *locked_by; /* flock */
	/* SQLite's, of the database's file */
	struct database_handle *handles;
	struct wal_index *wal_index;
};

/* A name that was given, taken or moved since the journal was written last. */
struct change {
	enum { CHANGE_MADE, CHANGE_REMOVED, CHANGE_MOVED } kind;
	int64_t at_ms;
	struct node *node;
	struct node *parent; /* MOVED: where it was before */
	char *name;
	struct node *replaced; /* MOVED: what had the name that it has now */
};

/* Who does something with files: for the rights, and for whom a new file is. */
struct actor {
	uid_t uid;
	gid_t gid;
};

struct files {
	struct universe *universe;
	struct node *root;
	struct node *unsynced;
	struct change *changes;
	size_t change_count, change_room;
	uint64_t last_inode;
	int64_t room; /* bytes that still fit; -1: any number */
	bool read_only;
	/* What is to fail: an errno, or 0. */
	int (*rule)(void *owner, enum disk_act act, const char *name);
	void *rule_owner;
};

/* --- files.c: nodes and their bytes --- */
int disk_begin(struct files *files, struct universe *universe);
void disk_end(struct files *files);
struct node *node_new(struct files *files, enum file_kind kind, mode_t mode, const struct actor *actor);
void node_hold(struct node *node);
void node_drop(struct files *files, struct node *node);
struct node *node_find(const struct node *directory, const char *name, size_t length);
/* "/run/berth" as it is called now; one without a name has " (deleted)" behind the last it had. */
void node_path(const struct node *node, char *ret_path, size_t size);
/* 0, or -1 with the errno that the rules of this disk have for it. */
int disk_refuses(struct files *files, enum disk_act act, const struct node *node);
int node_write(struct files *files, struct node *node, uint64_t offset, const void *bytes, size_t count);
int node_resize(struct files *files, struct node *node, uint64_t size);
/* May that actor do it? `rights`: of 4 read, 2 write, 1 execute. */
bool node_allows(const struct node *node, const struct actor *actor, unsigned rights);

/* --- files_names.c: names --- */
/* Gives the node its first name. -1: EEXIST, EROFS, ... */
int name_give(struct files *files, struct node *directory, const char *name, struct node *node,
	      const struct actor *actor);
int name_take(struct files *files, struct node *node, const struct actor *actor);
/* What has the new name, if anything, loses it. */
int name_move(struct files *files, struct node *node, struct node *directory, const char *name,
	      const struct actor *actor);
/* An empty file in a directory. */
struct node *file_make(struct files *files, struct node *directory, const char *name, mode_t mode,
		       const struct actor *actor);
struct node *directory_make(struct files *files, struct node *directory, const char *name, mode_t mode,
			    const struct actor *actor);

/* --- files_walk.c: paths --- */
/* What the path leads to; the last link is followed when told so. From `from` when it is relative. */
struct node *walk(struct files *files, struct node *from, const char *path, bool follow,
		  const struct actor *actor);
/* The directory of the path's last name, which may be absent, and that name. */
struct node *walk_above(struct files *files, struct node *from, const char *path, const struct actor *actor,
			char ret_name[static 256]);

/* Likewise of the file that is made through links, where the last ones lead to nothing. */
struct node *walk_to_make(struct files *files, const char *path, const struct actor *actor,
			  char ret_name[static 256]);

/* --- files_disk.c: what lies on the disk --- */
int node_sync(struct files *files, struct node *node);
int names_sync(struct files *files, const struct node *directory);
/* Remember sectors as they are on the disk, before they are changed. */
int sectors_note(struct files *files, struct node *node, uint64_t offset, uint64_t count);
/* Its bytes are of no interest any more: they are on the disk, or it goes. */
void unsynced_forget(struct files *files, struct node *node);
int change_note(struct files *files, const struct change *change);
/* All is written back. */
void disk_settle(struct files *files);
/* What was not synced is lost, torn or there, by chance. */
void disk_cut(struct files *files);
/* Undo names, newest first, until so many changes are left. */
void names_undo(struct files *files, size_t left);

#endif
