/* deploy.h - stages that deploy and destroy share. */
#ifndef BERTH_ENGINE_DEPLOY_H
#define BERTH_ENGINE_DEPLOY_H

#include "engine/engine.h"

/* End the operation with operation->error; false, for a stage to return. */
bool stage_failed(struct berth_operation *operation);
/* Open the places where the application may be, for those who only deal with what is there. False: the
 * operation was ended. */
bool stage_open_known(struct berth_operation *operation);
void blame_site(struct error *ret, const struct site *site, const struct error *why);
/* Every site has answered. False: wait, or the operation was ended because one did not. */
bool stage_surveyed(struct berth_operation *operation);
/* The stages of a deploy, for all verbs that go through them. */
void deploy_step(struct berth_operation *operation);
/* Whether a component is one of those that the request names; naming none means all. */
bool component_meant(const struct berth_operation *operation, const char *id);
/* What was found stands beside what is wanted. False: the operation was ended. */
bool stage_matched(struct berth_operation *operation);
/* What was found is planned, operation->document tells it. False: the operation was ended. */
bool stage_planned(struct berth_operation *operation);
/* Whoever listens agrees with operation->document. False: the operation was ended untouched. */
bool stage_confirmed(struct berth_operation *operation);
/* What somebody else holds is refused before anything is asked for. False: the operation was ended. */
bool claims_allow(struct berth_operation *operation);
/* Claim every needed site. True when all are ours; false: wait, or the operation was ended. */
bool sites_claim(struct berth_operation *operation);
/* lease.c: take a lease at every needed site, kept until given back; true when all are ours; false: wait, or
 * the operation was ended. Give them back: true when that is done (failures are only warned of). */
bool sites_lease(struct berth_operation *operation);
bool sites_tidy(struct berth_operation *operation);
/* One that a deploy of this very place left when it was killed: the lock on the application was to be had. */
bool site_has_dead_lease(const struct site *site);
/* review.c: look again at what is there after the work. DONE: every instance's `seen` is of now. */
void review_begin(struct berth_operation *operation);
enum progress review(struct berth_operation *operation, struct error *err);
/* saved_plan.c: "saved" of the document, what deploy takes to carry out exactly that. 0 or -1 (no memory). */
int saved_plan_add(struct berth_operation *operation);
/* The request's saved plan becomes its blueprint and settings. 0, or -1 with operation->error. */
int saved_plan_read(struct berth_operation *operation);
/* Whether what is planned now is what was saved; true also when nothing was. False: operation->error. */
bool saved_plan_holds(struct berth_operation *operation);
/* Release and disclaim; done when site->left. */
enum progress site_leave(struct berth_operation *operation, struct site *site, bool volumes,
			 struct error *err);
/* Where the blueprint's relative paths start; NULL when the working directory is gone. */
const char *source_directory(struct berth_operation *operation);
/* The settings that may be written down: those of sensitive names are left out. */
json_t *kept_settings(const char *const *settings);
/* What its blueprint asked the environment for, to be kept with its text; values of sensitive names are not.
 */
json_t *source_variables(const struct berth_operation *operation);
/* The stored name of a port: its own, or "6379/tcp". */
void port_key(char *key, size_t size, const struct spec_port *port);
/* Keep what went wrong before the listings are asked afresh. */
void keep_failures(struct berth_operation *operation);
/* What is true of an instance, in the word that status shows. */
enum phase instance_state(const struct instance *instance);
/* The end of its log as a list of lines, the secrets it was given masked. */
json_t *log_lines(struct work *work);
/* The phase that stands for all instances of a component. */
enum phase component_state(const struct component *component);
/* Complete the plan's document with how it ended. */
enum berth_outcome report_deploy(struct berth_operation *operation, json_t *document);

#endif
