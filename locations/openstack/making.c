/* making.c - what the servers of a location are made of, and who logs in: chosen once for each set of wishes.
 */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/cloud_options.h"
#include "locations/openstack/openstack.h"

enum { TURN_MS = 100 };

/* --- chosen ----------------------------------------------------------------------------------------------
 */

/* As the image says, else as those who make images of that kind do. */
static const char *customary_user(const struct openstack_wishes *wishes, const struct openstack_image *image)
{
	static const struct {
		const char *system, *user;
	} customary[] = {{"debian", "debian"}, {"ubuntu", "ubuntu"},   {"fedora", "fedora"},
			 {"centos", "centos"}, {"rocky", "rocky"},     {"almalinux", "almalinux"},
			 {"cirros", "cirros"}, {"rhel", "cloud-user"}, {"opensuse", "opensuse"},
			 {"arch", "arch"},     {"alpine", "alpine"},   {"freebsd", "freebsd"}};
	const char *system = json_text(image->json, "os_distro");

	if (wishes->user)
		return wishes->user;
	if (json_text(image->json, "os_admin_user"))
		return json_text(image->json, "os_admin_user");
	for (size_t i = 0; system && i < COUNT_OF(customary); i++)
		if (!strcmp(customary[i].system, system))
			return customary[i].user;
	for (size_t i = 0; image->name && i < COUNT_OF(customary); i++)
		if (strcasestr(image->name, customary[i].system))
			return customary[i].user;
	return NULL;
}

int openstack_choose_user(const struct openstack_wishes *wishes, const struct openstack_image *image,
			  const char **ret, struct error *err)
{
	*ret = customary_user(wishes, image);
	if (*ret)
		return 0;
	fail(err, ERR_INVALID, "nobody says who logs in to a server made of the image `%s`",
	     image->name ? image->name : image->id);
	remedy(err, "write `user`, or give the image the property `os_admin_user`");
	return -1;
}

/* Floating IPs are had where that is said, or where a network that leads out is not the server's own and no
 * machine leads to it. */
int openstack_choose_outer(const struct openstack_wishes *wishes, const struct openstack_findings *findings,
			   const struct openstack_network *own, const struct openstack_network **ret,
			   struct error *err)
{
	*ret = NULL;
	if (wishes->no_floating || (!wishes->floating && (own->external || wishes->jump)))
		return 0;
	if (wishes->floating_network)
		return openstack_network_choose(findings->networks, findings->network_count,
						wishes->floating_network, ret, err);
	for (size_t i = 0; i < findings->network_count; i++) {
		if (!findings->networks[i].external)
			continue;
		if (*ret) {
			fail(err, ERR_INVALID, "there are several networks that lead out, `%s` and `%s`",
			     (*ret)->name, findings->networks[i].name);
			remedy(err, "say which one gives floating IPs with `floatingNetwork`, or "
				    "`autoAssignFloatingIp: false`");
			return -1;
		}
		*ret = &findings->networks[i];
	}
	if (*ret || !wishes->floating)
		return 0;
	return fail(err, ERR_MISSING, "there is no network that leads out, so there are no floating IPs");
}

static int choose_networks(const struct openstack_wishes *wishes, const struct openstack_findings *findings,
			   struct openstack_making *ret, struct error *err)
{
	const struct openstack_network *network, *outer = NULL;
	size_t count = wishes->network_count ? wishes->network_count : 1;

	ret->networks = arena_array(&ret->arena, const char *, count);
	if (!ret->networks)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (openstack_network_choose(findings->networks, findings->network_count,
					     wishes->network_count ? wishes->networks[i] : NULL, &network,
					     err) < 0 ||
		    (!i && openstack_choose_outer(wishes, findings, network, &outer, err) < 0))
			return -1;
		ret->networks[i] = arena_text(&ret->arena, network->id);
	}
	ret->network_count = count;
	ret->outer = outer ? arena_text(&ret->arena, outer->id) : NULL;
	return 0;
}

static int choose(const struct openstack_wishes *wishes, const struct openstack_findings *findings,
		  struct openstack_making *ret, struct error *err)
{
	const struct openstack_image *image;
	const struct openstack_flavor *flavor;
	const char *user;

	if (openstack_image_choose(findings->images, findings->image_count, &wishes->image, &image, err) <
		0 ||
	    openstack_flavor_choose(findings->flavors, findings->flavor_count, &wishes->flavor, image,
				    &flavor, err) < 0 ||
	    (wishes->boots_volume &&
	     openstack_volume_size(&wishes->flavor, image, &ret->volume_gib, err) < 0) ||
	    choose_networks(wishes, findings, ret, err) < 0 ||
	    openstack_choose_user(wishes, image, &user, err) < 0)
		return -1;
	ret->image = arena_text(&ret->arena, image->id);
	ret->flavor = arena_text(&ret->arena, flavor->id);
	ret->user = arena_text(&ret->arena, user);
	return ret->image && ret->flavor && ret->user ? 0 : fail_memory(err);
}

/* --- kept ------------------------------------------------------------------------------------------------
 */

static void take(struct openstack_making *making, const struct openstack_making *fresh)
{
	arena_release(&making->arena);
	making->arena = fresh->arena;
	making->known = true;
	making->chooser = NULL;
	making->image = fresh->image;
	making->flavor = fresh->flavor;
	making->user = fresh->user;
	making->networks = fresh->networks;
	making->network_count = fresh->network_count;
	making->outer = fresh->outer;
	making->volume_gib = fresh->volume_gib;
}

static enum progress chosen(struct talk *talk, struct error *err)
{
	struct openstack_making *making = talk->made_of;
	struct openstack_making fresh = {0};
	struct error why = {0};
	int failed = choose(&making->wishes, talk->findings, &fresh, &why);

	talk_own(talk, NULL, NULL);
	if (failed == 0) {
		take(making, &fresh);
		return talk_go(talk, talk->making_next);
	}
	arena_release(&fresh.arena);
	if (talk->lacks && why.code != ERR_NO_MEMORY) {
		openstack_add_missing(&making->wishes, talk->findings, talk->lacks);
		return talk_go(talk, talk->making_next);
	}
	fail(err, why.code, "location `%s`: %s", talk->openstack->location->name, why.text);
	if (*why.remedy)
		remedy(err, "%s", why.remedy);
	return PROGRESS_FAILED;
}

static enum progress take_turn(struct talk *talk, struct error *err)
{
	struct openstack_making *making = talk->made_of;

	if (making->known)
		return talk_go(talk, talk->making_next);
	if (making->chooser)
		return talk_pause(talk, TURN_MS, take_turn, err);
	making->chooser = talk;
	talk->gathered = chosen;
	return talk_go(talk, openstack_gather);
}

/* --- of each set of wishes -------------------------------------------------------------------------------
 */

static int read_wishes(const struct openstack *openstack, const json_t *options, struct arena *arena,
		       struct openstack_wishes *ret, struct error *err)
{
	struct location_spec spec = *openstack->location->spec;
	struct location location = *openstack->location;

	spec.options = options;
	location.spec = &spec;
	return openstack_wishes_read(&location, arena, ret, err);
}

static void release_making(struct openstack_making *making)
{
	arena_release(&making->wish_arena);
	arena_release(&making->arena);
	release_secret_json(&making->options); /* a copy of ours; a key may be among them */
	free(making);
}

void openstack_makings_release(struct openstack *openstack)
{
	while (openstack->makings) {
		struct openstack_making *making = openstack->makings;
		openstack->makings = making->next;
		release_making(making);
	}
}

void openstack_makings_leave(struct openstack *openstack, const struct talk *talk)
{
	for (struct openstack_making *making = openstack->makings; making; making = making->next)
		if (making->chooser == talk)
			making->chooser = NULL;
}

static bool is_same(const json_t *a, const json_t *b)
{
	return a == b || (a && b && json_equal(a, b));
}

static struct openstack_making *making_of(struct openstack *openstack, const json_t *options,
					  struct error *err)
{
	struct openstack_making *making = openstack->makings;

	while (making && !is_same(making->options, options))
		making = making->next;
	if (making || !(making = calloc(1, sizeof(*making)))) {
		if (!making)
			fail_memory(err);
		return making;
	}
	making->options = options ? json_deep_copy(options) : NULL;
	if ((options && !making->options) ||
	    read_wishes(openstack, making->options, &making->wish_arena, &making->wishes, err) < 0) {
		if (options && !making->options)
			fail_memory(err);
		release_making(making);
		return NULL;
	}
	making->next = openstack->makings;
	return openstack->makings = making;
}

enum progress openstack_choose_making(struct talk *talk, talk_step *next, struct error *err)
{
	const struct instance_spec *spec = talk->order.spec;
	const json_t *options =
	    spec && spec->machine ? spec->machine : talk->openstack->location->spec->options;

	talk->making_next = next;
	talk->made_of = making_of(talk->openstack, options, err);
	return talk->made_of ? take_turn(talk, err) : PROGRESS_FAILED;
}

/* A server that is found tells nothing of the options that it was made by, and one security group lets berth
 * in to all. */
int openstack_check_making(const struct openstack *openstack, const json_t *options, struct error *err)
{
	static const char *const shared[] = {
	    "keyPair", "privateKeyFile", "privateKeyData", "privateKeyPassphrase",
	    "hostKey", "jump",           "sshFrom"};
	const json_t *own = openstack->location->spec->options;
	struct openstack_wishes wishes;
	owned_arena arena = {0};

	for (size_t i = 0; i < COUNT_OF(shared); i++)
		if (!is_same(cloud_option(own, shared[i]), cloud_option(options, shared[i]))) {
			fail(err, ERR_UNSUPPORTED,
			     "location `%s`: `%s` is said in two ways of one project of a cloud",
			     openstack->location->name, shared[i]);
			remedy(err, "say it alike at each of its locations: only what servers are made of "
				    "may differ");
			return -1;
		}
	return read_wishes(openstack, options, &arena, &wishes, err);
}
