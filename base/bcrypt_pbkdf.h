/* bcrypt_pbkdf.h - a key out of a passphrase, slowly, as OpenSSH's encrypted private keys want it. */
#ifndef BERTH_BASE_BCRYPT_PBKDF_H
#define BERTH_BASE_BCRYPT_PBKDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0, or -1 for what cannot be meant or without memory. Computes for long: the more rounds, the longer. */
int bcrypt_pbkdf(const void *passphrase, size_t passphrase_size, const void *salt, size_t salt_size,
		 uint32_t rounds, unsigned char *ret_key, size_t key_size);

#endif
