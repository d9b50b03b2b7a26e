/* test_marathon_together.c - many apps of one Marathon are read, made and started by one request, and each by
 * its own when nothing good came of that. */
#include <stdio.h>
#include <string.h>

#include "tests/locations/marathon_bench.h"

TestSuite(marathon_together, .fini = close_all);

enum { MANY = 3, LATER = 4 };

static struct crowd {
	struct errand errands[LATER];
	struct error errors[LATER];
	struct instance_spec specs[LATER];
	char ids[LATER][8], names[LATER][16];
	enum progress progress[LATER];
} crowd;

static void gather_crowd(bool at_once)
{
	memset(&crowd, 0, sizeof(crowd));
	for (int i = 0; i < LATER; i++) {
		snprintf(crowd.ids[i], sizeof(crowd.ids[i]), "a%d", i);
		snprintf(crowd.names[i], sizeof(crowd.names[i]), "shop.a%d.1", i);
		crowd.specs[i] = *web();
		crowd.specs[i].component = crowd.ids[i];
		crowd.specs[i].name = crowd.names[i];
		crowd.specs[i].at_once = at_once;
		crowd.errands[i].wake = wake_bench;
		crowd.progress[i] = PROGRESS_WAITING;
	}
}

static enum progress place_one(int i)
{
	const char *note;

	return stand.location.driver->place(&stand.location, &crowd.errands[i], &crowd.specs[i], &note,
					    &crowd.errors[i]);
}

static enum progress start_one(int i)
{
	return stand.location.driver->start(&stand.location, &crowd.errands[i], &crowd.specs[i],
					    &crowd.errors[i]);
}

/* The first so many, at one time, until all is over. */
static void all_of(int count, enum progress (*one)(int))
{
	bool waits = true;

	for (int i = 0; i < count; i++)
		crowd.progress[i] = PROGRESS_WAITING;
	while (waits) {
		waits = false;
		for (int i = 0; i < count; i++)
			if (crowd.progress[i] == PROGRESS_WAITING &&
			    (crowd.progress[i] = one(i)) == PROGRESS_WAITING)
				waits = true;
		if (waits)
			until_woken();
	}
}

#define WHO                                                                                                  \
	{                                                                                                    \
		"GET", "http://a:8080/v2/info", 200, NULL,                                                   \
		    "{\"version\":\"1.11.2\",\"frameworkId\":\"f\",\"marathon_config\":{}}", 0               \
	}
#define ALL_APPS "http://a:8080/v2/groups/shop?"
#define LIST     "http://a:8080/v2/apps?"
#define NOBODY   "{\"id\":\"/shop\",\"apps\":[]}"
#define ACCEPTED "{\"version\":\"v\",\"deploymentId\":\"d\"}"
#define APP(id, n)                                                                                           \
	"{\"id\":\"/shop/" id "\",\"instances\":" n                                                          \
	",\"labels\":{\"berth.app\":\"shop\",\"berth.instance\":\"shop." id                                  \
	".1\",\"berth.spec\":\"d\"},\"tasks\":[]}"

static void open_it(void)
{
	struct location_facts facts = {0};

	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0, "%s", stand.err.text);
	cr_assert(AWAIT_MARATHON(connect, &facts) == PROGRESS_DONE, "%s", stand.err.text);
}

static void assert_all_done(int count)
{
	for (int i = 0; i < count; i++)
		cr_expect(crowd.progress[i] == PROGRESS_DONE, "%d: %s\n%s", i, crowd.errors[i].text,
			  text_view(&stand.asked));
}

Test(marathon_together, many_are_made_by_one_listing_and_one_change_of_just_those)
{
	PLAY(WHO, {"GET", ALL_APPS, 200, NULL, NOBODY, 0}, {"PUT", LIST, 200, NULL, ACCEPTED, 0});
	open_it();
	gather_crowd(true);
	all_of(MANY, place_one);
	assert_all_done(MANY);
	cr_expect(requests("GET " ALL_APPS) == 1 && requests("PUT " LIST) == 1, "%s",
		  text_view(&stand.asked));
	cr_expect(requests("/v2/apps/") == 0 && requests("POST") == 0, "%s", text_view(&stand.asked));
	cr_expect(requests("PUT http://a:8080/v2/groups") == 0, "which would remove whom it does not name");
	cr_expect(strstr(text_view(&stand.sent), "[{\"id\":\"/shop/a0\",\"instances\":3,") &&
		      strstr(text_view(&stand.sent), "{\"id\":\"/shop/a2\",\"instances\":3,"),
		  "%s", text_view(&stand.sent));
}

Test(marathon_together, what_runs_from_the_beginning_needs_no_start)
{
	PLAY(WHO,
	     {"GET", ALL_APPS, 200, NULL,
	      "{\"id\":\"/shop\",\"apps\":[" APP("a0", "3") "," APP("a1", "3") "," APP("a2", "3") "]}", 0});
	open_it();
	gather_crowd(true);
	all_of(MANY, start_one);
	assert_all_done(MANY);
	cr_expect(requests("PUT") == 0 && requests("GET " ALL_APPS) == 1, "%s", text_view(&stand.asked));
}

Test(marathon_together, many_are_started_by_one_change)
{
	PLAY(WHO,
	     {"GET", ALL_APPS, 200, NULL,
	      "{\"id\":\"/shop\",\"apps\":[" APP("a0", "0") "," APP("a1", "0") "," APP("a2", "3") "]}", 0},
	     {"PUT", LIST, 200, NULL, ACCEPTED, 0}, {"PUT", "http://a:8080/v2/apps", 200, NULL, ACCEPTED, 0});
	open_it();
	gather_crowd(false);
	all_of(MANY, start_one);
	assert_all_done(MANY);
	cr_expect(requests("PUT") == 1, "%s", text_view(&stand.asked));
	cr_expect(strstr(text_view(&stand.sent),
			 "[{\"id\":\"/shop/a0\",\"instances\":3},{\"id\":\"/shop/a1\",\"instances\":3}]"),
		  "%s", text_view(&stand.sent));
}

Test(marathon_together, lost_answer_is_looked_for_and_nobody_is_made_twice)
{
	PLAY(WHO, {"GET", ALL_APPS, 200, NULL, NOBODY, 1}, {"PUT", LIST, -1, NULL, NULL, 1},
	     {"GET", ALL_APPS, 200, NULL,
	      "{\"id\":\"/shop\",\"apps\":[" APP("a0", "3") "," APP("a1", "3") "," APP("a2", "3") "]}", 0});
	open_it();
	gather_crowd(true);
	all_of(MANY, place_one);
	assert_all_done(MANY);
	cr_expect(requests("PUT") == 1 && requests("POST") == 0 && requests("GET " ALL_APPS) == 2, "%s",
		  text_view(&stand.asked));
}

Test(marathon_together, one_that_is_refused_costs_the_others_nothing)
{
	PLAY(WHO, {"GET", ALL_APPS, 200, NULL, NOBODY, 0},
	     {"PUT", LIST, 422, NULL, "{\"message\":\"Object is not valid\",\"details\":[]}", 0},
	     {"POST", "http://a:8080/v2/apps", 422, NULL,
	      "{\"message\":\"Object is not valid\",\"details\":[{\"path\":\"/cpus\",\"errors\":[\"too "
	      "many\"]}]}",
	      2},
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	open_it();
	gather_crowd(true);
	all_of(MANY, place_one);
	unsigned done = 0;
	for (int i = 0; i < MANY; i++) {
		done += crowd.progress[i] == PROGRESS_DONE;
		cr_expect(crowd.progress[i] == PROGRESS_DONE || (crowd.errors[i].code == ERR_INVALID &&
								 strstr(crowd.errors[i].text, "too many")),
			  "%s", crowd.errors[i].text);
	}
	cr_expect(done > 0 && done < MANY && requests("POST") == MANY, "%s", text_view(&stand.asked));
}

Test(marathon_together, lock_on_one_of_many_is_waited_for_by_each)
{
	PLAY(WHO,
	     {"GET", ALL_APPS, 200, NULL,
	      "{\"id\":\"/shop\",\"apps\":[" APP("a0", "0") "," APP("a1", "0") "," APP("a2", "0") "]}", 0},
	     {"PUT", LIST, 409, NULL, "{\"message\":\"App is locked\",\"deployments\":[{\"id\":\"x\"}]}", 0},
	     {"PUT", "http://a:8080/v2/apps/", 409, NULL,
	      "{\"message\":\"App is locked\",\"deployments\":[{\"id\":\"x\"}]}", 2},
	     {"PUT", "http://a:8080/v2/apps/", 200, NULL, ACCEPTED, 0},
	     {"PUT", "http://a:8080/v2/apps", 409, NULL,
	      "{\"message\":\"App is locked\",\"deployments\":[{\"id\":\"x\"}]}", 0});
	open_it();
	gather_crowd(false);
	all_of(MANY, start_one);
	assert_all_done(MANY);
	cr_expect(requests("force=true") == 0, "%s", text_view(&stand.asked));
}

Test(marathon_together, name_that_is_a_strangers_is_found_in_the_listing)
{
	PLAY(
	    WHO,
	    {"GET", ALL_APPS, 200, NULL,
	     "{\"id\":\"/shop\",\"apps\":[{\"id\":\"/shop/a1\",\"instances\":1,\"labels\":{},\"tasks\":[]}]}",
	     0},
	    {"PUT", LIST, 200, NULL, ACCEPTED, 0}, {"PUT", "http://a:8080/v2/apps", 200, NULL, ACCEPTED, 0});
	open_it();
	gather_crowd(true);
	all_of(MANY, place_one);
	cr_expect(crowd.progress[1] == PROGRESS_FAILED && crowd.errors[1].code == ERR_CONFLICT, "%s",
		  crowd.errors[1].text);
	cr_expect(crowd.progress[0] == PROGRESS_DONE && crowd.progress[2] == PROGRESS_DONE);
	cr_expect_null(strstr(text_view(&stand.sent), "/shop/a1"), "%s", text_view(&stand.sent));
}

Test(marathon_together, listing_that_fails_is_done_without)
{
	PLAY(WHO, {"GET", ALL_APPS, 500, NULL, "{\"message\":\"no\"}", 0},
	     {"GET", "http://a:8080/v2/apps/shop/", 404, NULL, "{\"message\":\"no\"}", 0},
	     {"PUT", "http://a:8080/v2/apps", 200, NULL, ACCEPTED, 0});
	open_it();
	gather_crowd(true);
	all_of(MANY, place_one);
	assert_all_done(MANY);
	cr_expect(requests("GET http://a:8080/v2/apps/shop/a") == MANY, "%s", text_view(&stand.asked));
}

/* Until when the plan has others of that level. */
static int64_t open_until_ms;

static bool level_is_open(void *owner, const char *app)
{
	cr_expect_str_eq(app, "shop");
	(void)owner;
	return stand.world->ops->now(stand.world) < open_until_ms;
}

/* One asks for its app by itself. Whether that is still held back after so long. */
static bool is_held_for(int64_t ms)
{
	crowd.progress[0] = place_one(0);
	until_woken(); /* that it is not there */
	cr_assert(place_one(0) == PROGRESS_WAITING);
	virtual_world_run(stand.world, NULL, NULL, ms);
	return requests("POST") == 0;
}

Test(marathon_together, who_could_go_waits_for_all_that_the_plan_has_of_its_level)
{
	PLAY(WHO, {"GET", "http://a:8080/v2/apps/shop/", 404, NULL, "", 0},
	     {"GET", ALL_APPS, 200, NULL, NOBODY, 0}, {"PUT", LIST, 200, NULL, ACCEPTED, 0},
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	open_it();
	gather_crowd(true);
	open_until_ms = INT64_MAX;
	stand.location.more_come = level_is_open;
	cr_assert(is_held_for(20000), "%s", text_view(&stand.asked));
	open_until_ms = 0;
	all_of(2, place_one);
	assert_all_done(2);
	cr_expect(requests("PUT " LIST) == 1 && requests("POST") == 0, "%s", text_view(&stand.asked));
}

Test(marathon_together, one_of_its_level_that_is_stuck_is_not_waited_for_for_ever)
{
	PLAY(WHO, {"GET", "http://a:8080/v2/apps/shop/", 404, NULL, "", 0},
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	open_it();
	gather_crowd(true);
	open_until_ms = INT64_MAX;
	stand.location.more_come = level_is_open;
	cr_expect(is_held_for(29000), "%s", text_view(&stand.asked));
	all_of(1, place_one);
	assert_all_done(1);
	cr_expect_eq(requests("POST"), 1, "%s", text_view(&stand.asked));
}

static enum progress probe_name(int i, const struct health_check *check)
{
	enum progress progress;

	while ((progress = stand.location.driver->probe(&stand.location, &stand.errand, &crowd.specs[i],
							check, &stand.err)) == PROGRESS_WAITING)
		until_woken();
	return progress;
}

static const struct health_check none = {.kind = CHECK_NONE};

/* Of one task, in a deployment that is not over. */
#define BUSY(more, version)                                                                                  \
	"{\"app\":{\"id\":\"/shop/a0\",\"instances\":1," more "\"deployments\":[{\"id\":\"d\"}],"            \
	"\"versionInfo\":{\"lastConfigChangeAt\":\"2026-01-02T00:00:00.000Z\"},\"labels\":{\"berth.app\":"   \
	"\"shop\",\"berth.instance\":\"shop.a0.1\"},\"tasks\":[{\"id\":\"t\",\"state\":\"TASK_RUNNING\","    \
	"\"version\":\"" version "\"}]}}"

static enum progress probe_busy(const char *app)
{
	PLAY(WHO, {"GET", "http://a:8080/v2/apps/shop/a0", 200, NULL, app, 0},
	     {"GET", "http://a:8080/v2/queue", 200, NULL, "{\"queue\":[]}", 0});
	return probe_name(0, &none);
}

Test(marathon_together, one_that_does_not_come_up_holds_up_none_of_those_made_with_it)
{
	PLAY(WHO);
	open_it();
	gather_crowd(true);
	stand.errand = (struct errand){.wake = wake_bench};
	cr_expect(probe_busy(BUSY("", "2026-01-02T00:00:00.000Z")) == PROGRESS_DONE,
		  "the deployment goes on for others");
	cr_expect(probe_busy(BUSY("", "2026-01-01T00:00:00.000Z")) == PROGRESS_FAILED,
		  "its task is of the version before");
	cr_expect(probe_busy(BUSY("\"readinessChecks\":[{}],", "2026-01-02T00:00:00.000Z")) ==
		      PROGRESS_FAILED,
		  "it runs and is not ready");
	cr_expect(probe_busy(BUSY("\"readinessChecks\":[{}],\"readinessCheckResults\":[{\"ready\":true}],",
				  "2026-01-02T00:00:00.000Z")) == PROGRESS_DONE);
}
