/* operation.h - an operation and its lock on an application. */
#ifndef BERTH_ENGINE_OPERATION_H
#define BERTH_ENGINE_OPERATION_H

#include "engine/engine.h"

/* Only one command of this user at a time changes an application. True when this one does; false: the
 * operation is woken again, or was ended with the holder's name (ERR_LOCKED). The kernel lets go of it when
 * its holder dies. */
bool lock_ready(struct berth_operation *operation);
/* Write down who holds it, for those who are refused: once something is to be changed. */
void lock_describe(struct berth_operation *operation);
/* The same once for all whose applications it holds. */
void lock_describe_all(struct berth_operation *keeper);
/* The application is gone: its lock leaves no files behind. */
void lock_remove(struct berth_operation *operation);
/* Whether another command changes the application now, and in words which. It is not in its way. */
bool lock_held(const struct berth_operation *operation, const char *app, struct text *ret_words);
void lock_release(struct berth_operation *operation);
/* The one that ends leaves it to another one, which has gone by it so far. */
void lock_hand_over(struct berth_operation *from, struct berth_operation *to);

/* expected.c: whether the application is at the revision that the request is meant for. False: the operation
 * was ended. Asked by lock_ready; before that by those who take no lock. */
bool is_as_expected(struct berth_operation *operation);

#endif
