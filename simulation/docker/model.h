/* model.h - what the files of the simulated engine share: what is there, and a request being answered. */
#ifndef BERTH_SIMULATION_DOCKER_MODEL_H
#define BERTH_SIMULATION_DOCKER_MODEL_H

#include "base/cleanup.h"
#include "base/json.h"
#include "base/map.h"
#include "simulation/docker/engine.h"

#define ID_LENGTH       64
#define SHORT_ID        12
#define EVENTS_KEPT     256
#define NEVER           "0001-01-01T00:00:00Z"
#define GRACE_S         10
#define NS_OF_MS        INT64_C(1000000)
#define FIRST_FREE_PORT 32768

/* --- what is there ------------------------------------------------------------------------------ */

struct image {
	struct image *next;
	char id[8 + ID_LENGTH];
	json_t *tags, *digests; /* "busybox:1", "busybox@sha256:..." */
	json_t *config;         /* {Cmd, Entrypoint, User, Labels} */
	int64_t created_s;
};

struct network {
	struct network *next;
	char id[ID_LENGTH + 1];
	char *name, *driver;
	json_t *labels;
	char *head, *tail; /* its JSON before and after "Containers" */
	int64_t created_ns;
	bool predefined, bridges; /* has addresses */
	bool ranged;              /* of a part of its subnet, as it was asked for */
	uint32_t first, gateway;  /* of its subnet */
	uint32_t range_first;
	int prefix, range_prefix;
	uint64_t *taken; /* a bit for each address of the subnet */
	size_t attached;
	json_t *ghosts; /* name of a container that is gone -> the address of its endpoint, which stayed */
};

/* A container on a network, or about to be. */
struct endpoint {
	struct endpoint *next;
	char *network; /* its name, by which it is kept */
	char network_id[ID_LENGTH + 1];
	json_t *links, *aliases; /* NULL: null */
	char *pinned;            /* NULL: null */
	struct network *on;      /* NULL: has no address */
	/* The engine failed to join it: it is told, with what it had, and without a gateway. */
	bool failed;
	uint32_t address;
	int prefix;
	char id[ID_LENGTH + 1];
};

struct mount {
	char *volume, *source, *path; /* volume NULL: a bind */
	bool read_only, anonymous;
};

struct bound_port {
	char address[46];
	uint16_t number, port;
	bool udp;
};

struct file {
	struct file *next;
	char *path, *content;
	size_t size;
	unsigned mode, uid, gid;
};

struct log_line {
	int64_t at_ns;
	bool errors;
	char *bytes;
	size_t size;
};

enum container_state { CREATED, RUNNING, PAUSED, RESTARTING, EXITED };

struct container {
	struct container *next;
	struct docker_engine *engine;
	char id[ID_LENGTH + 1];
	char *name; /* NULL: it has lost it */
	char *image_name;
	struct image *image;
	json_t *labels, *environment, *argv, *exposed, *bindings;
	char *network_mode, *user, *directory;
	char *config, *args, *told_mounts, *wanted_mounts; /* JSON, as inspected */
	char *extra_hosts;
	int64_t memory, memory_swap, nano_cpus, cpu_quota, cpu_period;
	char restart_policy[16];
	int64_t max_retries;
	bool auto_remove, tty, stdin_once;
	bool has_stop_signal;
	int stop_signal;
	int64_t stop_timeout_s; /* -1: the engine's own */
	struct endpoint *endpoints;
	struct mount *mounts;
	size_t mount_count;
	struct bound_port *bound;
	size_t bound_count;
	struct file *files;
	struct log_line *log;
	size_t log_count;

	enum container_state state;
	bool removing, drops_volumes; /* marked for removal */
	bool gone;
	bool blocked; /* what is left of such a failure keeps it off networks until it ends */
	bool stopped_by_hand, started_before, out_of_memory, ended_by_us;
	bool unnoticed; /* its process has ended, which the engine does not know yet */
	int exit_code, pid;
	char *error;
	unsigned restarts, ends;
	int64_t created_ns, started_ns, finished_ns, backoff_ms;
	int64_t answers_ms; /* the clock's, from when on it takes connections; -1: never */
	const struct docker_behaviour *behaviour;
	int end_code;
	struct event end;      /* its process ends */
	struct event kill;     /* it is killed, as it did not end */
	struct event again;    /* it is started again */
	struct event vanishes; /* its removal comes to the next step */
	struct call *remover;
	struct prober *prober; /* what its process is, if it is that */
	/* As a listing tells it: what it was when that was noted. */
	char *listed_head, *listed_tail;
	enum container_state listed_state;
	bool listed_removing;
	int listed_exit;
	int64_t listed_started_ns, listed_finished_ns;
};

struct volume {
	struct volume *next;
	char *name;
	json_t *labels; /* NULL: null */
	char *json;
	bool anonymous;
};

struct exec {
	struct exec *next;
	char id[ID_LENGTH + 1];
	struct container *container;
	json_t *argv;
	char *directory, *user;
	bool tty, in, out, errors, running, ran;
	int exit_code, pid; /* -1: null */
	unsigned rows, columns;
	struct call *session;
	const struct docker_command *command;
	struct event end;
};

struct told_event {
	int64_t at_ns;
	const char *type, *action;
	json_t *attributes;
	char id[ID_LENGTH + 1];
	char *line;
};

struct held_port {
	struct held_port *next;
	char *address;
	uint16_t number;
};

struct rule {
	struct rule *next;
	struct docker_rule rule;
	unsigned seen;
	bool over;
};

struct behaviour {
	struct behaviour *next;
	struct docker_behaviour behaviour;
};

struct command {
	struct command *next;
	struct docker_command command;
};

struct registry {
	struct registry *next;
	struct docker_registry registry;
};

struct docker_engine {
	struct universe *universe;
	struct clock *clock;
	struct service service;
	char *address;
	const struct machine *machine;
	json_t *addresses, *paths;
	struct container *containers, *graveyard; /* the oldest first */
	size_t container_count;
	struct map *by_name, *by_id; /* containers */
	struct network *networks;
	struct volume *volumes;
	struct map *volumes_by_name;
	struct image *images, *old_images;
	struct exec *execs;
	struct map *execs_by_id;
	struct held_port *held;
	struct told_event events[EVENTS_KEPT];
	size_t event_count; /* ever */
	bool echoes;        /* ends are told twice, and late */
	struct rule *rules;
	struct behaviour *behaviours;
	struct command *commands;
	struct registry *registries, **registries_end;
	struct call *calls;
	struct docker_change *changes;
	size_t change_count;
	size_t counts[DOCKER_CALLS];
	int64_t takes_ms[DOCKER_UNKNOWN];
	int64_t last_ms;
	unsigned within; /* that millisecond */
	int pids;
	uint16_t next_port;
	char date[32]; /* of the second below */
	int64_t date_s;
	struct event up; /* it answers again */
	bool down;
};

/* --- a request ----------------------------------------------------------------------------------- */

/* One that asks for a stream stays until that ends. */
struct call {
	struct call *next, **back;
	struct docker_engine *engine;
	struct reply *reply;        /* NULL: nobody waits, or somebody else asked */
	struct docker_asked *asked; /* by somebody else */
	enum docker_call kind;
	struct event event;
	char *path, *part, *query, *body; /* `part`: what stands in the path for {} */
	size_t body_size;
	json_t *json;  /* the body, when asked */
	size_t change; /* its number among the changes, plus one */
	const struct docker_rule *instead;
	int64_t takes_ms;
	bool streams, upgrade;
	/* While it streams. */
	void (*gone)(struct call *call); /* who asked has gone: it is freed afterwards */
	void (*heard)(struct call *call, const char *bytes, size_t count);
	struct container *container;
	void *own; /* freed with it */
	struct event next_step;
	struct exec *exec;
};

typedef void handler(struct call *call);

/* --- small.c: memory, names, times and JSON text --- */
void *must(void *memory); /* ends the program for NULL */
char *copy(const char *text);
char *copy_or_null(const char *text);
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *must_json(json_t *json);
void new_id(struct docker_engine *engine, char ret[static ID_LENGTH + 1]);
int64_t stamp(struct docker_engine *engine); /* nanoseconds since 1970, never the same twice */
void put_time(struct text *to, int64_t at_ns);
void put_quoted(struct text *to, const char *string);
void put_json(struct text *to, const json_t *json);                    /* NULL: null */
void put_member(struct text *to, const char *key, const char *string); /* ,"key":"string" */
void put_number(struct text *to, int64_t number);
void put_address(struct text *to, uint32_t address);
void put_list(void **list, void *object, size_t next_at); /* at its end */
bool truth(const char *value);                            /* as a query writes it */
const char *address_text(uint32_t address, char ret[static 16]);
bool parse_address(const char *text, uint32_t *ret);

/* --- answer.c --- */
/* Each of these is the end of the call, which is freed. */
void answer(struct call *call, int status, struct text *body); /* JSON; released */
void answer_nothing(struct call *call, int status);
void answer_bytes(struct call *call, int status, const char *type, const char *more, const void *bytes,
		  size_t count);
void refuse(struct call *call, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A stream: its head, what comes, its end. */
void stream_begin(struct call *call, const char *type);
void stream_take_over(struct call *call); /* the connection is given away */
void stream_add(struct call *call, const void *bytes, size_t count);
void stream_frame(struct call *call, bool tty, bool errors, const char *bytes, size_t count);
void stream_end(struct call *call);
void call_free(struct call *call);
const json_t *call_parsed(struct call *call); /* the body, whatever it is; NULL: no JSON */
json_t *call_body(struct call *call);         /* an object, or NULL after it was refused */
/* A value of the query, decoded into memory of the caller; NULL: not there. */
char *query_value(const struct call *call, const char *key);
bool query_flag(const struct call *call, const char *key);

/* --- routes.c --- */
void call_arrives(struct docker_engine *engine, const char *method, const char *url, const void *body,
		  size_t body_size, bool upgrade, struct reply *reply, struct docker_asked *asked);
handler ping_asked, version_asked, info_asked;

/* --- filters.c: {"label":["a=b"],"name":["x"]} --- */
/* 0, or -1 after the call was refused. *ret NULL: none were given. `known`: those that may be. */
int filters_read(struct call *call, const char *const *known, json_t **ret);
bool filter_labels(const json_t *filters, const json_t *labels);
/* Of each value of a filter; true when there is none of that name. */
bool filter_any(const json_t *filters, const char *name, bool (*fits)(const char *value, const void *context),
		const void *context);
bool filter_word(const json_t *filters, const char *name, const char *word);

/* --- containers.c --- */
struct container *container_found(struct docker_engine *engine, const char *name); /* or id, or its beginning
										    */
struct container *container_of_call(struct call *call); /* NULL after it was refused */
handler rename_asked;
#define NAME_CHARS "[a-zA-Z0-9][a-zA-Z0-9_.-]"
bool can_be_name(const char *name);
void take_name(struct container *container, const char *name);
/* Refuses: somebody has the name. `before`: the words begin so. */
void name_conflict(struct call *call, const char *before, const char *name);
void container_free(struct container *container);
void container_event(struct container *container, const char *action, const char *key, const char *value);
struct endpoint *endpoint_found(const struct container *container, const char *network_name);
struct endpoint *endpoint_new(struct container *container, const char *network_name, const json_t *config);
void endpoint_drop(struct container *container, struct endpoint *endpoint);
void name_endpoint(struct container *container, struct endpoint *endpoint); /* its short id, an alias */
bool user_defined(const char *network_name);

/* --- create.c --- */
handler create_asked;

/* --- limits.c --- */
handler update_asked;
const char *restart_policy_wrong(const json_t *policy, bool auto_remove, char *ret, size_t size);
const char *limits_wrong(const json_t *body, char *ret, size_t size);
void limits_read(struct container *container, const json_t *body);

/* --- describe.c --- */
handler containers_asked, container_asked;
void note_listed(struct container *container);
const char *state_word(const struct container *container);

/* --- stats.c --- */
handler stats_asked;
#define ENGINE_MEMORY INT64_C(8589934592) /* of its machine, in bytes */

/* --- life.c --- */
handler start_asked, stop_asked, kill_asked, pause_asked, unpause_asked;
/* The process has ended. */
void container_ended(struct container *container, int code, bool restarts);
/* Soon, by our hand. */
void container_kill(struct container *container);
void container_quiet(struct container *container);   /* its process does nothing more, nor is one to come */
bool has_process(const struct container *container); /* has a process */
bool container_answers(const struct container *container);
void container_signal(struct container *container, int signal_number);
void start_again_after_boot(struct docker_engine *engine);
void prober_begin(struct container *container);
void prober_free(struct prober *prober);

/* --- remove.c --- */
handler remove_asked;
void container_remove(struct container *container, bool volumes, struct call *remover);

/* --- networks.c, addresses.c --- */
handler networks_asked, network_asked, network_create_asked, network_remove_asked;
/* `container`: its id, or NULL. */
void network_event(struct docker_engine *engine, const struct network *network, const char *action,
		   const char *container);
void networks_begin(struct docker_engine *engine);
void network_free(struct network *network);
/* By its id, name or an id's beginning; how many have that name. */
struct network *network_found(struct docker_engine *engine, const char *name, size_t *ret_count);
void addresses_begin(struct network *network);
bool address_take(struct network *network, uint32_t address);
bool address_any(struct network *network, uint32_t *ret);
void address_free(struct network *network, uint32_t address);
bool subnet_read(const char *text, uint32_t *ret_first, int *ret_prefix);
/* Whoever has a part of it; NULL: nobody. */
const struct network *subnet_holder(const struct docker_engine *engine, uint32_t first, int prefix);

/* --- joining.c --- */
handler connect_asked, disconnect_asked;
/* The endpoint gets an address. 0, or the status of a refusal with its words. */
int endpoint_begin(struct container *container, struct endpoint *endpoint, char *ret_words, size_t size);
void endpoint_end(struct container *container, struct endpoint *endpoint);
/* The container goes, or leaves while it does not run: what it has there stays. */
void endpoint_haunts(const struct container *container, struct endpoint *endpoint);
/* An engine that starts forgets who is not there. */
void ghosts_forget(struct network *network);

/* --- ports.c --- */
int ports_bind(struct container *container, const char *endpoint_id, char *ret_words, size_t size);
void ports_release(struct container *container);
bool ports_held(void *owner, const struct machine *machine, const char *address, uint16_t port, bool udp);
void put_ports_inspected(struct text *to, const struct container *container);
void put_ports_listed(struct text *to, const struct container *container);

/* --- volumes.c --- */
handler volumes_asked, volume_asked, volume_create_asked, volume_remove_asked;
/* NULL: a name that cannot be one (told in words). */
struct volume *volume_made(struct docker_engine *engine, const char *name, const json_t *labels);
struct volume *volume_found(struct docker_engine *engine, const char *name);
void volume_drop(struct docker_engine *engine, struct volume *volume);
void volume_free(struct volume *volume);
/* How many containers have it; their ids, when asked for. */
size_t volume_users(const struct docker_engine *engine, const char *name, struct text *ids);
const char *volume_name_wrong(const char *name, char *ret, size_t size);

/* --- images.c, pull.c --- */
handler images_asked, image_asked, pull_asked, load_asked, distribution_asked;
struct image *image_found(struct docker_engine *engine, const char *reference);
void image_free(struct image *image);
/* "busybox" -> "busybox:latest"; a digest stays. For the caller to free. */
char *whole_reference(const char *reference);

/* --- events.c --- */
handler events_asked;
void tell_event(struct docker_engine *engine, const char *type, const char *action, const char *id,
		const char *image, json_t *attributes /* ours from here on */);
void events_free(struct docker_engine *engine);

/* --- logs.c --- */
handler logs_asked;
void log_add(struct container *container, bool errors, const char *bytes, size_t count);
/* Those who listen hear no more: its process has ended. */
void log_followers_end(struct container *container);
void log_free(struct container *container);

/* --- attach.c, exec.c --- */
handler attach_asked, exec_asked, exec_start_asked, exec_resize_asked, exec_inspect_asked;
void attached_tell(struct container *container, bool errors, const char *bytes, size_t count);
void attached_end(struct container *container);
void execs_end(struct container *container); /* with it */
void exec_free(struct exec *exec);

/* --- archive.c, tar.c --- */
handler archive_get_asked, archive_put_asked;
struct file *file_found(const struct container *container, const char *path);
void put_own_files(struct container *container);
void files_free(struct container *container);
struct tar_entry {
	char name[300];
	char kind; /* '0' or '5' */
	unsigned mode, uid, gid;
	const char *content;
	size_t size;
};
bool tar_next(const char **at, const char *end, struct tar_entry *ret);
void tar_put(struct text *to, const struct tar_entry *entry);

/* --- behaviour.c --- */
const struct docker_behaviour *behaviour_of(const struct container *container);
const struct docker_command *command_of(struct docker_engine *engine, const char *words);
char *joined(const json_t *argv);

#endif
