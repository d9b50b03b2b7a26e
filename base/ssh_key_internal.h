/* ssh_key_internal.h - private keys: between OpenSSH's own form and OpenSSL's. */
#ifndef BERTH_BASE_SSH_KEY_INTERNAL_H
#define BERTH_BASE_SSH_KEY_INTERNAL_H

#include <openssl/types.h>

#include "base/error.h"
#include "base/ssh_bytes.h"

#define SSH_KEY_HEADLINE "-----BEGIN OPENSSH PRIVATE KEY-----"

EVP_PKEY *ssh_key_open_openssh(const char *text, size_t size, const char *passphrase, bool *ret_encrypted,
			       struct error *err);
/* OpenSSL's name of a curve; NULL: it is none of SSH's. */
const char *ssh_key_group(struct ssh_string name);
/* *err: it does not open with this passphrase. */
void ssh_key_locked(const char *passphrase, bool *ret_encrypted, struct error *err);

#endif
