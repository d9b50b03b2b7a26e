/* request.h - a struct berth_request as JSON, both ways: one table of its members for the server, the client
 * and the description of the API. */
#ifndef BERTH_API_REQUEST_H
#define BERTH_API_REQUEST_H

#include "base/arena.h"
#include "base/json.h"
#include "berth/berth.h"

enum member_kind { MEMBER_TEXT, MEMBER_LIST, MEMBER_FLAG, MEMBER_NUMBER, MEMBER_SMALL };

struct member {
	const char *name;
	enum member_kind kind;
	size_t at; /* in struct berth_request */
	const char *summary;
};

extern const struct member members[];
extern const size_t member_count;
const struct member *member_find(const char *name);

/* Whether a word is one of those that `words`, with blanks between, has. */
bool has_word(const char *words, const char *word);

/* Take over what a body says; texts go to the arena. `takes`: the members that may be there. 0, or -1 with
 * *err (ERR_INVALID: which member, and what to write instead). */
int request_read(struct berth_request *ret, struct arena *arena, const json_t *body, const char *takes,
		 struct error *err);
/* One member of a query: text as it is, lists item by item, flags as true or false. */
int request_read_word(struct berth_request *ret, struct arena *arena, const char *name, const char *value,
		      const char *takes, struct error *err);
/* All that says something, of what is taken. NULL without memory. */
json_t *request_write(const struct berth_request *request, const char *takes);
/* The JSON Schema of a body with these members. */
json_t *request_schema(const char *takes);
/* And of one member. */
json_t *member_schema(const struct member *member);

#endif
