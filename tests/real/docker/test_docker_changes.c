/* test_docker_changes.c - what changes while it runs, on a real engine: files, limits, ends, signals. */
#include <stdio.h>
#include <string.h>

#include "tests/real/docker/engine_bench.h"

TestSuite(docker_changes, .fini = take_down, .timeout = 240);

#define STAYS "trap 'exit 0' TERM; sleep 1000 & wait"

/* --- files --- */

static const char secret[] = "hush-5cf1e9b0";

static void give_files(struct instance_spec *spec)
{
	static const struct spec_file files[] = {
	    {.path = "/etc/made/deep/own.conf", .content = secret, .size = sizeof(secret) - 1, .mode = 0600},
	    {.path = "/etc/numbers", .content = "n", .size = 1, .mode = 0640, .user = "1000:1001"},
	    {.path = "/etc/named", .content = "", .size = 0, .mode = 0444, .user = "root"},
	    {.path = "/vol/below/it", .content = "in a volume", .size = 11, .mode = 0644},
	};
	static const struct volume volume = {.name = "data", .path = "/vol"};

	spec->files = files, spec->file_count = COUNT_OF(files);
	spec->volumes = &volume, spec->volume_count = 1;
	snprintf(spec->file_digest, sizeof(spec->file_digest), "f1");
}

static const char *inside(const struct instance_spec *spec, const char *line)
{
	return docker_says("exec %s sh -c '%s'", spec->name, line);
}

static bool said_inside(const struct instance_spec *spec, const char *line, const char *wanted)
{
	const char *said = inside(spec, line);

	if (!strcmp(said, wanted))
		return true;
	fprintf(stderr, "%s: `%s`, not `%s`\n", line, said, wanted);
	return false;
}

static bool files_are_there(const struct instance_spec *spec)
{
	return said_inside(spec, "cat /etc/made/deep/own.conf", secret) &&
	       said_inside(spec, "stat -c \"%a %u %g\" /etc/made/deep/own.conf", "600 0 0") &&
	       said_inside(spec, "stat -c \"%a %u %g\" /etc/made/deep", "755 0 0") &&
	       said_inside(spec, "stat -c \"%a %u %g %s\" /etc/numbers", "640 1000 1001 1") &&
	       said_inside(spec, "stat -c \"%a %u %s\" /etc/named", "444 0 0") &&
	       said_inside(spec, "cat /vol/below/it", "in a volume");
}

Test(docker_changes, files_are_there_when_it_starts)
{
	set_up("files");
	struct instance_spec *spec =
	    wish("front", "busybox", "cp /etc/made/deep/own.conf /first; sleep 1000");
	give_files(spec);
	run(spec);
	cr_assert(files_are_there(spec));
	cr_assert(said_inside(spec, "cat /first", secret));
	cr_assert_str_eq(look(spec).file_digest, "f1");
	cr_assert_null(strstr(docker_says("inspect %s", spec->name), secret), "inspect shows the secret");
}

Test(docker_changes, files_belong_to_the_user_that_it_runs_as)
{
	static const struct spec_file file = {.path = "/etc/mine", .content = "x", .size = 1, .mode = 0600};

	set_up("user");
	struct instance_spec *spec = wish("front", "busybox", "cat /etc/mine && sleep 1000");
	spec->user = "1234:5678";
	spec->files = &file, spec->file_count = 1;
	run(spec);
	cr_assert(said_inside(spec, "stat -c \"%u %g\" /etc/mine", "1234 5678"));
	struct instance_spec *other = wish("other", "busybox", "sleep 1000");
	struct spec_file foreign = file;
	const char *note = NULL;
	foreign.user = "nobody-knows";
	other->files = &foreign, other->file_count = 1;
	MUST_FAIL(ERR_INVALID, place, other, &note);
	cr_assert(strstr(error.text, "nobody-knows") && error.remedy[0], "%s", error.text);
}

/* Whoever made it was killed before the files were there. */
Test(docker_changes, half_made_one_gets_its_files)
{
	const char *note = NULL;

	set_up("half");
	struct instance_spec *spec = wish("front", "busybox", STAYS);
	give_files(spec);
	spec->file_count = 0;
	MUST(place, spec, &note);
	const char *id = look(spec).target_id;
	give_files(spec);
	MUST(place, spec, &note);
	MUST(start, spec);
	cr_assert(files_are_there(spec));
	cr_assert_str_eq(look(spec).target_id, id);
	/* Also where it is started at once. */
	struct instance_spec *other = wish("other", "busybox", STAYS);
	give_files(other);
	other->file_count = 0;
	MUST(place, other, &note);
	give_files(other);
	MUST(start, other);
	cr_assert(files_are_there(other));
}

Test(docker_changes, files_are_delivered_to_what_runs_and_what_does_not)
{
	static char large[1 << 20];
	static const struct spec_file files[] = {
	    {.path = "/etc/made/deep/own.conf", .content = "new", .size = 3, .mode = 0644},
	    {.path = "/vol/below/it", .content = large, .size = sizeof(large), .mode = 0600},
	};

	set_up("deliver");
	struct instance_spec *spec = wish("front", "busybox", STAYS);
	give_files(spec);
	run(spec);
	struct observed before = look(spec);
	spec->files = files, spec->file_count = COUNT_OF(files);
	memset(large, '\xff', sizeof(large));
	for (int stopped = 0; stopped < 2; stopped++) {
		MUST(deliver, spec);
		cr_assert_str_eq(look(spec).target_id, before.target_id);
		cr_assert(stopped || look(spec).started_ms == before.started_ms);
		MUST(start, spec);
		cr_assert(said_inside(spec, "cat /etc/made/deep/own.conf", "new"));
		cr_assert(said_inside(spec, "stat -c \"%a %s\" /vol/below/it", "600 1048576"));
		MUST(stop, app, spec->name);
	}
	MUST(remove, app, spec->name);
	MUST_FAIL(ERR_MISSING, deliver, spec);
}

Test(docker_changes, file_in_the_place_of_a_directory_is_refused)
{
	static const struct spec_file file = {.path = "/data", .content = "x", .size = 1, .mode = 0644};
	const char *note = NULL;

	set_up("refused");
	struct instance_spec *spec = wish("front", "busybox", STAYS);
	spec->files = &file, spec->file_count = 1;
	MUST_FAIL(ERR_INVALID, place, spec, &note);
	cr_assert(strstr(error.text, "/data") && error.remedy[0], "%s", error.text);
}

/* --- limits --- */

static const char *limits(const struct instance_spec *spec)
{
	return docker_says("exec %s sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes "
			   "cpu/cpu.cfs_quota_us memory.max cpu.max 2>/dev/null | tr \"\\n\" \" \"'",
			   spec->name);
}

Test(docker_changes, limits_are_set_changed_and_taken_away_while_it_runs)
{
	set_up("limits");
	struct instance_spec *spec = wish("front", "busybox", STAYS);
	run(spec);
	const char *none = limits(spec);
	struct observed first = look(spec);
	cr_assert(first.limits_known && !first.memory_bytes && !first.nano_cpus);
	spec->memory_bytes = 64 << 20, spec->nano_cpus = 500000000;
	MUST(update, spec);
	cr_assert(strstr(limits(spec), "67108864") && strstr(limits(spec), "50000"), "%s", limits(spec));
	/* Beyond what swap and memory together were allowed. */
	spec->memory_bytes = 512 << 20, spec->nano_cpus = 1000000000;
	MUST(update, spec);
	cr_assert(strstr(limits(spec), "536870912") && strstr(limits(spec), "100000"), "%s", limits(spec));
	spec->memory_bytes = spec->nano_cpus = 0;
	MUST(update, spec);
	struct observed seen = look(spec);
	cr_assert(!seen.memory_bytes && !seen.nano_cpus && seen.started_ms == first.started_ms);
	cr_assert(strstr(limits(spec), "-1 ") || !strcmp(limits(spec), none), "%s, not %s", limits(spec),
		  none);
	/* They stay away when it is started again, and memory can be limited anew. */
	MUST(stop, app, spec->name);
	MUST(start, spec);
	seen = look(spec);
	cr_assert(!seen.memory_bytes && !seen.nano_cpus);
	cr_assert(!strstr(limits(spec), "536870912"), "%s", limits(spec));
	spec->memory_bytes = 64 << 20;
	MUST(update, spec);
	cr_assert(look(spec).memory_bytes == 64 << 20);
	/* CPUs cannot: the engine has no way back. */
	spec->nano_cpus = 500000000;
	MUST_FAIL(ERR_UNSUPPORTED, update, spec);
}

Test(docker_changes, restart_policy_is_kept_and_changed)
{
	static const struct {
		enum restart_policy policy;
		const char *name;
	} rows[] = {{RESTART_ON_FAILURE, "on-failure"},
		    {RESTART_ALWAYS, "always"},
		    {RESTART_NO, "no"},
		    {RESTART_UNLESS_STOPPED, "unless-stopped"}};
	const char *note = NULL;

	set_up("policy");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct instance_spec *spec = wish("front", "busybox", STAYS);
		spec->restart = rows[i].policy;
		MUST(place, spec, &note);
		const char *told =
		    docker_says("inspect -f {{.HostConfig.RestartPolicy.Name}} %s", spec->name);
		cr_assert_str_eq(told, rows[i].name);
		cr_assert(look(spec).restart == rows[i].policy);
		spec->restart = rows[(i + 1) % COUNT_OF(rows)].policy;
		MUST(update, spec);
		cr_assert(look(spec).restart == spec->restart);
		MUST(remove, app, spec->name);
	}
}

Test(docker_changes, job_ends_with_its_code_and_stays_ended)
{
	struct inventory inventory = {0};

	set_up("job");
	const struct list_request request = {.app = app};
	struct instance_spec *spec = wish("job", "busybox", "exit 3");
	spec->restart = RESTART_NO;
	run(spec);
	struct observed seen = look(spec);
	for (int i = 0; i < 200 && seen.state != SEEN_STOPPED; i++) {
		wait_a_moment();
		seen = look(spec);
	}
	cr_assert(seen.state == SEEN_STOPPED && seen.exit_code == 3 && seen.exits == 1);
	MUST(list, &request, &inventory);
	cr_assert(inventory.instance_count == 1 && inventory.instances[0].state == SEEN_STOPPED);
	cr_assert(inventory.instances[0].exit_code == 3);
	inventory_release(&inventory);
}

Test(docker_changes, stop_takes_the_time_and_the_signal_kept_with_it)
{
	set_up("ending");
	struct instance_spec *spec =
	    wish("front", "busybox", "trap 'exit 7' USR1; trap '' TERM; while :; do sleep 0.1; done");
	spec->stop_signal = "USR1";
	run(spec);
	wait_a_moment();
	MUST(stop, app, spec->name);
	cr_assert(look(spec).exit_code == 7, "ended with %d", look(spec).exit_code);
	struct instance_spec *deaf = wish("deaf", "busybox", "trap '' TERM; while :; do sleep 0.1; done");
	deaf->stop_timeout_ms = 900;
	run(deaf);
	wait_a_moment();
	int64_t since = here->ops->now(here);
	MUST(stop, app, deaf->name);
	int64_t took = here->ops->now(here) - since;
	cr_assert(look(deaf).exit_code == 137 && took >= 900 && took < 9000, "%lld ms", (long long)took);
}

/* --- signals --- */

static unsigned exits_after_kill(const struct instance_spec *spec)
{
	unsigned exits = look(spec).exits;

	cr_assert(docker_does("exec %s sh -c 'kill -USR1 1'", spec->name) == 0);
	for (int i = 0; i < 200 && look(spec).exits == exits; i++)
		wait_a_moment();
	return look(spec).exits - exits;
}

static void until_heard(const struct instance_spec *spec, const char *times)
{
	for (int i = 0; i < 100 && strcmp(inside(spec, "grep -c heard /heard; true"), times) != 0; i++)
		wait_a_moment();
	cr_assert(said_inside(spec, "grep -c heard /heard; true", times));
}

Test(docker_changes, signal_is_heard_and_it_is_still_started_again_when_it_ends)
{
	set_up("signal");
	struct instance_spec *spec = wish("front", "busybox",
					  "trap 'echo heard >>/heard' HUP; trap 'exit 1' USR1; trap 'exit 0' "
					  "TERM; : >/heard; while :; do sleep 0.1; done");
	run(spec);
	until_heard(spec, "0");
	MUST(signal, app, spec->name, "HUP");
	until_heard(spec, "1");
	MUST(signal, app, spec->name, "SIGHUP");
	until_heard(spec, "2");
	cr_assert(exits_after_kill(spec) == 1);
	for (int i = 0; i < 200 && look(spec).state != SEEN_RUNNING; i++)
		wait_a_moment();
	cr_assert(look(spec).state == SEEN_RUNNING, "the engine does not start it any more");
	MUST(stop, app, spec->name);
	MUST_FAIL(ERR_FAILED, signal, app, spec->name, "HUP");
	MUST_FAIL(ERR_INVALID, signal, app, spec->name, "NOSUCH");
}
