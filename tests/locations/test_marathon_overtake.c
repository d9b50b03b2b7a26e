/* test_marathon_overtake.c - a change of an app that something is under way with: what an earlier deploy
 * began is overtaken at once, anybody else's is waited for. */
#include <string.h>

#include "tests/locations/marathon_bench.h"

#define AT          "http://a:8080"
#define THE_APP     AT "/v2/apps/shop/web"
#define DEPLOYMENTS AT "/v2/deployments"
#define GROUP       AT "/v2/groups/shop"
#define ACCEPTED    "{\"version\":\"v\",\"deploymentId\":\"new\"}"
#define LABELS(digest)                                                                                       \
	"\"labels\":{\"berth.app\":\"shop\",\"berth.instance\":\"shop.web.1\",\"berth.spec\":\"" digest "\"" \
	"}"
#define LATE "2300-01-02T00:00:00.000Z"
#define APP(digest, deployments)                                                                             \
	"{\"app\":{\"id\":\"/shop/web\",\"instances\":3,\"version\":\"" LATE "\",\"versionInfo\":{"          \
	"\"lastConfigChangeAt\":\"" LATE "\"}," LABELS(digest) ",\"deployments\":[" deployments "]}}"
#define BUSY        "{\"id\":\"old\"}"
#define OLD(others) "[{\"id\":\"old\",\"affectedApps\":[\"/shop/web\"" others "],\"steps\":[]}]"
#define OURS        "{\"id\":\"/shop\",\"apps\":[{\"id\":\"/shop/web\"," LABELS("d") "},{\"id\":\"/shop/theirs\"}]}"
#define QUEUE                                                                                                \
	"{\"queue\":[{\"count\":3,\"delay\":{\"overdue\":true},\"app\":{\"id\":\"/shop/web\",\"mem\":8192}," \
	"\"processedOffersSummary\":{\"processedOffersCount\":5,\"rejectSummaryLastOffers\":[{\"reason\":"   \
	"\"InsufficientMemory\",\"declined\":5,\"processed\":5}]}}]}"
#define WHO                                                                                                  \
	{                                                                                                    \
		"GET", AT "/v2/info", 200, NULL, "{\"version\":\"1.11.2\",\"marathon_config\":{}}", 0        \
	}
#define BEFORE "2300-01-01T00:00:00.000Z"
#define ITS_QUEUE                                                                                            \
	{                                                                                                    \
		"GET", AT "/v2/queue", 200, NULL, QUEUE, 0                                                   \
	}
#define LISTED(deployments)                                                                                  \
	{                                                                                                    \
		"GET", DEPLOYMENTS, 200, NULL, deployments, 0                                                \
	}
#define OUR_GROUP                                                                                            \
	{                                                                                                    \
		"GET", GROUP, 200, NULL, OURS, 0                                                             \
	}
#define VERSIONS(list)                                                                                       \
	{                                                                                                    \
		"GET", THE_APP "/versions", 200, NULL, "{\"versions\":[" list "]}", 0                        \
	}
#define TAKEN                                                                                                \
	{                                                                                                    \
		"PUT", THE_APP, 200, NULL, ACCEPTED, 1                                                       \
	}
#define BUSY_FOR(times)                                                                                      \
	{                                                                                                    \
		"GET", THE_APP, 200, NULL, APP("d", BUSY), times                                             \
	}
#define THEN_FREE                                                                                            \
	{                                                                                                    \
		"GET", THE_APP, 200, NULL, APP("d", ""), 1                                                   \
	}
#define CHANGED                                                                                              \
	{                                                                                                    \
		"GET", THE_APP, 200, NULL, APP("other", ""), 0                                               \
	}

static struct text said;
static bool may_end; /* whoever does not want to wait any longer */

static void drop_curtain(void)
{
	text_release(&said);
	close_all();
}

TestSuite(marathon_overtake, .fini = drop_curtain);

/* Each time that it is another one. */
static void hear_note(void)
{
	static char last[200];
	const char *note = stand.errand.note ?: "";

	if (strcmp(note, last) != 0)
		text_format(&said, "%s\n", note);
	snprintf(last, sizeof(last), "%s", note);
}

static void update_it(void)
{
	struct instance_spec made = *web();
	enum progress progress;

	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0, "%s", stand.err.text);
	snprintf(made.digest, sizeof(made.digest), "other");
	stand.errand = (struct errand){.wake = wake_bench};
	while ((progress = stand.location.driver->update(&stand.location, &stand.errand, &made,
							 &stand.err)) == PROGRESS_WAITING) {
		hear_note();
		may_end |= stand.errand.harmless;
		until_woken();
	}
	cr_expect(progress == PROGRESS_DONE, "%s", stand.err.text);
}

static int64_t now(void)
{
	return stand.world->ops->now(stand.world);
}

static void expect_overtaken(void)
{
	cr_expect(now() < 3000, "%lld ms", (long long)now());
	cr_expect_eq(requests("PUT " THE_APP "?partialUpdate=false&force=true\n"), 1, "%s",
		     text_view(&stand.asked));
	cr_expect(strstr(text_view(&said), "offers, none with 8 GiB of memory: it is overtaken"), "%s",
		  text_view(&said));
}

/* One that waits, and says so once, until that has ended. */
static void expect_waited(void)
{
	cr_expect(now() >= 1000, "%lld ms", (long long)now());
	cr_expect(may_end && !stand.errand.harmless);
	cr_expect_null(strstr(text_view(&stand.asked), "force=true"), "%s", text_view(&stand.asked));
	const char *first = strstr(text_view(&said), "waits for deployment old");
	cr_expect(first && !strstr(first + 1, "waits for"), "%s", text_view(&said));
}

Test(marathon_overtake, first_deploy_that_could_not_finish_is_overtaken)
{
	PLAY(WHO, ITS_QUEUE, LISTED(OLD("")), OUR_GROUP, VERSIONS("\"" LATE "\""), TAKEN, BUSY_FOR(1),
	     CHANGED);
	update_it();
	expect_overtaken();
}

Test(marathon_overtake, change_by_an_earlier_deploy_is_overtaken)
{
	PLAY(WHO, ITS_QUEUE, LISTED(OLD("")), OUR_GROUP,
	     {"GET", THE_APP "/versions/" BEFORE, 200, NULL, "{" LABELS("first") "}", 0},
	     VERSIONS("\"2299-01-01T00:00:00.000Z\",\"" LATE "\",\"" BEFORE "\""), TAKEN, BUSY_FOR(1),
	     CHANGED);
	update_it();
	expect_overtaken();
}

/* Whoever changes it by hand keeps the labels. */
Test(marathon_overtake, change_by_hand_is_waited_for)
{
	PLAY(WHO, ITS_QUEUE, LISTED(OLD("")), OUR_GROUP,
	     {"GET", THE_APP "/versions/" BEFORE, 200, NULL, "{" LABELS("d") "}", 0},
	     VERSIONS("\"" LATE "\",\"" BEFORE "\""), TAKEN, BUSY_FOR(5), THEN_FREE, CHANGED);
	update_it();
	expect_waited();
}

Test(marathon_overtake, deployment_of_others_apps_too_is_waited_for)
{
	PLAY(WHO, ITS_QUEUE, LISTED(OLD(",\"/shop/theirs\"")), OUR_GROUP, VERSIONS("\"" LATE "\""), TAKEN,
	     BUSY_FOR(5), THEN_FREE, CHANGED);
	update_it();
	expect_waited();
}

/* By force, after the app was read: it is of the same app, and takes others with it. */
Test(marathon_overtake, deployment_that_came_since_is_waited_for)
{
	PLAY(WHO, ITS_QUEUE,
	     {"GET", DEPLOYMENTS, 200, NULL,
	      "[{\"id\":\"old\",\"affectedApps\":[\"/shop/web\"],\"steps\":[]},"
	      "{\"id\":\"theirs\",\"affectedApps\":[\"/shop/web\",\"/shop/theirs\"],\"steps\":[]}]",
	      0},
	     OUR_GROUP, VERSIONS("\"" LATE "\""), TAKEN, BUSY_FOR(5), THEN_FREE, CHANGED);
	update_it();
	expect_waited();
}

static void expect_not_forced(void)
{
	cr_expect_null(strstr(text_view(&stand.asked), "force=true"), "%s", text_view(&stand.asked));
	cr_expect_null(strstr(text_view(&said), "waits for"), "%s", text_view(&said));
}

Test(marathon_overtake, nothing_is_forced_where_the_deployment_is_not_listed)
{
	PLAY(WHO, ITS_QUEUE, {"GET", DEPLOYMENTS, 200, NULL, "[]", 1},
	     {"GET", DEPLOYMENTS, 200, NULL, "{}", 0}, OUR_GROUP, VERSIONS("\"" LATE "\""), TAKEN,
	     BUSY_FOR(5), THEN_FREE, CHANGED);
	update_it();
	expect_not_forced();
}

/* That it is the app's first one is a matter of a list that has it. */
Test(marathon_overtake, nothing_is_forced_where_its_version_is_not_listed)
{
	PLAY(WHO, ITS_QUEUE, LISTED(OLD("")), OUR_GROUP, {"GET", THE_APP "/versions", 200, NULL, "{}", 1},
	     VERSIONS("\"" BEFORE "\""), TAKEN, BUSY_FOR(5), THEN_FREE, CHANGED);
	update_it();
	expect_not_forced();
}

/* Nothing is concluded of what nobody answered. */
Test(marathon_overtake, whose_it_is_is_asked_again_where_nobody_told)
{
	PLAY(WHO, ITS_QUEUE, LISTED(OLD("")), {"GET", GROUP, 500, NULL, "{\"message\":\"no\"}", 1}, OUR_GROUP,
	     VERSIONS("\"" LATE "\""), TAKEN, BUSY_FOR(2), CHANGED);
	update_it();
	expect_overtaken();
	cr_expect_null(strstr(text_view(&said), "waits for"), "%s", text_view(&said));
}
