/* test_localhost_usage.c - what a tree of processes uses: all of it, also what has ended, and nothing else.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/locations/localhost_bench.h"

TestSuite(localhost_usage, .init = bench_set_up, .fini = bench_tear_down, .timeout = 60);

static struct usage used(const struct instance_spec *spec)
{
	struct usage usage = {0};

	cr_assert_eq(DRIVE(localhost_driver.usage(&bench.location, &bench.errand, bench.app, spec->name,
						  &usage, &bench.error)),
		     PROGRESS_DONE, "%s", bench.error.text);
	return usage;
}

Test(localhost_usage, all_processes_of_the_tree_count)
{
	struct instance_spec *spec =
	    bench_spec("web", "sleep 1000 & sh -c 'sleep 1000 & exec sleep 1000' & exec sleep 1000");

	bench_run(spec);
	cr_assert(EVENTUALLY(used(spec).processes == 4), "%f", used(spec).processes);
	struct usage usage = used(spec);
	cr_expect_gt(usage.memory, 4096);
	cr_expect_gt(usage.memory_limit, usage.memory);
	cr_expect(isnan(usage.received_bytes));
	cr_expect(isnan(usage.sent_bytes));
	cr_expect_gt(usage.at_ms, 0);
}

/* Its work is done by children that end one after the other. */
Test(localhost_usage, what_ended_has_used_its_time_all_the_same)
{
	struct instance_spec *spec =
	    bench_spec("web", "while [ ! -e stop ]; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); "
			      "done'; done; echo done >said; exec sleep 1000");

	bench_run(spec);
	cr_assert(EVENTUALLY(used(spec).cpu_s >= 0.2));
	char *stop = bench_path(spec, "work/stop");
	cr_assert_eq(bench.world->ops->file_write(bench.world, stop, 0600, "", 0, &bench.error), 0, "%s",
		     bench.error.text);
	cr_assert(EVENTUALLY(used(spec).processes == 1));
	cr_expect_geq(used(spec).cpu_s, 0.2, "though nobody of those lives who did it");
}

Test(localhost_usage, what_does_not_run_uses_nothing_that_could_be_told)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	struct usage usage;

	cr_assert_eq(bench_place(spec), PROGRESS_DONE);
	cr_expect_eq(DRIVE(localhost_driver.usage(&bench.location, &bench.errand, bench.app, spec->name,
						  &usage, &bench.error)),
		     PROGRESS_FAILED);
	cr_expect_not_null(strstr(bench.error.text, "does not run"), "%s", bench.error.text);
}
