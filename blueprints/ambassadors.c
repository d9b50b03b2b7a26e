/* ambassadors.c - where a provider is reached by other numbers than its own, a stand-in beside its consumers
 * that listens as the provider would: `dnmonster:8080` leads to wherever `dnmonster` is.
 *
 * A stand-in is a load balancer like any other, of one member, whose proxy is the helper program
 * (helper/relay.h): a container beside containers, beside processes a process that has an address of their
 * machine to itself. Its consumers are linked to it; that they wait for the provider itself stays.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "blueprints/component.h"

#define FILE_PATH "/relay" /* of a process: where it works */
#define DIGITS    8

/* One for each provider at each place where it has consumers. */
struct standing {
	size_t provider;
	const struct location_spec *at;
	struct place place; /* of the first link that needs it */
	size_t index;       /* of the component that it becomes */
};

void read_link_way(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const words[] = {"direct", "ambassador"};
	if (node->kind != YAML_SCALAR) {
		advise(r->list,
		       complain(r->list, node->place, "`link` takes direct or ambassador, not %s",
				kind_name(node)),
		       "did you mean `links`?");
		return;
	}
	int word = fixed_word(r, d, node, "link", words, COUNT_OF(words));

	d->link_way = word < 0 ? LINK_BY_CASE : word ? LINK_AMBASSADOR : LINK_DIRECT;
}

/* --- who needs one --------------------------------------------------------------------------------- */

/* The ports that its consumers know: those of a number of their own. */
static void known_ports(struct reading *r, const struct draft *d, struct draft *to)
{
	const struct port_number *ports = d->open_ports.members;

	for (size_t i = 0; i < d->open_ports.count; i++)
		if (ports[i].protocol == TCP)
			add_open_port(r, to, ports[i]);
	for (size_t i = 0; i < d->spec->named_port_count; i++) {
		const struct named_port *named = &d->spec->named_ports[i];
		if (named->first && named->first == named->last)
			add_open_port(r, to,
				      (struct port_number){.port = named->first, .place = named->place});
	}
}

static bool takes_connections(struct reading *r, const struct draft *d)
{
	struct draft probe = {0};

	known_ports(r, d, &probe);
	return probe.open_ports.count;
}

/* Who asks for a stand-in is told when there can be none. */
static void check_asked(struct reading *r, const struct draft *d)
{
	if (d->link_way != LINK_AMBASSADOR || !d->kind_known || d->ports_faulty || takes_connections(r, d))
		return;
	advise(r->list,
	       complain(r->list, given_of(d, KEY_LINK)->key_place,
			"`%s` has no TCP port of a number of its own, on which a stand-in could listen",
			d->spec->id),
	       "give it openPorts, or a process ports: {http: 8080}; or take `link` away");
}

static bool same_place(struct reading *r, const struct location_spec *a, const struct location_spec *b)
{
	const char *one = location_key(&r->passing, a), *other = location_key(&r->passing, b);

	return one && other && !strcmp(one, other);
}

/* Why none can be beside that consumer; NULL: one can. */
static const char *hindrance(const struct reading *r, const struct draft *consumer)
{
	const struct location_kind *kind = location_kind_of(r, consumer->spec->location);

	if (kind->apps)
		return "Marathon would move and number it as it does any task";
	if (consumer->members && consumer->members->zone_count)
		return "its members are at several places";
	if (kind->pool)
		return "which machine of the pool it gets is not known before";
	return kind->stand_ins ? NULL : "its location takes neither containers nor processes";
}

/* Who asks for a stand-in is told where there can be none. */
static void refuse_place(struct reading *r, const struct draft *consumer, const struct draft *provider,
			 const char *hindrance)
{
	advise(r->list,
	       complain(r->list, given_of(provider, KEY_LINK)->key_place,
			"beside `%s` no stand-in for `%s` can be: %s", consumer->spec->id, provider->spec->id,
			hindrance),
	       "write `link: direct` at `%s`: then `%s` is told its address and port", provider->spec->id,
	       consumer->spec->id);
}

static bool needs_one(struct reading *r, const struct draft *consumer, const struct draft *provider)
{
	if (provider->link_way == LINK_DIRECT || provider->spec->job || consumer->balancer ||
	    !takes_connections(r, provider))
		return false;
	const char *hinders = hindrance(r, consumer);
	if (provider->link_way == LINK_BY_CASE)
		return !hinders && at_marathon(r, provider);
	if (same_place(r, consumer->spec->location, provider->spec->location))
		return false;
	if (hinders && location_type_of(r, consumer->spec->location))
		refuse_place(r, consumer, provider, hinders);
	return !hinders;
}

static struct standing *standing_of(struct reading *r, struct growing *list, const struct draft *consumer,
				    const struct link *link)
{
	struct standing *members = list->members;

	for (size_t i = 0; i < list->count; i++)
		if (members[i].provider == link->component &&
		    same_place(r, members[i].at, consumer->spec->location))
			return &members[i];
	struct standing *made = grow_new(r, list, struct standing);
	if (made)
		*made = (struct standing){.provider = link->component,
					  .at = consumer->spec->location,
					  .place = link->place,
					  .index = r->count + list->count - 1};
	return made;
}

/* --- its consumers --------------------------------------------------------------------------------- */

/* Who is linked to the stand-in waits for the provider as before. */
static void wait_for(struct reading *r, struct growing *needs, const struct link *link)
{
	struct link *need = link->peer ? NULL : grow_new(r, needs, struct link);

	if (need)
		*need = (struct link){.component = link->component, .need = link->need, .place = link->place};
}

static void lead_links(struct reading *r, const struct draft *d, struct growing *standings)
{
	struct component_spec *spec = d->spec;
	struct growing links = {0}, needs = {0};
	bool led = false;

	for (size_t i = 0; i < spec->depends_on_count; i++) {
		struct link *need = grow_new(r, &needs, struct link);
		if (need)
			*need = spec->depends_on[i];
	}
	for (size_t i = 0; i < spec->link_count; i++) {
		struct link *link = grow_new(r, &links, struct link);
		const struct standing *standing = NULL;
		if (!link)
			return;
		*link = spec->links[i];
		if (needs_one(r, d, &r->drafts[link->component]))
			standing = standing_of(r, standings, d, link);
		if (!standing)
			continue;
		wait_for(r, &needs, link);
		link->component = standing->index;
		led = true;
	}
	arena_release(&r->passing);
	if (!led)
		return;
	spec->links = kept(r, &links, sizeof(*spec->links));
	spec->depends_on = kept(r, &needs, sizeof(*spec->depends_on));
	spec->depends_on_count = needs.count;
}

/* --- the component --------------------------------------------------------------------------------- */

/* "redis-for-my-docker-cloud"; what is too long ends with a digest of all of it. */
static const char *id_of(struct reading *r, const struct standing *standing)
{
	const struct location_spec *at = standing->at;
	char hex[DIGEST_HEX];
	const char *name = *at->name ? at->name : at->type;
	char *whole = arena_format(r->arena, "%s-for-%s", r->drafts[standing->provider].spec->id, name);
	const char *folded = whole ? fold_id(r, whole) : NULL;

	if (!folded || strlen(folded) <= ID_LIMIT || digest_hex(folded, strlen(folded), hex))
		return folded;
	return arena_format(r->arena, "%.*s-%.*s", ID_LIMIT - DIGITS - 1, folded, DIGITS, hex);
}

static void put_words(struct reading *r, struct place at, const char *const *words, size_t count,
		      struct command *ret)
{
	struct value *values = reading_alloc(r, sizeof(*values) * count);

	for (size_t i = 0; values && i < count; i++)
		values[i] = (struct value){
		    .kind = VALUE_TEXT, .place = at, .text = words[i], .component = NO_COMPONENT};
	*ret = (struct command){.given = true, .words = values, .count = values ? count : 0, .place = at};
}

static const char *file_path(const struct component_spec *spec)
{
	return spec->kind == COMPONENT_PROCESS ? &FILE_PATH[1] : FILE_PATH;
}

static void put_commands(struct reading *r, struct component_spec *spec, struct place at)
{
	const char *const runs[] = {HELPER_IMAGE, "relay", file_path(spec)};
	static const char *const told[] = {"/berth-helper", "relay-told", FILE_PATH};
	struct on_change change = {.kind = ON_CHANGE_SIGNAL, .signal = "HUP"};
	bool in_image = spec->kind == COMPONENT_DOCKER; /* which begins with the program */

	put_words(r, at, runs + in_image, COUNT_OF(runs) - in_image, &spec->command);
	if (in_image) {
		change.kind = ON_CHANGE_COMMAND;
		put_words(r, at, told, COUNT_OF(told), &change.command);
	}
	spec->on_change = kept_as(r, struct on_change, &change) ?: spec->on_change;
}

static void put_member(struct reading *r, struct component_spec *spec, const struct standing *standing)
{
	const struct balancer_member member = {
	    .component = standing->provider, .weight = 1, .place = standing->place};
	struct balancer_spec balancer = {
	    .proxy = PROXY_RELAY, .tcp = true, .members = {kept_as(r, struct balancer_member, &member), 1}};
	const struct link link = {.alias = r->drafts[standing->provider].spec->id,
				  .component = standing->provider,
				  .peer = true,
				  .place = standing->place};

	spec->links = kept_as(r, struct link, &link);
	spec->link_count = 1;
	struct value made = {.kind = VALUE_BALANCER,
			     .place = standing->place,
			     .text = balancer_described(r, &balancer),
			     .component = NO_COMPONENT};
	const struct file_entry file = {.path = file_path(spec),
					.content = kept_as(r, struct value, &made),
					.mode = 0644,
					.place = standing->place};
	spec->files = kept_as(r, struct file_entry, &file);
	spec->file_count = 1;
	spec->balancer = kept_as(r, struct balancer_spec, &balancer);
}

/* The ports of a process have names. */
static void name_ports(struct reading *r, struct draft *d)
{
	const struct port_number *ports = d->open_ports.members;
	size_t count = d->open_ports.count;
	struct named_port *named = reading_alloc(r, sizeof(*named) * count);

	for (size_t i = 0; named && i < count; i++) {
		named[i] = (struct named_port){.name = arena_format(r->arena, "tcp-%u", ports[i].port),
					       .first = ports[i].port,
					       .last = ports[i].port,
					       .place = ports[i].place};
		r->list->failed = r->list->failed || !named[i].name;
	}
	d->spec->named_ports = named;
	d->spec->named_port_count = named ? count : 0;
	d->open_ports = (struct growing){0};
}

/* It is there when its first port answers: what the provider answers is not its own. */
static void put_health(struct reading *r, struct component_spec *spec, const struct draft *d, struct place at)
{
	const struct port_number *ports = d->open_ports.members;
	const struct health_check health = {.kind = CHECK_TCP,
					    .port = d->open_ports.count ? ports[0].port : 0,
					    .path = "/",
					    .interval_ms = 2000,
					    .timeout_ms = 5000,
					    .retries = 3,
					    .place = at};

	spec->health = kept_as(r, struct health_check, &health) ?: spec->health;
}

static void be_placed(struct reading *r, struct draft *d, const struct standing *standing)
{
	struct component_spec *spec = d->spec;

	d->kind_known = true;
	spec->type = "ambassador";
	spec->place = standing->place;
	spec->location = standing->at;
	spec->stop_timeout_ms = 1000;
	if (runs_on_machine(r, d)) {
		spec->kind = COMPONENT_PROCESS;
		return;
	}
	spec->kind = COMPONENT_DOCKER;
	spec->image = (struct image_reference){
	    .familiar = HELPER_IMAGE, .registry = "", .repository = HELPER_IMAGE, .tag = "latest"};
}

static void become(struct reading *r, struct draft *d, const struct standing *standing)
{
	struct component_spec *spec = d->spec;

	spec->id = spec->name = id_of(r, standing);
	if (!spec->id)
		return;
	be_placed(r, d, standing);
	known_ports(r, &r->drafts[standing->provider], d);
	put_member(r, spec, standing);
	put_commands(r, spec, standing->place);
	put_health(r, spec, d, standing->place);
	if (spec->kind == COMPONENT_PROCESS)
		name_ports(r, d);
	add_key_place(r, d, "type", standing->place);
	add_key_place(r, d, "files", standing->place);
	component_enter(r, d);
}

void ambassadors_add(struct reading *r)
{
	struct growing standings = {0};
	size_t before = r->count;

	for (size_t i = 0; i < r->count; i++) {
		check_asked(r, &r->drafts[i]);
		lead_links(r, &r->drafts[i], &standings);
		if (r->drafts[i].first)
			lead_links(r, r->drafts[i].first, &standings);
	}
	if (!standings.count || !drafts_extend(r, standings.count))
		return;
	const struct standing *members = standings.members;
	for (size_t i = 0; i < standings.count; i++)
		become(r, &r->drafts[before + i], &members[i]);
}
