/* test_chaos.c - killed at any time, answers lost, store or not: the next deploys end with exactly what is
 * wanted. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

#define HEAD "id: app\nlocation: fake\nservices:\n"

/* One application as it is edited: what can be started first, what holds a port or a volume, several of one,
 * a job, files, limits, names that come and go. */
static const char *const editions[] = {
    HEAD "- {type: 'docker:a:1', id: a, openPorts: 80}\n"
	 "- {type: 'docker:b:1', id: b, openPorts: 81, links: [$brooklyn:component(\"a\")]}\n"
	 "- {type: 'docker:c:1', id: c, instances: 3, links: [$brooklyn:component(\"b\")]}\n"
	 "- {type: 'docker:d:1', id: d, publish: [90], openPorts: 90}\n",
    HEAD "- {type: 'docker:a:1', id: a, openPorts: 80, env: {X: y}}\n"
	 "- {type: 'docker:b:1', id: b, openPorts: 81, links: [$brooklyn:component(\"a\")], memory: 64m}\n"
	 "- {type: 'docker:c:1', id: c, instances: 2, links: [$brooklyn:component(\"b\")]}\n"
	 "- {type: 'docker:e:1', id: e, links: [$brooklyn:component(\"a\")]}\n",
    HEAD "- {type: 'docker:a:2', id: a, openPorts: 80}\n"
	 "- {type: 'docker:b:1', id: b, openPorts: 81, links: [$brooklyn:component(\"a\")], memory: 128m}\n"
	 "- {type: 'docker:c:2', id: c, instances: 3, openPorts: 82, links: [$brooklyn:component(\"b\")]}\n"
	 "- {type: 'docker:d:1', id: f, publish: [90], openPorts: 90}\n",
    HEAD "- {type: 'docker:a:2', id: a, openPorts: 80, volumes: ['data:/data']}\n"
	 "- {type: 'docker:b:1', id: b, portBindings: {8081: 81}, links: [$brooklyn:component(\"a\")], env: "
	 "{X: z}}\n"
	 "- {type: 'docker:j:1', id: j, job: true, dependsOn: {a: ready}}\n"
	 "- {type: 'docker:c:2', id: c, dependsOn: {j: finished}, onChange: {signal: HUP},"
	 " files: {/etc/c: {content: one}}}\n",
    HEAD "- {type: 'docker:a:3', id: a, openPorts: 80, volumes: ['data:/data']}\n"
	 "- {type: 'docker:b:1', id: g, portBindings: {8081: 81}, links: [$brooklyn:component(\"a\")], env: "
	 "{X: z}}\n"
	 "- {type: 'docker:j:2', id: j, job: true, dependsOn: {a: ready}}\n"
	 "- {type: 'docker:c:2', id: c, dependsOn: {j: finished}, onChange: {signal: HUP},"
	 " files: {/etc/c: {content: two}}}\n",
};
static const size_t wanted[] = {6, 5, 6, 4, 4};

/* One that its target keeps itself: numbers that move, counts, components that come and go. */
static const char *const kept_editions[] = {
    HEAD "- {type: 'docker:a:1', id: a, openPorts: 80, instances: 2}\n"
	 "- {type: 'docker:b:1', id: b, openPorts: 81, links: [$brooklyn:component(\"a\")]}\n"
	 "- {type: 'docker:c:1', id: c, instances: 3, links: [$brooklyn:component(\"b\")]}\n",
    HEAD "- {type: 'docker:a:1', id: a, openPorts: 80, instances: 4}\n"
	 "- {type: 'docker:b:1', id: b, openPorts: 81, links: [$brooklyn:component(\"a\")], memory: 64m}\n"
	 "- {type: 'docker:e:1', id: e, links: [$brooklyn:component(\"a\")]}\n",
    HEAD "- {type: 'docker:a:2', id: a, openPorts: 80}\n"
	 "- {type: 'docker:b:2', id: b, openPorts: 81, links: [$brooklyn:component(\"a\")], env: {X: y}}\n"
	 "- {type: 'docker:c:1', id: c, instances: 2, links: [$brooklyn:component(\"b\")],"
	 " files: {/etc/c: {content: one}}}\n",
};
static const size_t kept_wanted[] = {3, 3, 3};
static const size_t kept_tasks[] = {6, 6, 4};

struct dice {
	uint64_t state;
};

/* What kind of target it is played at. */
struct manner {
	void (*set_up)(struct scene *scene, struct dice *dice);
	void (*twist)(struct fake_rule *rule, struct dice *dice); /* what else may go wrong there; or NULL */
	void (*befall)(struct scene *scene, struct dice *dice);   /* what happens without us; or NULL */
	const char *const *editions;
	const size_t *wanted, *tasks; /* for each: things at the target; tasks that answer, or NULL */
	unsigned edition_count;
	unsigned slowness;
	int64_t calm_ms; /* so long after the last call everything is done that was under way */
};

static unsigned roll(struct dice *dice, unsigned sides)
{
	dice->state = dice->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(dice->state >> 33) % sides;
}

static void plant_fault(struct scene *scene, struct dice *dice, const struct manner *manner)
{
	static const enum code codes[] = {ERR_TIMED_OUT, ERR_UNREACHABLE, ERR_FAILED};
	struct fake_rule rule = {
	    .call = (enum fake_call)roll(dice, FAKE_CALLS),
	    .skip = roll(dice, 4),
	    .times = 1 + roll(dice, 2),
	    .delay_ms = roll(dice, 300),
	    .effect = roll(dice, 2),
	};
	if (roll(dice, 4))
		fail(&rule.error, codes[roll(dice, 3)], "planted");
	if (manner->twist)
		manner->twist(&rule, dice);
	cr_assert_eq(fake_target_rule(scene->target, &rule), 0);
}

/* Mostly a deploy; now and then what people do between two of them. */
static struct berth_operation *begin_something(struct scene *scene, struct dice *dice, const char *blueprint)
{
	struct berth_request deploy = {.size = sizeof deploy, .blueprint = blueprint, .file = "/b.yaml"};
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	struct berth_error error;
	switch (roll(dice, 8)) {
	case 0:
		return berth_stop(scene->berth, &by_name, NULL, &error);
	case 1:
		return berth_restart(scene->berth, &by_name, NULL, &error);
	case 2:
		return berth_start(scene->berth, &by_name, NULL, &error);
	default:
		return berth_deploy(scene->berth, &deploy, NULL, &error);
	}
}

/* Something that is killed after a while, wherever it stands. */
static void deploy_and_kill(struct scene *scene, struct dice *dice, const struct manner *manner,
			    const char *blueprint)
{
	struct berth_operation *operation = begin_something(scene, dice, blueprint);
	cr_assert_not_null(operation);
	unsigned pace = manner->slowness;
	virtual_world_run(scene->world, NULL, NULL, roll(dice, roll(dice, 3) ? 900 * pace : 6000 * pace));
	if (roll(dice, 3) == 0) {
		berth_cancel(operation);
		virtual_world_run(scene->world, NULL, NULL, roll(dice, 900));
	}
	scene_restart(scene, roll(dice, 3) != 0);
}

/* Faults that are still planted wear off with use. */
static enum berth_outcome settle(struct scene *scene, const char *blueprint, bool *ret_changed)
{
	enum berth_outcome outcome = BERTH_FAILED;
	for (int tries = 0; tries < 40 && outcome != BERTH_OK; tries++) {
		json_t *document = NULL;
		outcome = scene_run(scene, berth_deploy, blueprint, &document);
		*ret_changed = json_flag(document, "changed", false);
		json_decref(document);
	}
	return outcome;
}

/* What was still on its way has arrived, and what was leaving is gone. */
static void calm_down(struct scene *scene, const struct manner *manner)
{
	virtual_world_run(scene->world, NULL, NULL, manner->calm_ms);
	cr_assert_eq(fake_target_late(scene->target), 0);
}

/* From anywhere, also without the store, destroy ends with nothing. */
static void clear_away(struct scene *scene, struct dice *dice, const struct manner *manner, uint64_t seed)
{
	const char *const locations[] = {"here=fake", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .locations = locations};
	enum berth_outcome outcome = BERTH_FAILED;
	for (unsigned faults = roll(dice, 4); faults; faults--)
		plant_fault(scene, dice, manner);
	scene_restart(scene, roll(dice, 2));
	for (int tries = 0; tries < 40 && outcome != BERTH_OK; tries++)
		outcome = scene_request(scene, berth_destroy, &request, NULL);
	cr_expect_eq(outcome, BERTH_OK, "seed %d is never destroyed", (int)seed);
	cr_expect_eq(fake_target_instances(scene->target), 0, "seed %d leaves something", (int)seed);
}

/* Rounds of deploys that are killed; the number of the last blueprint. */
static size_t play_rounds(struct scene *scene, struct dice *dice, const struct manner *manner)
{
	size_t last = 0;
	for (int round = 0; round < 6; round++) {
		last = roll(dice, manner->edition_count);
		for (unsigned faults = roll(dice, 3); faults; faults--)
			plant_fault(scene, dice, manner);
		deploy_and_kill(scene, dice, manner, manner->editions[last]);
		if (roll(dice, 4) == 0)
			fake_target_vanish(scene->target, "app.b.1");
		if (manner->befall)
			manner->befall(scene, dice);
	}
	return last;
}

static size_t tasks_that_answer(const struct scene *scene)
{
	static const char *const names[] = {"app.a.1", "app.b.1", "app.c.1", "app.e.1"};
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		count += fake_target_tasks(scene->target, names[i]);
	return count;
}

static void play(uint64_t seed, const struct manner *manner)
{
	static const struct fake_behaviour job = {.component = "app.j", .exits = 1, .lives_ms = 200};
	struct scene scene;
	struct dice dice = {.state = seed * 7919 + 1};
	bool changed = false;
	scene_open(&scene);
	cr_assert_eq(fake_target_behave(scene.target, &job), 0);
	for (int call = 0; call < FAKE_CALLS; call++)
		fake_target_time(scene.target, (enum fake_call)call, roll(&dice, 60));
	manner->set_up(&scene, &dice);
	size_t last = play_rounds(&scene, &dice, manner);
	cr_expect_eq(settle(&scene, manner->editions[last], &changed), BERTH_OK, "seed %d never settles",
		     (int)seed);
	calm_down(&scene, manner);
	cr_expect_eq(settle(&scene, manner->editions[last], &changed), BERTH_OK, "seed %d", (int)seed);
	calm_down(&scene, manner);
	cr_expect_eq(fake_target_instances(scene.target), manner->wanted[last], "seed %d: %zu instances",
		     (int)seed, fake_target_instances(scene.target));
	cr_expect_eq(settle(&scene, manner->editions[last], &changed), BERTH_OK, "seed %d", (int)seed);
	cr_expect_not(changed, "seed %d: the next deploy changes something", (int)seed);
	if (manner->tasks)
		cr_expect_eq(tasks_that_answer(&scene), manner->tasks[last], "seed %d: %zu tasks", (int)seed,
			     tasks_that_answer(&scene));
	clear_away(&scene, &dice, manner, seed);
	scene_close(&scene);
}

/* --- the manners ------------------------------------------------------------------------------------ */

static void set_up_plain(struct scene *scene, struct dice *dice)
{
	(void)scene, (void)dice;
}

#define EDITIONS(list) .editions = (list), .edition_count = COUNT_OF(list)

static const struct manner plain = {
    .set_up = set_up_plain, EDITIONS(editions), .wanted = wanted, .slowness = 1};

/* Names are not unique, everything takes its time, and what nobody waits for any more is done much later. */
static void set_up_nova(struct scene *scene, struct dice *dice)
{
	struct capabilities can = fake_driver.capabilities;
	can.names_unique = can.limits_in_place = can.restart_in_place = false;
	can.calls_in_flight = 4;
	fake_target_capabilities(scene->target, &can);
	fake_target_time(scene->target, FAKE_PLACE, roll(dice, 3000));
	fake_target_pace(scene->target, FAKE_BUILDING, 0, roll(dice, 20000));
	fake_target_pace(scene->target, FAKE_LEAVING, 0, roll(dice, 7000));
	fake_target_pace(scene->target, FAKE_LATENESS, 0, 1 + roll(dice, 60000));
}

static void twist_nova(struct fake_rule *rule, struct dice *dice)
{
	rule->late_ms = roll(dice, 2) ? roll(dice, 60000) : 0;
	if (rule->call == FAKE_PLACE && roll(dice, 3) == 0)
		rule->fault = "No valid host was found.";
	rule->for_ever = roll(dice, 8) == 0 && rule->call == FAKE_PLACE;
	if (rule->fault || rule->for_ever)
		rule->error = (struct error){0};
}

static const struct manner nova = {.set_up = set_up_nova,
				   .twist = twist_nova,
				   EDITIONS(editions),
				   .wanted = wanted,
				   .slowness = 10,
				   .calm_ms = 120000};

/* Names are unique; but what nobody waits for any more is done much later. */
static void set_up_late(struct scene *scene, struct dice *dice)
{
	fake_target_time(scene->target, FAKE_PLACE, roll(dice, 3000));
	fake_target_time(scene->target, FAKE_START, roll(dice, 1000));
	fake_target_pace(scene->target, FAKE_LATENESS, 0, 1 + roll(dice, 60000));
}

static const struct manner late = {
    .set_up = set_up_late, EDITIONS(editions), .wanted = wanted, .slowness = 5, .calm_ms = 120000};

/* The tasks are the target's own: they are rolled by it, die, and move. */
static void set_up_marathon(struct scene *scene, struct dice *dice)
{
	struct capabilities can = fake_driver.capabilities;
	can.grain = GRAIN_COMPONENT;
	can.host_names = can.generations = can.limits_in_place = can.restart_in_place = false;
	can.kinds = 1u << COMPONENT_DOCKER;
	fake_target_capabilities(scene->target, &can);
	fake_target_pace(scene->target, FAKE_STAGING, 0, roll(dice, 5000));
	fake_target_pace(scene->target, FAKE_LATENESS, 0, roll(dice, 2) ? 1 + roll(dice, 5000) : 0);
}

static void twist_marathon(struct fake_rule *rule, struct dice *dice)
{
	rule->for_ever = rule->call == FAKE_UPDATE && roll(dice, 3) == 0;
	if (rule->for_ever)
		rule->error = (struct error){0};
}

static void befall_marathon(struct scene *scene, struct dice *dice)
{
	static const char *const names[] = {"app.a.1", "app.b.1", "app.c.1", "app.e.1"};
	if (roll(dice, 2))
		fake_target_task_dies(scene->target, names[roll(dice, 4)], roll(dice, 2), 1);
	if (roll(dice, 4) == 0)
		fake_target_lock(scene->target, names[roll(dice, 4)], roll(dice, 60000));
}

static const struct manner marathon = {.set_up = set_up_marathon,
				       .twist = twist_marathon,
				       .befall = befall_marathon,
				       EDITIONS(kept_editions),
				       .wanted = kept_wanted,
				       .tasks = kept_tasks,
				       .slowness = 5,
				       .calm_ms = 120000};

/* Several tests, so that they run side by side. */
#define SEEDS(name, manner, first, last)                                                                     \
	Test(chaos, name)                                                                                    \
	{                                                                                                    \
		for (uint64_t seed = first; seed <= last; seed++)                                            \
			play(seed, &manner);                                                                 \
	}

SEEDS(converges_from_1, plain, 1, 60)
SEEDS(converges_from_61, plain, 61, 120)
SEEDS(converges_from_121, plain, 121, 180)
SEEDS(converges_from_181, plain, 181, 240)
SEEDS(converges_where_names_are_not_unique_from_1, nova, 1, 30)
SEEDS(converges_where_names_are_not_unique_from_31, nova, 31, 60)
SEEDS(converges_where_calls_arrive_late_from_1, late, 1, 30)
SEEDS(converges_where_calls_arrive_late_from_31, late, 31, 60)
SEEDS(converges_where_the_target_keeps_the_tasks_from_1, marathon, 1, 30)
SEEDS(converges_where_the_target_keeps_the_tasks_from_31, marathon, 31, 60)
