/* ssh_machine.h - a simulated machine reached by SSH: what the script of the driver for such machines makes
 * of it, its directories, keepers and programs, at an address of the wire. */
#ifndef BERTH_SIMULATION_SSH_MACHINE_H
#define BERTH_SIMULATION_SSH_MACHINE_H

#include "simulation/machine.h"

/* What answers a connection to a port there that nobody listens at; any other refusal is one of a login. */
#define SSH_NOBODY_LISTENS 404
/* What answers in place of a machine that leads there, and is away. */
#define SSH_NO_WAY 470
/* What answers whoever wants another host key. */
#define SSH_ANOTHER_KEY 495
/* What a request brings along: the host keys that are wanted, and the public part of one to log in with. */
#define SSH_WANTED_HEADER "Wanted-Key: "
#define SSH_LOGIN_HEADER  "Login-Key: "
#define SSH_JUMP_HEADER   "Jump: "
/* And with SSH_ANOTHER_KEY comes what is wrong. */
#define SSH_REFUSAL_HEADER "Refusal: "

struct ssh_machine;

/* At "10.0.0.9", port 22. NULL: no memory. */
struct ssh_machine *ssh_machine_new(struct universe *universe, const char *address);
void ssh_machine_free(struct ssh_machine *machine); /* NULL is fine */
/* What its programs do; `machine` in what is asked is NULL. NULL: all stay. */
void ssh_machine_behave(struct ssh_machine *machine, behaver *behave, void *owner);

/* What it shows of itself, and whom it lets in; copied. All may be NULL. */
struct ssh_door {
	const char *host_key;  /* "ssh-ed25519 AAAA..."; NULL: the one that is wanted */
	const char *login_key; /* the only one that opens it, as a line of authorized_keys; NULL: any does */
	/* Whether what comes from there (`via`: through the machine of that address; or NULL) gets to that
	 * address and port at all; NULL: all does. */
	bool (*reaches)(void *owner, const struct machine *from, const char *via, const char *address,
			uint16_t port);
	void *owner;
};
void ssh_machine_door(struct ssh_machine *machine, const struct ssh_door *door);
/* It is reached at another address, too. NULL: at its own alone. */
void ssh_machine_also(struct ssh_machine *machine, const char *address);

/* --- what befalls it ------------------------------------------------------------------------- */

/* Nothing runs there any more; so long nobody listens, then it is another boot. */
void ssh_machine_reboot(struct ssh_machine *machine, int64_t down_ms);
/* Its sshd is started anew: every session ends, and what runs goes on. */
void ssh_machine_cut(struct ssh_machine *machine);
void ssh_machine_disk_full(struct ssh_machine *machine, bool full);
/* Its clock goes wrong by so much more. */
void ssh_machine_clock(struct ssh_machine *machine, int64_t by_ms);
enum ssh_victim { SSH_PROGRAM, SSH_KEEPER, SSH_BOTH };
/* What runs as "app.web.1" is killed. False: nothing does. */
bool ssh_machine_kill(struct ssh_machine *machine, const char *name, enum ssh_victim victim);
/* Somebody else makes a directory of that name, with a file in it. 0 or -1: there is one. */
int ssh_machine_stranger(struct ssh_machine *machine, const char *name);
/* And a copy of the directory of "app.web.1" under another name. */
int ssh_machine_copy(struct ssh_machine *machine, const char *of, const char *name);
bool ssh_machine_stranger_left(const struct ssh_machine *machine, const char *name);
/* Its directory goes, and what runs in it, without us. 0 or -1. */
int ssh_machine_vanish(struct ssh_machine *machine, const char *name);

/* --- what is there ---------------------------------------------------------------------------- */

/* A directory of an instance; `folder` NULL: what runs is all that is left of it. */
struct ssh_view {
	const char *app, *folder;
	const char *manifest; /* its lines; "" when it is none of ours */
	const char *launch;
	const char *argv0, *argv1;      /* of the program that runs */
	const char *const *environment; /* of what it runs; NULL-terminated */
	const char *state;              /* as its keeper wrote it down; "" never */
	int code;
	unsigned programs, keepers; /* that live */
	uint64_t id;                /* of the program that was started last; 0: none was */
	bool answers;
};
void ssh_machine_each(const struct ssh_machine *machine,
		      void (*see)(void *owner, const struct ssh_view *view), void *owner);
/* What else is there of an application: "the claim", "the lease", "the directory"; NULL: nothing. */
const char *ssh_machine_left(const struct ssh_machine *machine, const char *app);
/* The token of its lease, and who has it; "" nobody. */
const char *ssh_machine_token(const struct ssh_machine *machine, const char *app);
void ssh_machine_holder(const struct ssh_machine *machine, const char *app, char *ret, size_t size);
/* Another number whenever something may be otherwise. */
uint64_t ssh_machine_stamp(const struct ssh_machine *machine);
/* A file that was put there for it, by the path that it was given; NULL: there is none. */
const char *ssh_machine_file(const struct ssh_machine *machine, const char *name, const char *path,
			     size_t *ret_size, unsigned *ret_mode);
/* The value of a mark; false: there is none. */
bool ssh_mark(const char *manifest, const char *key, char *ret, size_t size);

#endif
