/* component_type.c - what a component is: its type, its image, and which keys that kind takes. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/catalogue.h"
#include "blueprints/component.h"

static bool comes_later(const char *type)
{
	static const char *const prefixes[] = {
	    "chef:", "salt:", "http:", "https:", "classpath:", "java:", "brooklyn:", "catalog:", "file:"};

	for (size_t i = 0; i < COUNT_OF(prefixes); i++)
		if (starts_with(type, prefixes[i]))
			return true;
	/* A Java class name. */
	return strchr(type, '.') && !strpbrk(type, " /");
}

struct type_names {
	const char **list;
	size_t count;
};

static bool take_type(const char *key, void *value, void *context)
{
	struct type_names *names = context;

	(void)value;
	names->list[names->count++] = key;
	return true;
}

/* Of the kinds and of what the catalogue has, by each of its names. Of a class the last word counts: what
 * comes before it would make any two alike. */
static void suggest_type(struct reading *r, struct diagnostic *entry, const char *type, const char *otherwise)
{
	static const char *const kinds[] = {"process",      "software", "external",    "cluster",
					    "loadbalancer", "group",    "docker:IMAGE"};
	struct type_names names = {
	    .list = reading_alloc(r, sizeof(*names.list) * (map_count(r->types) + COUNT_OF(kinds)))};

	if (!names.list)
		return;
	for (; names.count < COUNT_OF(kinds); names.count++)
		names.list[names.count] = kinds[names.count];
	map_each(r->types, take_type, &names);
	const char *dot = strrchr(type, '.');
	suggest(r, entry, dot ? dot + 1 : type, names.list, names.count, otherwise);
}

#define TYPES "the types are docker:IMAGE, process, software, external, cluster, loadbalancer and group"

/* Of a name that the catalogue has: "tomcat:99". */
static bool complain_version(struct reading *r, struct place at, const char *type)
{
	const char *colon = strrchr(type, ':');
	const char *id = colon ? arena_copy(r->arena, type, (size_t)(colon - type)) : NULL;
	const struct catalogue_type *other = id ? map_get(r->types, id) : NULL;

	if (!other)
		return false;
	advise(r->list, complain(r->list, at, "the catalogue has no version %s of `%s`", colon + 1, id),
	       *other->version ? "the newest is %s"
			       : "it has no versions: write its name alone, or docker:%s for an image",
	       *other->version ? other->version : type);
	return true;
}

static void complain_later(struct reading *r, struct place at, const char *type)
{
	struct diagnostic *entry =
	    complain(r->list, at, "the type `%s` is not supported yet by this version of berth", type);

	if (starts_with(type, "org.apache.brooklyn.test.framework."))
		advise(r->list, entry,
		       "tests of Brooklyn's are not run: `berth wait APP --for healthy` tells that it works");
	else if (strstr(type, "Windows"))
		advise(r->list, entry,
		       "what runs on Windows is not placed by berth: its machines have a POSIX shell");
	else
		suggest_type(r, entry, type, TYPES);
}

static void complain_unknown(struct reading *r, struct place at, const char *type)
{
	struct diagnostic *entry = complain(r->list, at, "unknown type `%s`", type);

	if (!strncasecmp(type, "docker", 6) || strpbrk(type, ":/"))
		advise(r->list, entry, "an image is written docker:IMAGE, as in docker:redis:3");
	else
		suggest_type(r, entry, type, TYPES);
}

static void complain_type(struct reading *r, struct place at, const char *type)
{
	if (map_get(r->types, type))
		return; /* what is wrong with it is said already */
	if (cluster_type(type))
		advise(r->list,
		       complain(r->list, at,
				"a cluster of clusters is not supported yet by this version of berth"),
		       "write what each member is");
	else if (complain_version(r, at, type))
		return;
	else if (comes_later(type))
		complain_later(r, at, type);
	else
		complain_unknown(r, at, type);
}

/* docker.image.name and docker.image.tag of Clocker, over what the type says. */
static const char *image_text(struct reading *r, struct draft *d, const char *image, struct place *at)
{
	const struct yaml_entry *name = given_of(d, KEY_IMAGE_NAME), *tag = given_of(d, KEY_IMAGE_TAG);

	if (name) {
		image = fixed_text(r, d, name->value, name->key);
		*at = name->value->place;
	}
	if (!tag || !image)
		return image;
	const char *word = fixed_text(r, d, tag->value, tag->key);
	if (!word)
		return NULL;
	const char *slash = strrchr(image, '/');
	if (strpbrk(slash ? slash : image, ":@")) {
		complain(r->list, tag->value->place, "the image `%s` has a tag or digest already", image);
		return NULL;
	}
	*at = tag->value->place;
	image = arena_format(r->arena, "%s:%s", image, word);
	if (!image)
		r->list->failed = true;
	return image;
}

void image_read(struct reading *r, struct draft *d, const char *image, struct place at)
{
	struct error err = {0};

	if (!*image && !given_of(d, KEY_IMAGE_NAME)) {
		advise(r->list, complain(r->list, at, "no image follows `docker:`"),
		       "write docker:IMAGE, as in docker:redis:3");
		return;
	}
	image = image_text(r, d, image, &at);
	if (!image || !image_reference_parse(r->arena, image, &d->spec->image, &err))
		return;
	struct diagnostic *entry = complain(r->list, at, "%s", err.text);
	advise(r->list, entry, "%s",
	       err.remedy[0] ? err.remedy
			     : "an image is [REGISTRY[:PORT]/]NAME[:TAG][@DIGEST], as in redis:3");
}

static const char *const kind_names[] = {
    [COMPONENT_DOCKER] = "docker", [COMPONENT_PROCESS] = "process", [COMPONENT_EXTERNAL] = "external"};

static void check_kinds(struct reading *r, struct draft *d)
{
	for (int key = 0; key < KEY_COUNT; key++) {
		const struct yaml_entry *given = given_of(d, key);
		if (!given || !key_rules[key].kinds || draft_takes(d, key))
			continue;
		bool balancers = d->balancer && !(key_rules[key].kinds & ON_BALANCER);
		bool softwares = d->software && !(key_rules[key].kinds & ON_SOFTWARE);
		struct diagnostic *entry =
		    complain(r->list, given->key_place, "`%s` does not go with %s components", given->key,
			     balancers   ? "loadbalancer"
			     : softwares ? "software"
					 : kind_names[d->spec->kind]);
		if (softwares && key == KEY_COMMAND)
			advise(r->list, entry, "what starts it is `launch.command`");
		else if (softwares && key == KEY_DIR)
			advise(r->list, entry, "where it runs is `run.dir`");
		else if (!softwares && key_rules[key].kinds == ON_SOFTWARE)
			advise(r->list, entry, "write `type: software`");
		if (balancers || softwares || key_rules[key].kinds == ON_SOFTWARE)
			continue;
		if (key == KEY_IMAGE)
			advise(r->list, entry, "the type names the image: `type: docker:IMAGE`");
		else if (key == KEY_PORT && d->spec->kind == COMPONENT_DOCKER)
			advise(r->list, entry, "what it listens on is `openPorts`");
		else if (key == KEY_PORTS)
			advise(r->list, entry,
			       "use `openPorts` for what it listens on, `portBindings` or `publish` for the "
			       "host");
		else if (key == KEY_PORT_BINDINGS || key == KEY_DIRECT_PORTS || key == KEY_PUBLISH)
			advise(r->list, entry, "a port of its own is given by `ports: {NAME: NUMBER}`");
	}
}

void component_type(struct reading *r, struct draft *d)
{
	const struct yaml_entry *given = given_of(d, KEY_TYPE);
	struct component_spec *spec = d->spec;

	if (!given) {
		if (d->node->kind == YAML_MAP && !d->foreign)
			advise(
			    r->list,
			    complain(r->list, d->place, "the component `%s` has no `type`", spec->id),
			    "add `type: docker:IMAGE`, process, software, external, cluster or loadbalancer");
		return;
	}
	const char *type = fixed_text(r, d, given->value, "type");
	if (!type)
		return;
	spec->type = type;
	d->kind_known = true;
	if (starts_with(type, "docker:")) {
		spec->kind = COMPONENT_DOCKER;
		struct place at = given->value->place;
		image_read(r, d, type + strlen("docker:"), at);
	} else if (d->balancer) {
		balancer_place(r, d, given->value->place);
	} else if (d->software) {
		software_place(r, d, given->value->place);
	} else if (!strcmp(type, "process")) {
		spec->kind = COMPONENT_PROCESS;
	} else if (!strcmp(type, "external")) {
		spec->kind = COMPONENT_EXTERNAL;
	} else {
		d->kind_known = false;
		complain_type(r, given->value->place, type);
		return;
	}
	check_kinds(r, d);
}
