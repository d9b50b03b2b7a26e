/* ssh_config.h - which machine a person means: "user@host", and what their ~/.ssh/config says of it. */
#ifndef BERTH_BASE_SSH_CONFIG_H
#define BERTH_BASE_SSH_CONFIG_H

#include "base/arena.h"
#include "base/ssh.h"

/* Whose machine this is. */
struct ssh_here {
	const char
	    *home; /* for "~"; its .ssh has the configuration, known_hosts and keys. NULL: none of it */
	const char *user;   /* who logs in where nothing else is said */
	const char *config; /* read instead of HOME/.ssh/config and /etc/ssh/ssh_config; "none": nothing is */
	const char *agent;  /* what SSH_AUTH_SOCK says; NULL or "": no agent */
};

/* "[user@]host[:port]", "ssh://[user@]host[:port]", "[::1]:22" -> address, user and port of a host that is
 * otherwise empty. */
int ssh_host_parse(struct arena *arena, const char *written, struct ssh_host *ret_host, struct error *err);

/* Everything that `host` leaves open, from the configuration, then as is customary; what it names stays. Its
 * address is the alias that the configuration knows. What a jump is reached by comes from there likewise. */
int ssh_host_complete(struct world *world, struct arena *arena, const struct ssh_here *here,
		      struct ssh_host *host, struct error *err);

#endif
