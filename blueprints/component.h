/* component.h - the readers of a component, of its keys, and the checks over the finished whole. */
#ifndef BERTH_BLUEPRINTS_COMPONENT_H
#define BERTH_BLUEPRINTS_COMPONENT_H

#include "blueprints/reading.h"

/* blueprint.c: nothing is said of it yet */
void draft_begin(struct draft *d, struct component_spec *spec, size_t index, const struct yaml_node *node);

/* component.c, component_type.c: what goes on before the keys are read */
void add_key_place(struct reading *r, struct draft *d, const char *key, struct place place);
void component_gather(struct reading *r, struct draft *d);
/* One key of the component, or the complaint that there is none of that name. */
void draft_take(struct reading *r, struct draft *d, const struct yaml_entry *entry);
/* Its brooklyn.config, for config("NAME") and for the keys that may stand in there. */
void draft_take_config(struct reading *r, struct draft *d);
bool draft_takes(const struct draft *d, enum component_key key);
/* The type as text; NULL: none is written, or an expression. */
const char *written_type(const struct yaml_node *component);
/* Whether a component can be of that type as it is, without a catalogue. */
bool type_is_known(const char *type);
void component_name(struct reading *r, struct draft *d);
void component_type(struct reading *r, struct draft *d);
void component_read_phase(struct reading *r, struct draft *d, int phase);
void component_finish(struct reading *r, struct draft *d);

/* clusters.c */
bool cluster_type(const char *type);
bool cluster_is(const struct yaml_node *service);
const struct yaml_node *entity_spec(const struct yaml_node *node);
/* Over which of these its members are spread. */
void cluster_place(struct reading *r, struct draft *d, const struct yaml_entry *many);
/* What the cluster says and what its members are, as one component of several instances. */
void cluster_gather(struct reading *r, struct draft *d);
/* What a member is, as the entry of a component; NULL with a complaint. */
const struct yaml_node *member_node(struct reading *r, const struct yaml_entry *given);
/* Complains of what is the cluster's to say. */
void members_refuse(struct reading *r, const struct draft *d);

/* cluster_first.c: what the first member is, as a draft of its own beside the cluster's */
void cluster_first_gather(struct reading *r, struct draft *d, const struct yaml_node *member);
/* Whether both can be members of one cluster, once their keys are read. */
void cluster_first_check(struct reading *r, const struct draft *first);
/* Whether the first member has all ports that who links to the cluster is told of; whether it has this one
 * that is asked for. False with a complaint. */
bool cluster_first_linked(struct reading *r, const struct draft *target, struct place at);
bool cluster_first_has(struct reading *r, const struct draft *target, const struct value *asked,
		       struct place at);

/* balancer.c: a load balancer, whose keys are read one by one like those of any component */
bool balancer_type(const char *type);
/* Before its keys are gathered. */
void balancer_begin(struct reading *r, struct draft *d);
/* What it is placed as, and its image. */
void balancer_place(struct reading *r, struct draft *d, struct place at);
/* Where it listens, once the keys of the first phase are read. */
void balancer_open(struct reading *r, struct draft *d);
/* What follows from all that was read: links, files, how it is run and told of changes. */
void balancer_finish(struct reading *r, struct draft *d);
/* With a certificate, so that it speaks HTTPS. */
bool balancer_has_tls(const struct draft *d);
/* balancer_program.c: what a container of it is made from, and what runs the proxy. */
const char *balancer_image(enum proxy_program proxy);
void balancer_run(struct reading *r, struct draft *d);
/* What the proxy is made to do, in words that are the same for the same thing. */
const char *balancer_described(struct reading *r, const struct balancer_spec *spec);

/* software.c: what is installed and launched by steps of its own, as the component that runs these */
bool software_type(const char *type);
/* Machines run processes; every other location, and a name that nobody knows yet, containers. */
bool runs_on_machine(const struct reading *r, const struct draft *d);
/* Whoever installs something on a machine elsewhere means it to be used from elsewhere. */
bool runs_on_machine_elsewhere(const struct reading *r, const struct draft *d);
/* What it is placed as, and its image. */
void software_place(struct reading *r, struct draft *d, struct place at);
/* Where it listens, once the keys of the first phase are read. */
void software_open(struct reading *r, struct draft *d);
/* What follows from all that was read: files, command, health, order. */
void software_finish(struct reading *r, struct draft *d);
/* software_files.c: the files of its phases, added to those it has. */
void software_put_files(struct reading *r, struct draft *d, const char *folder, struct growing *files);

/* catalogue.c: types that are made of others */
void catalogue_read(struct reading *r, const struct yaml_node *root);
/* The component with all that its type says of it, and the type's type; itself where its type is of no
 * catalogue. */
const struct yaml_node *catalogue_expand(struct reading *r, const struct yaml_node *service);
/* merging.c: what `over` says, and of `base` what it does not. What is added stands at `place`, or where it
 * was when that is NULL. */
const struct yaml_node *services_merge(struct reading *r, const struct yaml_node *over,
				       const struct yaml_node *base, const struct place *place);

/* children.c: components within others, and what only holds them together */
bool group_type(const char *type);
/* All components that the services list, children among them. */
const struct yaml_node *services_flatten(struct reading *r, const struct yaml_node *root,
					 const struct yaml_node *services);

/* groups.c: several components under one name */
/* Whether it is a group, which then is kept for later. */
bool groups_take(struct reading *r, const struct yaml_node *service);
/* A group of these names. */
void groups_add(struct reading *r, const char *id, struct place place, const char *const *names,
		size_t count);
/* Who their members are, once all components have their ids. */
void groups_resolve(struct reading *r);
const struct component_group *group_find(struct reading *r, const char *id);
/* The group that the node names, as component_read reads it; NULL: it names none. */
const struct component_group *group_named(struct reading *r, const struct yaml_node *node);
/* ambassadors.c: a stand-in for each provider that consumers elsewhere know by other numbers than its own,
 * and their links to that. After all keys are read. */
void ambassadors_add(struct reading *r);
/* blueprint.c: room for so many components more. False without memory. */
bool drafts_extend(struct reading *r, size_t more);
/* component.c: it has an id by now, which nobody else may have. */
void component_enter(struct reading *r, struct draft *d);
/* It stands elsewhere. */
void component_moved(struct reading *r, const struct draft *from, struct draft *to);

/* The readers of keys, as the table in keys.c calls them. */
typedef void key_reader(struct reading *r, struct draft *d, const struct yaml_node *node);
key_reader read_environment, read_command, read_entrypoint, read_directory, read_user, read_labels,
    read_marathon, read_cpus, read_memory, read_instances, read_volumes, read_open_ports, read_port_bindings,
    read_direct_ports, read_publish, read_ports, read_links, read_depends_on, read_health_check, read_address,
    read_files, read_job, read_restart, read_update, read_on_change, read_protect, read_pull,
    read_stop_timeout, read_stop_signal, read_link_address, read_link_way, read_policies, read_enrichers,
    read_effectors, read_initial_size, read_sensors, read_initializers, read_members, read_routes,
    read_protocol, read_balancer_port, read_algorithm, read_sticky, read_member_check, read_tls,
    read_balancer_retries, read_balancer_timeout, read_drain_timeout, read_max_size, read_quorum,
    read_removal, read_quarantine, read_zone_names, read_zone_count, read_zones;
key_reader read_same_server; /* children.c */
/* component.c: the id that is made of an image's name. */
const char *image_id(struct reading *r, const char *type);
/* component_type.c: an image's name. */
void image_read(struct reading *r, struct draft *d, const char *image, struct place at);
/* component_marathon.c: whether it is to run on a Marathon */
bool at_marathon(const struct reading *r, const struct draft *d);
/* Of a text in Marathon's own form: it is known to go elsewhere, where Marathon's own words have no effect.
 */
bool marathon_elsewhere(const struct reading *r, const struct draft *d);
/* Of the finished component: what members of its app say of each other, and of its ports. */
void marathon_finish(struct reading *r, struct draft *d);
/* component_health.c: also of a load balancer's members. False with a complaint. */
bool health_read(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		 struct health_check *ret);
/* component_ports.c: "8080", or "8000-8100". */
bool port_range_parse(char *text, uint16_t *ret_first, uint16_t *ret_last);
/* component_limits.c: a number of instances, `least` at least. False: it is none. */
bool instances_parse(const char *text, unsigned least, uint32_t *ret);
/* component_command.c: also of a health check. */
void command_read(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		  struct command *ret);
/* component_life.c: a signal's name without SIG, or NULL with a complaint; also of `onChange`. */
const char *signal_read(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key);
/* component_ports.c: adds a port that the component listens on, once. */
void add_open_port(struct reading *r, struct draft *d, struct port_number port);
void add_published(struct reading *r, struct draft *d, struct port_number port);
bool listens_on(const struct draft *d, int port, enum protocol protocol);
const struct named_port *find_named_port(const struct draft *d, const char *name);
bool port_parse(const char *text, uint16_t *ret_port);

/* component_files.c: none lies where nothing can be written */
void check_files(struct reading *r, struct draft *d);
/* component_update.c: whether `update: start-first`, where it is written, can be */
void check_update(struct reading *r, struct draft *d);
/* component_effectors.c */
/* As Brooklyn's SshCommandEffector says it. */
void read_command_effector(struct reading *r, struct draft *d, const struct yaml_node *node);
/* A request that is sent to it: the method unless another is given. NULL with a complaint, or no memory. */
const struct effector_call *http_request_read(struct reading *r, struct draft *d,
					      const struct yaml_node *node, const char *method,
					      struct growing *later);
/* "Name: value" of each entry, ended by NULL. Those whose value is not known yet become struct
 * environment_entry of `later`; NULL: there must be none. */
const char *const *headers_read(struct reading *r, struct draft *d, const struct yaml_node *node,
				struct growing *later);
/* component_policies.c: whether there is what policies of the finished component invoke */
void policies_check_effectors(struct reading *r, const struct component_spec *spec);
/* Whether there is what they go by, once all components are finished. */
void policies_check_sensors(struct reading *r, const struct component_spec *spec);
/* sensor_inputs.c: whether there is what sensors are made of, and none is made of itself, likewise. */
void sensors_check(struct reading *r);
/* Before that: what they are made of is of which components. */
void sensors_name_inputs(struct reading *r);
/* carriers.c: whether what `onChange` does can bring a changed value to the component */
void check_carriers(struct reading *r, struct draft *d);

/* checks.c, cycles.c: over the finished whole */
void check_component(struct reading *r, struct draft *d);
void check_host_ports(struct reading *r);
/* Complains of those that are to share a machine where nobody can. */
void check_same_servers(struct reading *r);
void check_size(struct reading *r);
void check_cycles(struct reading *r);

#endif
