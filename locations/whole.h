/* whole.h - one listing of every application at a place, for many who each want one of them.
 *
 * What the parts tell lies in the whole, which goes with the last who uses it.
 */
#ifndef BERTH_LOCATIONS_WHOLE_H
#define BERTH_LOCATIONS_WHOLE_H

#include "locations/location.h"

struct whole *whole_new(void);           /* with one user; NULL: no memory */
void whole_release(struct whole *whole); /* by one of its users; NULL is fine */
/* The same for somebody who is to take a part of it: with the last of them goes what finds the parts. */
struct whole *whole_read(struct whole *whole);
void whole_read_ended(struct whole *whole); /* NULL is fine */

/* What is listed into, by the driver; and why that failed. */
struct inventory *whole_inventory(struct whole *whole);
struct error *whole_error(struct whole *whole);

/* The application's instances, and nothing else. 0 or -1 (no memory). */
int whole_part(struct whole *whole, const char *app, struct inventory *ret);

#endif
