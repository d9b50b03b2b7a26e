/* fuzz_ssh_config.c - ssh's configuration of anybody's making, and what a person writes for a machine. */
#include "tests/fuzz/target.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/ssh_config_internal.h"
#include "tests/support/virtual_world.h"

/* A machine's name comes back as it was written. */
static void parse(struct arena *arena, const char *written)
{
	struct ssh_host host;
	struct error err = {0};

	if (ssh_host_parse(arena, written, &host, &err)) {
		HOLDS(err.code == ERR_INVALID && *err.text);
		return;
	}
	HOLDS(*host.address && *host.address != '-' && (!host.user || *host.user));
	const char *again =
	    arena_format(arena, "%s%s[%s]:%u", host.user ? host.user : "", host.user ? "@" : "", host.address,
			 host.port ? (unsigned int)host.port : 22);
	struct ssh_host same;
	if (!strchr(host.address, ']'))
		HOLDS(!ssh_host_parse(arena, again, &same, &err) && !strcmp(same.address, host.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static const struct ssh_here here = {.home = "/nobody", .user = "me"};
	struct world *world = virtual_world_new(1);
	owned_arena arena = {0};
	owned_text text = {0};
	struct ssh_config_reader reader = {.world = world, .arena = &arena, .here = &here, .host = "web"};
	struct error err = {0};

	if (!world)
		return 0;
	text_add_bytes(&text, input, size);
	if (ssh_config_take(&reader, "config", virtual_world_directory(world), text_view(&text), text.length,
			    &err))
		HOLDS(err.code && *err.text);
	HOLDS(reader.settings.identity_count <= SSH_CONFIG_LIST);
	HOLDS(reader.settings.known_hosts_count <= SSH_CONFIG_LIST);
	if (size && size < 512 && !memchr(input, '\0', size))
		parse(&arena, text_view(&text));
	virtual_world_free(world);
	return 0;
}
