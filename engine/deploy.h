/* deploy.h - stages that deploy and destroy share, and what goes with them. A stage returns false when it
 * waits or has ended the operation, true when the next one may be stepped. */
#ifndef BERTH_ENGINE_DEPLOY_H
#define BERTH_ENGINE_DEPLOY_H

#include "engine/engine.h"

/* --- deploy.c --- */
/* stopped.c: who is to stay stopped, and who is not any more, is written down. 0, or -1 with
 * operation->error. Then whether that is done, or cannot be: nothing is stopped before. */
int remember_stopped(struct berth_operation *operation);
bool stopped_remembered(struct berth_operation *operation);
/* sizes.c: the sizes of clusters are remembered before anything is done for them. 0, or -1 with
 * operation->error. */
int remember_sizes(struct berth_operation *operation);
/* And who did not become a member of them after all. 0 or -1 (no memory). */
int sizes_conclude(struct berth_operation *operation);
/* keeper.c: this handle sees to it that what ended runs again. */
bool keeps_alive(const struct berth *berth);
/* The stages of a deploy, for all verbs that go through them. */
void deploy_step(struct berth_operation *operation);
/* End the operation with operation->error; false, for a stage to return. */
bool stage_failed(struct berth_operation *operation);
/* A name in the request is none of what is there: its error is set. Ends with BERTH_USAGE. */
bool stage_misnamed(struct berth_operation *operation);
/* Every site has answered. False also: it was ended because one did not. */
bool stage_surveyed(struct berth_operation *operation);
/* groups.c: the groups that the request names become their members. 0 or -1: it is over, or no memory. */
int groups_expand(struct berth_operation *operation);
json_t *groups_json(const struct berth_operation *operation);
/* zones.c: of the places that could not be listed, those that clusters can do without are left out; the first
 * one that cannot be left out, or NULL. And who is told of them. */
const struct site *zones_silence(struct berth_operation *operation);
void zones_tell(struct berth_operation *operation);
/* What was found stands beside what is wanted. */
bool stage_matched(struct berth_operation *operation);
/* What was found is planned, operation->document tells it. It may take several turns of the loop. */
bool stage_planned(struct berth_operation *operation);
/* Whoever listens agrees with operation->document. False: the operation was ended untouched. */
bool stage_confirmed(struct berth_operation *operation);
/* A location's failure in a sentence that names it. */
void blame_site(struct error *ret, const struct site *site, const struct error *why);
/* It is as wanted, and known to answer: nothing is to be done about it. */
bool work_needs_nothing(const struct work *work);

/* --- logs.c --- */
/* Open the places where the application may be, for those who only deal with what is there. */
bool stage_open_known(struct berth_operation *operation);

/* --- balancer_tls.c --- */
/* A complaint for each certificate and key of a load balancer, as far as they can be read here, that its
 * proxy could not answer with; and for each of their files that is not there. */
void balancers_check(struct berth_operation *operation);

/* --- plan.c --- */
/* Whether a component is one of those that the request names; naming none means all. */
bool component_meant(const struct berth_operation *operation, const char *id);

/* --- hands.c --- */
/* Whether another store was the last to change something there. */
bool site_changed_hands(const struct site *site);
/* What is remembered of what was in other hands is in doubt, durably. False: wait, or the operation was
 * ended. */
bool hands_noted(struct berth_operation *operation);

/* --- claim.c --- */
/* What somebody else holds is refused before anything is asked for. */
bool stage_claimed(struct berth_operation *operation);
/* What only looks says so: in the document, and as a warning where it would be refused. */
void foreign_claim_tell(struct berth_operation *operation);
/* Claim every needed site. True when all are ours. */
bool sites_claim(struct berth_operation *operation);
/* Have what the application needs once at every site where something is made. True when all have it. */
bool sites_prepare(struct berth_operation *operation);
/* Leave those that hold nothing of the application any more, or where nothing came of this operation;
 * failures are only warned of. True when that is done. */
bool sites_leave(struct berth_operation *operation);
/* Take away what the application needed once here, then the claim; with `volumes` its data too. DONE:
 * site->left. */
enum progress site_leave(struct berth_operation *operation, struct site *site, bool volumes,
			 struct error *err);

/* --- lease.c --- */
/* Take a lease at every needed site, kept until given back; true when all are ours. */
bool sites_lease(struct berth_operation *operation);
/* Give them back: true when that is done (failures are only warned of). */
bool sites_tidy(struct berth_operation *operation);
/* It fails with operation->error; but first (the next stage) leases are given back, so that whoever comes
 * next need not wait for their end. Both answer false. */
bool leases_give_up(struct berth_operation *operation);
bool leases_given_up(struct berth_operation *operation);
/* One that a deploy of this very place left when it was killed: the lock on the application was to be had. */
bool site_has_dead_lease(const struct site *site);

/* --- records.c --- */
/* One that was started again and answers, as the incarnation that it is now: nobody need ask it anew. */
void remember_answered(const struct work *work);
/* Of one that is held: it was told of other files. */
void remember_told(const struct work *work);
/* The record that lets later commands find the application, put before anything is made; operation->commit
 * tells when it is durable. False: no memory, and the operation was ended. */
bool records_begin(struct berth_operation *operation);
/* The same when the work is done: what runs as wanted, and which incarnations were seen to answer. Puts it
 * once. */
bool records_end(struct berth_operation *operation);
/* And in its revision how it ended. */
void records_conclude(struct berth_operation *operation, enum berth_outcome outcome);
/* The settings that may be written down: those of sensitive names are left out. NULL: no memory. */
json_t *kept_settings(const char *const *settings);

/* --- review.c: look again at what is there after the work --- */
void review_begin(struct berth_operation *operation);
/* DONE: every instance's `seen` is of now. */
enum progress review(struct berth_operation *operation, struct error *err);

/* --- saved_plan.c --- */
/* "saved" of the document, what deploy takes to carry out exactly that. 0 or -1 (no memory). */
int saved_plan_add(struct berth_operation *operation);
/* The request's saved plan becomes its blueprint and settings. 0, or -1 with operation->error. */
int saved_plan_read(struct berth_operation *operation);
/* Whether what is planned now is what was saved; true also when nothing was. False: operation->error. */
bool saved_plan_holds(struct berth_operation *operation);
/* Whether nobody has a name that it needs: a listing does not tell of strangers, and it is carried out as a
 * whole or not at all. DONE also when nothing was saved; FAILED: operation->error. */
enum progress saved_plan_names(struct berth_operation *operation);

/* --- preflight.c --- */
/* Whether the targets have what is to be made there of, before anything is touched. FAILED: they have not, or
 * it was interrupted; operation->error. Where one does not tell that is warned of. */
enum progress preflight(struct berth_operation *operation);

/* --- blueprint_source.c --- */
/* Where the blueprint's relative paths start; NULL when the working directory is gone. */
const char *source_directory(struct berth_operation *operation);
/* What its blueprint asked the environment for, to be kept with its text; values of sensitive names are not.
 */
json_t *source_variables(const struct berth_operation *operation);

/* --- publications.c --- */
/* The stored name of a port: its own, or "6379/tcp". */
void port_key(char *key, size_t size, const struct spec_port *port);

/* --- report.c --- */
/* Keep what went wrong before the listings are asked afresh. */
void keep_failures(struct berth_operation *operation);
/* Whether somewhere no answer came to what was asked about an instance. */
bool any_unanswered(const struct berth_operation *operation);
/* How many instances there are, all its generations being one; or of those that something went wrong with. */
size_t count_instances(const struct berth_operation *operation, bool wrong_only);
/* What is true of an instance, in the word that status shows. */
enum phase instance_state(const struct instance *instance);
/* The phase that stands for all instances of a component. */
enum phase component_state(const struct component *component);
/* The end of its log as a list of lines, the secrets it was given masked. */
json_t *log_lines(struct work *work);
/* Complete the plan's document with how it ended. */
enum berth_outcome report_deploy(struct berth_operation *operation, json_t *document);

/* --- mend_verbs.c --- */
/* Of what an interrupted change left some goes; the one that counts is as it is to be. */
bool mend_leaves(const struct work *work);

#endif
