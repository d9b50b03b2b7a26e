/* blueprint.h - what a blueprint says, typed and checked: the specification tree that the entity graph is
 * made from. */
#ifndef BERTH_BLUEPRINTS_BLUEPRINT_H
#define BERTH_BLUEPRINTS_BLUEPRINT_H

#include <stdint.h>

#include "base/json.h"
#include "base/text.h"
#include "blueprints/value.h"

enum protocol { TCP, UDP };

/* A location as written: `docker:unix:///run/docker.sock`, `localhost`, {type: docker, address: 10.0.0.5},
 * {fake: {}}. */
struct location_spec {
	const char *name; /* "" for one written in place */
	/* "docker", "localhost", "fake"; NULL: only a name, to be looked up in the defined ones. */
	const char *type;
	const char *target;    /* what follows "type:" in a spec string; "" when nothing */
	const json_t *options; /* the map's other keys, as JSON; NULL when none. Owned by the blueprint */
	struct place place;
};

struct port_number {
	uint16_t port;
	enum protocol protocol;
	struct place place;
};

struct port_binding {
	const char *host_address; /* "0.0.0.0" unless the blueprint narrows it */
	uint16_t host_port;
	uint16_t port;
	enum protocol protocol;
	struct place place;
};

/* A process' own port: PORT_<NAME> in its environment. */
struct named_port {
	const char *name;
	uint16_t first, last; /* 0, 0: any free one; equal: that one */
	struct place place;
};

struct environment_entry {
	const char *name;
	struct value value;
	struct place place;
};

struct label {
	const char *name, *value;
	struct place place;
};

struct command {
	bool given;
	bool shell; /* written as one string: words[0] goes to /bin/sh -c */
	const struct value *words;
	size_t count;
	struct place place;
};

/* How far the other must have come. */
enum need { NEED_READY, NEED_STARTED, NEED_FINISHED };

/* Components under one name, in their order. */
struct component_group {
	const char *id;
	const size_t *members; /* their indices */
	size_t count;
	struct place place;
};

struct link {
	const char *alias; /* as written; from the list form the target's id */
	size_t component;  /* index of the target */
	enum need need;    /* links need NEED_READY; of a job, ready is NEED_FINISHED */
	/* It is one of those to the members of a group: the first one has the variables of a link. */
	const struct component_group *group;
	bool peer; /* `wait: false`: wired, but not waited for, and may be part of a circle */
	struct place place;
};

struct volume {
	const char *name;   /* named volume, or NULL */
	const char *source; /* host path, or NULL; both NULL: anonymous */
	const char *path;   /* where the component sees it */
	bool read_only;
	struct place place;
};

enum check_kind { CHECK_NONE, CHECK_HTTP, CHECK_TCP, CHECK_COMMAND };

struct health_check {
	enum check_kind kind;
	uint16_t port;         /* 0: the first open port */
	const char *port_name; /* of a process' named port, or NULL */
	const char *path;      /* HTTP; "/" by default */
	int status;            /* HTTP; 0: any of 200 to 399 */
	struct command command;
	int64_t interval_ms;     /* default 2 s before it is ready, and between checks */
	int64_t timeout_ms;      /* default 5 s */
	int64_t start_period_ms; /* failures within it do not count; default 0 */
	int retries;             /* default 3 */
	int64_t patience_ms;     /* how long it may take until it answers; 0: as long as everything */
	struct place place;
};

/* A file that is put into the component before it starts. Of `content` and `source` one is given; a secret is
 * a `content` of kind VALUE_SECRET. */
struct file_entry {
	const char
	    *path; /* absolute, in the component's own view; for a process may be relative to its folder */
	const struct value *content;
	const char *source; /* absolute path on the deployer's machine */
	uint16_t mode;      /* 0644 unless given; 0600 for a secret */
	const char *user;   /* "name" or "uid" or "uid:gid"; NULL: the component's user */
	bool template;      /* what stands in its `source` as ${NAME} is one of these */
	const struct substitution {
		const char *name; /* "config['port']" */
		const struct value *value;
	} * substitutions;
	size_t substitution_count;
	struct place place;
};

/* What a changed link value, secret or file does to the component. */
enum on_change_kind { ON_CHANGE_RESTART, ON_CHANGE_SIGNAL, ON_CHANGE_COMMAND, ON_CHANGE_NONE };

struct on_change {
	enum on_change_kind kind;
	const char *signal; /* "HUP", without SIG */
	struct command command;
	struct place place;
};

enum update_order { UPDATE_BY_CASE, UPDATE_START_FIRST, UPDATE_STOP_FIRST };

/* What the target itself does when an instance ends, while no controller runs. */
enum restart_policy { RESTART_UNLESS_STOPPED, RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

/* A docker image reference in its full form; "redis" is docker.io/library/redis:latest. */
struct image_reference {
	const char *familiar;   /* as docker shows it and as the engine is asked: "redis:3", "host:5000/x:1",
				   "x@sha256:..." */
	const char *registry;   /* "docker.io" */
	const char *repository; /* "library/redis" */
	const char *tag;        /* NULL when only a digest */
	const char *digest;     /* "sha256:..." or NULL */
};

enum component_kind { COMPONENT_DOCKER, COMPONENT_PROCESS, COMPONENT_EXTERNAL };

struct policy_type; /* policy_types.h */

/* What looks after it while it runs. */
struct component_policy {
	const struct policy_type *type;
	const char *id;                     /* what the blueprint calls it; NULL: nothing */
	struct place place, effector_place; /* the latter where it invokes one */
	const json_t *config;               /* by the keys' own names, each value read once already */
};

/* A command that is run in each instance when somebody asks for it, or a request to each. In the request's
 * path, headers and body `${NAME}` stands for a parameter. */
struct effector {
	const char *name;
	struct command command; /* where there is no call */
	const struct effector_call {
		const char *method, *path;  /* "POST", "/" */
		const char *body;           /* NULL: none */
		uint16_t port;              /* 0: the first open port */
		const char *port_name;      /* of a process' named port, or NULL */
		const char *const *headers; /* "Name: value"; NULL-terminated */
	} * call;
	const struct effector_parameter {
		const char *name, *value; /* what it is unless it is given */
	} * parameters;
	size_t parameter_count;
	bool closed; /* it has these parameters, and no others */
};

/* Where a number comes from that policies go by, and people look at. */
enum sensor_source {
	SENSOR_VALUE,   /* the blueprint says it */
	SENSOR_URI,     /* asked of an address, for the component as a whole */
	SENSOR_HTTP,    /* asked of each instance, where it can be reached */
	SENSOR_COMMAND, /* what a command writes, in each instance */
	SENSOR_USAGE,   /* what each instance uses, as its target tells */
	SENSOR_TCP,     /* how long each instance takes to take a connection */
	SENSOR_LOG,     /* the lines that each instance wrote since it was asked last */
	SENSOR_PUSHED,  /* told from outside, of an instance or of the component */
	SENSOR_DERIVED  /* made of other sensors' numbers */
};

enum usage_kind {
	USAGE_CPU,    /* percent of one CPU */
	USAGE_CPUS,   /* so many of them */
	USAGE_MEMORY, /* bytes */
	USAGE_MEMORY_LIMIT,
	USAGE_MEMORY_FREE,    /* below its limit */
	USAGE_MEMORY_PERCENT, /* of its limit */
	USAGE_RECEIVED,       /* bytes in a second, over its networks */
	USAGE_SENT,
	USAGE_PROCESSES
};

/* How the number is found in what was answered. */
enum measure_kind {
	MEASURE_WHOLE,   /* it is all there is */
	MEASURE_JSON,    /* at a path of a document */
	MEASURE_METRIC,  /* of Prometheus' text: the sum of the series with that name and these labels */
	MEASURE_PATTERN, /* what the first group of an extended regular expression matches, where it last does
			  */
};

/* What a component's number is made of those of its instances. */
enum aggregate {
	AGGREGATE_MEAN,
	AGGREGATE_SUM,
	AGGREGATE_MAX,
	AGGREGATE_MIN,
	AGGREGATE_COUNT, /* of how many instances it is known */
	AGGREGATE_PERCENTILE
};

/* What is made of the numbers of others, each time that one of them is told. */
enum enrichment {
	ENRICH_COPY,
	ENRICH_FORMULA,
	ENRICH_DELTA,       /* by how much it differs from the one before */
	ENRICH_TIMED_DELTA, /* the same in so long a time */
	ENRICH_LAST_MEAN,   /* the mean of the last ones */
	ENRICH_WINDOW_MEAN, /* of a while, each weighted by the time since the one before */
	ENRICH_RATIO,       /* the first of the second; not of zero, nor below it */
};

struct enricher {
	enum enrichment how;
	const struct sensor_input {
		const char *component; /* NULL: the sensor's own */
		const char *sensor;
	} * inputs;
	size_t input_count;
	const struct formula *formula;
	bool each;         /* of each instance by itself, else of the components' numbers */
	bool together;     /* of all instances' numbers of its inputs, by the sensor's `aggregate` */
	double otherwise;  /* TOGETHER: what an instance counts for that tells nothing; NAN: nothing */
	int64_t length_ms; /* TIMED_DELTA, WINDOW_MEAN */
	double confidence; /* WINDOW_MEAN: the part of it that must be known */
	int64_t most;      /* LAST_MEAN: so many of them; -1: all */
};

struct sensor {
	const char *name;
	enum sensor_source source;
	double value;                     /* SENSOR_VALUE */
	const char *uri;                  /* SENSOR_URI; of a call only the headers and the method count */
	const struct effector_call *call; /* SENSOR_URI, SENSOR_HTTP; of SENSOR_TCP the port */
	const struct value *words; /* SENSOR_TCP: what is said, to hear the number; NULL: nothing is asked */
	struct command command;    /* SENSOR_COMMAND */
	enum usage_kind usage;     /* SENSOR_USAGE */
	/* What is only known when it is asked, as a secret is: more headers of a request, with who asks it;
	 * the variables of a command. */
	const struct environment_entry *headers, *environment;
	size_t header_count, environment_count;
	const char *user;                /* NULL: nobody in particular, or it is among the call's headers */
	const struct value *password;    /* of that user */
	const char *lines;               /* SENSOR_LOG: an extended regular expression; those it matches */
	const struct enricher *enricher; /* SENSOR_DERIVED */
	enum measure_kind measure;
	const char *where; /* the path, the metric with its labels, or the pattern */
	enum aggregate aggregate;
	unsigned percentile; /* 1 to 100 */
	int64_t period_ms;   /* from one question to the next; default 5 s */
	int64_t stale_ms;    /* a number that is older is not known; default three periods */
	int64_t window_ms;   /* the mean of so long; 0: the last one */
	bool rate;           /* by how much it grows in a second: of a counter */
	struct place place;
};

/* What a load balancer runs. */
enum proxy_program {
	PROXY_NGINX,
	PROXY_HAPROXY,
	PROXY_RELAY, /* the helper program, as a stand-in for its one member: at each port of that */
};

/* What an image is called that is made of the helper program, by whoever runs it. */
#define HELPER_IMAGE "berth-helper"

enum balancer_algorithm { ALGORITHM_ROUND_ROBIN, ALGORITHM_LEAST_CONNECTIONS, ALGORITHM_SOURCE };
enum balancer_sticky { STICKY_NONE, STICKY_SOURCE, STICKY_COOKIE };

/* Whose instances take requests, and at which of their ports. */
struct balancer_member {
	size_t component;
	uint16_t port;         /* 0: by `port_name`, else its first one */
	const char *port_name; /* of a process' named port, or NULL */
	unsigned weight;       /* of each of its instances; 1 unless given */
	struct place place;
};

struct balancer_pool {
	const struct balancer_member *members;
	size_t count;
};

/* Requests to that host whose path is this one or lies below it. */
struct balancer_route {
	const char *host; /* in small letters, perhaps "*.example.org"; NULL: any */
	const char *path; /* "/", else without a "/" at its end */
	struct balancer_pool pool;
	struct place place;
};

/* Of a load balancer, which otherwise is a component like any other. Its members are among its links. */
struct balancer_spec {
	enum proxy_program proxy;
	bool tcp;      /* `protocol: tcp`: connections, else requests of HTTP */
	uint16_t port; /* where it listens in its container; of a process: by its named port */
	enum balancer_algorithm algorithm;
	enum balancer_sticky sticky;
	struct balancer_pool members; /* what no route takes; of none: that is not found */
	const struct balancer_route *routes;
	size_t route_count;
	struct health_check check; /* of the members: CHECK_TCP or CHECK_HTTP; its port is the member's own */
	int retries;               /* on other members */
	int64_t timeout_ms;        /* for a member's next answer; of TCP: without a byte */
	int64_t drain_ms;          /* for what is under way with a member that leaves */
	const char *certificate;   /* as the proxy's configuration names the file; NULL: no TLS */
};

/* So many instances a component has at most. */
#define INSTANCE_LIMIT 1000

/* Which member of a cluster goes first when it gets smaller. */
enum cluster_removal {
	REMOVE_NEWEST, /* Brooklyn's */
	REMOVE_OLDEST,
	REMOVE_UNWELL, /* what is not well first, and then the newest */
};

/* What a cluster says of its members, beside how many there are. */
struct cluster_spec {
	unsigned most;  /* it grows no further; 0: no bound */
	int64_t quorum; /* so many are enough of those it begins with; -1: all */
	enum cluster_removal removal;
	bool quarantine; /* one that does not get ready is kept, stopped, to be looked at */
	/* What the first member is made from; NULL: it is as all others. */
	const struct component_spec *first;
	/* Over which its members are spread; the first one is the component's `location`. NULL: all go
	 * there. */
	const struct location_spec *const *zones;
	size_t zone_count;
};

struct component_spec {
	const char *id;
	const char *name;
	const char *type; /* as written: "docker:redis:3", "process" */
	enum component_kind kind;
	struct place place;
	struct image_reference image; /* COMPONENT_DOCKER */

	/* Where it goes, the application's default already applied; NULL: nobody said. */
	const struct location_spec *location;
	/* Software: its ports are bound where others elsewhere reach them, before anybody asks. */
	bool reached;

	const struct environment_entry *environment;
	size_t environment_count;
	struct command command, entrypoint;
	const char *directory, *user; /* NULL when not given */

	/* Ports it listens on, in the order written, no port twice: `openPorts`, then what bindings and
	 * `published` add. For `external` its `ports`. */
	const struct port_number *open_ports;
	size_t open_port_count;
	const struct port_binding *bindings; /* `portBindings`; `directPorts` bind a port to its own number */
	size_t binding_count;
	const struct port_number *published; /* `publish`, and what mapped.docker.port.N asks for */
	size_t published_count;
	const struct named_port *named_ports; /* process */
	size_t named_port_count;

	const struct link *links;
	size_t link_count;
	const struct link *depends_on; /* `dependsOn`: order only; alias NULL */
	size_t depends_on_count;

	const struct health_check *health;  /* never NULL */
	uint32_t instances;                 /* 1 when not given; of a cluster its `initialSize` */
	const struct cluster_spec *cluster; /* its size is kept, once it is there; NULL: it is none */
	int64_t resized; /* of a cluster: the size that is asked for from outside; -1: none is */
	const struct volume *volumes;
	size_t volume_count;
	int64_t memory_bytes; /* 0: no limit */
	int64_t nano_cpus;    /* 0: no limit */
	const struct label *labels;
	size_t label_count;
	/* What its machine is to be beside what its location says; NULL: nothing more. The blueprint's. */
	const json_t *provisioning;
	const json_t *marathon; /* members of the app, as Marathon has them; NULL: none. The blueprint's */

	const char *address; /* COMPONENT_EXTERNAL */

	bool job;         /* runs to its end; `restart` is then RESTART_NO or RESTART_ON_FAILURE */
	bool pull_always; /* `pull: always` */
	bool protect;
	bool link_numbers; /* `linkAddress: ip`: its consumers are given numbers, not names */
	enum restart_policy restart;
	enum update_order update;
	const struct on_change *on_change; /* never NULL */
	bool lists_members;                /* a file of it has endpoints(), which follow */
	int64_t stop_timeout_ms;           /* -1: the target's default */
	const char *stop_signal;           /* "TERM", without SIG; NULL: the target's (or image's) default */
	const struct file_entry *files;
	size_t file_count;
	const struct component_policy *policies; /* failure detectors among them, wherever written */
	size_t policy_count;

	const struct effector *effectors;
	size_t effector_count;
	const struct sensor *sensors; /* no two of one name */
	size_t sensor_count;
	const struct environment_entry *texts; /* sensors that are texts */
	size_t text_count;

	const struct balancer_spec *balancer; /* NULL: it is no load balancer */
	const char *same_server; /* those of the application that say the same share a machine; NULL: none */

	/* Where each key was written, so that a change can be shown at its line. */
	struct key_place {
		/* "env.STAGE", "openPorts", ... : the top keys and env's and labels' sub-keys. */
		const char *key;
		struct place place;
	} const *key_places;
	size_t key_place_count;
};

/* Whether it stands beside consumers for a provider that is elsewhere. */
static inline bool is_stand_in(const struct component_spec *spec)
{
	return spec && spec->balancer && spec->balancer->proxy == PROXY_RELAY;
}

struct variable_read {
	const char *name;
	const char *value; /* NULL: it was not set, and the default was taken */
};

/* Of a catalogue that was read as a whole. */
struct blueprint_item {
	const char *id, *version, *kind; /* "web", "1.0" or "", "template" */
};

struct blueprint {
	struct arena arena;
	json_t *holder; /* keeps the options of locations alive */
	const char *file;
	const char *id;
	const char *name;
	struct place place;
	const struct location_spec *locations; /* what `locations:` defines by name */
	size_t location_count;
	const struct component_spec *components;
	size_t component_count;
	const struct component_group *const *groups;
	size_t group_count;
	/* What $berth:env asked the environment for, each name once. The text is only the same blueprint
	 * again where these are the same. */
	const struct variable_read *variables;
	size_t variable_count;
	const struct blueprint_item *items; /* then it has no components */
	size_t item_count;
};

/* NAME=VALUE pairs and the rest of what decides how a blueprint is read. */
struct blueprint_options {
	/* Its name in messages; also gives the id when the text has none. "FILE#ITEM" is one item of a
	 * catalogue. */
	const char *file;
	bool judges;             /* of a catalogue all items, where none is named; else the only one */
	const char *directory;   /* relative paths in it start here; absolute */
	const char *application; /* overrides the id (--app); NULL otherwise */
	/* --set "PARAMETER=VALUE" or "COMPONENT.KEY=VALUE", NULL-terminated; NULL: none. */
	const char *const *settings;
	const char *(*environment)(void *context,
				   const char *name); /* for $berth:env; NULL function: nothing is set */
	void *environment_context;
	bool environment_withheld; /* whoever asks sent none: nothing is set */
	bool placeless;            /* nobody will ask where a component's keys stand: key_places is empty */
	/* The type of the location that a name stands for outside the blueprint; NULL function, or none: not
	 * known. */
	const char *(*location_type)(void *context, const char *name);
	void *location_context;
	/* Where a text in Marathon's own form goes that names no location; NULL: `marathon`. */
	const char *location;
	/* For files that the text takes in (`catalog`); NULL: there are none. 0 or -1. */
	int (*file_read)(void *context, const char *path, size_t limit, struct text *ret, struct error *err);
	/* Whether nobody else may use that private key; NULL: nobody tells. 0, or -1 with the remedy. */
	int (*key_check)(void *context, const char *path, struct error *err);
	void *file_context;
	/* What an earlier reading of the same text was told (its blueprint's `variables`): that holds,
	 * whatever the environment says now. Empty for a text that is read for the first time. */
	const struct variable_read *variables;
	size_t variable_count;
};

/* Parse, type and check a blueprint: keys, types, references, expressions, cycles of links, ports used twice.
 * Everything wrong goes to `list`; NULL when there is an error (or no memory: list->failed). The caller
 * releases it. */
struct blueprint *blueprint_parse(const char *text, size_t size, const struct blueprint_options *options,
				  struct diagnostics *list);
void blueprint_release(struct blueprint *blueprint); /* NULL is fine */

/* --- effectors.c --- */
/* Those that nobody has to give: of every component, then of every cluster. */
enum own_effector {
	EFFECTOR_START,
	EFFECTOR_STOP,
	EFFECTOR_RESTART,
	EFFECTOR_RESIZE,
	EFFECTOR_RESIZE_BY_DELTA,
	EFFECTOR_REPLACE_MEMBER,
	EFFECTOR_EXPUNGE_QUARANTINED,
	EFFECTOR_NONE
};
enum { MOST_EFFECTORS = 64, EFFECTOR_LIMIT = MOST_EFFECTORS + EFFECTOR_NONE };
enum own_effector own_effector_named(const char *name);
/* What the component has of itself under that name: none where it was given one, nor a cluster's where it is
 * none. */
enum own_effector own_effector_of(const struct component_spec *spec, const char *name);
const char *own_effector_parameter(enum own_effector own); /* NULL: it takes none */
/* Whether every component has it. */
bool effector_is_built_in(const char *name);
/* The effector that the component was given under that name; NULL: none. */
const struct effector *effector_given(const struct component_spec *spec, const char *name);
/* Of all that it has, how many there are; `spec` NULL: of any component. */
size_t effector_names(const struct component_spec *spec, const char *ret[static EFFECTOR_LIMIT]);

/* One location spec, from a string such as "docker:tcp://10.0.0.5:2376" (a --location's right-hand side).
 * Type names are checked by whoever opens it. 0 or -1. */
int location_spec_parse(struct arena *arena, const char *text, struct location_spec *ret_spec,
			struct error *err);
/* And back, in one line that can be given again: "docker:unix:///x", or {ssh: {host: h, user: me}}; passwords
 * in it are ***. In `arena`; NULL: no memory. */
const char *location_spec_text(struct arena *arena, const struct location_spec *spec);
/* A file of `NAME: SPEC or map` pairs (locations.yaml): the specs in `arena`, `holder` (a JSON array the
 * caller owns) keeps their options. 0 or -1 with complaints in the list. */
int location_specs_parse(struct arena *arena, json_t *holder, const char *file, const char *text, size_t size,
			 struct diagnostics *list, const struct location_spec **ret_specs, size_t *ret_count);
/* Parse and normalise an image reference (docker's own grammar and familiar form). 0 or -1. */
int image_reference_parse(struct arena *arena, const char *text, struct image_reference *ret,
			  struct error *err);
/* "128m", "1.5g", "1024", "64MiB" in bytes; -1 when it is none. */
int64_t parse_memory(const char *text);
/* "500ms", "10s", "2m", "1h30m", "1 minute", bare numbers are seconds; -1 when it is none. */
int64_t parse_duration_ms(const char *text);

#endif
