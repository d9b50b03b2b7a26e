/* digest.h - SHA-256 of what must not change unnoticed, through OpenSSL's libcrypto. */
#ifndef BERTH_BASE_DIGEST_H
#define BERTH_BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX 65 /* 64 digits and the NUL */

/* The lower-case hexadecimal SHA-256 of `size` bytes. 0, or -1 when libcrypto fails. */
int digest_hex(const void *bytes, size_t size, char ret_hex[static DIGEST_HEX]);

enum { HMAC_SIZE = 32 };
/* HMAC-SHA256: that whoever has the key wrote these bytes. 0, or -1 when libcrypto fails. */
int hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
		unsigned char ret_digest[static HMAC_SIZE]);

#endif
