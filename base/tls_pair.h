/* tls_pair.h - whether a certificate and a private key are a pair that a server can answer with. */
#ifndef BERTH_BASE_TLS_PAIR_H
#define BERTH_BASE_TLS_PAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Both as PEM: the server's own certificate first, perhaps with its chain behind it, and a key without a
 * passphrase. 0, or -1 with *err; *ret_key: it is the key that is wrong. */
int tls_pair_check(const char *certificate, size_t certificate_size, const char *key, size_t key_size,
		   bool *ret_key, struct error *err);

#endif
