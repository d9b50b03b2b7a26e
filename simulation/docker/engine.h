/* engine.h - a simulated Docker engine: what the shipped driver meets at its socket, and what happens there
 * without us.
 *
 * It answers as Docker 20.10 does (API 1.41), over the wire of `simulation/universe.h`. A request has its
 * effect at one instant, some milliseconds after it arrived; the same requests at the same times from the
 * same seed always come to the same. Without memory it ends the program.
 */
#ifndef BERTH_SIMULATION_DOCKER_ENGINE_H
#define BERTH_SIMULATION_DOCKER_ENGINE_H

#include <jansson.h>

#include "simulation/universe.h"

struct docker_engine;

/* It listens at "unix:/run/docker.sock" or "10.0.0.5:2375". */
struct docker_engine *docker_engine_new(struct universe *universe, const char *address);
/* After whoever asked it has gone. NULL is fine. */
void docker_engine_free(struct docker_engine *engine);
/* The machine that it runs on: its bridges are interfaces there, and its containers reached from there. NULL,
 * as at first: one that nobody asks from. */
void docker_engine_machine(struct docker_engine *engine, const struct machine *machine);
/* An address of that machine, besides loopback ones, that ports can be published on. While none is given any
 * address can. */
void docker_engine_address(struct docker_engine *engine, const char *address);

/* --- what it is asked ------------------------------------------------------------------------------ */

/* Every kind of request that it understands: its name, method, path ("{}" one part, "{*}" more), whether it
 * changes anything, and after how many milliseconds it has its effect. */
#define DOCKER_CALLS_EACH(X)                                                                                 \
	X(PING, "GET", "/_ping", false, 0)                                                                   \
	X(VERSION, "GET", "/version", false, 0)                                                              \
	X(INFO, "GET", "/info", false, 0)                                                                    \
	X(EVENTS, "GET", "/events", false, 0)                                                                \
	X(CONTAINERS, "GET", "/containers/json", false, 0)                                                   \
	X(CREATE, "POST", "/containers/create", true, 15)                                                    \
	X(CONTAINER, "GET", "/containers/{}/json", false, 0)                                                 \
	X(START, "POST", "/containers/{}/start", true, 60)                                                   \
	X(STOP, "POST", "/containers/{}/stop", true, 2)                                                      \
	X(KILL, "POST", "/containers/{}/kill", true, 2)                                                      \
	X(PAUSE, "POST", "/containers/{}/pause", true, 2)                                                    \
	X(UNPAUSE, "POST", "/containers/{}/unpause", true, 2)                                                \
	X(RENAME, "POST", "/containers/{}/rename", true, 3)                                                  \
	X(UPDATE, "POST", "/containers/{}/update", true, 5)                                                  \
	X(REMOVE, "DELETE", "/containers/{}", true, 2)                                                       \
	X(LOGS, "GET", "/containers/{}/logs", false, 0)                                                      \
	X(STATS, "GET", "/containers/{}/stats", false, 0)                                                    \
	X(ATTACH, "POST", "/containers/{}/attach", false, 0)                                                 \
	X(EXEC, "POST", "/containers/{}/exec", true, 1)                                                      \
	X(EXEC_START, "POST", "/exec/{}/start", true, 10)                                                    \
	X(EXEC_RESIZE, "POST", "/exec/{}/resize", true, 1)                                                   \
	X(EXEC_INSPECT, "GET", "/exec/{}/json", false, 0)                                                    \
	X(ARCHIVE_GET, "GET", "/containers/{}/archive", false, 1)                                            \
	X(ARCHIVE_PUT, "PUT", "/containers/{}/archive", true, 8)                                             \
	X(NETWORKS, "GET", "/networks", false, 0)                                                            \
	X(NETWORK_CREATE, "POST", "/networks/create", true, 20)                                              \
	X(NETWORK, "GET", "/networks/{}", false, 0)                                                          \
	X(NETWORK_REMOVE, "DELETE", "/networks/{}", true, 15)                                                \
	X(CONNECT, "POST", "/networks/{}/connect", true, 20)                                                 \
	X(DISCONNECT, "POST", "/networks/{}/disconnect", true, 15)                                           \
	X(VOLUMES, "GET", "/volumes", false, 0)                                                              \
	X(VOLUME_CREATE, "POST", "/volumes/create", true, 2)                                                 \
	X(VOLUME, "GET", "/volumes/{}", false, 0)                                                            \
	X(VOLUME_REMOVE, "DELETE", "/volumes/{}", true, 2)                                                   \
	X(IMAGES, "GET", "/images/json", false, 0)                                                           \
	X(PULL, "POST", "/images/create", true, 0)                                                           \
	X(LOAD, "POST", "/images/load", true, 30)                                                            \
	X(IMAGE, "GET", "/images/{*}/json", false, 0)                                                        \
	X(DISTRIBUTION, "GET", "/distribution/{*}/json", false, 20)

#define DOCKER_CALL_NAME(name, method, path, changes, takes) DOCKER_##name,
enum docker_call {
	DOCKER_CALLS_EACH(DOCKER_CALL_NAME) DOCKER_UNKNOWN, /* Docker knows no such page, or we do not */
	DOCKER_CALLS
};

/* "POST /containers/{}/start" */
const char *docker_call_name(enum docker_call call);
/* How often the program asked that. */
size_t docker_engine_count(const struct docker_engine *engine, enum docker_call call);
/* How long it takes from now on. A container's name is taken at once, whatever its creation takes. */
void docker_engine_takes(struct docker_engine *engine, enum docker_call call, int64_t takes_ms);

/* One request that changes something, as it arrived. */
struct docker_change {
	int64_t at_ms; /* the clock's */
	enum docker_call call;
	const char *path;   /* without the version, with its query */
	const char *target; /* the name of the container, network, volume or image, as it was then */
	const char *joins;  /* the container's that is put on a network, or taken off it; NULL: none */
	int status;         /* 0: not answered yet */
	bool foreign;       /* by somebody else than the program */
};
/* In their order; valid until the next event. */
const struct docker_change *docker_engine_changes(const struct docker_engine *engine, size_t *ret_count);

/* What happens to the next requests that match; of several that do, the first one made decides. */
struct docker_rule {
	enum docker_call call;
	const char *target;   /* the name of what it is about; NULL: any */
	unsigned skip, times; /* after so many matches, for so many; times 0: for ever */
	int64_t delay_ms;     /* added to its own time */
	int status;           /* answered in its place; 0: as it is */
	const char *words;    /* the message then */
	bool effect;          /* it happens all the same */
};
void docker_engine_rule(struct docker_engine *engine, const struct docker_rule *wanted);
/* All rules are forgotten. */
void docker_engine_calm(struct docker_engine *engine);

/* --- what happens there without us ------------------------------------------------------------------ */

struct docker_asked {
	int status; /* 0: not answered yet; -1: nobody is there */
	struct text body;
};
/* Somebody else asks, on the same terms but at once: "POST", "/containers/x/stop?t=0". Answered as the clock
 * goes on; `ret` (NULL: of no interest) stays until then. */
void docker_engine_ask(struct docker_engine *engine, const char *method, const char *path, const char *body,
		       struct docker_asked *ret);
/* Of its events: the last end is told once more with each that follows, so twice, and when what ended runs
 * again. */
void docker_engine_echoes(struct docker_engine *engine, bool echoes);
/* The first process of a container ends by itself; what its restart policy says follows. 0, or -1 when
 * it does not run. */
int docker_engine_end(struct docker_engine *engine, const char *name, int exit_code);
/* Out of memory: the kernel ends it with SIGKILL. */
int docker_engine_out_of_memory(struct docker_engine *engine, const char *name);
/* It runs on and answers nobody, until it is started anew; or it answers again. Likewise. */
int docker_engine_hang(struct docker_engine *engine, const char *name, bool hangs);
/* As after a crash of its machine: everything that is connected breaks off, containers are killed, and nobody
 * answers for so long. Those whose restart policy says so are started again then. */
void docker_engine_restart(struct docker_engine *engine, int64_t down_ms);
/* All connections break; who had them can come back. What was asked for may or may not have been done. */
void docker_engine_cut(struct docker_engine *engine);
/* Somebody else listens on a port of the machine (address "0.0.0.0": on all), or lets go of it. */
void docker_engine_port(struct docker_engine *engine, const char *address, uint16_t port, bool taken);
/* A file of the machine that can be mounted, such as a directory; as long as none is told, all are there. */
void docker_engine_path(struct docker_engine *engine, const char *path);

/* An image under a tag, such as "busybox:1"; what the tag named before stays without it. `digest`
 * ("sha256:..."; NULL: none) is what its registry calls it. "" when there was none: its id. */
const char *docker_engine_image(struct docker_engine *engine, const char *reference, const char *digest);
/* The tag goes, and the image when nothing else names or uses it. */
void docker_engine_untag(struct docker_engine *engine, const char *reference);

/* What a registry says about a reference that it is asked for; of two for one reference the later one
 * counts. Of one that nobody told of it says that it does not exist. */
struct docker_registry {
	const char *reference;
	const char *digest; /* NULL: it refuses */
	int64_t pull_ms;
	int status;        /* of a refusal; 200: within the answer, after the pull began */
	const char *words; /* of a refusal */
};
void docker_engine_registry(struct docker_engine *engine, const struct docker_registry *wanted);

/* How containers behave once they run. Listens on the ports that its container exposes. */
struct docker_behaviour {
	const char *name;  /* a container's, or the beginning of it before a dot: "app.web" */
	const char *image; /* only of those made from this reference; NULL: of all. The longer name goes
			      before the shorter, one with an image before one without */
	unsigned exits;    /* ends so often after a start (UINT32_MAX: always), then stays */
	int exit_code;
	int64_t lives_ms;         /* so long before it ends; 0: 50 */
	int64_t answers_after_ms; /* from its start; -1: never */
	int64_t stops_ms;         /* so long after the signal that ends it; -1: it takes no notice */
	int stop_code;            /* it ends with then */
	int http_status;          /* 0: 200 */
	const char *page;         /* what it answers over HTTP; NULL: nothing */
	const char *log;          /* what it writes each start */
	const char *heard;        /* what it writes at a signal other than that which ends it */
	const char *broken; /* it cannot be started: "exec: \"/x\": stat /x: no such file or directory" */
};
void docker_engine_behave(struct docker_engine *engine, const struct docker_behaviour *wanted);

/* What a command does when it is run inside a container. One that nobody told of writes its own words and a
 * newline, and ends with 0. */
struct docker_command {
	const char *words;           /* its argv with single spaces between; NULL: any that no other is for */
	const char *output, *errors; /* what it writes on either stream; NULL: nothing */
	bool tells_directory;        /* writes where it runs */
	bool echoes;                 /* then writes what it reads until its input ends */
	unsigned rows, columns;      /* then waits until its terminal has that size, and writes `sized` */
	const char *sized;
	int64_t lives_ms; /* before it ends */
	int code;
	bool missing, denied; /* there is no such program; it cannot be executed */
};
void docker_engine_command(struct docker_engine *engine, const struct docker_command *wanted);

/* --- for those who judge ----------------------------------------------------------------------------- */

struct docker_endpoint_view {
	const char *network, *network_id;
	const char *address; /* NULL: none now */
	const char *pinned;  /* the address that it is to have; NULL: any */
	const json_t *aliases, *links;
};

struct docker_mount_view {
	const char *volume; /* NULL: a directory of the machine, `source` */
	const char *source, *path;
	bool read_only;
};

struct docker_port_view {
	const char *address; /* of the machine */
	uint16_t number, port;
	bool udp;
};

struct docker_container_view {
	const char *id, *name, *image, *image_id;
	const json_t *labels, *environment, *command;
	const char *state; /* "created", "running", "paused", "restarting", "exited", "removing" */
	int exit_code;
	unsigned restarts;
	int64_t created_ms, started_ms; /* by the wall clock; 0: never */
	int64_t memory, nano_cpus;
	const char *restart_policy;
	bool answers; /* it would take a connection now */
	const struct docker_endpoint_view *endpoints;
	size_t endpoint_count;
	const struct docker_mount_view *mounts;
	size_t mount_count;
	const struct docker_port_view *ports; /* those bound now */
	size_t port_count;
};
/* Another number whenever something may have changed there. */
uint64_t docker_engine_stamp(const struct docker_engine *engine);
/* In the order in which they were made, until it returns false. Nothing may happen to the engine meanwhile.
 */
void docker_engine_containers(struct docker_engine *engine,
			      bool (*visit)(void *owner, const struct docker_container_view *), void *owner);
/* The content of a file in a container, or NULL. */
const char *docker_engine_file(struct docker_engine *engine, const char *container, const char *path,
			       size_t *ret_size, unsigned *ret_mode);

struct docker_network_view {
	const char *id, *name, *subnet;
	const json_t *labels;
	size_t attached; /* running containers */
	bool predefined;
};
void docker_engine_networks(struct docker_engine *engine,
			    bool (*visit)(void *owner, const struct docker_network_view *), void *owner);

struct docker_volume_view {
	const char *name;
	const json_t *labels;
	size_t used; /* by containers, running or not */
	bool anonymous;
};
void docker_engine_volumes(struct docker_engine *engine,
			   bool (*visit)(void *owner, const struct docker_volume_view *), void *owner);

/* Whom a name leads to on a network: each running container of that name, alias or link as `asker` (NULL:
 * anybody) sees it. */
void docker_engine_resolve(struct docker_engine *engine, const char *network, const char *asker,
			   const char *name, bool (*visit)(void *owner, const char *container), void *owner);

#endif
