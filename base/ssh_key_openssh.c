/* ssh_key_openssh.c - OpenSSH's own form of private keys (its PROTOCOL.key), to OpenSSL's keys. */
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/base64.h"
#include "base/bcrypt_pbkdf.h"
#include "base/cleanup.h"
#include "base/ssh_key_internal.h"

static const struct cipher {
	const char *name, *evp;
	size_t key, iv, block;
} ciphers[] = {
    {"none", NULL, 0, 0, 8},
    {"aes256-ctr", "AES-256-CTR", 32, 16, 16},
    {"aes192-ctr", "AES-192-CTR", 24, 16, 16},
    {"aes128-ctr", "AES-128-CTR", 16, 16, 16},
    {"aes256-cbc", "AES-256-CBC", 32, 16, 16},
    {"aes192-cbc", "AES-192-CBC", 24, 16, 16},
    {"aes128-cbc", "AES-128-CBC", 16, 16, 16},
};

enum { KEY_AND_IV_MAX = 48 };

struct container {
	const struct cipher *cipher;
	struct ssh_string salt, private;
	uint32_t rounds;
};

static EVP_PKEY *fail_garbage(struct error *err)
{
	fail(err, ERR_INVALID, "is no private key that can be read");
	return NULL;
}

/* --- what the container holds ---------------------------------------------------------------- */

static bool unwrap(const char *text, size_t size, struct text *ret_bytes)
{
	static const char end[] = "-----END OPENSSH PRIVATE KEY-----";
	owned_text inner = {.secret = true};
	const char *from = memmem(text, size, SSH_KEY_HEADLINE, strlen(SSH_KEY_HEADLINE));

	from += strlen(SSH_KEY_HEADLINE);
	const char *to = memmem(from, size - (size_t)(from - text), end, sizeof(end) - 1);
	if (!to)
		return false;
	text_reserve(&inner, (size_t)(to - from));
	for (; from < to; from++)
		if (*from != ' ' && *from != '\t')
			text_add_char(&inner, *from);
	return !inner.failed && base64_decode(text_view(&inner), ret_bytes) && !ret_bytes->failed;
}

/* 0, or -1 with *err. */
static int read_container(const struct text *bytes, struct container *ret, struct error *err)
{
	static const char magic[] = "openssh-key-v1";
	struct ssh_bytes from = ssh_bytes_of(bytes->data, bytes->length);
	struct ssh_string head = ssh_take(&from, sizeof(magic));

	if (from.bad || memcmp(head.bytes, magic, sizeof(magic)))
		return fail(err, ERR_INVALID, "is no private key that can be read");
	struct ssh_string cipher = ssh_take_string(&from), kdf = ssh_take_string(&from);
	struct ssh_string options = ssh_take_string(&from);
	uint32_t count = ssh_take_u32(&from);
	ssh_take_string(&from); /* the public key of the first */
	ret->private = ssh_take_string(&from);
	if (from.bad || count != 1)
		return fail(err, ERR_INVALID, "is no private key that can be read");
	ret->cipher = NULL;
	for (size_t i = 0; i < COUNT_OF(ciphers); i++)
		if (ssh_string_is(cipher, ciphers[i].name))
			ret->cipher = &ciphers[i];
	if (!ret->cipher || !ssh_string_is(kdf, ret->cipher->key ? "bcrypt" : "none")) {
		fail(err, ERR_UNSUPPORTED, "is encrypted in a way that cannot be read: %.*s with %.*s",
		     (int)(cipher.size < 40 ? cipher.size : 40), cipher.bytes,
		     (int)(kdf.size < 40 ? kdf.size : 40), kdf.bytes);
		remedy(err, "write it anew with `ssh-keygen -p -Z aes256-ctr -f FILE`");
		return -1;
	}
	struct ssh_bytes inner = ssh_bytes_of(options.bytes, options.size);
	if (ret->cipher->key) {
		ret->salt = ssh_take_string(&inner);
		ret->rounds = ssh_take_u32(&inner);
	}
	if (inner.bad || !ret->private.size || ret->private.size % ret->cipher->block)
		return fail(err, ERR_INVALID, "is no private key that can be read");
	return 0;
}

static bool decrypt(const struct container *container, const char *passphrase, struct text *ret)
{
	const struct cipher *kind = container->cipher;
	unsigned char key[KEY_AND_IV_MAX];
	int size = 0;

	text_reserve(ret, container->private.size);
	text_add_bytes(ret, container->private.bytes, container->private.size);
	if (ret->failed)
		return false;
	if (!kind->key)
		return true;
	if (bcrypt_pbkdf(passphrase, strlen(passphrase), container->salt.bytes, container->salt.size,
			 container->rounds, key, kind->key + kind->iv))
		return false;
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, kind->evp, NULL);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	bool done = cipher && context && container->private.size <= INT_MAX &&
		    EVP_DecryptInit_ex2(context, cipher, key, key + kind->key, NULL) == 1 &&
		    EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
		    EVP_DecryptUpdate(context, (unsigned char *)ret->data, &size, container->private.bytes,
				      (int)container->private.size) == 1 &&
		    (size_t)size == container->private.size;
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
	explicit_bzero(key, sizeof(key));
	return done;
}

/* --- keys ------------------------------------------------------------------------------------ */

static EVP_PKEY *make(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY *pair = NULL;
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

	if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &pair, EVP_PKEY_KEYPAIR, params) != 1)
		pair = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	return pair;
}

static EVP_PKEY *make_ed25519(struct ssh_bytes *from)
{
	struct ssh_string public = ssh_take_string(from), private = ssh_take_string(from);

	if (from->bad || public.size != 32 || private.size != 64)
		return NULL;
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private.bytes, 32);
}

static EVP_PKEY *make_curve(struct ssh_bytes *from)
{
	const char *group = ssh_key_group(ssh_take_string(from));
	struct ssh_string point = ssh_take_string(from), number = ssh_take_string(from);
	EVP_PKEY *pair = NULL;

	if (from->bad || !group || number.size > 80)
		return NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *private = BN_secure_new();
	if (build && private && BN_bin2bn(number.bytes, (int)number.size, private) &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.bytes, point.size) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, private))
		pair = make("EC", build);
	BN_clear_free(private);
	OSSL_PARAM_BLD_free(build);
	return pair;
}

enum { RSA_NUMBERS = 8 };

/* What OpenSSH leaves out: d modulo p-1 and q-1. */
static bool add_exponents(BIGNUM *numbers[RSA_NUMBERS])
{
	BN_CTX *context = BN_CTX_secure_new();
	BIGNUM *less = BN_secure_new();
	bool done = context && less;

	for (int i = 0; i < 2 && done; i++)
		done = BN_sub(less, numbers[4 + i], BN_value_one()) &&
		       BN_mod(numbers[6 + i], numbers[2], less, context);
	BN_clear_free(less);
	BN_CTX_free(context);
	return done;
}

static EVP_PKEY *make_rsa(struct ssh_bytes *from)
{
	static const char *const names[RSA_NUMBERS] = {
	    OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
	    OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	    OSSL_PKEY_PARAM_RSA_FACTOR1,   OSSL_PKEY_PARAM_RSA_FACTOR2,
	    OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	};
	BIGNUM *numbers[RSA_NUMBERS] = {0};
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *pair = NULL;
	bool good = build;

	for (int i = 0; i < RSA_NUMBERS && good; i++) {
		numbers[i] = BN_secure_new();
		good = numbers[i];
		if (!good || i >= 6)
			continue;
		struct ssh_string bytes = ssh_take_string(from);
		good =
		    !from->bad && bytes.size <= 2049 && BN_bin2bn(bytes.bytes, (int)bytes.size, numbers[i]);
	}
	good = good && !BN_is_zero(numbers[4]) && !BN_is_one(numbers[4]) && !BN_is_zero(numbers[5]) &&
	       !BN_is_one(numbers[5]) && add_exponents(numbers);
	for (int i = 0; i < RSA_NUMBERS && good; i++)
		good = OSSL_PARAM_BLD_push_BN(build, names[i], numbers[i]);
	if (good)
		pair = make("RSA", build);
	for (int i = 0; i < RSA_NUMBERS; i++)
		BN_clear_free(numbers[i]);
	OSSL_PARAM_BLD_free(build);
	return pair;
}

static EVP_PKEY *make_pair(const struct text *plain, bool *ret_opened)
{
	struct ssh_bytes from = ssh_bytes_of(plain->data, plain->length);
	uint32_t first = ssh_take_u32(&from), second = ssh_take_u32(&from);

	/* Twice the same number: the passphrase was right. */
	*ret_opened = !from.bad && first == second;
	if (!*ret_opened)
		return NULL;
	struct ssh_string type = ssh_take_string(&from);
	if (ssh_string_is(type, "ssh-ed25519"))
		return make_ed25519(&from);
	if (ssh_string_is(type, "ssh-rsa"))
		return make_rsa(&from);
	if (type.size > 11 && !memcmp(type.bytes, "ecdsa-sha2-", 11))
		return make_curve(&from);
	return NULL;
}

EVP_PKEY *ssh_key_open_openssh(const char *text, size_t size, const char *passphrase, bool *ret_encrypted,
			       struct error *err)
{
	owned_text bytes = {.secret = true}, plain = {.secret = true};
	struct container container = {0};
	bool opened = false;

	if (!unwrap(text, size, &bytes))
		return fail_garbage(err);
	if (read_container(&bytes, &container, err))
		return NULL;
	if (container.cipher->key && (!passphrase || !*passphrase)) {
		ssh_key_locked(NULL, ret_encrypted, err);
		return NULL;
	}
	if (!decrypt(&container, passphrase, &plain))
		return fail_garbage(err);
	EVP_PKEY *pair = make_pair(&plain, &opened);
	if (!pair && !opened && container.cipher->key)
		ssh_key_locked(passphrase, ret_encrypted, err);
	else if (!pair)
		fail(err, ERR_UNSUPPORTED,
		     "is damaged, or of a kind that cannot be used: ed25519, ecdsa and RSA can");
	return pair;
}
