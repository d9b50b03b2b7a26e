/* keeper.h - the operation that holds every application the store knows. */
#ifndef BERTH_ENGINE_KEEPER_H
#define BERTH_ENGINE_KEEPER_H

#include "engine/hold.h"

/* What the application's hold was let go for, with what became of it; NULL: nothing. */
const struct deed *keeper_deeds(const struct berth_operation *hold);
/* The hold has seen its application. */
void keeper_looked(const struct berth_operation *hold);
/* Which of its instances are unhealthy, as hold_illnesses() has it, and what its sensors told last, as
 * hold_told_numbers() does: what the next hold begins with, and whoever changes the application meanwhile
 * goes by. Both are taken over. */
void keeper_learns(const struct berth_operation *hold, json_t *ill, json_t *numbers);
/* The same, of the last hold in this handle; NULL: nobody knows. */
const json_t *keeper_ill(const struct berth *berth, const char *app);
const json_t *keeper_numbers(const struct berth *berth, const char *app);
/* Its deeds were told to the policies: no other hold hears them again. */
void keeper_told(const struct berth_operation *hold);
/* Whether the hold is to be let go at once, because its targets do not know yet whose duty restarts are. */
bool keeper_tells_duty(struct berth_operation *hold);
/* Whether the application is held by this handle, or about to be: no command is at it then. */
bool keeper_holds(const struct berth *berth, const char *app);
/* The hold of the application that asks its policies now; NULL: none does in this handle. */
struct hold *keeper_hold(const struct berth *berth, const char *app);
/* Whether it is kept by this handle, also while its hold is let go for what only another operation can do. */
bool keeper_keeps(const struct berth *berth, const char *app);
/* Whether the operation is the keeper, or a deed of its: nobody typed a command for it. */
bool keeper_does(const struct berth_operation *operation);
/* Whether something is done about the application in this handle that leaves what policies remember alone: it
 * may be written meanwhile, and is read when the application is held again. */
bool keeper_is_acting(const struct berth *berth, const char *app);
/* Takes them over, to be done beside the hold, one after the other. */
void keeper_add_deeds(struct berth_operation *hold, struct deed *deeds);
/* Whether that wish's deed is with it: to be done, under way, or done and not told of. */
bool keeper_awaits(const struct berth_operation *hold, const char *component, uint64_t wish);
/* The hold has told of that one. */
void keeper_forget(const struct berth_operation *hold, const struct deed *deed);
/* What a deed of the hold may wait for is over. */
void keeper_goes_on(const struct berth_operation *hold);
/* Whether it is a deed beside a hold, which has the lock for both. */
bool keeper_lends_lock(const struct berth_operation *operation);
/* The hold ends: the deed beside it, if there is one, has the lock from now on. */
void keeper_lets_go(struct berth_operation *hold);
/* Whether the operation must wait until its application is let go, which is then begun; it is woken. */
bool keeper_gives_way(struct berth_operation *operation);
/* An operation has ended: applications may be to hold, or not any more. */
void keeper_heard(const struct berth_operation *operation);

#endif
