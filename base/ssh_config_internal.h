/* ssh_config_internal.h - what is gathered out of ssh's configuration about one machine. */
#ifndef BERTH_BASE_SSH_CONFIG_INTERNAL_H
#define BERTH_BASE_SSH_CONFIG_INTERNAL_H

#include "base/ssh_config.h"

enum { SSH_CONFIG_LIST = 32 };

/* As written, in the reader's arena; NULL: nothing is said. */
struct ssh_settings {
	const char *host_name, *port, *user, *identities_only, *identity_agent, *proxy_jump, *proxy_command,
	    *strict, *alias, *connect_timeout;
	const char *identity_files[SSH_CONFIG_LIST];
	size_t identity_count;
	const char *known_hosts[SSH_CONFIG_LIST];
	size_t known_hosts_count;
	const char *global_known_hosts[SSH_CONFIG_LIST];
	size_t global_known_hosts_count;
};

struct ssh_config_reader {
	struct world *world;
	struct arena *arena;
	const struct ssh_here *here;
	const char *host; /* as it was asked for */
	const char *user; /* whoever asked named one; NULL: nobody did */
	struct ssh_settings settings;
	int files; /* read so far */
};

/* Read one file, as far as it speaks of the machine; absent is fine. `folder` is where its relative includes
 * are. */
int ssh_config_read(struct ssh_config_reader *reader, const char *path, const char *folder,
		    struct error *err);
/* The same of a text. */
int ssh_config_take(struct ssh_config_reader *reader, const char *path, const char *folder, const char *text,
		    size_t size, struct error *err);

#endif
