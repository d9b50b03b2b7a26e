/* making.c - what the servers of a location are made of, and who logs in: chosen once. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"

enum { TURN_MS = 100 };

/* --- chosen ----------------------------------------------------------------------------------------------
 */

/* As the image says, else as those who make images of that kind do. */
static const char *user_of(const struct openstack_wishes *wishes, const struct openstack_image *image)
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

/* Floating IPs are had where that is said, or where a network that leads out is not the server's own and no
 * machine leads to it. */
int openstack_choose_outer(const struct openstack *openstack, const struct openstack_findings *findings,
			   const struct openstack_network *own, const struct openstack_network **ret,
			   struct error *err)
{
	const struct openstack_wishes *wishes = &openstack->wishes;

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

static int choose_networks(const struct openstack *openstack, const struct openstack_findings *findings,
			   struct openstack_making *ret, struct error *err)
{
	const struct openstack_wishes *wishes = &openstack->wishes;
	const struct openstack_network *network, *outer = NULL;
	size_t count = wishes->network_count ? wishes->network_count : 1;

	ret->networks = arena_array(&ret->arena, const char *, count);
	if (!ret->networks)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (openstack_network_choose(findings->networks, findings->network_count,
					     wishes->network_count ? wishes->networks[i] : NULL, &network,
					     err) < 0 ||
		    (!i && openstack_choose_outer(openstack, findings, network, &outer, err) < 0))
			return -1;
		ret->networks[i] = arena_text(&ret->arena, network->id);
	}
	ret->network_count = count;
	ret->outer = outer ? arena_text(&ret->arena, outer->id) : NULL;
	return 0;
}

static int choose(const struct openstack *openstack, const struct openstack_findings *findings,
		  struct openstack_making *ret, struct error *err)
{
	const struct openstack_image *image;
	const struct openstack_flavor *flavor;

	if (openstack_image_choose(findings->images, findings->image_count, &openstack->wishes.image, &image,
				   err) < 0 ||
	    openstack_flavor_choose(findings->flavors, findings->flavor_count, &openstack->wishes.flavor,
				    image, &flavor, err) < 0 ||
	    (openstack->wishes.boots_volume &&
	     openstack_volume_size(&openstack->wishes.flavor, image, &ret->volume_gib, err) < 0) ||
	    choose_networks(openstack, findings, ret, err) < 0)
		return -1;
	const char *user = user_of(&openstack->wishes, image);
	if (!user) {
		fail(err, ERR_INVALID, "nobody says who logs in to a server made of the image `%s`",
		     image->name ? image->name : image->id);
		remedy(err, "write `user`, or give the image the property `os_admin_user`");
		return -1;
	}
	ret->image = arena_text(&ret->arena, image->id);
	ret->flavor = arena_text(&ret->arena, flavor->id);
	ret->user = arena_text(&ret->arena, user);
	return ret->image && ret->flavor && ret->user ? 0 : fail_memory(err);
}

/* --- kept ------------------------------------------------------------------------------------------------
 */

static enum progress chosen(struct talk *talk, struct error *err)
{
	struct openstack *openstack = talk->openstack;
	struct openstack_making fresh = {.known = true};
	struct error why = {0};
	int failed = choose(openstack, talk->findings, &fresh, &why);

	talk_own(talk, NULL, NULL);
	if (failed < 0) {
		arena_release(&fresh.arena);
		fail(err, why.code, "location `%s`: %s", openstack->location->name, why.text);
		if (*why.remedy)
			remedy(err, "%s", why.remedy);
		return PROGRESS_FAILED;
	}
	arena_release(&openstack->making.arena);
	openstack->making = fresh;
	return talk_go(talk, talk->making_next);
}

static enum progress take_turn(struct talk *talk, struct error *err)
{
	struct openstack_making *making = &talk->openstack->making;

	if (making->known)
		return talk_go(talk, talk->making_next);
	if (making->chooser)
		return talk_pause(talk, TURN_MS, take_turn, err);
	making->chooser = talk;
	talk->gathered = chosen;
	return talk_go(talk, openstack_gather);
}

enum progress openstack_choose_making(struct talk *talk, talk_step *next, struct error *err)
{
	talk->making_next = next;
	return take_turn(talk, err);
}
