/* rig.h - how the conformance cases speak to a driver: errands awaited, specs made, listings looked at. */
#ifndef BERTH_TESTS_CONFORMANCE_RIG_H
#define BERTH_TESTS_CONFORMANCE_RIG_H

#include <criterion/criterion.h>

#include "tests/conformance/conformance.h"

/* One opened location. */
struct rig {
	struct subject *subject;
	struct location location;
	struct errand errand;
	struct arena arena;
	struct error error;
	bool woken;
	unsigned told, told_all; /* `changed` with a name, with NULL */
	char last_told[128];
};

void rig_open(struct rig *rig, struct subject *subject); /* and prepares the application */
void rig_close(struct rig *rig);
void rig_errand(struct rig *rig);
/* Until the errand was woken, or the test fails. */
void rig_wait(struct rig *rig, const char *what);
void rig_wait_either(struct rig *one, struct rig *other, const char *what);

/* Ask until there is an answer. An errand that is over leaves nothing on itself. */
#define AWAIT(rig, call)                                                                                     \
	({                                                                                                   \
		enum progress progress_;                                                                     \
		rig_errand(rig);                                                                             \
		for (;;) {                                                                                   \
			(rig)->woken = false;                                                                \
			progress_ = (call);                                                                  \
			if (progress_ != PROGRESS_WAITING)                                                   \
				break;                                                                       \
			rig_wait(rig, #call);                                                                \
		}                                                                                            \
		cr_assert_null((rig)->errand.state, "something is left on the errand of %s", #call);         \
		progress_;                                                                                   \
	})

/* The driver's function with the arguments that all errands have, of one rig or of that named `rig`. */
#define ASK_OF(one, function, ...)                                                                           \
	(one)->location.driver->function(&(one)->location, &(one)->errand, __VA_ARGS__, &(one)->error)
#define ASK(function, ...) ASK_OF(rig, function, __VA_ARGS__)
#define MUST(rig, call)    cr_assert(AWAIT(rig, call) == PROGRESS_DONE, "%s: %s", #call, (rig)->error.text)
#define MUST_NOT(rig, wanted, call)                                                                          \
	do {                                                                                                 \
		(rig)->error = (struct error){0};                                                            \
		cr_assert(AWAIT(rig, call) == PROGRESS_FAILED, "%s: did not fail", #call);                   \
		cr_assert((rig)->error.code == (wanted), "%s: %s, not %s: %s", #call,                        \
			  code_name((rig)->error.code), code_name(wanted), (rig)->error.text);               \
	} while (0)

/* Ask two rigs at the same time, until both have their answer; both must be good. */
#define BOTH(one, call, other, other_call)                                                                   \
	do {                                                                                                 \
		enum progress one_ = PROGRESS_WAITING, other_ = PROGRESS_WAITING;                            \
		rig_errand(one);                                                                             \
		rig_errand(other);                                                                           \
		for (;;) {                                                                                   \
			(one)->woken = (other)->woken = false;                                               \
			if (one_ == PROGRESS_WAITING)                                                        \
				one_ = (call);                                                               \
			if (other_ == PROGRESS_WAITING)                                                      \
				other_ = (other_call);                                                       \
			if (one_ != PROGRESS_WAITING && other_ != PROGRESS_WAITING)                          \
				break;                                                                       \
			rig_wait_either(one, other, #call " and " #other_call);                              \
		}                                                                                            \
		cr_assert(one_ == PROGRESS_DONE, "%s: %s", #call, (one)->error.text);                        \
		cr_assert(other_ == PROGRESS_DONE, "%s: %s", #other_call, (other)->error.text);              \
	} while (0)

/* In the rig's arena: component "web" (or another), ordinal 1, listening on port 80, published when
 * `number` is not 0. */
struct instance_spec *rig_spec(struct rig *rig, const char *component, enum manner manner, uint16_t number);
/* The same with a generation and another digest. */
struct instance_spec *rig_generation(struct rig *rig, const char *component, unsigned generation,
				     uint16_t number);
void rig_digest(struct instance_spec *spec, char fill);
uint16_t rig_free_port(struct rig *rig);

enum progress rig_place(struct rig *rig, const struct instance_spec *spec);
void rig_run(struct rig *rig, const struct instance_spec *spec); /* place and start */
/* A fresh look; strings in the rig's arena. */
struct observed rig_look(struct rig *rig, const char *name);
/* Instances listed that count: neither late doubles nor what is leaving. */
size_t rig_count(struct rig *rig, const char *app);
/* Look until it is in that state, or the test fails. */
struct observed rig_until(struct rig *rig, const char *name, enum observed_state state);
/* Ask until it answers. */
void rig_until_answers(struct rig *rig, const struct instance_spec *spec, const struct health_check *how);
/* Until its output has these words. */
void rig_until_said(struct rig *rig, const char *name, const char *words);
void rig_pause(struct rig *rig, int64_t pause_ms);
/* Wait until `changed` was called with the name or NULL. */
void rig_until_told(struct rig *rig);
void rig_watch(struct rig *rig);

#endif
