/* component_limits.c - how much and how many: memory, cpus, instances. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "blueprints/component.h"

#define DOCKER_LEAST_MEMORY (6 << 20)

void read_memory(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "memory");
	int64_t bytes = text ? parse_memory(text) : 0;

	if (bytes < 0)
		advise(r->list, complain(r->list, node->place, "`%s` is no amount of memory", text),
		       "write 256m, 1.5g, 64MiB, or bytes");
	else if (bytes && bytes < DOCKER_LEAST_MEMORY && d->spec->kind == COMPONENT_DOCKER)
		advise(r->list, complain(r->list, node->place, "`%s` is less than docker allows", text),
		       "docker wants at least 6m");
	else
		d->spec->memory_bytes = bytes;
}

/* Billionths of a decimal number; -1 when it is none. */
static int64_t parse_nano(const char *text)
{
	int64_t whole = 0, nano = 0, unit = 100000000;
	const char *at = text;

	for (; isdigit((unsigned char)*at); at++)
		if ((whole = whole * 10 + (*at - '0')) > 100000)
			return -1;
	bool digits = at > text;
	if (*at == '.')
		for (at++; isdigit((unsigned char)*at); at++, unit /= 10, digits = true)
			nano += (*at - '0') * unit;
	return *at || !digits ? -1 : whole * 1000000000 + nano;
}

void read_cpus(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "cpus");
	int64_t nano = text ? parse_nano(text) : 0;

	if (text && nano <= 0)
		advise(r->list, complain(r->list, node->place, "`%s` is no number of processors", text),
		       "write 0.5, 2 and the like");
	else
		d->spec->nano_cpus = nano;
}

bool instances_parse(const char *text, unsigned least, uint32_t *ret)
{
	int64_t number;

	if (!parse_number(text, least, INSTANCE_LIMIT, &number))
		return false;
	*ret = (uint32_t)number;
	return true;
}

void read_instances(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "instances");
	unsigned least = d->cluster ? 0 : 1;
	uint32_t number = 1;

	if (text && !instances_parse(text, least, &number)) {
		struct diagnostic *entry =
		    complain(r->list, node->place, "`instances` is a number from %u to %d, not `%s`", least,
			     INSTANCE_LIMIT, text);
		if (strcmp(text, "0") == 0)
			advise(r->list, entry, "`berth stop` ends all of it, and keeps it");
	}
	if (d->cluster)
		d->spec->resized = number;
	else
		d->spec->instances = number;
}
