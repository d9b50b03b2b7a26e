/* specs.h - from a component's specification to what one instance is asked to be, and the digests that tell
 * changes. */
#ifndef BERTH_ENGINE_SPECS_H
#define BERTH_ENGINE_SPECS_H

#include "engine/engine.h"
#include "engine/resolver.h"

/* --- publications.c: which ports others need, at which address, by which number --- */

/* Settle ports and foreseen attachments of all wanted instances. 0 or -1 with *err or complaints. */
int publications_settle(struct berth_operation *operation, struct error *err);
/* Another number for the picked ports of an instance whose number somebody else holds. 0 or -1. */
int publications_pick_again(struct work *work, struct error *err);
/* The published port of an instance for its own `port`, or NULL. */
const struct spec_port *published_port(const struct work *work, uint16_t port);
/* The way from one instance to a provider's port (0: a provider without ports). */
struct way way_to(const struct instance *consumer, const struct component *provider, uint16_t port,
		  enum protocol protocol);
/* Who is meant by its component: its first instance; of a cluster the first that was not given up. There is
 * one. */
const struct instance *speaker_of(const struct component *provider);
/* The provider's ports as links show them: those of who speaks for it, with the numbers they really have. */
const struct spec_port *provider_ports(const struct component *provider, size_t *ret_count);

/* --- openings.c: who is let in, where nobody is who was not --- */

/* Of a component at that place, each once, appended to those in `list`. 0 or -1 (no memory). */
struct opening_list {
	struct opening *items;
	size_t count, room;
};
int openings_add(struct arena *arena, struct opening_list *list, const struct site *site,
		 const struct component *component);
/* Of all components that are to be there. NULL: no memory. */
const struct openings *openings_of(struct arena *arena, const struct berth_operation *operation,
				   const struct site *site);
bool site_lets_in(const struct site *site);

/* --- facts.c: what a component was made from, path by path --- */

enum fact_kind {
	FACT_SPEC,     /* needs another instance when it changes: counts for the digest */
	FACT_IN_PLACE, /* the target can change it under what runs */
	FACT_FILE,     /* has a digest of its own */
	FACT_NOTED,    /* only remembered */
};

struct fact {
	const char *path, *value;
	enum fact_kind kind;
};

/* What a change of that path means for this component, where it is. */
enum fact_kind fact_kind_of(const struct component *component, const char *path);
/* Of what is made from that specification of the component's. Sorted by path. 0 or -1 (no memory). */
int facts_of(struct arena *arena, const struct application *application, const struct component *component,
	     const struct component_spec *spec, const struct fact **ret, size_t *ret_count);
/* Of those of kind FACT_SPEC. */
int facts_digest(const struct fact *facts, size_t count, char ret_hex[static DIGEST_HEX]);
/* Add them as what will be known of the component; values of sensitive names masked. 0 or -1. */
int facts_keep(struct known_facts *to, const char *component, const struct fact *facts, size_t count);
const char *restart_name(enum restart_policy policy);
/* The image its instances are made from: its reference, or the one it is pinned to while that is there. */
const char *image_wanted(const struct component *component, const struct component_spec *spec);
/* What the target is to do when it ends. */
enum restart_policy restart_wanted(const struct component *component, const struct component_spec *spec);

/* --- values.c: expressions become text --- */

enum resolved { RESOLVED, RESOLVED_LATER, RESOLVED_NEVER };

struct value_text {
	struct text text;
	bool secret; /* contains a secret's content */
	bool linked; /* depends on where another component is */
};

/* RESOLVED_LATER: it waits for another component (*ret_waits names it); RESOLVED_NEVER: *err says why. */
enum resolved value_resolve(struct work *work, const struct value *value, struct value_text *ret,
			    const char **ret_waits, struct error *err);

/* Of a value that is a secret, which needs nobody else. */
enum resolved secret_resolve(struct berth_operation *operation, const struct value *value,
			     struct value_text *ret, struct error *err);

/* As people are shown it, once the instance is there. False: it is not known now, or secret. */
bool value_show(struct work *work, const struct value *value, struct text *to);

/* --- templates.c: the text of a template with what its ${NAME} stand for --- */

enum resolved template_fill(struct work *work, const struct file_entry *entry, const char *text,
			    struct text *to, bool *ret_secret, const char **ret_waits, struct error *err);

/* --- link_variables.c --- */

struct variable_list {
	struct spec_variable *items;
	bool *linked; /* counts for the link digest */
	size_t count, room;
	size_t bytes;       /* that a process needs for all of them; of those overwritten the first value */
	struct map *places; /* once there are many: their places in the list, from 1 */
};

/* Add or overwrite. 0 or -1. What it takes for finding them is given back once the list is complete. */
void variables_release_index(struct variable_list *list);
int variables_put(struct arena *arena, struct variable_list *list, const char *name, const char *value,
		  bool secret, bool linked);
/* The variables of one link, by the rules of Clocker 1.1.0 (both forms), and its host name in *ret_host
 * (alias NULL: the target cannot be given one). */
enum resolved link_variables(struct work *work, const struct edge *edge, struct variable_list *list,
			     struct spec_host *ret_host, const char **ret_waits, struct error *err);
/* Whether a consumer at that place is given the link's alias as a host name on that way: one that it alone
 * can look up. */
bool link_named(const struct site *site, const struct way *way);
/* The names that consumers know it by, into `called`. 0, or -1 when memory is gone. */
int spec_called(struct work *work, struct instance_spec *spec);
/* The alias as a host name. */
const char *link_host_name(struct arena *arena, const char *alias);

/* --- balancer.c --- */

/* What a load balancer's proxy is told: the file's text, of the members that take requests now. */
enum resolved balancer_write(struct work *work, struct text *to, struct error *err);
/* What endpoints() is: those of its component that take requests now, as `work` reaches them. */
enum resolved members_write(struct work *work, const struct value *of, struct text *to, struct error *err);
/* The same, and it is what it will have been told. */
enum resolved balancer_resolve(struct work *work, struct text *to, struct error *err);

/* --- balancer_tls.c --- */

/* Whether its proxy can answer with the certificate and the key among its files, where it has them. 0, or -1
 * with *err and the place of the one that is wrong. */
int balancer_check_tls(const struct work *work, const struct spec_file *files, struct place *ret_at,
		       struct error *err);

/* --- plan_document.c --- */

/* "links" of an instance as plan and status show them, with base/json_write.h. */
void write_links(struct text *to, const struct instance *instance);
void write_no_links(struct text *to);

/* --- specs.c --- */

/* Build work->spec from what is known now. */
enum resolved spec_build(struct work *work, const char **ret_waits, struct error *err);
/* Make work->spec of what is known without any value; false with work->error. */
bool spec_outlined(struct work *work);
/* Give its memory back. */
void spec_drop(struct work *work);
/* The same once nothing more is to be asked for; the digest of its files stays, for the record of it. */
void spec_done(struct work *work);
/* A command's words as argv, for now; in the arena. */
enum resolved spec_words(struct work *work, struct arena *arena, const struct command *command,
			 const char *const **ret_words, const char **ret_waits, struct error *err);
/* Only what `foresee` and `check` need, before values are known. 0 or -1. */
int spec_outline(const struct work *work, struct arena *arena, struct instance_spec *ret);
/* Where a process is to listen. */
const char *bind_address(const struct work *work);
/* The name an instance has when no other generation is there; NULL: no memory. */
const char *settled_name(const struct instance *instance);
/* From now on it is the next generation, and is called so. 0 or -1 (no memory). */
int take_next_name(struct instance *instance);

#endif
