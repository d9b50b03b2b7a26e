/* model.h - the application of a seed as its author edits it: what the blueprint says, so that a test knows
 * what is wanted without asking berth. */
#ifndef BERTH_TESTS_SIM_MODEL_H
#define BERTH_TESTS_SIM_MODEL_H

#include "base/text.h"
#include "tests/sim/dice.h"

enum { PARTS_MAX = 16, LINKS_MAX = 3 };

/* The kinds of places where a component may go. */
enum realm { REALM_DOCKER, REALM_LOCAL, REALM_FAKE, REALM_NAMELESS, REALM_MACHINE, REALMS };

static inline bool realm_has_processes(enum realm realm)
{
	return realm == REALM_LOCAL || realm == REALM_MACHINE;
}

/* What the program in it does. */
enum temper {
	TEMPER_GOOD,
	TEMPER_SLOW,  /* answers after a while */
	TEMPER_DEAD,  /* never answers */
	TEMPER_CRASH, /* ends at once, again and again */
	TEMPERS
};

/* Who looks after it while a controller runs. */
enum care {
	CARE_NONE,
	CARE_RESTARTED,
	CARE_REPLACED,
	CARE_BOTH,
	CARE_CLASSIC, /* Brooklyn's ServiceRestarter */
	CARE_CLASSIC_BOTH,
	CARES
};
extern const char *const care_words[CARES];

/* What the blueprint says of restarters and replacers under their short names. */
enum {
	CARE_BACKOFF_MS = 2000,
	CARE_BACKOFF_MAX_MS = 16000,
	CARE_STABLE_MS = 20000,
	CARE_BREAKER_AFTER = 4,
	CARE_BREAKER_MS = 30000,
	CARE_PARALLEL = 2,
	CARE_CLASSIC_MS = 180000, /* a second failure so soon is the last, by the class name */
};

struct part {
	bool there;
	char id[12];
	enum realm realm;
	unsigned version; /* of what needs another instance */
	unsigned setting; /* of a variable */
	unsigned content; /* of its file; 0: it has none */
	unsigned memory;  /* in MB; 0: no limit */
	unsigned instances;
	enum temper temper;
	bool job, published, volume, checked, protected, peer;
	bool guarded; /* it was protected once: what was made then says so, whatever the blueprint says now */
	bool stop_first;      /* so that no update has two of it */
	uint16_t bound;       /* a port of the host; 0: none */
	bool always;          /* its restart policy */
	int on_change;        /* 0: restart, 1: signal, 2: none */
	int links[LINKS_MAX]; /* indices of parts before it; -1: none */
	int after;            /* dependsOn; -1: none */
	enum care care;
	bool connected;  /* it is asked whether it takes connections */
	bool periodic;   /* restarted by the clock */
	bool stop_after; /* stopped when it has had its time */
};

struct model {
	struct part parts[PARTS_MAX];
	unsigned next_name, next_version;
	unsigned realms; /* bit set of those that are used */
	bool secret;
	unsigned secret_version;
};

/* What an edit was about. */
enum edit {
	EDIT_VERSION,
	EDIT_SETTING,
	EDIT_COUNT,
	EDIT_LINK,
	EDIT_ADD,
	EDIT_REMOVE,
	EDIT_RENAME,
	EDIT_PUBLISH,
	EDIT_BIND,
	EDIT_MEMORY,
	EDIT_FILE,
	EDIT_ON_CHANGE,
	EDIT_TEMPER,
	EDIT_PROTECT,
	EDIT_VOLUME,
	EDIT_MOVE,
	EDIT_RESTART,
	EDIT_ROTATE, /* the secret */
	EDITS
};
extern const char *const edit_words[EDITS];

void model_invent(struct model *model, struct dice *dice, unsigned realms);
/* Change one thing; the part it was about, or -1 when there was nothing to do. */
int model_edit(struct model *model, enum edit edit, uint64_t chance);
/* Whether anything of it may carry the mark of what is protected: of whom no blueprint speaks, that counts
 * wherever nobody remembers that it was let go. */
bool model_is_guarded(const struct model *model);
/* Nothing in it keeps it from running, and nothing is protected. */
void model_heal(struct model *model);
/* How long a job of that version runs before it comes to its end: some take longer than berth may live. */
static inline int64_t model_job_lives_ms(unsigned version)
{
	return version % 2 ? 200 : 12000;
}
/* "good:3" */
void model_image(const struct part *part, char *ret, size_t size);
void model_render(const struct model *model, struct text *ret_yaml);
/* model_care.c: each part is given to somebody's care, or to nobody's. */
void model_care(struct model *model, struct dice *dice);
bool part_is_kept(const struct part *part);     /* its restarts are a policy's */
bool part_is_replaced(const struct part *part); /* a policy makes it anew */
bool part_has_duty(const struct part *part);    /* and its target can be told so */
void model_render_care(const struct part *part, struct text *out);
const struct part *model_part(const struct model *model, const char *id);
/* Whether the secret is one of its variables. */
bool model_has_secret(const struct model *model, const struct part *part);
/* Whether somebody at another place is linked to it. */
bool model_has_consumer_outside(const struct model *model, int provider);
/* How many instances are wanted in all. */
unsigned model_wanted(const struct model *model);

#endif
