/* lasting.h - a change that outlives whoever carries it out: it is in the store until it has ended, and who
 * comes next goes on with it.
 */
#ifndef BERTH_ENGINE_LASTING_H
#define BERTH_ENGINE_LASTING_H

#include "engine/engine.h"

/* Of an operation that goes on with one: what there is to go on with. Before anything else of it is done, any
 * number of times. False: it was ended, since nobody is to. */
bool lasting_take_up(struct berth_operation *operation);
/* It is known of which application it is: it is in the store from now on. */
void lasting_ask(struct berth_operation *operation);
/* Its turn has come: nobody else changes the application. Where it is none, those that were under way there
 * are over. */
void lasting_begin(struct berth_operation *operation);
/* It makes the application that revision, which the next record says. */
void lasting_revise(struct berth_operation *operation);
/* Nobody wants it any more; it has ended. */
void lasting_cancel(struct berth_operation *operation);
void lasting_end(struct berth_operation *operation);
void lasting_free(struct berth_operation *operation);

/* Whether the revision that it made is recorded already, so that it is what is to be brought about. */
bool lasting_is_recorded(const struct berth_operation *operation);
/* Whether that instance was seen to already, by whoever was killed at it. */
bool lasting_has_done(const struct berth_operation *operation, const char *instance);

#endif
