/* simulate_samples.c - the dry run of an autoscaler: sensors of a simulation tell what was recorded
 * elsewhere, and what sizes become of that is noted. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "blueprints/policy_types.h"
#include "engine/keeper.h"
#include "engine/simulate.h"

enum { FILE_MOST = 64 << 20 };

struct sample_at {
	int64_t at_ms;
	double value; /* NAN: nothing was told then */
};

/* Of one sensor. */
struct recording {
	struct recording *next;
	const char *component, *sensor;
	bool shared;
	struct sample_at *list; /* in their order */
	size_t count, room, place;
	double lower, upper, target; /* that an autoscaler has for it; NAN: none */
	json_t *told;                /* [[at_ms, value or null]] */
};

/* Of one component, each time that something of it differs. */
struct sizing {
	struct sizing *next;
	const char *component, *policy;
	int64_t wanted, real, min, max, wants;
	enum scaling_hold hold;
	json_t *points;
};

/* --- reading a file -------------------------------------------------------------------------------- */

static int add_sample(struct recording *recording, int64_t at_ms, double value)
{
	if (recording->count == recording->room) {
		size_t room = recording->room ? 2 * recording->room : 256;
		struct sample_at *wider = reallocarray(recording->list, room, sizeof *wider);
		if (!wider)
			return -1;
		recording->list = wider;
		recording->room = room;
	}
	recording->list[recording->count++] = (struct sample_at){at_ms, value};
	return 0;
}

/* Seconds, or a moment of the calendar; *ret_end behind it. */
static bool read_time(const char *text, const char **ret_end, int64_t *ret_ms)
{
	struct tm parts = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
	char *end;
	double seconds = strtod(rest ? (*rest == '.' ? rest : "0") : text, &end);
	if (!isfinite(seconds) || seconds < 0 || seconds > 1e10)
		return false;
	if (rest) {
		*ret_ms = (int64_t)timegm(&parts) * 1000 + (int64_t)(seconds * 1000);
		*ret_end = *rest == '.' ? end : rest;
		*ret_end += **ret_end == 'Z';
		return true;
	}
	*ret_ms = (int64_t)(seconds * 1000 + 0.5);
	*ret_end = end;
	return end > text;
}

/* `,12.5`, or nothing behind the comma. */
static bool read_rest(const char *rest, double *ret)
{
	char *end;
	rest += strspn(rest, " \t\"");
	if (*rest != ',' && *rest != ';')
		return false;
	rest += 1 + strspn(rest + 1, " \t\"");
	*ret = strtod(rest, &end);
	if (end == rest)
		*ret = NAN; /* nothing was told then */
	else if (!isfinite(*ret))
		return false;
	return !end[strspn(end, " \t\r\"")];
}

static bool read_object(const char *line, size_t length, int64_t *ret_ms, double *ret)
{
	struct error ignored = {0};
	owned_json object = json_parse(line, length, "a sample", &ignored);
	const json_t *time = json_object_get(object, "time"), *value = json_object_get(object, "value");
	const char *end = NULL;
	*ret = json_is_number(value) ? json_number_value(value) : NAN;
	if (value && !json_is_number(value) && !json_is_null(value))
		return false;
	if (json_is_number(time)) {
		*ret_ms = (int64_t)(json_number_value(time) * 1000 + 0.5);
		return json_number_value(time) >= 0;
	}
	return json_is_string(time) && read_time(json_string_value(time), &end, ret_ms) && !*end;
}

static bool read_line(const char *line, size_t length, int64_t *ret_ms, double *ret)
{
	const char *rest = NULL;
	if (*line == '{')
		return read_object(line, length, ret_ms, ret);
	line += *line == '"';
	return read_time(line, &rest, ret_ms) && read_rest(rest, ret);
}

/* It begins with no time. */
static bool names_columns(const char *line)
{
	const char *rest = NULL;
	int64_t ignored;
	line += *line == '"';
	return *line != '{' && !read_time(line, &rest, &ignored);
}

/* The first line may name the columns. False: complained. */
static bool take_line(struct recording *recording, struct diagnostics *list, const char *file, int number,
		      const char *line, int64_t *begin_ms)
{
	/* It is no place of the scenario, whose text is at hand to show what stands somewhere. */
	struct place place = {.file = file, .line = number, .column = 1, .byte = UINT32_MAX};
	int64_t at_ms = 0;
	double value = NAN;
	if (!*line || *line == '#')
		return true;
	if (!read_line(line, strlen(line), &at_ms, &value)) {
		if (number == 1 && names_columns(line))
			return true;
		advise(list, complain(list, place, "this is no sample: `%.60s`", line),
		       "write time,value or {\"time\": 12.5, \"value\": 3}, with no value where nothing was "
		       "told");
		return false;
	}
	if (*begin_ms < 0)
		*begin_ms = at_ms;
	if (recording->count && at_ms - *begin_ms < recording->list[recording->count - 1].at_ms) {
		complain(list, place, "this sample is older than the one before it");
		return false;
	}
	if (add_sample(recording, at_ms - *begin_ms, value))
		list->failed = true;
	return !list->failed;
}

/* Its first number is of the beginning. */
static void read_samples(struct recording *recording, struct diagnostics *list, const char *file, char *text)
{
	int64_t begin_ms = -1;
	int number = 0;
	char *line;
	while ((line = strsep(&text, "\n"))) {
		size_t length = strlen(line);
		if (length && line[length - 1] == '\r')
			line[length - 1] = '\0';
		if (!take_line(recording, list, file, ++number, line, &begin_ms))
			return;
	}
}

static void read_recording(struct simulation *simulation, const struct scenario_samples *said,
			   struct diagnostics *list)
{
	struct world *real = simulation->operation->berth->world;
	struct arena *arena = &simulation->arena;
	const char *dot = strchr(said->said.name, '.'), *name = said->file.text;
	struct recording *recording = arena_array(arena, struct recording, 1);
	struct error err = {0};
	owned_text content = {0};
	if (!dot || !name) {
		complain(list, said->said.place, "%s",
			 dot ? "this recording has no `file`" : "a recording is of COMPONENT.SENSOR");
		return;
	}
	const char *path = *name == '/' ? name : arena_format(arena, "%s/%s", simulation->folder, name);
	if (!recording || !path) {
		list->failed = true;
		return;
	}
	*recording = (struct recording){
	    .component = arena_copy(arena, said->said.name, (size_t)(dot - said->said.name)),
	    .sensor = dot + 1,
	    .shared = said->shared,
	    .lower = NAN,
	    .upper = NAN,
	    .target = NAN,
	    .told = json_array(),
	    .next = simulation->recordings};
	simulation->recordings = recording;
	list->failed |= !recording->component || !recording->told;
	if (real->ops->file_read(real, path, FILE_MOST, &content, &err)) {
		complain_error(list, said->file.place, &err);
		return;
	}
	if (content.length)
		read_samples(recording, list, path, content.data);
	if (!recording->count && !list->errors)
		complain(list, said->file.place, "there are no samples in %s", name);
}

static void are_over(struct event *event)
{
	struct simulation *simulation = owner_of(event, struct simulation, samples_over);
	simulation->samples_wait = false;
}

int samples_begin(struct simulation *simulation, struct diagnostics *list, struct error *err)
{
	int64_t last_ms = 0;
	for (const struct scenario_samples *said = simulation->scenario->samples; said;
	     said = said_next(said))
		read_recording(simulation, said, list);
	for (const struct recording *at = simulation->recordings; at; at = at->next)
		if (at->count && at->list[at->count - 1].at_ms > last_ms)
			last_ms = at->list[at->count - 1].at_ms;
	event_prepare(&simulation->samples_over, are_over);
	simulation->samples_wait = simulation->recordings != NULL;
	if (list->failed ||
	    (simulation->samples_wait && clock_add(simulation->clock, &simulation->samples_over, last_ms)))
		return fail_memory(err);
	return 0;
}

void samples_release(struct simulation *simulation)
{
	if (simulation->samples_wait)
		clock_take(simulation->clock, &simulation->samples_over);
	for (struct recording *at = simulation->recordings; at; at = at->next) {
		free(at->list);
		json_decref(at->told);
	}
	for (struct sizing *at = simulation->sizings; at; at = at->next)
		json_decref(at->points);
}

/* --- telling ----------------------------------------------------------------------------------------- */

/* What was recorded last before now; NAN: nothing, or all is over. */
static double value_now(const struct simulation *simulation, struct recording *recording)
{
	int64_t now = story_now(simulation);
	while (recording->place + 1 < recording->count && recording->list[recording->place + 1].at_ms <= now)
		recording->place++;
	bool over = recording->place + 1 == recording->count && now > recording->list[recording->place].at_ms;
	if (!recording->count || over)
		return NAN;
	return recording->list[recording->place].value;
}

static int64_t answering(struct simulation *simulation, const char *component)
{
	const struct watched *watched = fleet_watched(simulation, component, strlen(component));
	return watched && watched->answering > 0 ? watched->answering : 1;
}

static void note_told(struct simulation *simulation, struct recording *recording, double value)
{
	json_t *point = json_array();
	simulation->failed |= !point || json_add(point, json_integer(story_now(simulation))) ||
			      json_add(point, isfinite(value) ? json_real(value) : json_null()) ||
			      json_add(recording->told, point);
}

static int sample(void *owner, const char *component, const char *sensor, double *ret)
{
	struct simulation *simulation = owner;
	struct recording *recording = simulation->recordings;
	while (recording &&
	       (strcmp(recording->component, component) != 0 || strcmp(recording->sensor, sensor) != 0))
		recording = recording->next;
	if (!recording)
		return 0;
	*ret = value_now(simulation, recording);
	if (recording->shared)
		*ret /= (double)answering(simulation, component);
	note_told(simulation, recording, *ret);
	return isfinite(*ret) ? 1 : -1;
}

void samples_of(struct simulation *simulation, struct berth *berth)
{
	berth->sample = simulation->recordings ? sample : NULL;
	berth->sample_owner = simulation;
}

/* --- what becomes of it -------------------------------------------------------------------------------- */

static struct sizing *sizing_of(struct simulation *simulation, const char *component)
{
	struct sizing **at = &simulation->sizings;
	for (; *at; at = &(*at)->next)
		if (strcmp((*at)->component, component) == 0)
			return *at;
	struct sizing *sizing = arena_array(&simulation->arena, struct sizing, 1);
	if (!sizing)
		return NULL;
	*sizing = (struct sizing){.component = arena_text(&simulation->arena, component),
				  .points = json_array(),
				  .wanted = -1,
				  .next = NULL};
	return *at = sizing;
}

static void note_point(struct simulation *simulation, const struct sizing *sizing)
{
	json_t *point = json_object();
	simulation->failed |= !point || json_put_number(point, "at_ms", story_now(simulation)) ||
			      json_put_number(point, "wanted", sizing->wanted) ||
			      json_put_number(point, "real", sizing->real) ||
			      json_put_number(point, "min", sizing->min) ||
			      json_put_number(point, "max", sizing->max) ||
			      (sizing->wants >= 0 && json_put_number(point, "wants", sizing->wants)) ||
			      (sizing->hold != HOLD_NOTHING &&
			       json_put_text(point, "holds", scaling_hold_name(sizing->hold))) ||
			      json_add(sizing->points, point);
}

static void note_bounds(const struct simulation *simulation, const char *component,
			const struct metric_sight *metric)
{
	const char *whose = metric->entity ? metric->entity : component;
	for (struct recording *at = simulation->recordings; at; at = at->next)
		if (!strcmp(at->component, whose) && !strcmp(at->sensor, metric->sensor)) {
			at->lower = metric->lower;
			at->upper = metric->upper;
			at->target = metric->target;
		}
}

/* A policy's size is what is wanted from then on, whatever the last command made of it. */
static void take_size(struct simulation *simulation, const struct held_component *held, struct sizing *sizing)
{
	const char *id = held->component->id;
	struct watched *watched = fleet_watched(simulation, id, strlen(id));
	sizing->wanted = held->component->cluster.asked;
	if (watched)
		watched->wanted = watched->made = watched->kept = held->component->size;
}

static void look_at(struct simulation *simulation, const struct held_component *held)
{
	struct scaling_sight sight;
	owned_arena arena = {0};
	struct sizing *sizing =
	    held_scaling(held, &arena, &sight) == 1 ? sizing_of(simulation, held->component->id) : NULL;
	if (!sizing)
		return;
	struct sizing before = *sizing;
	take_size(simulation, held, sizing);
	const struct watched *watched =
	    fleet_watched(simulation, sizing->component, strlen(sizing->component));
	sizing->real = watched ? watched->answering : 0;
	sizing->min = sight.min;
	sizing->max = sight.max;
	sizing->wants = sight.wants;
	sizing->hold = sight.hold;
	for (size_t i = 0; i < sight.metric_count; i++)
		note_bounds(simulation, sizing->component, &sight.metrics[i]);
	if (before.wanted != sizing->wanted || before.real != sizing->real || before.min != sizing->min ||
	    before.max != sizing->max || before.wants != sizing->wants || before.hold != sizing->hold)
		note_point(simulation, sizing);
}

void samples_look(struct simulation *simulation)
{
	for (const struct deployer *by = simulation->recordings ? simulation->deployers : NULL; by;
	     by = by->next) {
		const struct hold *hold = by->berth && by->keeper && simulation->app
					      ? keeper_hold(by->berth, simulation->app)
					      : NULL;
		for (size_t i = 0; hold && i < hold->component_count; i++)
			look_at(simulation, &hold->components[i]);
	}
}

/* --- as a document ---------------------------------------------------------------------------------------
 */

static void put_given(json_t *to, const char *key, double number)
{
	if (isfinite(number))
		json_put(to, key, json_real(number));
}

static json_t *metrics_json(const struct simulation *simulation)
{
	json_t *list = json_array();
	for (const struct recording *at = simulation->recordings; at; at = at->next) {
		json_t *metric = json_object();
		json_put_text(metric, "component", at->component);
		json_put_text(metric, "name", at->sensor);
		put_given(metric, "lower", at->lower);
		put_given(metric, "upper", at->upper);
		put_given(metric, "target", at->target);
		json_put_shared(metric, "points", at->told);
		json_add(list, metric);
	}
	return list;
}

json_t *samples_json(const struct simulation *simulation)
{
	if (!simulation->recordings)
		return NULL;
	json_t *series = json_object(), *sizes = json_array();
	for (const struct sizing *at = simulation->sizings; at; at = at->next) {
		json_t *sizing = json_object();
		json_put_text(sizing, "component", at->component);
		json_put_shared(sizing, "points", at->points);
		json_add(sizes, sizing);
	}
	json_put_number(series, "until_ms", story_now(simulation));
	json_put(series, "sizes", sizes);
	json_put(series, "metrics", metrics_json(simulation));
	return series;
}
