/* subjects.h - the policies of an application where they are at hand: in the hold that asks them, or as the
 * store remembers them. */
#ifndef BERTH_ENGINE_SUBJECTS_H
#define BERTH_ENGINE_SUBJECTS_H

#include "engine/hold.h"

/* The policies of one component. */
struct subject {
	const struct component *component;
	struct policy_set *set;
	struct held_component *held; /* whose set it is; NULL: it is our own */
};

struct subjects {
	struct subject *list; /* those components that have policies */
	size_t count;
	bool kept; /* by this handle */
};

/* 0 or -1 with operation->error. The lists are in the operation's arena; subjects_release() lets go of the
 * rest. From a hold they are to be used at once. */
int subjects_of_hold(struct berth_operation *operation, const struct hold *hold, struct subjects *ret);
/* Of the operation's application, as a hold would begin with them. */
int subjects_of_store(struct berth_operation *operation, struct subjects *ret);
void subjects_release(struct subjects *subjects);

/* How many policies of its set have the name of this one, and how many of them up to it. */
size_t policy_namesakes(const struct policy_set *set, size_t index, size_t *ret_number);
/* "restarter"; "periodic/2" where there are several. */
void policy_add_name(struct text *to, const struct policy_set *set, size_t index);
/* {"component", "policy", "type", "supplied", "suspended", "config", "about", "each"}; NULL without memory.
 */
json_t *policy_document(const struct subject *subject, size_t index, int64_t wall_ms);

#endif
