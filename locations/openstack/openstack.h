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
	OPENSTACK_MADE_MS = 600000, /* for a server to be there, or to be gone */
};

struct openstack;
struct openstack_goal;
struct talk;
struct openstack_machine;

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

/* What servers are made of, of one set of wishes: chosen once, and again when the cloud refuses it. */
struct openstack_making {
	struct openstack_making *next;
	json_t *options; /* that say the wishes; NULL: none do */
	struct arena wish_arena, arena;
	struct openstack_wishes wishes;
	bool known;
	const struct talk *chooser; /* others wait meanwhile */
	const char *image, *flavor, *user;
	const char **networks;
	size_t network_count;
	const char *outer;  /* the network that floating IPs are of; NULL: servers get none */
	int64_t volume_gib; /* of what each boots from; 0: from the disk of its flavor */
};

/* The key pair of an application: there, as far as is known. */
struct openstack_held {
	struct arena arena;
	const char *app, *key_pair;
	const char *public_key; /* as it is sent; NULL: not known yet */
	bool there;
	bool fresh; /* it was made just now: Nova has none of that name */
};

/* Servers of an application as one talk listed them for all that are at such at that time. */
struct openstack_sharing {
	char *app;
	json_t *servers;          /* NULL: nothing was listed */
	int64_t asked_ms;         /* when that was asked for */
	const struct talk *asker; /* of another one; NULL: none is under way */
	int64_t asking_ms;
};

struct openstack {
	struct location *location;
	struct world *world;
	struct arena arena;
	struct openstack_settings settings;
	struct openstack_wishes wishes; /* of the location: also how one logs in to each of its servers */
	const char *identity;
	struct http_tls tls;
	struct openstack_session session;
	struct openstack_microversions nova;
	bool six, six_known; /* there is a subnet of IPv6 */
	bool shut;           /* as it was listed last, somebody is not let in who is to be */
	bool clock_known;
	int64_t clock_ahead_ms; /* so much the cloud's clock is before ours */
	struct openstack_making *makings;
	const void *grouping; /* server_groups.c: whose turn it is to have one; NULL: nobody's */
	struct openstack_held held;
	struct openstack_sharing sharing;
	struct openstack_machine *machines; /* the newest first */
	struct openstack_watcher *watchers;
	struct talk *talks;
};

/* What is asked, of which service. */
struct openstack_question {
	const char *service; /* "compute"; NULL: of Keystone, where one logs in */
	const char *method, *path;
	json_t *body;     /* ours from here on; NULL: none */
	bool secret;      /* the body */
	bool root;        /* of the service as a whole, without the project that its address may end with */
	int64_t revision; /* only if it is at that one still (Neutron); 0: whichever it is at */
};

struct openstack_order;
/* One function of the driver at the machine that a server is. */
typedef enum progress inner_call(struct location *machine, struct errand *errand,
				 const struct openstack_order *order, const struct instance_spec *spec,
				 const char *name, struct error *err);

/* What an errand is about: the engine's, told with each call anew. */
struct openstack_order {
	const char *app, *name;
	const struct instance_spec *spec;
	const struct health_check *check;
	const struct list_request *list;
	const struct prepare_request *prepare;
	const struct owner *owner;
	const struct lease *lease;
	const char *token, *to, *signal;
	struct exec_session *session;
	const struct log_options *log_options;
	log_sink *sink;
	void *sink_owner;
	bool adopt;
	struct arena *arena;
	struct location_facts *facts;
	struct inventory *inventory;
	struct observed *observed;
	struct owner *holder;
	struct lease *lease_holder;
	struct usage *usage;
	const char **note;
	json_t *lacks;    /* a sentence for each thing that is not there, of what a server is to be made of */
	inner_call *call; /* handed on to the machine; */
	bool lenient;     /* where there is nobody to ask, it is done */
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
	json_t *pages; /* those before, as one */
	unsigned page_count;
};

struct talk {
	struct talk *next, **back;
	struct openstack *openstack;
	struct errand *errand;
	struct openstack_order order;
	talk_step *step, *answered, *logged_in, *gathered, *making_next, *held_next;
	const struct openstack_findings *findings; /* for `gathered` */
	struct arena arena;
	size_t memory_before;
	unsigned waiting;
	int64_t patient_until_ms; /* so long it is waited for services that are away; 0: it is not */
	bool inhabited;           /* servers of the application are left, as remove.c saw it */
	bool looked;              /* whether the server of `machine` is there */
	bool unforced;            /* those that the cloud keeps when they are deleted stay */
	bool relogged; /* since the last token that was taken: another one that is not is no matter of its age
			*/
	struct openstack_call calls[CALLS];
	struct timer *timer;
	bool asleep;         /* until an errand at a machine goes on */
	struct errand inner; /* at `machine` */
	struct openstack_machine *machine;
	struct instance_spec spec;        /* the order's, as the machine is told it */
	struct making_server *making;     /* place.h's */
	int64_t shared_since_ms;          /* of a listing that it shares: no older one will do */
	struct openstack_making *made_of; /* once openstack_choose_making was asked for it */
	json_t *lacks; /* of the order's instance, as far as it was looked; NULL: it was not */
	void *own;     /* what one file's talk remembers; in the arena */
	struct openstack_goal *network; /* network.h's */
	/* Lets go of what `own` has beside the arena's memory; or NULL. */
	void (*release)(void *own);
};

/* --- options.c --- */
int openstack_options(struct openstack *openstack, struct error *err);

/* --- talk.c --- */
enum progress talk_run(struct location *location, struct errand *errand, talk_step *first,
		       const struct openstack_order *order, struct error *err);
void talk_free(struct talk *talk);
/* What it remembered before is let go of. */
void talk_own(struct talk *talk, void *own, void (*release)(void *own));
enum progress talk_go(struct talk *talk, talk_step *next);
int64_t talk_now(const struct talk *talk);
enum progress talk_pause(struct talk *talk, int64_t delay_ms, talk_step *next, struct error *err);
void talk_returned(struct talk *talk);
/* An errand at a machine waits: this step is taken again when it goes on, or the engine asks. */
enum progress talk_sleep(struct talk *talk);
void talk_awake(struct talk *talk);
enum progress talk_no_memory(struct error *err);

/* --- call.c --- */
/* Send it, beside others; its slot is free. 0 or -1. */
int openstack_ask(struct talk *talk, unsigned slot, const struct openstack_question *question,
		  struct error *err);
/* Take that step when all that was asked has come to an answer. One that a service did not take the token of
 * is asked again with a new one, one that was lost without harm on a fresh connection, one that was refused
 * for now later. */
enum progress openstack_await(struct talk *talk, talk_step *next);
/* Ask one thing in slot 0, and take that step when it is answered. */
enum progress openstack_ask_one(struct talk *talk, const struct openstack_question *question, talk_step *next,
				struct error *err);
/* The same of a thing that is only read. */
enum progress openstack_read(struct talk *talk, const char *service, const char *path, talk_step *next,
			     struct error *err);
bool openstack_absent(const struct openstack_call *call);
/* The cloud has no such thing, or not for whoever asks. */
bool openstack_withheld(const struct openstack_call *call);
void openstack_call_release(struct openstack_call *call);
bool openstack_ok(const struct openstack_call *call);
/* Nobody answered, or who stands before the service said that it does not. */
bool openstack_away(const struct openstack_call *call);
/* After how many milliseconds it is to be sent again, since it was refused for now and had no effect; 0: it
 * is not. */
int64_t openstack_patience(struct openstack_call *call);
int openstack_repeat(struct openstack_call *call, struct error *err);
/* The body as JSON, or NULL with *err. Borrowed. */
const json_t *openstack_json(struct openstack_call *call, struct error *err);
/* A list in it, never NULL but where that is told: an answer without it tells nothing of what there is. */
const json_t *openstack_list(struct openstack_call *call, const char *member, struct error *err);
/* The id of what was made, as the answer of its creation tells it, or NULL with *err. Borrowed. */
const char *openstack_made(struct openstack_call *call, const char *member, struct error *err);
/* Says what could not be done and why; gives PROGRESS_FAILED. */
enum progress openstack_failed(struct openstack_call *call, struct error *err, const char *doing);
bool openstack_header(const struct openstack_call *call, const char *name, char *ret, size_t size);
/* When it answered, by its own clock; else by ours. */
int64_t openstack_clock(const struct openstack_call *call);
/* Keep how far the cloud's clock is from ours. */
void openstack_set_clock(const struct openstack_call *call);

/* --- pages.c --- */
/* The path of the page that follows, of an answer that is none of several yet; NULL: it is whole. What came
 * before is kept until the last one has come; then it is all the answer's JSON. */
const char *openstack_next_page(struct openstack_call *call);

/* --- login.c --- */
/* Have a token; then talk->logged_in. */
talk_step login_begin;
/* Take that step as somebody who is logged in. */
enum progress openstack_enter(struct talk *talk, talk_step *next, struct error *err);
void openstack_session_release(struct openstack_session *session);
/* The body of a login. NULL: no memory. */
json_t *openstack_login_body(const struct openstack_settings *settings);

/* --- check.c --- */
talk_step connect_openstack;
/* Find out what there is; then talk->gathered, with talk->findings. */
talk_step openstack_gather;

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

/* Adds to `missing` a sentence for each thing of the wishes that is not there. */
void openstack_add_missing(const struct openstack_wishes *wishes, const struct openstack_findings *findings,
			   json_t *missing);
/* NULL: no memory. */
json_t *openstack_about(const struct openstack *openstack, const struct openstack_findings *findings,
			struct arena *arena);

/* --- making.c: what servers are made of --- */
/* Have talk->made_of, of the wishes of the order's instance; then that step. */
enum progress openstack_choose_making(struct talk *talk, talk_step *next, struct error *err);

/* Who logs in to a server made of that image. 0 or -1. */
int openstack_choose_user(const struct openstack_wishes *wishes, const struct openstack_image *image,
			  const char **ret, struct error *err);
/* The network whose floating IPs servers get that are on `own`; NULL: they get none. 0 or -1. */
int openstack_choose_outer(const struct openstack_wishes *wishes, const struct openstack_findings *findings,
			   const struct openstack_network *own, const struct openstack_network **ret,
			   struct error *err);

/* Whether an instance may be made of those options at this location: how one logs in is its own. 0 or -1. */
int openstack_check_making(const struct openstack *openstack, const json_t *options, struct error *err);
void openstack_makings_release(struct openstack *openstack);
/* None of them is that talk's to choose any more. */
void openstack_makings_leave(struct openstack *openstack, const struct talk *talk);

/* --- preflight.c --- */
/* Whether all is there that the order's instance is to be made of and with. */
talk_step preflight_openstack;

/* --- keys.c: who logs in --- */
/* Have a key pair for the application at Nova; then that step. */
enum progress openstack_have_key(struct talk *talk, const char *app, talk_step *next, struct error *err);
/* Whether the private key that the options name is nobody else's, too. 0 or -1. */
int openstack_check_key(const struct openstack *openstack, struct error *err);
/* The file of a private key, by the name of its pair. NULL: no memory. */
const char *openstack_key_file(const struct openstack *openstack, struct arena *arena, const char *pair);
/* The application that a pair, as Nova tells it, was made for by us in this project; in the talk's arena.
 * NULL: none. */
const char *openstack_key_app(struct talk *talk, const json_t *pair);
/* Take away all pairs of the order's application; then that step. */
enum progress openstack_drop_keys(struct talk *talk, talk_step *next, struct error *err);

/* --- server_groups.c: which servers are beside each other, or are not --- */
/* Have the server group of that component, or the one that is named; then that step. */
enum progress openstack_have_server_group(struct talk *talk, const char *app, const char *component,
					  talk_step *next, struct error *err);
/* Whether a server group is wished by what it does, and not by its name. */
bool openstack_is_policy(const char *wish);
/* The application of which a group of that name is; NULL: it is none of ours, or there is no memory. */
const char *openstack_server_group_app(struct arena *arena, const char *name);
/* Its id, in the talk's arena. */
const char *openstack_server_group_found(const struct talk *talk);
/* Take away all of the order's application; then that step. */
enum progress openstack_drop_server_groups(struct talk *talk, talk_step *next, struct error *err);

/* --- group.c: the application's own security group, whose description keeps claim and lease --- */
talk_step claim_openstack, disclaim_openstack, lease_openstack, tidy_openstack, prepare_openstack,
    release_openstack;
/* Whether somebody has the application, or is at work on it, as the description of its group says. */
bool openstack_group_held(const char *description);
/* What a listing of groups tells, into the inventory. 0 or -1. */
int openstack_claims(struct talk *talk, const json_t *list, struct inventory *inventory, struct error *err);

/* --- left.c: what there is beside servers and the groups that tell whose an application is --- */
enum { OPENSTACK_LEFT = 3 }; /* listings */
/* Ask for it, of all applications; take the answers; tell it, and the groups of components among all, beside
 * what the inventory has. 0 or -1, the last one without memory. */
int openstack_ask_left(struct talk *talk, struct error *err);
int openstack_take_left(struct talk *talk, json_t *ret[static OPENSTACK_LEFT], struct error *err);
int openstack_tell_left(struct talk *talk, json_t *const left[static OPENSTACK_LEFT], const json_t *groups,
			struct inventory *inventory);

/* --- server_body.c --- */
/* Of what was chosen, in those security groups (ids; NULL among them: none) and that server group (NULL:
 * none).
 */
json_t *openstack_server_body(struct talk *talk, const char *const *groups, size_t group_count,
			      const char *server_group);

/* --- servers.c --- */
/* "berth.app.component.1": what an instance is called at Nova. NULL: no memory. */
char *openstack_server_name(struct arena *arena, const char *name);
/* Ask for all servers of an application, of one instance (`name`), or all of ours; then that step, which
 * takes them by one of the two below. */
enum progress openstack_find_servers(struct talk *talk, const char *app, const char *name, talk_step *next,
				     struct error *err);
/* The same of all of the application, by a listing that was asked for at that time or later, maybe by another
 * talk: where others make servers, too, one is for all of them. */
enum progress openstack_share_servers(struct talk *talk, int64_t since_ms, talk_step *next,
				      struct error *err);
bool openstack_others_make(const struct talk *talk);
/* The talk is over; nothing is shared any more. */
void openstack_sharing_leave(struct openstack *openstack, const struct talk *talk);
void openstack_sharing_release(struct openstack *openstack);
/* The caller's to let go of. */
json_t *openstack_servers_json(const struct talk *talk);
int openstack_servers_found(struct talk *talk, const struct openstack_server **ret, size_t *ret_count,
			    struct error *err);
/* Whether its machine, which was reached once, can be asked what runs there. */
bool openstack_can_tell(const struct openstack *openstack, const struct openstack_server *server);
/* The action that lets one run again that somebody has stopped; NULL: it is not stopped. */
const char *openstack_start_word(const struct openstack_server *server);
/* Whether it is deleted, and the cloud keeps it for a while. */
bool openstack_keeps_deleted(const struct openstack_server *server);
/* A server as an instance, as far as Nova tells; strings in `arena`. 0 or -1 without memory. */
int openstack_server_seen(const struct openstack *openstack, const struct openstack_server *server,
			  struct arena *arena, struct observed *ret);
/* The one that counts of those of that name (or of that double's), NULL: none. `ret_stranger`: one without
 * our mark. */
const struct openstack_server *openstack_server_of(const struct openstack *openstack,
						   const struct openstack_server *servers, size_t count,
						   const char *app, const char *name,
						   const struct openstack_server **ret_stranger);

/* In place of a host key: it is as the option says. */
#define OPENSTACK_KEY_AS_SAID "as said"

/* --- machines.c: the machines that servers are, each a location of its own --- */
struct openstack_machine {
	struct openstack_machine *next;
	struct arena arena;
	struct openstack *openstack;
	const char *server, *app, *component;
	const char *name;  /* of the instance, here */
	const char *inner; /* and on the machine, where it never changes */
	const char *address, *fixed;
	const char *key_pair; /* that the server was made with; NULL: none */
	struct location_spec spec;
	struct location location;
	json_t *json; /* the spec's options */
	bool gone;    /* the server is */
	bool open;
	struct openstack_inner_watch *watches;
};

/* The machine of a server that tells how to log in there; the one there is already where nothing differs.
 * NULL with *err. */
struct openstack_machine *openstack_machine_of(struct openstack *openstack,
					       const struct openstack_server *server, struct error *err);
/* Of the instance of that name, as far as one is known. */
struct openstack_machine *openstack_machine_named(const struct openstack *openstack, const char *app,
						  const char *name);
/* Whether a machine was refused for the host key that it shows, and what can be done about it. */
bool openstack_key_refused(const struct error *why);
void openstack_advise_key(const struct openstack_machine *machine, struct error *err);
/* It is not there any more, nor what was remembered of it. */
void openstack_machine_forget(struct openstack *openstack, const char *server);
void openstack_machines_close(struct openstack *openstack);
/* What a machine says of its instance becomes what the location says of it. 0 or -1 without memory. */
int openstack_seen_there(const struct openstack_machine *machine, const struct observed *there,
			 struct arena *arena, struct observed *ret);
/* Of an instance whose machine does not answer, or is not to be believed, all that is known is that it is
 * there. 0 or -1 without memory. */
int openstack_unseen(const struct error *why, struct arena *arena, struct observed *ret);
int openstack_foresee(const struct openstack *openstack, const struct instance_spec *spec,
		      struct arena *arena, const struct attachment **ret, size_t *ret_count,
		      struct error *err);

/* --- inner.c --- */
/* Go on with talk->call at the machine of the order's instance. */
talk_step openstack_delegate;
inner_call probe_there, update_there, deliver_there, signal_there, exec_there, logs_there, usage_there,
    stop_there;
/* Ask talk->machine that; gives what it says. */
enum progress openstack_inner(struct talk *talk, inner_call *call, struct error *err);

/* --- doors.c --- */
/* Whoever is to be let in is let in again, where the security groups tell who that is. */
talk_step admit_openstack;

/* --- list.c, place.c, remove.c --- */
talk_step list_openstack, look_openstack, place_openstack, start_openstack, remove_openstack,
    rename_openstack;
/* How far the placing has come, in words. */
void openstack_note(const struct talk *talk, const char **ret_note);
void making_server_free(struct making_server *making);
/* Remove that server of the order's application, and wait until it is gone; then that step. */
enum progress openstack_remove_server(struct talk *talk, const char *id, talk_step *then, struct error *err);
/* Remove late doubles of the application; then that step. */
enum progress openstack_remove_doubles(struct talk *talk, talk_step *next, struct error *err);

/* --- watch.c --- */
int openstack_watch(struct location *location, const char *app, change_sink *changed, void *owner,
		    struct error *err);
void openstack_unwatch(struct location *location, const char *app);
void openstack_unwatch_all(struct openstack *openstack);
/* Have those who watch its application hear what the machine tells. */
void openstack_watch_machine(struct openstack_machine *machine);

#endif
