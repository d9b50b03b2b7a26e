/* keys.h - the keys of a component: their spellings, which kinds take them, who reads them. */
#ifndef BERTH_BLUEPRINTS_KEYS_H
#define BERTH_BLUEPRINTS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct reading;
struct draft;
struct yaml_node;

enum component_key {
	KEY_ID,
	KEY_NAME,
	KEY_TYPE,
	KEY_IMAGE_NAME,
	KEY_IMAGE_TAG,
	KEY_LOCATION,
	KEY_LOCATIONS,
	KEY_CONFIG,
	KEY_NOTED, /* description, iconUrl and the like: allowed, without effect */
	KEY_OPEN_PORTS,
	KEY_PORTS,
	KEY_PORT_BINDINGS,
	KEY_DIRECT_PORTS,
	KEY_PUBLISH,
	KEY_ADDRESS,
	KEY_ENV,
	KEY_COMMAND,
	KEY_ENTRYPOINT,
	KEY_DIR,
	KEY_USER,
	KEY_LINKS,
	KEY_DEPENDS_ON,
	KEY_HEALTH_CHECK,
	KEY_INSTANCES,
	KEY_VOLUMES,
	KEY_CPUS,
	KEY_MEMORY,
	KEY_FILES,
	KEY_JOB,
	KEY_RESTART,
	KEY_UPDATE,
	KEY_ON_CHANGE,
	KEY_PROTECT,
	KEY_PULL,
	KEY_STOP_TIMEOUT,
	KEY_STOP_SIGNAL,
	KEY_LINK_ADDRESS,
	KEY_LINK,
	KEY_LABELS,
	KEY_MARATHON,
	KEY_POLICIES,
	KEY_ENRICHERS,
	KEY_EFFECTORS,
	KEY_MEMBER_SPEC,
	KEY_FIRST_SPEC,
	KEY_INITIAL_SIZE,
	KEY_MAX_SIZE,
	KEY_QUORUM,
	KEY_REMOVAL,
	KEY_QUARANTINE,
	KEY_ZONE_NAMES,
	KEY_ZONE_COUNT,
	KEY_ZONES,
	KEY_SENSORS,
	KEY_INITIALIZERS,
	KEY_PROXY,
	KEY_IMAGE,
	KEY_MEMBERS,
	KEY_ROUTES,
	KEY_PROTOCOL,
	KEY_PORT,
	KEY_ALGORITHM,
	KEY_STICKY,
	KEY_MEMBER_CHECK,
	KEY_TLS,
	KEY_RETRIES,
	KEY_TIMEOUT,
	KEY_DRAIN_TIMEOUT,
	/* Of software, in the order in which what they name is done. */
	KEY_PRE_INSTALL,
	KEY_INSTALL,
	KEY_POST_INSTALL,
	KEY_PRE_CUSTOMIZE,
	KEY_CUSTOMIZE,
	KEY_POST_CUSTOMIZE,
	KEY_PRE_LAUNCH,
	KEY_LAUNCH,
	KEY_POST_LAUNCH,
	KEY_CHECK_RUNNING,
	KEY_STOP,
	KEY_INSTALL_VERSION,
	KEY_VERSION_MATCH,
	KEY_DOWNLOAD_URL,
	KEY_DOWNLOAD_SHA256,
	KEY_INSTALL_DIR,
	KEY_RUN_DIR,
	KEY_INSTALL_LABEL,
	KEY_SKIP_INSTALL,
	KEY_START_TIMEOUT,
	KEY_CHECK_PERIOD,
	KEY_FILES_PREINSTALL,
	KEY_FILES_INSTALL,
	KEY_FILES_CUSTOMIZE,
	KEY_FILES_RUNTIME,
	KEY_TEMPLATES_PREINSTALL,
	KEY_TEMPLATES_INSTALL,
	KEY_TEMPLATES_CUSTOMIZE,
	KEY_TEMPLATES_RUNTIME,
	KEY_SUBSTITUTIONS,
	KEY_DOCKER_IMAGE,
	KEY_LATCH,
	KEY_LATCH_INSTALL,
	KEY_LATCH_CUSTOMIZE,
	KEY_LATCH_LAUNCH,
	KEY_LATCH_PROVISION,
	KEY_LATCH_SETUP,
	KEY_LATCH_PREINSTALL_FILES,
	KEY_LATCH_INSTALL_FILES,
	KEY_LATCH_CUSTOMIZE_FILES,
	KEY_LATCH_LAUNCH_FILES,
	KEY_CHILDREN_MODE,
	KEY_PROVISIONING,
	KEY_UNUSED,
	KEY_MACHINE,
	KEY_CONTAINER,
	KEY_CHILDREN,
	KEY_PARAMETERS,
	KEY_SAME_SERVER,
	KEY_COUNT,
	KEY_LATER, /* of the language, but not of this version */
};

/* ON_CLUSTER: on the cluster itself, beside `memberSpec`. ON_BALANCER, ON_SOFTWARE: on a load balancer or on
 * software, where what it is placed as takes the key, too. */
enum { ON_DOCKER = 1, ON_PROCESS = 2, ON_EXTERNAL = 4, ON_CLUSTER = 8, ON_BALANCER = 16, ON_SOFTWARE = 32 };

/* One spelling of a key. */
struct key_name {
	const char *name;
	enum component_key key;
	bool in_config; /* read within brooklyn.config too */
};

struct key_rule {
	const char *name; /* the key's own name */
	unsigned kinds;   /* of ON_DOCKER and so on */
	int phase;        /* 1: what others may ask for (ports); 2: the rest; 0: read otherwise */
	void (*read)(struct reading *, struct draft *, const struct yaml_node *);
	const char *summary; /* one line, for people who write blueprints */
	const char *shape;   /* how its value looks: a name in shapes.h */
};

extern const struct key_rule key_rules[KEY_COUNT];

/* Every spelling, the later ones' too. */
const struct key_name *key_names(size_t *ret_count);
/* Fills reading->keys. */
void keys_prepare(struct reading *r);
/* The spellings that work now, for "did you mean"; none without memory. */
const char *const *key_candidates(struct reading *r, size_t *ret_count);

#endif
