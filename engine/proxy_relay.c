/* proxy_relay.c - the file of the helper program as a proxy: a line for each port, with who takes its
 * connections (helper/relay.h). */
#include "engine/proxy.h"

#include "base/address.h"

int proxy_relay(const char *address, uint16_t port, const struct proxy_pool *pool, struct text *to,
		struct error *err)
{
	text_format(to, "%s%s%u", address ? address : "", address ? ":" : "", port);
	for (size_t i = 0; i < pool->count; i++) {
		const struct proxy_member *member = &pool->members[i];
		if (!address_is_numeric(member->address)) {
			fail(err, ERR_UNSUPPORTED,
			     "`%s` is at `%s`, which is no number: a stand-in looks no names up",
			     member->name, member->address);
			remedy(err,
			       "say at its location where that is, `hosts: {%s: ADDRESS}`, or `link: direct`",
			       member->address);
			return -1;
		}
		text_add(to, " ");
		proxy_put_address(to, member);
	}
	text_add(to, "\n");
	return to->failed ? fail_memory(err) : 0;
}
