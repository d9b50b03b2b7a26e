/* certificates.c - how an engine behind TLS is trusted and we by it: from options, docker's variables, a
 * folder. */
#include <string.h>

#include "locations/docker/engine.h"

/* What the options say is said for this location alone, so it counts alone. */
static int by_options(struct docker *docker, struct trust *ret, struct error *err)
{
	const struct engine_said *said = &docker->said;

	*ret = (struct trust){.wanted = true,
			      .unchecked = said->verify == SAID_NO,
			      .whole = said->folder && !said->ca,
			      .folder = said->folder,
			      .ca = said->ca,
			      .cert = said->cert,
			      .key = said->key,
			      .option = said->tls_option};
	if (!said->cert == !said->key)
		return 0;
	fail(err, ERR_INVALID, "location `%s`: `%s` is given without `%s`", docker->location->name,
	     said->cert ? "cert" : "key", said->cert ? "key" : "cert");
	remedy(err, "a client certificate and its key come together");
	return -1;
}

int trust_read(struct docker *docker, struct trust *ret, struct error *err)
{
	const char *folder = variable(docker, "DOCKER_CERT_PATH");
	bool checked = variable(docker, "DOCKER_TLS_VERIFY"), tls = checked || variable(docker, "DOCKER_TLS");

	*ret = (struct trust){
	    .wanted = tls, .unchecked = tls && !checked, .whole = checked || folder, .folder = folder};
	if (docker->said.tls_option && by_options(docker, ret, err) < 0)
		return -1;
	if (!ret->folder)
		ret->folder = folder ? folder : configuration_folder(docker, &docker->arena);
	return 0;
}

static int readable(struct docker *docker, const char *path, const char *what, struct error *err)
{
	struct world *world = docker->world;
	owned_text byte = {0};
	struct error why;

	if (world->ops->file_read_at(world, path, 0, 1, &byte, &why) == 0)
		return 0;
	if (why.code == ERR_NO_MEMORY)
		return fail_memory(err);
	fail(err, why.code == ERR_DENIED ? ERR_DENIED : ERR_INVALID, "location `%s`: %s for %s: %s",
	     docker->location->name, what, docker->endpoint.shown, why.text);
	remedy(err,
	       "certPath (DOCKER_CERT_PATH) is the folder of ca.pem, cert.pem and key.pem; or name the files "
	       "as the location's `ca`, `cert` and `key`");
	return -1;
}

/* Its path when it is there. */
static int in_folder(struct docker *docker, const struct trust *trust, const char *name, const char **ret,
		     struct error *err)
{
	struct world *world = docker->world;
	const char *path = trust->folder ? arena_format(&docker->arena, "%s/%s", trust->folder, name) : NULL;

	if (trust->folder && !path)
		return fail_memory(err);
	if (!path || !world->ops->file_exists(world, path))
		return 0;
	docker->endpoint.folder = trust->folder;
	*ret = path;
	return 0;
}

int certificates_take(struct docker *docker, const struct trust *trust, struct error *err)
{
	struct http_tls *tls = &docker->endpoint.tls;
	const char *ca = trust->ca, *cert = trust->cert, *key = trust->key;

	if ((!ca && in_folder(docker, trust, "ca.pem", &ca, err) < 0) ||
	    (!cert && in_folder(docker, trust, "cert.pem", &cert, err) < 0) ||
	    (!key && in_folder(docker, trust, "key.pem", &key, err) < 0))
		return -1;
	if (!ca && trust->whole && !(ca = arena_format(&docker->arena, "%s/ca.pem", trust->folder)))
		return fail_memory(err);
	*tls = (struct http_tls){.no_verify = trust->unchecked};
	if (ca && !trust->unchecked) {
		if (readable(docker, ca, "the certificate of the authority", err) < 0)
			return -1;
		tls->ca_file = ca;
	}
	/* As the docker program has it: one without the other is none. */
	if (!cert || !key)
		return 0;
	if (readable(docker, cert, "the client certificate", err) < 0 ||
	    readable(docker, key, "the key of the client certificate", err) < 0)
		return -1;
	tls->cert_file = cert;
	tls->key_file = key;
	return 0;
}
