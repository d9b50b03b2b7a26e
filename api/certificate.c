/* certificate.c - what a client's certificate says of who asks: its authority is ours, and it names its role.
 */
#include <dlfcn.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "api/server.h"
#include "base/cleanup.h"

/* Of the library that libmicrohttpd itself speaks TLS with. */
static struct {
	__typeof__(gnutls_certificate_verify_peers) *verify;
	__typeof__(gnutls_certificate_get_peers) *peers;
	__typeof__(gnutls_x509_crt_init) *init;
	__typeof__(gnutls_x509_crt_import) *import;
	__typeof__(gnutls_x509_crt_deinit) *deinit;
	__typeof__(gnutls_x509_crt_get_dn_by_oid) *name;
} tls;

int certificates_load(struct error *err)
{
	const struct {
		const char *name;
		void **function;
	} wanted[] = {
	    {"gnutls_certificate_verify_peers", (void **)&tls.verify},
	    {"gnutls_certificate_get_peers", (void **)&tls.peers},
	    {"gnutls_x509_crt_init", (void **)&tls.init},
	    {"gnutls_x509_crt_import", (void **)&tls.import},
	    {"gnutls_x509_crt_deinit", (void **)&tls.deinit},
	    {"gnutls_x509_crt_get_dn_by_oid", (void **)&tls.name},
	};
	void *library = dlopen("libgnutls.so.30", RTLD_LAZY | RTLD_LOCAL);
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		if (!library || !(*wanted[i].function = dlsym(library, wanted[i].name)))
			return fail(err, ERR_UNSUPPORTED,
				    "client certificates need GnuTLS (libgnutls.so.30)");
	return 0;
}

/* Of our authority, in its time, and meant for clients. */
static bool is_trusted(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
					 .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
	unsigned wrong = 1;
	return tls.verify(session, &purpose, 1, &wrong) == GNUTLS_E_SUCCESS && !wrong;
}

static enum role read_certificate(const gnutls_datum_t *raw, char ret_who[96])
{
	gnutls_x509_crt_t certificate;
	char name[64] = "", unit[32] = "";
	size_t name_size = sizeof name, unit_size = sizeof unit;
	enum role role = ROLE_NOBODY;
	if (tls.init(&certificate) < 0)
		return ROLE_NOBODY;
	if (tls.import(certificate, raw, GNUTLS_X509_FMT_DER) == 0 &&
	    tls.name(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &name_size) == 0) {
		int found =
		    tls.name(certificate, GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME, 0, 0, unit, &unit_size);
		/* One that is too long for a role is there, too, and none. */
		if (found == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			role = ROLE_READ;
		else if (found == 0)
			role = role_find(unit);
		snprintf(ret_who, 96, "%s (certificate)", name);
	}
	tls.deinit(certificate);
	return role;
}

enum role certificate_role(const struct exchange *exchange, char ret_who[96])
{
	const struct berth_server *server = exchange->server;
	const union MHD_ConnectionInfo *info =
	    server->ca
		? server->http.connection_info(exchange->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)
		: NULL;
	unsigned count = 0;
	if (!info || !info->tls_session || !tls.verify)
		return ROLE_NOBODY;
	const gnutls_datum_t *chain = tls.peers(info->tls_session, &count);
	if (!chain || !count || !is_trusted(info->tls_session))
		return ROLE_NOBODY;
	return read_certificate(&chain[0], ret_who);
}
