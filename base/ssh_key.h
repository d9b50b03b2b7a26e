/* ssh_key.h - private keys to log in with: read from what a file holds, and used to sign. */
#ifndef BERTH_BASE_SSH_KEY_H
#define BERTH_BASE_SSH_KEY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

struct ssh_key;
struct world;

/* A private key that others have rights to is not used, as by ssh: ERR_DENIED. What is not there, or
 * somebody else's, is no matter of this. 0 or -1. */
int ssh_key_file_check(struct world *world, const char *path, struct error *err);

/* An OpenSSH, PEM or PKCS#8 private key; NULL with *err. *ret_encrypted: it is, and there was no passphrase.
 * May compute for long when it is encrypted. */
struct ssh_key *ssh_key_open(const char *text, size_t size, const char *passphrase, bool *ret_encrypted,
			     struct error *err);
void ssh_key_close(struct ssh_key *key);
/* The public key (RFC 4253, 6.6), under the name by which it signs: RSA as "rsa-sha2-512". */
const struct text *ssh_key_blob(const struct ssh_key *key);
/* Append it as a line of authorized_keys has it, without a comment. */
void ssh_key_public(const struct ssh_key *key, struct text *to);
/* Append the signature alone, without its name; false when it cannot. */
bool ssh_key_sign(const struct ssh_key *key, const void *bytes, size_t size, struct text *ret_signature);

/* "ED25519", "ECDSA", "RSA", for messages. */
const char *ssh_key_kind(const void *blob, size_t size);
/* An ssh-rsa public key as one that signs with SHA-512: sshd takes it by that name, and libssh2 1.10, which
 * takes the name for the signature from the key, then says so. False for no RSA key. */
bool ssh_key_blob_sha512(const void *blob, size_t size, struct text *ret_blob);

#endif
