/* helper_program.h - the helper program as a file that is to run elsewhere: for which machines it is one, and
 * its bytes. */
#ifndef BERTH_LOCATIONS_HELPER_PROGRAM_H
#define BERTH_LOCATIONS_HELPER_PROGRAM_H

#include "base/text.h"
#include "locations/location.h"

enum { HELPER_DIGITS = 12 };

struct helper_program {
	char refused[320];              /* why it cannot run elsewhere; "": it can */
	const char *platform;           /* "linux/amd64" */
	char digits[HELPER_DIGITS + 1]; /* of its bytes' digest; "" until they were read */
};

/* What its first bytes tell. */
void helper_program_look(const struct location *location, struct helper_program *ret);
/* All of it; also names it by its digits. 0, or -1 with *err. */
int helper_program_read(const struct location *location, struct helper_program *program,
			struct text *ret_bytes, struct error *err);

#endif
