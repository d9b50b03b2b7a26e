/* machines.c - the machines that servers are: each is a location of its own, of the driver for machines
 * reached by SSH, to which all that is about what runs there is handed on. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"
#include "locations/process.h"

/* --- how to log in -------------------------------------------------------------------------------------- */

static const char *known_file(const struct openstack *openstack, struct arena *arena, const char *server)
{
	return arena_format(arena, "%s/openstack/known.%s", openstack->location->state_directory, server);
}

static bool accepts_new(const struct openstack_wishes *wishes)
{
	const char *text = json_string_value(wishes->host_key);

	return text && !strcmp(text, "accept-new");
}

/* The key that was made for the application when the server was: options may name another one by now. NULL:
 * none was, or it is not here. */
static const char *made_key(const struct openstack *openstack, const struct openstack_server *server,
			    struct arena *arena)
{
	const char *pair = server->key_pair, *said = openstack->wishes.key_pair;
	bool ours = pair && !strchr(pair, '/') && !(said && !strcmp(said, pair));
	const char *path = ours ? openstack_key_file(openstack, arena, pair) : NULL;

	return path && openstack->world->ops->file_exists(openstack->world, path) ? path : NULL;
}

static json_t *options_of(const struct openstack *openstack, const struct openstack_server *server,
			  struct arena *arena, const char *address)
{
	const struct openstack_wishes *wishes = &openstack->wishes;
	const char *key = json_text(server->metadata, "berth.hostkey");
	const char *made = made_key(openstack, server, arena);
	json_t *options = json_object();

	if (made)
		json_put_text(options, "privateKeyFile", made);
	else if (wishes->key_file)
		json_put_text(options, "privateKeyFile", wishes->key_file);
	else if (wishes->key_text)
		json_put_text(options, "privateKeyData", wishes->key_text);
	else if (server->key_pair && !wishes->key_pair && !strchr(server->key_pair, '/'))
		json_put_text(options, "privateKeyFile",
			      openstack_key_file(openstack, arena, server->key_pair));
	if (wishes->key_passphrase && !made)
		json_put_text(options, "privateKeyPassphrase", wishes->key_passphrase);
	if (wishes->host_key)
		json_put(options, "hostKey", json_deep_copy(wishes->host_key)); /* ours is wiped */
	else if (key && strcmp(key, OPENSTACK_KEY_AS_SAID) != 0)
		json_put_text(options, "hostKey", key);
	/* Addresses pass from one server to the next: what was accepted is this one's alone. */
	if (wishes->host_key && accepts_new(wishes))
		json_put_text(options, "knownHosts", known_file(openstack, arena, server->id));
	if (wishes->jump)
		json_put_text(options, "jump", wishes->jump);
	json_put_text(options, "address", address);
	return options;
}

static const char *address_of(const struct openstack_server *server)
{
	const char *told = json_text(server->metadata, "berth.address");

	return told ? told : server->floating ? server->floating : server->fixed;
}

/* --- opened ----------------------------------------------------------------------------------------------
 */

static void close_machine(struct openstack_machine *machine)
{
	if (machine->open || machine->location.state)
		machine->location.driver->close(&machine->location);
	release_secret_json(&machine->json);
	arena_release(&machine->arena);
	free(machine);
}

void openstack_machine_forget(struct openstack *openstack, const char *server)
{
	owned_arena arena = {0};
	const char *path = known_file(openstack, &arena, server);

	for (struct openstack_machine *machine = openstack->machines; machine; machine = machine->next)
		if (!strcmp(machine->server, server))
			machine->gone = true;
	if (path)
		openstack->world->ops->file_remove(openstack->world, path, NULL);
}

void openstack_machines_close(struct openstack *openstack)
{
	while (openstack->machines) {
		struct openstack_machine *machine = openstack->machines;
		openstack->machines = machine->next;
		close_machine(machine);
	}
}

static int name_machine(struct openstack_machine *machine, const struct openstack_server *server,
			const char *address)
{
	const char *user = json_text(server->metadata, "berth.user");
	struct arena *arena = &machine->arena;
	unsigned ordinal, generation;
	bool six = strchr(address, ':') != NULL;

	machine->server = arena_text(arena, server->id);
	machine->name = arena_text(arena, server->name + strlen("berth."));
	machine->address = arena_text(arena, address);
	machine->fixed = server->fixed ? arena_text(arena, server->fixed) : NULL;
	machine->key_pair = server->key_pair ? arena_text(arena, server->key_pair) : NULL;
	if (!machine->name || !machine->server || !machine->address ||
	    !instance_name_split(arena, machine->name, &machine->app, &machine->component, &ordinal,
				 &generation))
		return -1;
	machine->inner = instance_name(arena, machine->app, machine->component, ordinal);
	machine->spec = (struct location_spec){
	    .name = machine->openstack->location->name,
	    .type = "ssh",
	    .target = arena_format(arena, "%s%s%s%s%s", user ? user : "", user ? "@" : "", six ? "[" : "",
				   address, six ? "]" : ""),
	    .options = machine->json,
	    .place = machine->openstack->location->spec->place,
	};
	return machine->inner && machine->spec.target ? 0 : -1;
}

static int open_machine(struct openstack_machine *machine, struct error *err)
{
	const struct location *outer = machine->openstack->location;

	machine->location = (struct location){
	    .driver = location_driver_of("ssh"),
	    .world = outer->world,
	    .name = outer->name,
	    .spec = &machine->spec,
	    .state_directory = outer->state_directory,
	    .helper = outer->helper,
	    .environment = outer->environment,
	    .say = outer->say,
	    .say_owner = outer->say_owner,
	};
	if (machine->location.driver->open(&machine->location, err) < 0)
		return -1;
	machine->open = true;
	return 0;
}

static struct openstack_machine *new_machine(struct openstack *openstack,
					     const struct openstack_server *server, const char *address,
					     struct error *err)
{
	struct openstack_machine *machine = calloc(1, sizeof(*machine));

	if (!machine) {
		fail_memory(err);
		return NULL;
	}
	machine->openstack = openstack;
	machine->json = options_of(openstack, server, &machine->arena, address);
	if (!machine->json || name_machine(machine, server, address) < 0)
		fail_memory(err);
	else if (open_machine(machine, err) == 0)
		return machine;
	close_machine(machine);
	return NULL;
}

static bool is_alike(const struct openstack_machine *a, const struct openstack_machine *b)
{
	return json_equal(a->json, b->json) && !strcmp(a->spec.target, b->spec.target);
}

/* The address by which other servers reach it is told late, and its name may change. */
static int refresh(struct openstack_machine *machine, const struct openstack_server *server)
{
	const char *name = server->name + strlen("berth.");

	machine->gone = false;
	if (server->fixed && (!machine->fixed || strcmp(machine->fixed, server->fixed) != 0))
		machine->fixed = arena_text(&machine->arena, server->fixed);
	if (strcmp(machine->name, name) != 0)
		machine->name = arena_text(&machine->arena, name);
	return machine->name && (!server->fixed || machine->fixed) ? 0 : -1;
}

struct openstack_machine *openstack_machine_of(struct openstack *openstack,
					       const struct openstack_server *server, struct error *err)
{
	const char *address = address_of(server);
	struct openstack_machine *old = openstack->machines;

	while (old && strcmp(old->server, server->id) != 0)
		old = old->next;
	if (!address) {
		fail(err, ERR_UNREACHABLE, "location `%s`: the server `%s` has no address yet",
		     openstack->location->name, server->name);
		return NULL;
	}
	struct openstack_machine *machine = new_machine(openstack, server, address, err);
	if (!machine)
		return NULL;
	if (old && is_alike(old, machine)) {
		close_machine(machine);
		if (refresh(old, server) < 0) {
			fail_memory(err);
			return NULL;
		}
		return old;
	}
	machine->next = openstack->machines;
	openstack->machines = machine;
	openstack_watch_machine(machine);
	return machine;
}

struct openstack_machine *openstack_machine_named(const struct openstack *openstack, const char *app,
						  const char *name)
{
	for (struct openstack_machine *machine = openstack->machines; machine; machine = machine->next)
		if (!machine->gone && !strcmp(machine->app, app) && !strcmp(machine->name, name))
			return machine;
	return NULL;
}

bool openstack_key_refused(const struct error *why)
{
	return why->code == ERR_DENIED && strstr(why->text, "host key");
}

/* The one that it must have is what its console told once, and stands in its metadata. */
void openstack_advise_key(const struct openstack_machine *machine, struct error *err)
{
	if (err->code == ERR_DENIED && machine->key_pair && strstr(err->text, "does not let us log in"))
		remedy(err,
		       "its server was made with the key pair %.80s, whose private key is wanted; without "
		       "it `openstack server delete %s`, and the next deploy makes it anew",
		       machine->key_pair, machine->server);
	if (!openstack_key_refused(err) || machine->openstack->wishes.host_key)
		return;
	remedy(err,
	       "somebody may be in between; if the server was rebuilt, `openstack server unset --property "
	       "berth.hostkey %s`: the next deploy takes the new one from its console",
	       machine->server);
}

/* --- where it is reached -------------------------------------------------------------------------------- */

/* By servers of this location by its own address, by others at the one that leads out. */
static int readdress(const struct openstack *openstack, const struct openstack_machine *machine,
		     const struct attachment *from, size_t count, struct arena *arena,
		     const struct attachment **ret)
{
	struct attachment *all = arena_array(arena, struct attachment, count + 1);
	const char *network = arena_format(arena, "openstack:%s", openstack->identity);

	if (!all || !network)
		return -1;
	for (size_t i = 0; i < count; i++) {
		all[i] = from[i];
		all[i].network = *from[i].network ? network : "";
		all[i].address = NULL;
		const char *known = !machine ? NULL : *from[i].network ? machine->fixed : machine->address;
		if (known && !(all[i].address = arena_text(arena, known)))
			return -1;
	}
	*ret = all;
	return 0;
}

int openstack_seen_there(const struct openstack_machine *machine, const struct observed *there,
			 struct arena *arena, struct observed *ret)
{
	const struct observed outer = *ret;

	*ret = *there;
	ret->app = outer.app;
	ret->component = outer.component;
	ret->name = outer.name;
	ret->ordinal = outer.ordinal;
	ret->generation = outer.generation;
	ret->target_id = outer.target_id;
	ret->created_ms = outer.created_ms;
	ret->leaving = outer.leaving;
	return readdress(machine->openstack, machine, there->attachments, there->attachment_count, arena,
			 &ret->attachments);
}

int openstack_unseen(const struct error *why, struct arena *arena, struct observed *ret)
{
	ret->state = SEEN_UNKNOWN;
	ret->hindered = !is_silence(why);
	ret->error = *why->remedy ? arena_format(arena, "%s (%s)", why->text, why->remedy)
				  : arena_text(arena, why->text);
	return ret->error ? 0 : -1;
}

int openstack_foresee(const struct openstack *openstack, const struct instance_spec *spec,
		      struct arena *arena, const struct attachment **ret, size_t *ret_count,
		      struct error *err)
{
	const struct attachment *there;

	/* The address of what is made anew is another one than that of what is there now: nobody knows it. */
	if (process_foresee("machine", spec, arena, &there, ret_count, err) < 0)
		return -1;
	return readdress(openstack, NULL, there, *ret_count, arena, ret) < 0 ? fail_memory(err) : 0;
}
