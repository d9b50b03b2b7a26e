/* ssh_key.c - private keys to log in with, through OpenSSL: the public half as SSH writes it, and signatures.
 */
#include "base/ssh_key.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/ssh_key_internal.h"

enum { NUMBER_MAX = 2048 + 8, POINT_MAX = 160 };

static const struct curve {
	const char *name, *group, *type, *digest;
	size_t size; /* bytes of a coordinate */
} curves[] = {
    {"nistp256", "prime256v1", "ecdsa-sha2-nistp256", "SHA256", 32},
    {"nistp384", "secp384r1", "ecdsa-sha2-nistp384", "SHA384", 48},
    {"nistp521", "secp521r1", "ecdsa-sha2-nistp521", "SHA512", 66},
};

struct ssh_key {
	EVP_PKEY *pair;
	const char *digest; /* NULL: the key's own */
	bool curve;         /* its signature is two numbers */
	struct text blob;
};

const char *ssh_key_group(struct ssh_string name)
{
	for (size_t i = 0; i < COUNT_OF(curves); i++)
		if (ssh_string_is(name, curves[i].name))
			return curves[i].group;
	return NULL;
}

/* --- the public half ------------------------------------------------------------------------ */

static bool add_number(const EVP_PKEY *pair, const char *what, struct text *to)
{
	BIGNUM *number = NULL;
	unsigned char bytes[NUMBER_MAX];

	if (!EVP_PKEY_get_bn_param(pair, what, &number))
		return false;
	bool fits = BN_num_bytes(number) <= (int)sizeof(bytes);
	if (fits)
		ssh_add_mpint(to, bytes, (size_t)BN_bn2bin(number, bytes));
	BN_free(number);
	return fits;
}

static bool describe_rsa(struct ssh_key *key)
{
	static const char name[] = "rsa-sha2-512";

	key->digest = "SHA512";
	ssh_add_string(&key->blob, name, sizeof(name) - 1);
	return add_number(key->pair, OSSL_PKEY_PARAM_RSA_E, &key->blob) &&
	       add_number(key->pair, OSSL_PKEY_PARAM_RSA_N, &key->blob);
}

/* The point without compression: only so SSH writes it. */
static bool describe_curve(struct ssh_key *key)
{
	char group[80];
	unsigned char x[NUMBER_MAX], point[POINT_MAX] = {4};
	BIGNUM *at[2] = {NULL, NULL};
	const struct curve *curve = NULL;

	if (!EVP_PKEY_get_utf8_string_param(key->pair, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
					    NULL))
		return false;
	for (size_t i = 0; i < COUNT_OF(curves); i++)
		if (!strcmp(group, curves[i].group))
			curve = &curves[i];
	if (!curve)
		return false;
	bool read = EVP_PKEY_get_bn_param(key->pair, OSSL_PKEY_PARAM_EC_PUB_X, &at[0]) &&
		    EVP_PKEY_get_bn_param(key->pair, OSSL_PKEY_PARAM_EC_PUB_Y, &at[1]);
	for (int i = 0; i < 2 && read; i++) {
		read = BN_bn2binpad(at[i], x, (int)curve->size) == (int)curve->size;
		memcpy(point + 1 + (size_t)i * curve->size, x, curve->size);
	}
	BN_free(at[0]);
	BN_free(at[1]);
	key->digest = curve->digest;
	key->curve = true;
	ssh_add_string(&key->blob, curve->type, strlen(curve->type));
	ssh_add_string(&key->blob, curve->name, strlen(curve->name));
	ssh_add_string(&key->blob, point, 1 + 2 * curve->size);
	return read;
}

static bool describe_ed25519(struct ssh_key *key)
{
	static const char name[] = "ssh-ed25519";
	unsigned char bytes[32];
	size_t size = sizeof(bytes);

	if (!EVP_PKEY_get_raw_public_key(key->pair, bytes, &size))
		return false;
	ssh_add_string(&key->blob, name, sizeof(name) - 1);
	ssh_add_string(&key->blob, bytes, size);
	return true;
}

static bool describe(struct ssh_key *key)
{
	switch (EVP_PKEY_get_base_id(key->pair)) {
	case EVP_PKEY_RSA:
		return describe_rsa(key);
	case EVP_PKEY_EC:
		return describe_curve(key);
	case EVP_PKEY_ED25519:
		return describe_ed25519(key);
	default:
		return false;
	}
}

/* --- opening -------------------------------------------------------------------------------- */

struct passphrase {
	const char *text;
	bool asked;
};

static int give_passphrase(char *buffer, int room, int writing, void *context)
{
	struct passphrase *passphrase = context;

	(void)writing;
	passphrase->asked = true;
	if (!passphrase->text || strlen(passphrase->text) > (size_t)room)
		return -1;
	memcpy(buffer, passphrase->text, strlen(passphrase->text));
	return (int)strlen(passphrase->text);
}

static EVP_PKEY *open_pem(const char *text, size_t size, const char *words, bool *ret_encrypted,
			  struct error *err)
{
	struct passphrase passphrase = {.text = words};
	BIO *from = size <= INT_MAX ? BIO_new_mem_buf(text, (int)size) : NULL;
	EVP_PKEY *pair = from ? PEM_read_bio_PrivateKey(from, NULL, give_passphrase, &passphrase) : NULL;

	BIO_free(from);
	if (pair)
		return pair;
	if (passphrase.asked)
		ssh_key_locked(words, ret_encrypted, err);
	else
		fail(err, ERR_INVALID, "is no private key that can be read");
	return NULL;
}

void ssh_key_locked(const char *passphrase, bool *ret_encrypted, struct error *err)
{
	*ret_encrypted = !passphrase;
	fail(err, ERR_DENIED,
	     passphrase ? "is encrypted, and its passphrase is another one"
			: "is encrypted, and no passphrase is given");
}

struct ssh_key *ssh_key_open(const char *text, size_t size, const char *passphrase, bool *ret_encrypted,
			     struct error *err)
{
	struct ssh_key *key = calloc(1, sizeof(*key));

	*ret_encrypted = false;
	if (!key) {
		fail_memory(err);
		return NULL;
	}
	key->pair = memmem(text, size, SSH_KEY_HEADLINE, strlen(SSH_KEY_HEADLINE))
			? ssh_key_open_openssh(text, size, passphrase, ret_encrypted, err)
			: open_pem(text, size, passphrase, ret_encrypted, err);
	if (key->pair && describe(key) && !key->blob.failed)
		return key;
	if (key->pair)
		fail(err, ERR_UNSUPPORTED, "is of a kind that cannot be used: ed25519, ecdsa and RSA can");
	ssh_key_close(key);
	return NULL;
}

void ssh_key_close(struct ssh_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pair);
	text_release(&key->blob);
	free(key);
}

const struct text *ssh_key_blob(const struct ssh_key *key)
{
	return &key->blob;
}

/* --- signing -------------------------------------------------------------------------------- */

/* Two numbers in ASN.1 as two of SSH's. */
static bool add_pair(const unsigned char *der, size_t size, struct text *to)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
	unsigned char bytes[80];

	if (!pair)
		return false;
	const BIGNUM *numbers[] = {ECDSA_SIG_get0_r(pair), ECDSA_SIG_get0_s(pair)};
	for (size_t i = 0; i < 2; i++)
		ssh_add_mpint(to, bytes, (size_t)BN_bn2bin(numbers[i], bytes));
	ECDSA_SIG_free(pair);
	return true;
}

bool ssh_key_sign(const struct ssh_key *key, const void *bytes, size_t size, struct text *ret_signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[NUMBER_MAX];
	size_t length = sizeof(signature);
	bool done = context &&
		    EVP_DigestSignInit_ex(context, NULL, key->digest, NULL, NULL, key->pair, NULL) == 1 &&
		    EVP_DigestSign(context, signature, &length, bytes, size) == 1;

	EVP_MD_CTX_free(context);
	if (!done)
		return false;
	if (key->curve)
		done = add_pair(signature, length, ret_signature);
	else
		text_add_bytes(ret_signature, signature, length);
	return done && !ret_signature->failed;
}

/* --- public keys ---------------------------------------------------------------------------- */

const char *ssh_key_kind(const void *blob, size_t size)
{
	struct ssh_bytes bytes = ssh_bytes_of(blob, size);
	struct ssh_string type = ssh_take_string(&bytes);

	if (ssh_string_is(type, "ssh-ed25519"))
		return "ED25519";
	if (ssh_string_is(type, "ssh-rsa") || ssh_string_is(type, "rsa-sha2-512"))
		return "RSA";
	if (type.size > 11 && !memcmp(type.bytes, "ecdsa-sha2-", 11))
		return "ECDSA";
	return "other";
}

bool ssh_key_blob_sha512(const void *blob, size_t size, struct text *ret_blob)
{
	static const char name[] = "rsa-sha2-512";
	struct ssh_bytes bytes = ssh_bytes_of(blob, size);

	if (!ssh_string_is(ssh_take_string(&bytes), "ssh-rsa"))
		return false;
	ssh_add_string(ret_blob, name, sizeof(name) - 1);
	text_add_bytes(ret_blob, bytes.at, bytes.left);
	return true;
}

void ssh_key_public(const struct ssh_key *key, struct text *to)
{
	static const char rsa[] = "ssh-rsa";
	struct ssh_bytes bytes = ssh_bytes_of(key->blob.data, key->blob.length);
	struct ssh_string type = ssh_take_string(&bytes);
	owned_text blob = {0};

	if (ssh_string_is(type, "rsa-sha2-512"))
		type = (struct ssh_string){(const unsigned char *)rsa, sizeof(rsa) - 1};
	ssh_add_string(&blob, (const char *)type.bytes, type.size);
	text_add_bytes(&blob, bytes.at, bytes.left);
	text_add_bytes(to, type.bytes, type.size);
	text_add_char(to, ' ');
	base64_add(to, blob.data, blob.length);
	to->failed = to->failed || blob.failed;
}
