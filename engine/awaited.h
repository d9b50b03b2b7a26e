/* awaited.h - sensors whose numbers a component is given that is only being made: an operation asks them
 * itself, for as long as it lasts. */
#ifndef BERTH_ENGINE_AWAITED_H
#define BERTH_ENGINE_AWAITED_H

#include "engine/specs.h"

struct hold;

/* The number that a VALUE_SAMPLE stands for, for the instance of `work`. RESOLVED_LATER: it was not told yet,
 * and the work is woken when it may have been. */
enum resolved awaited_resolve(struct work *work, const struct value *value, struct text *to,
			      struct error *err);
/* Ask those whose time has come, and wake who waits for what was told. */
void awaited_step(struct berth_operation *operation);
/* What is sensed in an operation on that application, for numbers that are pushed; NULL: nothing is. */
const struct hold *awaited_in(const struct berth *berth, const char *app);
void awaited_end(struct berth_operation *operation);

#endif
