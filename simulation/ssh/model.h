/* model.h - what the files of the simulated machine reached by SSH share: what lies there and what runs. */
#ifndef BERTH_SIMULATION_SSH_MODEL_H
#define BERTH_SIMULATION_SSH_MODEL_H

#include "base/arena.h"
#include "base/text.h"
#include "simulation/ssh_machine.h"

/* A line of a script: its words, unquoted. */
struct statement {
	const char **words; /* NULL-terminated */
	size_t count;
	bool sets;    /* words[0] is "NAME=value" */
	bool if_well; /* only when the one before went well */
	struct statement *next;
};

/* A keeper and the program that it keeps; either may be dead. */
struct keeper_there {
	struct keeper_there *next;
	struct there *there;
	long pid; /* of the keeper; 0: it is dead */
	long program;
	unsigned exits;
	int64_t began_ms, pause_ms;
	struct program_behaviour behaviour; /* its texts are ours */
	bool answers;
	struct event end, up, say, again, gone;
	int ending_code, ending_signal;
};

/* The last that a keeper wrote down. */
struct noted {
	const char *word; /* NULL: nothing */
	long keeper, program;
	int64_t began_ms, ended_ms;
	unsigned exits;
	int code, signal;
	unsigned boot;
};

struct file_there {
	struct file_there *next;
	char *path, *content;
	size_t size;
	unsigned mode;
};

/* The script that an instance is started by. */
struct launch {
	char *text;                     /* NULL: not there; then the others are, too */
	const char *const *argv;        /* of the program that it starts; both are NULL-terminated */
	const char *const *environment; /* that it gives it */
	struct arena arena;             /* what they lie in */
};

/* A directory of an instance, or of somebody else. */
struct there {
	struct there *next;
	struct ssh_machine *machine;
	struct folder *folder; /* NULL: it was removed, and something of it still runs */
	char *name;
	bool foreign;
	char *manifest; /* NULL: not there */
	struct launch launch;
	struct file_there *files;
	struct text log;
	char ready[24]; /* the word of a command that may be run in it */
	struct noted noted;
	bool stopping;
	struct keeper_there *keepers;
};

/* That of an application. */
struct folder {
	struct folder *next;
	char *name;
	char *claim; /* three lines; NULL: nobody has it */
	struct {
		char *token, *words; /* NULL: nobody has it */
		unsigned boot;
		int64_t until_ms, whole_ms;
	} lease;
	struct there *instances;
};

/* A script that waits for an instance to end; its answer goes where somebody may still listen. */
struct stopping {
	struct stopping *next;
	struct there *there;
	struct reply *reply; /* NULL: nobody */
	struct event limit;
};

struct listener {
	struct listener *next;
	struct reply *reply;
	bool watches; /* else it is a connection to a program, */
	bool ignored; /* or waits for an answer that never comes */
};

enum { ALSO_MOST = 4 };

struct ssh_machine {
	struct universe *universe;
	char number[48], address[64];
	char also[ALSO_MOST][64]; /* its other addresses */
	struct ssh_door door;     /* its texts are ours */
	char script[80];          /* the one that lies there */
	char held_by[100];
	struct folder *folders;
	struct there *ghosts;
	struct stopping *stops;
	struct listener *listeners;
	behaver *behave;
	void *behaver;
	long last_pid;
	uint64_t stamp;
	unsigned boot;
	int64_t booted_ms, skew_ms;
	bool full;
	struct event rises;
};

void *ssh_need(void *memory); /* for whom no world without memory is simulated */

/* --- door.c --- */
/* Whether who asks gets to it and is let in; else that is answered, or never. */
bool door_opens(struct ssh_machine *machine, const struct http_request *request, struct reply *reply);
/* Whether a connection to that port there can come about; -1: it is no address of its own. */
int door_accepts(const struct ssh_machine *machine, const struct machine *from, const char *address,
		 uint16_t port);
void door_free(struct ssh_machine *machine);

/* --- script.c --- */
struct statement *script_read(struct arena *arena, const char *text, size_t size);
/* The value of the last NAME=value before `until` (NULL: all); "" when there is none. */
const char *script_variable(const struct statement *list, const struct statement *until, const char *name);
/* What `printf %b` makes of its word. */
void script_bytes(const char *word, struct text *ret);

/* --- launch.c --- */
void launch_kept(struct launch *launch, const char *text);
void launch_forgotten(struct launch *launch);

/* --- machine.c --- */
int64_t machine_clock(const struct ssh_machine *machine);
void listeners_tell(struct ssh_machine *machine, const char *line);
/* It is not answered as long as the machine is there. */
void listeners_ignore(struct ssh_machine *machine, struct reply *reply);
struct folder *folder_find(const struct ssh_machine *machine, const char *app);
struct folder *folder_make(struct ssh_machine *machine, const char *app);
/* As rmdir does: when nothing is in it. */
void folder_drop(struct ssh_machine *machine, const char *app);
struct there *there_find(const struct ssh_machine *machine, const char *app, const char *name);
/* Its directory is gone; what still runs of it is a ghost. */
void there_leave(struct there *there);

/* --- life.c --- */
bool is_kept(const struct there *there);
unsigned programs_alive(const struct there *there);
/* Whether `own` meets somebody else there; NULL: whether anybody listens. */
bool port_is_held(const struct ssh_machine *machine, const struct there *own, uint16_t port);
/* Whether a program accepts connections there. */
bool port_answers(const struct ssh_machine *machine, uint16_t port);
/* A keeper of its own begins. False: it did not come up. */
bool life_begin(struct there *there);
/* All that is known to keep it, and all that runs of it, ends at once. */
void life_end(struct there *there);
/* It is told to end; true: it has. */
bool life_stop(struct there *there);
/* False: it does not run. */
bool life_signal(struct there *there, int number);
void life_power(struct there *there); /* all is gone, and nothing was written down */
/* Those that wait for it to end are told when it has. */
void stops_settle(struct there *there);

/* --- tell.c --- */
void tell_listing(struct ssh_machine *machine, const char *app, struct text *out);
void tell_look(struct ssh_machine *machine, const char *app, const char *name, struct text *out);
void tell_facts(struct text *out);

/* --- calls.c: the functions of the script; false: it went wrong, and says so --- */
/* `ret_waits`: the answer is to come later, by whoever waits for that instance to end. */
bool call_function(struct ssh_machine *machine, const struct statement *list, const struct statement *call,
		   struct text *out, struct there **ret_waits, int64_t *ret_grace_ms);
/* --- owners.c --- */
bool call_claim(struct ssh_machine *, const struct statement *list, const struct statement *call,
		struct text *out);
bool call_disclaim(struct ssh_machine *, const struct statement *call, struct text *out);
bool call_lease(struct ssh_machine *, const struct statement *list, const struct statement *call,
		struct text *out);
bool call_tidy(struct ssh_machine *, const struct statement *list, const struct statement *call,
	       struct text *out);

#endif
