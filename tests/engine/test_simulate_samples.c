/* test_simulate_samples.c - recorded samples in a simulation: the dry run of an autoscaler. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/simulating.h"

TestSuite(simulate_samples, .init = stage_open, .fini = stage_close);

#define SIZED(keys)                                                                                          \
	"id: sized\nlocation: cloud\nservices:\n- type: cluster\n  id: web\n  initialSize: 1\n"              \
	"  memberSpec: {type: 'docker:web:1', openPorts: 80}\n"                                              \
	"  sensors: {load: {http: /load, period: 5s}}\n"                                                     \
	"  policies: [{type: autoscaler, metric: load, target: 40, max: 6, downDelay: 30s, upCooldown: "     \
	"20s, downCooldown: 60s" keys "}]\n"
#define RECORDED(more) "samples: {web.load: {file: load.csv" more "}}\nsteps: [deploy]\n"

/* Beside the scenario that is played. */
static void write_recording(const char *text)
{
	struct error err = {0};
	owned_memory char *path = NULL;
	cr_assert_gt(asprintf(&path, "%s/load.csv", virtual_world_directory(stage.world)), 0);
	cr_assert_eq(stage.world->ops->file_write(stage.world, path, 0600, text, strlen(text), &err), 0, "%s",
		     err.text);
}

static json_t *play_recorded(const char *blueprint, const char *scenario, enum berth_outcome *ret_outcome)
{
	owned_memory char *file = NULL;
	cr_assert_gt(asprintf(&file, "%s/scenario.yaml", virtual_world_directory(stage.world)), 0);
	struct berth_request request = {.size = sizeof request,
					.blueprint = blueprint,
					.file = "/b/sized.yaml",
					.scenario = scenario,
					.scenario_file = file};
	json_t *document = NULL;
	*ret_outcome = scene_request(&stage, berth_simulate, &request, &document);
	return document;
}

/* "10,120" for each ten seconds, of that load; below 0: nothing was told then. */
static void record_load(const double *loads, size_t count)
{
	owned_text text = {0};
	text_add(&text, "time,load\n");
	for (size_t i = 0; i < count; i++)
		text_format(&text, loads[i] < 0 ? "%zu,\n" : "%zu,%g\n", 10 * i, loads[i]);
	write_recording(text_view(&text));
}

static json_t *played(const char *blueprint, const char *scenario)
{
	enum berth_outcome outcome;
	json_t *document = play_recorded(blueprint, scenario, &outcome);
	if (outcome != BERTH_OK)
		tell_story(document);
	cr_assert_eq(outcome, BERTH_OK, "%s", stage.events);
	return document;
}

static const json_t *sizes_of(const json_t *document)
{
	const json_t *sizes = json_object_get(json_object_get(document, "series"), "sizes");
	return json_object_get(json_array_get(sizes, 0), "points");
}

static int64_t wanted_at(const json_t *points, int64_t at_ms)
{
	int64_t wanted = -1;
	size_t i;
	json_t *point;
	json_array_foreach ((json_t *)points, i, point)
		if (json_number(point, "at_ms", 0) <= at_ms)
			wanted = json_number(point, "wanted", -1);
	return wanted;
}

static void fill(double *loads, size_t from, size_t to, double load)
{
	while (from < to)
		loads[from++] = load;
}

Test(simulate_samples, a_recorded_load_shows_which_sizes_become_of_it)
{
	double loads[91];
	fill(loads, 0, 20, 30);
	fill(loads, 20, 50, 150);
	fill(loads, 50, 91, 30);
	record_load(loads, 91);
	owned_json document =
	    played(SIZED(""), RECORDED(", shared: true") "assert: [never: more than 6 web]\n");
	const json_t *points = sizes_of(document);
	cr_expect_eq(wanted_at(points, 190000), 1);
	cr_expect_eq(wanted_at(points, 490000), 4, "150 among them, near 40 each");
	cr_expect_eq(wanted_at(points, 900000), 1);
	const json_t *series = json_object_get(document, "series");
	const json_t *metric = json_array_get(json_object_get(series, "metrics"), 0);
	cr_expect_eq((int)json_number_value(json_object_get(metric, "target")), 40);
	cr_expect_geq(json_array_size(json_object_get(metric, "points")), 90);
	cr_expect_geq(json_number(series, "until_ms", 0), 900000);
}

Test(simulate_samples, waits_for_each_direction_bounds_and_steps_are_seen_in_a_dry_run)
{
	double loads[91];
	fill(loads, 0, 10, 30);
	fill(loads, 10, 91, 500);
	record_load(loads, 91);
	owned_json document = played(SIZED(", upMax: 1"), RECORDED(", shared: true"));
	const json_t *points = sizes_of(document);
	int64_t last_ms = -1, wanted = -1;
	bool at_most = false;
	size_t i;
	json_t *point;
	json_array_foreach ((json_t *)points, i, point) {
		int64_t now = json_number(point, "wanted", 0), at_ms = json_number(point, "at_ms", 0);
		if (wanted > 0 && now > wanted && last_ms >= 0)
			cr_expect_geq(at_ms - last_ms, 20000, "one at a time, %lld ms apart",
				      (long long)(at_ms - last_ms));
		last_ms = now != wanted ? at_ms : last_ms;
		wanted = now;
		at_most |= json_text(point, "holds") && !strcmp(json_text(point, "holds"), "at-maximum");
		cr_expect_leq(now, 6);
	}
	cr_expect_eq(wanted, 6);
	cr_expect(at_most);
}

Test(simulate_samples, where_nothing_was_recorded_no_size_moves)
{
	double loads[91];
	fill(loads, 0, 20, 100);
	fill(loads, 20, 91, -1);
	loads[90] = 100;
	record_load(loads, 91);
	owned_json document = played(SIZED(""), RECORDED(", shared: true"));
	const json_t *points = sizes_of(document);
	cr_expect_eq(wanted_at(points, 190000), 3);
	cr_expect_eq(wanted_at(points, 890000), 3);
}

Test(simulate_samples, what_is_wrong_with_a_recording_is_told_with_its_line)
{
	enum berth_outcome outcome;
	static const char *const texts[] = {"time,load\n0,1\nyesterday,2\n",
					    "0,1\n20,2\n10,3\n",
					    "{\"time\": 1, \"value\": 2}\n{\"value\": 2}\n",
					    "",
					    "0,nan\n10,2\n",
					    "0,1\n10,inf\n",
					    "{\"time\": 1, \"value\": \"many\"}\n"};
	static const char *const words[] = {"this is no sample: `yesterday,2`",
					    "older than the one before it",
					    "this is no sample",
					    "there are no samples",
					    "this is no sample: `0,nan`",
					    "this is no sample: `10,inf`",
					    "this is no sample"};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		write_recording(texts[i]);
		owned_json document = play_recorded(SIZED(""), RECORDED(""), &outcome);
		owned_memory char *line = json_line(document);
		cr_expect_eq(outcome, BERTH_INVALID);
		cr_expect(strstr(line, words[i]), "%s", line);
		/* What there is to show is the scenario's text, and that is another file. */
		cr_expect_eq(strstr(line, "snippet") != NULL, !*texts[i], "%s", line);
	}
	json_decref(
	    play_recorded(SIZED(""), "samples: {load: {file: load.csv}}\nsteps: [deploy]\n", &outcome));
	cr_expect_eq(outcome, BERTH_INVALID);
	write_recording("0,10\n");
	owned_json document =
	    play_recorded(SIZED(""), "samples: {wbe.load: {file: load.csv}}\nsteps: [deploy]\n", &outcome);
	owned_memory char *line = json_line(document);
	cr_expect_eq(outcome, BERTH_INVALID);
	cr_expect(strstr(line, "no component `wbe`"), "%s", line);
}
