/* test_openstack_spoilt.c - what a real OpenStack said, spoilt in every place: whoever reads it gets it whole
 * or is told, and what tells nothing of what there is does not count as nothing being there. */
#include <string.h>
#include <time.h>

#include "tests/fuzz/openstack_readers.h"
#include "tests/locations/openstack_bench.h"

static struct arena room;

static void end(void)
{
	arena_release(&room);
	openstack_bench_end();
}

TestSuite(openstack_spoilt, .init = openstack_bench_begin, .fini = end, .timeout = 300);

enum manner { AWAY, NOTHING, ANOTHER_TYPE, HUGE_NUMBER, EMPTY, MANNERS };
enum { PLACES = 40 };

/* --- documents -------------------------------------------------------------------------------------------
 */

/* Of Neutron's groups and floating IPs each was recorded alone. */
static json_t *document_of(const char *name)
{
	static const char *const lists[][2] = {{"security_group", "security_groups"},
					       {"floatingip", "floatingips"}};
	const json_t *body = openstack_recorded_body(name);

	for (size_t i = 0; i < COUNT_OF(lists); i++)
		if (json_object_get(body, lists[i][0]))
			return json_pack("{s:[O]}", lists[i][1], json_object_get(body, lists[i][0]));
	return json_deep_copy(body);
}

static int read_as(const struct openstack_reader *reader, const char *body, size_t size)
{
	owned_arena arena = {0};
	struct error err = {0};
	owned_json json = json_parse(body, size, "answer", &err);

	if (json && reader->read(json, &arena, &err) == 0)
		return 0;
	cr_expect(err.code != OK && *err.text && printable(err.text), "%s", reader->name);
	return -1;
}

static int read_document(const struct openstack_reader *reader, const json_t *document)
{
	owned_memory char *line = json_line(document);

	cr_assert_not_null(line);
	return read_as(reader, line, strlen(line));
}

/* --- spoilt ----------------------------------------------------------------------------------------------
 */

static json_t *otherwise(const json_t *value, enum manner manner)
{
	switch (manner) {
	case ANOTHER_TYPE:
		return json_is_string(value)   ? json_integer(7)
		       : json_is_number(value) ? json_string("seven")
		       : json_is_object(value) ? json_array()
					       : json_object();
	case HUGE_NUMBER:
		return json_is_integer(value) ? json_integer(INT64_MAX) : json_real(1e300);
	case EMPTY:
		return json_string("");
	default:
		return json_null();
	}
}

/* Of all that is in it, the one of that number. False: there are not so many. */
static bool spoil(json_t *at, size_t *number, enum manner manner)
{
	const char *key;
	json_t *value;
	size_t i;
	void *next;

	json_object_foreach_safe(at, next, key, value)
	{
		if (!(*number)--)
			return !(manner == AWAY ? json_object_del(at, key)
						: json_object_set_new(at, key, otherwise(value, manner)));
		if (spoil(value, number, manner))
			return true;
	}
	json_array_foreach (at, i, value) {
		if (!(*number)--)
			return !(manner == AWAY ? json_array_remove(at, i)
						: json_array_set_new(at, i, otherwise(value, manner)));
		if (spoil(value, number, manner))
			return true;
	}
	return false;
}

static void each_member(const struct openstack_reader *reader, const json_t *document)
{
	for (enum manner manner = AWAY; manner < MANNERS; manner++)
		for (size_t number = 0;; number++) {
			owned_json spoilt = json_deep_copy(document);
			size_t left = number;
			if (!spoil(spoilt, &left, manner))
				break;
			read_document(reader, spoilt);
		}
}

/* Neither is JSON. */
static void each_place(const struct openstack_reader *reader, const json_t *document)
{
	owned_memory char *line = json_line(document);
	size_t size = strlen(line);

	for (size_t i = 0; i < PLACES; i++) {
		size_t place = size * i / PLACES;
		cr_expect_eq(read_as(reader, line, place), -1, "%s cut at %zu", reader->name, place);
		char kept = line[place];
		line[place] = '\xff';
		cr_expect_eq(read_as(reader, line, size), -1, "%s with no letter at %zu", reader->name,
			     place);
		line[place] = kept;
	}
}

/* Each reader has what it is for; gives how many there were. */
static size_t each_recorded(const struct openstack_reader *reader,
			    void (*spoil_it)(const struct openstack_reader *, const json_t *))
{
	size_t count = 0;

	for (size_t i = 0; i < openstack_recorded_count(); i++) {
		const char *name = openstack_recorded_name(i);
		owned_json document = document_of(name);
		if (json_number(openstack_recorded(name), "status", 0) >= 300 || !json_is_object(document) ||
		    read_document(reader, document) < 0)
			continue;
		spoil_it(reader, document);
		count++;
	}
	return count;
}

Test(openstack_spoilt, what_is_cut_or_no_text_is_told)
{
	for (const struct openstack_reader *reader = openstack_readers; reader->name; reader++)
		cr_expect_gt(each_recorded(reader, each_place), 0, "%s", reader->name);
}

Test(openstack_spoilt, members_that_are_away_or_something_else_are_read_or_told)
{
	for (const struct openstack_reader *reader = openstack_readers; reader->name; reader++)
		cr_expect_gt(each_recorded(reader, each_member), 0, "%s", reader->name);
}

Test(openstack_spoilt, refusals_are_in_words_whatever_is_left_of_them)
{
	for (size_t i = 0; i < openstack_recorded_count(); i++) {
		const char *name = openstack_recorded_name(i);
		owned_memory char *line = json_line(openstack_recorded_body(name));
		int status = (int)json_number(openstack_recorded(name), "status", 0);
		size_t size = strlen(line);
		for (size_t place = 0; status >= 400 && place <= size; place++) {
			openstack_refused(status, line, place, &room);
			char kept = line[place];
			line[place] = '\xff';
			openstack_refused(status, line, size, &room);
			line[place] = kept;
		}
	}
}

/* --- what tells nothing ----------------------------------------------------------------------------------
 */

static enum progress lease_it(struct errand *errand, void *owner)
{
	static struct lease holder;
	const struct lease lease = {.token = "t", .words = "w", .ttl_ms = 60000};

	(void)owner;
	return openstack_driver.lease(&openstack_here, errand, "shop", &lease, &room, &holder,
				      &openstack_error);
}

static enum progress release_it(struct errand *errand, void *owner)
{
	(void)owner;
	return openstack_driver.release(&openstack_here, errand, "shop", false, &openstack_error);
}

static void is_told(enum progress (*call)(struct errand *errand, void *owner), const char *words)
{
	text_clear(&openstack_asked);
	openstack_error = (struct error){0};
	cr_assert_eq(openstack_go_on(call, NULL), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_UNREACHABLE);
	cr_expect(strstr(openstack_error.text, words), "%s", openstack_error.text);
	cr_expect_null(strstr(text_view(&openstack_asked), "POST " NEUTRON), "a group was made: %s",
		       text_view(&openstack_asked));
}

Test(openstack_spoilt, an_answer_without_its_list_does_not_say_that_there_is_nothing)
{
	static const char *const bodies[] = {"{}", "{\"security_groups\":null}", "{\"security_groups\":{}}",
					     "[]"};

	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		LINES({"GET", NEUTRON "/v2.0/security-groups", 200, NULL, bodies[i], 0});
		openstack_openrc();
		cr_assert_eq(openstack_open("envvars", NULL), 0, "%s", openstack_error.text);
		is_told(lease_it, "no list of security_groups");
		openstack_driver.close(&openstack_here);
		openstack_here.state = NULL;
	}
}

Test(openstack_spoilt, key_pairs_that_are_not_listed_are_not_forgotten)
{
	LINES({"GET", NEUTRON "/v2.0/security-groups", 200, NULL, "{\"security_groups\":[]}", 0},
	      {"GET", NEUTRON "/v2.0/floatingips", 200, NULL, "{\"floatingips\":[]}", 0},
	      {"GET", NOVA "/servers/detail", 200, NULL, "{\"servers\":[]}", 0},
	      {"GET", NOVA "/os-keypairs", 200, NULL, "{}", 0});
	openstack_openrc();
	cr_assert_eq(openstack_open("envvars", NULL), 0, "%s", openstack_error.text);
	is_told(release_it, "no list of keypairs");
}

/* Two could write at once, and each be told that it was his word that stayed. */
Test(openstack_spoilt, what_is_of_no_revision_is_not_written_to)
{
	LINES({"GET", NEUTRON "/v2.0/security-groups", 200, NULL,
	       "{\"security_groups\":[{\"id\":\"1\",\"name\":\"berth.shop\",\"description\":\"berth\"}]}",
	       0});
	openstack_openrc();
	cr_assert_eq(openstack_open("envvars", NULL), 0, "%s", openstack_error.text);
	cr_assert_eq(openstack_go_on(lease_it, NULL), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_UNSUPPORTED);
	cr_expect(strstr(openstack_error.text, "revision_number"), "%s", openstack_error.text);
	cr_expect_null(strstr(text_view(&openstack_asked), "PUT"), "%s", text_view(&openstack_asked));
}

Test(openstack_spoilt, what_is_made_without_an_id_and_never_listed_is_not_made_for_ever, .timeout = 20)
{
	unsigned made = 0;

	LINES({"GET", NEUTRON "/v2.0/security-groups", 200, NULL, "{\"security_groups\":[]}", 0},
	      {"POST", NEUTRON "/v2.0/security-groups", 201, NULL, "{}", 0});
	openstack_openrc();
	cr_assert_eq(openstack_open("envvars", NULL), 0, "%s", openstack_error.text);
	cr_assert_eq(openstack_go_on(lease_it, NULL), PROGRESS_FAILED);
	for (const char *at = text_view(&openstack_asked); (at = strstr(at, "POST " NEUTRON)); at++)
		made++;
	cr_expect_leq(made, 20);
}

static enum progress list_it(struct errand *errand, void *owner)
{
	const struct list_request request = {.app = "shop", .instances_only = true};

	return openstack_driver.list(&openstack_here, errand, &request, owner, &openstack_error);
}

/* --- how many there are -----------------------------------------------------------------------------------
 */

Test(openstack_spoilt, however_many_there_are_they_are_told_in_time)
{
	enum { MANY = 50000 };
	struct inventory inventory = {0};
	owned_text body = {0};

	for (int i = 0; i < MANY; i++)
		text_format(
		    &body,
		    "%s{\"id\":\"%d\",\"name\":\"berth.shop.web.%d\",\"status\":\"ERROR\",\"metadata\":{"
		    "\"berth.app\":\"shop\"}}",
		    i ? "," : "{\"servers\":[", i, i / 2 + 1);
	text_add(&body, "]}");
	LINES({"GET", NOVA "/servers/detail", 200, NULL, text_view(&body), 0});
	openstack_openrc();
	cr_assert_eq(openstack_open("envvars", NULL), 0, "%s", openstack_error.text);
	clock_t began = clock();
	cr_assert_eq(openstack_go_on(list_it, &inventory), PROGRESS_DONE, "%s", openstack_error.text);
	cr_expect_lt((clock() - began) / CLOCKS_PER_SEC, 10);
	cr_expect_eq(inventory.instance_count, MANY);
	size_t doubles = 0;
	for (size_t i = 0; i < inventory.instance_count; i++)
		doubles += inventory.instances[i].late_double;
	cr_expect_eq(doubles, MANY / 2);
	inventory_release(&inventory);
}
