/* link_numbers.h - who holds the numbers of one whose target moves it. */
#ifndef BERTH_LINK_NUMBERS_H
#define BERTH_LINK_NUMBERS_H

#include "engine/specs.h"

/* Its target moves one of those that it is linked to. */
bool holds_numbers(const struct work *work);
/* Made anew when what it was given changes. */
bool follows_anew(const struct work *work);
/* It was made with others than work->spec, which was built just now, has. */
bool has_old_numbers(const struct work *work);
/* What a verb that starts what is there needs: its name and its ports, and where it holds numbers that are
 * others by now those of now, with how it is given them. RESOLVED_NEVER with work->error. */
enum resolved spec_started(struct work *work, const char **ret_waits);

#endif
