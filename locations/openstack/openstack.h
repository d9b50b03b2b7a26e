/* openstack.h - what the rooms of the OpenStack driver share: the opened location, who is logged in, its
 * talks and their calls.
 */
#ifndef BERTH_LOCATIONS_OPENSTACK_OPENSTACK_H
#define BERTH_LOCATIONS_OPENSTACK_OPENSTACK_H

#include "locations/openstack/answers.h"
#include "locations/openstack/settings.h"
#include "locations/openstack/wishes.h"

enum {
	READ_MS = 30000,
	PAUSE_MS = 1000, /* before what was refused for now is asked again, unless told how long */
	PAUSE_MOST_MS = 10000,
	TRIES = 3,
	CALLS = 8, /* of one talk at a time, the last one of which is for logging in */
	LOGIN = CALLS - 1,
	NEWEST_NOVA = 93, /* 2.93, the newest whose answers are known here */
	OLDEST_NOVA = 1,
};

struct openstack;
struct openstack_goal;
struct talk;

/* One step of a talk: reads what came of the last one, does the next. PROGRESS_WAITING with nothing under way
 * means that another step was set and is to be taken at once. */
typedef enum progress talk_step(struct talk *talk, struct error *err);

/* Who is logged in: a token of Keystone, good for everything until a service does not take it any more. */
struct openstack_session {
	struct arena arena;
	unsigned number; /* 0: nobody is; another one for each token */
	const char *header;
	json_t *json;
	struct openstack_token token;
};

struct openstack {
	struct location *location;
	struct world *world;
	struct arena arena;
	struct openstack_settings settings;
	struct openstack_wishes wishes;
	const char *identity;
	struct http_tls tls;
	struct openstack_session session;
	struct openstack_microversions nova;
	bool nova_known;
	struct talk *talks;
};

/* What is asked, of which service. */
struct openstack_question {
	const char *service; /* "compute"; NULL: of Keystone, where one logs in */
	const char *method, *path;
	json_t *body; /* ours from here on; NULL: none */
	bool secret;  /* the body */
	bool root;    /* of the service as a whole, without the project that its address may end with */
};

/* One request and what came of it. */
struct openstack_call {
	struct talk *talk;
	struct openstack_question question;
	struct exchange *exchange;
	char what[200]; /* "GET /v2.1/flavors/detail" */
	struct error error;
	int status;
	bool sent, again; /* it was asked once more on a fresh connection */
	unsigned tries;   /* that were refused for now */
	unsigned session; /* whose token it carried */
	struct text body, headers;
	json_t *json;
};

struct talk {
	struct talk *next, **back;
	struct openstack *openstack;
	struct errand *errand;
	struct location_facts *facts;
	talk_step *step, *answered, *logged_in;
	struct arena arena;
	size_t memory_before;
	unsigned waiting;
	bool relogged; /* a second token that is not taken is no matter of its age */
	struct openstack_call calls[CALLS];
	struct timer *timer;
	void *own; /* what one file's talk remembers; in the arena */
	struct openstack_goal *network; /* network.h's */
	/* Lets go of what `own` has beside the arena's memory; or NULL. */
	void (*release)(void *own);
};

/* --- options.c --- */
int openstack_options(struct openstack *openstack, struct error *err);

/* --- talk.c --- */
enum progress talk_run(struct location *location, struct errand *errand, talk_step *first,
		       struct location_facts *facts, struct error *err);
void talk_free(struct talk *talk);
enum progress talk_go(struct talk *talk, talk_step *next);
enum progress talk_pause(struct talk *talk, int64_t delay_ms, talk_step *next, struct error *err);
void talk_returned(struct talk *talk);
enum progress talk_no_memory(struct error *err);

/* --- call.c --- */
/* Send it, beside others; its slot is free. 0 or -1. */
int openstack_ask(struct talk *talk, unsigned slot, const struct openstack_question *question,
		  struct error *err);
/* Take that step when all that was asked has come to an answer. One that a service did not take the token of
 * is asked again with a new one, one that was lost without harm on a fresh connection, one that was refused
 * for now later. */
enum progress openstack_await(struct talk *talk, talk_step *next);
void openstack_call_release(struct openstack_call *call);
bool openstack_ok(const struct openstack_call *call);
/* The body as JSON, or NULL with *err. Borrowed. */
const json_t *openstack_json(struct openstack_call *call, struct error *err);
/* Says what could not be done and why; gives PROGRESS_FAILED. */
enum progress openstack_failed(struct openstack_call *call, struct error *err, const char *doing);
bool openstack_header(const struct openstack_call *call, const char *name, char *ret, size_t size);

/* --- login.c --- */
/* Have a token; then talk->logged_in. */
talk_step login_begin;
void openstack_session_release(struct openstack_session *session);
/* The body of a login. NULL: no memory. */
json_t *openstack_login_body(const struct openstack_settings *settings);

/* --- check.c --- */
talk_step connect_openstack;

/* --- about.c --- */
/* What a check found, as it is shown. */
struct openstack_findings {
	const struct openstack_quota *quotas, *network_quotas;
	size_t quota_count, network_quota_count;
	const struct openstack_image *images;
	size_t image_count;
	const struct openstack_flavor *flavors;
	size_t flavor_count;
	const struct openstack_network *networks;
	size_t network_count;
	int64_t keypair_count; /* -1: not told */
};
/* NULL: no memory. */
json_t *openstack_about(const struct openstack *openstack, const struct openstack_findings *findings,
			struct arena *arena);

#endif
