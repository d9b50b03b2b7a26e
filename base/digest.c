/* digest.c - SHA-256 in hexadecimal.
 *
 * By libcrypto's plain functions, which it calls deprecated: its newer interface loads a provider and reads a
 * configuration file first, 2 MB and several milliseconds that no command here has another use for.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <openssl/sha.h>

int digest_hex(const void *bytes, size_t size, char ret_hex[static DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX context;

	if (!SHA256_Init(&context) || !SHA256_Update(&context, bytes, size) ||
	    !SHA256_Final(digest, &context))
		return -1;
	for (size_t i = 0; i < sizeof(digest); i++) {
		ret_hex[2 * i] = digits[digest[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest[i] & 15];
	}
	ret_hex[DIGEST_HEX - 1] = '\0';
	return 0;
}
