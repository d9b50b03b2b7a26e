/* list.c - what is there: servers by one listing, and on each what its machine says. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/network.h"
#include "locations/process.h"

enum { GROUPS = 1 }; /* the slot of that question; servers are asked for in the first */

/* One server, and what its machine says meanwhile. */
struct visit {
	struct talk *talk;
	const struct openstack_server *server;
	struct openstack_machine *machine; /* NULL: there is nobody to ask */
	struct errand errand;
	struct inventory inventory;
	struct error silence; /* why nobody knows what it holds */
	const char *lost;     /* the floating IP that led there, and is gone; or NULL */
	bool over;
};

struct visits {
	struct visit *all;
	size_t count;
	json_t *servers, *groups;
	json_t *left[OPENSTACK_LEFT]; /* each NULL: not asked for */
};

/* --- the machines --------------------------------------------------------------------------------------- */

static void woken(struct errand *errand)
{
	const struct visit *visit = errand->owner;

	talk_awake(visit->talk);
}

static void release_visits(void *own)
{
	struct visits *visits = own;

	for (size_t i = 0; i < visits->count; i++) {
		struct visit *visit = &visits->all[i];
		if (visit->machine && visit->errand.state)
			visit->machine->location.driver->drop(&visit->machine->location, &visit->errand);
		inventory_release(&visit->inventory);
	}
	json_decref(visits->servers);
	json_decref(visits->groups);
	for (size_t i = 0; i < OPENSTACK_LEFT; i++)
		json_decref(visits->left[i]);
}

static const struct observed *instance_there(const struct visit *visit)
{
	for (size_t i = 0; i < visit->inventory.instance_count; i++)
		if (!strcmp(visit->inventory.instances[i].name, visit->machine->inner))
			return &visit->inventory.instances[i];
	return NULL;
}

static int bear(const struct visit *visit, struct error *err)
{
	return visit->silence.code == ERR_NO_MEMORY ? fail_memory(err) : 0;
}

/* Of one that does not answer nobody knows what it holds; the others have nothing to do with it. 0, or -1
 * without memory. */
static int ask_machine(struct visit *visit, struct error *err)
{
	struct openstack_machine *machine = visit->machine;
	const struct list_request request = {.app = machine->app, .instances_only = true};
	enum progress progress = machine->location.driver->list(&machine->location, &visit->errand, &request,
								&visit->inventory, &visit->silence);

	visit->over = progress != PROGRESS_WAITING;
	if (progress == PROGRESS_FAILED)
		openstack_advise_key(machine, &visit->silence);
	if (progress == PROGRESS_FAILED && !visit->server->fixed)
		remedy(&visit->silence,
		       "its server has no port any more: `openstack server delete %s`, and "
		       "the next deploy makes it anew",
		       visit->server->id);
	return visit->over ? bear(visit, err) : 0;
}

static int add_visit(struct visits *visits, struct talk *talk, const struct openstack_server *server,
		     struct error *err)
{
	struct visit *visit = &visits->all[visits->count++];

	*visit = (struct visit){.talk = talk, .server = server, .over = true};
	visit->errand = (struct errand){.wake = woken, .owner = visit};
	if (!openstack_can_tell(talk->openstack, server))
		return 0;
	visit->machine = openstack_machine_of(talk->openstack, server, &visit->silence);
	visit->over = !visit->machine;
	return visit->machine ? 0 : bear(visit, err);
}

/* --- told ------------------------------------------------------------------------------------------------
 */

/* What lies in the arena of a visit is copied into that of the inventory. */
static int keep_texts(struct arena *arena, struct observed *seen)
{
	const char **texts[] = {&seen->digest,        &seen->link_digest, &seen->secret_salt,
				&seen->secret_digest, &seen->file_digest, &seen->error};

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (*texts[i] && !(*texts[i] = arena_text(arena, *texts[i])))
			return -1;
	return 0;
}

static int keep_ports(struct arena *arena, struct observed *seen)
{
	struct attachment *all = (struct attachment *)seen->attachments; /* made for it, by readdress */

	for (size_t i = 0; i < seen->attachment_count; i++) {
		struct attached_port *ports = arena_array(arena, struct attached_port, all[i].port_count + 1);
		if (!ports)
			return -1;
		for (size_t n = 0; n < all[i].port_count; n++) {
			ports[n] = all[i].ports[n];
			ports[n].name = ports[n].name ? arena_text(arena, ports[n].name) : NULL;
		}
		all[i].ports = ports;
	}
	return 0;
}

static int tell_one(const struct visit *visit, struct arena *arena, struct observed *ret)
{
	if (openstack_server_seen(visit->talk->openstack, visit->server, arena, ret) < 0)
		return -1;
	const struct observed *there = visit->machine ? instance_there(visit) : NULL;
	if (visit->lost) {
		ret->state = SEEN_STOPPED;
		ret->error = arena_format(arena, "its floating IP %s is gone", visit->lost);
		return ret->error ? 0 : -1;
	}
	if (visit->silence.code)
		return openstack_unseen(&visit->silence, arena, ret);
	if (!there)
		return 0;
	return openstack_seen_there(visit->machine, there, arena, ret) < 0 || keep_texts(arena, ret) < 0
		   ? -1
		   : keep_ports(arena, ret);
}

static int by_name(const void *a, const void *b)
{
	const struct observed *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* Those that count after another one of the same name. */
static void find_doubles(const struct location *location, struct observed *const *same, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < count && !same[i]->late_double; n++)
			same[i]->late_double =
			    n != i && !same[n]->leaving && counts_before(location, same[n], same[i]);
}

/* Of several of one name one counts, and the others get names of their own. */
static int name_doubles(const struct location *location, struct arena *arena, struct observed *all,
			size_t count)
{
	struct observed **sorted = arena_array(arena, struct observed *, count + 1);

	if (!sorted)
		return -1;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &all[i];
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t begin = 0, end; begin < count; begin = end) {
		for (end = begin + 1; end < count && !by_name(&sorted[begin], &sorted[end]);)
			end++;
		find_doubles(location, sorted + begin, end - begin);
	}
	for (size_t i = 0; i < count; i++)
		if (all[i].late_double && !(all[i].name = double_name(arena, all[i].name, all[i].target_id)))
			return -1;
	return 0;
}

/* A double that is leaving already is not told. */
static size_t without_leaving(struct observed *all, size_t count)
{
	size_t stay = 0;

	for (size_t i = 0; i < count; i++)
		if (!(all[i].leaving && all[i].late_double))
			all[stay++] = all[i];
	return stay;
}

/* One that runs behind a shut door is off its network: nobody reaches it whom it is there for. */
static int tell_shut(struct talk *talk, struct arena *arena, struct observed *all, size_t count)
{
	const struct visits *visits = talk->own;
	const struct openstack_group *groups;
	struct error unread = {0};
	size_t group_count;

	if (!visits->groups)
		return 0;
	talk->openstack->shut = false;
	if (openstack_groups_read(visits->groups, &talk->arena, &groups, &group_count, &unread) < 0)
		return unread.code == ERR_NO_MEMORY ? -1 : 0;
	for (size_t i = 0; i < count; i++) {
		int shut = all[i].state != SEEN_RUNNING
			       ? 0
			       : openstack_doors_shut(talk->openstack, &talk->arena, all[i].app,
						      all[i].component, groups, group_count);
		if (shut < 0)
			return -1;
		if (!shut)
			continue;
		all[i].cut_off = talk->openstack->shut = true;
		all[i].error = arena_format(arena, "a rule of its security group `berth.%s.%s` is gone",
					    all[i].app, all[i].component);
		if (!all[i].error)
			return -1;
	}
	return 0;
}

static enum progress tell(struct talk *talk, struct error *err)
{
	struct visits *visits = talk->own;
	struct inventory inventory = {0};
	struct observed *all = arena_array(&inventory.arena, struct observed, visits->count + 1);
	int failed = all && process_images(talk->order.list, &inventory) == 0 ? 0 : -1;

	for (size_t i = 0; !failed && i < visits->count; i++)
		failed = tell_one(&visits->all[i], &inventory.arena, &all[i]);
	if (!failed)
		failed = tell_shut(talk, &inventory.arena, all, visits->count);
	if (!failed)
		failed = name_doubles(talk->openstack->location, &inventory.arena, all, visits->count);
	inventory.instances = all;
	inventory.instance_count = failed ? 0 : without_leaving(all, visits->count);
	if (!failed && visits->groups && !talk->order.list->instances_only &&
	    openstack_claims(talk, json_object_get(visits->groups, "security_groups"), &inventory, err) < 0) {
		inventory_release(&inventory);
		return PROGRESS_FAILED;
	}
	if (!failed && visits->left[0])
		failed = openstack_tell_left(talk, visits->left,
					     json_object_get(visits->groups, "security_groups"), &inventory);
	if (failed) {
		inventory_release(&inventory);
		return talk_no_memory(err);
	}
	*talk->order.inventory = inventory;
	return PROGRESS_DONE;
}

static enum progress ways_told(struct talk *talk, struct error *err)
{
	struct visits *visits = talk->own;
	bool lost;

	for (size_t i = 0; i < visits->count; i++) {
		struct visit *visit = &visits->all[i];
		const char *way = visit->silence.code ? network_floating_way(visit->server) : NULL;
		if (way && network_floating_lost(talk, way, &lost, err) < 0)
			return PROGRESS_FAILED;
		if (way && lost)
			visit->lost = way;
	}
	return talk_go(talk, tell);
}

/* Of machines that do not answer it is asked whether what leads to them is there. */
static enum progress all_told(struct talk *talk, struct error *err)
{
	const struct visits *visits = talk->own;

	for (size_t i = 0; i < visits->count; i++)
		if (visits->all[i].silence.code && network_floating_way(visits->all[i].server))
			return network_floatings(talk, ways_told, err);
	return talk_go(talk, tell);
}

static enum progress at_machines(struct talk *talk, struct error *err)
{
	struct visits *visits = talk->own;
	bool waiting = false;

	for (size_t i = 0; i < visits->count; i++) {
		if (!visits->all[i].over && ask_machine(&visits->all[i], err) < 0)
			return PROGRESS_FAILED;
		waiting |= !visits->all[i].over;
	}
	return waiting ? talk_sleep(talk) : talk_go(talk, all_told);
}

/* --- the cloud -------------------------------------------------------------------------------------------
 */

/* What has our name, and our mark of that very application. */
static bool is_instance(const struct openstack_server *server, const char *wanted)
{
	owned_arena arena = {0};
	const char *marked = json_text(server->metadata, "berth.app"), *app, *component;
	unsigned ordinal, generation;

	return marked && starts_with(server->name, "berth.") &&
	       instance_name_split(&arena, server->name + strlen("berth."), &app, &component, &ordinal,
				   &generation) &&
	       !strcmp(app, marked) && (!wanted || !strcmp(app, wanted));
}

static enum progress visit_all(struct talk *talk, struct error *err)
{
	struct visits *visits = talk->own;
	const struct openstack_server *servers;
	size_t count;

	if (openstack_servers_read(visits->servers, &talk->arena, &servers, &count, err) < 0)
		return PROGRESS_FAILED;
	visits->all = arena_array(&talk->arena, struct visit, count + 1);
	if (!visits->all)
		return talk_no_memory(err);
	for (size_t i = 0; i < count; i++)
		if (is_instance(&servers[i], talk->order.app) &&
		    add_visit(visits, talk, &servers[i], err) < 0)
			return PROGRESS_FAILED;
	return talk_go(talk, at_machines);
}

static enum progress left_told(struct talk *talk, struct error *err)
{
	struct visits *visits = talk->own;

	return openstack_take_left(talk, visits->left, err) < 0 ? PROGRESS_FAILED : talk_go(talk, visit_all);
}

static enum progress both_told(struct talk *talk, struct error *err)
{
	struct visits *visits = arena_array(&talk->arena, struct visits, 1);
	struct openstack_call *call = &talk->calls[GROUPS];

	if (!visits)
		return talk_no_memory(err);
	visits->servers = openstack_servers_json(talk);
	talk_own(talk, visits, release_visits);
	bool instances_only = talk->order.list->instances_only;
	/* Who wants to know of instances alone does so without Neutron, too. */
	if (!openstack_ok(call) && !instances_only)
		return openstack_failed(call, err, "cannot list security groups");
	bool told = openstack_ok(call) && openstack_list(call, "security_groups", err);
	if (!told && !instances_only)
		return PROGRESS_FAILED;
	visits->groups = told ? json_incref((json_t *)openstack_json(call, err)) : NULL;
	if (talk->order.app || instances_only)
		return talk_go(talk, visit_all);
	return openstack_ask_left(talk, err) < 0 ? PROGRESS_FAILED : openstack_await(talk, left_told);
}

static int ask_for_groups(struct talk *talk, struct error *err)
{
	const struct openstack_question question = {
	    .service = "network", .method = "GET", .path = openstack_groups_path(talk)};

	return openstack_ask(talk, GROUPS, &question, err);
}

/* Servers and groups at one time: neither waits for the other. */
static enum progress find(struct talk *talk, struct error *err)
{
	if (ask_for_groups(talk, err) < 0)
		return PROGRESS_FAILED;
	return openstack_find_servers(talk, talk->order.list->app, NULL, both_told, err);
}

enum progress list_openstack(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, find, err);
}

/* --- one of them -----------------------------------------------------------------------------------------
 */

static enum progress look_there(struct location *machine, struct errand *errand,
				const struct openstack_order *order, const struct instance_spec *spec,
				const char *name, struct error *err)
{
	(void)spec;
	return machine->driver->look(machine, errand, order->app, name, order->arena, order->observed, err);
}

static enum progress unseen(const struct openstack_order *order, const struct error *why, struct error *err)
{
	if (why->code == ERR_NO_MEMORY || openstack_unseen(why, order->arena, order->observed) < 0)
		return talk_no_memory(err);
	return PROGRESS_DONE;
}

static enum progress at_machine(struct talk *talk, struct error *err)
{
	const struct openstack_order *order = &talk->order;
	struct error why = {0};
	struct observed there = {0}, *outer = talk->order.observed;
	const struct observed *kept = (const struct observed *)talk->own;

	talk->order.observed = &there;
	enum progress progress = openstack_inner(talk, look_there, &why);
	talk->order.observed = outer;
	if (progress == PROGRESS_WAITING)
		return talk_sleep(talk);
	*outer = *kept;
	if (progress == PROGRESS_DONE && openstack_seen_there(talk->machine, &there, order->arena, outer) < 0)
		return talk_no_memory(err);
	outer->cut_off |= outer->state == SEEN_RUNNING && talk->openstack->shut;
	if (progress == PROGRESS_DONE || why.code == ERR_MISSING)
		return PROGRESS_DONE;
	return unseen(order, &why, err);
}

static enum progress look_found(struct talk *talk, struct error *err)
{
	struct openstack *openstack = talk->openstack;
	const struct openstack_order *order = &talk->order;
	const struct openstack_server *servers, *stranger;
	struct observed *kept = arena_array(&talk->arena, struct observed, 1);
	size_t count;

	if (!kept || openstack_servers_found(talk, &servers, &count, err) < 0)
		return kept ? PROGRESS_FAILED : talk_no_memory(err);
	const struct openstack_server *server =
	    openstack_server_of(openstack, servers, count, order->app, order->name, &stranger);
	if (!server) {
		fail(err, stranger ? ERR_CONFLICT : ERR_MISSING,
		     stranger ? "location `%s`: the server of `%s` was not made by berth"
			      : "location `%s` has no server of `%s`",
		     openstack->location->name, order->name);
		return PROGRESS_FAILED;
	}
	if (openstack_server_seen(openstack, server, order->arena, kept) < 0)
		return talk_no_memory(err);
	if (!openstack_can_tell(openstack, server)) {
		*order->observed = *kept;
		return PROGRESS_DONE;
	}
	struct error why = {0};
	talk->machine = openstack_machine_of(openstack, server, &why);
	if (!talk->machine) {
		*order->observed = *kept;
		return unseen(order, &why, err);
	}
	talk_own(talk, kept, NULL);
	return talk_go(talk, at_machine);
}

static enum progress look_find(struct talk *talk, struct error *err)
{
	return openstack_find_servers(talk, talk->order.app, talk->order.name, look_found, err);
}

enum progress look_openstack(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, look_find, err);
}
