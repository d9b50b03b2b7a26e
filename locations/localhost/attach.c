/* attach.c - what a process of this machine can be asked for, and where it is reached. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"

int localhost_check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	struct world *world = location->world;

	if (process_check(location, spec, "a process of this machine", err))
		return -1;
	if (files_check(location, spec, err))
		return -1;
	if (!location->helper || !*location->helper || !world->ops->file_exists(world, location->helper)) {
		fail(err, ERR_MISSING, "berth-helper, which keeps processes alive, is not at `%s`",
		     location->helper ? location->helper : "");
		remedy(err, "install it with berth (libexec/berth-helper), or name it with BERTH_HELPER");
		return -1;
	}
	return 0;
}

int localhost_foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		      const struct attachment **ret, size_t *ret_count, struct error *err)
{
	return process_foresee(localhost_of(location)->network, spec, arena, ret, ret_count, err);
}

int attachments_read(struct location *location, const struct marks *marks, struct arena *arena,
		     const struct attachment **ret, size_t *ret_count)
{
	return process_attach(localhost_of(location)->network, marks->bind, marks->ports, arena, ret,
			      ret_count);
}

int localhost_publish_address(struct location *location, char *ret_address, size_t size, struct error *err)
{
	struct world *world = location->world;
	const char *option = localhost_of(location)->address;
	char address[128] = "";

	if (option)
		snprintf(address, sizeof(address), "%s", option);
	else if (world->ops->default_address(world, address, sizeof(address)))
		address[0] = '\0';
	if (!*address) {
		fail(err, ERR_MISSING,
		     "this machine has no default route, so no address to publish ports on");
		remedy(err,
		       "name one: `%s: {localhost: {address: 192.0.2.7}}` in `locations`, or publish nothing",
		       *location->name ? location->name : "here");
		return -1;
	}
	if (snprintf(ret_address, size, "%s", address) >= (int)size)
		return fail(err, ERR_INVALID, "the address `%s` is too long", address);
	return 0;
}
