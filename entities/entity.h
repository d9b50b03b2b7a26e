/* entity.h - the graph of an application: components, who needs whom, and the instances that are placed. */
#ifndef BERTH_ENTITIES_ENTITY_H
#define BERTH_ENTITIES_ENTITY_H

#include "base/map.h"
#include "entities/spec.h"

/* Where an instance is in its life. Names as `status` shows them: phase_name(). */
enum phase {
	PHASE_ABSENT,
	PHASE_LINKING,   /* waits for those it needs */
	PHASE_PLACING,   /* being made */
	PHASE_STARTING,  /* made; started, does not answer yet */
	PHASE_RUNNING,   /* answers */
	PHASE_UNHEALTHY, /* runs, and its health check fails: it is told so, nothing is in this phase */
	PHASE_UPDATING,  /* answers; being changed in place, or waits for its predecessor to be gone */
	PHASE_FINISHED,  /* a job that came to its end well */
	PHASE_STOPPING,
	PHASE_REMOVING,
	PHASE_GONE,        /* was to go, and went */
	PHASE_STOPPED,     /* ended, and nobody is starting it */
	PHASE_BROKEN,      /* given up; `error` says why */
	PHASE_UNKNOWN,     /* its target does not answer */
	PHASE_QUARANTINED, /* of a cluster: did not get ready as a new member, and is kept to be looked at */
	PHASE_COUNT
};

const char *phase_name(enum phase phase);

enum edge_kind {
	EDGE_LINK,  /* a link: variables, a name, order */
	EDGE_VALUE, /* an expression uses the other's address, port or sensor */
	EDGE_ORDER, /* dependsOn */
};

/* One component's need of another. */
struct edge {
	enum edge_kind kind;
	int port;                        /* VALUE: the port asked for, 0: any */
	size_t to;                       /* index of the provider */
	const struct link *link;         /* LINK and ORDER */
	const struct component_spec *of; /* what needs it: of a cluster the first member may need others */
};

struct zone_outcome;
struct site; /* where a component goes: the engine's view of an opened location */
struct work; /* what the engine is doing about an instance */

struct component;

/* Of a cluster: it did not get ready when it was to join. It is there, stopped, and no member. */
struct quarantined {
	unsigned ordinal;
	const char *why;
	const char *facts; /* the digest of what it was made from */
};

/* One more thing at the target that stands for the same instance: another generation. */
struct sighting {
	const struct observed *seen;
	const char *failure; /* what could not be done about it last, as recorded; NULL: nothing */
	struct sighting *next;
};

struct instance {
	struct component *component;
	unsigned ordinal;
	const char *name; /* "app.component.1", or that of a generation while an older one lives */
	unsigned generation;
	bool wanted;                           /* false: what is there is to go */
	const struct quarantined *quarantined; /* it is not wanted, and stays; else NULL */
	bool outdated; /* it stayed like that, and the blueprint says something else now */
	/* In an update: the older one that goes when this one answers, and back. Such an older one is not in
	 * its component's array. */
	struct instance *predecessor, *successor;
	struct sighting *others; /* beside `seen` */
	enum phase phase;
	int64_t since_ms;                     /* when it entered the phase; monotonic */
	const struct observed *seen;          /* what the target says, or NULL */
	const struct attachment *attachments; /* reported, else foreseen */
	size_t attachment_count;
	struct work *work;
};

/* What became of a cluster: how many it was to have, who its members are, and where. Of a component that is
 * none all but `asked` is empty. */
struct cluster_state {
	unsigned asked; /* how many were asked for; of one that is no cluster its size */
	unsigned first; /* the ordinal of the one that is made from `spec->cluster->first`; 0: none is */
	const unsigned *ordinals; /* of its members, ascending; NULL: from 1 on */
	struct site **zones;      /* where they may go, when they are spread; NULL: to the component's site */
	size_t zone_count;
	struct site **homes;                 /* of each member; NULL: all at the component's site */
	const struct zone_outcome *outcomes; /* how members started there lately; policies/cluster.h */
	size_t outcome_count;
	const struct quarantined *quarantined;    /* by ordinal */
	size_t quarantined_count, outdated_count; /* those that stay, and behind them those that go */
	const char *no_room_before;               /* as it is remembered */
	const char *no_room; /* why there is none for another member; NULL: nobody found that */
};

struct component {
	size_t index;
	const struct component_spec *spec; /* NULL: only what is left of one the blueprint no longer has */
	const char *id;
	struct site *site; /* NULL for external ones */
	/* How many instances it is to have: what the blueprint says, but for a cluster that was resized; of
	 * one that has fewer than were asked for, so many as there are. */
	unsigned size;
	struct cluster_state cluster;
	const struct edge *needs;
	size_t need_count;
	const size_t *consumers; /* who needs this one: once for each edge, those of one after the other */
	const struct edge *const *consumed; /* which edge of theirs each is */
	size_t consumer_count;
	struct work *turn;     /* whose turn it is to be replaced: one at a time */
	bool stuck;            /* one of them did not get ready: the others stay as they are */
	const json_t *machine; /* the options of its location as it names it; NULL: there are none */
	const char *pin; /* the image it goes back to, whatever its tag means by now; NULL: the tag counts */
	bool all_published; /* each open port of each of its instances */
	bool kept; /* a policy of ours sees to its restarts: the target is not to, where it can be told */
	/* The ports that links and expressions may use, in their order: open ports, then bound ones, then
	 * named ones. */
	struct spec_port *ports;
	size_t port_count;
	struct spec_port *first_ports; /* of the first member, where it has its own */
	size_t first_port_count;
	struct instance *instances; /* by ordinal; wanted ones first */
	size_t instance_count;
};

struct application {
	struct arena arena;
	const char *id;
	const struct blueprint *blueprint; /* NULL: only what was found */
	struct component *components;
	size_t component_count, component_room;
	struct map *by_id; /* index + 1 */
	/* What a name in small letters leads to, of aliases and of ids with great letters: index + 1, or
	 * SEVERAL. */
	struct map *by_name;
	/* Indices of the blueprint's components, providers before their consumers (peers in any order). */
	const size_t *order;
};

/* The graph a blueprint describes, without instances. NULL when memory is gone. The blueprint must outlive
 * it. */
struct application *application_new(const struct blueprint *blueprint);
/* A graph without a blueprint, for what was found at the locations. */
struct application *application_found(const char *id);
void application_free(struct application *application);
/* The ordinal of one of those that it is to have, from 0 on. */
unsigned component_ordinal(const struct component *component, unsigned index);
/* And back: SIZE_MAX when it is to have none of that ordinal. */
size_t component_place(const struct component *component, unsigned ordinal);
/* NULL when there is none of that id. */
struct component *application_component(struct application *application, const char *id);
/* Whether everybody who uses this name, as an id or a link's alias, means that component. */
bool application_means_only(const struct application *application, const char *name, size_t index);
/* Append a component that the blueprint does not have. Moves the array: only before instances point into it.
 * 0 or -1. */
int application_add_found(struct application *application, const char *id);
/* What an instance is made from: its component's specification, or that of the first member; NULL where the
 * component has none. */
const struct component_spec *made_from(const struct instance *instance);
bool is_first_member(const struct instance *instance);
/* The ports of the one or the other. */
const struct spec_port *ports_of_instance(const struct instance *instance, size_t *ret_count);
/* Whether an edge must be waited for: all but peers. */
bool edge_waits(const struct edge *edge);

#endif
