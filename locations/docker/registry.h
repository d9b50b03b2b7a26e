/* registry.h - what it takes to have the engine speak to a registry: the user's login, and what a refusal
 * means. */
#ifndef BERTH_LOCATIONS_DOCKER_REGISTRY_H
#define BERTH_LOCATIONS_DOCKER_REGISTRY_H

#include "base/command.h"
#include "locations/docker/docker.h"

/* The user's login at the registry of one image. Only `header` is secret; the rest is for messages. */
struct login {
	struct docker *docker;
	struct arena arena;
	const char *server;   /* as config.json and the helpers call the registry */
	const char *host;     /* as `docker login` is told; "" for Docker Hub */
	struct text header;   /* "X-Registry-Auth: ..."; empty: there is no login */
	const char *source;   /* where it is from: a file, or a program; NULL: nowhere */
	const char *helper;   /* the program that is being asked, NULL: none */
	struct error trouble; /* why none could be had although there may be one */
	struct command *asking;
	void (*found)(void *owner);
	void *owner;
};

/* --- logins.c --- */
/* Look for it as the docker program does. DONE: it is as it will be. WAITING: `found` is called, from the
 * loop, when it is; unless it was released. */
enum progress login_find(struct login *login, struct docker *docker, const char *image,
			 void (*found)(void *owner), void *owner);
/* It was sent: the secret goes, what messages need stays. */
void login_wipe(struct login *login);
void login_release(struct login *login); /* leaves it zeroed */

/* --- credential_helper.c --- */
/* Ask docker-credential-NAME about a server; `program` gets its name. NULL with *err. */
struct command *helper_ask(struct docker *docker, const char *program, const char *server,
			   void (*done)(void *owner, const struct command_answer *answer), void *owner,
			   struct error *err);
/* What it said, as the members of a login (secret). *ret_login NULL: it knows of none. 0, or -1 with *err. */
int helper_read(const struct command_answer *answer, const char *program, json_t **ret_login,
		struct error *err);

/* --- refusals.c --- */
/* Say what the registry's own words mean for somebody with that login, after "cannot ...: ". Whether asking
 * again may help. */
bool registry_refused(const struct login *login, const char *image, const char *cannot, const char *words,
		      struct error *err);

/* --- pull_lines.c: what the engine tells while it pulls --- */
struct pull_lines {
	struct text line;
	struct layer *layers;
	size_t layer_count;
	bool ended;      /* the last line is one that only a whole pull ends with */
	char words[400]; /* of the error line */
	char again[80];  /* what the engine itself tries again, and when */
};
/* Whether there is something new to be told. */
bool pull_lines_feed(struct pull_lines *lines, const char *bytes, size_t count);
void pull_lines_note(const struct pull_lines *lines, const char *image, char *ret_note, size_t size);
void pull_lines_release(struct pull_lines *lines);

/* --- newest.c --- */
/* After the listing: ask the registries of the request's `newest` images, then the task is done. */
enum progress newest_begin(struct task *task, struct error *err);
void newest_free(struct newest *newest); /* NULL is fine */

#endif
