/* stage.h - a seed's simulated world: machines, targets, and those who deploy onto them with the shipped
 * engine. */
#ifndef BERTH_TESTS_SIM_STAGE_H
#define BERTH_TESTS_SIM_STAGE_H

#include "engine/handle.h"
#include "locations/fake/fake.h"
#include "simulation/docker/engine.h"
#include "simulation/machine.h"
#include "simulation/ssh_machine.h"
#include "tests/sim/model.h"
#include "tests/sim/sight.h"
#include "tests/sim/tally.h"

#define ENGINE_ADDRESS "10.0.0.5:2375"
#define HELPER         "/usr/libexec/berth/berth-helper"

enum { MACHINES = 2, DEPLOYERS = 3, FATES_MAX = 16, VERSIONS = 24, ACTS_MAX = 128 };

enum errand_kind {
	DO_DEPLOY,
	DO_PLAN,
	DO_STATUS,
	DO_STOP,
	DO_START,
	DO_RESTART,
	DO_SCALE,
	DO_DESTROY,
	DO_WHY,
	DO_GC,
	DO_LOGS,
	DO_EXEC,
	DO_LOCATIONS,
	DO_ERRANDS,
	DO_POLICY = DO_ERRANDS, /* only where a controller is */
	DO_KINDS
};
extern const char *const errand_words[DO_KINDS];

/* Somebody with a berth: a process of it at a time, on one machine, with one store. */
struct deployer {
	struct theatre *stage;
	int number;
	struct machine *machine;
	const char *state; /* the folder of its store */
	const char *owner; /* NULL: its machine's and store's */
	struct seat *seat;
	struct berth *berth;
	struct berth_operation *operation; /* NULL: idle */
	struct berth_operation *keeper;    /* NULL: it is no controller */
	bool keeps;                        /* whoever takes its place is one again */
	enum errand_kind doing;
	bool adopt, dry;
	bool disturbed;          /* something from outside happened since it began */
	bool overtaken;          /* something that may undo what it did, or do it once more */
	unsigned met;            /* faults of its own messages */
	bool met_at_instance;    /* the last of them, of a request to change an instance */
	unsigned met_by;         /* bit set of those who changed instances after this one did */
	bool changes_instances;  /* it has begun to */
	bool leased, was_leased; /* a lease of its own is at the engine, and was */
	int64_t lease_lost_ms;   /* since then only another's is there; 0: it is not so */
	bool works;              /* it has told of an instance */
	bool crossed;            /* somebody else has stopped or removed one since then */
	uint64_t disturbances_before;
	struct model wanted;     /* of a deploy: what it was asked for */
	struct sights before;    /* what was there when it began */
	size_t changes_before;   /* at the engine */
	unsigned begun;          /* how many operations it began so far */
	enum berth_outcome last; /* how the last one ended */
	char last_words[512];
	bool changed; /* a deploy that changed something */
	char last_changes[512];
	json_t *document;    /* of the last deploy */
	bool alone;          /* nobody else worked meanwhile */
	char holder[80];     /* who had the application at the engine when it began; "" nobody */
	bool from_converged; /* nothing but edits came since the last deploy that ended well */
	struct detail {      /* of DO_POLICY, and of what is meant to be one component's */
		const char *action, *policy, *component, *argument; /* NULL: as chance says */
	} detail;
};

/* What is planned for messages. */
struct planned_fate {
	struct fate fate;
	const char *kind;  /* for the tally */
	bool only_changes; /* only requests that change something */
	const char *only;  /* only those with that in "METHOD url"; NULL: any */
	unsigned skip, times;
};

/* For `only`: those that look at a container of ours, by its name. */
extern const char only_looks[];

/* A program that was started, of which instance. */
struct act {
	pid_t pid;
	uint64_t start_ticks; /* 0: not known yet */
	bool lives;
	char name[48], image[32];
};

struct theatre {
	uint64_t seed;
	struct universe *universe;
	struct machine *machines[MACHINES];
	struct docker_engine *engine;
	struct fake_target *fleet, *cloud;
	struct ssh_machine *there;
	struct deployer deployers[DEPLOYERS];
	struct seat *observer; /* who looks at processes for the judges */
	struct act acts[ACTS_MAX];
	size_t act_count; /* ever */
	struct model model;
	struct text blueprint;
	struct planned_fate fates[FATES_MAX];
	char looked_at[80]; /* whom such a look was of; "" none */
	pid_t twin;         /* a second keeper beside one of the first machine's; 0: none */
	size_t fate_count;
	unsigned fault_percent;    /* of all other messages meet something, too */
	int trial;                 /* that all trials are of; -1: of any */
	char stranger[80];         /* a container of somebody else's; "" none */
	char machine_stranger[80]; /* a directory on the machine reached by SSH, likewise */
	bool goes_on;              /* nothing happened since all had settled, but that a deploy was killed */
	bool troubled;             /* something was set up that goes on to make deploys fail */
	struct sights sights;
	uint64_t steps, disturbances;
	int64_t echoes_until_ms; /* messages of the dead and of those who gave up may arrive till then */
	struct tally *tally;
	struct judge *judge;
	struct sized *sized;         /* a cluster; NULL: there is none */
	struct zoned *zoned;         /* one over several engines; NULL: there is none */
	struct marathoned *marathon; /* an application on a Marathon; NULL: there is none */
	struct clouded *clouded;     /* one on an OpenStack; NULL: there is none */
	struct kept *kept; /* of a controller: what was seen of what it keeps; NULL: there is none */
	/* Why this seed is a violation: the rule's name, and words; "" as long as it is none. */
	char rule[48], verdict[1024];
	void (*line)(void *owner, int64_t now_ms, const char *words);
	void *line_owner;
};

int stage_open(struct theatre *stage, uint64_t seed, struct tally *tally);
void stage_close(struct theatre *stage);
/* Registries have every image. */
void stage_stock(struct theatre *stage);
/* The model as it is now is what the blueprint says from now on. */
void stage_publish(struct theatre *stage);
int64_t stage_now(const struct theatre *stage);
void stage_say(struct theatre *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first one counts. */
void stage_accuse(struct theatre *stage, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Something from outside happened: whoever works now is not to be held to what was planned. */
void stage_disturb(struct theatre *stage, const char *kind);

/* A message met a fault: what is then reported as done is done all the same. */
void stage_meet(struct theatre *stage, const char *kind);
/* Messages may still be on their way from somebody who does not wait for them any more. */
void stage_echo(struct theatre *stage);
/* After a step: those who died are replaced, those who ended are heard. */
void stage_look_round(struct theatre *stage);
/* Let the world go on for so long; judged after every step. False: there is a verdict. */
bool stage_run(struct theatre *stage, int64_t ms);
/* Until that deployer is idle. False: there is a verdict, or it takes too long. */
bool stage_wait(struct theatre *stage, struct deployer *deployer, int64_t limit_ms);

/* --- deployer.c --- */
int deployer_open(struct deployer *deployer);
void deployer_close(struct deployer *deployer); /* as a program that ends; its seat goes too */
/* After it died: another process takes its place. */
void deployer_revive(struct deployer *deployer);
bool deployer_begin(struct deployer *deployer, enum errand_kind doing, uint64_t chance);
/* Its operation has ended: what came of it. */
void deployer_conclude(struct deployer *deployer);
void deployer_lose_store(struct deployer *deployer);

#endif
