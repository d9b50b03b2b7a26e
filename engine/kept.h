/* kept.h - an application that is kept, as the files of the keeper know it. */
#ifndef BERTH_ENGINE_KEPT_H
#define BERTH_ENGINE_KEPT_H

#include "engine/hold.h"

struct kept {
	char *app;
	struct berth_operation *hold;  /* NULL: it is let go */
	struct berth_operation *doing; /* a deed, beside the hold or, where it is about all, without one */
	struct deed *deeds;            /* in the order in which they were wished for */
	struct deed *deed;             /* the one that is done; NULL: none is */
	bool known;                    /* still in the store */
	bool looked_at;                /* it was held once */
	bool has_duties;
	bool duty_told;     /* its targets were told whose duty restarts are */
	bool leaving, over; /* the keeper ends */
	unsigned failures;
	json_t *ill, *numbers; /* hold_illnesses() and so on of the last hold; NULL: there was none */
	char *told;            /* why it is not kept for now, as it was told last; NULL: it is */
	int64_t not_before_ms;
	struct kept *next;
};

/* --- keeper.c --- */
/* Of that very hold; NULL: none is. */
struct kept *kept_by(const struct berth_operation *hold);

/* --- keeper_deeds.c --- */
/* Those that wait go, or those that are done. */
void kept_drop_deeds(struct kept *kept, bool done);
/* The next one to be done beside its hold; NULL: none is now. */
struct deed *kept_deed_due(const struct kept *kept);
/* False: no memory. */
bool kept_do_beside(struct berth_operation *keeper, struct kept *kept, struct deed *deed);
/* What was done is over: tell of it. */
void kept_deed_ended(struct kept *kept);
/* That its targets are told whose duty restarts are. NULL: no memory. */
struct deed *kept_duty(void);
/* Have done what is to be done while nobody holds it. True when it is done, or there is none. */
bool kept_duty_done(struct berth_operation *keeper, struct kept *kept);

#endif
