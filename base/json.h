/* json.h - small helpers over jansson: reading without surprises, writing in the stable order. */
#ifndef BERTH_BASE_JSON_H
#define BERTH_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

static inline void release_json(json_t **json)
{
	json_decref(*json);
}

#define owned_json __attribute__((cleanup(release_json))) json_t * /* owned_json answer = NULL; */

/* The same of what holds passwords: its texts are overwritten first. Texts that were taken from it are theirs
 * who took them. */
void release_secret_json(json_t **json);
#define owned_secret_json __attribute__((cleanup(release_secret_json))) json_t *

/* Parse an answer of a remote: duplicates and over-deep nesting refused, err names `what`. NULL on failure.
 */
json_t *json_parse(const char *text, size_t size, const char *what, struct error *err);
typedef int json_visitor(void *context, const char *key, json_t *value, struct error *err);
/* Each member of an object, parsed for itself: one of a hundred thousand members is never there as a whole.
 * Of a key that comes twice both are told. Until `visit` returns other than 0. 0 or -1. */
int json_each_member(const char *text, size_t size, const char *what, json_visitor *visit, void *context,
		     struct error *err);
/* The member's text, or NULL when the object, the member or the type is not there. Borrowed. */
const char *json_text(const json_t *object, const char *key);
/* The member's whole number, or `otherwise`. */
int64_t json_number(const json_t *object, const char *key, int64_t otherwise);
bool json_flag(const json_t *object, const char *key, bool otherwise);
/* The member at a path such as "State.ExitCode" (keys without dots), or NULL. Borrowed. */
json_t *json_at(const json_t *object, const char *path);
/* A string of any bytes: what is no UTF-8 becomes the sign for it. NULL without memory. */
json_t *json_any_text(const char *text);
/* As jansson's, which take the value over, NULL for none could be made; a failure is counted, so that a
 * document of hundreds need not be asked at each of them. 0 or -1. */
int json_put(json_t *object, const char *key, json_t *value);
int json_put_shared(json_t *object, const char *key, json_t *value); /* the value stays its owner's, too */
int json_add(json_t *list, json_t *value);
/* Add text to an object; NULL text adds JSON null. 0 or -1 when memory is gone. */
int json_put_text(json_t *object, const char *key, const char *text);
int json_put_number(json_t *object, const char *key, int64_t number);
int json_put_flag(json_t *object, const char *key, bool flag);
/* Compact one-line form in insertion order, for the caller to free; NULL when memory is gone. */
char *json_line(const json_t *json);
/* The same with the members of objects in the order of their names; of an object or an array. */
char *json_sorted_line(const json_t *json);
/* The same at the end of a text. */
void json_add_line(struct text *to, const json_t *json);

#endif
