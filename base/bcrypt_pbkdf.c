/* bcrypt_pbkdf.c - PBKDF2's frame around a hash made of Blowfish, whose tables are the digits of pi: they are
 * computed when they are first wanted. */
#include "base/bcrypt_pbkdf.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	SUBKEYS = 18,
	BOX = 256,
	WORDS = SUBKEYS + 4 * BOX,
	GUARD = 4, /* words of what rounding may touch */
	DIGEST = 64,
	BLOCK = 32, /* bytes of one hash */
	SALT_MAX = 256,
	KEY_MAX = 1024,
	ROUNDS_MAX = 100000,
};

struct blowfish {
	uint32_t p[SUBKEYS];
	uint32_t s[4][BOX];
};

/* --- pi ------------------------------------------------------------------------------------ */

enum { LIMBS = 1 + WORDS + GUARD }; /* a fraction in base 2^32: the whole part first */

static void divide(uint32_t *ret, const uint32_t *number, uint32_t by, size_t from)
{
	uint64_t rest = 0;

	for (size_t i = from; i < LIMBS; i++) {
		rest = rest << 32 | number[i];
		ret[i] = (uint32_t)(rest / by);
		rest %= by;
	}
}

static void add(uint32_t *to, const uint32_t *number, bool minus, size_t from)
{
	int64_t carry = 0;
	size_t i = LIMBS;

	while (i-- > 0) {
		if (i < from && !carry)
			return;
		int64_t here = i < from ? 0 : number[i];
		int64_t sum = (int64_t)to[i] + (minus ? -here : here) + carry;
		to[i] = (uint32_t)sum;
		carry = sum >> 32;
	}
}

/* to += or -= factor * arctan(1/x) */
static void add_arctan(uint32_t *to, uint32_t factor, uint32_t x, bool minus, uint32_t *power, uint32_t *part)
{
	size_t from = 0; /* all before are 0 */

	memset(power, 0, LIMBS * sizeof(*power));
	memset(part, 0, LIMBS * sizeof(*part));
	power[0] = factor;
	divide(power, power, x, 0);
	for (uint32_t odd = 1; from < LIMBS; odd += 2, minus = !minus) {
		divide(part, power, odd, from);
		add(to, part, minus, from);
		divide(power, power, x * x, from);
		while (from < LIMBS && !power[from])
			part[from++] = 0;
	}
}

static pthread_once_t tables_once = PTHREAD_ONCE_INIT;
static struct blowfish *tables; /* the untouched state; NULL: there was no memory */

/* Machin: pi = 16 arctan(1/5) - 4 arctan(1/239). */
static void make_tables(void)
{
	uint32_t *pi = calloc(3 * LIMBS, sizeof(*pi));

	if (!pi)
		return;
	tables = malloc(sizeof(*tables));
	if (tables) {
		add_arctan(pi, 16, 5, false, pi + LIMBS, pi + 2 * LIMBS);
		add_arctan(pi, 4, 239, true, pi + LIMBS, pi + 2 * LIMBS);
		memcpy(tables->p, pi + 1, sizeof(tables->p));
		memcpy(tables->s, pi + 1 + SUBKEYS, sizeof(tables->s));
	}
	free(pi);
}

/* --- Blowfish ------------------------------------------------------------------------------ */

static uint32_t mix(const struct blowfish *state, uint32_t x)
{
	return ((state->s[0][x >> 24] + state->s[1][x >> 16 & 255]) ^ state->s[2][x >> 8 & 255]) +
	       state->s[3][x & 255];
}

static void encipher(const struct blowfish *state, uint32_t *left, uint32_t *right)
{
	uint32_t l = *left ^ state->p[0], r = *right;

	for (int i = 1; i <= 16; i += 2) {
		r ^= mix(state, l) ^ state->p[i];
		l ^= mix(state, r) ^ state->p[i + 1];
	}
	*left = r ^ state->p[17];
	*right = l;
}

/* The next 32 bits of bytes that begin anew when they end. */
static uint32_t next_word(const unsigned char *bytes, size_t size, size_t *at)
{
	uint32_t word = 0;

	for (int i = 0; i < 4; i++) {
		word = word << 8 | bytes[*at];
		*at = (*at + 1) % size;
	}
	return word;
}

/* Stir the key into the state, and with `salt` that too. */
static void expand(struct blowfish *state, const unsigned char *salt, const unsigned char *key)
{
	uint32_t *words = state->p, left = 0, right = 0;
	size_t at = 0;

	for (int i = 0; i < SUBKEYS; i++)
		state->p[i] ^= next_word(key, DIGEST, &at);
	at = 0;
	/* The subkeys, then the boxes, which lie behind them. */
	for (int i = 0; i < WORDS; i += 2) {
		if (salt) {
			left ^= next_word(salt, DIGEST, &at);
			right ^= next_word(salt, DIGEST, &at);
		}
		encipher(state, &left, &right);
		if (i == SUBKEYS)
			words = &state->s[0][0] - SUBKEYS;
		words[i] = left;
		words[i + 1] = right;
	}
}

/* --- the hash and its frame ----------------------------------------------------------------- */

static void hash(struct blowfish *state, const unsigned char *passphrase, const unsigned char *salt,
		 unsigned char ret[BLOCK])
{
	static const char words[] = "OxychromaticBlowfishSwatDynamite";
	uint32_t text[BLOCK / 4];
	size_t at = 0;

	*state = *tables;
	expand(state, salt, passphrase);
	for (int i = 0; i < 64; i++) {
		expand(state, NULL, salt);
		expand(state, NULL, passphrase);
	}
	for (int i = 0; i < BLOCK / 4; i++)
		text[i] = next_word((const unsigned char *)words, BLOCK, &at);
	for (int round = 0; round < 64; round++)
		for (int i = 0; i < BLOCK / 4; i += 2)
			encipher(state, &text[i], &text[i + 1]);
	for (int i = 0; i < BLOCK; i++)
		ret[i] = (unsigned char)(text[i / 4] >> i % 4 * 8);
	explicit_bzero(text, sizeof(text));
}

static bool sha512(const void *bytes, size_t size, unsigned char ret[DIGEST])
{
	return EVP_Digest(bytes, size, ret, NULL, EVP_sha512(), NULL) == 1;
}

struct work {
	struct blowfish state;
	unsigned char passphrase[DIGEST], salt[DIGEST], one[BLOCK], all[BLOCK];
};

/* One block of the key, its bytes spread over all of it. */
static bool make_block(struct work *work, const unsigned char *salt, size_t salt_size, uint32_t rounds)
{
	if (!sha512(salt, salt_size, work->salt))
		return false;
	hash(&work->state, work->passphrase, work->salt, work->one);
	memcpy(work->all, work->one, BLOCK);
	for (uint32_t round = 1; round < rounds; round++) {
		if (!sha512(work->one, BLOCK, work->salt))
			return false;
		hash(&work->state, work->passphrase, work->salt, work->one);
		for (int i = 0; i < BLOCK; i++)
			work->all[i] ^= work->one[i];
	}
	return true;
}

static bool make_key(struct work *work, const void *salt, size_t salt_size, uint32_t rounds,
		     unsigned char *ret_key, size_t key_size)
{
	size_t stride = (key_size + BLOCK - 1) / BLOCK;
	unsigned char numbered[SALT_MAX + 4] = {0};

	memcpy(numbered, salt, salt_size);
	for (size_t block = 0; block < stride; block++) {
		numbered[salt_size + 3] = (unsigned char)(block + 1);
		if (!make_block(work, numbered, salt_size + 4, rounds))
			return false;
		for (size_t i = 0; i * stride + block < key_size && i < BLOCK; i++)
			ret_key[i * stride + block] = work->all[i];
	}
	return true;
}

int bcrypt_pbkdf(const void *passphrase, size_t passphrase_size, const void *salt, size_t salt_size,
		 uint32_t rounds, unsigned char *ret_key, size_t key_size)
{
	struct work *work;

	if (!passphrase_size || !salt_size || salt_size > SALT_MAX || !key_size || key_size > KEY_MAX ||
	    !rounds || rounds > ROUNDS_MAX)
		return -1;
	pthread_once(&tables_once, make_tables);
	work = tables ? malloc(sizeof(*work)) : NULL;
	if (!work)
		return -1;
	bool done = sha512(passphrase, passphrase_size, work->passphrase) &&
		    make_key(work, salt, salt_size, rounds, ret_key, key_size);
	explicit_bzero(work, sizeof(*work));
	free(work);
	return done ? 0 : -1;
}
