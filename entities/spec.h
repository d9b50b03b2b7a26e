/* spec.h - one instance as a location is asked to make it: everything resolved, nothing left to look up. */
#ifndef BERTH_ENTITIES_SPEC_H
#define BERTH_ENTITIES_SPEC_H

#include "base/digest.h"
#include "blueprints/blueprint.h"

/* A port the instance listens on and what is made of it outside. */
struct spec_port {
	const char *name; /* a process' named port, else NULL */
	uint16_t port;    /* where the instance listens; 0: not allotted yet */
	enum protocol protocol;
	bool open;                /* links may use it (a binding alone does not open it) */
	bool published;           /* forwarded from, or bound on, an address that others reach */
	const char *host_address; /* published: the numeric address it is bound on */
	uint16_t host_port;       /* published: its number there; 0: not picked yet */
	bool fixed;               /* the blueprint names the number; nobody may pick another */
};

struct spec_variable {
	const char *name, *value;
	bool secret; /* its value is never shown, stored or digested in clear */
};

/* A host name that belongs to this instance alone. */
struct spec_host {
	const char *alias;   /* lower case, fit for a host name */
	const char *target;  /* a name on the shared network that follows a replaced target; or NULL */
	const char *address; /* a numeric address; or NULL */
};

/* Who may come to a port of a component, for a target that lets nobody in who was not let in. */
struct opening {
	const char *component; /* whose port */
	uint16_t port;
	enum protocol protocol;
	/* Whom it is for: a component of the same location; else what comes from that number; both NULL:
	 * whoever comes. */
	const char *from, *address;
	const char *consumer; /* whose link needs it, for people; NULL: the blueprint publishes it */
};

/* All of one location: the components that are to be there, and who is let in to them. Nobody else is. */
struct openings {
	const char *const *components;
	size_t component_count;
	const struct opening *items;
	size_t count;
};

/* A file that is to lie in the instance. */
struct spec_file {
	const char *path;
	const void *content;
	size_t size;
	uint16_t mode;
	const char *user; /* "name", "uid", "uid:gid"; NULL: the instance's own */
	bool secret;      /* its content is never shown, stored or digested in clear */
};

/* Owned by the engine and stable from the first call about an instance to the last. */
struct instance_spec {
	const char *app, *component;
	/* "app.component.1": unique, injective, the target's name for it where it can. While an older
	 * instance of that ordinal lives beside it, it carries its generation: "app.component.1.g2". */
	const char *name;
	unsigned ordinal;        /* 1, 2, ... */
	unsigned generation;     /* 0: the settled name */
	const char *shared_name; /* "app.component" in lower case: all ready instances answer to it */
	enum component_kind kind;
	enum restart_policy restart;
	const char *image; /* familiar reference; NULL for processes */
	/* It is the helper program, which the location itself provides: as an image, or in place of the first
	 * word of the command. */
	bool helper;
	/* NULL-terminated argv, shell form already wrapped; NULL: the image's own. */
	const char *const *command;
	const char *const *entrypoint;
	const char *directory, *user; /* NULL: the target's default */
	const struct spec_variable *variables;
	size_t variable_count;
	const struct spec_port *ports;
	size_t port_count;
	const struct spec_host *hosts;
	size_t host_count;
	/* What its consumers call it, each a name that means nobody else: for a target that cannot give them
	 * names of their own. No part of any digest: what is there already goes without a new one. */
	const char *const *called;
	size_t called_count;
	const struct volume *volumes;
	size_t volume_count;
	int64_t memory_bytes, nano_cpus;
	const struct label *labels; /* the blueprint's own */
	size_t label_count;
	/* Where each instance gets a machine of its own: the options by which its component is placed there;
	 * NULL: those of the location. No part of any digest. */
	const json_t *machine;
	const json_t *marathon;        /* members of the app, as Marathon has them; NULL: none */
	const char *bind_address;      /* processes: where to listen */
	int64_t stop_timeout_ms;       /* -1: the target's default; kept with the instance, for `stop` */
	const char *stop_signal;       /* "TERM"; NULL: the default */
	const struct spec_file *files; /* `place` puts them there; `deliver` again */
	size_t file_count;
	const char *pinned_address; /* the number it must have, that of its predecessor; NULL: any */
	/* What the target keeps with it (labels; a process' environment). */
	char digest[DIGEST_HEX];        /* of all that needs a new instance when it changes */
	char link_digest[DIGEST_HEX];   /* of the values that come from links */
	const char *secret_salt;        /* hexadecimal; "" when no secret is used */
	char secret_digest[DIGEST_HEX]; /* of the salted secrets; "" likewise */
	char file_digest[DIGEST_HEX];   /* of the files, secrets among them salted; "" without files */
	unsigned count;                 /* where the grain is the component: of so many tasks; 0: as it is */
	/* There: what tells that a task answers, asked by the target itself; of no retries: none is ended for
	 * it. NULL: nothing. No part of any digest. */
	const struct health_check *health;
	bool roll;              /* there, of an update: its tasks are made anew though nothing differs */
	bool at_once;           /* there, for `place`: `start` comes next, so it may run from the beginning */
	bool shared_from_start; /* may carry shared_name before it is ready: nobody else serves under it */
	bool job; /* kept with it, so that its end can be told from a failure without the blueprint */
	/* Kept with it, so that nobody without its blueprint ends it. No part of any digest: what was made
	 * without it stays as it is. */
	bool protect;
	bool pull_always;
	bool pin_address;  /* consumers hold its number: it must keep it through stops and replacements */
	const char *ended; /* for `start`: the incarnation (target_id) that has just ended; NULL: not known */
};

/* Where an instance is, or will be, attached. Strings live as long as their container. */
struct attachment {
	/* Whoever is on the same network reaches `address`; "" : whoever can route to it. */
	const char *network;
	const char *name;    /* a name everybody on that network can look up, or NULL */
	const char *address; /* NULL: known after deploy */
	const struct attached_port {
		uint16_t port;   /* the instance's own number */
		uint16_t number; /* its number at this attachment; 0: known after deploy */
		enum protocol protocol;
		const char *bound; /* the address it is bound on, where others reach it by another; or NULL */
		const char *name;  /* a process' named port; NULL where the target does not tell */
	} * ports;
	size_t port_count;
};

enum observed_state {
	SEEN_CREATED, /* made, never started */
	SEEN_RUNNING,
	SEEN_RESTARTING, /* ended, and the target is about to start it again */
	SEEN_STOPPED,    /* ended; exit_code says how */
	SEEN_BROKEN,     /* the target cannot use it any more (dead, half removed) */
	SEEN_UNKNOWN,    /* it is there, and who could tell how it is does not answer: `error` says why */
};

/* One of those that the target makes, names and replaces itself, where its grain is the component. */
struct observed_task {
	const char *id;
	enum observed_state state;
	struct attachment at; /* its ports are others each time it is made */
};

/* What a location says of one instance that carries our mark. */
struct observed {
	const char *app, *component, *name;
	const char *target_id; /* the target's own identity of this very incarnation */
	unsigned ordinal;
	unsigned generation; /* of its name; 0: the settled one */
	/* As kept with it when it was made; "" when absent. A salt that is NULL is not told now. */
	const char *digest, *link_digest, *secret_salt, *secret_digest, *file_digest;
	const char *type;     /* "docker:redis:3" or "process", as far as the target can tell */
	const char *image_id; /* what it was made from; NULL where there is no such thing */
	const char *error;    /* the target's own words when something is wrong, or NULL */
	enum observed_state state;
	int exit_code;               /* of the last run that ended; -1 when a signal ended it or none did */
	int signal;                  /* which ended that run; 0: none, or it is not told */
	unsigned exits;              /* how often it ended since it was made, as far as the target counts */
	enum restart_policy restart; /* with the limits */
	int64_t created_ms, started_ms; /* wall clock; 0 unknown */
	int64_t ran_ms; /* by the target's own clock it ran then, and has run since; 0: not known */
	int64_t memory_bytes, nano_cpus; /* 0: no limit */
	const struct attachment *attachments;
	size_t attachment_count;
	/* Where the grain is the component: of so many tasks; those there are, the oldest first; whether a
	 * change of them is under way at the target. */
	const struct observed_task *tasks;
	size_t task_count;
	unsigned count;
	bool rolling;
	bool job;     /* made as one */
	bool protect; /* made as what is not to be removed */
	bool out_of_memory;
	bool exits_known; /* a listing alone may not tell; `look` always does */
	/* Answers under the component's shared name; of a lone generation as far as a listing can tell,
	 * `look` always does. */
	bool shared_name_held;
	/* What `update` can change in place, as the target has it now; `look` tells, a listing need not. */
	bool limits_known;
	bool bindings_known; /* its attachments tell what is published even while it does not run */
	bool cut_off;  /* it runs off the network of its application, where nobody reaches it, until `admit`
			  puts it there */
	bool stopping; /* somebody ends it: it will be down, and may run still */
	bool paused;   /* it runs, and answers nobody until `start` lets it go on */
	bool orphan_tree;  /* processes whose keeper died: to be ended, never counted as an instance */
	bool late_double;  /* another thing of its name counts: to be removed, and nothing else */
	bool leaving;      /* the target is deleting it */
	bool replace_only; /* SEEN_BROKEN: it ran, and what it holds may be there; a restart does not mend it
			    */
	bool
	    hindered; /* SEEN_UNKNOWN: not as its machine is silent, but for what is wrong on the way there */
};

#endif
