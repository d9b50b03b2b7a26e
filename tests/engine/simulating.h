/* simulating.h - a stage on which scenarios are played, for the tests of what becomes of them. */
#ifndef BERTH_TESTS_ENGINE_SIMULATING_H
#define BERTH_TESTS_ENGINE_SIMULATING_H

#include "tests/engine/scene.h"

/* Two pages and their store, at a location that nobody defined. */
#define SHOP                                                                                                 \
	"id: shop\nlocation: cloud\nservices:\n"                                                             \
	"- {type: 'docker:redis:3', id: store, openPorts: 6379}\n"                                           \
	"- {type: 'docker:web:1', id: web, instances: 2, openPorts: 80,"                                     \
	" links: [$berth:component(\"store\")]}\n"

extern struct scene stage;

/* Of a suite: .init and .fini. */
void stage_open(void);
void stage_close(void);

/* The document, for the caller. */
json_t *play_seeded(const char *blueprint, const char *scenario, uint64_t seed,
		    enum berth_outcome *ret_outcome);
json_t *play(const char *blueprint, const char *scenario, enum berth_outcome *ret_outcome);
/* Its story and its assertions, for whoever looks why a test fails. */
void tell_story(const json_t *document);
bool told_in(const json_t *document, const char *words);
/* The only assertion that has these words. */
const json_t *assertion(const json_t *document, const char *words);
void holds(const char *scenario);
/* The same of another blueprint than the shop's. */
void holds_for(const char *blueprint, const char *scenario);
/* It does not hold because of that assertion alone, in these words. */
void breaks(const char *scenario, const char *words, const char *why);
/* What the story of that scenario has in it. */
void tells(const char *scenario, const char *words);

#endif
