/* given.c - what a component is given, by key: a list, since of the many keys each component has few. */
#include "blueprints/reading.h"

_Static_assert(KEY_COUNT <= 128, "a bit for each key");

static struct given *find(const struct given_keys *given, enum component_key key)
{
	struct given *one = given->first;

	if (!(given->known[key / 64] >> key % 64 & 1))
		return NULL;
	while (one->key != key)
		one = one->next;
	return one;
}

const struct yaml_entry *given_key(const struct given_keys *given, enum component_key key)
{
	const struct given *one = find(given, key);

	return one ? one->entry : NULL;
}

void give_key(struct reading *r, struct given_keys *given, enum component_key key,
	      const struct yaml_entry *entry)
{
	struct given *one = find(given, key);

	if (!one && entry && (one = scratch_new(r, struct given))) {
		*one = (struct given){.next = given->first, .key = key};
		given->first = one;
		given->known[key / 64] |= (uint64_t)1 << key % 64;
	}
	if (one)
		one->entry = entry;
}
