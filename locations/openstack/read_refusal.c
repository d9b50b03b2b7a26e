/* read_refusal.c - why an OpenStack did not do it, in one line and told apart, whichever of its services says
 * so. */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "locations/openstack/answers.h"

enum { WORDS_MAX = 300 };

/* Nova and Keystone wrap it once ({"forbidden": {"message"}}), Neutron calls its wrapper NeutronError, Glance
 * and some proxies do not wrap it. `ret_type`: Neutron's word for the kind, or NULL. */
static const char *message_of(const json_t *json, const char **ret_type)
{
	const char *plain = json_text(json, "message"), *key;
	json_t *value;

	*ret_type = NULL;
	if (plain)
		return plain;
	json_object_foreach ((json_t *)json, key, value) {
		if (json_is_string(value) && !strcmp(key, "NeutronError"))
			return json_string_value(value);
		if (!json_text(value, "message"))
			continue;
		*ret_type = json_text(value, "type");
		return json_text(value, "message");
	}
	return NULL;
}

/* Without what looks like a tag, and with every white space as one blank. */
static void add_words(struct text *words, const char *message, size_t size)
{
	bool inside = false, blank = false;

	for (size_t i = 0; i < size && words->length < WORDS_MAX; i++) {
		char c = message[i];
		bool tag = c == '<' && i + 1 < size &&
			   (strchr("/!", message[i + 1]) ||
			    ((message[i + 1] | 32) >= 'a' && (message[i + 1] | 32) <= 'z'));
		if (tag || (inside && c == '>')) {
			inside = tag;
			blank = true;
		} else if (!inside && strchr(" \n\r\t", c)) {
			blank = true;
		} else if (!inside) {
			if (blank && words->length)
				text_add_char(words, ' ');
			blank = false;
			text_add_char(words, c);
		}
	}
}

static bool tells_of_room(const char *words, const char *type)
{
	static const char *const types[] = {"OverQuota", "IpAddressGenerationFailure",
					    "ExternalIpAddressExhausted", "NoFreeVlanId",
					    "NoNetworkAvailable"};
	static const char *const texts[] = {"quota exceeded",
					    "exceeded for resources",
					    "no valid host",
					    "maximum number of ports",
					    "maximum number of fixed ips",
					    "no more ip addresses",
					    "no fixed ip addresses available",
					    "too many key pairs",
					    "exceeds available",
					    "insufficient resources",
					    "exceeded maximum number of"};

	for (size_t i = 0; type && i < COUNT_OF(types); i++)
		if (!strcmp(types[i], type))
			return true;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (strcasestr(words, texts[i]))
			return true;
	return false;
}

static enum openstack_refusal_kind kind_of(int status, const char *words, const char *type)
{
	switch (status) {
	case 401:
		return REFUSED_ASKER;
	case 403:
		return tells_of_room(words, type) ? REFUSED_FOR_ROOM : REFUSED_ASKER;
	case 404:
	case 410:
		return REFUSED_AS_ABSENT;
	case 409:
		return tells_of_room(words, type) ? REFUSED_FOR_ROOM : REFUSED_FOR_ANOTHER;
	case 413: /* Nova's older word for too many requests; the body says which it was */
		return tells_of_room(words, type) ? REFUSED_FOR_ROOM : REFUSED_FOR_NOW;
	case 408:
	case 425:
	case 429:
		return REFUSED_FOR_NOW;
	default:
		if (tells_of_room(words, type))
			return REFUSED_FOR_ROOM;
		return status >= 500 && status != 501 ? REFUSED_FOR_NOW : REFUSED_FOR_GOOD;
	}
}

static const char *plain_words(int status)
{
	switch (status) {
	case 401:
		return "who asks is not accepted";
	case 403:
		return "that is not allowed";
	case 404:
		return "there is no such thing";
	case 429:
		return "it was asked too often";
	case 502:
	case 503:
	case 504:
		return "the service does not answer";
	default:
		return NULL;
	}
}

static int settle(struct text *words, int status, const char *type, struct arena *arena,
		  struct openstack_refusal *ret)
{
	owned_text shown = {0};

	if (!words->length && plain_words(status))
		text_add(words, plain_words(status));
	if (!words->length)
		text_format(words, "it answered %d without a word", status);
	text_add_printable(&shown, text_view(words), words->length);
	ret->words = shown.failed || words->failed ? NULL : arena_text(arena, text_view(&shown));
	if (!ret->words)
		return -1;
	ret->kind = kind_of(status, ret->words, type);
	return 0;
}

int openstack_refusal_read(int status, const char *body, size_t size, struct arena *arena,
			   struct openstack_refusal *ret)
{
	owned_json json = size ? json_parse(body, size, "answer", NULL) : NULL;
	const char *type = NULL, *message = json_is_object(json) ? message_of(json, &type) : NULL;
	owned_text words = {0};

	*ret = (struct openstack_refusal){.words = ""};
	if (message)
		add_words(&words, message, strlen(message));
	else if (!json)
		add_words(&words, body, size);
	return settle(&words, status, type, arena, ret);
}

enum code openstack_code(enum openstack_refusal_kind kind)
{
	switch (kind) {
	case REFUSED_ASKER:
		return ERR_DENIED;
	case REFUSED_FOR_ROOM:
		return ERR_CAPACITY;
	case REFUSED_FOR_NOW:
		return ERR_UNREACHABLE;
	case REFUSED_AS_ABSENT:
		return ERR_MISSING;
	case REFUSED_FOR_ANOTHER:
		return ERR_CONFLICT;
	case REFUSED_FOR_GOOD:
	default:
		return ERR_INVALID;
	}
}
