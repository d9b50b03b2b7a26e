/* marathon.h - what the rooms of the Marathon driver share: the opened location, its flows and their calls.
 */
#ifndef BERTH_LOCATIONS_MARATHON_MARATHON_H
#define BERTH_LOCATIONS_MARATHON_MARATHON_H

#include "base/cleanup.h"
#include "base/map.h"
#include "locations/location.h"
#include "locations/marathon/answers.h"

#define READ_MS     15000 /* a read unanswered for so long is unknown; a standby gives up after 10 s */
#define CHANGE_MS   60000 /* changes are queued there */
#define ELECTION_MS 20000 /* so long nobody may be the leader */
#define LOOK_MS     300   /* between two looks at what is under way */
#define REASON_MS   3000  /* between two looks why it is */
#define CALLS       3     /* of one flow at a time */
#define TRIES       6

struct marathon;
struct flow;
struct gathering;
struct watcher;

/* One step of a flow: reads what came of the last one, does the next. PROGRESS_WAITING with nothing under way
 * means that another step was set and is to be taken at once. */
typedef enum progress flow_step(struct flow *flow, struct error *err);

struct marathon {
	struct location *location;
	struct world *world;
	struct arena arena;
	const char *const *masters; /* "http://a:8080"; of Mesos' masters, where that is who is asked first */
	size_t master_count;
	const char *const *bases; /* where Marathon is: the same, or what Mesos' master told */
	size_t base_count, base;  /* the one that answered last */
	bool by_mesos;            /* the location names Mesos' masters */
	const char *wanted;       /* the name of the framework; NULL: any Marathon */
	const char *identity, *shown;
	const char *authorization; /* a whole header; NULL: nobody asks who we are */
	bool secure;
	struct http_tls tls;
	json_t *lasting; /* options that lead here whatever the environment says */
	/* What its tasks get that the blueprint says nothing about. */
	const char
	    *address; /* where its agents are reached that call themselves by a loopback; NULL: not said */
	const char *image;   /* that processes run in */
	const char *network; /* "bridge", "host", or the name of one */
	const char *role;
	const json_t *constraints, *fetch, *upgrade, *hosts, *extra;
	double cpus, mem, disk;
	int64_t patience_ms;
	bool mesos_containers; /* run by Mesos itself, and by no Docker engine */
	bool known;            /* who it is */
	bool gated;            /* its Mesos, and the agents, are reached where it is itself */
	unsigned major, minor;
	char version[32], framework[128], mesos[256];
	char leader[256]; /* Mesos' leading master, as far as it was asked */
	struct flow *flows;
	struct gathering *gatherings;
	struct map *listed;      /* paths that were asked for many: when last */
	size_t group_size;       /* how many apps were in one when that was last listed */
	struct watcher *watcher; /* NULL: nobody watches */
};

/* One request and what came of it. */
struct marathon_call {
	struct flow *flow;
	struct exchange *exchange;
	char what[200]; /* "PUT /v2/apps/shop/web" */
	struct error error;
	int status;
	bool sent, reads;
	struct text body, headers;
	json_t *json;
};

struct marathon_wish {
	const char *app, *name;
	const struct instance_spec *spec;
	const struct list_request *list;
	struct inventory *inventory;
	struct arena *arena;
	struct observed *observed;
	const char *token;
	const struct lease *lease;
	struct lease *lease_holder;
	const struct owner *owner;
	bool adopt;
	struct owner *holder;
	const struct health_check *check;
	const struct log_options *log;
	log_sink *sink;
	void *sink_owner;
	struct usage *usage;
	struct location_facts *facts;
	const char **note;
};

struct flow {
	struct flow *next, **back;
	struct marathon *marathon;
	struct errand *errand;
	struct marathon_wish wish;
	flow_step *step, *after;
	struct arena arena;
	size_t memory_before;
	unsigned waiting;
	struct marathon_call calls[CALLS];
	struct timer *timer;
	struct probe_call *probe;
	struct exchange *asked; /* a check over HTTP */
	struct error probed;
	struct inventory inventory;
	/* The question in each slot, for another of its addresses when this one is nobody. */
	struct marathon_question {
		const char *method, *path;
		const char *base; /* another place than Marathon's; NULL: that */
		bool known;       /* who asks is told there, too */
		json_t *body;     /* ours from here on; NULL: none */
		int64_t limit_ms; /* 0: READ_MS or CHANGE_MS */
	} questions[CALLS];
	flow_step *answered;
	size_t tried; /* of its addresses, in this round */
	int64_t round_ms;
	unsigned tries;
	int64_t since_ms;
	/* What was read of the app. */
	const char *id;
	struct arena app_arena;
	json_t *app_json;
	struct marathon_app app;
	bool there;
	/* Of a change under way. */
	const char *deployment, *version;
	const char *judged; /* overtake.c: the deployment of which it was asked whether it is ours */
	bool seen, taken_back, done, ours;
	struct error reason;
	unsigned count;
	const char *steady; /* the reason without the numbers that change while it is waited for */
	int64_t reasoned_ms;
	struct text note; /* of the errand */
	size_t index;
	void *own; /* what one file's flow remembers; in the arena */
	/* together.c: what it asks for with others, and what came of that. */
	struct gathering *gathering;
	struct flow *beside;
	flow_step *gathered, *alone;
	json_t *part, *told;
	bool makes;  /* an app that may be made together with others */
	bool spoilt; /* nothing good did of a change: it goes by itself */
};

/* --- flow.c --- */
enum progress flow_run(struct location *location, struct errand *errand, flow_step *first,
		       const struct marathon_wish *wish, struct error *err);
void flow_free(struct flow *flow);
enum progress flow_go(struct flow *flow, flow_step *next);
enum progress flow_pause(struct flow *flow, int64_t delay_ms, flow_step *next, struct error *err);
void flow_returned(struct flow *flow);
int64_t flow_now(const struct flow *flow);
/* Tells those who wait for it what it waits for. */
void flow_note(struct flow *flow, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether so long passed since flow->since_ms. */
bool flow_overdue(const struct flow *flow, int64_t limit_ms);
enum progress flow_no_memory(struct error *err);

/* --- call.c --- */
enum progress marathon_ask(struct flow *flow, unsigned slot, const struct marathon_question *question,
			   flow_step *next, struct error *err);
void marathon_call_release(struct marathon_call *call);
bool marathon_ok(const struct marathon_call *call);
/* The request may have had its effect, or not. */
bool marathon_unsure(const struct marathon_call *call);
bool marathon_absent(const struct marathon_call *call);
/* Other deployments hold what was asked to change, or are as many as there may be. */
bool marathon_locked(struct marathon_call *call);
/* The body as JSON, or NULL with *err. Borrowed. */
const json_t *marathon_json(struct marathon_call *call, struct error *err);
/* Says what could not be done and why; gives PROGRESS_FAILED. */
enum progress marathon_failed(struct marathon_call *call, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct exchange *marathon_send(struct marathon *marathon, const struct marathon_question *question,
			       const char *accept, int64_t idle_ms, const struct http_sink *sink,
			       struct error *err);
bool marathon_header(const char *headers, const char *name, char *ret, size_t size);
/* The address as seen from `base`: also of one that names no scheme, or its path alone. NULL: it is none. */
const char *marathon_absolute(struct arena *arena, const char *to, const char *base);
/* Where another, at `base`, sends us. NULL: nowhere. */
const char *marathon_redirect(struct arena *arena, const char *headers, const char *base);
/* Whether that is where Marathon is, at another path. */
bool marathon_is_its_own(const struct marathon *marathon, const char *url);
char *marathon_escaped(struct arena *arena, const char *value);

/* --- together.c: what several ask for at about the same time is asked for once --- */
/* The same is read by others: `next` finds what was answered in flow->told. `alone`: nobody else asked, or
 * nothing good came of it. */
enum progress read_together(struct flow *flow, const char *path, flow_step *next, flow_step *alone,
			    struct error *err);
/* Likewise a change of many apps, of which `part` (ours from here on) is this one's. */
enum progress change_together(struct flow *flow, const char *path, json_t *part, flow_step *next,
			      flow_step *alone, struct error *err);
void together_leave(struct flow *flow);

/* --- options.c, known.c, mesos.c --- */
int marathon_options(struct marathon *marathon, struct error *err);
/* Who is it? Then flow->after. */
flow_step known_begin;
/* What /v2/info said; 0 or -1. */
int marathon_know(struct marathon *marathon, const struct marathon_info *info);
flow_step mesos_find; /* the Marathon of Mesos' framework; then flow->after */
/* Whether who asks is told to a Mesos at that address. */
bool mesos_is_told(const struct marathon *marathon, const char *url);
/* Whether its first call was answered by another place of Mesos: that is asked, for `told`, which *ret tells.
 * Not more than a few times in a flow. */
bool mesos_redirected(struct flow *flow, flow_step *told, enum progress *ret, struct error *err);
/* Where an agent, as its master tells of it, is reached, and what it calls itself there. NULL: nowhere. */
const char *mesos_agent(struct flow *flow, const json_t *agent, const char **ret_process);
flow_step connect_marathon;
flow_step logs_marathon;
/* The numeric address, as far as it is known, that a host of its tasks is reached by. NULL: no memory. */
const char *marathon_address(const struct marathon *marathon, struct arena *arena, const char *host);

/* --- ids.c --- */
/* "/shop/web" of "shop.web.1"; NULL: no memory, or no name of an instance. */
char *marathon_id(struct arena *arena, const char *name);
char *marathon_group_id(struct arena *arena, const char *app);
/* Whether the labels are those of that instance of the application. */
bool marathon_marked(const struct marathon_app *app, const char *application, const char *name);
const char *marathon_label(const struct marathon_app *app, const char *name); /* "" when absent */

/* --- definition.c --- */
/* The whole app, of so many tasks. NULL: no memory. */
json_t *marathon_definition(struct flow *flow, const struct instance_spec *spec, unsigned instances);

/* Whether Marathon itself can be told to ask it. */
bool marathon_asks(const struct health_check *check);

/* --- members.c: what a component says of its app in Marathon's own words --- */
/* Whether it is of that version or a later one. */
bool marathon_since(const struct marathon *marathon, unsigned major, unsigned minor);
/* Since 1.5 networks have a member of their own. */
bool marathon_is_new(const struct marathon *marathon);
/* "bridge", "host", or the name of one, "" the one that is meant where none is named. */
const char *marathon_network(const struct marathon *marathon, const struct instance_spec *spec);
/* Its tasks are processes of the agent, in no image. */
bool marathon_is_bare(const struct instance_spec *spec);
/* Mesos itself runs it, and no Docker engine. */
bool marathon_by_mesos(const struct marathon *marathon, const struct instance_spec *spec);
/* What a shell runs in the place of the image's entry point, for which an app has `cmd`; NULL: nothing. */
const char *marathon_shell_line(const struct instance_spec *spec);
void marathon_lay_over(const struct marathon *marathon, const struct instance_spec *spec, json_t *app);

/* --- observe.c --- */
int marathon_observe(const struct marathon *marathon, const struct marathon_app *app, struct arena *arena,
		     struct observed *ret);
/* How many of its tasks run. */
size_t marathon_running(const struct marathon_app *app);
/* None of those that were made before the last change is there any more, but those that leave. */
bool marathon_all_new(const struct marathon_app *app);
bool marathon_settled(const struct marathon_app *app);
int marathon_foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		     const struct attachment **ret, size_t *ret_count, struct error *err);
unsigned marathon_count(const struct marathon_app *app); /* of so many, also while it is stopped */

/* --- look.c --- */
/* Reads the app that the wish's name (or its spec's) stands for; then `next` finds it in flow->app, if it is
 * there; a stranger's name has failed. */
enum progress app_read(struct flow *flow, flow_step *next, struct error *err);
const char *wished_name(const struct flow *flow);
flow_step look_marathon, list_marathon;

/* --- what changes --- */
flow_step place_marathon, start_marathon, stop_marathon, remove_marathon, update_marathon;
/* Why it does not come to an end, in words, into flow->reason and flow->steady; then flow->after. */
flow_step reason_find;
flow_step probe_marathon;
/* overtake.c: whose is what is under way with flow->app? Then `next` finds flow->ours. */
enum progress deployment_judge(struct flow *flow, flow_step *next, struct error *err);
bool deployment_is_judged(const struct flow *flow);
flow_step prepare_marathon, release_marathon, claim_marathon, disclaim_marathon, lease_marathon,
    tidy_marathon;
/* Whether the version that is there, where that is known, can run it at all. */
int marathon_version_fits(const struct marathon *marathon, const struct instance_spec *spec,
			  struct error *err);
int marathon_check(struct location *location, const struct instance_spec *spec, struct error *err);

/* --- groups.c: what is kept with the application, as groups without apps --- */
struct kept {
	const char *kind; /* "claim", "lease" */
	int64_t number, until_ms;
	const char *id, *app, *owner, *words, *place;
};
/* What the groups below the application's are. */
int kept_read(const struct marathon_group *group, struct arena *arena, const struct kept **ret,
	      size_t *ret_count);

/* --- watch.c --- */
int marathon_watch(struct location *location, const char *app, change_sink *changed, void *owner,
		   struct error *err);
void marathon_unwatch(struct location *location, const char *app);
void marathon_watcher_close(struct marathon *marathon);

#endif
