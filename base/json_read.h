/* json_read.h - JSON as programs write it, read in one pass. */
#ifndef BERTH_BASE_JSON_READ_H
#define BERTH_BASE_JSON_READ_H

#include <jansson.h>

enum { JSON_DEPTH_MOST = 256 }; /* jansson's own limit of 2048 is a lot of stack for an answer of a remote */

/* The first value of a text, and in *at where it ends. NULL, and *at as it was: it is wrong, deeper than
 * that, or there was no memory for it; jansson's own reading tells. */
json_t *json_read(const char **at, const char *end);

#endif
