/* digest.c - SHA-256 in hexadecimal.
 *
 * By libcrypto's plain functions, which it calls deprecated: its newer interface loads a provider and reads a
 * configuration file first, 2 MB and several milliseconds that no command here has another use for.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>

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

/* SHA-256 of a block that the key is mixed into, and of what comes after it. */
static int keyed(const unsigned char *block, unsigned char mixed_with, const void *bytes, size_t size,
		 unsigned char ret_digest[static HMAC_SIZE])
{
	unsigned char mixed[SHA256_CBLOCK];
	SHA256_CTX context;

	for (size_t i = 0; i < sizeof(mixed); i++)
		mixed[i] = block[i] ^ mixed_with;
	bool well = SHA256_Init(&context) && SHA256_Update(&context, mixed, sizeof(mixed)) &&
		    SHA256_Update(&context, bytes, size) && SHA256_Final(ret_digest, &context);
	explicit_bzero(mixed, sizeof(mixed));
	explicit_bzero(&context, sizeof(context));
	return well ? 0 : -1;
}

int hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
		unsigned char ret_digest[static HMAC_SIZE])
{
	unsigned char block[SHA256_CBLOCK] = {0}, inner[HMAC_SIZE];
	int failed = 0;

	if (key_size > sizeof(block))
		failed = SHA256(key, key_size, block) ? 0 : -1;
	else if (key_size)
		memcpy(block, key, key_size);
	failed = failed || keyed(block, 0x36, bytes, size, inner) ||
		 keyed(block, 0x5c, inner, sizeof(inner), ret_digest);
	explicit_bzero(block, sizeof(block));
	return failed ? -1 : 0;
}
