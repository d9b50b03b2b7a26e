/* engine.h - what finding an engine takes: who names it, how it is trusted, and docker's own configuration.
 */
#ifndef BERTH_LOCATIONS_DOCKER_ENGINE_H
#define BERTH_LOCATIONS_DOCKER_ENGINE_H

#include "locations/docker/docker.h"

#define DEFAULT_SOCKET "/var/run/docker.sock"

/* Who wrote an engine's address down: each has habits of its own. */
enum written_by { BY_LOCATION, BY_ENVIRONMENT, BY_CONTEXT };

/* How an engine behind TLS is trusted, and we by it. */
struct trust {
	bool wanted;                 /* somebody said TLS */
	bool unchecked;              /* whatever certificate it shows */
	bool whole;                  /* the folder must hold the authority's certificate */
	const char *folder;          /* of ca.pem, cert.pem and key.pem; NULL: none */
	const char *ca, *cert, *key; /* files in their stead; NULL */
	const char *option;          /* of the location that said so; NULL: somebody else did */
};

/* A variable of the environment, NULL when it is not there or empty. */
const char *variable(const struct docker *docker, const char *name);

/* --- endpoint.c --- */
int endpoint_read(struct docker *docker, const char *text, enum written_by by, const struct trust *trust,
		  struct error *err);

/* --- certificates.c --- */
/* The files for docker->endpoint, which must be there. */
int certificates_take(struct docker *docker, const struct trust *trust, struct error *err);
/* What the location's options and the environment say. */
int trust_read(struct docker *docker, struct trust *ret, struct error *err);

/* --- contexts.c --- */
/* The folder of docker's configuration, NULL when there is none to be had. */
const char *configuration_folder(const struct docker *docker, struct arena *arena);
/* The context that the configuration names (NULL: none, or the default one), and the file that says so. */
int context_current(struct docker *docker, const char **ret_name, const char **ret_file, struct error *err);
/* The endpoint of that context; `because` ends a sentence about who named it. */
int context_read(struct docker *docker, const char *name, const char *because, struct error *err);

/* --- proxy.c --- */
/* Who stands between, as the environment says and the docker program heeds it; NULL: nobody. */
const char *proxy_for(struct docker *docker, bool secure, const char *host, uint16_t port);

/* --- search.c --- */
/* The socket of an engine on this machine. */
int search_local(struct docker *docker, struct error *err);

#endif
