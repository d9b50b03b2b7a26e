/* digest.c - SHA-256 in hexadecimal. */
#include "base/digest.h"

#include <openssl/evp.h>

int digest_hex(const void *bytes, size_t size, char ret_hex[static DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	if (!EVP_Digest(size ? bytes : "", size, digest, &length, EVP_sha256(), NULL))
		return -1;
	if (length != (DIGEST_HEX - 1) / 2)
		return -1;
	for (unsigned int i = 0; i < length; i++) {
		ret_hex[2 * i] = digits[digest[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest[i] & 15];
	}
	ret_hex[DIGEST_HEX - 1] = '\0';
	return 0;
}
