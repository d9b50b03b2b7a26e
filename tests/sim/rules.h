/* rules.h - the rules of trust, one function each: it accuses the stage where the world breaks it. */
#ifndef BERTH_TESTS_SIM_RULES_H
#define BERTH_TESTS_SIM_RULES_H

#include "tests/sim/judge.h"

enum { STRANGERS_MAX = 8, VOLUMES_MAX = 64 };

struct judge {
	struct sights now;
	uint64_t stamp; /* of what `now` shows */
	char strangers[STRANGERS_MAX][64];
	size_t stranger_count, sure_count; /* the first ones are known to be there */
	char volumes[VOLUMES_MAX][80];     /* of data, seen so far and not asked to be removed */
	size_t volume_count;
	size_t changes_seen; /* of the engine's */
	struct map *phases;  /* instance -> the last phase told */
	struct sights done;  /* what was there when an operation reported success */
	uint64_t done_at;    /* the disturbances then */
	bool done_holds;
	struct model converged; /* what the last deploy that ended well was asked for */
	uint64_t converged_at;  /* the disturbances then */
	bool converged_holds;   /* and no other operation came between */
	bool forgetful;         /* a store was lost, and with it the locations that it knew */
};

/* --- rules_always.c: after every step --- */
void rule_no_doubles(struct theatre *stage, const struct sights *sights);
void rule_nothing_unmarked(struct theatre *stage, const struct sights *sights);
void rule_strangers_untouched(struct theatre *stage);
void rule_data_stays(struct theatre *stage);
void rule_done_survives(struct theatre *stage);
void rule_in_order(struct theatre *stage, const struct sights *before, const struct sights *now);

/* Whoever alone deploys, undisturbed; or NULL. */
const struct deployer *judge_quiet_deployer(const struct theatre *stage);

/* --- rules_update.c: while an update goes on --- */
void rule_all_served(struct theatre *stage, const struct sights *now);
/* Of whoever is asked to stop. */
void rule_name_is_lost(struct theatre *stage, const struct docker_change *change);

/* --- rules_care.c: who is spared --- */
/* One instance of a component at a time is changed, and one at a time follows its providers. */
void rule_in_turn(struct theatre *stage, const struct sights *now);
/* Of whoever is asked to stop, and is wanted no more. */
void rule_goes_last(struct theatre *stage, const struct docker_change *change);
/* A deploy has ended well. */
void rule_not_in_vain(struct deployer *deployer);
/* A deploy has failed. */
void rule_others_left(struct deployer *deployer);

/* --- rules_lease.c: after every step, and of whoever is asked to change --- */
void judge_see_leases(struct theatre *stage);
void rule_leased(struct deployer *deployer);

/* --- rules_operation.c: when an operation has ended --- */
/* It begins: whose the application is, for rule_only_owners. */
void judge_note_holder(struct deployer *deployer);
void rule_only_read(struct deployer *deployer);
void rule_only_owners(struct deployer *deployer);
void rule_plan_kept(struct deployer *deployer);
void rule_plan_done(struct deployer *deployer);
void rule_only_touched(struct deployer *deployer);
void rule_old_ones_kept(struct deployer *deployer);
/* Whether the blueprint says something else of it than before. */
bool judge_is_edited(const struct model *before, const struct model *after, int index);

/* --- rules_success.c: when an operation has ended, well or not --- */
bool judge_reads_only(enum errand_kind doing);
void rule_success_is_true(struct deployer *deployer);
void rule_bears_it(struct deployer *deployer);
void rule_ends_well(struct deployer *deployer);
/* Something in it does not get ready. */
bool judge_anybody_fails(const struct model *model);

/* --- rules_written.c: when a deploy or all has come to rest --- */
/* Each instance against the lines of the blueprint that are about it. */
void rule_as_written(struct theatre *stage, const struct model *model);

/* --- rules_rest.c: when a deploy or all has come to rest --- */
/* Each instance of the model, else the violation has that name. */
void rule_wanted_run(struct theatre *stage, const struct model *model, const char *name);
void rule_nothing_more(struct theatre *stage);
void rule_links_lead(struct theatre *stage, const struct model *model);
/* The one that stands for the instance; NULL: none. */
const struct sight *judge_counted(const struct theatre *stage, const struct part *part, unsigned ordinal);
bool part_leaves_nothing(const struct part *part);
/* Where nothing of the blueprint is, only the store knows to look. */
bool judge_is_findable(const struct theatre *stage, const struct model *model, enum realm realm);
/* After a destroy. */
void rule_nothing_left(struct theatre *stage);

#endif
