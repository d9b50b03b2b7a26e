/* fake_subject.h - the fake driver as a subject: a world in virtual time and the target "bed" in it. */
#ifndef BERTH_TESTS_CONFORMANCE_FAKE_SUBJECT_H
#define BERTH_TESTS_CONFORMANCE_FAKE_SUBJECT_H

#include "locations/fake/fake.h"
#include "tests/conformance/conformance.h"

extern struct world *fake_world;
extern struct fake_target *fake_bed;
extern struct subject fake_subject;

void fake_set_up(void);
void fake_take_down(void);
/* A subject whose locations have that profile; let go of by conformance_end and fake_tear_down. */
void fake_set_up_profile(struct subject *subject, const char *profile);
void fake_tear_down(void);
/* ends the case too */

#endif
