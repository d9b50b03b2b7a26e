/* prober.h - the container in an application's network that asks there what cannot be asked from here, as its
 * files share it.
 *
 * It is made when the first question needs it, shared by all that follow, and removed when the deploy ends.
 * It runs the helper program (helper/probe.h), as an image of that one file.
 */
#ifndef BERTH_LOCATIONS_DOCKER_PROBER_H
#define BERTH_LOCATIONS_DOCKER_PROBER_H

#include "locations/docker/docker.h"
#include "locations/helper_program.h"

struct asking;

struct prober {
	struct prober *next;
	struct docker *docker;
	char *app;
	char *id;                /* of its container; NULL: none is known */
	struct task *maker;      /* who makes it just now */
	step *removed;           /* where that goes on after a removal */
	struct channel *channel; /* its input and output; NULL: there is nobody to ask */
	bool open;
	struct error ended; /* how the channel ended, and with which refusal */
	int status;
	struct frames frames;
	struct text line; /* of its output, so far */
	struct asking *askings;
	unsigned token; /* begins the names of our questions: others may ask it too */
	unsigned long asked;
	unsigned stumbles; /* since its last answer */
	char refused[320]; /* why there can be none; "": there can */
};

/* A task that has something to ask; in its arena. */
struct asking {
	struct asking *next;
	struct prober *prober;
	struct task *task;
	const char *network;  /* the id of the one to ask in */
	const char *question; /* without its name */
	int64_t limit_ms;
	step *answered;
	enum {
		ASKING_IDLE,
		ASKING_WAITS, /* while another makes the helper */
		ASKING_ASKED,
		ASKING_ANSWERED,
	} state;
	char name[40]; /* of the question */
	struct timer *timer;
	struct text answer; /* without the name */
	bool loaded;        /* the image was given to the engine */
};

/* The helper program as an image. */
struct program {
	struct helper_program is;
	char image[40]; /* "berth-helper:0123456789ab"; "" until it was wanted */
};

/* --- prober.c --- */
struct prober *prober_of(struct docker *docker, const char *app); /* NULL: no memory */
const char *prober_name(struct arena *arena, const char *app);
/* Opens the channel to its container; then goes to `next`. */
enum progress prober_listen(struct task *task, step *next, struct error *err);
/* It could not be had; at the third time in a row it cannot be had at all. Gives PROGRESS_FAILED. */
enum progress prober_stumbles(struct prober *prober, const struct error *why, struct error *err);
enum progress prober_refuse(struct prober *prober, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- prober_container.c --- */
/* Finds or makes the container that task->asking needs, and opens its channel; then goes to task->after. */
step prober_make;
/* Removes the container prober->id; then goes to `next`. */
enum progress prober_remove(struct task *task, step *next, struct error *err);

/* --- prober_image.c --- */
/* What is known of the helper program without reading all of it; NULL: no memory. */
const struct program *program_of(struct docker *docker);
/* Names its image. 0, or -1 with *err. */
int program_name(struct docker *docker, struct error *err);
/* Gives the engine the image; then goes to `loaded`, which finds the answer in slot 0. */
enum progress program_load(struct task *task, step *loaded, struct error *err);
/* What the engine says against it, inside an answer of status 200; NULL: nothing. */
const char *load_refused(struct task *task);

/* --- helper_image.c: for an instance that is made of it; the task goes on with `next` --- */
enum progress helper_image_begin(struct task *task, step *next, struct error *err);
enum progress helper_image_load(struct task *task, step *next, struct error *err);

#endif
