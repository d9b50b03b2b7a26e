/* conformance_leases.c - what every driver must do when two want one application, and what it tells of all.
 */
#include <string.h>

#include "tests/conformance/rig.h"

enum { LONG_MS = 600000, SHORT_MS = 1000 };

void conformance_contested_claim_has_one_winner(struct subject *subject)
{
	static const struct owner one = {"0123456789abcdef", "one@here", NULL},
				  two = {"fedcba9876543210", "two@there", NULL};
	struct owner told = {0}, told_other = {0};
	struct rig rig[1], other[1];

	rig_open(rig, subject);
	rig_open(other, subject);
	BOTH(rig, ASK(claim, subject->app, &one, false, &rig->arena, &told), other,
	     ASK_OF(other, claim, subject->app, &two, false, &other->arena, &told_other));
	cr_assert_str_eq(told.id, told_other.id, "both have it");
	cr_assert(!strcmp(told.id, one.id) || !strcmp(told.id, two.id));
	rig_close(other);
	rig_close(rig);
}

static struct lease lease_of(const char *token, int64_t ttl_ms)
{
	return (struct lease){
	    .token = token, .words = !strcmp(token, "first") ? "ann" : "bob", .ttl_ms = ttl_ms};
}

/* Who has it once the token was tried. */
static struct lease try_lease(struct rig *rig, const char *token, int64_t ttl_ms)
{
	const struct lease wanted = lease_of(token, ttl_ms);
	struct lease holder = {0};

	MUST(rig, ASK(lease, rig->subject->app, &wanted, &rig->arena, &holder));
	cr_assert(holder.token && holder.words, "nobody is said to have it");
	return holder;
}

void conformance_lease_is_held_by_the_first(struct subject *subject)
{
	struct rig rig[1], other[1];

	rig_open(rig, subject);
	rig_open(other, subject);
	cr_assert_str_eq(try_lease(rig, "first", LONG_MS).token, "first");
	struct lease holder = try_lease(other, "second", LONG_MS);
	cr_assert_str_eq(holder.token, "first");
	cr_assert_str_eq(holder.words, "ann");
	cr_assert_str_eq(try_lease(rig, "first", LONG_MS).token, "first");
	cr_assert_str_eq(try_lease(other, "second", LONG_MS).token, "first");
	rig_close(other);
	rig_close(rig);
}

void conformance_lease_is_taken_after_its_end(struct subject *subject)
{
	struct lease holder = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	cr_assert_str_eq(try_lease(rig, "first", SHORT_MS).token, "first");
	for (int i = 0; i < 300; i++) {
		holder = try_lease(rig, "second", LONG_MS);
		if (!strcmp(holder.token, "second"))
			break;
		rig_pause(rig, 100);
	}
	cr_assert_str_eq(holder.token, "second", "it did not end");
	cr_assert_str_eq(holder.words, "bob");
	cr_assert_str_eq(try_lease(rig, "first", LONG_MS).token, "second");
	rig_close(rig);
}

void conformance_renewed_lease_does_not_end(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	try_lease(rig, "first", SHORT_MS);
	cr_assert_str_eq(try_lease(rig, "first", LONG_MS).token, "first");
	rig_pause(rig, SHORT_MS + 200);
	cr_assert_str_eq(try_lease(rig, "second", LONG_MS).token, "first");
	rig_close(rig);
}

void conformance_ended_lease_has_one_heir(struct subject *subject)
{
	const struct lease wanted = lease_of("first", LONG_MS), wanted_other = lease_of("second", LONG_MS);
	struct lease told = {0}, told_other = {0};
	struct rig rig[1], other[1];

	rig_open(rig, subject);
	rig_open(other, subject);
	const struct lease old = {.token = "third", .words = "eve", .ttl_ms = SHORT_MS};
	MUST(rig, ASK(lease, subject->app, &old, &rig->arena, &told));
	/* A target's clock may know whole seconds alone, and a lease must not end too soon. */
	rig_pause(rig, 2 * SHORT_MS + 200);
	BOTH(rig, ASK(lease, subject->app, &wanted, &rig->arena, &told), other,
	     ASK_OF(other, lease, subject->app, &wanted_other, &other->arena, &told_other));
	cr_assert_str_eq(told.token, told_other.token, "both have it");
	cr_assert(strcmp(told.token, "third") != 0, "it did not end");
	rig_close(other);
	rig_close(rig);
}

/* Whether a lease is listed, and it is that one. */
static bool lists_lease(struct rig *rig, const char *token)
{
	const struct list_request request = {.app = rig->subject->app};
	struct inventory inventory = {0};

	MUST(rig, ASK(list, &request, &inventory));
	bool there = inventory.lease != NULL;
	cr_assert(!there || !strcmp(inventory.lease, token));
	inventory_release(&inventory);
	return there;
}

void conformance_lease_is_listed_with_its_application(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	cr_assert_not(lists_lease(rig, "first"));
	try_lease(rig, "first", SHORT_MS);
	cr_assert(lists_lease(rig, "first"));
	rig_pause(rig, SHORT_MS + 200);
	cr_assert(lists_lease(rig, "first"), "what has ended is still there");
	MUST(rig, ASK(tidy, subject->app, "first"));
	cr_assert_not(lists_lease(rig, "first"));
	rig_close(rig);
}

void conformance_lease_is_given_back(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	MUST(rig, ASK(tidy, subject->app, "first"));
	try_lease(rig, "first", LONG_MS);
	MUST(rig, ASK(tidy, subject->app, "second"));
	cr_assert_str_eq(try_lease(rig, "second", LONG_MS).token, "first", "another's token gave it back");
	MUST(rig, ASK(tidy, subject->app, "first"));
	MUST(rig, ASK(tidy, subject->app, "first"));
	cr_assert_str_eq(try_lease(rig, "second", LONG_MS).token, "second");
	rig_close(rig);
}

static size_t objects(struct rig *rig, const char *asked, const char *app)
{
	const struct list_request request = {.app = asked};
	struct inventory inventory = {0};
	size_t count = 0;

	MUST(rig, ASK(list, &request, &inventory));
	for (size_t i = 0; i < inventory.object_count; i++) {
		cr_assert(inventory.objects[i].app && *inventory.objects[i].kind &&
			  *inventory.objects[i].name);
		count += !strcmp(inventory.objects[i].app, app);
	}
	inventory_release(&inventory);
	return count;
}

void conformance_objects_of_every_application_are_told(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	const char *other = arena_format(&rig->arena, "%s-b", subject->app);
	const struct prepare_request request = {.app = other, .instances = 1};
	const struct lease wanted = lease_of("first", LONG_MS);
	struct lease holder = {0};
	MUST(rig, ASK(prepare, &request));
	MUST(rig, ASK(lease, other, &wanted, &rig->arena, &holder));
	try_lease(rig, "first", LONG_MS);
	cr_assert(objects(rig, NULL, subject->app) > 0);
	cr_assert(objects(rig, NULL, other) > 0);
	MUST(rig, ASK(tidy, other, "first"));
	MUST(rig, ASK(release, other, true));
	cr_assert(objects(rig, NULL, other) == 0, "what was given back is still told");
	cr_assert(objects(rig, NULL, subject->app) > 0);
	cr_assert(objects(rig, subject->app, subject->app) == 0, "more was told than was asked for");
	rig_close(rig);
}
