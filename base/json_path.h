/* json_path.h - paths into a document as JSONPath writes them: $.load, $.pools[0]['in use'], $[-1].
 *
 * What leads to one value is there: members by name and elements by number, from the end where it is below 0.
 * What leads to several ($..x, [*], [?()]) is not.
 */
#ifndef BERTH_BASE_JSON_PATH_H
#define BERTH_BASE_JSON_PATH_H

#include <jansson.h>

#include "base/error.h"

/* 0, or -1 with what is wrong of it. The `$` at its beginning may be left out. */
int json_path_check(const char *path, struct error *err);
/* What it leads to, borrowed; NULL: nothing is there, or it is no path. */
json_t *json_path_find(const json_t *document, const char *path);

#endif
