/* outpost.h - somebody with a berth of their own, who works with one application at one target when all else
 * of a seed has come to rest. */
#ifndef BERTH_TESTS_SIM_OUTPOST_H
#define BERTH_TESTS_SIM_OUTPOST_H

#include "tests/sim/stage.h"

typedef void happening(struct theatre *stage, struct dice *dice);

/* The first part is set by whose it is. */
struct outpost {
	struct theatre *stage;
	const char *name; /* in the story: "marathon" */
	const char *app, *state, *file;
	const char *(*environment)(const char *name); /* NULL: no variable is set */
	/* An operation has ended well. */
	void (*ended_well)(struct theatre *stage, enum errand_kind doing);
	/* What a controller tells; or NULL. */
	void (*heard)(struct theatre *stage, const struct berth_event *event);

	struct seat *seat;
	struct berth *berth;
	struct berth_operation *operation, *keeper;
	struct text blueprint;
	bool changed; /* the last deploy that ended well changed something */
	bool warned;  /* the operation said that something was left undone */
	char last_words[400], last_changes[400];
	/* Something that is to happen in the middle of an operation. */
	happening *happens;
	int64_t happens_ms;
	uint64_t happens_chance;
};

int outpost_open(struct outpost *post);
void outpost_close(struct outpost *post);
/* Who is dead has a successor, who may look at nothing yet: false. */
bool outpost_step(struct outpost *post);
enum berth_outcome outpost_order(struct outpost *post, enum errand_kind doing);
/* So often, until it ends well; else that is a violation. */
bool outpost_insist(struct outpost *post, enum errand_kind doing);
/* The next deploy ends well and changes nothing. */
void outpost_settles(struct outpost *post);
/* In the middle of the next operation. */
void outpost_plan(struct outpost *post, struct dice *dice, happening *happens, unsigned within_ms);
/* A controller begins to keep it, or ends. */
bool outpost_keep(struct outpost *post);
void outpost_let_go(struct outpost *post);
/* Of a message: `fate` lacks only how long it is under way. */
void outpost_fate(struct outpost *post, const char *kind, const struct planned_fate *planned);

#endif
