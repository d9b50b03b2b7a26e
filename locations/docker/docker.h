/* docker.h - what the rooms of the Docker driver share: the opened location, its tasks and their calls. */
#ifndef BERTH_LOCATIONS_DOCKER_DOCKER_H
#define BERTH_LOCATIONS_DOCKER_DOCKER_H

#include "base/cleanup.h"
#include "locations/location.h"

#define READ_MS   10000 /* a read unanswered for so long is unknown */
#define CHANGE_MS 60000 /* a loaded engine takes 20 s to start one of many */
#define START_MS  120000
#define GRACE_S   10 /* the engine's own, for what is to end */
#define CALLS     5  /* of one task at a time */
#define TRIES     5  /* of one thing within a task */

struct docker;
struct task;
struct pull;
struct stream;
struct events;
struct session;
struct newest;
struct prober;
struct asking;
struct program;

/* One step of a task: reads what came of the last one, does the next. PROGRESS_WAITING with nothing under way
 * means that another step was set and is to be taken at once. */
typedef enum progress step(struct task *task, struct error *err);

struct endpoint {
	const char *socket;   /* its path; NULL for TCP */
	struct ssh_host *ssh; /* the machine where that socket is; NULL: this one */
	const char *base;     /* "http://localhost", "https://10.0.0.5:2376" */
	const char *shown;    /* "unix:///run/docker.sock", "tcp://10.0.0.5:2376" */
	const char *identity; /* the same, in the one form of several that mean one place */
	const char *host;     /* TCP; else NULL */
	uint16_t port;
	bool local; /* the engine runs on this machine */
	bool secure;
	struct http_tls tls; /* when secure */
	const char *folder;  /* that the certificates came from; NULL */
	const char *proxy;   /* NULL: none */
	const char *because; /* who chose it; NULL: the location itself */
	/* Of a search on this machine: the sockets that were not there, and a further one that was (NULL:
	 * none). */
	const char *missing, *other, *other_whose;
};

/* What a location's options say of its engine; NULL: nothing. */
struct engine_said {
	const char *host, *context;
	const char *folder, *ca, *cert, *key; /* of TLS */
	enum { SAID_NOTHING, SAID_YES, SAID_NO } verify;
	const char *tls_option; /* one of those that speak of TLS */
};

struct subnet {
	uint32_t network;
	int prefix;
};

/* A published port of ours, as a listing told. */
struct published {
	char *app, *address;
	uint16_t number;
	enum protocol protocol;
};

/* Whether the engine is there, while we wait for it. */
struct pulse {
	unsigned awaited;      /* calls that may take long */
	struct timer *timer;   /* when it is asked */
	struct exchange *ping; /* while it is */
	unsigned missed;       /* pings in a row */
	int64_t heard_ms;      /* when it answered last, or we began to wait */
	bool silent;           /* nothing was heard since so many pings were missed */
	int64_t silent_until_ms;
};

struct docker {
	struct location *location;
	struct world *world;
	struct arena arena;
	struct engine_said said;
	struct endpoint endpoint;
	json_t *lasting;     /* options that lead here whatever the environment says */
	const char *address; /* the option; NULL when not given */
	struct subnet pool;
	int subnet_prefix;
	char machine[64];
	char api[8];                   /* "1.41"; "" until negotiated */
	char engine[64];               /* its version as the ping told, "" when it did not */
	char platform[32];             /* of its containers, "linux/amd64"; "" until asked */
	bool known;                    /* who it is, as far as it matters */
	char libpod[16];               /* Podman's version, "" for Docker */
	bool nameless;                 /* its networks look no names up */
	bool rootless;                 /* its networks are in a namespace of their own */
	struct location_driver podman; /* the table with what Podman can */
	struct task *tasks;
	struct pull *pulls;
	struct map *pulled;    /* the images fetched since the last listing */
	struct events *events; /* NULL: nobody watches */
	struct map *networks;  /* the id of each application's network, as far as it was asked */
	struct map *listed;    /* the same as the last listing told */
	struct prober *probers;
	struct program *program;
	struct map *strangers; /* names that a stranger was seen to hold */
	struct published *published;
	size_t published_count;
	struct map *filled;  /* containers, by their ids, whose files were put there by us */
	struct map *picked;  /* "app address": for a container that no listing shows yet */
	struct task *leaver; /* takes a container off its network just now */
	struct pulse pulse;
};

/* One request and what came of it. */
struct call {
	struct task *task;
	struct exchange *exchange; /* while it flies */
	char what[160];            /* "POST /containers/create" */
	int64_t limit_ms, asked_ms;
	bool patient;       /* it may take longer than a read */
	struct error error; /* no whole answer */
	int status;
	bool sent;
	struct text body, headers;
	json_t *json;          /* the body, once call_json was asked */
	struct stream *stream; /* who takes the body as it comes */
};

/* What the engine asked; given afresh each time, so nothing of it is copied. */
struct wish {
	const char *app, *name;
	const struct instance_spec *spec;
	const struct list_request *list;
	struct inventory *inventory;
	struct arena *arena;
	struct observed *observed;
	const char *word; /* a signal, a new name, a lease's token */
	const struct lease *lease;
	struct lease *lease_holder;
	const struct owner *owner;
	bool adopt, volumes;
	struct owner *holder;
	const struct prepare_request *prepare;
	const char **note;
	const struct health_check *check;
	const struct log_options *log;
	log_sink *sink;
	void *sink_owner;
	struct exec_session *exec;
	struct usage *usage;
	struct location_facts *facts;
};

/* What its call in slot 0 does to the network of its application. */
enum turn {
	TURN_NONE,
	TURN_MOVES,   /* may join or leave it */
	TURN_RENAMES, /* renames who is on it */
};

struct task {
	struct task *next, **back;
	struct docker *docker;
	struct errand *errand;
	struct wish wish;
	step *step;
	step *found;        /* after the network's id */
	step *pinned;       /* after an address to be pinned to */
	const char *picked; /* that address, as long as it is ours to give */
	step *after;        /* of a detour (a look, a removal): where to go on */
	struct arena arena;
	size_t memory_before; /* memory_failures() when it began */
	unsigned waiting;     /* calls, probes and timers that are under way */
	bool attention;       /* a step is wanted although something still flies */
	struct call calls[CALLS];
	enum turn turn;
	struct timer *timer;
	struct probe_call *probe;
	struct error probed;
	struct pull *pull;
	struct session *session;
	struct inventory inventory; /* what is listed so far */
	struct newest *newest;
	struct asking *asking;
	unsigned tries;
	int64_t since_ms, grace_ms;
	const char *since;   /* when a container had been started last, as its engine wrote it */
	struct error unsure; /* why a mutation's effect is unknown */
	const char *haunted; /* the network that would keep an endpoint of what is removed; NULL: none */
	/* For the flows of one file only. */
	const char *id; /* of the container that was inspected and is ours */
	const char *target, *address;
	json_t *kept;
	struct subnet subnet;
	size_t volume;
	bool flag;
	void *own; /* what one file's flow remembers; in the arena */
};

struct question {
	const char *method, *path;  /* the path below /vX.YY */
	const char *login;          /* a whole header; NULL: none */
	json_t *body;               /* ours from here on; NULL: none */
	const struct text *archive; /* instead of it: files, copied */
	int64_t limit_ms;           /* 0: READ_MS for GET, else CHANGE_MS */
	int64_t idle_ms;            /* for a stream: no limit but this silence */
	struct stream *stream;
	bool fresh;   /* its name is not unique there: never to be sent twice */
	bool bare;    /* without the version */
	bool old_tls; /* where a refused client certificate is told in any case */
	bool endless; /* a stream without any limit */
};

/* Takes an answer's body as it comes: `take` runs from the loop. */
struct stream {
	void (*take)(struct stream *stream, const char *bytes, size_t count);
	struct text kept;    /* for `take` to use; released with the call */
	struct text refusal; /* the body when the status said no */
};

/* What came of a ping. */
struct pong {
	int status;
	const char *headers, *body;
};

/* --- task.c --- */
enum progress task_run(struct location *location, struct errand *errand, step *first, const struct wish *wish,
		       struct error *err);
void task_free(struct task *task); /* takes it off its errand */
enum progress task_go(struct task *task, step *next);
int64_t task_now(const struct task *task);
enum progress task_pause(struct task *task, int64_t delay_ms, step *next, struct error *err);
void task_attend(struct task *task); /* from the loop: a step is wanted */
step task_done;                      /* nothing more to do */
/* Something under way has come back. */
void task_returned(struct task *task);

/* --- call.c --- */
enum progress ask(struct task *task, unsigned slot, const struct question *question, step *next,
		  struct error *err);
void call_release(struct call *call);
/* It flies, and is not waited for any longer. */
void call_give_up(struct call *call);
bool call_ok(const struct call *call);
/* The request may have had its effect. */
bool call_unsure(const struct call *call);
/* The body as JSON, or NULL with *err. Borrowed. */
json_t *call_json(struct call *call, struct error *err);
/* The answer is none that its question can have: what is there is unknown. Gives PROGRESS_FAILED. */
enum progress call_unusable(const struct call *call, struct error *err, const char *what);
/* The body as an array of objects; a volume listing's (JSON null for none); an object with these members,
 * texts that are not empty, NULL-terminated. NULL with *err when it is anything else. Borrowed. */
const json_t *call_list(struct call *call, struct error *err);
const json_t *call_volumes(struct call *call, struct error *err);
const json_t *call_named(struct call *call, const char *const *texts, const char *what, struct error *err);
/* The engine's own words about a refusal, fit to be shown. */
const char *call_words(struct call *call);
/* Says what could not be done and why; gives PROGRESS_FAILED. */
enum progress call_failed(struct call *call, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum progress out_of_memory(struct error *err);
/* `key=VALUE` of a query, the value escaped; "filters=..." for one label of ours. NULL: no memory. */
char *escaped(struct arena *arena, const char *value);
char *label_filter(struct arena *arena, const char *app);
/* A request outside of any task: for pulls and events. */
struct exchange *docker_send(struct docker *docker, const struct question *question,
			     const struct http_sink *sink, struct error *err);
/* One whose connection is to become a channel. */
struct channel *docker_channel(struct docker *docker, const struct question *question,
			       const struct channel_sink *sink, struct error *err);
/* The "message" of an error answer, or what is wrong with it; printable, in `arena`. */
const char *refusal_of(struct arena *arena, const char *body, size_t size, int status);
/* The beginning of a text, printable, in `arena`. */
const char *words_of(struct arena *arena, const char *body, size_t size);

/* --- pulse.c --- */
/* One was sent that may take long; it is waited for no more. */
void pulse_await(struct docker *docker);
void pulse_rest(struct docker *docker);
/* The engine has answered something; something of it is overdue. */
void pulse_heard(struct docker *docker);
void pulse_missed(struct docker *docker);
/* 0, or -1 while it is not worth asking. */
int pulse_there(const struct docker *docker, struct error *err);

/* --- turns.c --- */
/* Whether nothing under way forbids it. */
bool turn_comes(const struct task *task, enum turn turn);
/* ask() in slot 0 when its turn comes; until then `same`, which got here, is taken again after a while. Who
 * renames says in since_ms from when on it waits. */
enum progress ask_in_turn(struct task *task, enum turn turn, const struct question *question, step *same,
			  step *next, struct error *err);

/* --- explain.c --- */
/* Describe a transport's failure, with the remedy for the usual first mistakes. */
void explain(const struct docker *docker, const char *what, int64_t limit_ms, const struct error *why,
	     struct error *err);
/* What answered the ping is no engine, or not in this way: says what it is instead. */
void explain_stranger(const struct docker *docker, const struct pong *pong, struct error *err);

/* --- version.c --- */
step version_ask;
int version_read(struct docker *docker, const struct pong *pong, struct error *err);
/* A header's value copied into `ret_value`; false when it is not there. */
bool header_value(const char *headers, const char *name, char *ret_value, size_t size);
/* The engine's clock when it answered; 0: it did not say. */
int64_t answered_at(const struct call *call);
step connect_begin;
/* What was found out of the same engine at another location. */
void docker_learn(struct location *location, const struct location *from);
/* On what platform it runs containers, from an answer of its /version; left unknown when that is none. */
void platform_read(struct docker *docker, struct call *call);

/* --- podman.c --- */
/* From the headers of a ping. */
void podman_read(struct docker *docker, const char *headers);
/* What it can; then task->after. */
step podman_ask;
/* It is one, and all is known of it that matters: its location has the table with what it can. */
void podman_known(struct docker *docker);
/* The names that all of a component answer to on their network. */
json_t *shared_names(const struct docker *docker, const struct instance_spec *spec);
bool is_shared_name(const struct docker *docker, const char *shared, const char *name);
/* What must be there before the container is made; then `next`. */
enum progress podman_volumes(struct task *task, step *next, struct error *err);
/* As Docker would have answered: a status, and containers in place. */
json_t *podman_translate(const struct docker *docker, json_t *answer);
int podman_status(const struct docker *docker, int status, const struct text *body);
/* Whether a listed tag, or digest, is that image. */
bool names_image(const struct docker *docker, const char *tag, const char *reference);

/* --- choice.c, options.c, subnets.c --- */
/* Which engine is meant, from the location and, as the docker program has it, from the environment. */
int engine_choose(struct docker *docker, struct error *err);
/* How to come back to it; see `resolved` of the driver. */
const char *engine_resolved(const struct location *location, const json_t **ret_options);
int options_read(struct docker *docker, struct error *err);
bool subnet_parse(const char *text, struct subnet *ret);
bool subnets_overlap(struct subnet a, struct subnet b);
/* The first free one of the pool for this application, skipping what `networks` (a listing) and `taken` use;
 * false: none. */
bool subnet_pick(const struct docker *docker, const char *app, int prefix, const json_t *networks,
		 const json_t *taken, struct subnet *ret);
uint32_t name_hash(const char *text); /* where to begin, for things of that name */
void subnet_format(struct subnet subnet, char ret_text[static 32]);

/* --- observe.c --- */
/* One entry of a container listing that was told by `told_ms` (the engine's clock; 0: not known), or one
 * inspected container. 0, or -1 when memory is gone. */
int observe_listed(struct docker *docker, const json_t *container, int64_t told_ms, struct arena *arena,
		   struct observed *ret);
int observe_inspected(struct docker *docker, const json_t *container, struct arena *arena,
		      struct observed *ret);
const char *container_name(const json_t *container); /* without the slash; "" when there is none */
bool shared_name_held(const json_t *container);      /* an inspected one's */
const char *fixed_address(const json_t *endpoint);   /* that it shall have at each start; NULL: any */
/* Its endpoint on the application's network; NULL while it is off it. */
const json_t *endpoint_of(const json_t *container, const char *app);
/* This much memory or more stands for no limit. */
#define NO_MEMORY_LIMIT (INT64_C(1) << 62)
/* Whether the name is exactly that of the instance which the labels tell of. */
bool is_instance(const char *name, const json_t *labels);
/* Whether its labels say that it is this application's. */
bool marked(const json_t *labels, const char *app);
char *network_name(struct arena *arena, const char *app);
char *lower(struct arena *arena, const char *text);
int64_t time_of(const char *stamp); /* RFC 3339, milliseconds since 1970; 0 for none */
int64_t date_of(const char *date);  /* a Date header's, the same */

/* --- attach.c --- */
struct binding {
	const char *address;
	uint16_t port, number;
	enum protocol protocol;
};
/* Attachments of an instance whose names are known by then: its network, then each address it is published
 * on. */
int attachments_make(struct docker *docker, struct arena *arena, const char *own_ports, const char *address,
		     struct binding *bindings, size_t count, struct observed *ret);
int docker_foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		   const struct attachment **ret, size_t *ret_count, struct error *err);
int docker_publish_address(struct location *location, char *ret_address, size_t size, struct error *err);
bool docker_port_free(struct location *location, const char *address, uint16_t port, enum protocol protocol);
/* Note what a listing (of one application, or NULL: of all) says of published ports. */
void published_note(struct docker *docker, const char *app, const struct inventory *inventory);
void published_release(struct docker *docker);

/* --- strangers.c --- */
void stranger_met(struct docker *docker, const char *name);
/* Room in the inventory for those that were met and `listed` more. */
int strangers_room(struct docker *docker, size_t listed, struct inventory *inventory);
/* A container of a listing that carries our labels but not its name, into the inventory. */
int stranger_listed(struct docker *docker, const char *name, struct inventory *inventory);
/* Those that were met, of one application (NULL: all), into the inventory. 0, or -1 when memory is gone. */
int strangers_tell(struct docker *docker, const char *app, struct inventory *inventory);

/* --- look.c --- */
/* GET of the container called so; then `next` finds the answer in slot 0. */
enum progress inspect(struct task *task, const char *name, step *next, struct error *err);
/* The same of task->id: whoever took the name meanwhile is not meant. */
enum progress inspect_again(struct task *task, step *next, struct error *err);
/* "/containers/ID" and what follows, of task->id; NULL: no memory. */
char *container_path(struct task *task, const char *rest);
/* Inspected in slot 0: 1 ours (its id is task->id from now on), 0 absent, -1 failed (*err). */
int inspected_is_ours(struct task *task, const char *name, struct error *err);
/* Says that it is not there any more; gives PROGRESS_FAILED. */
enum progress container_gone(struct task *task, const char *name, struct error *err);
bool container_runs(const json_t *container); /* or is between two runs */
step look_begin;

/* --- generations.c --- */
/* Ask who carries the shared name where task->inventory has two generations of one instance; then `next`. */
enum progress generations_ask(struct task *task, step *next, struct error *err);

/* --- the flows --- */
step list_begin;
step place_begin;
step start_begin, stop_begin, remove_begin;
/* Removes the container task->id, called task->target, then goes to task->after. */
step removal_begin;
step admit_begin, withdraw_begin;
/* Takes a stopped container to another address of its network, without the shared name; then goes to
 * task->after. */
step rejoin_begin;
step probe_begin;
const char *docker_readiness(struct location *location, const struct instance_spec *spec,
			     const struct health_check *check);
step command_begin; /* exec.c: the check's command */
step prepare_begin;
/* Learn the id of the application's network, unless it is known already; then `next`. */
enum progress network_find(struct task *task, step *next, struct error *err);
const char *network_id(const struct docker *docker, const char *app); /* NULL: not known */
void network_forget(struct docker *docker, const char *app);
void networks_release(struct docker *docker);
/* What a listing told; `id` NULL: there is none. */
void network_listed(struct docker *docker, const char *app, const char *id);
const char *network_as_listed(const struct docker *docker, const char *app); /* NULL: not known */
/* Whether the network's bridge is an interface of this machine. */
bool network_is_here(const struct docker *docker, const char *id);
/* Whether the engine's networks seem to be this machine's, as far as is known before there is one. */
bool networks_are_here(const struct docker *docker);
step release_begin;
step claim_begin, disclaim_begin;
/* --- lease.c: a volume of ours that is one, and how long it lives on at that time --- */
bool is_lease(const json_t *volume);
int64_t lease_left(const json_t *volume, int64_t now_ms);
step logs_begin;
step usage_begin;
/* exec_session.c: a command for somebody who listens */
step exec_begin;
step update_begin, deliver_begin, signal_begin, rename_begin;
step lease_begin, tidy_begin;

/* --- create_body.c: a container, and its parts that can be changed later; NULL: no memory --- */
json_t *create_body(struct task *task, const struct instance_spec *spec); /* pinned to task->address */
json_t *volume_labels(const struct instance_spec *spec, const char *name);
json_t *link_list(const struct instance_spec *spec);
json_t *pinned_at(const char *address);
json_t *restart_policy(enum restart_policy policy);
enum restart_policy restart_policy_of(const char *name);

/* --- pins.c --- */
/* task->address is the one that the wish gives, or a free one picked for it; then `next`. */
enum progress pin_find(struct task *task, step *next, struct error *err);
step pin_taken;                     /* says who has task->address instead; fails */
void pin_forget(struct task *task); /* what was picked is to be seen by now, or free again */

/* --- files.c --- */
/* Puts the spec's files into task->id, which was just inspected in slot 0; then goes to task->after. */
step files_begin;

/* --- prober.c: asking from inside an application's network --- */
/* Asks "tcp MS ADDRESS PORT" or what helper/question.h has else, in the network of that id; then goes to
 * `next`. Fails with ERR_UNSUPPORTED and the reason when nobody can be made to ask there. */
enum progress prober_ask(struct task *task, const char *network, const char *question, int64_t limit_ms,
			 step *next, struct error *err);
/* What was answered, in the task's arena; asked once. NULL: no memory. */
const char *prober_answer(struct task *task);
/* Whether one could be had, as far as is known; no I/O with the engine. */
bool prober_possible(struct docker *docker);
bool is_helper(const char *name, const json_t *labels);
/* Removes the application's, when we asked one; then goes to `next`. */
enum progress prober_leave(struct task *task, step *next, struct error *err);
/* Its container goes with the application. */
void prober_forget(struct docker *docker, const char *app);
void probers_close(struct docker *docker);
void asking_release(struct asking *asking);

/* --- pull.c, with registry.h --- */
enum progress pull_join(struct task *task, const char *image, step *next, struct error *err);
/* DONE, WAITING or FAILED; leaves the pull when it is over. */
enum progress pull_result(struct task *task, const char **ret_note, struct error *err);
void pull_leave(struct task *task);
void pulls_close(struct docker *docker);

/* --- frames.c: the output of a container without a terminal comes in frames of two streams --- */
struct frames {
	unsigned char header[8];
	size_t header_length;
	size_t left; /* of the frame under way */
	bool errors;
	bool raw;     /* a terminal: no frames */
	bool garbage; /* what came are no frames: nothing more is taken */
};
void frames_feed(struct frames *frames, const char *bytes, size_t count, log_sink *sink, void *owner);

/* --- session_stream.c --- */
void session_release(struct session *session);
/* Somebody has something for the session under way, if there is one. */
void session_attend(struct task *task);

/* --- watch.c --- */
int docker_watch(struct location *location, const char *app, change_sink *changed, void *owner,
		 struct error *err);
void docker_unwatch(struct location *location, const char *app);
void events_close(struct docker *docker);

/* --- check.c --- */
int docker_check(struct location *location, const struct instance_spec *spec, struct error *err);

#endif
