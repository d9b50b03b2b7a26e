/* test_docker_changes.c - what changes at a container that is there: its files, limits, name, what it is
 * told. */
#include <stdlib.h>
#include <string.h>

#include "locations/docker/tar.h"
#include "tests/locations/docker_bench.h"

TestSuite(docker_files, .init = docker_set_up, .fini = docker_take_down);
TestSuite(docker_update, .init = docker_set_up, .fini = docker_take_down);
TestSuite(docker_signal, .init = docker_set_up, .fini = docker_take_down);
TestSuite(docker_rename, .init = docker_set_up, .fini = docker_take_down);

#define CREATE "POST /containers/create?name=app.web.1"
#define LOOK   "GET /containers/app.web.1/json"
#define AGAIN  "GET /containers/c1d2/json"
#define PUT    "PUT /containers/c1d2/archive?path=%2F&noOverwriteDirNonDir=1"
#define USERS  "GET /containers/c1d2/archive?path=%2Fetc%2Fpasswd"
#define GROUPS "GET /containers/c1d2/archive?path=%2Fetc%2Fgroup"
#define START  "POST /containers/c1d2/start"

#define LABELS                                                                                               \
	"\"berth.app\": \"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\", \"berth.spec\": "  \
	"\"aa\", \"berth.links\": \"11\""

static const char *note;

/* --- files --- */

static struct spec_file the_file = {.path = "/etc/x.conf", .content = "hush", .size = 4, .mode = 0640};

static struct instance_spec with_file(const char *user)
{
	struct instance_spec spec = docker_web;

	the_file.user = user;
	spec.files = &the_file;
	spec.file_count = 1;
	return spec;
}

static void reply_file(const char *request, const char *content)
{
	static struct text tars[4];
	static size_t next;
	struct text *tar = &tars[next++ % COUNT_OF(tars)];

	text_release(tar);
	tar_add(tar, &(struct tar_file){.name = "passwd", .content = content, .size = strlen(content)});
	tar_end(tar);
	REPLY(request, 200, tar->data, .size = tar->length);
}

/* What was put the n-th time: its uid and gid as they stand in the archive. */
static void put_with(size_t n, const char *uid, const char *gid)
{
	const struct asked *asked = docker_request(PUT, n);

	cr_assert(asked && asked->size >= 1024 && !strcmp(asked->body, "etc/x.conf"));
	cr_assert_str_eq(asked->body + 108, uid);
	cr_assert_str_eq(asked->body + 116, gid);
	cr_assert(!memcmp(asked->body + 512, "hush", 5));
}

Test(docker_files, put_before_it_is_said_to_be_placed)
{
	struct instance_spec spec = with_file(NULL);

	REPLY(CREATE, 201, "{\"Id\": \"c1d2\"}");
	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(PUT, 200, NULL);
	MUST(place, &spec, &note);
	put_with(0, "0000000", "0000000");
	cr_assert(!strstr(docker_request(CREATE, 0)->body, "hush"));
	cr_assert(docker_requests("PUT") == 1 && !docker_requests(USERS));
}

Test(docker_files, half_made_one_gets_them_again)
{
	struct instance_spec spec = with_file("1000:50");

	REPLY(CREATE, 409, "{\"message\": \"name is in use\"}");
	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(PUT, 200, NULL);
	MUST(place, &spec, &note);
	put_with(0, "0001750", "0000062");
	/* One that ran has them, or what was made of them since. */
	REPLY(LOOK, 200, docker_container('a', "exited"));
	MUST(place, &spec, &note);
	cr_assert(docker_requests("PUT") == 1 && !docker_requests("DELETE"));
}

Test(docker_files, made_for_other_content_it_is_made_anew)
{
	struct instance_spec spec = with_file(NULL);

	spec.file_digest[0] = 'f';
	REPLY(LOOK, 200,
	      "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {" LABELS
	      ", \"berth.files\": \"f\"}}, \"State\": {\"Status\": \"created\"}, "
	      "\"HostConfig\": {\"RestartPolicy\": {\"Name\": \"unless-stopped\"}}}");
	REPLY(LOOK, 200, docker_container('a', "created"), .times = 1);
	REPLY("DELETE /containers/c1d2", 204, NULL);
	REPLY(CREATE, 201, "{\"Id\": \"c1d2\"}");
	REPLY(CREATE, 409, "{\"message\": \"name is in use\"}", .times = 1);
	REPLY(PUT, 200, NULL);
	MUST(place, &spec, &note);
	cr_assert(docker_requests("DELETE") == 1 && docker_requests("PUT") == 1);
}

Test(docker_files, made_for_a_network_that_had_gone_it_is_made_anew)
{
	struct instance_spec spec = with_file(NULL);

	REPLY(LOOK, 200,
	      "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {" LABELS
	      "}}, \"State\": {\"Status\": \"created\"}, \"NetworkSettings\": {\"Networks\": {\"berth.app\": "
	      "{}}}, "
	      "\"HostConfig\": {\"RestartPolicy\": {\"Name\": \"unless-stopped\"}}}");
	REPLY(
	    LOOK, 200,
	    "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {" LABELS
	    "}}, \"State\": {\"Status\": \"created\"}, \"NetworkSettings\": {\"Networks\": {\"a1b2\": {}}}, "
	    "\"HostConfig\": {\"RestartPolicy\": {\"Name\": \"unless-stopped\"}}}",
	    .times = 1);
	REPLY("DELETE /containers/c1d2", 204, NULL);
	REPLY(CREATE, 201, "{\"Id\": \"c1d2\"}");
	REPLY(CREATE, 409, "{\"message\": \"name is in use\"}", .times = 1);
	REPLY(PUT, 200, NULL);
	MUST(place, &spec, &note);
	cr_assert(docker_requests("DELETE") == 1 && docker_requests("PUT") == 1);
}

Test(docker_files, started_at_once_it_gets_what_may_be_missing)
{
	struct instance_spec spec = with_file(NULL);

	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(PUT, 200, NULL);
	REPLY(START, 204, NULL);
	MUST(start, &spec);
	MUST(start, &spec);
	cr_assert(docker_requests("PUT") == 1 && docker_requests(START) == 2);
	REPLY(LOOK, 200, docker_container('a', "exited"));
	MUST(start, &spec);
	cr_assert(docker_requests("PUT") == 1);
}

Test(docker_files, lost_delivery_is_made_again)
{
	struct instance_spec spec = with_file(NULL);

	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(PUT, 200, NULL);
	REPLY(PUT, 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .times = 2);
	MUST(deliver, &spec);
	cr_assert(docker_requests("PUT") == 3);
	put_with(2, "0000000", "0000000");
	REPLY(PUT, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	MUST_FAIL(ERR_TIMED_OUT, deliver, &spec);
	SAYS("PUT /containers/c1d2/archive");
}

Test(docker_files, names_are_looked_up_in_the_container)
{
	struct instance_spec spec = with_file("www");

	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(PUT, 200, NULL);
	reply_file(USERS, "root:x:0:0::/:\nwww:x:33:34::/:\n");
	MUST(deliver, &spec);
	put_with(0, "0000041", "0000042");
	the_file.user = "www:staff";
	reply_file(GROUPS, "staff:x:50:\n");
	MUST(deliver, &spec);
	put_with(1, "0000041", "0000062");
	the_file.user = "nobody";
	MUST_FAIL(ERR_INVALID, deliver, &spec);
	SAYS("nobody");
	HELPS("UID:GID");
	cr_assert(docker_requests("PUT") == 2);
}

Test(docker_files, without_a_user_it_is_the_container_s_own)
{
	struct instance_spec spec = with_file(NULL);

	REPLY(LOOK, 200,
	      "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"User\": \"1000\", \"Labels\": "
	      "{" LABELS "}}, \"State\": {\"Status\": \"running\"}}");
	REPLY(PUT, 200, NULL);
	REPLY(USERS, 404, "{\"message\": \"no such file\"}");
	MUST(deliver, &spec);
	put_with(0, "0001750", "0000000");
	reply_file(USERS, "me:x:1000:7::/:\n");
	MUST(deliver, &spec);
	put_with(1, "0001750", "0000007");
}

Test(docker_files, table_that_cannot_be_read_is_no_empty_one)
{
	struct instance_spec spec = with_file("www");

	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(USERS, 500, "{\"message\": \"boom\"}");
	MUST_FAIL(ERR_UNREACHABLE, deliver, &spec);
	SAYS("boom");
	REPLY(USERS, 200, "<html>");
	MUST_FAIL(ERR_INVALID, deliver, &spec);
	cr_assert(!docker_requests("PUT"));
}

Test(docker_files, engine_s_refusals_have_their_remedies)
{
	static const struct {
		const char *words;
		enum code code;
		const char *helps;
	} rows[] = {
	    {"open /ro/x: read-only file system", ERR_INVALID, "read-only"},
	    {"container rootfs is marked read-only", ERR_INVALID, "read-only"},
	    {"cannot overwrite directory \\\"/data\\\" with non-directory", ERR_INVALID, "another one"},
	    {"mkdir /etc/x: not a directory", ERR_INVALID, "another one"},
	    {"write /etc/x.conf: no space left on device", ERR_FAILED, ""},
	};
	struct instance_spec spec = with_file(NULL);

	REPLY(LOOK, 200, docker_container('a', "running"));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		owned_memory char *body = NULL;
		cr_assert(asprintf(&body, "{\"message\": \"%s\"}", rows[i].words) > 0);
		REPLY(PUT, 500, body);
		MUST_FAIL(rows[i].code, deliver, &spec);
		HELPS(rows[i].helps);
	}
	REPLY(LOOK, 404, "{}");
	MUST_FAIL(ERR_MISSING, deliver, &spec);
	REPLY(LOOK, 200, docker_container(0, "running"));
	MUST_FAIL(ERR_CONFLICT, deliver, &spec);
	cr_assert(docker_requests("PUT") == COUNT_OF(rows));
}

Test(docker_files, check_refuses_what_the_engine_lays_something_over)
{
	static const char *const paths[] = {"/etc/hosts", "/etc/resolv.conf", "/proc/x",
					    "/dev",       "/ro/deep/x",       "relative"};
	static const char *const good[] = {"/etc/hosts.allow", "/device", "/rose", "/rw/x"};
	static const struct volume volumes[] = {{.name = "a", .path = "/ro/", .read_only = true},
						{.name = "b", .path = "/rw"}};
	struct instance_spec spec = with_file(NULL);

	spec.volumes = volumes, spec.volume_count = 2;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		the_file.path = paths[i];
		cr_assert(docker_driver.check(&docker_location, &spec, &docker_error) == -1, "%s", paths[i]);
		cr_assert(docker_error.code == ERR_INVALID);
		SAYS(paths[i]);
	}
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		the_file.path = good[i];
		cr_assert(docker_driver.check(&docker_location, &spec, &docker_error) == 0, "%s", good[i]);
	}
}

/* --- limits --- */

#define UPDATE "POST /containers/c1d2/update"

static const char *limited(const char *config)
{
	static char json[1024];

	snprintf(json, sizeof(json),
		 "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {" LABELS
		 "}}, \"State\": {\"Status\": \"running\", \"Running\": true}, \"HostConfig\": {%s "
		 "\"RestartPolicy\": {\"Name\": \"unless-stopped\"}}}",
		 config);
	return json;
}

static void asks_for(const char *config, const struct instance_spec *spec, const char *wanted)
{
	owned_json expected = json_loads(wanted, 0, NULL);

	docker_forget();
	REPLY(LOOK, 200, limited(config), .times = 1);
	MUST(update, spec);
	const struct asked *asked = docker_request(UPDATE, 0);
	owned_json body = asked ? json_loads(asked->body, 0, NULL) : json_object();
	cr_assert(expected && json_equal(expected, body), "%s, not %s", asked ? asked->body : "nothing",
		  wanted);
}

Test(docker_update, asks_for_what_differs_and_no_more)
{
	struct instance_spec spec = docker_web;

	REPLY(UPDATE, 200, "{\"Warnings\": null}");
	asks_for("", &spec, "{}");
	spec.memory_bytes = 67108864;
	asks_for("", &spec, "{\"Memory\": 67108864, \"MemorySwap\": 134217728}");
	asks_for("\"Memory\": 67108864,", &spec, "{}");
	spec.nano_cpus = 500000000;
	asks_for("\"Memory\": 67108864,", &spec, "{\"NanoCpus\": 500000000}");
	asks_for("\"Memory\": 67108864, \"CpuQuota\": 50000, \"CpuPeriod\": 100000,", &spec, "{}");
	spec.restart = RESTART_ON_FAILURE;
	asks_for("\"Memory\": 67108864, \"NanoCpus\": 500000000,", &spec,
		 "{\"RestartPolicy\": {\"Name\": \"on-failure\"}}");
}

Test(docker_update, limits_are_really_taken_away)
{
	REPLY(UPDATE, 200, "{}");
	asks_for("\"Memory\": 67108864, \"NanoCpus\": 500000000,", &docker_web,
		 "{\"Memory\": 4611686018427387904, \"MemorySwap\": 9223372036854771712, \"CpuQuota\": -1}");
	/* And are then none. */
	asks_for("\"Memory\": 4611686018427387904, \"NanoCpus\": 500000000, \"CpuQuota\": -1,", &docker_web,
		 "{}");
}

Test(docker_update, what_cannot_be_done_in_place_says_so)
{
	struct instance_spec spec = docker_web;

	REPLY(UPDATE, 500, "{\"message\": \"write memory.limit_in_bytes: device or resource busy\"}");
	REPLY(LOOK, 200, limited("\"CpuQuota\": -1,"));
	spec.nano_cpus = 500000000;
	MUST_FAIL(ERR_UNSUPPORTED, update, &spec);
	cr_assert(!docker_requests("POST"));
	spec.nano_cpus = 0, spec.memory_bytes = 8 << 20;
	MUST_FAIL(ERR_UNSUPPORTED, update, &spec);
	SAYS("device or resource busy");
	REPLY(UPDATE, 400, "{\"message\": \"Range of CPUs is from 0.01 to 2.00\"}");
	MUST_FAIL(ERR_INVALID, update, &spec);
	REPLY(LOOK, 404, "{}");
	MUST_FAIL(ERR_MISSING, update, &spec);
}

#define JUST_ENDED                                                                                           \
	"{\"message\": \"Cannot update container c1d2: cannot update a stopped container: unknown\"}"

Test(docker_update, end_that_the_engine_has_not_noticed_is_waited_for)
{
	static const int refusals[] = {500, 409};
	struct instance_spec spec = docker_web;

	spec.restart = RESTART_NO;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		docker_forget();
		REPLY(LOOK, 200, limited(""));
		REPLY(AGAIN, 200, limited(""));
		REPLY(UPDATE, 200, "{}");
		REPLY(UPDATE, refusals[i], JUST_ENDED, .times = 2);
		int64_t before = docker_world->ops->now(docker_world);
		MUST(update, &spec);
		cr_assert(docker_requests(UPDATE) == 3 && docker_requests(AGAIN) == 2);
		cr_assert(docker_world->ops->now(docker_world) - before >= 400, "it asked without a pause");
	}
}

Test(docker_update, end_that_is_never_noticed_is_told)
{
	struct instance_spec spec = docker_web;

	spec.restart = RESTART_NO;
	REPLY(LOOK, 200, limited(""));
	REPLY(AGAIN, 200, limited(""));
	REPLY(UPDATE, 500, JUST_ENDED);
	int64_t before = docker_world->ops->now(docker_world);
	MUST_FAIL(ERR_FAILED, update, &spec);
	SAYS("cannot update a stopped container");
	HELPS("the engine does not notice");
	cr_assert(docker_world->ops->now(docker_world) - before < 60000);
	/* Removed meanwhile it is gone, whatever was said before. */
	REPLY(AGAIN, 404, "{}");
	MUST_FAIL(ERR_MISSING, update, &spec);
}

Test(docker_update, lost_answer_is_looked_at)
{
	struct instance_spec spec = docker_web;

	owned_memory char *before = strdup(limited(""));
	owned_memory char *after = strdup(limited("\"Memory\": 67108864,"));
	spec.memory_bytes = 67108864;
	REPLY(LOOK, 200, before);
	REPLY(UPDATE, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(AGAIN, 200, after);
	MUST(update, &spec);
	cr_assert(docker_requests(UPDATE) == 1);
}

Test(docker_update, look_tells_the_limits)
{
	static const struct {
		const char *config;
		int64_t memory, cpus;
	} rows[] = {
	    {"\"Memory\": 67108864, \"NanoCpus\": 250000000,", 67108864, 250000000},
	    {"\"Memory\": 4611686018427387904, \"MemorySwap\": 9223372036854771712,", 0, 0},
	    {"\"NanoCpus\": 250000000, \"CpuQuota\": -1,", 0, 0},
	    {"\"CpuQuota\": 30000,", 0, 300000000},
	    {"\"CpuQuota\": 30000, \"CpuPeriod\": 10000,", 0, 3000000000},
	    {"\"CpuQuota\": 9223372036854775807,", 0, 0},
	};
	struct arena arena = {0};
	struct observed seen;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		REPLY(LOOK, 200, limited(rows[i].config), .times = 1);
		MUST(look, "app", "app.web.1", &arena, &seen);
		cr_assert(seen.limits_known && seen.memory_bytes == rows[i].memory, "row %zu", i);
		cr_assert(seen.nano_cpus == rows[i].cpus, "row %zu: %lld", i, (long long)seen.nano_cpus);
		cr_assert(seen.restart == RESTART_UNLESS_STOPPED);
	}
	arena_release(&arena);
}

/* --- signals --- */

#define KILL "POST /containers/c1d2/kill?signal=HUP"
#define EXEC "POST /containers/c1d2/exec"

Test(docker_signal, comes_from_inside_where_the_engine_would_give_up)
{
	REPLY(LOOK, 200, limited(""));
	REPLY(EXEC, 201, "{\"Id\": \"e1\"}");
	REPLY("POST /exec/e1/start", 200, "");
	REPLY("GET /exec/e1/json", 200, "{\"ExitCode\": 0}");
	MUST(signal, "app", "app.web.1", "SIGHUP");
	cr_assert(!docker_requests("POST /containers/c1d2/kill"));
	cr_assert(strstr(docker_request(EXEC, 0)->body, "\"kill -s \\\"$0\\\" 1\",\"HUP\""), "%s",
		  docker_request(EXEC, 0)->body);
}

Test(docker_signal, without_a_shell_it_comes_from_the_engine)
{
	static const struct {
		const char *request;
		int status;
		const char *body;
	} rows[] = {
	    {"GET /exec/e1/json", 200, "{\"ExitCode\": 127}"},
	    {"GET /exec/e1/json", 200, "{\"ExitCode\": null}"},
	    {"POST /exec/e1/start", 400, "{\"message\": \"/bin/sh: no such file\"}"},
	    {EXEC, 500, "{}"},
	    {EXEC, 201, "[]"},
	};

	REPLY(LOOK, 200, limited(""));
	REPLY(EXEC, 201, "{\"Id\": \"e1\"}");
	REPLY("POST /exec/e1/start", 200, "");
	REPLY(KILL, 204, NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		REPLY(rows[i].request, rows[i].status, rows[i].body, .times = 1);
		MUST(signal, "app", "app.web.1", "HUP");
		cr_assert(docker_requests(KILL) == i + 1, "row %zu", i);
	}
}

Test(docker_signal, nobody_starts_it_again_anyway)
{
	static const char once[] =
	    "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {" LABELS
	    "}}, \"State\": {\"Status\": \"running\"}, \"HostConfig\": {\"RestartPolicy\": {\"Name\": "
	    "\"no\"}}}";

	REPLY(LOOK, 200, once);
	REPLY(KILL, 204, NULL);
	REPLY(KILL, 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .times = 1);
	MUST(signal, "app", "app.web.1", "HUP");
	cr_assert(docker_requests(KILL) == 2 && !docker_requests(EXEC));
	REPLY(KILL, 409, "{\"message\": \"is not running\"}");
	MUST_FAIL(ERR_FAILED, signal, "app", "app.web.1", "HUP");
}

Test(docker_signal, what_does_not_run_or_is_not_ours_gets_none)
{
	static const char *const states[] = {"created", "exited", "restarting", "paused", "dead"};

	for (size_t i = 0; i < COUNT_OF(states); i++) {
		REPLY(LOOK, 200, docker_container('a', states[i]), .times = 1);
		MUST_FAIL(ERR_FAILED, signal, "app", "app.web.1", "HUP");
	}
	REPLY(LOOK, 200, docker_container(0, "running"));
	MUST_FAIL(ERR_CONFLICT, signal, "app", "app.web.1", "HUP");
	REPLY(LOOK, 404, "{}");
	MUST_FAIL(ERR_MISSING, signal, "app", "app.web.1", "HUP");
	MUST_FAIL(ERR_INVALID, signal, "app", "app.web.1", "HUP; reboot");
	cr_assert(!docker_requests("POST"));
}

/* --- names --- */

#define YOUNG  "GET /containers/app.web.1.g2/json"
#define RENAME "POST /containers/c1d2/rename?name=app.web.1"

static const char *called(const char *name)
{
	static char json[2][512];
	static int next;
	char *to = json[next++ % 2];

	snprintf(to, sizeof(json[0]),
		 "{\"Id\": \"c1d2\", \"Name\": \"/%s\", \"Config\": {\"Labels\": {" LABELS
		 "}}, \"State\": {\"Status\": \"running\", \"Running\": true}}",
		 name);
	return to;
}

Test(docker_rename, lost_answer_is_looked_at)
{
	REPLY(YOUNG, 200, called("app.web.1.g2"));
	REPLY(RENAME, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(AGAIN, 200, called("app.web.1"));
	MUST(rename, "app", "app.web.1.g2", "app.web.1");
	cr_assert(docker_requests(RENAME) == 1);
	/* Not renamed: once more, which says that it has the name already. */
	REPLY(AGAIN, 200, called("app.web.1.g2"), .times = 1);
	REPLY(RENAME, 400, "{\"message\": \"Renaming a container with the same name as its current name\"}");
	REPLY(RENAME, 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .times = 1);
	MUST(rename, "app", "app.web.1.g2", "app.web.1");
	cr_assert(docker_requests(RENAME) == 3);
}

Test(docker_rename, done_before_is_done)
{
	REPLY(YOUNG, 404, "{}");
	REPLY(LOOK, 200, called("app.web.1"));
	MUST(rename, "app", "app.web.1.g2", "app.web.1");
	REPLY(LOOK, 404, "{}");
	MUST_FAIL(ERR_MISSING, rename, "app", "app.web.1.g2", "app.web.1");
	REPLY(LOOK, 200, docker_container(0, "running"));
	MUST_FAIL(ERR_CONFLICT, rename, "app", "app.web.1.g2", "app.web.1");
	cr_assert(!docker_requests("POST"));
}

Test(docker_rename, held_name_is_a_conflict)
{
	REPLY(YOUNG, 200, called("app.web.1.g2"));
	REPLY(RENAME, 409, "{\"message\": \"Conflict. The container name is already in use\"}");
	MUST_FAIL(ERR_CONFLICT, rename, "app", "app.web.1.g2", "app.web.1");
	HELPS("docker inspect app.web.1");
	REPLY(RENAME, 404, "{\"message\": \"No such container\"}");
	MUST_FAIL(ERR_MISSING, rename, "app", "app.web.1.g2", "app.web.1");
}

Test(docker_rename, somebody_else_renamed_it_meanwhile)
{
	REPLY(YOUNG, 200, called("app.web.1.g2"));
	REPLY(RENAME, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(AGAIN, 200, called("elsewhere"));
	MUST_FAIL(ERR_CONFLICT, rename, "app", "app.web.1.g2", "app.web.1");
	SAYS("elsewhere");
}

Test(docker_rename, only_within_its_ordinal)
{
	static const char *const names[] = {"app.web.2",    "app.other.1", "other.web.1",
					    "app.web.1.g1", "x",           ""};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		MUST_FAIL(ERR_INVALID, rename, "app", "app.web.1", names[i]);
	cr_assert(!docker_requests("POST") && !docker_requests("GET /containers"));
}

/* --- names and the network's count of who is on it --- */

#define OTHER "GET /containers/app.db.1/json"
#define STOP  "POST /containers/d1/stop"

static struct errand pair[2];
static bool pair_woken[2]; /* they are looked at all the time */

static void wake_of_pair(struct errand *errand)
{
	*(bool *)errand->owner = true;
}

static enum progress settle(void)
{
	return docker_driver.rename(&docker_location, &pair[0], "app", "app.web.1.g2", "app.web.1",
				    &docker_error);
}

static enum progress stop_db(void)
{
	return docker_driver.stop(&docker_location, &pair[1], "app", "app.db.1", &docker_error);
}

static enum progress stop_another_app(void)
{
	return docker_driver.stop(&docker_location, &pair[1], "another", "another.db.1", &docker_error);
}

static void begin_pair(void)
{
	for (int i = 0; i < 2; i++)
		pair[i] = (struct errand){.wake = wake_of_pair, .owner = &pair_woken[i]};
	REPLY(YOUNG, 200, called("app.web.1.g2"));
	REPLY(
	    OTHER, 200,
	    "{\"Id\": \"d1\", \"Name\": \"/app.db.1\", \"Config\": {\"Labels\": {\"berth.app\": \"app\", "
	    "\"berth.component\": \"db\", \"berth.instance\": \"1\"}}, \"State\": {\"Status\": \"running\", "
	    "\"Running\": true}}");
	REPLY(
	    "GET /containers/another.db.1/json", 200,
	    "{\"Id\": \"d1\", \"Name\": \"/another.db.1\", \"Config\": {\"Labels\": {\"berth.app\": "
	    "\"another\", "
	    "\"berth.component\": \"db\", \"berth.instance\": \"1\"}}, \"State\": {\"Status\": \"running\", "
	    "\"Running\": true}}");
}

/* Until that was asked; after so many milliseconds at most. */
static bool asked_within(enum progress (*verb)(void), const char *line, int64_t limit_ms)
{
	int64_t end = docker_world->ops->now(docker_world) + limit_ms;

	while (!docker_requests(line) && docker_world->ops->now(docker_world) < end) {
		cr_assert(verb() == PROGRESS_WAITING, "%s", docker_error.text);
		virtual_world_run(docker_world, NULL, NULL, 10);
	}
	return docker_requests(line);
}

Test(docker_rename, who_leaves_the_network_is_waited_for)
{
	begin_pair();
	REPLY(STOP, 204, NULL, .delay_ms = 500);
	REPLY(RENAME, 204, NULL);
	cr_assert(asked_within(stop_db, STOP, 100));
	cr_assert(!asked_within(settle, RENAME, 400), "renamed while another one leaves");
	cr_assert(asked_within(settle, RENAME, 200));
	docker_driver.drop(&docker_location, &pair[0]);
	docker_driver.drop(&docker_location, &pair[1]);
}

Test(docker_rename, nobody_leaves_meanwhile)
{
	begin_pair();
	REPLY(STOP, 204, NULL);
	REPLY(RENAME, 204, NULL, .delay_ms = 500);
	cr_assert(asked_within(settle, RENAME, 100));
	cr_assert(!asked_within(stop_db, STOP, 400), "stopped while another one is renamed");
	cr_assert(asked_within(stop_db, STOP, 200));
	docker_driver.drop(&docker_location, &pair[0]);
	docker_driver.drop(&docker_location, &pair[1]);
}

Test(docker_rename, who_takes_long_to_end_is_overtaken)
{
	begin_pair();
	REPLY(STOP, 204, NULL, .delay_ms = 20000);
	REPLY(RENAME, 204, NULL);
	cr_assert(asked_within(stop_db, STOP, 100));
	cr_assert(!asked_within(settle, RENAME, 2900));
	cr_assert(asked_within(settle, RENAME, 300));
	docker_driver.drop(&docker_location, &pair[0]);
	docker_driver.drop(&docker_location, &pair[1]);
}

Test(docker_rename, only_on_its_own_network)
{
	begin_pair();
	REPLY(STOP, 204, NULL, .delay_ms = 500);
	REPLY(RENAME, 204, NULL);
	cr_assert(asked_within(stop_another_app, STOP, 100));
	cr_assert(asked_within(settle, RENAME, 100));
	docker_driver.drop(&docker_location, &pair[0]);
	docker_driver.drop(&docker_location, &pair[1]);
}
