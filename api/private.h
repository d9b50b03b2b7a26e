/* private.h - files with secrets: nobody else may be able to read them. */
#ifndef BERTH_API_PRIVATE_H
#define BERTH_API_PRIVATE_H

#include "base/error.h"

/* Each line in turn, without its end, until `take` fails. `what` names the file for people: "the token file".
 * 0; or -1 with *err: ERR_INVALID when it is not there, or can be read by others. */
int private_lines(const char *path, const char *what,
		  int (*take)(void *context, char *line, int number, struct error *err), void *context,
		  struct error *err);

#endif
