/* reading.h - the state of reading one blueprint, shared by the readers of its parts. */
#ifndef BERTH_BLUEPRINTS_READING_H
#define BERTH_BLUEPRINTS_READING_H

#include "base/map.h"
#include "blueprints/blueprint.h"
#include "blueprints/expression.h"
#include "blueprints/keys.h"
#include "blueprints/yaml.h"

/* A list that grows while the blueprint is read. */
struct growing {
	void *members;
	size_t count, capacity;
};

/* "This component comes after that one": of a link, a use in a value, or `dependsOn`. */
struct order {
	size_t to;
	struct place place;
	struct order *next;
};

/* A load balancer while it is being read. */
struct balancer_draft {
	struct balancer_spec spec;
	bool brooklyns;     /* its type is Brooklyn's: so is where it listens */
	bool secure;        /* `protocol: https` */
	uint16_t last_port; /* of the range that `port` gives */
	const struct yaml_node *port;
	struct file_entry certificate, key;
};

/* What a component is given, by key: few of the many there are. */
struct given_keys {
	struct given {
		struct given *next;
		const struct yaml_entry *entry; /* NULL: no more */
		enum component_key key;
	} * first;
	uint64_t known[2]; /* a bit for each key of the list */
};

/* Names in a copy of what a cluster's members are mean those of the copy first: `db` is PREFIX-db. */
struct scope {
	const char *prefix;
	const struct scope *outer;
	const struct yaml_node *root; /* the member, which has PREFIX itself for its id */
};

/* A group while the blueprint is read: by name, or by type. */
struct group_draft {
	struct component_group *group;
	struct place place;
	const struct yaml_node *node; /* NULL: these: */
	const char *const *names;
	size_t count;
	bool resolved, resolving;
};

/* A sensor of that component that another one waits for, until it is known which sensors it has. */
struct awaited_sensor {
	const char *name;
	size_t component;
	struct place place;
};

/* How consumers at other locations reach it. */
enum link_way { LINK_BY_CASE, LINK_DIRECT, LINK_AMBASSADOR };

/* A component while it is being read. */
struct draft {
	struct component_spec *spec;
	size_t index;
	struct place place;
	const struct yaml_node *node;
	const struct scope *scope;
	const struct yaml_node *cluster; /* the entry of the cluster whose members it is; else NULL */
	struct cluster_spec *members;    /* what that says of them */
	struct draft *first;             /* what the first of them is; NULL: as all others */
	struct draft *of_cluster;        /* it is that of this one; else NULL */
	struct balancer_draft *balancer; /* NULL: it is no load balancer */
	bool software;                   /* installed and launched by steps of its own */
	/* What the blueprint or --set says, by the key's own name. */
	struct given_keys given;
	struct map *config; /* brooklyn.config: name -> struct yaml_entry */
	struct growing open_ports, published, bindings, policies, sensors;
	struct growing texts; /* sensors that are texts: struct environment_entry */
	struct growing key_places;
	bool foreign; /* of a type that is none of ours */
	bool kind_known;
	enum link_way link_way;
	bool ports_faulty; /* its ports could not all be read: do not complain of missing ones */
	struct order *orders, *last_order;
};

struct parameter {
	const char *name;
	struct place place;
	const char *type;
	const struct yaml_node *setting, *initial; /* from --set; its `default`. NULL when there is none */
	bool required;
	struct constraint *constraints;
};

/* A config value that is being looked into, to notice one that leads back to itself. */
struct config_frame {
	const struct config_frame *outer;
	const struct yaml_node *node;
	const char *name;
	int depth;
};

#define NO_PARENT SIZE_MAX

struct reading {
	struct blueprint *blueprint;
	struct arena *arena;  /* the blueprint's */
	struct arena scratch; /* gone when all is read: the tree of the text, orders */
	struct arena passing; /* gone when the key is read: expressions */
	struct diagnostics *list;
	const struct blueprint_options *options;
	const char *file;
	struct draft *drafts;
	size_t count;
	const char **ids;                  /* of all components, for "did you mean" */
	const struct scope *const *scopes; /* of all components */
	const struct scope *scope;         /* of the one that is being read */
	const size_t *parents;             /* of each that the services list: in which it is, or NO_PARENT */
	size_t service_count;
	struct growing groups;  /* struct group_draft */
	struct map *components; /* id in small letters -> struct draft */
	struct map *keys;       /* every known key's name -> struct key_name */
	const char **key_names; /* those for "did you mean", once somebody asked; NULL before */
	size_t key_name_count;
	struct map *config;               /* the application's brooklyn.config: name -> struct yaml_entry */
	struct map *used;                 /* names that were looked up there, or in a component's */
	struct map *slips;                /* near_misses.c's: what is spelt like which key */
	struct map *parameters;           /* name -> struct parameter */
	const struct place *of_component; /* whose parameters these are, while they are checked; else NULL */
	struct map *types;                /* name -> struct catalogue_type */
	bool types_known;                 /* those of the program are among them */
	struct growing items; /* of the catalogues that were read: const struct catalogue_type * */
	size_t files;         /* of catalogues that were read */
	/* An item of a catalogue on its own: whoever uses it may have what it asks of others. */
	bool open;
	const struct reading *within; /* of the catalogue whose item is read; it has the keys and the types */
	/* Of a text in Marathon's own form: what each of the first components is there. */
	const struct foreign_app *apps;
	size_t app_count;
	bool read;                              /* there was something to read */
	struct map *locations;                  /* name -> struct location_spec, of `locations:` */
	const struct location_spec *location;   /* the application's */
	const struct yaml_entry *location_list; /* where it has several; NULL: it has not */
	const struct config_frame *frames;
	struct growing variables; /* of the environment, that env() asked for */
	bool takes_samples;       /* what is read may wait for sensors that are sampled: */
	struct growing samples;   /* those that are meant, struct awaited_sensor */
	struct draft *owner;      /* whose value is being read: uses of other components are its own */
	size_t expansions;        /* config values looked into, and bytes joined: both have a limit */
	size_t joined;
	size_t pattern_budget; /* of pattern.h */
	unsigned char *seen;   /* a bit for each port and protocol while a list of ports is read */
};

/* Memory of the blueprint, or of its reading alone; notes the failure. */
void *reading_alloc(struct reading *r, size_t size);
#define reading_new(r, type) ((type *)reading_alloc((r), sizeof(type)))
void *scratch_alloc(struct reading *r, size_t size);
#define scratch_new(r, type) ((type *)scratch_alloc((r), sizeof(type)))
/* Room for so many members in all, where they can be told. */
void grow_for(struct reading *r, struct growing *list, size_t capacity, size_t size);
/* Room for one more member at the end, or NULL. */
void *grow(struct reading *r, struct growing *list, size_t size);
#define grow_new(r, list, type) ((type *)grow((r), (list), sizeof(type)))
/* What has grown, as the blueprint keeps it; NULL when nothing has, or without memory. */
void *kept(struct reading *r, const struct growing *list, size_t size);
#define kept_as(r, type, one)                                                                                \
	((type *)kept((r), &(struct growing){.members = (void *)(one), .count = 1}, sizeof(type)))
/* Puts into a map; notes a failure of memory. */
void reading_put(struct reading *r, struct map **map, const char *key, void *value);
/* A scalar node that stands where `like` stands. NULL without memory. */
const struct yaml_node *scalar_like(struct reading *r, const struct yaml_node *like, const char *text,
				    bool plain);
struct yaml_node *scalar_node(struct reading *r, struct place place, const char *text, bool plain);

/* given.c: what a key is given; NULL: nothing. */
const struct yaml_entry *given_key(const struct given_keys *given, enum component_key key);
void give_key(struct reading *r, struct given_keys *given, enum component_key key,
	      const struct yaml_entry *entry);
#define given_of(d, key) given_key(&(d)->given, key)

/* "did you mean": to a complaint about `written`, the closest of the names, else `otherwise` (may be NULL).
 */
void suggest(struct reading *r, struct diagnostic *entry, const char *written, const char *const *names,
	     size_t count, const char *otherwise);
/* Letters, digits, "_" and "-"; everything else becomes "-". NULL when nothing else is left (or no memory).
 */
/* What a host name's label, and so every target, takes. */
#define ID_LIMIT 63
const char *fold_id(struct reading *r, const char *text);
/* The same of a name that people read, which may be longer than an id can be. */
const char *name_id(struct reading *r, const char *text);
/* How a node's kind is called in a message: "a list", "a map", "text". */
const char *kind_name(const struct yaml_node *node);

/* variables.c: the tree of an expression in which every env("NAME"[, "default"]) is the text that it stands
 * for. NULL with a complaint. */
const struct expression *expression_read(struct reading *r, const struct yaml_node *node);

/* values.c. `d` is the component that the value belongs to, NULL for the application's own. */
int value_read(struct reading *r, struct draft *d, const struct yaml_node *node, struct value *ret);
/* The secret at "env:NAME" or "file:PATH". 0 or -1 with a complaint. */
int secret_read(struct reading *r, const char *text, struct place place, struct value *ret);
/* The node itself, or what config, literal or formatString say instead; NULL with a complaint when the value
 * is only known once something runs. */
const struct yaml_node *fixed_node(struct reading *r, struct draft *d, const struct yaml_node *node);
/* A fixed scalar's text; NULL with a complaint that names `key`. */
const char *fixed_text(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key);
/* One of the words, by its index; -1 with a complaint at the node. */
int fixed_word(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
	       const char *const *words, size_t count);
/* true or false; `otherwise` with a complaint. */
bool fixed_flag(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		bool otherwise);
/* Milliseconds, at least `least`; -1 with a complaint. */
int64_t fixed_duration(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		       int64_t least);
/* plain_secrets.c: a warning for a value in clear whose key says that it is a secret. `shown`: of a label. */
void warn_plain_secret(struct reading *r, const char *name, const struct yaml_node *node, bool shown);
/* The component that `component("id")` names; NULL with a complaint. */
struct draft *component_read(struct reading *r, const struct yaml_node *node);
/* links.c: where its bare id does, too. */
struct draft *component_or_id(struct reading *r, const struct yaml_node *node);

/* references.c: NULL with a complaint. */
struct draft *find_component(struct reading *r, const char *id, struct place at);
/* The component that an expression names: component("id") and its like, or a text. */
struct draft *named_component(struct reading *r, struct draft *d, const struct expression *e);
/* parent(), root(), scopeRoot(): what it has of those is its own configuration, too. */
bool is_around(const struct expression *e);
void add_order(struct reading *r, struct draft *from, const struct draft *to, struct place place);
/* address, port, endpoint and attributeWhenReady. 0 or -1 with a complaint. */
int read_attachment(struct reading *r, struct draft *d, const struct expression *e, enum value_kind kind,
		    struct value *ret);
int read_sensor(struct reading *r, struct draft *d, const struct expression *e, struct value *ret);
/* One of those that every component has, none of which is a number. */
bool sensor_is_built_in(const char *name);

/* config_lookup.c: enters the value that config("name") stands for, seen from `d`; its frame is pushed. NULL
 * with a complaint, except when *ret_absent: declared, but without any value. */
const struct yaml_node *config_enter(struct reading *r, struct draft *d, const char *name, struct place at,
				     struct config_frame *frame, bool *ret_absent);
void config_leave(struct reading *r);
/* The same of any value that leads to others; false with a complaint when it leads back to itself. */
bool frame_enter(struct reading *r, const char *what, const char *name, const struct yaml_node *node,
		 struct place at, struct config_frame *frame);
/* text_sensors.c: what a sensor says that is a text. False: the component has none of that name; else
 * *ret_done is 0, or -1 with a complaint. */
bool text_sensor_read(struct reading *r, struct draft *of, const char *name, struct place at,
		      struct value *ret, int *ret_done);
/* near_misses.c: somebody reads the config of that name. */
void config_used(struct reading *r, const char *name);
/* What of a component's nobody reads, and is spelt almost like what somebody does; once all are read. */
void config_check(struct reading *r, struct draft *d);
/* That nothing has this name, and what was perhaps meant. */
void config_complain_unset(struct reading *r, struct draft *d, const char *name, struct place at);

/* parameters.c, settings.c */
void parameters_read(struct reading *r, const struct yaml_node *root);
void parameters_check(struct reading *r);
/* What a component declares by itself, or its type does: whether what it is given fits. */
void parameters_check_component(struct reading *r, const struct yaml_node *list,
				const struct yaml_node *service);
void settings_apply_parameters(struct reading *r);
void settings_apply_components(struct reading *r);

/* location_spec.c */
void locations_read(struct reading *r, const struct yaml_node *root);
/* A scalar as JSON: text, a number, true, false or null. NULL: no memory. */
json_t *typed_scalar(const struct yaml_node *node);
/* What is written there, as JSON that the blueprint keeps; NULL: no memory. */
const json_t *node_kept(struct reading *r, struct draft *d, const struct yaml_node *node);
/* The location that a component's or the application's `location` and `locations` say; NULL when nothing. */
const struct location_spec *location_choose(struct reading *r, struct draft *d, const struct yaml_entry *one,
					    const struct yaml_entry *many);
/* All of a list of locations. */
void location_list_read(struct reading *r, struct draft *d, const struct yaml_entry *many,
			const struct location_spec *const **ret, size_t *ret_count);
/* Two specs that are equal have the same text here. NULL without memory. */
const char *location_key(struct arena *arena, const struct location_spec *location);
/* Whether the word is one of those, which NULL ends. */
bool is_word_of(const char *word, const char *const *words);
/* `config`, by either name. */
bool is_config_key(const char *key);
/* What kind of location that is; NULL: a name that nobody knows yet, or none. */
const char *location_type_of(const struct reading *r, const struct location_spec *location);

/* location_kinds.c: what the language goes by of a type of location. */
struct location_kind {
	const char *type;
	bool bare;      /* its word alone says where that is; of another one it is a name */
	bool processes; /* software is a process there; elsewhere a container */
	bool elsewhere; /* what it installs is on another machine than this */
	bool machines;  /* each component, or member, gets a machine for itself */
	bool pool;      /* which one is not known before */
	bool stand_ins; /* a load balancer that only passes on can be beside a component */
	bool apps;      /* it is a Marathon, by whichever address */
};
/* Never NULL: of a type that is not known none of these holds. */
const struct location_kind *location_kind_named(const char *type);
/* What a component says of its own machines at a cloud, checked; NULL: it cannot be read. */
const json_t *machine_options_read(struct reading *r, struct draft *d, const struct yaml_node *node);
const struct location_kind *location_kind_of(const struct reading *r, const struct location_spec *location);

#endif
