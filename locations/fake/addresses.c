/* addresses.c - who has which address on an application's network at the scripted target. */
#include <stdio.h>
#include <string.h>

#include "locations/fake/target.h"

/* A number nobody had before; only a pinned one can be in its way. */
static void fresh(struct fake_instance *instance, const struct fake_app *app)
{
	do {
		uint32_t host = ++instance->target->addresses;
		snprintf(instance->address, sizeof(instance->address), "10.%u.%u.%u", host >> 16 & 255,
			 host >> 8 & 255, host & 255);
	} while (map_get(app->addresses, instance->address));
}

int address_hold(struct fake_instance *instance, struct error *err)
{
	struct fake_app *app = target_app(instance->target, instance->seen.app);

	if (!app)
		return fail_memory(err);
	if (!instance->pinned || !*instance->address)
		fresh(instance, app);
	else if (map_get(app->addresses, instance->address))
		return fail(err, ERR_CONFLICT, "cannot start `%s`: address %s is already in use",
			    instance->seen.name, instance->address);
	if (map_put(&app->addresses, instance->address, instance) < 0)
		return fail_memory(err);
	if (instance->seen.attachment_count)
		instance->attachments[0].address = instance->address;
	return 0;
}

void address_let_go(struct fake_instance *instance)
{
	struct fake_app *app = map_get(instance->target->apps, instance->seen.app);

	if (app && map_get(app->addresses, instance->address) == instance)
		map_drop(&app->addresses, instance->address);
	if (instance->seen.attachment_count && !instance->pinned)
		instance->attachments[0].address = NULL;
}
