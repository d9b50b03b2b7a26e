/* known_hosts.c - what known_hosts files say of a machine's host key: each line for itself, so that a bad one
 * costs nothing but itself. */
#include "base/known_hosts.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/cleanup.h"

enum { SHA1_SIZE = 20, PATTERN_MAX = 1024 };

struct piece {
	const char *start;
	size_t length;
};

enum marker { PLAIN, REVOKED, AUTHORITY, STRANGE };

struct entry {
	enum marker marker;
	struct piece names, type, key;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of a line, and what is left of it. */
static struct piece next_word(struct piece *line)
{
	struct piece word;

	while (line->length && blank(*line->start))
		line->start++, line->length--;
	word.start = line->start;
	while (line->length && !blank(*line->start))
		line->start++, line->length--;
	word.length = (size_t)(line->start - word.start);
	return word;
}

static bool equals(struct piece piece, const char *text)
{
	return piece.length == strlen(text) && !memcmp(piece.start, text, piece.length);
}

static bool read_entry(struct piece line, struct entry *ret)
{
	struct piece word = next_word(&line);

	if (!word.length || *word.start == '#')
		return false;
	ret->marker = PLAIN;
	if (*word.start == '@') {
		ret->marker = equals(word, "@revoked")          ? REVOKED
			      : equals(word, "@cert-authority") ? AUTHORITY
								: STRANGE;
		word = next_word(&line);
	}
	ret->names = word;
	ret->type = next_word(&line);
	ret->key = next_word(&line);
	return ret->key.length && ret->marker != STRANGE;
}

/* --- which machines a line speaks of -------------------------------------------------------- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Going back to the last '*' alone, which is enough, and is never slow. */
bool host_pattern_matches(const char *pattern, size_t length, const char *name)
{
	size_t at = 0, star = SIZE_MAX;
	const char *resume = NULL;

	while (*name) {
		char c = at < length ? pattern[at] : '\0';
		if (c == '*') {
			star = at++;
			resume = name;
		} else if (at < length && (c == '?' || lower(c) == lower(*name))) {
			at++;
			name++;
		} else if (star != SIZE_MAX) {
			at = star + 1;
			name = ++resume;
		} else {
			return false;
		}
	}
	while (at < length && pattern[at] == '*')
		at++;
	return at == length;
}

static bool decode(struct piece piece, struct text *ret)
{
	owned_text copy = {0};

	text_add_bytes(&copy, piece.start, piece.length);
	return !copy.failed && copy.length && base64_decode(copy.data, ret);
}

/* "|1|salt|HMAC-SHA1 of the name by the salt" */
static bool hash_matches(struct piece hashed, const char *name)
{
	const char *salt = hashed.start + 3, *end = hashed.start + hashed.length;
	const char *bar = memchr(salt, '|', (size_t)(end - salt));
	owned_text key = {0}, wanted = {0}, folded = {0};
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	if (!bar || !decode((struct piece){salt, (size_t)(bar - salt)}, &key) ||
	    !decode((struct piece){bar + 1, (size_t)(end - bar - 1)}, &wanted) || wanted.length != SHA1_SIZE)
		return false;
	for (const char *c = name; *c; c++)
		text_add_char(&folded, lower(*c));
	return !folded.failed &&
	       HMAC(EVP_sha1(), key.data, (int)key.length, (const unsigned char *)text_view(&folded),
		    folded.length, digest, &size) &&
	       size == SHA1_SIZE && !memcmp(digest, wanted.data, SHA1_SIZE);
}

/* Any of a list, unless one that begins with '!' matches too. */
static bool speaks_of(struct piece names, const char *name)
{
	bool any = false;

	if (names.length > 3 && !memcmp(names.start, "|1|", 3))
		return hash_matches(names, name);
	while (names.length) {
		const char *comma = memchr(names.start, ',', names.length);
		struct piece one = {names.start, comma ? (size_t)(comma - names.start) : names.length};
		bool not = one.length && *one.start == '!';
		struct piece pattern = {one.start + not, one.length - not };
		if (pattern.length && pattern.length <= PATTERN_MAX &&
		    host_pattern_matches(pattern.start, pattern.length, name)) {
			if (not )
				return false;
			any = true;
		}
		names.start += one.length + (comma != NULL);
		names.length -= one.length + (comma != NULL);
	}
	return any;
}

/* --- what a line says of them --------------------------------------------------------------- */

static void remember_type(struct host_key_finding *finding, const char *type)
{
	for (size_t i = 0; i < finding->type_count; i++)
		if (!strcmp(finding->types[i], type))
			return;
	if (finding->type_count < HOST_KEY_TYPES)
		strcpy(finding->types[finding->type_count++], type);
}

static enum host_key_verdict judge(const struct entry *entry, const struct host_key_question *question,
				   const char *type, const struct text *key)
{
	char shown[64];

	host_key_type(question->key, question->key_size, shown);
	bool same = key->length == question->key_size && !memcmp(key->data, question->key, key->length);
	if (entry->marker == REVOKED)
		return same ? HOST_KEY_REVOKED : HOST_KEY_UNKNOWN;
	if (same)
		return HOST_KEY_KNOWN;
	return strcmp(type, shown) ? HOST_KEY_OTHER : HOST_KEY_CHANGED;
}

static void take_entry(const struct entry *entry, const struct host_key_question *question, size_t file,
		       size_t line, struct host_key_finding *finding)
{
	owned_text key = {0};
	char type[64];

	if (entry->marker == AUTHORITY) {
		if (!finding->authority && finding->verdict == HOST_KEY_UNKNOWN) {
			finding->file = file;
			finding->line = line;
		}
		finding->authority = true;
		return;
	}
	if (!decode(entry->key, &key))
		return;
	host_key_type(key.data, key.length, type);
	if (!equals(entry->type, type))
		return;
	if (entry->marker == PLAIN)
		remember_type(finding, type);
	enum host_key_verdict verdict = question->key ? judge(entry, question, type, &key) : HOST_KEY_UNKNOWN;
	if (verdict <= finding->verdict)
		return;
	finding->verdict = verdict;
	finding->file = file;
	finding->line = line;
	strcpy(finding->type, type);
}

void known_hosts_look(const struct host_key_question *question, size_t file, const char *text, size_t size,
		      struct host_key_finding *finding)
{
	owned_text name = {0};
	size_t line = 0;

	known_hosts_name(&name, question->name, question->port);
	if (name.failed)
		return;
	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;
		struct piece whole = {text, length};
		struct entry entry;
		line++;
		while (whole.length && whole.start[whole.length - 1] == '\r')
			whole.length--;
		if (!memchr(whole.start, '\0', whole.length) && read_entry(whole, &entry) &&
		    speaks_of(entry.names, name.data))
			take_entry(&entry, question, file, line, finding);
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
}

/* --- keys and names ------------------------------------------------------------------------- */

void known_hosts_name(struct text *to, const char *name, uint16_t port)
{
	if (port == 22)
		text_add(to, name);
	else
		text_format(to, "[%s]:%u", name, (unsigned int)port);
}

void host_key_type(const void *key, size_t size, char ret_type[static 64])
{
	const unsigned char *bytes = key;
	size_t length;

	ret_type[0] = '\0';
	if (size < 5)
		return;
	length = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
	if (length > size - 4 || length > 63 || memchr(bytes + 4, '\0', length))
		return;
	memcpy(ret_type, bytes + 4, length);
	ret_type[length] = '\0';
}

void host_key_fingerprint(const void *key, size_t size, struct text *to)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	if (!EVP_Digest(key, size, digest, &length, EVP_sha256(), NULL)) {
		to->failed = true;
		return;
	}
	text_add(to, "SHA256:");
	base64_add(to, digest, length);
	while (!to->failed && to->length && to->data[to->length - 1] == '=')
		to->data[--to->length] = '\0';
}

bool host_key_decode(const char *pin, struct text *ret_key)
{
	owned_text word = {0};
	const char *blob = strchr(pin, ' ');

	if (!blob)
		return false;
	blob += strspn(blob, " ");
	text_add_bytes(&word, blob, strcspn(blob, " \t\r\n"));
	return !word.failed && base64_decode(text_view(&word), ret_key);
}

/* The fingerprints of those that are pinned, with commas between. */
static void write_pins(const char *const *pins, struct text *ret)
{
	for (const char *const *pin = pins; *pin; pin++) {
		owned_text key = {0};
		text_add(ret, ret->length ? ", " : "");
		if (host_key_decode(*pin, &key))
			host_key_fingerprint(key.data, key.length, ret);
		else
			text_add(ret, *pin);
	}
}

int host_key_refuse(const char *peer, const char *const *pins, const void *key, size_t size,
		    struct error *err)
{
	owned_text wanted = {0}, shown = {0};
	char type[64];

	write_pins(pins, &wanted);
	host_key_type(key, size, type);
	host_key_fingerprint(key, size, &shown);
	fail(err, ERR_DENIED, "the host key of %s is not one of those it must have (%s): it shows %s %s",
	     peer, text_view(&wanted), type, text_view(&shown));
	remedy(err, "if that is right, name this one: hostKey: \"%s\"", text_view(&shown));
	return -1;
}
