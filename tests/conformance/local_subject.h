/* local_subject.h - hooks of the conformance suite over the driver for processes, whatever the machine is
 * made of. */
#ifndef BERTH_TESTS_CONFORMANCE_LOCAL_SUBJECT_H
#define BERTH_TESTS_CONFORMANCE_LOCAL_SUBJECT_H

#include "tests/conformance/conformance.h"

/* Where they act; set before the first of them is called. */
extern struct local_ground {
	struct world *world;
	const char *directory, *helper;
	const char *claims; /* NULL: where they lie by themselves */
} local_ground;

int local_open(struct subject *subject, struct location *ret, const char *more, struct error *err);
/* Gives the spec its command, and the port that it listens on. 0 or -1. */
int local_fit(struct instance_spec *fitted, const char **command, uint16_t number);
int local_stranger(struct subject *subject, const char *name);
bool local_stranger_left(struct subject *subject, const char *name);
/* Another program of the same user, with that world, removes it. */
int local_vanish(struct subject *subject, struct world *other, const char *name);
int local_file(struct subject *subject, const char *name, const char *path, struct text *text,
	       unsigned *ret_mode);
void local_release(void);

/* What none of them can produce. */
#define LOCAL_UNFITS                                                                                         \
	{"answer_lost_after_rename", "this machine's answers are not lost"},                                 \
	    {"answer_lost_after_place", "this machine's answers are not lost"},                              \
	    {"answer_lost_after_start", "this machine's answers are not lost"},                              \
	    {"answer_lost_after_remove", "this machine's answers are not lost"},                             \
	    {"unreachable_is_unknown", "this machine is always reached"},                                    \
	    {"gap_in_the_watch_is_relisted", "the watch looks by itself and has no gaps"},                   \
	    {"event_told_twice_changes_nothing", "the watch looks by itself and is told nothing"},           \
	    {"name_held_by_another_application", "an instance's directory lies in its application's"},       \
	    {"volumes_outlive_the_release", "processes have no volumes"},                                    \
	{                                                                                                    \
		"volumes_go_when_asked", "processes have no volumes"                                         \
	}

#endif
