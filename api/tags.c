/* tags.c - entity tags: by which an answer is known again, and a change is meant for one revision alone. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/routes.h"
#include "base/cleanup.h"

enum { TAG_SIZE = 64, TAG_DIGITS = 16, HEAD_OF_DOCUMENT = 400 };

/* --- of an answer --------------------------------------------------------------------------- */

/* What `status` tells of one application begins with that. 0: it was never deployed from here. */
static int64_t revision_of(const char *document, size_t size)
{
	static const char key[] = ",\"revision\":";
	const char *at =
	    memmem(document, size < HEAD_OF_DOCUMENT ? size : HEAD_OF_DOCUMENT, key, sizeof key - 1);
	int64_t revision = 0;
	return at && sscanf(at + sizeof key - 1, "%" SCNd64, &revision) == 1 ? revision : 0;
}

/* "7-3f2a9c0d1e2f3a4b": the revision, where there is one, and a digest of the very bytes. 0 or -1. */
static int make_tag(const struct exchange *exchange, const char *bytes, size_t size, char ret_tag[TAG_SIZE])
{
	char digest[DIGEST_HEX];
	const char *verb = exchange->route->verb;
	bool application = verb && strcmp(verb, "status") == 0;
	int64_t revision = application ? revision_of(bytes, size) : 0;
	if (digest_hex(bytes, size, digest))
		return -1;
	if (revision)
		snprintf(ret_tag, TAG_SIZE, "\"%" PRId64 "-%.*s\"", revision, TAG_DIGITS, digest);
	else
		snprintf(ret_tag, TAG_SIZE, "\"%.*s\"", TAG_DIGITS, digest);
	return 0;
}

/* Whether a list of tags has that one, weak or not. */
static bool has_tag(const char *list, const char *tag)
{
	size_t length = strlen(tag);
	while (*list) {
		list += strspn(list, " \t,");
		if (*list == '*')
			return true;
		if (starts_with(list, "W/"))
			list += 2;
		if (strncmp(list, tag, length) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

void answer_tagged(struct exchange *exchange, const char *type, const char *bytes, size_t size)
{
	char tag[TAG_SIZE];
	const char *had = exchange_header(exchange, "If-None-Match");
	if (make_tag(exchange, bytes, size, tag)) {
		problem(exchange, 500, NULL, "SHA-256 failed");
		return;
	}
	exchange->tagged = true;
	answer_header(exchange, "ETag", tag);
	if (had && has_tag(had, tag))
		answer_empty(exchange, 304);
	else
		answer_text(exchange, 200, type, bytes, size);
}

/* --- of a change ---------------------------------------------------------------------------- */

/* "7" or "7-3f2a9c0d1e2f3a4b": of what is told of an application, its revision is what others change. 0: it
 * is no tag of an application, or a weak one, and nothing is like it. */
static int64_t revision_of_tag(const char *tag)
{
	int64_t revision = 0;
	char *end = NULL;
	if (*tag++ != '"' || !isdigit((unsigned char)*tag))
		return 0;
	revision = strtoll(tag, &end, 10);
	size_t digest = *end == '-' ? strspn(end + 1, "0123456789abcdef") : 0;
	bool whole = *end == '"' || (digest == TAG_DIGITS && end[1 + digest] == '"');
	const char *rest = strchr(end, '"');
	return whole && rest && !rest[1 + strspn(rest + 1, " \t")] ? revision : 0;
}

static int refuse(struct exchange *exchange, const char *words, const char *what_to_do)
{
	problem(exchange, 400, what_to_do, "%s", words);
	return -1;
}

static int read_match(struct exchange *exchange, const char *tag, struct berth_request *request)
{
	const char *opened = tag + (starts_with(tag, "W/") ? 2 : 0);
	const char *closed = *opened == '"' ? strchr(opened + 1, '"') : NULL;
	if (!closed || closed[1 + strspn(closed + 1, " \t")])
		return refuse(exchange, "If-Match takes one tag here",
			      "send the ETag of GET /v1/applications/{app}, or a revision: \"7\"");
	request->if_revision = revision_of_tag(tag);
	if (request->if_revision > 0)
		return 0;
	problem(exchange, 412, "send the ETag of GET /v1/applications/{app}, or a revision: \"7\"",
		"no application is ever known by the tag %.64s", tag);
	return -1;
}

int tags_read(struct exchange *exchange, const struct server_verb *verb, struct berth_request *request)
{
	const char *match = exchange_header(exchange, "If-Match");
	const char *none = exchange_header(exchange, "If-None-Match");
	if (match && !has_word(verb->takes, "if_revision"))
		return refuse(exchange, "this changes no application: it takes no If-Match", NULL);
	if (none && (!has_word(verb->takes, "if_new") || strcmp(none, "*") != 0))
		return refuse(exchange, "If-None-Match is taken by a deploy alone, and only as `*`", NULL);
	if (none)
		request->if_new = true;
	return match ? read_match(exchange, match, request) : 0;
}
