/* byon.h - how a pool of machines is written. */
#ifndef BERTH_BLUEPRINTS_BYON_H
#define BERTH_BLUEPRINTS_BYON_H

#include "base/arena.h"
#include "base/json.h"

/* "a, b, user@10.0.0.{1,3-5}": each of them is added to `names`. 0 or -1 with *err. */
int byon_expand(struct arena *arena, json_t *names, const char *text, struct error *err);
/* "(hosts=\"10.0.0.{1,2}\", user=me)", as Brooklyn writes a specification in one line: each is put into
 * `options`. 0 or -1 with *err. */
int byon_read_named(struct arena *arena, const char *text, json_t *options, struct error *err);

#endif
