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

/* The driver's function with the arguments that all errands have, of the rig named `rig`. */
#define ASK(function, ...)                                                                                   \
	rig->location.driver->function(&rig->location, &rig->errand, __VA_ARGS__, &rig->error)
#define MUST(rig, call) cr_assert(AWAIT(rig, call) == PROGRESS_DONE, "%s: %s", #call, (rig)->error.text)
#define MUST_NOT(rig, wanted, call)                                                                          \
	do {                                                                                                 \
		(rig)->error = (struct error){0};                                                            \
		cr_assert(AWAIT(rig, call) == PROGRESS_FAILED, "%s: did not fail", #call);                   \
		cr_assert((rig)->error.code == (wanted), "%s: %s, not %s: %s", #call,                        \
			  code_name((rig)->error.code), code_name(wanted), (rig)->error.text);               \
	} while (0)

/* In the rig's arena: component "web" (or another), ordinal 1, listening on port 80, published when
 * `number` is not 0. */
struct instance_spec *rig_spec(struct rig *rig, const char *component, enum manner manner, uint16_t number);
void rig_digest(struct instance_spec *spec, char fill);
uint16_t rig_free_port(struct rig *rig);

enum progress rig_place(struct rig *rig, const struct instance_spec *spec);
void rig_run(struct rig *rig, const struct instance_spec *spec); /* place and start */
/* A fresh look; strings in the rig's arena. */
struct observed rig_look(struct rig *rig, const char *name);
size_t rig_count(struct rig *rig, const char *app); /* instances listed */
void rig_pause(struct rig *rig, int64_t pause_ms);
/* Wait until `changed` was called with the name or NULL. */
void rig_until_told(struct rig *rig);
void rig_watch(struct rig *rig);

#endif
