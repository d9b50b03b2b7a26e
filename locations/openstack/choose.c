/* choose.c - which image, which flavor, which network. */
#include "locations/openstack/choose.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "blueprints/pattern.h"
#include "locations/openstack/told.h"

enum { GIB = 1 << 30 };

/* "RegionOne/ID" is how jclouds writes an id. */
static bool is_id(const char *wish, const char *id)
{
	const char *slash = strrchr(wish, '/');

	return !strcmp(wish, id) || (slash && !strcmp(slash + 1, id));
}

/* --- images ----------------------------------------------------------------------------------------------
 */

/* The patterns of a wish, ready; or NULL. */
struct patterns {
	const char *name, *description;
};

static bool text_fits(const char *text, const char *pattern, const char *posix)
{
	return !posix || strstr(text, pattern) || pattern_matches(posix, text);
}

/* Whether the system in it is of that family. Any that berth can use is "linux" or "unix". */
static bool family_fits(const struct openstack_image *image, const struct openstack_image_wish *wish)
{
	const char *system = json_text(image->json, "os_distro");

	if (!wish->family || wish->id || wish->name || !strcasecmp(wish->family, "linux") ||
	    !strcasecmp(wish->family, "unix"))
		return true;
	return system ? !strcasecmp(system, wish->family)
		      : image->name && strcasestr(image->name, wish->family) != NULL;
}

static bool image_fits(const struct openstack_image *image, const struct openstack_image_wish *wish,
		       const struct patterns *patterns)
{
	const char *name = image->name ? image->name : "", *key;
	const char *description = json_text(image->json, "description");
	json_t *value;

	if (wish->id && !is_id(wish->id, image->id))
		return false;
	if (wish->name && strcmp(wish->name, name) != 0 && strcmp(wish->name, image->id) != 0)
		return false;
	if (!text_fits(name, wish->pattern, patterns->name) ||
	    !text_fits(description ? description : name, wish->description, patterns->description) ||
	    !family_fits(image, wish))
		return false;
	json_object_foreach ((json_t *)wish->properties, key, value) {
		const char *theirs = json_text(image->json, key);
		if (!theirs || !json_is_string(value) || strcmp(theirs, json_string_value(value)) != 0)
			return false;
	}
	return true;
}

static bool image_before(const struct openstack_image *a, const struct openstack_image *b)
{
	if (a->created_ms != b->created_ms)
		return a->created_ms > b->created_ms;
	return strcmp(a->id, b->id) < 0;
}

static const char *image_words(const struct openstack_image_wish *wish)
{
	const char *part = wish->pattern ? wish->pattern : wish->description;

	return wish->id ? wish->id : wish->name ? wish->name : part ? part : wish->family;
}

static int no_image(const struct openstack_image *images, size_t count,
		    const struct openstack_image_wish *wish, const struct openstack_image *half,
		    struct error *err)
{
	const char *words = image_words(wish);
	struct openstack_told told = {.wish = words};

	if (half)
		return fail(err, ERR_MISSING, "no server can be made of the image `%s`: it is %s",
			    half->name ? half->name : half->id, half->hidden ? "hidden" : half->status);
	fail(err, ERR_MISSING, words ? "there is no image `%s`%s" : "there is no image%s%s",
	     words ? words : "", json_object_size(wish->properties) ? " of those properties" : "");
	for (size_t i = 0; i < count; i++)
		if (openstack_image_boots(&images[i]))
			openstack_tell_name(&told, images[i].name ? images[i].name : images[i].id);
	openstack_advise_of(&told, err);
	return -1;
}

int openstack_image_choose(const struct openstack_image *images, size_t count,
			   const struct openstack_image_wish *wish, const struct openstack_image **ret,
			   struct error *err)
{
	const struct openstack_image *best = NULL, *half = NULL;
	size_t budget = PATTERN_BUDGET;
	owned_arena arena = {0};
	struct patterns patterns = {0};

	if ((wish->pattern && !(patterns.name = pattern_posix(&arena, wish->pattern, &budget, err))) ||
	    (wish->description &&
	     !(patterns.description = pattern_posix(&arena, wish->description, &budget, err))))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!image_fits(&images[i], wish, &patterns))
			continue;
		if (!openstack_image_boots(&images[i]))
			half = &images[i];
		else if (!best || image_before(&images[i], best))
			best = &images[i];
	}
	*ret = best;
	return best ? 0 : no_image(images, count, wish, half, err);
}

/* --- flavors ---------------------------------------------------------------------------------------------
 */

static bool flavor_fits(const struct openstack_flavor *flavor, const struct openstack_flavor_wish *wish,
			const struct openstack_image *image)
{
	if (flavor->disabled || (wish->id && !is_id(wish->id, flavor->id)))
		return false;
	if (wish->name && strcmp(wish->name, flavor->name) != 0 && strcmp(wish->name, flavor->id) != 0)
		return false;
	if (flavor->cores < wish->cores || flavor->memory_mib < wish->memory_mib)
		return false;
	/* A disk of 0 is as large as the image needs. */
	if (!wish->on_volume && flavor->disk_gib &&
	    (flavor->disk_gib < wish->disk_gib || (image && flavor->disk_gib < image->min_disk_gib)))
		return false;
	if (!wish->on_volume && !flavor->disk_gib && wish->disk_gib)
		return false;
	return !image || flavor->memory_mib >= image->min_memory_mib;
}

static bool flavor_before(const struct openstack_flavor *a, const struct openstack_flavor *b)
{
	if (a->cores != b->cores)
		return a->cores < b->cores;
	if (a->memory_mib != b->memory_mib)
		return a->memory_mib < b->memory_mib;
	if (a->disk_gib != b->disk_gib)
		return a->disk_gib < b->disk_gib;
	return strcmp(a->name, b->name) < 0;
}

static void add_least(struct text *words, int64_t least, const char *unit)
{
	if (least > 0)
		text_format(words, "%s %lld %s", words->length ? "," : " of at least", (long long)least,
			    unit);
}

static size_t lack_of(int64_t has, int64_t wanted)
{
	return wanted > has ? (size_t)((wanted - has) * 1000 / wanted) : 0;
}

/* By its name where one is wished, else by how much of it is not enough. */
static void tell_flavor(struct openstack_told *told, const struct openstack_flavor *flavor,
			const struct openstack_flavor_wish *least)
{
	char words[TOLD_SIZE];
	size_t lack = lack_of(flavor->cores, least->cores) + lack_of(flavor->memory_mib, least->memory_mib);

	if (!least->on_volume && (flavor->disk_gib || least->disk_gib))
		lack += lack_of(flavor->disk_gib, least->disk_gib);
	snprintf(words, sizeof(words), "`%.40s` (%lld vCPU, %lld MiB, %lld GiB)", flavor->name,
		 (long long)flavor->cores, (long long)flavor->memory_mib, (long long)flavor->disk_gib);
	openstack_tell(told, told->wish ? edit_distance(told->wish, flavor->name) : lack, words);
}

static int no_flavor(const struct openstack_flavor *flavors, size_t count,
		     const struct openstack_flavor_wish *wish, const struct openstack_image *image,
		     struct error *err)
{
	const char *name = wish->id ? wish->id : wish->name;
	struct openstack_flavor_wish least = *wish;
	struct openstack_told told = {.wish = name};
	owned_text words = {0};

	if (image && image->min_memory_mib > least.memory_mib)
		least.memory_mib = image->min_memory_mib;
	if (image && image->min_disk_gib > least.disk_gib)
		least.disk_gib = image->min_disk_gib;
	add_least(&words, least.cores, "cores");
	add_least(&words, least.memory_mib, "MiB");
	if (!least.on_volume)
		add_least(&words, least.disk_gib, "GiB of disk");
	fail(err, ERR_MISSING, "there is no flavor%s%s%s%s", name ? " `" : "", name ? name : "",
	     name ? "`" : "", text_view(&words));
	for (size_t i = 0; i < count; i++)
		if (!flavors[i].disabled)
			tell_flavor(&told, &flavors[i], &least);
	openstack_advise_of(&told, err);
	return -1;
}

int openstack_flavor_choose(const struct openstack_flavor *flavors, size_t count,
			    const struct openstack_flavor_wish *wish, const struct openstack_image *image,
			    const struct openstack_flavor **ret, struct error *err)
{
	const struct openstack_flavor *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (flavor_fits(&flavors[i], wish, image) && (!best || flavor_before(&flavors[i], best)))
			best = &flavors[i];
	*ret = best;
	return best ? 0 : no_flavor(flavors, count, wish, image, err);
}

/* --- volumes ---------------------------------------------------------------------------------------------
 */

int openstack_volume_size(const struct openstack_flavor_wish *wish, const struct openstack_image *image,
			  int64_t *ret_gib, struct error *err)
{
	int64_t bytes = json_number(image->json, "virtual_size", json_number(image->json, "size", 0));
	int64_t least = bytes / GIB + (bytes % GIB > 0);

	least = least > image->min_disk_gib ? least : image->min_disk_gib;
	*ret_gib = wish->disk_gib ? wish->disk_gib : least ? least : 1;
	if (*ret_gib >= least)
		return 0;
	fail(err, ERR_INVALID, "the image `%s` needs a volume of %lld GiB, and `bootVolume` is of %lld",
	     image->name ? image->name : image->id, (long long)least, (long long)wish->disk_gib);
	return -1;
}

/* --- networks --------------------------------------------------------------------------------------------
 */

bool openstack_network_takes_servers(const struct openstack_network *network)
{
	return network->up && network->subnets;
}

static bool network_fits(const struct openstack_network *network, const char *wish)
{
	return wish ? !strcmp(wish, network->name) || !strcmp(wish, network->id)
		    : openstack_network_takes_servers(network);
}

/* How many fit, with the first of them; where nothing is wished, without those that lead out when there are
 * others. */
static size_t networks_that_fit(const struct openstack_network *networks, size_t count, const char *wish,
				bool outer, const struct openstack_network **ret, struct openstack_told *told)
{
	size_t found = 0;

	*ret = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!network_fits(&networks[i], wish) || (!wish && !outer && networks[i].external))
			continue;
		if (!found++)
			*ret = &networks[i];
		openstack_tell_name(told, wish ? networks[i].id : networks[i].name);
	}
	return found;
}

static int no_network(const struct openstack_network *networks, size_t count, const char *wish,
		      struct error *err)
{
	struct openstack_told told = {.wish = wish};

	if (wish)
		fail(err, ERR_MISSING, "there is no network `%s`", wish);
	else
		fail(err, ERR_MISSING, "there is no network with a subnet that a server can be put on");
	for (size_t i = 0; i < count; i++)
		openstack_tell_name(&told, networks[i].name);
	openstack_advise_of(&told, err);
	return -1;
}

int openstack_network_choose(const struct openstack_network *networks, size_t count, const char *wish,
			     const struct openstack_network **ret, struct error *err)
{
	struct openstack_told told = {0};
	size_t found = networks_that_fit(networks, count, wish, false, ret, &told);

	if (!found && !wish)
		found = networks_that_fit(networks, count, NULL, true, ret, &told);
	if (found > 1 && wish)
		fail(err, ERR_INVALID, "there are %zu networks called `%s`: say which by its id", found,
		     wish);
	else if (found > 1)
		fail(err, ERR_INVALID,
		     "there are %zu networks that a server can be put on: say which with `network`", found);
	if (found > 1) {
		openstack_advise_of(&told, err);
		return -1;
	}
	if (!found)
		return no_network(networks, count, wish, err);
	if (openstack_network_takes_servers(*ret))
		return 0;
	return fail(err, ERR_INVALID, "no server can be put on the network `%s`: it %s", (*ret)->name,
		    (*ret)->up ? "has no subnet" : "is down");
}
